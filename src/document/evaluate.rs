//! Voxels of the layers that have none of their own: shapes and clones of other layers.
//!
//! The rules are Goxel's. A shape fills the cells whose centre lies inside it and inside the canvas. A
//! clone takes, for each cell p, the base's voxel at the cell nearest to inverse(matrix) * p. Unlike in
//! Goxel a clone may stand below its base, and no cell is lost at the edge of a block.

use super::matrix::dot;
use super::{Document, Layer, LayerContent, LayerId, Matrix, ShapeKind};
use crate::voxel::{BLOCK_VOXELS, BlockPos, Bounds, Rgba, Volume};

/// The most blocks that all clone and shape layers of a document together may need (1 GiB if stored
/// flat, about a second of work).
pub const EVALUATED_BLOCKS_LIMIT: u64 = 1 << 16;
/// How many blocks may be looked at for each that may be computed.
const VISITS_PER_BLOCK: u64 = 16;

/// Why a layer could not be evaluated. Its voxels are empty then; its definition is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvaluationProblem {
    /// The layer.
    pub layer: LayerId,
    /// What is wrong with it, as the end of a sentence that begins with the layer.
    pub reason: String,
}

impl Document {
    /// Computes the voxels of all clone and shape layers anew, bases before their clones. Does nothing
    /// where there are no such layers.
    pub fn evaluate(&mut self) -> Vec<EvaluationProblem> {
        self.evaluate_within(EVALUATED_BLOCKS_LIMIT)
    }

    /// The same with another limit on the blocks that all those layers together may need.
    pub fn evaluate_within(&mut self, max_blocks: u64) -> Vec<EvaluationProblem> {
        let is_computed = |layer: &Layer| {
            matches!(layer.content, LayerContent::Clone { .. } | LayerContent::Shape { .. })
        };
        if !self.layers.iter().any(is_computed) {
            return Vec::new();
        }
        let mut effort = Effort::new(max_blocks);
        let mut problems = Vec::new();
        let mut waiting: Vec<usize> =
            (0..self.layers.len()).filter(|&index| is_computed(&self.layers[index])).collect();
        while !waiting.is_empty() {
            let ids: Vec<LayerId> = waiting.iter().map(|&index| self.layers[index].id).collect();
            let blocked = |content: &LayerContent| match content {
                LayerContent::Clone { base } => ids.contains(base),
                _ => false,
            };
            let (later, mut now): (Vec<usize>, Vec<usize>) =
                waiting.iter().partition(|&&index| blocked(&self.layers[index].content));
            if now.is_empty() {
                // Only clones of each other are left.
                now = later.clone();
                now.iter().for_each(|&index| self.layers[index].volume = Volume::new());
                let circle = |&index: &usize| EvaluationProblem {
                    layer: self.layers[index].id,
                    reason: "is a clone of itself, directly or through others".to_owned(),
                };
                problems.extend(now.iter().map(circle));
                return problems;
            }
            for &index in &now {
                let id = self.layers[index].id;
                let (volume, reason) = match self.evaluate_layer(index, &mut effort) {
                    Ok(volume) => (volume, None),
                    Err(reason) => (Volume::new(), Some(reason)),
                };
                replace_volume(&mut self.layers[index].volume, volume);
                problems.extend(reason.map(|reason| EvaluationProblem { layer: id, reason }));
            }
            waiting = later;
        }
        problems
    }

    fn evaluate_layer(&self, index: usize, effort: &mut Effort) -> Result<Volume, String> {
        let layer = &self.layers[index];
        match layer.content {
            LayerContent::Shape { kind, color } => {
                evaluate_shape(kind, color, &layer.matrix, &self.canvas, effort)
            }
            LayerContent::Clone { base } => match self.layer(base) {
                Some(base) => resample(&base.volume, &layer.matrix, effort),
                None => Err("is a clone of a layer that does not exist".to_owned()),
            },
            LayerContent::Voxels | LayerContent::Image { .. } => Ok(layer.volume.clone()),
        }
    }
}

/// Puts new voxels in place block by block, so that a recording of marks sees what changes.
fn replace_volume(old: &mut Volume, new: Volume) {
    let gone: Vec<BlockPos> =
        old.blocks().map(|(at, _)| at).filter(|&at| new.block(at).is_none()).collect();
    gone.into_iter().for_each(|at| old.remove_block(at));
    let (mut before, mut after) = ([Rgba::EMPTY; BLOCK_VOXELS], [Rgba::EMPTY; BLOCK_VOXELS]);
    for (at, block) in new.blocks() {
        let same = old.block(at).is_some_and(|current| {
            if current.version() == block.version() {
                return true;
            }
            current.copy_to(&mut before);
            block.copy_to(&mut after);
            before == after
        });
        if !same {
            old.share_block(at, block);
        }
    }
}

