//! Images of ink: moved, mirrored, turned by quarters or by any angle.

use super::sketch::Desk;
use super::transform::GridMap;
use super::work::{Refusal, addressable, voxel_of};
use crate::api::operations::richer::{Image, Radial, Symmetry};
use crate::document::Document;
use crate::job::Slice;
use crate::voxel::{Axis, BLOCK_VOXELS, BlockPos, BlockWalk, Bounds, Rgba, Rotation, Volume};

/// A way to put voxels elsewhere.
#[derive(Clone, Debug)]
pub(super) enum Move {
    /// Whole voxels onto whole voxels.
    Grid(GridMap),
    /// A turn by any angle in degrees about an axis through a point, in voxels.
    Turn { axis: Axis, degrees: f64, center: [f64; 3] },
    /// One, then the other.
    Both(Box<Move>, Box<Move>),
}

impl Move {
    /// No move at all.
    pub(super) fn none() -> Self {
        Move::Grid(GridMap::translation([0; 3]))
    }

    /// A turn by an angle: by quarters where it is one of those and fits the grid.
    pub(super) fn turn(axis: Axis, degrees: f64, center: [f64; 3]) -> Self {
        let quarters = degrees / 90.0;
        let [u, v] = [(axis.index() + 1) % 3, (axis.index() + 2) % 3];
        let twice = center.map(|value| (value * 2.0) as i64);
        let fits = quarters as i64 % 2 == 0 || (twice[u] + twice[v]) % 2 == 0;
        if quarters.fract() == 0.0 && fits {
            Move::Grid(GridMap::rotation(axis.index(), quarters as i64, twice))
        } else {
            Move::Turn { axis, degrees, center }
        }
    }
}

/// The middle of the canvas, in voxels.
pub(super) fn canvas_middle(document: &Document) -> [f64; 3] {
    let canvas = document.canvas;
    std::array::from_fn(|axis| (canvas.min[axis] + canvas.max[axis] - 1) as f64 / 2.0)
}

/// The turned copies around an axis, the first one included.
pub(super) fn around(radial: &Radial, middle: [f64; 3]) -> Vec<Move> {
    let center = radial.center.unwrap_or(middle);
    let angle = 360.0 / f64::from(radial.count);
    let turn = |number: u32| Move::turn(radial.axis, angle * f64::from(number), center);
    (0..radial.count).map(turn).collect()
}

/// All images of a symmetry, the original included.
pub(super) fn images_of(symmetry: &Symmetry, document: &Document) -> Vec<Move> {
    let middle = canvas_middle(document);
    let mut images = vec![Move::none()];
    for image in &symmetry.0 {
        let more: Vec<Move> = match image {
            Image::Mirror(axis, at) => {
                let plane = at.unwrap_or(middle[axis.index()]) * 2.0;
                vec![Move::none(), Move::Grid(GridMap::mirror(axis.index(), plane as i64))]
            }
            Image::Around(radial) => around(radial, middle),
        };
        let both = |before: &Move| {
            let before = before.clone();
            more.iter()
                .map(move |after| Move::Both(Box::new(before.clone()), Box::new(after.clone())))
                .collect::<Vec<_>>()
        };
        images = images.iter().flat_map(both).collect();
    }
    images
}

/// Puts an image of voxels into a volume, in place of what is there.
pub(super) async fn put_image(
    ink: &Volume,
    image: &Move,
    into: &mut Volume,
    slice: &Slice,
) -> Result<(), Refusal> {
    match image {
        Move::Grid(map) => {
            let mut walk = BlockWalk::new();
            while let Some(at) = walk.next_in(ink, slice).await {
                put_block(ink, at, map, into)?;
                slice.advance(1).await;
            }
            Ok(())
        }
        Move::Turn { axis, degrees, center } => {
            turn_into(ink, (*axis, *degrees, *center), into, slice).await
        }
        Move::Both(first, second) => {
            let mut between = Volume::new();
            Box::pin(put_image(ink, first, &mut between, slice)).await?;
            Box::pin(put_image(&between, second, into, slice)).await
        }
    }
}

fn put_block(ink: &Volume, at: BlockPos, map: &GridMap, into: &mut Volume) -> Result<(), Refusal> {
    let aligned = map.is_translation() && map.offset.iter().all(|offset| offset & 15 == 0);
    let Some(block) = ink.block(at) else { return Ok(()) };
    if aligned {
        let to = BlockPos::of(addressable(map.apply(at.origin()))?);
        if into.block(to).is_none() {
            into.share_block(to, block);
            return Ok(());
        }
    }
    for index in 0..BLOCK_VOXELS {
        let color = block.get(index);
        if !color.is_empty() {
            into.set(addressable(map.apply(voxel_of(at, index)))?, color);
        }
    }
    Ok(())
}

