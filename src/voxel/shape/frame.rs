//! Where a shape lies and which way it points.

use super::super::{Bounds, Point, sin_cos};

/// One of the three axes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub enum Axis {
    /// To the right.
    X,
    /// Away from the viewer.
    Y,
    /// Up.
    #[default]
    Z,
}

impl Axis {
    /// The three axes.
    pub const ALL: [Axis; 3] = [Axis::X, Axis::Y, Axis::Z];

    /// 0, 1 or 2.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The world axes that local x, y and z lie on when local z lies on this axis. The order keeps
    /// the hand.
    const fn local_order(self) -> [usize; 3] {
        match self {
            Axis::X => [1, 2, 0],
            Axis::Y => [2, 0, 1],
            Axis::Z => [0, 1, 2],
        }
    }
}

type Matrix = [[f64; 3]; 3];

/// A rotation, as an orthonormal matrix of rows.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rotation {
    rows: Matrix,
}

impl Rotation {
    /// Counter-clockwise about an axis (seen with the axis pointing at the viewer), in degrees.
    /// Multiples of 90 are exact.
    pub fn about(axis: Axis, degrees: f64) -> Rotation {
        let (sin, cos) = sin_cos_degrees(degrees);
        let [x, y, z] = axis.local_order();
        let mut rows = [[0.0; 3]; 3];
        rows[x][x] = cos;
        rows[x][y] = -sin;
        rows[y][x] = sin;
        rows[y][y] = cos;
        rows[z][z] = 1.0;
        Rotation { rows }
    }

    /// Rotations about x, then y, then z, in degrees.
    pub fn euler(degrees: [f64; 3]) -> Rotation {
        let [x, y, z] = degrees;
        Rotation::about(Axis::X, x)
            .then(&Rotation::about(Axis::Y, y))
            .then(&Rotation::about(Axis::Z, z))
    }

    /// Where a vector goes.
    pub fn apply(&self, vector: [f64; 3]) -> [f64; 3] {
        apply(&self.rows, vector)
    }

    /// Whether it takes axes to axes.
    pub(super) fn is_quarter_turns(&self) -> bool {
        self.rows.iter().flatten().all(|value| value.fract() == 0.0)
    }

    /// This rotation followed by another.
    pub fn then(&self, next: &Rotation) -> Rotation {
        Rotation { rows: product(&next.rows, &self.rows) }
    }
}

fn sin_cos_degrees(degrees: f64) -> (f64, f64) {
    let turn = degrees.rem_euclid(360.0);
    match turn {
        0.0 => (0.0, 1.0),
        90.0 => (1.0, 0.0),
        180.0 => (0.0, -1.0),
        270.0 => (-1.0, 0.0),
        _ => sin_cos(turn.to_radians()),
    }
}

fn product(a: &Matrix, b: &Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
}

fn transposed(m: &Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| m[j][i]))
}

fn apply(m: &Matrix, v: [f64; 3]) -> [f64; 3] {
    [0, 1, 2].map(|i| m[i][0] * v[0] + m[i][1] * v[1] + m[i][2] * v[2])
}

/// A frame of reference: centre and orientation of a form.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Frame {
    center: [f64; 3],
    /// World to local.
    rows: Matrix,
}

const IDENTITY: Matrix = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

fn orientation(axis: Axis) -> Matrix {
    let order = axis.local_order();
    std::array::from_fn(|local| std::array::from_fn(|world| f64::from(order[local] == world)))
}

impl Frame {
    /// World coordinates themselves.
    pub(super) const WORLD: Frame = Frame { center: [0.0; 3], rows: IDENTITY };

    /// The frame of a form that fills a box, and its half extents in that frame.
    pub(super) fn of_bounds(bounds: Bounds, axis: Axis) -> (Frame, [f64; 3]) {
        let center = std::array::from_fn(|i| (bounds.min[i] + bounds.max[i]) as f64 / 2.0);
        let half = bounds.dimensions().map(|length| length as f64 / 2.0);
        let rows = orientation(axis);
        (Frame { center, rows }, apply(&rows, half))
    }

    /// The frame of a form that reaches 2 r + 1 voxels about a voxel, and its half extents.
    pub(super) fn around(center: Point, radii: [f64; 3], axis: Axis) -> (Frame, [f64; 3]) {
        let world = center.array();
        let center = std::array::from_fn(|i| f64::from(world[i]) + center_offset(radii[i]));
        let rows = orientation(axis);
        (Frame { center, rows }, apply(&rows, radii.map(|radius| radius + 0.5)))
    }

    pub(super) fn rotated(&self, rotation: &Rotation) -> Frame {
        Frame { rows: product(&self.rows, &transposed(&rotation.rows)), ..*self }
    }

    /// Moves by half a voxel along the axes on which the local box with these corners lies between
    /// voxels: where a quarter turn has put an even length in place of an odd one, or the other way
    /// round. An even length then has the voxel right of the middle at its centre, as in
    /// [`Bounds::centered`].
    pub(super) fn on_the_grid(&self, min: [f64; 3], max: [f64; 3]) -> Frame {
        let (low, high) = self.extent_to_world(min, max);
        let mut frame = *self;
        for axis in 0..3 {
            let is_even = (high[axis] - low[axis]).rem_euclid(2.0) == 0.0;
            if low[axis].rem_euclid(1.0) == 0.5 {
                frame.center[axis] += if is_even { -0.5 } else { 0.5 };
            }
        }
        frame
    }

    pub(super) fn is_aligned(&self) -> bool {
        self.rows == IDENTITY
    }

    pub(super) fn local_of(&self, world: [f64; 3]) -> [f64; 3] {
        apply(&self.rows, [0, 1, 2].map(|i| world[i] - self.center[i]))
    }

    /// A local box that holds the world box with this centre and half extents.
    pub(super) fn box_to_local(&self, center: [f64; 3], half: [f64; 3]) -> ([f64; 3], [f64; 3]) {
        (self.local_of(center), apply(&self.rows.map(|row| row.map(f64::abs)), half))
    }

    /// The corners of a world box that holds the local box with these corners.
    pub(super) fn extent_to_world(&self, min: [f64; 3], max: [f64; 3]) -> ([f64; 3], [f64; 3]) {
        let center = [0, 1, 2].map(|i| (min[i] + max[i]) / 2.0);
        let half = [0, 1, 2].map(|i| (max[i] - min[i]) / 2.0);
        let back = transposed(&self.rows);
        let center = apply(&back, center);
        let half = apply(&back.map(|row| row.map(f64::abs)), half);
        (
            [0, 1, 2].map(|i| self.center[i] + center[i] - half[i]),
            [0, 1, 2].map(|i| self.center[i] + center[i] + half[i]),
        )
    }
}

/// From a voxel's lowest corner to the centre of a form of this radius about it: 0 where 2 r + 1 is
/// an even number, so that the form covers whole voxels, else the middle of the voxel.
pub(super) fn center_offset(radius: f64) -> f64 {
    if (2.0 * radius + 1.0) % 2.0 == 0.0 { 0.0 } else { 0.5 }
}
