//! Operations that are first drawn apart from the layer: in images, again and again, or kept to
//! some cells.
//!
//! What is drawn apart is ink: voxels and the mode in which they go into the layer. It is made by
//! straight-line code on a copy of the document; then it is laid on the layer block by block. Where
//! an operation needs what is there, it works on a copy of the layer's voxels, which is put in
//! their place at the end.

use std::cell::RefCell;
use std::rc::Rc;

use super::cells::Cells;
use super::extent::{Asked, Extent};
use super::plan::Plan;
use super::runner::Limits;
use super::stamp::{Exchange, Stamp, read_block, write_block};
use super::work::{Refusal, Work, unmarked, voxel_of};
use crate::api::operations::Operation;
use crate::document::{Document, LayerId};
use crate::job::{self, Budget, Job, Progress, Slice, Step};
use crate::voxel::{
    BLOCK_VOXELS, BlendMode, BlockPos, BlockWalk, DifferenceWalk, EditReport, Rgba, Volume,
};

/// Voxels to be laid on a layer.
pub(super) struct Ink {
    pub(super) volume: Volume,
    pub(super) mode: BlendMode,
}

/// What straight-line code works with: the document as it was when the operation began.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) document: Document,
    pub(super) layer: LayerId,
    pub(super) limits: Limits,
    /// What the author of the operation should know.
    pub(super) remark: Remark,
}

/// What is noted while straight-line code works.
pub(super) type Remark = Rc<RefCell<Option<String>>>;

impl Desk {
    /// Carries an operation out on a volume that stands for its layer.
    pub(super) async fn run(
        &self,
        operation: Operation,
        volume: &mut Volume,
        slice: &Slice,
    ) -> Result<(), Refusal> {
        let extent = Extent::of(Asked::by(&operation), volume, slice).await;
        let (document, limits) = (&self.document, &self.limits);
        let plan = Plan { document, layer: self.layer, volume, limits, extent };
        let mut work = plan.begin(operation)?;
        let mut report = EditReport::default();
        while work.step(volume, &mut report)? {
            crate::voxel::admit_memory()?;
            slice.advance(1).await;
        }
        Ok(())
    }

    /// Refuses to touch more voxels than an operation may.
    pub(super) fn admit(&self, wanted: u64) -> Result<(), Refusal> {
        let limit = self.limits.voxels;
        if wanted > limit { Err(Refusal::TooManyVoxels { wanted, limit }) } else { Ok(()) }
    }
}

/// The voxels of some cells.
pub(super) async fn cut(volume: &Volume, cells: &Cells, slice: &Slice) -> Volume {
    let mut part = Volume::new();
    let mut walk = BlockWalk::within(Some(cells.bounds));
    while let Some(at) = walk.next_in(volume, slice).await {
        let mut voxels = read_block(volume, at);
        for (index, voxel) in voxels.iter_mut().enumerate() {
            if !cells.contains(voxel_of(at, index)) {
                *voxel = Rgba::EMPTY;
            }
        }
        if voxels.iter().any(|voxel| !voxel.is_empty()) {
            part.set_block(at, &voxels);
        }
        slice.advance(1).await;
    }
    part
}

/// Lays one volume on another.
pub(super) async fn lay(
    ink: Volume,
    mode: BlendMode,
    on: &mut Volume,
    slice: &Slice,
) -> Result<(), Refusal> {
    let mut stamp = Stamp::new(on, ink, mode);
    while stamp.step(on, &mut EditReport::default())? {
        slice.advance(1).await;
    }
    Ok(())
}

/// What differs in a volume from how it was before and is there: as ink that replaces.
pub(super) async fn changed(before: &Volume, after: &Volume, slice: &Slice) -> Volume {
    let mut walk = DifferenceWalk::new();
    let mut ink = Volume::new();
    loop {
        let mut differing = None;
        let goes_on = walk.next([before, after], &mut differing);
        if let Some(at) = differing {
            let (old, mut new) = (read_block(before, at), read_block(after, at));
            for (new, old) in new.iter_mut().zip(old) {
                if *new == old {
                    *new = Rgba::EMPTY;
                }
            }
            ink.set_block(at, &new);
        }
        if !goes_on {
            return ink;
        }
        slice.advance(1).await;
    }
}

type Making<T> = job::Work<Result<T, Refusal>>;

