//! The round forms: ellipsoid, cylinder, cone and torus.
//!
//! Ellipsoids and cylinders are tested in a form without division, so that the outcome is exact as
//! long as the products fit in 53 bits (balls up to millions of voxels wide, others up to
//! hundreds).

use super::Cover;
use super::form::{Solid, Taper, mask_by_points, mask_by_rows, run, slab_cover, span, taper_cover};
use super::frame::Frame;
use crate::voxel::Mask;

fn square(value: f64) -> f64 {
    value * value
}

/// Least and greatest distance from 0 of an interval.
fn reach(center: f64, half: f64) -> (f64, f64) {
    ((center.abs() - half).max(0.0), center.abs() + half)
}

/// An ellipsoid.
#[derive(Clone, Debug)]
pub(super) struct Ellipsoid {
    half: [f64; 3],
    /// Weights of the squares: a point belongs to it if their sum is at most `limit`.
    weights: [f64; 3],
    limit: f64,
}

impl Ellipsoid {
    pub(super) fn new(half: [f64; 3]) -> Ellipsoid {
        let squares = half.map(square);
        if half[0] == half[1] && half[1] == half[2] {
            return Ellipsoid { half, weights: [1.0; 3], limit: squares[0] };
        }
        let [a, b, c] = squares;
        Ellipsoid { half, weights: [b * c, a * c, a * b], limit: a * b * c }
    }

    pub(super) fn half(&self) -> [f64; 3] {
        self.half
    }

    pub(super) fn is_sphere(&self) -> bool {
        self.weights == [1.0; 3]
    }

    fn sum(&self, at: [f64; 3]) -> f64 {
        (0..3).map(|axis| square(at[axis]) * self.weights[axis]).sum()
    }
}

impl Solid for Ellipsoid {
    fn contains(&self, at: [f64; 3]) -> bool {
        self.sum(at) <= self.limit
    }

    fn cover(&self, center: [f64; 3], half: [f64; 3]) -> Cover {
        let reaches = [0, 1, 2].map(|axis| reach(center[axis], half[axis]));
        if self.sum(reaches.map(|(near, _)| near)) > self.limit {
            Cover::Outside
        } else if self.sum(reaches.map(|(_, far)| far)) <= self.limit {
            Cover::Inside
        } else {
            Cover::Rim
        }
    }

    fn extent(&self) -> ([f64; 3], [f64; 3]) {
        (self.half.map(|length| -length), self.half)
    }

    fn mask(&self, frame: &Frame, origin: [f64; 3]) -> Mask {
        if !frame.is_aligned() {
            return mask_by_points(self, frame, origin);
        }
        let [x, first_y, first_z] = frame.local_of(origin.map(|value| value + 0.5));
        let scale = 1.0 / self.weights[0];
        mask_by_rows(|y, z| {
            let (y, z) = (first_y + f64::from(y), first_z + f64::from(z));
            let left = self.limit - square(y) * self.weights[1] - square(z) * self.weights[2];
            if left < 0.0 {
                return 0;
            }
            self.settled(span(x, (left * scale).sqrt()), [x, y, z])
        })
    }
}

impl Ellipsoid {
    /// Corrects the ends of a span, which a square root may have put one voxel off, by asking the
    /// exact test.
    #[inline]
    fn settled(&self, bits: u16, [x, y, z]: [f64; 3]) -> u16 {
        if bits == 0 {
            return 0;
        }
        let inside = |index: u32| self.contains([x + f64::from(index), y, z]);
        let (mut first, mut end) = (bits.trailing_zeros(), 16 - bits.leading_zeros());
        if !inside(first) {
            first += 1;
        } else if first > 0 && inside(first - 1) {
            first -= 1;
        }
        if end < 16 && inside(end) {
            end += 1;
        } else if end > first && !inside(end - 1) {
            end -= 1;
        }
        if end <= first { 0 } else { run(first, end) }
    }
}