/// The voxels of a shape that fills the image of the cube from -1 to 1, clipped to a box.
fn evaluate_shape(
    kind: ShapeKind,
    color: Rgba,
    matrix: &Matrix,
    canvas: &Bounds,
    effort: &mut Effort,
) -> Result<Volume, String> {
    let mut volume = Volume::new();
    let Some(shape) = LocalFrame::new(matrix) else { return Ok(volume) };
    let Some(bounds) = image_of_cube(matrix).and_then(|bounds| bounds.intersect(canvas)) else {
        return Ok(volume);
    };
    for at in positions(effort.visit(&bounds)?) {
        let origin = at.origin().array().map(i64::from);
        if !shape.reaches_block(origin) {
            continue;
        }
        effort.compute_block()?;
        let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
        let mut any = false;
        for (index, voxel) in voxels.iter_mut().enumerate() {
            let cell = cell(origin, index);
            let center = cell.map(|value| value as f64 + 0.5);
            let inside = (0..3).all(|i| bounds.min[i] <= cell[i] && cell[i] < bounds.max[i]);
            if inside && shape.holds(kind, center) {
                *voxel = color;
                any = true;
            }
        }
        if any {
            volume.set_block(at, &voxels);
        }
    }
    Ok(volume)
}

/// A shape's axes as unit vectors, with half its size along each.
struct LocalFrame {
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

