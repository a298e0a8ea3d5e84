//! One operation's work on one volume, in units.

use crate::api::LayerRef;
use crate::job::Progress;
use crate::voxel::{BlockEdit, BlockPos, Bounds, EditReport, MemoryLimit, Point, Rgba, Volume};

/// Why an operation is not carried out.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// No memory for it.
    #[error("{0}")]
    Memory(#[from] MemoryLimit),
    /// Over a limit.
    #[error("it would touch about {wanted} voxels; the limit is {limit} (--max-edit-voxels)")]
    TooManyVoxels {
        /// How many it wants to touch.
        wanted: u64,
        /// The limit.
        limit: u64,
    },
    /// More operations than a call may have.
    #[error("{got} operations in one call; the limit is {limit} (--max-edit-operations)")]
    TooManyOperations {
        /// How many there are.
        got: usize,
        /// The limit.
        limit: usize,
    },
    /// No such layer.
    #[error("no such layer: {0}")]
    NoSuchLayer(LayerRef),
    /// Several layers have the name.
    #[error("layers {1:?} are all named {0}: give an id")]
    SeveralLayers(LayerRef, Vec<i32>),
    /// The layer's voxels are computed from something else.
    #[error(
        "the voxels of layer {0} are computed, not its own; goxel.detach_layer makes them its own"
    )]
    ComputedLayer(i32),
    /// A field's value does not do.
    #[error("{message}")]
    Rule {
        /// The field.
        field: &'static str,
        /// What is wrong, and what would do.
        message: String,
    },
}

impl Refusal {
    pub(super) fn rule(field: &'static str, message: impl Into<String>) -> Self {
        Refusal::Rule { field, message: message.into() }
    }
}

/// Work that goes on in units.
pub(super) trait Work {
    /// Does one unit; false if there was none left.
    fn step(&mut self, volume: &mut Volume, report: &mut EditReport) -> Result<bool, Refusal>;

    /// How far it is, in units.
    fn progress(&self) -> Progress;

    /// What its author should know of it, once it is done.
    fn remark(&self) -> Option<String> {
        None
    }
}

/// An edit of the engine as work.
pub(super) struct Blocks<T>(pub T);

impl<T: BlockEdit> Work for Blocks<T> {
    fn step(&mut self, volume: &mut Volume, report: &mut EditReport) -> Result<bool, Refusal> {
        Ok(self.0.next_block(volume, report))
    }

    fn progress(&self) -> Progress {
        self.0.progress()
    }
}

/// Work to begin once the volume is as the work before left it.
pub(super) type Begin = Box<dyn FnOnce(&Volume) -> Box<dyn Work>>;

/// Several pieces of work on a copy of the volume, put in place at the end: what is counted is the
/// difference between before and after, whatever came and went in between.
pub(super) struct OnCopy {
    copy: Option<Volume>,
    waiting: std::vec::IntoIter<Begin>,
    current: Option<Box<dyn Work>>,
    exchange: Option<super::stamp::Exchange>,
    done: u64,
    total: u64,
}

impl OnCopy {
    pub(super) fn new(pieces: Vec<Begin>) -> Self {
        let total = pieces.len() as u64 + 1;
        let waiting = pieces.into_iter();
        OnCopy { copy: None, waiting, current: None, exchange: None, done: 0, total }
    }
}

impl Work for OnCopy {
    fn step(&mut self, volume: &mut Volume, report: &mut EditReport) -> Result<bool, Refusal> {
        if let Some(exchange) = &mut self.exchange {
            return exchange.step(volume, report);
        }
        let copy = self.copy.get_or_insert_with(|| unmarked(volume));
        if let Some(work) = &mut self.current {
            if !work.step(copy, &mut EditReport::default())? {
                self.current = None;
                self.done += 1;
            }
            return Ok(true);
        }
        match self.waiting.next() {
            Some(begin) => self.current = Some(begin(copy)),
            None => {
                let copy = std::mem::take(copy);
                self.exchange = Some(super::stamp::Exchange::new(volume, copy));
            }
        }
        Ok(true)
    }

    fn progress(&self) -> Progress {
        Progress { done: self.done, total: self.total }
    }
}

/// A copy of a volume that records no marks.
pub(super) fn unmarked(volume: &Volume) -> Volume {
    let mut copy = volume.clone();
    copy.take_marks();
    copy
}

/// Counts single voxels that change.
#[derive(Default)]
pub(super) struct Tally {
    changed: u64,
    added: u64,
    removed: u64,
    span: Option<([i32; 3], [i32; 3])>,
}

impl Tally {
    pub(super) fn note(&mut self, point: Point, old: Rgba, new: Rgba) {
        if old == new {
            return;
        }
        self.changed += 1;
        self.added += u64::from(old.is_empty());
        self.removed += u64::from(new.is_empty());
        let p = point.array();
        let (min, max) = self.span.get_or_insert((p, p));
        for axis in 0..3 {
            min[axis] = min[axis].min(p[axis]);
            max[axis] = max[axis].max(p[axis]);
        }
    }

    /// Adds what was counted to a report.
    pub(super) fn add_to(self, report: &mut EditReport) {
        let bounds = self.span.map(|(min, max)| Bounds::inclusive(min, max));
        let Tally { changed, added, removed, .. } = self;
        report.merge(&EditReport { changed, added, removed, bounds });
    }
}

/// The voxel with an index in a block.
pub(super) fn voxel_of(at: BlockPos, index: usize) -> Point {
    let o = at.origin();
    let [x, y, z] = [index & 15, (index >> 4) & 15, index >> 8].map(|value| value as i32);
    Point::new(o.x + x, o.y + y, o.z + z)
}

/// A point within the addressable space, or the refusal to leave it.
pub(super) fn addressable(point: [i64; 3]) -> Result<Point, Refusal> {
    let mut coordinates = [0; 3];
    for (to, from) in coordinates.iter_mut().zip(point) {
        *to = i32::try_from(from).map_err(|_| {
            Refusal::rule("op", "voxels would leave the space of 32-bit coordinates")
        })?;
    }
    Ok(coordinates.into())
}
