//! Packing the blocks of projects that nobody edits.
//!
//! Packing changes neither the document nor its revision nor its history, only how they are stored.

use super::{Project, Workspace};
use crate::job::Budget;
use crate::voxel::{Packer, Volume};

/// What is known about a project's need to be packed: revisions at which something was seen.
#[derive(Default)]
pub(super) struct Packed {
    /// The revision at the last look.
    seen: Option<u64>,
    /// The revision at which all was packed.
    done: Option<u64>,
}

/// Projects that are being packed, the last one first.
pub struct Packing {
    /// Their names and revisions.
    projects: Vec<(String, u64)>,
    packer: Packer,
    /// How far the changes of the history are; the volumes come first.
    changes: Option<[usize; 3]>,
}

impl Project {
    /// Everything that may share blocks with the document.
    fn volumes_to_pack(&mut self) -> Vec<&mut Volume> {
        let volumes = self.document.volumes_mut().chain(self.history.volumes_mut());
        volumes.chain(std::iter::once(self.merged.volume_mut())).collect()
    }

    /// Packs some more blocks; whether there is more to do.
    fn pack(
        &mut self,
        packer: &mut Packer,
        changes: &mut Option<[usize; 3]>,
        budget: &mut Budget,
    ) -> bool {
        if changes.is_none() && packer.pack(&mut self.volumes_to_pack(), budget) {
            return true;
        }
        self.history.pack_changes(packer, changes.get_or_insert_default(), budget)
    }
}

impl Workspace {
    /// Looks for projects that have not changed since the last look and are not packed yet. The
    /// second value tells whether a later look may find more.
    pub fn look_for_packing(&mut self) -> (Option<Packing>, bool) {
        let mut projects = Vec::new();
        let mut is_any_left = false;
        for (name, project) in &mut self.projects {
            let revision = project.history.revision();
            if project.packed.done == Some(revision) {
                continue;
            }
            if project.packed.seen == Some(revision) && project.turns.is_empty() {
                projects.push((name.clone(), revision));
            } else {
                is_any_left = true;
            }
            project.packed.seen = Some(revision);
        }
        let packing = Packing { projects, packer: Packer::default(), changes: None };
        (Some(packing).filter(|packing| !packing.projects.is_empty()), is_any_left)
    }

    /// Packs some more blocks; whether there is more to do. A project that was changed or closed
    /// meanwhile is left as it is.
    pub fn pack(&mut self, packing: &mut Packing, budget: &mut Budget) -> bool {
        while let Some((name, revision)) = packing.projects.last() {
            let project = self.projects.get_mut(name);
            let project = project.filter(|project| project.history.revision() == *revision);
            if let Some(project) = project {
                if project.pack(&mut packing.packer, &mut packing.changes, budget) {
                    return true;
                }
                project.packed.done = Some(*revision);
            }
            packing.projects.pop();
            (packing.packer, packing.changes) = (Packer::default(), None);
        }
        false
    }

