//! Voxels of the layers that have none of their own: shapes and clones of other layers.
//!
//! The rules are Goxel's. A shape fills the cells whose centre lies inside it and inside the
//! canvas. A clone takes, for each cell p, the base's voxel at the cell nearest to
//! `inverse(matrix) * p`. Unlike in Goxel a clone may stand below its base, and no cell is lost at
//! the edge of a block.
//!
//! An [`Evaluation`] goes on in units of about a block, so it may be cut into slices. It leaves
//! alone what cannot have changed since the document was evaluated last: layers whose matrix,
//! content and base are the same, and of a clone whose base changed a little all but the cells that
//! show the change.

mod effort;
mod order;
mod origin;
mod turned;
mod work;

use effort::Effort;
use order::Order;
use work::{Parts, Unit, Work};

use super::{Document, Layer, LayerContent, LayerId};
use crate::job::{Budget, Progress};
use crate::voxel::{Bounds, Volume};

/// The most blocks that all clone and shape layers of a document together may need (1 GiB if stored
/// flat, about a second of work).
pub const EVALUATED_BLOCKS_LIMIT: u64 = 1 << 16;
/// Blocks of a base that may have changed for a clone to be computed anew in parts only.
const MAX_PARTS: usize = 512;

/// Layers that are looked at in one unit of work.
const LAYERS_A_UNIT: usize = 16;

/// Why a layer could not be evaluated. Its voxels are empty then; its definition is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvaluationProblem {
    /// The layer.
    pub layer: LayerId,
    /// What is wrong with it, as the end of a sentence that begins with the layer.
    pub reason: String,
    /// Whether it had voxels before, which are gone now.
    pub was_shown: bool,
}

/// What is known of the document as it was evaluated last.
#[derive(Clone, Copy)]
pub enum Since {
    /// Nothing: all is computed.
    Nothing,
    /// What changed since is noted in the document's recording, but for the canvas.
    Recording {
        /// As it was.
        canvas: Bounds,
    },
    /// Only voxels changed, and the volumes' marks tell which.
    Marks,
}

/// The evaluation of a document under way. The document must not be changed otherwise until it
/// ends.
pub struct Evaluation {
    order: Order,
    /// A layer, by its place, and what is done about it.
    current: Option<(usize, Work)>,
    effort: Effort,
    problems: Vec<EvaluationProblem>,
    total: u64,
}

/// What is to be done about a layer.
enum Need {
    Nothing,
    Parts(Box<Parts>),
    All,
}

impl Document {
    /// Whether there are layers whose voxels are computed.
    pub fn has_computed_layers(&self) -> bool {
        !self.is_plain && self.layers.iter().any(Layer::is_computed)
    }

    /// The same, looking at each layer only if some may have changed since it was asked last.
    pub fn find_computed_layers(&mut self) -> bool {
        let any = self.has_computed_layers();
        self.is_plain = !any;
        any
    }

    /// Computes the voxels of all clone and shape layers anew, bases before their clones. Does
    /// nothing where there are no such layers.
    pub fn evaluate(&mut self) -> Vec<EvaluationProblem> {
        self.evaluate_within(EVALUATED_BLOCKS_LIMIT)
    }

    /// The same with another limit on the blocks that all those layers together may need.
    pub fn evaluate_within(&mut self, max_blocks: u64) -> Vec<EvaluationProblem> {
        let mut evaluation = Evaluation::within(self, max_blocks);
        while evaluation.step(self, Since::Nothing, &mut Budget::unlimited()) {}
        evaluation.into_problems()
    }

    /// The same in one go for a document that was evaluated before and has changed since.
    pub fn evaluate_since(&mut self, since: Since) -> Vec<EvaluationProblem> {
        let mut evaluation = Evaluation::new(self);
        while evaluation.step(self, since, &mut Budget::unlimited()) {}
        evaluation.into_problems()
    }
}

impl Evaluation {
    /// Of the clone and shape layers of a document.
    pub fn new(document: &Document) -> Self {
        Evaluation::within(document, EVALUATED_BLOCKS_LIMIT)
    }

