//! A change that is made in slices, on a copy of the document.

use super::Project;
use crate::document::history::{Edit, Scope};
use crate::document::{Document, Evaluation, EvaluationProblem};
use crate::job::{Budget, Progress};

/// A copy of a project's document with a change in progress. It shares all voxels that the change has not
/// touched; whoever reads the project sees the state before the change until [`Project::commit`].
pub struct Draft {
    document: Document,
    edit: Edit,
    revision: u64,
    /// The evaluation of clones and shapes, once the change itself is made.
    evaluation: Option<Evaluation>,
    /// Volumes that were counted, and parts of the next one.
    counted: (usize, usize),
}

/// The project was changed while a draft of it was made; the draft is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stale;

impl Draft {
    /// The copy, to change.
    pub fn document_mut(&mut self) -> &mut Document {
        (self.evaluation, self.counted) = (None, (0, 0));
        &mut self.document
    }

    /// The copy.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Has clones and shapes follow what they are made from, and counts the voxels that changed, which somebody will
    /// want to know; until that is done or the budget is spent. Whether there is more to do. Call it when the change
    /// is made.
    pub fn settle(&mut self, budget: &mut Budget) -> bool {
        let evaluation = self.evaluation.get_or_insert_with(|| Evaluation::new(&self.document));
        evaluation.step(&mut self.document, self.edit.since(), budget)
            || self.document.count_some(&mut self.counted, budget)
    }

    /// Which clones and shapes could not be computed, as far as [`Draft::settle`] has come.
    pub fn problems(&self) -> &[EvaluationProblem] {
        self.evaluation.as_ref().map_or(&[], Evaluation::problems)
    }

    /// How far [`Draft::settle`] has come.
    pub fn progress(&self) -> Progress {
        self.evaluation.as_ref().map_or_else(Progress::default, Evaluation::progress)
    }
}

impl Project {
    /// Begins a change on a copy.
    pub fn draft(&self, scope: Scope) -> Draft {
        let mut document = self.document.clone();
        let edit = Edit::begin(&mut document, scope);
        Draft { document, edit, revision: self.revision(), evaluation: None, counted: (0, 0) }
    }

    /// Puts a finished draft in place as one undo step. What [`Draft::settle`] has not done is done now.
    pub fn commit(&mut self, label: &str, mut draft: Draft) -> Result<(), Stale> {
        if draft.revision != self.revision() {
            return Err(Stale);
        }
        while draft.settle(&mut Budget::unlimited()) {}
        self.document = draft.document;
        self.record(label, draft.edit);
        Ok(())
    }
}
