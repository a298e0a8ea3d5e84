//! Changes that begin in place and go on, once they turn out long, on a copy of the document.
//!
//! Nobody has to know before how long a change takes: [`Project::begin`] starts it on the document
//! itself, and as soon as its share of a turn is spent, [`InPlace::into_draft`] puts the document
//! back as it was, at about the cost of what was touched so far, and the change goes on where it
//! was, as a [`Draft`]. A [`FinishedDraft`] waits for what follows from the change, and is then put
//! in place as one undo step, at the cost of a few moves however much was changed.

use super::Project;
use crate::document::history::{Edit, Ending, Scope};
use crate::document::{Document, Evaluation, EvaluationProblem, Since};
use crate::job::{Budget, Progress};

/// A change that is made on the document of a project itself. To be ended before anybody else has a
/// look at the project.
pub struct InPlace<'a> {
    project: &'a mut Project,
}

/// A copy of a project's document with a change in progress. It shares all voxels that the change
/// has not touched; whoever reads the project sees the state before the change until
/// [`Project::commit`].
pub struct Draft {
    document: Document,
    edit: Edit,
    revision: u64,
}

/// The project was changed while a draft of it was made; the draft is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stale;

impl InPlace<'_> {
    /// The document, to change.
    pub fn document_mut(&mut self) -> &mut Document {
        &mut self.project.document
    }

    /// Takes everything back.
    pub fn give_up(self) {
        self.project.roll_back_unfinished();
    }

    /// Leaves the project as it was and goes on with the change on a copy.
    pub fn into_draft(self) -> Draft {
        let Project { document, unfinished, history, .. } = self.project;
        let edit = unfinished.take().unwrap_or_else(|| Edit::begin(document, Scope::Voxels));
        let before = edit.document_before(document);
        let document = std::mem::replace(document, before);
        Draft { document, edit, revision: history.revision() }
    }

    /// Has clones and shapes follow the change, and then, unless `check` refuses what that came to,
    /// makes it an undo step; if that takes more than the budget, gives back the draft that goes on
    /// with it.
    pub fn settle<E>(
        self,
        label: &str,
        budget: &mut Budget,
        check: impl FnOnce(&[EvaluationProblem]) -> Result<(), E>,
    ) -> Result<Option<FinishedDraft>, E> {
        let (mut evaluation, mut is_over) = (None, true);
        if self.project.document.find_computed_layers() {
            let evaluation = evaluation.insert(Evaluation::new(&self.project.document));
            let Project { document, unfinished, .. } = &mut *self.project;
            let since = unfinished.as_ref().map_or(Since::Nothing, Edit::since);
            is_over = !evaluation.step(document, since, budget);
        }
        let Project { document, unfinished, .. } = &*self.project;
        if !is_over || unfinished.as_ref().is_some_and(|edit| edit.is_long(document)) {
            let draft = self.into_draft();
            return Ok(Some(match evaluation {
                Some(evaluation) => draft.finish_with(evaluation),
                None => draft.finish(),
            }));
        }
        let problems = evaluation.map_or_else(Vec::new, Evaluation::into_problems);
        if let Err(error) = check(&problems) {
            self.give_up();
            return Err(error);
        }
        if let Some(edit) = self.project.unfinished.take() {
            self.project.record(label, edit);
        }
        Ok(None)
    }
}

impl Draft {
    /// The copy, to change.
    pub fn document_mut(&mut self) -> &mut Document {
        &mut self.document
    }

    /// Ends the change.
    pub fn finish(self) -> FinishedDraft {
        let evaluation = Evaluation::new(&self.document);
        self.finish_with(evaluation)
    }

    fn finish_with(self, evaluation: Evaluation) -> FinishedDraft {
        FinishedDraft {
            evaluation,
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
    counted: (usize, u32),
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
    /// Does what follows from the change until that is done or the budget is spent; whether there
    /// is more to do.
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
    /// Begins a change in place.
    pub fn begin(&mut self, scope: Scope) -> InPlace<'_> {
        self.unfinished = Some(Edit::begin(&mut self.document, scope));
        InPlace { project: self }
    }

    /// Begins a change on a copy.
    pub fn draft(&self, scope: Scope) -> Draft {
        let mut document = self.document.clone();
        let edit = Edit::begin(&mut document, scope);
        Draft { document, edit, revision: self.revision() }
    }

    /// Puts a finished draft in place as one undo step. What [`FinishedDraft::settle`] has not done
    /// is done now.
    pub fn commit(&mut self, label: &str, mut draft: FinishedDraft) -> Result<(), Stale> {
        if draft.revision != self.revision() {
            return Err(Stale);
        }
        while draft.settle(&mut Budget::unlimited()) {}
        self.document = draft.document;
        let committed = self.history.commit_ended(&mut self.document, draft.ending, label);
        self.note_commit(committed);
        if committed.0 {
            self.note_step(label);
        }
        Ok(())
    }
}
