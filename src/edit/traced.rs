//! Drawn voxel by voxel: landscapes, tubes and letters.

use super::put::Found;
use super::work::{Refusal, addressable};
use crate::api::operations::forms::{TerrainFields, TextFields, TubeFields};
use crate::render::{has_letter, letter_dots};
use crate::voxel::{Bounds, Rgba};

/// A number from 0 to 1 that looks random and depends on the place and the seed only.
fn chance(x: i64, y: i64, seed: u32) -> f64 {
    let mut bits = u64::from(seed) ^ 0x9e37_79b9_7f4a_7c15;
    for value in [x, y] {
        bits = bits.wrapping_add(value as u64).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 30).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
    }
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

/// Smooth noise from 0 to 1 with one knot for each unit.
fn noise(x: f64, y: f64, seed: u32) -> f64 {
    let [(fx, tx), (fy, ty)] = [x, y].map(|value| {
        let part = value - value.floor();
        (value.floor() as i64, part * part * (3.0 - 2.0 * part))
    });
    let at = |dx, dy| chance(fx + dx, fy + dy, seed);
    let mix = |a: f64, b: f64, t: f64| a + (b - a) * t;
    mix(mix(at(0, 0), at(1, 0), tx), mix(at(0, 1), at(1, 1), tx), ty)
}

/// The height of a landscape at a place, as a share.
fn height(x: i64, y: i64, fields: &TerrainFields) -> f64 {
    let (mut sum, mut weight, mut scale, mut total) = (0.0, 1.0, fields.scale.0, 0.0);
    for octave in 0..fields.octaves.0 as u32 {
        let seed = fields.seed.wrapping_add(octave.wrapping_mul(0x9e37_79b1));
        sum += weight * noise(x as f64 / scale, y as f64 / scale, seed);
        (total, weight, scale) = (total + weight, weight / 2.0, scale / 2.0);
    }
    // Sums of chance crowd around the middle: this spreads them over the whole height.
    ((sum / total - 0.5) * 1.6 + 0.5).clamp(0.0, 1.0)
}

/// The voxels of a landscape, column by column, of at most how many.
pub(super) fn terrain(
    fields: TerrainFields,
    color: Rgba,
) -> (impl Iterator<Item = Found> + 'static, u64) {
    let all = Bounds::inclusive(fields.min, fields.max);
    let total = u64::try_from(all.capacity()).unwrap_or(u64::MAX);
    let (low, high) = (all.min, all.max);
    let fields = std::rc::Rc::new(fields);
    let column = move |x: i64, y: i64| {
        let tall = (height(x, y, &fields) * (high[2] - 1 - low[2]) as f64 + 0.5) as i64;
        let top = low[2] + tall;
        let water = fields.water.filter(|water| i64::from(water.level) > top);
        let water = water.map(|water| (i64::from(water.level).min(high[2] - 1), water.color));
        let end = water.map_or(top, |(level, _)| level);
        let fields = std::rc::Rc::clone(&fields);
        (low[2]..=end).map(move |z| {
            let color = match water {
                Some((_, water)) if z > top => water,
                _ => band(&fields, z, color),
            };
            addressable([x, y, z]).map(|point| (point, color))
        })
    };
    let row = move |y| {
        let column = column.clone();
        (low[0]..high[0]).flat_map(move |x| column(x, y))
    };
    ((low[1]..high[1]).flat_map(row), total)
}

fn band(fields: &TerrainFields, z: i64, color: Rgba) -> Rgba {
    let Some(bands) = &fields.bands else { return color };
    let reaches = |below: Option<i32>| below.is_none_or(|below| z <= i64::from(below));
    let found = bands.0.iter().find(|(below, _)| reaches(*below)).or(bands.0.last());
    found.map_or(color, |(_, color)| *color)
}

/// A piece of a tube: two places with their radii.
#[derive(Clone, Copy)]
struct Piece {
    from: ([f64; 3], f64),
    to: ([f64; 3], f64),
}

/// How long pieces of a tube are at most, in voxels: short ones leave little room around them to
/// look at.
const PIECE: f64 = 6.0;
/// Pieces of one tube.
const MOST_PIECES: usize = 1 << 20;

/// The voxels of a tube, piece by piece, some of them more than once; and how many are looked at.
pub(super) fn tube(
    fields: &TubeFields,
    color: Rgba,
) -> Result<(impl Iterator<Item = Found> + 'static, u64), Refusal> {
    let points = &fields.points.0;
    let radii = match fields.radii.0[..] {
        [one] => vec![one; points.len()],
        ref list if list.len() == points.len() => list.to_vec(),
        ref list => {
            let message = format!(
                "{} radii for {} points: give one, or one for each",
                list.len(),
                points.len()
            );
            return Err(Refusal::rule("radii", message));
        }
    };
    let pieces = pieces_of(points, &radii, fields.spline)?;
    let total = pieces.iter().map(|piece| room_of(piece).capacity()).sum::<u128>();
    let total = u64::try_from(total).unwrap_or(u64::MAX);
    Ok((pieces.into_iter().flat_map(move |piece| voxels_of(piece, color)), total))
}

