//! The operations of one call, one after another.

use super::extent::{Asked, Extent};
use super::layers::{NotFound, find};
use super::plan::Plan;
use super::work::{Refusal, Work, unmarked};
use crate::api::LayerRef;
use crate::api::operations::Operation;
use crate::document::{Document, Layer, LayerContent, LayerId};
use crate::job::{self, Budget, Job, Progress, Step};
use crate::voxel::{Bounds, EditReport};

/// How much one call may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Operations in one call (`--max-edit-operations`).
    pub operations: usize,
    /// Voxels that one operation may touch (`--max-edit-voxels`).
    pub voxels: u64,
}

/// Operations in one call unless told otherwise: more than a message of 16 MiB usually holds.
pub const DEFAULT_OPERATIONS: usize = 1 << 20;
/// Voxels that one operation may touch unless told otherwise: a cube of 1024 on each side.
pub const DEFAULT_VOXELS: u64 = 1 << 30;

impl Default for Limits {
    fn default() -> Self {
        Limits { operations: DEFAULT_OPERATIONS, voxels: DEFAULT_VOXELS }
    }
}

/// What one operation came to.
#[derive(Clone, Debug, PartialEq)]
pub struct OperationReport {
    /// The operation.
    pub op: &'static str,
    /// The layer that it worked on.
    pub layer: LayerId,
    /// What changed.
    pub report: EditReport,
}

/// Something about an operation that its author may not have meant.
#[derive(Clone, Debug, PartialEq)]
pub struct Warning {
    /// Its place in the list, from 0.
    pub operation: usize,
    /// What.
    pub message: String,
}

/// What a call came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// The operations, in order.
    pub operations: Vec<OperationReport>,
    /// All of them together.
    pub total: EditReport,
    /// What to look at.
    pub warnings: Vec<Warning>,
}

/// An operation that was refused.
#[derive(Clone, Debug, PartialEq)]
pub struct EditError {
    /// Its place in the list, from 0; `None` if the list as a whole was refused.
    pub operation: Option<usize>,
    /// The operation, if it is one.
    pub op: Option<&'static str>,
    /// Why.
    pub refusal: Refusal,
}

struct Current {
    op: &'static str,
    layer: LayerId,
    work: Box<dyn Work>,
    report: EditReport,
    idle: Vec<String>,
}

/// The operations of one call under way.
pub struct Runner {
    waiting: std::vec::IntoIter<Operation>,
    total: usize,
    /// What the next operation asks for before it can begin.
    measuring: Option<job::Work<Extent>>,
    current: Option<Current>,
    outcome: Outcome,
    limits: Limits,
}

impl Runner {
    /// Of these operations.
    pub fn new(operations: Vec<Operation>, limits: Limits) -> Result<Self, EditError> {
        let (got, limit) = (operations.len(), limits.operations);
        if got > limit {
            let refusal = Refusal::TooManyOperations { got, limit };
            return Err(EditError { operation: None, op: None, refusal });
        }
        let waiting = operations.into_iter();
        let outcome = Outcome::default();
        Ok(Runner { waiting, total: got, measuring: None, current: None, outcome, limits })
    }

    /// Works until all operations are done or the budget is spent. After an error the document
    /// holds part of the change, which the caller takes back.
    pub fn step(
        &mut self,
        document: &mut Document,
        budget: &mut Budget,
    ) -> Result<Step<Outcome>, EditError> {
        loop {
            let Some(current) = &mut self.current else {
                if !self.begin_next(document, budget)? {
                    return Ok(Step::More);
                }
                if self.current.is_none() {
                    return Ok(Step::Done(std::mem::take(&mut self.outcome)));
                }
                continue;
            };
            let refused = |refusal| EditError {
                operation: Some(self.outcome.operations.len()),
                op: Some(current.op),
                refusal,
            };
            let layer = document.layer_mut(current.layer);
            let Some(layer) = layer else {
                return Err(refused(Refusal::NoSuchLayer(LayerRef::Id(current.layer.0))));
            };
            crate::voxel::admit_memory().map_err(|limit| refused(limit.into()))?;
            if !current.work.step(&mut layer.volume, &mut current.report).map_err(refused)? {
                self.end_current(document);
            }
            if !budget.spend(1) {
                return Ok(Step::More);
            }
        }
    }

