//! The forms of shapes in their own frame, and the flat ones of them: box and pyramid.

use super::Cover;
use super::frame::Frame;
use super::path::Path;
use super::round::{Cone, Cylinder, Ellipsoid, Torus};
use crate::voxel::Mask;

/// A set of points in a local frame.
pub(super) trait Solid {
    /// Whether a point belongs to it.
    fn contains(&self, at: [f64; 3]) -> bool;

    /// What it does to a box with this centre and half extents. `Rim` is always correct.
    fn cover(&self, center: [f64; 3], half: [f64; 3]) -> Cover;

    /// Lowest and highest corner of a box around it.
    fn extent(&self) -> ([f64; 3], [f64; 3]);

    /// Which voxels of the block at this world corner belong to it.
    fn mask(&self, frame: &Frame, origin: [f64; 3]) -> Mask {
        mask_by_points(self, frame, origin)
    }
}

/// A mask by asking for each voxel.
pub(super) fn mask_by_points<S: Solid + ?Sized>(
    solid: &S,
    frame: &Frame,
    origin: [f64; 3],
) -> Mask {
    mask_by_rows(|y, z| {
        (0..16).fold(0, |bits, x| {
            let center = [x, y, z].map(|offset| f64::from(offset) + 0.5);
            let at = frame.local_of([0, 1, 2].map(|axis| origin[axis] + center[axis]));
            bits | u16::from(solid.contains(at)) << x
        })
    })
}

/// A mask from its rows, each given by y and z.
pub(super) fn mask_by_rows(row: impl Fn(u16, u16) -> u16) -> Mask {
    std::array::from_fn(|word| {
        let (y, z) = ((word as u16 & 3) * 4, word as u16 >> 2);
        (0..4).fold(0, |bits, part| bits | u64::from(row(y + part, z)) << (16 * part))
    })
}

/// Every kind of form.
#[derive(Clone, Debug)]
pub(super) enum Form {
    Cuboid(Cuboid),
    Ellipsoid(Ellipsoid),
    Cylinder(Cylinder),
    Cone(Cone),
    Pyramid(Pyramid),
    Torus(Torus),
    Path(Path),
}

macro_rules! each_form {
    ($form:expr, $solid:ident => $body:expr) => {
        match $form {
            Form::Cuboid($solid) => $body,
            Form::Ellipsoid($solid) => $body,
            Form::Cylinder($solid) => $body,
            Form::Cone($solid) => $body,
            Form::Pyramid($solid) => $body,
            Form::Torus($solid) => $body,
            Form::Path($solid) => $body,
        }
    };
}

impl Form {
    pub(super) fn cover(&self, center: [f64; 3], half: [f64; 3]) -> Cover {
        each_form!(self, solid => solid.cover(center, half))
    }

    pub(super) fn contains(&self, at: [f64; 3]) -> bool {
        each_form!(self, solid => solid.contains(at))
    }

    pub(super) fn extent(&self) -> ([f64; 3], [f64; 3]) {
        each_form!(self, solid => solid.extent())
    }

    pub(super) fn mask(&self, frame: &Frame, origin: [f64; 3]) -> Mask {
        each_form!(self, solid => solid.mask(frame, origin))
    }

    /// The form less a wall of this thickness; `None` if nothing would be left. Cones and pyramids
    /// stay as they are: their walls are as thick as steps along the axes make them.
    pub(super) fn shrunk(&self, wall: f64) -> Option<Form> {
        let less = |half: [f64; 3]| {
            half.iter().all(|&length| length > wall).then(|| half.map(|length| length - wall))
        };
        Some(match self {
            Form::Cuboid(solid) => Form::Cuboid(Cuboid { half: less(solid.half)? }),
            Form::Ellipsoid(solid) => Form::Ellipsoid(Ellipsoid::new(less(solid.half())?)),
            Form::Cylinder(solid) => Form::Cylinder(Cylinder { half: less(solid.half)? }),
            Form::Cone(_) | Form::Pyramid(_) => self.clone(),
            Form::Torus(solid) => Form::Torus(solid.shrunk(wall)?),
            Form::Path(solid) => Form::Path(solid.shrunk(wall)?),
        })
    }

    /// Whether all points between two points of it belong to it.
    pub(super) fn is_convex(&self) -> bool {
        !matches!(self, Form::Torus(_) | Form::Path(_))
    }

    /// Whether the shrunk form keeps the same distance everywhere.
    pub(super) fn is_even(&self) -> bool {
        match self {
            Form::Cuboid(_) => true,
            Form::Ellipsoid(solid) => solid.is_sphere(),
            _ => false,
        }
    }
}

/// What slabs along the three axes do to a box.
pub(super) fn slab_cover(slab: &[f64], center: &[f64], half: &[f64]) -> Cover {
    let sides = || slab.iter().zip(center.iter().zip(half));
    if sides().any(|(slab, (center, half))| center.abs() - half > *slab) {
        Cover::Outside
    } else if sides().all(|(slab, (center, half))| center.abs() + half <= *slab) {
        Cover::Inside
    } else {
        Cover::Rim
    }
}

