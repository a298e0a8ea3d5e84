//! What the voxels of a clone or a shape are, block by block.

use super::effort::{BlockRange, Effort};
use crate::document::matrix::{Affine, dot};
use crate::document::{Matrix, ShapeKind};
use crate::voxel::{BLOCK_VOXELS, Bounds, Rgba, Volume};

/// Where the voxels come from.
pub(super) enum Origin {
    /// A shape that fills the image of the cube from -1 to 1, clipped to a box.
    Shape { kind: ShapeKind, color: Rgba, frame: LocalFrame, clip: Bounds },
    /// A base seen through a matrix. `bounds` holds all its voxels.
    Base { base: Volume, bounds: Bounds, inverse: Affine },
}

/// An origin, and the blocks that its voxels can lie in.
pub(super) type Wanted = Option<(Origin, BlockRange)>;

/// What a shape is made of; nothing if it holds no voxel.
pub(super) fn of_shape(
    kind: ShapeKind,
    color: Rgba,
    matrix: &Matrix,
    canvas: &Bounds,
    effort: &mut Effort,
) -> Result<Wanted, String> {
    let Some(frame) = LocalFrame::new(matrix) else { return Ok(None) };
    let Some(clip) = image_of_cube(matrix).and_then(|bounds| bounds.intersect(canvas)) else {
        return Ok(None);
    };
    let range = effort.visit(&clip)?;
    Ok(Some((Origin::Shape { kind, color, frame, clip }, range)))
}

/// What a clone is made of; nothing if its base is empty.
pub(super) fn of_base(
    base: &Volume,
    matrix: &Matrix,
    effort: &mut Effort,
) -> Result<Wanted, String> {
    let Some(bounds) = base.bounds() else { return Ok(None) };
    let inverse = inverse_of(matrix).ok_or("has a matrix that flattens its base")?;
    let target = image_of_bounds(matrix, &bounds).ok_or("lies beyond the addressable voxels")?;
    let range = effort.visit(&target)?;
    Ok(Some((Origin::Base { base: base.clone(), bounds, inverse }, range)))
}

/// The way back through a matrix, if there is one.
pub(super) fn inverse_of(matrix: &Matrix) -> Option<Affine> {
    matrix.is_finite().then(|| matrix.inverse()).flatten()
}

impl Origin {
    /// Whether a block may hold voxels.
    pub(super) fn reaches(&self, origin: [i64; 3]) -> bool {
        match self {
            Origin::Shape { frame, .. } => frame.reaches_block(origin),
            Origin::Base { base, bounds, inverse } => touches(base, bounds, origin, inverse),
        }
    }

    /// The voxels of a block; false if there are none.
    pub(super) fn fill(&self, origin: [i64; 3], voxels: &mut [Rgba; BLOCK_VOXELS]) -> bool {
        let mut any = false;
        for (index, voxel) in voxels.iter_mut().enumerate() {
            *voxel = self.voxel(cell(origin, index));
            any |= !voxel.is_empty();
        }
        any
    }

    fn voxel(&self, cell: [i64; 3]) -> Rgba {
        match self {
            Origin::Shape { kind, color, frame, clip } => {
                let inside = (0..3).all(|i| clip.min[i] <= cell[i] && cell[i] < clip.max[i]);
                let center = cell.map(|value| value as f64 + 0.5);
                if inside && frame.holds(*kind, center) { *color } else { Rgba::EMPTY }
            }
            Origin::Base { base, inverse, .. } => sample(base, inverse, cell),
        }
    }
}

/// The voxel of a base that a cell of its clone shows.
pub(super) fn sample(base: &Volume, inverse: &Affine, cell: [i64; 3]) -> Rgba {
    let from = inverse.transform(cell.map(|value| value as f64));
    let from = from.map(|value| value.round() as i64);
    let is_addressable = from.iter().all(|&value| i32::try_from(value).is_ok());
    if is_addressable { base.get(from.map(|value| value as i32).into()) } else { Rgba::EMPTY }
}

/// A shape's axes as unit vectors, with half its size along each.
pub(super) struct LocalFrame {
    center: [f64; 3],
    axes: [[f64; 3]; 3],
    half: [f64; 3],
}

