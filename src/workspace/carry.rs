//! All projects with their histories on the way into a new log, in slices.
//!
//! What is carried is a copy as of the beginning: projects change meanwhile, and those changes
//! follow behind it. Long histories are copied in slices, too; until that is done, changes of their
//! projects wait.

use super::{Project, Turn, Workspace};
use crate::document::history::Carry;
use crate::job::Budget;
use crate::journal::{Notes, Standing};
use crate::voxel::BlockWalk;

/// Blocks that become one record.
const BLOCKS_A_RECORD: usize = 64;

/// Steps of all histories that are copied at once.
const COPIED_AT_ONCE: usize = 2048;
/// Steps that are copied in one unit of work.
const COPIED_A_UNIT: usize = 16;

/// Projects that are on their way, the last one first.
pub struct Carrying(Vec<CarriedProject>);

struct CarriedProject {
    name: String,
    number: u32,
    carry: Carry,
    /// Its place before all changes of the project, until its history is copied.
    turn: Option<Turn>,
    stage: Stage,
    /// The revision that whoever reads the new log has come to.
    at: u64,
    /// The first state: the revision that made it, and its name.
    first: (u64, Option<String>),
    /// The revision that made the present state, if that is not the last one of the history.
    present: Option<u64>,
    /// The present revision, and those that came back to an earlier state.
    revision: u64,
    returns: Vec<(u64, u64)>,
    files: Vec<u8>,
}

enum Stage {
    /// To the first state.
    Back,
    /// Its voxels: the layer, and how far the walk is.
    Voxels(usize, Option<BlockWalk>),
    /// From there through all steps.
    Forth,
    Over,
}

impl Project {
    fn carried(&self, name: &str) -> CarriedProject {
        let history = &self.history;
        let (position, count) = history.position();
        let mut files = Vec::new();
        self.origins.write(&mut files);
        CarriedProject {
            name: name.to_owned(),
            number: self.number,
            carry: history.start_carrying(&self.document),
            turn: None,
            stage: Stage::Back,
            at: history.oldest_revision(),
            first: (history.oldest_revision(), history.first_checkpoint().map(str::to_owned)),
            present: (position < count).then(|| history.revision_at(position)).flatten(),
            revision: self.revision(),
            returns: history.returns().collect(),
            files,
        }
    }
}

impl Workspace {
    /// Whether all projects can be carried now: those with long histories have no change that runs.
    pub fn can_carry(&self) -> bool {
        let share = self.copied_at_once();
        let is_ready =
            |project: &Project| project.turns.is_empty() || project.history.position().1 <= share;
        self.projects.values().all(is_ready)
    }

    /// Steps of each history that are copied at once.
    fn copied_at_once(&self) -> usize {
        COPIED_AT_ONCE / self.projects.len().max(1)
    }

    /// Begins to carry all projects. Where a change runs, its history is copied at once, however
    /// long it is.
    pub fn carry(&mut self) -> Carrying {
        let (share, mut carried) = (self.copied_at_once(), Vec::new());
        for (name, project) in &mut self.projects {
            let mut one = project.carried(name);
            let share = if project.turns.is_empty() { share } else { usize::MAX };
            if one.carry.copy_some(&project.history, share) == Some(true) {
                self.turns += 1;
                one.turn = Some(project.turns.join(self.turns));
            }
            carried.push(one);
        }
        Carrying(carried)
    }

    /// Goes on to copy the histories that are carried; whether there is more to copy, or `None` if
    /// one of them is not what it was.
    pub fn copy_carried(&mut self, carrying: &mut Carrying, budget: &mut Budget) -> Option<bool> {
        for one in &mut carrying.0 {
            let Some(turn) = one.turn else { continue };
            let project = self.projects.values_mut().find(|it| it.number == one.number)?;
            while one.carry.copy_some(&project.history, COPIED_A_UNIT)? {
                if !budget.spend(1) {
                    return Some(true);
                }
            }
            project.turns.leave(turn);
            one.turn = None;
        }
        Some(false)
    }

    /// Gives up to carry: nobody has to wait for it any more.
    pub fn leave_carried(&mut self, carrying: Carrying) {
        for one in carrying.0 {
            let project = self.projects.values_mut().find(|it| it.number == one.number);
            if let (Some(turn), Some(project)) = (one.turn, project) {
                project.turns.leave(turn);
            }
        }
    }
}

impl Carrying {
    /// Carries some more, into notes; whether there is more.
    pub fn step(&mut self, notes: &Notes, budget: &mut Budget) -> bool {
        while let Some(project) = self.0.last_mut() {
            if !project.step(notes) {
                self.0.pop();
            }
            if !budget.spend(1) {
                break;
            }
        }
        !self.0.is_empty()
    }
}

impl CarriedProject {
    fn standing(&self, revision: u64) -> Standing {
        Standing { project: self.number, revision, oldest: self.first.0 }
    }

    /// Carries one thing; false if that was the last.
    fn step(&mut self, notes: &Notes) -> bool {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Back if self.carry.go_back() => self.stage = Stage::Back,
            Stage::Back => self.open(notes),
            Stage::Voxels(layer, walk) => self.voxels(notes, layer, walk),
            Stage::Forth => return self.forth(notes),
            Stage::Over => return false,
        }
        true
    }

    fn open(&mut self, notes: &Notes) {
        let standing = self.standing(self.first.0);
        notes.open_frame(standing, &self.name, self.carry.document());
        if let Some(name) = &self.first.1 {
            notes.checkpoint(standing, name);
        }
        self.stage = Stage::Voxels(0, None);
    }

    fn voxels(&mut self, notes: &Notes, layer: usize, walk: Option<BlockWalk>) {
        let Some(of) = self.carry.document().layers().get(layer) else {
            self.stage = Stage::Forth;
            return;
        };
        let mut walk = walk.unwrap_or_default();
        let (mut blocks, mut is_over) = (Vec::new(), false);
        while !is_over && blocks.len() < BLOCKS_A_RECORD && walk.look_ahead(&of.volume) {
            match walk.next(&of.volume) {
                Some(at) => blocks.push(at),
                None => is_over = true,
            }
        }
        if !blocks.is_empty() {
            notes.base(self.standing(self.first.0), of.id, &of.volume, &blocks);
        }
        self.stage =
            if is_over { Stage::Voxels(layer + 1, None) } else { Stage::Voxels(layer, Some(walk)) };
    }

    /// Carries a step of the history, or what follows after the last one.
    fn forth(&mut self, notes: &Notes) -> bool {
        let (number, oldest) = (self.number, self.first.0);
        let standing = |revision| Standing { project: number, revision, oldest };
        let Some(passed) = self.carry.go_forth() else {
            if let Some(present) = self.present {
                notes.revisions(standing(self.revision - 1), &[]);
                notes.go(standing(self.revision), present);
            }
            notes.revisions(standing(self.revision), &self.returns);
            notes.files(standing(self.revision), |out| out.extend_from_slice(&self.files));
            return false;
        };
        // Revisions between two steps came back to earlier states.
        if self.at + 1 != passed.revision {
            notes.revisions(standing(passed.revision - 1), &[]);
        }
        self.at = passed.revision;
        let after = standing(passed.revision);
        match passed.step() {
            Some(step) => notes.step(after, passed.label, &step),
            None => {
                let changes = passed
                    .changes()
                    .filter_map(|(id, change)| Some((id, change, &passed.after.layer(id)?.volume)));
                notes.voxels(after, passed.label, changes);
            }
        }
        if let Some(name) = passed.checkpoint {
            notes.checkpoint(after, name);
        }
        self.stage = Stage::Forth;
        true
    }
}
