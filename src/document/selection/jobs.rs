//! Volumes in the making: masks, and what is done with them, in units of about a block.
//!
//! Every job here works on what it owns and ends with a volume, so they can be put together: the mask of a colour,
//! grown, laid on another one.

use super::spread::{Rule, Spread};
use crate::document::{BlendMode, drawing_of};
use crate::job::{Budget, Job, Progress, Step};
use crate::voxel::{
    BLOCK_VOXELS, BlockPos, BlockRef, BlockWalk, Bounds, Brush, EditJob, Laying, Mask, MemoryLimit,
    Rgba, Selection, Shape, Volume,
};

/// A volume in the making; an error if the memory limit is reached.
pub type VolumeJob = Box<dyn Job<Output = Result<Volume, MemoryLimit>>>;

/// A volume that is there already.
pub fn ready(volume: Volume) -> VolumeJob {
    Box::new(Ready(volume))
}

/// A mask of all voxels of a volume.
pub fn mask_of(volume: &Volume) -> VolumeJob {
    mapped(volume, |mask, at, block| put_bits(mask, at, &block.mask()))
}

/// A mask of all voxels of a volume that have a colour, give or take `tolerance` in each channel.
pub fn mask_of_color(volume: &Volume, color: Rgba, tolerance: u8) -> VolumeJob {
    let near = move |other: Rgba| {
        let mut pairs = color.bytes().into_iter().zip(other.bytes());
        !other.is_empty() && pairs.all(|(a, b)| a.abs_diff(b) <= tolerance)
    };
    mapped(volume, move |mask, at, block| {
        if let Some(color) = block.uniform() {
            let all = if near(color) { [u64::MAX; BLOCK_VOXELS / 64] } else { [0; _] };
            return put_bits(mask, at, &all);
        }
        let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
        let mut bits: Mask = [0; BLOCK_VOXELS / 64];
        for (index, &voxel) in block.voxels_or_copy(&mut voxels).iter().enumerate() {
            bits[index >> 6] |= u64::from(near(voxel)) << (index & 63);
        }
        put_bits(mask, at, &bits);
    })
}

/// A mask of all cells of a box.
pub fn mask_of_box(bounds: Bounds) -> VolumeJob {
    let brush = Brush::new(Rgba::WHITE).mode(BlendMode::Replace);
    Box::new(Edited(Volume::new().draw_job(&Shape::cuboid(bounds), &brush)))
}

/// A mask of a set of voxels.
pub fn mask_of_set(set: Selection) -> VolumeJob {
    let job = Volume::new().blend_selection_job(set, BlendMode::Replace, Rgba::WHITE);
    Box::new(Edited(job))
}

/// Grows a mask by its neighbours along the axes, `steps` times.
pub fn grow(mask: &Volume, steps: u32) -> VolumeJob {
    Box::new(Spread::new(mask, Rule::Grow, steps))
}

/// Takes from a mask what has a neighbour along the axes that is not selected, `steps` times.
pub fn shrink(mask: &Volume, steps: u32) -> VolumeJob {
    Box::new(Spread::new(mask, Rule::Shrink, steps))
}

/// All cells of a box that a mask does not select.
pub fn invert(mask: VolumeJob, within: Bounds) -> VolumeJob {
    laid(mask_of_box(within), mask, BlendMode::Subtract)
}

/// A volume laid on another one.
pub fn laid(lower: VolumeJob, upper: VolumeJob, mode: BlendMode) -> VolumeJob {
    Box::new(Laid { lower: Making::new(lower), upper: Making::new(upper), mode, laying: None })
}

/// The voxels of a mask in one colour.
pub fn in_color(mask: &Volume, color: Rgba) -> VolumeJob {
    mapped(mask, move |colored, at, block| match block.uniform() {
        Some(_) => colored.set_uniform_block(at, color),
        None => {
            let bits = block.mask();
            let cell = |index: usize| match bits[index >> 6] >> (index & 63) & 1 {
                1 => color,
                _ => Rgba::EMPTY,
            };
            colored.set_block(at, &std::array::from_fn(cell));
        }
    })
}

pub(super) fn put_bits(mask: &mut Volume, at: BlockPos, bits: &Mask) {
    if bits.iter().all(|&word| word == u64::MAX) {
        mask.set_uniform_block(at, Rgba::WHITE);
    } else if bits.iter().any(|&word| word != 0) {
        let voxel = |index: usize| match bits[index >> 6] >> (index & 63) & 1 {
            1 => Rgba::WHITE,
            _ => Rgba::EMPTY,
        };
        mask.set_block(at, &std::array::from_fn(voxel));
    }
}

struct Ready(Volume);

impl Job for Ready {
    type Output = Result<Volume, MemoryLimit>;

    fn step(&mut self, _: &mut Budget) -> Step<Self::Output> {
        Step::Done(Ok(std::mem::take(&mut self.0)))
    }

    fn progress(&self) -> Progress {
        Progress::default()
    }
}

/// A block of one volume made from the same block of another one.
struct Mapped<F> {
    volume: Volume,
    walk: BlockWalk,
    done: u64,
    total: u64,
    map: F,
    made: Volume,
}