/// Voxels of the image that are looked up in one unit of work.
const LOOKED_UP: usize = 256;

/// Puts voxels turned by any angle into a volume: each place takes what is nearest to where it
/// comes from.
async fn turn_into(
    ink: &Volume,
    (axis, degrees, center): (Axis, f64, [f64; 3]),
    into: &mut Volume,
    slice: &Slice,
) -> Result<(), Refusal> {
    let Some(bounds) = ink.bounds() else { return Ok(()) };
    let (there, back) = (Rotation::about(axis, degrees), Rotation::about(axis, -degrees));
    let image = turned_box(&bounds, &there, center);
    let image = image.intersect(&Bounds::ALL).ok_or_else(beyond)?;
    let [low, high] = [image.min, image.max_inside()].map(|corner| corner.map(|v| v >> 4));
    for z in low[2]..=high[2] {
        for y in low[1]..=high[1] {
            for x in low[0]..=high[0] {
                let at = BlockPos { x: x as i32, y: y as i32, z: z as i32 };
                let source = turned_box(&at.bounds(), &back, center);
                if source.intersect(&bounds).is_none() {
                    slice.advance(1).await;
                    continue;
                }
                for first in (0..BLOCK_VOXELS).step_by(LOOKED_UP) {
                    for index in first..first + LOOKED_UP {
                        let to = voxel_of(at, index);
                        let color =
                            nearest_to(ink, &bounds, to.array().map(f64::from), &back, center);
                        if !color.is_empty() {
                            into.set(to, color);
                        }
                    }
                    slice.advance(1).await;
                }
            }
        }
    }
    Ok(())
}

fn beyond() -> Refusal {
    Refusal::rule("op", "voxels would leave the space of 32-bit coordinates")
}

/// The colour of the voxel that comes nearest to a place, seen back through a turn.
fn nearest_to(
    ink: &Volume,
    bounds: &Bounds,
    place: [f64; 3],
    back: &Rotation,
    center: [f64; 3],
) -> Rgba {
    let offset = std::array::from_fn(|axis| place[axis] - center[axis]);
    let turned = back.apply(offset);
    // A hair less than a half, so that halves that are not quite exact all go the same way.
    let from: [i64; 3] =
        std::array::from_fn(|axis| (center[axis] + turned[axis] + 0.5 - 1e-9).floor() as i64);
    match addressable(from) {
        Ok(point) if bounds.contains(point) => ink.get(point),
        _ => Rgba::EMPTY,
    }
}

/// A box around a turned box.
fn turned_box(bounds: &Bounds, turn: &Rotation, center: [f64; 3]) -> Bounds {
    let ends = [bounds.min, bounds.max_inside()];
    let (mut low, mut high) = ([f64::MAX; 3], [f64::MIN; 3]);
    for corner in 0..8 {
        let offset =
            std::array::from_fn(|axis| ends[corner >> axis & 1][axis] as f64 - center[axis]);
        let turned = turn.apply(offset);
        for axis in 0..3 {
            low[axis] = low[axis].min(turned[axis] + center[axis]);
            high[axis] = high[axis].max(turned[axis] + center[axis]);
        }
    }
    Bounds {
        min: low.map(|value| (value - 1.0).floor() as i64),
        max: high.map(|value| (value + 1.0).ceil() as i64 + 1),
    }
}

/// Images of ink together, as one volume.
pub(super) async fn all_images(
    desk: &Desk,
    ink: Volume,
    images: &[Move],
    slice: &Slice,
) -> Result<Volume, Refusal> {
    desk.admit(ink.count().saturating_mul(images.len() as u64))?;
    let mut all = Volume::new();
    for image in images {
        crate::voxel::admit_memory()?;
        put_image(&ink, image, &mut all, slice).await?;
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_by_quarters_stay_on_the_grid_and_others_do_not() {
        let on_grid =
            |degrees, center| matches!(Move::turn(Axis::Z, degrees, center), Move::Grid(_));
        assert!(on_grid(90.0, [0.0; 3]) && on_grid(180.0, [0.5, 0.0, 0.0]));
        assert!(!on_grid(90.0, [0.5, 0.0, 0.0]) && !on_grid(45.0, [0.0; 3]));
    }
}
