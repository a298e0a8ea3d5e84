//! Parts of a volume put elsewhere: moved, mirrored, turned, scaled.

mod gather;
mod grid_map;
mod shrink;

pub(super) use grid_map::GridMap;
pub(super) use shrink::Shrinking;

use super::stamp::Stamp;
use super::work::{Refusal, Work, addressable, unmarked, voxel_of};
use crate::job::Progress;
use crate::voxel::{
    BLOCK_VOXELS, BlendMode, BlockPos, BlockSet, BlockWalk, Bounds, EditReport, Point, Rgba,
    Volume, into_set_places,
};

/// Images of the grid, each moved on by a step.
pub(super) struct Images {
    pub(super) first: GridMap,
    pub(super) step: [i64; 3],
    pub(super) times: i64,
}

impl Images {
    /// A single image.
    pub(super) fn one(first: GridMap) -> Self {
        Images { first, step: [0; 3], times: 1 }
    }

    fn image(&self, number: i64) -> GridMap {
        let mut map = self.first;
        for (offset, step) in map.offset.iter_mut().zip(self.step) {
            *offset += number * step;
        }
        map
    }
}

/// Where the voxels of a part go.
pub(super) enum Placing {
    /// To one or more images of the grid.
    Images(Images),
    /// To cubes of this size; the voxel given stays.
    Up(i64, [i64; 3]),
    /// Cubes to voxels.
    Down(Shrinking),
}

/// A part of a volume, put elsewhere in a blend mode: first it is built by itself, then it is
/// drawn.
pub(super) struct Transform {
    source: Volume,
    walk: BlockWalk,
    /// How the blocks that are placed are found from those of the source.
    order: Order,
    /// Those that were found and are not placed yet.
    found: Vec<BlockPos>,
    /// The block under way, and how much of it was placed: images, or voxels of it.
    current: Option<(BlockPos, i64)>,
    /// Blocks of the source that were come to, of how many.
    done: u64,
    total: u64,
    within: Option<Bounds>,
    placing: Placing,
    mode: BlendMode,
    built: Volume,
    stamp: Option<Stamp>,
}

enum Order {
    /// The blocks of the source are placed.
    Source,
    /// The blocks of the image are placed, each when the first is come to that it takes voxels
    /// from.
    Image,
    /// The same with all blocks of the image so far, since a look at one of them costs much.
    ImageOnce(BlockSet),
}

/// Blocks that are passed over in one unit of work.
const PASSED_A_UNIT: usize = 64;

impl Transform {
    pub(super) fn new(
        source: &Volume,
        within: Option<Bounds>,
        placing: Placing,
        mode: BlendMode,
    ) -> Self {
        let order = match &placing {
            Placing::Down(..) => Order::ImageOnce(BlockSet::default()),
            Placing::Images(Images { first, times: 1, .. })
                if gather::is_possible(source, within, first) =>
            {
                Order::Image
            }
            Placing::Images(_) | Placing::Up(..) => Order::Source,
        };
        Transform {
            source: unmarked(source),
            walk: BlockWalk::within(within),
            order,
            found: Vec::new(),
            current: None,
            done: 0,
            total: source.block_count() as u64,
            within,
            placing,
            mode,
            built: Volume::new(),
            stamp: None,
        }
    }

    /// Looks for the next block to place; false if there is none left.
    fn find(&mut self) -> bool {
        for _ in 0..PASSED_A_UNIT {
            if let Some(at) = self.found.pop() {
                if self.is_new(at) {
                    self.current = Some((at, 0));
                    return true;
                }
                continue;
            }
            if !self.walk.look_ahead(&self.source) {
                return true;
            }
            let Some(at) = self.walk.next(&self.source) else { return false };
            self.done += 1;
            match (&self.placing, &self.order) {
                (Placing::Images(images), Order::Image) => {
                    self.found.extend(gather::targets(at, self.within, &images.first));
                }
                (Placing::Down(shrinking), _) => self.found.extend(shrinking.targets(at)),
                _ => self.found.push(at),
            }
        }
        true
    }

    /// Whether a block that was found is not placed yet.
    fn is_new(&mut self, at: BlockPos) -> bool {
        match &mut self.order {
            Order::Source => true,
            // Those that came to nothing are looked at again, which is soon done.
            Order::Image => self.built.block(at).is_none(),
            Order::ImageOnce(seen) => seen.insert(at),
        }
    }

    /// Places a part of a block, from the place given on; the place behind it, or `None` at the
    /// block's end.
    fn place_part(&mut self, at: BlockPos, from: i64) -> Result<Option<i64>, Refusal> {
        let (source, within, built) = (&self.source, self.within, &mut self.built);
        let (next, end) = match &mut self.placing {
            Placing::Images(images) if matches!(self.order, Order::Image) => {
                gather::place(source, at, within, &images.first, built);
                return Ok(None);
            }
            Placing::Images(images) => {
                place_mapped(source, at, within, &images.image(from), built)?;
                (from + 1, images.times)
            }
            Placing::Up(size, center) => {
                let next = from + voxels_a_unit(*size);
                grow_into(source, at, within, (*size, *center), from..next, built)?;
                (next, BLOCK_VOXELS as i64)
            }
            Placing::Down(shrinking) => {
                return Ok(shrinking.place(source, at, within, from, built));
            }
        };
        Ok((next < end).then_some(next))
    }
}