fn mapped<F>(volume: &Volume, map: F) -> VolumeJob
where
    F: FnMut(&mut Volume, BlockPos, BlockRef<'_>) + 'static,
{
    let (walk, total) = (BlockWalk::new(volume), volume.block_count() as u64);
    Box::new(Mapped { volume: volume.clone(), walk, done: 0, total, map, made: Volume::new() })
}

impl<F> Job for Mapped<F>
where
    F: FnMut(&mut Volume, BlockPos, BlockRef<'_>),
{
    type Output = Result<Volume, MemoryLimit>;

    fn step(&mut self, budget: &mut Budget) -> Step<Self::Output> {
        while let Some(at) = self.walk.next(&self.volume) {
            self.done += 1;
            if let Some(block) = self.volume.block(at) {
                (self.map)(&mut self.made, at, block);
            }
            if !budget.spend(1) {
                return Step::More;
            }
        }
        Step::Done(Ok(std::mem::take(&mut self.made)))
    }

    fn progress(&self) -> Progress {
        Progress { done: self.done, total: self.total }
    }
}

/// The volume that an edit makes.
struct Edited(EditJob);

impl Job for Edited {
    type Output = Result<Volume, MemoryLimit>;

    fn step(&mut self, budget: &mut Budget) -> Step<Self::Output> {
        match self.0.step(budget) {
            Step::More => Step::More,
            Step::Done(edited) => Step::Done(edited.map(|edited| edited.volume)),
        }
    }

    fn progress(&self) -> Progress {
        self.0.progress()
    }
}

/// A part of a job that is made first.
enum Making {
    Job(VolumeJob),
    Made(Volume),
}

impl Making {
    fn new(job: VolumeJob) -> Self {
        Making::Job(job)
    }

    /// Goes on; the volume once it is there.
    fn step(&mut self, budget: &mut Budget) -> Result<Option<&mut Volume>, MemoryLimit> {
        if let Making::Job(job) = self
            && let Step::Done(made) = job.step(budget)
        {
            *self = Making::Made(made?);
        }
        Ok(match self {
            Making::Made(volume) => Some(volume),
            Making::Job(_) => None,
        })
    }

    fn progress(&self) -> Progress {
        match self {
            Making::Job(job) => job.progress(),
            Making::Made(_) => Progress::default(),
        }
    }
}

struct Laid {
    lower: Making,
    upper: Making,
    mode: BlendMode,
    laying: Option<Laying>,
}

impl Laid {
    fn advance(&mut self, budget: &mut Budget) -> Result<Option<Volume>, MemoryLimit> {
        let Some(lower) = self.lower.step(budget)? else { return Ok(None) };
        let Some(upper) = self.upper.step(budget)? else { return Ok(None) };
        let new = || drawing_of(upper, self.mode, 1.0);
        let laying = self.laying.get_or_insert_with(new);
        while laying.lay_next(lower)? {
            if !budget.spend(1) {
                return Ok(None);
            }
        }
        Ok(Some(std::mem::take(lower)))
    }
}

impl Job for Laid {
    type Output = Result<Volume, MemoryLimit>;

    fn step(&mut self, budget: &mut Budget) -> Step<Self::Output> {
        match self.advance(budget) {
            Ok(None) => Step::More,
            Ok(Some(volume)) => Step::Done(Ok(volume)),
            Err(limit) => Step::Done(Err(limit)),
        }
    }

    fn progress(&self) -> Progress {
        match (&self.laying, &self.lower) {
            (Some(laying), _) => laying.progress(),
            (None, Making::Job(_)) => self.lower.progress(),
            (None, Making::Made(_)) => self.upper.progress(),
        }
    }
}

/// What lies within some cells, and what does not.
pub struct Cut {
    /// The cells.
    pub cells: Volume,
    /// The voxels of the volume within them.
    pub part: Volume,
    /// The others.
    pub rest: Volume,
}

/// A volume cut in two, in units of about a block.
pub struct CutJob {
    volume: Volume,
    cells: Making,
    part: Option<VolumeJob>,
    rest: Option<VolumeJob>,
    cut: Cut,
}

impl CutJob {
    /// Cuts a volume at the edge of some cells.
    pub fn new(volume: &Volume, cells: VolumeJob) -> Self {
        let cut = Cut { cells: Volume::new(), part: Volume::new(), rest: Volume::new() };
        CutJob { volume: volume.clone(), cells: Making::new(cells), part: None, rest: None, cut }
    }

    fn advance(&mut self, budget: &mut Budget) -> Result<bool, MemoryLimit> {
        let Some(cells) = self.cells.step(budget)? else { return Ok(false) };
        let lay = |mode| laid(ready(self.volume.clone()), ready(cells.clone()), mode);
        let part = self.part.get_or_insert_with(|| lay(BlendMode::Intersect));
        if self.rest.is_none() {
            let Step::Done(made) = part.step(budget) else { return Ok(false) };
            self.cut.part = made?;
        }
        let rest = self.rest.get_or_insert_with(|| lay(BlendMode::Subtract));
        let Step::Done(made) = rest.step(budget) else { return Ok(false) };
        self.cut.rest = made?;
        self.cut.cells = std::mem::take(cells);
        Ok(true)
    }
}

impl Job for CutJob {
    type Output = Result<Cut, MemoryLimit>;

    fn step(&mut self, budget: &mut Budget) -> Step<Self::Output> {
        let nothing = || Cut { cells: Volume::new(), part: Volume::new(), rest: Volume::new() };
        match self.advance(budget) {
            Ok(false) => Step::More,
            Ok(true) => Step::Done(Ok(std::mem::replace(&mut self.cut, nothing()))),
            Err(limit) => Step::Done(Err(limit)),
        }
    }

    fn progress(&self) -> Progress {
        let parts = self.rest.as_ref().or(self.part.as_ref());
        parts.map_or_else(|| self.cells.progress(), |job| job.progress())
    }
}
