//! Rules for filters: colours replaced, insides taken out, skins, smoothing, chance.

use super::filter::{Around, Rule};
use super::surroundings::REACH;
use crate::api::operations::values::Tolerance;
use crate::voxel::{Point, Rgba, Volume};

/// The colour at an offset; empty beyond the addressable space.
pub(super) fn beside(volume: &Volume, point: Point, offset: [i32; 3]) -> Rgba {
    let moved = (point.x.checked_add(offset[0]))
        .zip(point.y.checked_add(offset[1]))
        .zip(point.z.checked_add(offset[2]));
    moved.map_or(Rgba::EMPTY, |((x, y), z)| volume.get(Point::new(x, y, z)))
}

/// The offsets that lead `1..=steps` voxels away along each axis, nearest first.
fn steps_along_axes(steps: i32) -> impl Iterator<Item = [i32; 3]> {
    (1..=steps).flat_map(|step| {
        (0..6).map(move |side| {
            let mut offset = [0; 3];
            offset[side / 2] = if side % 2 == 0 { step } else { -step };
            offset
        })
    })
}

/// One colour for another.
pub(super) fn replace_color(from: Rgba, to: Rgba, tolerance: Tolerance) -> Rule {
    Rule::Color(Box::new(move |color| if tolerance.allows(color, from) { to } else { color }))
}

/// Takes away the voxels from which no `thickness` steps along an axis lead out.
pub(super) fn hollow(thickness: i32) -> Rule {
    let near = thickness as usize <= REACH;
    Rule::Around(Around {
        corners: false,
        candidates: Box::new(move |around| around.inside((thickness as usize).min(REACH))),
        color: Box::new(move |volume, point, color| {
            let mut steps = steps_along_axes(thickness);
            let inside = near || steps.all(|offset| !beside(volume, point, offset).is_empty());
            if inside { Rgba::EMPTY } else { color }
        }),
    })
}

/// Fills the empty voxels from which `thickness` steps along an axis lead in, in a colour or in
/// that of the voxel they lead to.
pub(super) fn shell(thickness: i32, skin: Option<Rgba>) -> Rule {
    let near = thickness as usize <= REACH;
    Rule::Around(Around {
        corners: false,
        candidates: Box::new(
            move |around| if near { around.outside(thickness as usize) } else { [!0; 64] },
        ),
        color: Box::new(move |volume, point, color| {
            if !color.is_empty() {
                return color;
            }
            let found = steps_along_axes(thickness)
                .map(|offset| beside(volume, point, offset))
                .find(|found| !found.is_empty());
            found.map_or(color, |found| skin.unwrap_or(found))
        }),
    })
}

/// A voxel is there if most of the 27 voxels around and with it are.
pub(super) fn smooth() -> Rule {
    Rule::Around(Around {
        corners: true,
        candidates: Box::new(|around| around.outvoted()),
        color: Box::new(|volume, point, color| {
            if !color.is_empty() {
                return Rgba::EMPTY;
            }
            let around = (0..27).map(|index| {
                let offset = [index % 3 - 1, index / 3 % 3 - 1, index / 9 - 1];
                beside(volume, point, offset)
            });
            let mut around: Vec<Rgba> = around.filter(|found| !found.is_empty()).collect();
            most_frequent(&mut around)
        }),
    })
}

/// The colour that occurs most often; of equals the lowest.
pub(super) fn most_frequent(colors: &mut [Rgba]) -> Rgba {
    colors.sort_unstable();
    let mut best = (0, Rgba::EMPTY);
    for run in colors.chunk_by(|a, b| a == b) {
        if run.len() > best.0 {
            best = (run.len(), run[0]);
        }
    }
    best.1
}

/// A number from 0 to 1 (1 excluded) that looks random and depends on the voxel and the seed only.
pub(super) fn chance(point: Point, seed: u32) -> f64 {
    // SplitMix64's finaliser over the coordinates.
    let mut bits = u64::from(seed) ^ 0x9e37_79b9_7f4a_7c15;
    for value in point.array() {
        bits = bits.wrapping_add(value as u32 as u64).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 30).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
    }
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

/// Varies the brightness by up to `amount` of it, in so many levels.
pub(super) fn brightness(amount: f64, steps: u32, seed: u32) -> Rule {
    Rule::Place(Box::new(move |point, color| {
        if color.is_empty() {
            return color;
        }
        let level = (chance(point, seed) * f64::from(steps)).floor();
        let factor = 1.0 + amount * (2.0 * level / f64::from(steps - 1) - 1.0);
        let channel = |value: u8| (f64::from(value) * factor + 0.5).clamp(0.0, 255.0) as u8;
        Rgba::new(channel(color.r), channel(color.g), channel(color.b), color.a)
    }))
}

/// Gives each voxel one of some colours by chance.
pub(super) fn speckle(colors: Vec<Rgba>, seed: u32) -> Rule {
    Rule::Place(Box::new(move |point, color| {
        let index = (chance(point, seed) * colors.len() as f64) as usize;
        if color.is_empty() { color } else { colors[index.min(colors.len() - 1)] }
    }))
}

/// Takes away a share of the voxels.
pub(super) fn erosion(amount: f64, seed: u32) -> Rule {
    Rule::Place(Box::new(
        move |point, color| if chance(point, seed) < amount { Rgba::EMPTY } else { color },
    ))
}
