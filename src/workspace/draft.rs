//! A change that is made in slices, on a copy of the document.

use super::Project;
use crate::document::Document;
use crate::document::history::{Edit, Scope};

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
}

impl Project {
    /// Begins a change on a copy.
    pub fn draft(&self, scope: Scope) -> Draft {
        let mut document = self.document.clone();
        let edit = Edit::begin(&mut document, scope);
        Draft { document, edit, revision: self.revision() }
    }

    /// Puts a finished draft in place as one undo step.
    pub fn commit(&mut self, label: &str, draft: Draft) -> Result<(), Stale> {
        if draft.revision != self.revision() {
            return Err(Stale);
        }
        self.document = draft.document;
        self.document.evaluate();
        self.record(label, draft.edit);
        Ok(())
    }
}