    /// Whether there is a project with voxels.
    pub fn has_voxels(&self) -> bool {
        let mut layers = self.projects.values().flat_map(|project| project.document.layers());
        layers.any(|layer| !layer.volume.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::history::Scope;
    use crate::voxel::{Bounds, Brush, Point, Rgba, Shape};
    use crate::workspace::DEFAULT_PROJECT;

    fn draw(workspace: &mut Workspace, seed: u8) {
        let project = workspace.project_mut(DEFAULT_PROJECT).unwrap();
        let drawn: Result<(), ()> = project.edit("draw", Scope::Voxels, |document| {
            let active = document.active();
            let volume = &mut document.layer_mut(active).ok_or(())?.volume;
            let bounds = Bounds::inclusive([3, 3, 3], [150, 150, 40]);
            let color = Rgba::opaque(seed, 0, 0);
            volume.draw(&Shape::cuboid(bounds), &Brush::new(color)).map_err(|_| ())?;
            for x in 0..200 {
                (0..200)
                    .for_each(|y| _ = volume.set(Point::new(x, y, 20), Rgba::opaque(1, 2, seed)));
            }
            Ok(())
        });
        drawn.unwrap();
    }

    /// Everything that packing must leave alone.
    fn facts(workspace: &Workspace) -> (u64, bool, u64, (usize, usize)) {
        let project = workspace.project(DEFAULT_PROJECT).unwrap();
        let hashes = project.document().layers().iter().map(|layer| layer.volume.state_hash());
        (
            project.revision(),
            project.is_dirty(),
            hashes.fold(0, u64::wrapping_add),
            project.history().position(),
        )
    }

    fn pack_all(workspace: &mut Workspace) -> usize {
        let mut slices = 0;
        while let (Some(mut packing), _) = workspace.look_for_packing() {
            while workspace.pack(&mut packing, &mut Budget::units(7)) {
                slices += 1;
            }
        }
        slices
    }

    #[test]
    fn a_project_is_packed_once_it_rests_and_then_never_again_until_it_changes() {
        let mut workspace = Workspace::default();
        (1..4).for_each(|seed| draw(&mut workspace, seed));
        assert!(matches!(workspace.look_for_packing(), (None, true)), "it has just changed");
        let (before, memory) = (facts(&workspace), workspace.memory());
        assert!(pack_all(&mut workspace) > 20);
        assert_eq!(facts(&workspace), before);
        assert!(workspace.memory() * 4 < memory, "{} of {memory}", workspace.memory());
        assert!(matches!(workspace.look_for_packing(), (None, false)), "nothing is left to do");
        draw(&mut workspace, 9);
        assert!(matches!(workspace.look_for_packing(), (None, true)));
    }

    #[test]
    fn packed_changes_are_undone_and_redone_exactly() {
        let mut workspace = Workspace::default();
        let mut states = vec![facts(&workspace).2];
        for seed in 1..5 {
            draw(&mut workspace, seed);
            states.push(facts(&workspace).2);
        }
        workspace.look_for_packing();
        pack_all(&mut workspace);
        let state_after = |workspace: &mut Workspace, position| {
            workspace.project_mut(DEFAULT_PROJECT).unwrap().go_to(position);
            facts(workspace).2
        };
        for position in [3, 2, 0, 4, 1, 4] {
            assert_eq!(state_after(&mut workspace, position), states[position], "{position}");
        }
    }

    #[test]
    fn an_edit_meanwhile_ends_the_packing_and_nothing_is_lost() {
        let mut workspace = Workspace::default();
        draw(&mut workspace, 1);
        workspace.look_for_packing();
        let (packing, _) = workspace.look_for_packing();
        let mut packing = packing.unwrap();
        assert!(workspace.pack(&mut packing, &mut Budget::units(20)));
        draw(&mut workspace, 2);
        let before = facts(&workspace);
        assert!(!workspace.pack(&mut packing, &mut Budget::units(20)), "it is given up");
        assert_eq!(facts(&workspace), before);
        assert!(matches!(workspace.look_for_packing(), (None, true)), "its rest begins anew");
        pack_all(&mut workspace);
        assert_eq!(facts(&workspace), before);
    }

    #[test]
    fn what_the_history_shares_with_the_document_is_packed_with_it() {
        let mut workspace = Workspace::default();
        draw(&mut workspace, 1);
        let project = workspace.project_mut(DEFAULT_PROJECT).unwrap();
        let renamed: Result<(), ()> = project.edit("rename", Scope::Document, |document| {
            document.name = "other".to_owned();
            Ok(())
        });
        renamed.unwrap();
        let (before, memory) = (facts(&workspace), workspace.memory());
        workspace.look_for_packing();
        pack_all(&mut workspace);
        assert_eq!(facts(&workspace), before);
        assert!(workspace.memory() * 3 < memory, "{} of {memory}", workspace.memory());
        let project = workspace.project_mut(DEFAULT_PROJECT).unwrap();
        let now = project.document.layers()[0].volume.blocks().map(|(_, block)| block.identity());
        let now: Vec<usize> = now.collect();
        project.undo();
        let then = project.document.layers()[0].volume.blocks().map(|(_, block)| block.identity());
        assert!(then.eq(now), "they share every block still");
    }
}
