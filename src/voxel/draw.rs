//! Drawing: a shape, a colour and a blend mode, block by block.

use super::bits::{ALL, both, without};
use super::block_edit::{self, BlockEdit, EditJob, EditReport};
use super::block_range::BlockRange;
use super::{BlendMode, BlockPos, BlockWalk, Bounds, Cover, Mask, Rgba, Shape, Volume};
use crate::job::Progress;
use crate::memory::MemoryLimit;

/// What drawing leaves behind, and where it may.
#[derive(Clone)]
pub struct Brush {
    /// The colour.
    pub color: Rgba,
    /// How the colour combines with what is there.
    pub mode: BlendMode,
    /// The box outside which nothing changes.
    pub clip: Option<Bounds>,
    /// A selection: only voxels that are not empty in it change.
    pub selection: Option<Volume>,
}

impl Brush {
    /// Draws over with a colour.
    pub fn new(color: Rgba) -> Brush {
        Brush { color, mode: BlendMode::Over, clip: None, selection: None }
    }

    /// Combines in another way.
    pub fn mode(mut self, mode: BlendMode) -> Brush {
        self.mode = mode;
        self
    }

    /// Changes nothing outside a box.
    pub fn clip(mut self, bounds: Bounds) -> Brush {
        self.clip = Some(bounds);
        self
    }

    /// Changes only voxels that are not empty in a volume.
    pub fn selection(mut self, selection: Volume) -> Brush {
        self.selection = Some(selection);
        self
    }

    /// Whether it changes voxels outside the shape: modes that keep only what both have do.
    fn works_outside(&self) -> bool {
        self.mode.erases_outside() && self.mode != BlendMode::Replace
    }

    /// Where in a block it may change something.
    fn allowed(&self, at: BlockPos) -> Mask {
        let mut mask = match &self.clip {
            Some(clip) => Shape::cuboid(*clip).mask(at),
            None => ALL,
        };
        if let Some(selection) = &self.selection {
            let selected = selection.block(at).map_or([0; 64], |block| block.mask());
            mask.iter_mut().zip(selected).for_each(|(mask, selected)| *mask &= selected);
        }
        mask
    }

    /// Whether it may change a whole block.
    fn allows_all(&self, at: BlockPos) -> bool {
        self.allows_box(&at.bounds())
    }

    fn allows_box(&self, bounds: &Bounds) -> bool {
        self.selection.is_none()
            && self.clip.is_none_or(|clip| clip.intersect(bounds) == Some(*bounds))
    }
}

/// The blocks that an edit visits.
enum Visits {
    Range(BlockRange),
    /// Those that are there.
    Walk(BlockWalk),
}

/// Drawing under way.
pub(crate) struct Draw {
    shape: Shape,
    brush: Brush,
    visits: Visits,
    /// Whether the super-chunk under way lies inside the shape and may be changed as a whole.
    is_inside: bool,
    done: u64,
    total: u64,
}

impl Draw {
    pub(crate) fn new(volume: &Volume, shape: &Shape, brush: &Brush) -> Draw {
        let visits = visits(volume, shape, brush);
        let total = match &visits {
            Visits::Range(range) => range.total(),
            Visits::Walk(_) => volume.block_count() as u64,
        };
        Draw {
            shape: shape.clone(),
            brush: brush.clone(),
            visits,
            is_inside: false,
            done: 0,
            total,
        }
    }

    /// The next block, if there is one that the shape may touch; `None` at the end.
    fn next_position(&mut self, volume: &Volume) -> Option<Option<BlockPos>> {
        match &mut self.visits {
            Visits::Walk(walk) => {
                if walk.look_ahead(volume) {
                    walk.next(volume).map(Some)
                } else {
                    Some(None)
                }
            }
            Visits::Range(_) if self.done >= self.total => None,
            Visits::Range(range) => {
                if let Some(bounds) = range.fresh_chunk() {
                    let cover = self.shape.cover(bounds);
                    if cover == Cover::Outside {
                        self.done += range.skip_chunk();
                        return Some(None);
                    }
                    self.is_inside = cover == Cover::Inside && self.brush.allows_box(&bounds);
                }
                Some(range.next())
            }
        }
    }