    /// With another limit on the blocks that all those layers together may need.
    pub fn within(document: &Document, max_blocks: u64) -> Self {
        let order = Order::new(document);
        let (total, effort) = (order.left() as u64, Effort::new(max_blocks));
        Evaluation { order, current: None, effort, problems: Vec::new(), total }
    }

    /// Works until all is evaluated or the budget is spent; whether there is more to do.
    pub fn step(&mut self, document: &mut Document, since: Since, budget: &mut Budget) -> bool {
        loop {
            match self.current.take() {
                Some((place, mut work)) => match self.unit(document, place, &mut work) {
                    Ok(Unit::Done) => {}
                    Ok(Unit::More) => self.current = Some((place, work)),
                    Err(reason) => self.current = self.fail(document, place, reason),
                },
                None => self.find_work(document, since),
            }
            let goes_on = self.current.is_some() || self.order.left() > 0;
            if !goes_on || !budget.spend(1) {
                return goes_on;
            }
        }
    }

    fn unit(
        &mut self,
        document: &mut Document,
        place: usize,
        work: &mut Work,
    ) -> Result<Unit, String> {
        match document.layers.get_mut(place) {
            Some(layer) => {
                document.log.changing(layer);
                work.unit(&mut layer.volume, &mut self.effort)
            }
            None => Ok(Unit::Done),
        }
    }

    /// Notes why a layer could not be evaluated, and empties it.
    fn fail(&mut self, document: &Document, place: usize, reason: String) -> Option<(usize, Work)> {
        let layer = document.layers.get(place)?;
        let was_shown = !layer.volume.is_empty();
        self.problems.push(EvaluationProblem { layer: layer.id, reason, was_shown });
        let emptying = || (place, Work::exchange(&layer.volume, Volume::new()));
        was_shown.then(emptying)
    }

    /// Looks for a layer that needs work: a few at a time, since thousands may need none.
    fn find_work(&mut self, document: &Document, since: Since) {
        for _ in 0..LAYERS_A_UNIT {
            let Some((place, is_in_circle)) = self.order.next() else { return };
            let Some(layer) = document.layers.get(place) else { return };
            self.current = if !is_in_circle {
                self.begin(document, place, layer, since)
            } else {
                let circle = "is a clone of itself, directly or through others".to_owned();
                self.fail(document, place, circle)
            };
            if self.current.is_some() {
                return;
            }
        }
    }

    fn begin(
        &mut self,
        document: &Document,
        place: usize,
        layer: &Layer,
        since: Since,
    ) -> Option<(usize, Work)> {
        let base = self.order.base_of(document, &layer.content);
        match need(document, layer, base, since) {
            Need::Nothing => self.effort.keep_blocks(layer.volume.block_count() as u64),
            Need::Parts(parts) => {
                self.effort.keep_blocks(layer.volume.block_count() as u64);
                return Some((place, Work::Parts(parts)));
            }
            Need::All => match self.wanted(document, layer, base) {
                Ok(work) => return Some((place, work)),
                Err(reason) => return self.fail(document, place, reason),
            },
        }
        None
    }

    fn wanted(
        &mut self,
        document: &Document,
        layer: &Layer,
        base: Option<&Layer>,
    ) -> Result<Work, String> {
        let (matrix, effort) = (&layer.matrix, &mut self.effort);
        let wanted = match layer.content {
            LayerContent::Shape { kind, color } => {
                origin::of_shape(kind, color, matrix, &document.canvas, effort)?
            }
            LayerContent::Clone { .. } => {
                let base = base.ok_or("is a clone of a layer that does not exist")?;
                if *matrix == super::Matrix::IDENTITY {
                    return Ok(Work::exchange(&layer.volume, base.volume.clone()));
                }
                if let Some(work) = Work::lay(&base.volume, matrix) {
                    return Ok(work);
                }
                origin::of_base(&base.volume, matrix, effort)?
            }
            LayerContent::Voxels | LayerContent::Image { .. } => None,
        };
        Ok(Work::build(&layer.volume, wanted))
    }

