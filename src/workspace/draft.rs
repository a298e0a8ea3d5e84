//! A change that is made in slices, on a copy of the document.
//!
//! A [`Draft`] is there to be changed; a [`FinishedDraft`] waits for what follows from the change, and is then put in
//! place as one undo step, at the cost of a few moves however much was changed.

use super::Project;
use crate::document::history::{Edit, Ending, Scope};
use crate::document::{Document, Evaluation, EvaluationProblem};
use crate::job::{Budget, Progress};

/// A copy of a project's document with a change in progress. It shares all voxels that the change has not
/// touched; whoever reads the project sees the state before the change until [`Project::commit`].
pub struct Draft {
    document: Document,
    edit: Edit,
    revision: u64,
}

/// The project was changed while a draft of it was made; the draft is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stale;

impl Draft {
    /// The copy, to change.
    pub fn document_mut(&mut self) -> &mut Document {
        &mut self.document
    }

    /// Ends the change.
    pub fn finish(self) -> FinishedDraft {
        FinishedDraft {
            evaluation: Evaluation::new(&self.document),
            document: self.document,
            ending: self.edit.end_in_slices(),
            revision: self.revision,
            stage: Stage::Evaluating,
            counted: (0, 0),
        }
    }
}

/// A draft that is not changed any more.
pub struct FinishedDraft {
    document: Document,
    evaluation: Evaluation,
    ending: Ending,
    /// That of the project when the draft was begun.
    revision: u64,
    stage: Stage,
    /// Volumes that were counted, and parts of the next one.
    counted: (usize, usize),
}

/// What is done at present about a finished draft.
enum Stage {
    /// Clones and shapes follow what they are made from.
    Evaluating,
    /// The voxels that changed are counted, which somebody will want to know.
    Counting,
    /// What was overwritten becomes an undo step.
    Ending,
}

impl FinishedDraft {
    /// Does what follows from the change until that is done or the budget is spent; whether there is more to do.
    pub fn settle(&mut self, budget: &mut Budget) -> bool {
        loop {
            let Self { document, evaluation, ending, counted, .. } = self;
            let (goes_on, next) = match self.stage {
                Stage::Evaluating => {
                    (evaluation.step(document, ending.since(), budget), Stage::Counting)
                }
                Stage::Counting => (document.count_some(counted, budget), Stage::Ending),
                Stage::Ending => return ending.step(document, budget),
            };
            if goes_on {
                return true;
            }
            self.stage = next;
        }
    }

    /// Which clones and shapes could not be computed, as far as [`FinishedDraft::settle`] has come.
    pub fn problems(&self) -> &[EvaluationProblem] {
        self.evaluation.problems()
    }

    /// How far [`FinishedDraft::settle`] has come.
    pub fn progress(&self) -> Progress {
        self.evaluation.progress()
    }
}

impl Project {
    /// Begins a change on a copy.
    pub fn draft(&self, scope: Scope) -> Draft {
        let mut document = self.document.clone();
        let edit = Edit::begin(&mut document, scope);
        Draft { document, edit, revision: self.revision() }
    }

    /// Puts a finished draft in place as one undo step. What [`FinishedDraft::settle`] has not done is done now.
    pub fn commit(&mut self, label: &str, mut draft: FinishedDraft) -> Result<(), Stale> {
        if draft.revision != self.revision() {
            return Err(Stale);
        }
        while draft.settle(&mut Budget::unlimited()) {}
        self.document = draft.document;
        let committed = self.history.commit_ended(&mut self.document, draft.ending, label);
        self.note_commit(committed);
        Ok(())
    }
}
