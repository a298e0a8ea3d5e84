//! Lines: thick ones of round segments, thin ones of single voxels.

use super::Cover;
use super::form::Solid;
use super::frame::{Frame, center_offset};
use super::round::distance_cover;
use crate::voxel::{Mask, Point};

/// A line through points, in world coordinates.
#[derive(Clone, Debug)]
pub(super) enum Path {
    /// All points within `reach` of the segments.
    Thick { segments: Vec<Segment>, reach: f64 },
    /// The voxels nearest to the segments, one a step along each segment's longest axis.
    Thin { steps: Vec<Steps> },
}

impl Path {
    pub(super) fn thick(points: &[Point], radius: f64) -> Path {
        let offset = center_offset(radius);
        let place = |point: &Point| point.array().map(|value| f64::from(value) + offset);
        let segments = pairs(points).map(|(a, b)| Segment { from: place(&a), to: place(&b) });
        Path::Thick { segments: segments.collect(), reach: radius + 0.5 }
    }

    pub(super) fn thin(points: &[Point]) -> Path {
        Path::Thin { steps: pairs(points).map(|(a, b)| Steps::new(a, b)).collect() }
    }

    pub(super) fn shrunk(&self, wall: f64) -> Option<Path> {
        match self {
            Path::Thick { segments, reach } if *reach > wall => {
                Some(Path::Thick { segments: segments.clone(), reach: reach - wall })
            }
            _ => None,
        }
    }
}

/// Neighbouring points; a single point pairs with itself.
fn pairs(points: &[Point]) -> impl Iterator<Item = (Point, Point)> + '_ {
    let alone = if points.len() == 1 { points } else { &[] };
    points.windows(2).map(|pair| (pair[0], pair[1])).chain(alone.iter().map(|&p| (p, p)))
}

/// The straight line between two points.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    from: [f64; 3],
    to: [f64; 3],
}

impl Segment {
    fn distance_squared(&self, at: [f64; 3]) -> f64 {
        let along = [0, 1, 2].map(|i| self.to[i] - self.from[i]);
        let off = [0, 1, 2].map(|i| at[i] - self.from[i]);
        let dot = |a: [f64; 3], b: [f64; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
        let length = dot(along, along);
        let part = if length > 0.0 { (dot(off, along) / length).clamp(0.0, 1.0) } else { 0.0 };
        let apart = [0, 1, 2].map(|i| off[i] - along[i] * part);
        dot(apart, apart)
    }
}

/// The voxels of a thin line: one for each step along the longest axis.
#[derive(Clone, Debug)]
pub(super) struct Steps {
    from: [i64; 3],
    delta: [i64; 3],
    /// The longest axis.
    main: usize,
}

impl Steps {
    fn new(from: Point, to: Point) -> Steps {
        let (from, to) = (from.array().map(i64::from), to.array().map(i64::from));
        let delta: [i64; 3] = std::array::from_fn(|i| to[i] - from[i]);
        let main = (0..3).max_by_key(|&i| (delta[i].abs(), 2 - i)).unwrap_or(0);
        Steps { from, delta, main }
    }

    /// The voxel after some steps: the nearest to the line, halves rounded up.
    fn voxel(&self, step: i64) -> [i64; 3] {
        let length = i128::from(self.delta[self.main].abs().max(1));
        std::array::from_fn(|i| {
            let twice = 2 * i128::from(self.delta[i]) * i128::from(step) + length;
            self.from[i] + twice.div_euclid(2 * length) as i64
        })
    }

    /// Sets the bits of the voxels within a block.
    fn mark(&self, mask: &mut Mask, origin: [i64; 3]) {
        let (start, sign) = (self.from[self.main], self.delta[self.main].signum());
        let low = origin[self.main];
        let ends = [(low - start) * sign, (low + 15 - start) * sign];
        let last = self.delta[self.main].abs();
        let (first, end) = (ends[0].min(ends[1]).max(0), ends[0].max(ends[1]).min(last));
        for step in first..=end {
            let voxel = self.voxel(step);
            let inside: [i64; 3] = std::array::from_fn(|i| voxel[i] - origin[i]);
            if inside.iter().all(|offset| (0..16).contains(offset)) {
                let index = (inside[0] | inside[1] << 4 | inside[2] << 8) as usize;
                mask[index >> 6] |= 1 << (index & 63);
            }
        }
    }