/// An elliptic cylinder along local z.
#[derive(Clone, Debug)]
pub(super) struct Cylinder {
    pub(super) half: [f64; 3],
}

fn in_ellipse([a, b]: [f64; 2], x: f64, y: f64) -> bool {
    if a == b {
        return square(x) + square(y) <= square(a);
    }
    square(x) * square(b) + square(y) * square(a) <= square(a) * square(b)
}

fn ellipse_cover(widths: [f64; 2], center: &[f64], half: &[f64]) -> Cover {
    let [(near_x, far_x), (near_y, far_y)] = [0, 1].map(|axis| reach(center[axis], half[axis]));
    if !in_ellipse(widths, near_x, near_y) {
        Cover::Outside
    } else if in_ellipse(widths, far_x, far_y) {
        Cover::Inside
    } else {
        Cover::Rim
    }
}

impl Solid for Cylinder {
    fn contains(&self, at: [f64; 3]) -> bool {
        at[2].abs() <= self.half[2] && in_ellipse([self.half[0], self.half[1]], at[0], at[1])
    }

    fn cover(&self, center: [f64; 3], half: [f64; 3]) -> Cover {
        let along = slab_cover(&self.half[2..], &center[2..], &half[2..]);
        let across = ellipse_cover([self.half[0], self.half[1]], &center[..2], &half[..2]);
        match (along, across) {
            (Cover::Outside, _) | (_, Cover::Outside) => Cover::Outside,
            (Cover::Inside, Cover::Inside) => Cover::Inside,
            _ => Cover::Rim,
        }
    }

    fn extent(&self) -> ([f64; 3], [f64; 3]) {
        (self.half.map(|length| -length), self.half)
    }
}

/// An elliptic cone along local z.
#[derive(Clone, Debug)]
pub(super) struct Cone {
    pub(super) taper: Taper,
}

impl Solid for Cone {
    fn contains(&self, at: [f64; 3]) -> bool {
        at[2].abs() <= self.taper.half[2] && in_ellipse(self.taper.at(at[2]), at[0], at[1])
    }

    fn cover(&self, center: [f64; 3], half: [f64; 3]) -> Cover {
        taper_cover(&self.taper, center, half, ellipse_cover)
    }

    fn extent(&self) -> ([f64; 3], [f64; 3]) {
        (self.taper.half.map(|length| -length), self.taper.half)
    }
}

/// A ring about local z.
#[derive(Clone, Debug)]
pub(super) struct Torus {
    /// From the centre to the middle of the tube.
    pub(super) radius: f64,
    /// Half the thickness of the tube.
    pub(super) tube: f64,
}

impl Torus {
    pub(super) fn shrunk(&self, wall: f64) -> Option<Torus> {
        (self.tube > wall).then_some(Torus { tube: self.tube - wall, ..*self })
    }

    fn distance(&self, at: [f64; 3]) -> f64 {
        let across = (square(at[0]) + square(at[1])).sqrt() - self.radius;
        (square(across) + square(at[2])).sqrt()
    }
}

impl Solid for Torus {
    fn contains(&self, at: [f64; 3]) -> bool {
        self.distance(at) <= self.tube
    }

    fn cover(&self, center: [f64; 3], half: [f64; 3]) -> Cover {
        let diagonal = half.iter().map(|&length| square(length)).sum::<f64>().sqrt();
        distance_cover(self.distance(center), diagonal, self.tube)
    }

    fn extent(&self) -> ([f64; 3], [f64; 3]) {
        let across = self.radius + self.tube;
        ([-across, -across, -self.tube], [across, across, self.tube])
    }
}

/// What "all points within `limit`" does to a ball of points: no distance in it differs from that
/// of its centre by more than its radius.
pub(super) fn distance_cover(distance: f64, radius: f64, limit: f64) -> Cover {
    const SLACK: f64 = 1e-6;
    if distance - radius > limit + SLACK {
        Cover::Outside
    } else if distance + radius <= limit - SLACK {
        Cover::Inside
    } else {
        Cover::Rim
    }
}