    /// Whether a block may hold a part of the shape: its centre is no further out than half its diagonal.
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

/// The base's voxels seen through a matrix.
fn resample(base: &Volume, matrix: &Matrix, effort: &mut Effort) -> Result<Volume, String> {
    if *matrix == Matrix::IDENTITY {
        return Ok(base.clone());
    }
    let mut volume = Volume::new();
    let Some(source) = base.bounds() else { return Ok(volume) };
    let inverse = matrix.is_finite().then(|| matrix.inverse()).flatten();
    let inverse = inverse.ok_or("has a matrix that flattens its base")?;
    let target = image_of_bounds(matrix, &source).ok_or("lies beyond the addressable voxels")?;
    for at in positions(effort.visit(&target)?) {
        let origin = at.origin().array().map(i64::from);
        if !touches(base, &source, origin, &inverse) {
            continue;
        }
        effort.compute_block()?;
        let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
        for (index, voxel) in voxels.iter_mut().enumerate() {
            let from = inverse.transform(cell(origin, index).map(|value| value as f64));
            let from = from.map(|value| value.round() as i64);
            if (0..3).all(|i| source.min[i] <= from[i] && from[i] < source.max[i]) {
                *voxel = base.get(from.map(|value| value as i32).into());
            }
        }
        if voxels.iter().any(|voxel| !voxel.is_empty()) {
            volume.set_block(at, &voxels);
        }
    }
    Ok(volume)
}

/// Whether the base has a block anywhere near the part that a target block is taken from.
fn touches(
    base: &Volume,
    source: &Bounds,
    origin: [i64; 3],
    inverse: &super::matrix::Affine,
) -> bool {
    let corners = (0..8).map(|corner| {
        let corner = [0, 1, 2].map(|axis| origin[axis] + 15 * i64::from(corner >> axis & 1));
        inverse.transform(corner.map(|value| value as f64))
    });
    let Some(part) = around(corners).and_then(|part| part.intersect(source)) else { return false };
    let (low, high) = (part.min.map(|v| v >> 4), part.max_inside().map(|v| v >> 4));
    let count: i64 = (0..3).map(|axis| high[axis] - low[axis] + 1).product();
    count > 64 || positions((low, high)).any(|at| base.block(at).is_some())
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

fn image_of_bounds(matrix: &Matrix, bounds: &Bounds) -> Option<Bounds> {
    let corners = [bounds.min, bounds.max_inside()];
    around((0..8).map(|corner| {
        let point = [0, 1, 2].map(|axis| corners[corner >> axis & 1][axis] as f64);
        // Half a cell to each side still rounds to the corner.
        let half = |axis: usize| if corner >> axis & 1 == 1 { 0.5 } else { -0.5 };
        matrix.transform([0, 1, 2].map(|axis| point[axis] + half(axis)))
    }))
}

type BlockRange = ([i64; 3], [i64; 3]);

/// What evaluating may still cost.
struct Effort {
    max_blocks: u64,
    blocks: u64,
    visits: u64,
}

impl Effort {
    fn new(max_blocks: u64) -> Self {
        let visits = max_blocks.saturating_mul(VISITS_PER_BLOCK);
        Effort { max_blocks, blocks: max_blocks, visits }
    }

    /// The first and last block of a box in each direction, if there are not too many between them.
    fn visit(&mut self, bounds: &Bounds) -> Result<BlockRange, String> {
        let (low, high) = (bounds.min.map(|v| v >> 4), bounds.max_inside().map(|v| v >> 4));
        let count: u128 = (0..3).map(|axis| (high[axis] - low[axis] + 1) as u128).product();
        let left = u64::try_from(count).ok().and_then(|count| self.visits.checked_sub(count));
        self.visits = left.ok_or_else(|| format!("spans {count} blocks, which is too many"))?;
        Ok((low, high))
    }

    fn compute_block(&mut self) -> Result<(), String> {
        let left = self.blocks.checked_sub(1);
        self.blocks = left.ok_or_else(|| {
            format!("needs too many blocks: {} are the limit for all such layers", self.max_blocks)
        })?;
        Ok(())
    }
}

fn positions((low, high): BlockRange) -> impl Iterator<Item = BlockPos> {
    (low[2]..=high[2]).flat_map(move |z| {
        (low[1]..=high[1]).flat_map(move |y| {
            (low[0]..=high[0]).map(move |x| BlockPos { x: x as i32, y: y as i32, z: z as i32 })
        })
    })
}

fn cell(origin: [i64; 3], index: usize) -> [i64; 3] {
    let index = index as i64;
    [origin[0] + (index & 15), origin[1] + (index >> 4 & 15), origin[2] + (index >> 8)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Layer;

    fn with_base_and_clone(matrix: Matrix) -> Document {
        let mut base = Layer::new(LayerId(1), "base");
        base.volume.set([0, 0, 0].into(), Rgba::opaque(1, 0, 0));
        base.volume.set([20, 3, -5].into(), Rgba::opaque(2, 0, 0));
        let mut copy = Layer::new(LayerId(2), "copy");
        copy.content = LayerContent::Clone { base: LayerId(1) };
        copy.matrix = matrix;
        Document::with_layers("", super::super::canvas_for_size([64; 3]), vec![copy, base])
    }

    fn cells(volume: &Volume) -> Vec<([i32; 3], Rgba)> {
        volume.voxels().map(|(point, color)| (point.array(), color)).collect()
    }

    #[test]
    fn a_moved_clone_holds_the_base_moved() {
        let mut matrix = Matrix::IDENTITY;
        matrix.0[3] = [5.0, -40.0, 3.0, 1.0];
        let mut document = with_base_and_clone(matrix);
        assert_eq!(document.evaluate(), vec![]);
        let copy = &document.layers()[0].volume;
        assert_eq!(copy.get([5, -40, 3].into()), Rgba::opaque(1, 0, 0));
        assert_eq!(copy.get([25, -37, -2].into()), Rgba::opaque(2, 0, 0));
        assert_eq!(copy.count(), 2);
    }

    #[test]
    fn a_clone_turned_by_half_loses_no_cell_at_a_block_edge() {
        let mut matrix = Matrix::IDENTITY;
        (matrix.0[0][0], matrix.0[1][1]) = (-1.0, -1.0);
        let mut document = with_base_and_clone(matrix);
        assert_eq!(document.evaluate(), vec![]);
        let copy = &document.layers()[0].volume;
        let expected =
            vec![([-20, -3, -5], Rgba::opaque(2, 0, 0)), ([0, 0, 0], Rgba::opaque(1, 0, 0))];
        assert_eq!(cells(copy), expected);
    }

    #[test]
    fn a_clone_at_double_size_rounds_half_away_from_zero_as_goxel_does() {
        let mut matrix = Matrix::IDENTITY;
        (0..3).for_each(|axis| matrix.0[axis][axis] = 2.0);
        let mut document = with_base_and_clone(matrix);
        assert_eq!(document.evaluate(), vec![]);
        let copy = &document.layers()[0].volume;
        // Only cell 0 rounds to the base's cell 0: half of 1 is already nearer to 1.
        assert_eq!(copy.bounds(), Bounds::new([0, 0, -10], [41, 7, 1]));
        assert_eq!(copy.count(), 1 + 8);
    }

    #[test]
    fn clones_in_a_circle_are_told_and_empty() {
        let mut document = with_base_and_clone(Matrix::IDENTITY);
        if let Some(base) = document.layer_mut(LayerId(1)) {
            base.content = LayerContent::Clone { base: LayerId(2) };
        }
        let problems = document.evaluate();
        assert_eq!(problems.len(), 2);
        assert!(document.layers().iter().all(|layer| layer.volume.is_empty()));
    }

    #[test]
    fn shapes_of_eight_have_goxels_counts() {
        for (kind, count) in
            [(ShapeKind::Sphere, 280), (ShapeKind::Cylinder, 416), (ShapeKind::Cube, 512)]
        {
            let bounds = Bounds { min: [-4, -4, 0], max: [4, 4, 8] };
            let matrix = Matrix::of_bounds(&bounds);
            let canvas = super::super::canvas_for_size([64; 3]);
            let volume = evaluate_shape(kind, Rgba::WHITE, &matrix, &canvas, &mut Effort::new(100));
            assert_eq!(volume.map(|volume| volume.count()), Ok(count), "{kind:?}");
        }
    }

    #[test]
    fn an_enormous_shape_is_refused_and_not_tried() {
        let mut matrix = Matrix::IDENTITY;
        (0..3).for_each(|axis| matrix.0[axis][axis] = 1e9);
        let effort = &mut Effort::new(1000);
        let shape = evaluate_shape(ShapeKind::Cube, Rgba::WHITE, &matrix, &Bounds::ALL, effort);
        assert!(shape.is_err());
    }
}