    /// How many layers are evaluated.
    pub fn progress(&self) -> Progress {
        let left = self.order.left() as u64 + u64::from(self.current.is_some());
        Progress { done: self.total - left.min(self.total), total: self.total }
    }

    /// Which layers could not be evaluated, and why.
    pub fn problems(&self) -> &[EvaluationProblem] {
        &self.problems
    }

    /// Which layers could not be evaluated, and why.
    pub fn into_problems(self) -> Vec<EvaluationProblem> {
        self.problems
    }
}

/// What is to be done about a layer whose base, if it has one, is evaluated.
fn need(document: &Document, layer: &Layer, base: Option<&Layer>, since: Since) -> Need {
    let is_same = match since {
        Since::Nothing => false,
        Since::Recording { canvas } => is_as_before(document, layer, base, canvas),
        Since::Marks => return need_by_marks(layer, base),
    };
    if is_same { Need::Nothing } else { Need::All }
}

/// Whether a layer, and whatever it is made from, is as it was.
fn is_as_before(document: &Document, layer: &Layer, base: Option<&Layer>, canvas: Bounds) -> bool {
    let Some(old) = document.layer_before(layer.id) else { return false };
    let is_same = (&old.content, &old.matrix) == (&layer.content, &layer.matrix)
        && old.volume.is_same_storage(&layer.volume);
    is_same
        && match &layer.content {
            LayerContent::Shape { .. } => document.canvas == canvas,
            LayerContent::Clone { base: id } => match (base, document.layer_before(*id)) {
                (Some(base), Some(old)) => base.volume.is_same_storage(&old.volume),
                (base, old) => base.is_none() && old.is_none(),
            },
            _ => true,
        }
}