    /// Begins the next operation, if there is one; false if the budget ended what is measured
    /// before.
    fn begin_next(
        &mut self,
        document: &mut Document,
        budget: &mut Budget,
    ) -> Result<bool, EditError> {
        let Some(operation) = self.waiting.as_slice().first() else { return Ok(true) };
        let (asked, mut extent) = (Asked::by(operation), Extent::default());
        if asked.is_any()
            && let Ok(id) = layer_of(document, operation)
            && let Some(layer) = document.layer(id)
        {
            let measuring = self.measuring.get_or_insert_with(|| {
                let volume = unmarked(&layer.volume);
                job::Work::new(move |slice| async move { Extent::of(asked, &volume, &slice).await })
            });
            let Step::Done(measured) = measuring.step(budget) else { return Ok(false) };
            (self.measuring, extent) = (None, measured);
        }
        if let Some(operation) = self.waiting.next() {
            self.current = Some(self.begin(document, operation, extent)?);
        }
        Ok(true)
    }

    fn begin(
        &self,
        document: &mut Document,
        operation: Operation,
        extent: Extent,
    ) -> Result<Current, EditError> {
        let op = operation.form.name();
        let refused = |refusal| EditError {
            operation: Some(self.outcome.operations.len()),
            op: Some(op),
            refusal,
        };
        let id = layer_of(document, &operation);
        let id = match (id, &operation.layer) {
            (Err(Refusal::NoSuchLayer(_)), LayerRef::Named(name)) if operation.create_layer => {
                let active = document.active();
                let id = document.push_layer(Layer::new(LayerId(0), name));
                document.set_active(active);
                id
            }
            (id, _) => id.map_err(refused)?,
        };
        let missing = || refused(Refusal::NoSuchLayer(operation.layer.clone()));
        let layer = document.layer(id).ok_or_else(missing)?;
        if layer.content != LayerContent::Voxels {
            return Err(refused(Refusal::ComputedLayer(layer.id.0)));
        }
        let (id, volume) = (layer.id, &layer.volume);
        let plan = Plan { document, layer: id, volume, limits: &self.limits, extent };
        let mut operation = operation;
        let idle = std::mem::take(&mut operation.idle);
        let work = plan.begin(operation).map_err(refused)?;
        Ok(Current { op, layer: id, work, report: EditReport::default(), idle })
    }

    fn end_current(&mut self, document: &Document) {
        let Some(Current { op, layer, report, idle, work }) = self.current.take() else { return };
        let operation = self.outcome.operations.len();
        let mut warn = |message| self.outcome.warnings.push(Warning { operation, message });
        idle.into_iter().chain(work.remark()).for_each(&mut warn);
        match report.bounds {
            None => warn("changed nothing".to_owned()),
            Some(bounds) if !is_inside(&bounds, &document.canvas) => warn(format!(
                "left the canvas: it reaches from {:?} to {:?}, the canvas from {:?} to {:?}",
                bounds.min,
                bounds.max_inside(),
                document.canvas.min,
                document.canvas.max_inside()
            )),
            Some(_) => {}
        }
        self.outcome.total.merge(&report);
        self.outcome.operations.push(OperationReport { op, layer, report });
    }

    /// How far it is: operations done, with the part of the running one in thousandths.
    pub fn progress(&self) -> Progress {
        let part = self.current.as_ref().map(|current| current.work.progress());
        let part = part.filter(|part| part.total > 0).map_or(0, |part| {
            (part.done.min(part.total) as u128 * 1000 / u128::from(part.total)) as u64
        });
        let done = self.outcome.operations.len() as u64 * 1000 + part;
        Progress { done, total: self.total as u64 * 1000 }
    }
}

fn layer_of(document: &Document, operation: &Operation) -> Result<LayerId, Refusal> {
    let wanted = &operation.layer;
    find(document, wanted).map_err(|error| match error {
        NotFound::None => Refusal::NoSuchLayer(wanted.clone()),
        NotFound::Several(ids) => Refusal::SeveralLayers(wanted.clone(), ids),
    })
}

fn is_inside(inner: &Bounds, outer: &Bounds) -> bool {
    inner.intersect(outer).as_ref() == Some(inner)
}
