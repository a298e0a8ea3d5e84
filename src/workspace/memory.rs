//! What the open projects hold in memory, and letting go of some of it when there is too little.

use std::collections::HashMap;

use super::{Project, Workspace};
use crate::format::SaveCache;
use crate::memory::{Kind, Kinds, memory_of};
use crate::voxel::{Kept, MergeCache, Volume};

/// A history that is made shorter loses this part of what it keeps before the next one is looked
/// at.
const AT_ONCE: u64 = 8;

/// Bytes of one project.
#[derive(Clone, Copy, Default)]
struct Held {
    /// Blocks of its layers and of its mask, shared ones counted each time.
    blocks: u64,
    layers: u64,
    materials: u64,
    caches: u64,
    history: Kept,
}

impl Project {
    fn volumes(&self) -> impl Iterator<Item = &Volume> {
        let layers = self.document.layers().iter().map(|layer| &layer.volume);
        layers.chain(std::iter::once(&self.document.mask))
    }

    fn held(&self) -> Held {
        let document = &self.document;
        let layers = document.layers().iter().map(|layer| layer.own_bytes()).sum::<u64>();
        let places = self.volumes().map(Volume::place_bytes).sum::<u64>();
        let preserved = document.preserved.iter().map(|chunk| 64 + chunk.data.len() as u64);
        let lists = document.materials.len() * 160 + document.cameras.len() * 192;
        let own = (size_of::<Project>() + lists) as u64 + document.palette.bytes();
        Held {
            blocks: self.volumes().map(Volume::block_bytes).sum(),
            layers: layers + places,
            materials: own + preserved.sum::<u64>(),
            caches: self.merged.own_bytes() + self.save_cache.memory(),
            history: self.history.kept(),
        }
    }
}

impl Workspace {
    /// Bytes that the projects hold, by kind; other kinds stay zero. Blocks that several projects,
    /// steps and caches share are counted once, for the first of these.
    pub fn memory_kinds(&self) -> Kinds {
        let mut all = Held::default();
        for held in self.projects.values().map(Project::held) {
            all.blocks += held.blocks;
            all.layers += held.layers;
            all.materials += held.materials;
            all.caches += held.caches;
            all.history += held.history;
        }
        let blocks = memory_of(Kind::Voxels);
        let voxels = all.blocks.min(blocks);
        let undone = all.history.blocks.min(blocks - voxels);
        let mut kinds = Kinds::default();
        kinds[Kind::Voxels as usize] = voxels;
        kinds[Kind::Tables as usize] = memory_of(Kind::Tables);
        kinds[Kind::Layers as usize] = all.layers;
        kinds[Kind::Materials as usize] = all.materials;
        kinds[Kind::History as usize] = all.history.own + undone;
        kinds[Kind::Caches as usize] = all.caches;
        kinds[Kind::Snapshots as usize] = blocks - voxels - undone;
        kinds
    }

    /// Forgets what only makes things faster.
    pub fn drop_caches(&mut self) {
        for project in self.projects.values_mut() {
            project.merged = MergeCache::new();
            project.save_cache = SaveCache::default();
        }
    }

    /// Forgets the oldest steps of the longest histories until they keep so many bytes less or each
    /// has but one step that can be undone; how many bytes less they keep.
    pub fn forget_oldest(&mut self, bytes: u64) -> u64 {
        self.forget_oldest_but(bytes, &HashMap::new())
    }

    /// The same, but for what is needed of some projects, by their numbers in the journal: the
    /// state that a revision made, and what came after it.
    pub(super) fn forget_oldest_but(&mut self, bytes: u64, needed: &HashMap<u32, u64>) -> u64 {
        let mut freed = 0;
        while freed < bytes {
            let longest = self.projects.values_mut().map(|project| {
                let needed = needed.get(&project.number).copied().unwrap_or(u64::MAX);
                (&mut project.history, needed)
            });
            let Some((history, needed)) = longest
                .filter(|(history, needed)| history.can_forget_before(*needed))
                .max_by_key(|(history, _)| history.memory())
            else {
                break;
            };
            let before = history.memory();
            let enough = before.saturating_sub((before / AT_ONCE).clamp(1, bytes - freed));
            while history.memory() > enough
                && history.can_forget_before(needed)
                && history.forget_oldest()
            {}
            freed += before.saturating_sub(history.memory()).max(1);
        }
        freed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::history::Scope;
    use crate::voxel::{Bounds, Rgba};
    use crate::workspace::DEFAULT_PROJECT;

    fn draw(workspace: &mut Workspace, project: &str, steps: i32) {
        for step in 0..steps {
            let project = workspace.project_mut(project).unwrap();
            let drawn: Result<(), ()> = project.edit("draw", Scope::Voxels, |document| {
                let active = document.active();
                let volume = &mut document.layer_mut(active).ok_or(())?.volume;
                let bounds = Bounds::inclusive([step; 3], [step + 40; 3]);
                volume.fill(bounds, Rgba::opaque(step as u8, 1, 1));
                Ok(())
            });
            drawn.unwrap();
        }
    }

    #[test]
    fn the_longest_history_is_shortened_first_and_each_keeps_a_step() {
        let mut workspace = Workspace::default();
        workspace.open("other", Project::new(crate::document::Document::default()));
        draw(&mut workspace, DEFAULT_PROJECT, 40);
        draw(&mut workspace, "other", 5);
        let position = |workspace: &Workspace, name| {
            workspace.project(name).map(|project| project.history().position().0)
        };
        assert!(workspace.forget_oldest(1) > 0);
        assert!(position(&workspace, DEFAULT_PROJECT) < Some(40));
        assert_eq!(position(&workspace, "other"), Some(5));
        workspace.forget_oldest(u64::MAX);
        assert_eq!(position(&workspace, DEFAULT_PROJECT), Some(1));
        assert_eq!(position(&workspace, "other"), Some(1));
        assert!(workspace.project_mut("other").unwrap().undo().is_some());
        assert_eq!(workspace.forget_oldest(u64::MAX), 0);
    }

    #[test]
    fn kinds_of_projects_add_up_to_what_they_hold() {
        let mut workspace = Workspace::default();
        draw(&mut workspace, DEFAULT_PROJECT, 10);
        let kinds = workspace.memory_kinds();
        assert!(kinds[Kind::Voxels as usize] > 0 && kinds[Kind::History as usize] > 10 * 320);
        assert!(kinds[Kind::Layers as usize] > 0 && kinds[Kind::Tables as usize] > 0);
    }
}