/// A box.
#[derive(Clone, Debug)]
pub(super) struct Cuboid {
    pub(super) half: [f64; 3],
}

impl Solid for Cuboid {
    fn contains(&self, at: [f64; 3]) -> bool {
        (0..3).all(|axis| at[axis].abs() <= self.half[axis])
    }

    fn cover(&self, center: [f64; 3], half: [f64; 3]) -> Cover {
        slab_cover(&self.half, &center, &half)
    }

    fn extent(&self) -> ([f64; 3], [f64; 3]) {
        (self.half.map(|length| -length), self.half)
    }

    fn mask(&self, frame: &Frame, origin: [f64; 3]) -> Mask {
        if !frame.is_aligned() {
            return mask_by_points(self, frame, origin);
        }
        let first = frame.local_of(origin.map(|value| value + 0.5));
        let [x, y, z] = [0, 1, 2].map(|axis| span(first[axis], self.half[axis]));
        let row = u64::from(x) * 0x0001_0001_0001_0001;
        let rows = |part: usize| -> u64 {
            let bits = y >> (4 * part);
            let lane = |n: usize| if bits >> n & 1 == 1 { 0xffff << (16 * n) } else { 0 };
            (lane(0) | lane(1) | lane(2) | lane(3)) & row
        };
        let layer = [rows(0), rows(1), rows(2), rows(3)];
        std::array::from_fn(|word| if z >> (word >> 2) & 1 == 1 { layer[word & 3] } else { 0 })
    }
}

/// Bits of the 16 points `start`, `start + 1`, ... that lie within `reach` of 0.
#[inline]
pub(super) fn span(start: f64, reach: f64) -> u16 {
    let first = ceil_to_16(-reach - start);
    let end = floor_to_16(reach - start + 1.0);
    run(first, end)
}

/// The bits from `first` up to but not including `end`.
#[inline]
pub(super) fn run(first: u32, end: u32) -> u16 {
    let below = |end: u32| (1u32 << end) - 1;
    (below(end) & !below(first)) as u16
}

// `f64::ceil` and `floor` are calls into a library on plain x86-64; these are a few instructions.

#[inline]
fn ceil_to_16(value: f64) -> u32 {
    let value = value.clamp(0.0, 16.0);
    let cut = value as u32;
    cut + u32::from(f64::from(cut) < value)
}

#[inline]
fn floor_to_16(value: f64) -> u32 {
    value.clamp(0.0, 16.0) as u32
}

/// Half widths that shrink from the first layer to the last along local z.
#[derive(Clone, Debug)]
pub(super) struct Taper {
    pub(super) half: [f64; 3],
    /// Half widths of the last layer.
    tip: [f64; 2],
}

impl Taper {
    pub(super) fn new(half: [f64; 3]) -> Taper {
        let tip = |length: f64| -> f64 { if (2.0 * length) % 2.0 == 0.0 { 1.0 } else { 0.5 } };
        Taper { half, tip: [tip(half[0]).min(half[0]), tip(half[1]).min(half[1])] }
    }

    /// Half widths at a height.
    pub(super) fn at(&self, z: f64) -> [f64; 2] {
        let layers = 2.0 * self.half[2] - 1.0;
        let part = if layers > 0.0 { (z + self.half[2] - 0.5) / layers } else { 0.0 };
        [0, 1].map(|axis| self.half[axis] + (self.tip[axis] - self.half[axis]) * part + EDGE)
    }
}

/// A pyramid whose base is a rectangle.
#[derive(Clone, Debug)]
pub(super) struct Pyramid {
    pub(super) taper: Taper,
}

impl Solid for Pyramid {
    fn contains(&self, at: [f64; 3]) -> bool {
        let [x, y] = self.taper.at(at[2]);
        at[2].abs() <= self.taper.half[2] && at[0].abs() <= x && at[1].abs() <= y
    }

    fn cover(&self, center: [f64; 3], half: [f64; 3]) -> Cover {
        taper_cover(&self.taper, center, half, |widths, center, half| {
            slab_cover(&widths, center, half)
        })
    }

    fn extent(&self) -> ([f64; 3], [f64; 3]) {
        (self.taper.half.map(|length| -length), self.taper.half)
    }
}

/// Slack for widths that come out of a division: a layer of width 3.0000000001 is 3 wide.
const EDGE: f64 = 1e-9;

/// What a tapered form does to a box, given what a section with certain half widths does to it.
pub(super) fn taper_cover(
    taper: &Taper,
    center: [f64; 3],
    half: [f64; 3],
    section: impl Fn([f64; 2], &[f64], &[f64]) -> Cover,
) -> Cover {
    let along = slab_cover(&taper.half[2..], &center[2..], &half[2..]);
    if along == Cover::Outside {
        return Cover::Outside;
    }
    let low = (center[2] - half[2]).max(-taper.half[2]);
    let high = (center[2] + half[2]).min(taper.half[2]);
    let (center, half) = (&center[..2], &half[..2]);
    if section(taper.at(low), center, half) == Cover::Outside {
        return Cover::Outside;
    }
    match section(taper.at(high), center, half) {
        Cover::Inside if along == Cover::Inside => Cover::Inside,
        _ => Cover::Rim,
    }
}