/// Does one unit of straight-line code; what it made, once it is finished.
fn make<T>(making: &mut Option<Making<T>>) -> Result<Option<T>, Refusal> {
    let Some(work) = making else { return Ok(None) };
    match work.step(&mut Budget::units(1)) {
        Step::More => Ok(None),
        Step::Done(made) => {
            *making = None;
            made.map(Some)
        }
    }
}

/// Ink that is made, then laid on the layer in order.
pub(super) struct Drawing {
    making: Option<Making<Vec<Ink>>>,
    waiting: std::vec::IntoIter<Ink>,
    stamp: Option<Stamp>,
    made: u64,
    remark: Remark,
}

impl Drawing {
    pub(super) fn of(making: Making<Vec<Ink>>) -> Box<dyn Work> {
        Drawing::with_remark(making, Remark::default())
    }

    /// Ink, of whose making something may be noted.
    pub(super) fn with_remark(making: Making<Vec<Ink>>, remark: Remark) -> Box<dyn Work> {
        let waiting = Vec::new().into_iter();
        Box::new(Drawing { making: Some(making), waiting, stamp: None, made: 0, remark })
    }
}

impl Work for Drawing {
    fn step(&mut self, volume: &mut Volume, report: &mut EditReport) -> Result<bool, Refusal> {
        if self.making.is_some() {
            if let Some(inks) = make(&mut self.making)? {
                self.waiting = inks.into_iter();
            }
            self.made += 1;
            return Ok(true);
        }
        match &mut self.stamp {
            Some(stamp) => {
                if !stamp.step(volume, report)? {
                    self.stamp = None;
                }
            }
            None => match self.waiting.next() {
                Some(Ink { volume: ink, mode }) => {
                    self.stamp = Some(Stamp::new(volume, ink, mode));
                }
                None => return Ok(false),
            },
        }
        Ok(true)
    }

    fn progress(&self) -> Progress {
        match (&self.making, &self.stamp) {
            (Some(making), _) => {
                let Progress { done, total } = making.progress();
                Progress { done, total: total.max(done) * 2 }
            }
            (None, Some(stamp)) => stamp.progress(),
            (None, None) => Progress { done: self.made, total: self.made },
        }
    }

    fn remark(&self) -> Option<String> {
        self.remark.take()
    }
}

/// New voxels for the whole layer that are made, then put in place, perhaps in some cells only.
pub(super) struct Remaking {
    making: Option<Making<Volume>>,
    cells: Option<Cells>,
    exchange: Option<Exchanging>,
}

enum Exchanging {
    Whole(Exchange),
    Within { old: Volume, new: Volume, walk: DifferenceWalk },
}

impl Remaking {
    pub(super) fn of(making: Making<Volume>, cells: Option<Cells>) -> Box<dyn Work> {
        Box::new(Remaking { making: Some(making), cells, exchange: None })
    }
}

impl Work for Remaking {
    fn step(&mut self, volume: &mut Volume, report: &mut EditReport) -> Result<bool, Refusal> {
        match &mut self.exchange {
            None => {
                if let Some(new) = make(&mut self.making)? {
                    self.exchange = Some(match self.cells {
                        None => Exchanging::Whole(Exchange::new(volume, new)),
                        Some(_) => {
                            let walk = DifferenceWalk::new();
                            Exchanging::Within { old: unmarked(volume), new, walk }
                        }
                    });
                }
                Ok(true)
            }
            Some(Exchanging::Whole(exchange)) => exchange.step(volume, report),
            Some(Exchanging::Within { old, new, walk }) => {
                let mut differing = None;
                let goes_on = walk.next([old, new], &mut differing);
                if let (Some(at), Some(cells)) = (differing, &self.cells) {
                    take_within(volume, at, [old, new], cells, report);
                }
                Ok(goes_on)
            }
        }
    }

    fn progress(&self) -> Progress {
        match &self.making {
            Some(making) => making.progress(),
            None => Progress { done: 1, total: 2 },
        }
    }
}

/// Takes a block's new voxels over where they lie in some cells.
fn take_within(
    volume: &mut Volume,
    at: BlockPos,
    [old, new]: [&Volume; 2],
    cells: &Cells,
    report: &mut EditReport,
) {
    let (old, new) = (read_block(old, at), read_block(new, at));
    let mut taken = old;
    for index in 0..BLOCK_VOXELS {
        if cells.contains(voxel_of(at, index)) {
            taken[index] = new[index];
        }
    }
    write_block(volume, at, &old, &taken, report);
}