/// The same where only voxels changed.
fn need_by_marks(layer: &Layer, base: Option<&Layer>) -> Need {
    let Some(base) = base.filter(|base| base.volume.is_touched()) else { return Need::Nothing };
    // An empty clone may be one that could not be evaluated.
    let touched = (!layer.volume.is_empty()).then(|| base.volume.touched(MAX_PARTS)).flatten();
    match touched.and_then(|boxes| Parts::new(layer, &base.volume, &boxes)) {
        Some(parts) => Need::Parts(Box::new(parts)),
        None => Need::All,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::history::{Edit, Scope};
    use crate::document::{BlendMode, Matrix, ShapeKind, draw_volume};
    use crate::voxel::{Point, Rgba};

    fn shape(kind: ShapeKind, matrix: Matrix) -> Layer {
        let mut layer = Layer::new(LayerId(1), "shape");
        layer.content = LayerContent::Shape { kind, color: Rgba::WHITE };
        layer.matrix = matrix;
        layer
    }

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
            let mut document = Document::with_layers("", canvas, vec![shape(kind, matrix)]);
            assert_eq!(document.evaluate(), vec![]);
            assert_eq!(document.layers()[0].volume.count(), count, "{kind:?}");
        }
    }

    #[test]
    fn an_enormous_shape_is_refused_and_not_tried() {
        let mut matrix = Matrix::IDENTITY;
        (0..3).for_each(|axis| matrix.0[axis][axis] = 1e9);
        let layers = vec![shape(ShapeKind::Cube, matrix)];
        let mut document = Document::with_layers("", Bounds::ALL, layers);
        let problems = document.evaluate_within(1000);
        assert!(problems[0].reason.contains("too many"), "{problems:?}");
    }

    /// A document with a base of several blocks, clones of it in different places, and a clone of a
    /// clone.
    fn with_clones() -> Document {
        let mut base = Layer::new(LayerId(1), "base");
        base.volume.fill(Bounds::inclusive([-20, 3, 0], [70, 30, 9]), Rgba::opaque(9, 9, 9));
        base.volume.fill(Bounds::inclusive([0, 5, 2], [20, 9, 30]), Rgba::opaque(80, 0, 0));
        let mut turned = Matrix::IDENTITY;
        turned.0 = [
            [0.8, 0.6, 0.0, 0.0],
            [-0.6, 0.8, 0.0, 0.0],
            [0.0, 0.0, 1.5, 0.0],
            [3.0, -4.0, 5.5, 1.0],
        ];
        let mut small = Matrix::IDENTITY;
        (0..3).for_each(|axis| small.0[axis][axis] = 0.4);
        let clone = |id, base, matrix| {
            let mut layer = Layer::new(LayerId(id), "clone");
            layer.content = LayerContent::Clone { base: LayerId(base) };
            layer.matrix = matrix;
            layer
        };
        let ball = Matrix::of_bounds(&Bounds { min: [-9, -9, 0], max: [9, 9, 18] });
        let mut ball = shape(ShapeKind::Sphere, ball);
        ball.id = LayerId(6);
        let layers = vec![
            clone(4, 3, small),
            base,
            clone(2, 1, Matrix::IDENTITY),
            clone(3, 1, turned),
            ball,
            clone(5, 6, turned),
        ];
        Document::with_layers("", super::super::canvas_for_size([64; 3]), layers)
    }

    fn hashes(document: &Document) -> Vec<u64> {
        document.layers().iter().map(|layer| layer.volume.state_hash()).collect()
    }

    #[test]
    fn slices_of_any_length_come_to_what_one_slice_comes_to() {
        let mut whole = with_clones();
        assert_eq!(whole.evaluate(), vec![]);
        assert!(whole.layers().iter().all(|layer| layer.volume.count() > 10));
        for units in [1, 2, 7, 1000] {
            let mut sliced = with_clones();
            let (mut evaluation, mut slices) = (Evaluation::new(&sliced), 1);
            while evaluation.step(&mut sliced, Since::Nothing, &mut Budget::units(units)) {
                slices += 1;
            }
            assert!(units > 2 || slices > 50, "{slices}");
            assert_eq!(hashes(&sliced), hashes(&whole), "{units}");
            assert_eq!(evaluation.into_problems(), vec![]);
        }
    }

    /// Edits voxels of the base in a way that a number tells.
    fn edit_base(document: &mut Document, number: u32) {
        let base = &mut document.layer_mut(LayerId(1)).expect("the base").volume;
        let at =
            |step: u32| (number.wrapping_mul(2_654_435_761).rotate_left(step) % 80) as i32 - 20;
        let point = Point::new(at(3), at(9) / 2, at(17) / 3);
        let color =
            if number.is_multiple_of(3) { Rgba::EMPTY } else { Rgba::opaque(number as u8, 7, 7) };
        match number % 5 {
            0 => _ = base.fill(Bounds::inclusive(point.array(), [at(5), at(8), 9]), color),
            1 => base.remove_block(crate::voxel::BlockPos::of(point)),
            _ => _ = base.set(point, color),
        }
    }

    #[test]
    fn a_clone_of_voxels_far_apart_shows_each_of_them() {
        let mut matrix = Matrix::IDENTITY;
        matrix.0[0] = [0.0, -1.0, 0.0, 0.0];
        matrix.0[1] = [1.0, 0.0, 0.0, 0.0];
        matrix.0[3] = [5.0, 0.0, -3.0, 1.0];
        let mut document = with_base_and_clone(matrix);
        for number in 0..200i32 {
            let at = [number * 40_001, -number * 30_007, number * 12_345];
            let base = &mut document.layer_mut(LayerId(1)).expect("the base").volume;
            base.set(at.into(), Rgba::opaque(number as u8, 9, 9));
        }
        assert_eq!(document.evaluate(), vec![]);
        let [copy, base] = [2, 1].map(|id| document.layer(LayerId(id)).expect("there"));
        assert_eq!(copy.volume.count(), base.volume.count());
        for (point, color) in base.volume.voxels() {
            let [x, y, z] = point.array();
            assert_eq!(copy.volume.get([y + 5, -x, z - 3].into()), color, "{point:?}");
        }
    }

    #[test]
    fn a_turned_clone_shows_in_each_cell_what_the_rule_says() {
        let axes = [[0, 1, 2], [1, 0, 2], [2, 0, 1], [0, 2, 1], [1, 2, 0], [2, 1, 0]];
        for number in 0..48usize {
            let mut matrix = Matrix::IDENTITY;
            for (column, axis) in axes[number / 8].into_iter().enumerate() {
                let sign = if number >> column & 1 == 1 { -1.0 } else { 1.0 };
                matrix.0[column] = [0.0; 4];
                matrix.0[column][axis] = sign;
            }
            let steps = [0, 16, 7].map(|step: i32| (step * (number as i32 % 3)) as f32);
            matrix.0[3] = [steps[0], steps[1], -steps[2], 1.0];
            let mut document = with_base_and_clone(matrix);
            let base = &mut document.layer_mut(LayerId(1)).expect("the base").volume;
            base.fill(Bounds::inclusive([-3, 4, 1], [17, 11, 9]), Rgba::opaque(9, 9, 9));
            assert_eq!(document.evaluate(), vec![]);
            let [copy, base] = [2, 1].map(|id| document.layer(LayerId(id)).expect("there"));
            assert_eq!(copy.volume.count(), base.volume.count(), "{matrix:?}");
            let inverse = origin::inverse_of(&matrix).expect("it turns back");
            for (point, color) in copy.volume.voxels() {
                let cell = point.array().map(i64::from);
                assert_eq!(color, origin::sample(&base.volume, &inverse, cell), "{matrix:?}");
            }
        }
    }

    #[test]
    fn what_is_computed_anew_in_parts_equals_what_is_computed_as_a_whole() {
        let mut document = with_clones();
        document.evaluate();
        for number in 0..25 {
            document.layers_mut().for_each(|layer| layer.volume.start_marks());
            edit_base(&mut document, number);
            assert_eq!(document.evaluate_since(Since::Marks), vec![]);
            let changes: Vec<_> =
                document.layers_mut().map(|layer| (layer.id, layer.volume.take_marks())).collect();
            let mut whole = document.clone();
            whole.evaluate();
            assert_eq!(hashes(&document), hashes(&whole), "edit {number}");
            if number % 4 == 0 {
                for (id, change) in changes {
                    document.layer_mut(id).expect("the layer").volume.apply(change);
                }
                let mut whole = document.clone();
                whole.evaluate();
                assert_eq!(hashes(&document), hashes(&whole), "undo of {number}");
            }
        }
    }

    #[test]
    fn what_cannot_have_changed_is_left_alone() {
        let mut document = with_clones();
        document.evaluate();
        let before = document.clone();
        let edit = Edit::begin(&mut document, Scope::Document);
        document.name = "another".to_owned();
        let mut evaluation = Evaluation::new(&document);
        let since = edit.since();
        assert!(!evaluation.step(&mut document, since, &mut Budget::units(1)), "nothing to do");
        document.canvas.max[2] = 10;
        document.layer_mut(LayerId(3)).expect("a clone").matrix.0[3][0] += 2.0;
        assert_eq!(document.evaluate_since(since), vec![]);
        let same = |id| {
            let volume = |document: &Document| document.layer(LayerId(id)).unwrap().volume.clone();
            volume(&document).is_same_storage(&volume(&before))
        };
        assert_eq!([1, 2, 3, 4, 5, 6].map(same), [true, true, false, false, false, false]);
        let mut whole = document.clone();
        whole.evaluate();
        assert_eq!(hashes(&document), hashes(&whole));
    }

    #[test]
    fn a_base_that_was_drawn_over_shows_in_its_clones() {
        let mut document = with_clones();
        document.evaluate();
        let before = document.clone();
        let edit = Edit::begin(&mut document, Scope::Document);
        let mut more = Volume::new();
        more.fill(Bounds::inclusive([0, 0, 0], [90, 4, 4]), Rgba::WHITE);
        let base = document.layer_mut(LayerId(1)).expect("the base");
        draw_volume(&mut base.volume, &more, BlendMode::Over, 1.0);
        assert_eq!(document.evaluate_since(edit.since()), vec![]);
        let mut whole = document.clone();
        whole.evaluate();
        assert_eq!(hashes(&document), hashes(&whole));
        assert_ne!(hashes(&document), hashes(&before));
    }
}