/// Large voxels that are looked at in one unit of work.
const LARGE_VOXELS_A_UNIT: i64 = 1 << 16;

/// How many voxels of a block are grown in one unit of work.
fn voxels_a_unit(size: i64) -> i64 {
    (LARGE_VOXELS_A_UNIT / (size * size * size)).clamp(1, BLOCK_VOXELS as i64)
}

impl Work for Transform {
    fn step(&mut self, volume: &mut Volume, report: &mut EditReport) -> Result<bool, Refusal> {
        if let Some(stamp) = &mut self.stamp {
            return stamp.step(volume, report);
        }
        if let Some((at, place)) = self.current {
            self.current = self.place_part(at, place)?.map(|place| (at, place));
        } else if !self.find() {
            let built = std::mem::take(&mut self.built);
            self.stamp = Some(Stamp::new(volume, built, self.mode));
        }
        Ok(true)
    }

    fn progress(&self) -> Progress {
        let (done, total) = (self.done, self.total);
        match &self.stamp {
            None => Progress { done, total: total * 2 },
            Some(stamp) => {
                let stamped = stamp.progress();
                Progress { done: done + stamped.done, total: total + stamped.total }
            }
        }
    }
}

/// The voxels of a block that lie in a box.
fn voxels_in(
    volume: &Volume,
    at: BlockPos,
    within: Option<Bounds>,
) -> impl Iterator<Item = (Point, Rgba)> {
    volume.block(at).into_iter().flat_map(move |block| {
        let voxels = into_set_places(block.mask()).map(move |place| (voxel_of(at, place), place));
        let inside = voxels.filter(move |(point, _)| within.is_none_or(|all| all.contains(*point)));
        inside.map(move |(point, place)| (point, block.get(place)))
    })
}

fn place_mapped(
    source: &Volume,
    at: BlockPos,
    within: Option<Bounds>,
    map: &GridMap,
    built: &mut Volume,
) -> Result<(), Refusal> {
    let own = at.bounds();
    let whole = within.is_none_or(|bounds| bounds.intersect(&own) == Some(own));
    if whole && map.is_translation() && map.offset.iter().all(|offset| offset & 15 == 0) {
        let corner = addressable(map.apply(at.origin()))?;
        if let Some(block) = source.block(at)
            && built.block(BlockPos::of(corner)).is_none()
        {
            built.share_block(BlockPos::of(corner), block);
            return Ok(());
        }
    }
    for (point, color) in voxels_in(source, at, within) {
        built.set(addressable(map.apply(point))?, color);
    }
    Ok(())
}

/// The cube of large scale that a voxel of small scale stands for.
fn cube_of(point: Point, size: i64, center: [i64; 3]) -> Bounds {
    let p = point.array().map(i64::from);
    let min = std::array::from_fn(|axis| center[axis] + (p[axis] - center[axis]) * size);
    Bounds { min, max: min.map(|value| value + size) }
}

/// Puts a cube for each voxel of a part of a block. `places` are voxels' numbers in the block.
fn grow_into(
    source: &Volume,
    at: BlockPos,
    within: Option<Bounds>,
    (size, center): (i64, [i64; 3]),
    places: std::ops::Range<i64>,
    built: &mut Volume,
) -> Result<(), Refusal> {
    let Some(block) = source.block(at) else { return Ok(()) };
    let (mut mask, start) = (block.mask(), places.start as usize);
    mask[..start / 64].fill(0);
    mask[start / 64] &= u64::MAX << (start % 64);
    let until = |place: &usize| (*place as i64) < places.end;
    for place in into_set_places(mask).take_while(until) {
        let (point, color) = (voxel_of(at, place), block.get(place));
        if !within.is_none_or(|bounds| bounds.contains(point)) {
            continue;
        }
        let cube = cube_of(point, size, center);
        addressable(cube.min)?;
        addressable(cube.max_inside())?;
        built.fill(cube, color);
    }
    Ok(())
}

/// The places of a box whose corners are both inside, x fastest.
fn places(low: [i64; 3], high: [i64; 3]) -> impl Iterator<Item = [i32; 3]> {
    let row = move |y, z| (low[0]..=high[0]).map(move |x| [x, y, z].map(|value| value as i32));
    (low[2]..=high[2]).flat_map(move |z| (low[1]..=high[1]).flat_map(move |y| row(y, z)))
}

/// The blocks that a box touches.
fn blocks_of(bounds: &Bounds) -> impl Iterator<Item = BlockPos> + use<> {
    let [low, high] = [bounds.min, bounds.max_inside()].map(|corner| corner.map(|v| v >> 4));
    places(low, high).map(|[x, y, z]| BlockPos { x, y, z })
}