    fn draw_block(&self, volume: &mut Volume, at: BlockPos, report: &mut EditReport) {
        let (mode, color) = (self.brush.mode, self.brush.color);
        if self.is_inside {
            return volume.blend_whole(at, mode, color, report);
        }
        match self.shape.cover(at.bounds()) {
            Cover::Outside if !self.brush.works_outside() => {}
            Cover::Outside if self.brush.allows_all(at) => {
                volume.blend_whole(at, mode, Rgba::EMPTY, report);
            }
            Cover::Inside if self.brush.allows_all(at) => {
                volume.blend_whole(at, mode, color, report);
            }
            _ => self.draw_rim(volume, at, report),
        }
    }

    fn draw_rim(&self, volume: &mut Volume, at: BlockPos, report: &mut EditReport) {
        let shape = self.shape.mask(at);
        if self.brush.allows_all(at) && !self.brush.works_outside() {
            return volume.blend_block(at, &shape, self.brush.mode, self.brush.color, report);
        }
        let allowed = self.brush.allowed(at);
        let inside = both(&shape, &allowed);
        volume.blend_block(at, &inside, self.brush.mode, self.brush.color, report);
        if self.brush.works_outside() {
            let outside = without(&allowed, &shape);
            volume.blend_block(at, &outside, self.brush.mode, Rgba::EMPTY, report);
        }
    }
}

/// Modes that only change what is there visit the blocks that are there; others walk the shape's
/// box.
fn visits(volume: &Volume, shape: &Shape, brush: &Brush) -> Visits {
    let within = |bounds: Option<Bounds>| match (bounds, &brush.clip) {
        (Some(bounds), Some(clip)) => bounds.intersect(clip),
        (bounds, _) => bounds,
    };
    let area =
        if brush.works_outside() { within(Some(Bounds::ALL)) } else { within(shape.bounds()) };
    let Some(area) = area.and_then(|area| area.intersect(&Bounds::ALL)) else {
        return Visits::Walk(BlockWalk::over_nothing());
    };
    let range = BlockRange::new(area);
    let adds = brush.mode.adds() && !brush.color.is_empty();
    if adds || range.total() < volume.block_count() as u64 {
        return Visits::Range(range);
    }
    Visits::Walk(BlockWalk::within(Some(area)))
}

impl BlockEdit for Draw {
    fn next_block(&mut self, volume: &mut Volume, report: &mut EditReport) -> bool {
        let Some(next) = self.next_position(volume) else { return false };
        if let Some(at) = next {
            self.done += 1;
            self.draw_block(volume, at, report);
        }
        true
    }

    fn progress(&self) -> Progress {
        Progress { done: self.done, total: self.total }
    }
}

impl Volume {
    /// Draws a shape. With modes that keep only what both have (intersect and its kin) all voxels
    /// outside the shape go, within the brush's clip and selection.
    pub fn draw(&mut self, shape: &Shape, brush: &Brush) -> Result<EditReport, MemoryLimit> {
        let edit = Draw::new(self, shape, brush);
        block_edit::run(self, edit)
    }

    /// [`Volume::draw`] past the memory limit.
    pub(crate) fn draw_unlimited(&mut self, shape: &Shape, brush: &Brush) -> EditReport {
        let mut edit = Draw::new(self, shape, brush);
        let mut report = EditReport::default();
        while edit.next_block(self, &mut report) {}
        report
    }

    /// [`Volume::draw`] as a job on a snapshot of this volume.
    pub fn draw_job(&self, shape: &Shape, brush: &Brush) -> EditJob {
        EditJob::new(self, Draw::new(self, shape, brush))
    }
}