fn pieces_of(points: &[[f64; 3]], radii: &[f64], spline: bool) -> Result<Vec<Piece>, Refusal> {
    let last = points.len() - 1;
    let mut pieces = Vec::new();
    if last == 0 {
        pieces.push(Piece { from: (points[0], radii[0]), to: (points[0], radii[0]) });
    }
    for index in 0..last {
        let [before, from, to, after] =
            [index.saturating_sub(1), index, index + 1, (index + 2).min(last)]
                .map(|index| points[index]);
        let place = |t: f64| {
            std::array::from_fn(|i| {
                if spline {
                    bent(before[i], from[i], to[i], after[i], t)
                } else {
                    from[i] + (to[i] - from[i]) * t
                }
            })
        };
        let length = (0..3).map(|i| (to[i] - from[i]).powi(2)).sum::<f64>().sqrt();
        let piece = if spline { PIECE / 3.0 } else { PIECE };
        let count = ((length / piece).ceil() as usize).clamp(1, MOST_PIECES);
        if pieces.len() + count > MOST_PIECES {
            return Err(Refusal::rule("points", "the tube is too long for one operation"));
        }
        let end = |number: usize| {
            let t = number as f64 / count as f64;
            (place(t), radii[index] + (radii[index + 1] - radii[index]) * t)
        };
        pieces.extend((0..count).map(|n| Piece { from: end(n), to: end(n + 1) }));
    }
    Ok(pieces)
}

/// A curve through `b` and `c` (Catmull-Rom).
fn bent(a: f64, b: f64, c: f64, d: f64, t: f64) -> f64 {
    let (linear, square, cube) =
        (c - a, 2.0 * a - 5.0 * b + 4.0 * c - d, 3.0 * b - a - 3.0 * c + d);
    b + 0.5 * t * (linear + t * (square + t * cube))
}

fn room_of(piece: &Piece) -> Bounds {
    let reach = piece.from.1.max(piece.to.1) + 0.5;
    let ends = [piece.from.0, piece.to.0];
    let low = |i: usize| (ends[0][i].min(ends[1][i]) - reach).floor() as i64;
    let high = |i: usize| (ends[0][i].max(ends[1][i]) + reach).ceil() as i64 + 1;
    Bounds { min: [low(0), low(1), low(2)], max: [high(0), high(1), high(2)] }
}

fn voxels_of(piece: Piece, color: Rgba) -> impl Iterator<Item = Found> {
    let Bounds { min, max } = room_of(&piece);
    let along = [0, 1, 2].map(|i| piece.to.0[i] - piece.from.0[i]);
    let dot = |a: [f64; 3], b: [f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
    let length = dot(along, along);
    let is_inside = move |at: [i64; 3]| {
        let off = [0, 1, 2].map(|i| at[i] as f64 - piece.from.0[i]);
        let part = if length > 0.0 { (dot(off, along) / length).clamp(0.0, 1.0) } else { 0.0 };
        let reach = piece.from.1 + (piece.to.1 - piece.from.1) * part + 0.5;
        let apart = [0, 1, 2].map(|i| off[i] - along[i] * part);
        dot(apart, apart) <= reach * reach
    };
    let rows = (min[2]..max[2]).flat_map(move |z| (min[1]..max[1]).map(move |y| (y, z)));
    let places = rows.flat_map(move |(y, z)| (min[0]..max[0]).map(move |x| [x, y, z]));
    places.filter(move |at| is_inside(*at)).map(move |at| addressable(at).map(|p| (p, color)))
}

/// Letters of one text.
const MOST_LETTERS: usize = 4096;
/// Dots from one letter to the next.
const ADVANCE: i64 = 6;
/// Dots from the foot of a letter to its top.
const TALL: i64 = 7;

/// The boxes that the dots of a text are.
pub(super) fn letters(fields: &TextFields) -> Result<Vec<Bounds>, Refusal> {
    if fields.text.is_empty() || fields.text.chars().count() > MOST_LETTERS {
        let message = format!("a text has 1 to {MOST_LETTERS} letters");
        return Err(Refusal::rule("text", message));
    }
    if let Some(unknown) = fields.text.chars().find(|letter| !has_letter(*letter)) {
        let message =
            format!("{unknown:?} cannot be written: letters, digits, blanks and - _ . : can");
        return Err(Refusal::rule("text", message));
    }
    let across = fields.axis.index();
    let [u, v] = match across {
        0 => [1, 2],
        1 => [0, 2],
        _ => [0, 1],
    };
    let (size, depth) = (fields.size.0, fields.depth.0);
    let corner = fields.at.map(i64::from);
    let mut boxes = Vec::new();
    for (place, letter) in (0..).zip(fields.text.chars()) {
        for (row, dots) in (0i64..).zip(letter_dots(letter)) {
            for dot in (0i64..5).filter(|dot| dots >> (4 - dot) & 1 == 1) {
                let mut min = corner;
                min[u] += (place * ADVANCE + dot) * size;
                min[v] += (TALL - 1 - row) * size;
                let mut max = min;
                (max[u], max[v], max[across]) = (min[u] + size, min[v] + size, min[across] + depth);
                boxes.push(Bounds { min, max });
            }
        }
    }
    Ok(boxes)
}