impl LocalFrame {
    fn new(matrix: &Matrix) -> Option<Self> {
        let columns = [0, 1, 2].map(|index| matrix.column(index));
        let half = columns.map(|column| dot(column, column).sqrt());
        let usable = matrix.is_finite() && half.iter().all(|&length| length > 0.0);
        let axes = std::array::from_fn(|i| columns[i].map(|value| value / half[i]));
        usable.then_some(LocalFrame { center: matrix.column(3), axes, half })
    }

    /// Whether a block may hold a part of the shape: its centre is no further out than half its
    /// diagonal.
    fn reaches_block(&self, origin: [i64; 3]) -> bool {
        let offset = std::array::from_fn(|i| origin[i] as f64 + 8.0 - self.center[i]);
        (0..3).all(|i| dot(self.axes[i], offset).abs() <= self.half[i] + 14.0)
    }

    fn holds(&self, kind: ShapeKind, point: [f64; 3]) -> bool {
        let offset = std::array::from_fn(|i| point[i] - self.center[i]);
        let local = self.axes.map(|axis| dot(axis, offset));
        let [x, y, z]: [f64; 3] = std::array::from_fn(|i| local[i] / self.half[i]);
        match kind {
            ShapeKind::Cube => (0..3).all(|i| -self.half[i] <= local[i] && local[i] < self.half[i]),
            ShapeKind::Sphere => x * x + y * y + z * z <= 1.0,
            ShapeKind::Cylinder => z.abs() <= 1.0 && x * x + y * y <= 1.0,
        }
    }
}

/// Whether the base has a block anywhere near the part that a target block is taken from.
fn touches(base: &Volume, source: &Bounds, origin: [i64; 3], inverse: &Affine) -> bool {
    let corners = (0..8).map(|corner| {
        let corner = [0, 1, 2].map(|axis| origin[axis] + 15 * i64::from(corner >> axis & 1));
        inverse.transform(corner.map(|value| value as f64))
    });
    let Some(part) = around(corners).and_then(|part| part.intersect(source)) else { return false };
    let (low, high) = (part.min.map(|v| v >> 4), part.max_inside().map(|v| v >> 4));
    let count: i64 = (0..3).map(|axis| high[axis] - low[axis] + 1).product();
    count > 64 || super::effort::positions((low, high)).any(|at| base.block(at).is_some())
}

/// The box around points, with room for rounding; `None` if it is not finite or far out.
fn around(points: impl Iterator<Item = [f64; 3]>) -> Option<Bounds> {
    let (mut min, mut max) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    for point in points {
        for axis in 0..3 {
            min[axis] = min[axis].min(point[axis]);
            max[axis] = max[axis].max(point[axis]);
        }
    }
    let min = min.map(|value| (value - 1.0).floor() as i64);
    let max = max.map(|value| (value + 2.0).ceil() as i64);
    Bounds::new(min, max)?.intersect(&Bounds::ALL)
}

fn image_of_cube(matrix: &Matrix) -> Option<Bounds> {
    around((0..8).map(|corner| {
        matrix.transform([0, 1, 2].map(|axis| if corner >> axis & 1 == 1 { 1.0 } else { -1.0 }))
    }))
}

/// The box that the image of a box lies in.
pub(super) fn image_of_bounds(matrix: &Matrix, bounds: &Bounds) -> Option<Bounds> {
    let corners = [bounds.min, bounds.max_inside()];
    around((0..8).map(|corner| {
        let point = [0, 1, 2].map(|axis| corners[corner >> axis & 1][axis] as f64);
        // Half a cell to each side still rounds to the corner.
        let half = |axis: usize| if corner >> axis & 1 == 1 { 0.5 } else { -0.5 };
        matrix.transform([0, 1, 2].map(|axis| point[axis] + half(axis)))
    }))
}

fn cell(origin: [i64; 3], index: usize) -> [i64; 3] {
    let index = index as i64;
    [origin[0] + (index & 15), origin[1] + (index >> 4 & 15), origin[2] + (index >> 8)]
}