    /// Whether the box around the line meets a box (centre and half extents).
    fn meets(&self, center: [f64; 3], half: [f64; 3]) -> bool {
        (0..3).all(|i| {
            let ends = [self.from[i], self.from[i] + self.delta[i]].map(|end| end as f64 + 0.5);
            let (low, high) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
            center[i] + half[i] >= low && center[i] - half[i] <= high
        })
    }
}

const BLOCK_HALF: f64 = 7.5;

fn block_center(origin: [f64; 3]) -> [f64; 3] {
    origin.map(|value| value + 8.0)
}

fn diagonal(half: [f64; 3]) -> f64 {
    half.iter().map(|length| length * length).sum::<f64>().sqrt()
}

impl Solid for Path {
    fn contains(&self, at: [f64; 3]) -> bool {
        match self {
            Path::Thick { segments, reach } => {
                segments.iter().any(|segment| segment.distance_squared(at) <= reach * reach)
            }
            Path::Thin { steps } => {
                let origin = at.map(|value| value.floor() as i64);
                steps.iter().any(|steps| {
                    let mut mask = [0; 64];
                    steps.mark(&mut mask, origin);
                    mask[0] & 1 == 1
                })
            }
        }
    }

    fn cover(&self, center: [f64; 3], half: [f64; 3]) -> Cover {
        match self {
            Path::Thick { segments, reach } => {
                let distances = segments.iter().map(|segment| segment.distance_squared(center));
                let nearest = distances.fold(f64::INFINITY, f64::min).sqrt();
                distance_cover(nearest, diagonal(half), *reach)
            }
            Path::Thin { steps } => {
                let meets = steps.iter().any(|steps| steps.meets(center, half));
                if meets { Cover::Rim } else { Cover::Outside }
            }
        }
    }

    fn extent(&self) -> ([f64; 3], [f64; 3]) {
        let corners = |ends: &[[f64; 3]], reach: f64| {
            let side = |i: usize, pick: fn(f64, f64) -> f64, start: f64| {
                ends.iter().fold(start, |bound, end| pick(bound, end[i]))
            };
            (
                [0, 1, 2].map(|i| side(i, f64::min, f64::INFINITY) - reach),
                [0, 1, 2].map(|i| side(i, f64::max, f64::NEG_INFINITY) + reach),
            )
        };
        match self {
            Path::Thick { segments, reach } => {
                let ends: Vec<_> = segments.iter().flat_map(|s| [s.from, s.to]).collect();
                corners(&ends, *reach)
            }
            Path::Thin { steps } => {
                let end = |s: &Steps, step: i64| s.voxel(step).map(|value| value as f64 + 0.5);
                let ends: Vec<_> =
                    steps.iter().flat_map(|s| [end(s, 0), end(s, s.delta[s.main].abs())]).collect();
                corners(&ends, 0.5)
            }
        }
    }

    fn mask(&self, _frame: &Frame, origin: [f64; 3]) -> Mask {
        let mut mask = [0; 64];
        match self {
            Path::Thin { steps } => {
                let corner = origin.map(|value| value as i64);
                steps
                    .iter()
                    .filter(|steps| steps.meets(block_center(origin), [BLOCK_HALF; 3]))
                    .for_each(|steps| steps.mark(&mut mask, corner));
            }
            Path::Thick { segments, reach } => {
                let far = reach + diagonal([BLOCK_HALF; 3]) + 1e-6;
                for segment in segments {
                    if segment.distance_squared(block_center(origin)) <= far * far {
                        mark_segment(&mut mask, segment, *reach, origin);
                    }
                }
            }
        }
        mask
    }
}

fn mark_segment(mask: &mut Mask, segment: &Segment, reach: f64, origin: [f64; 3]) {
    for index in 0..4096usize {
        let offset = [index & 15, index >> 4 & 15, index >> 8];
        let at = [0, 1, 2].map(|i| origin[i] + offset[i] as f64 + 0.5);
        let inside = segment.distance_squared(at) <= reach * reach;
        mask[index >> 6] |= u64::from(inside) << (index & 63);
    }
}
