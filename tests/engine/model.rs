//! The fast engine against a naive model: random operations on both, then everything compared.
//!
//! `GOXEL_ENGINE_CASES` sets the number of cases; the default keeps a debug build quick.

use crate::support::voxels::{Model, color, point};
use goxel_daemon::voxel::{
    Axis, BlendMode, BlockPos, Bounds, Brush, Point, Rgba, Shape, Volume, VolumeChange,
};
use proptest::prelude::*;

/// One operation on a volume.
#[derive(Clone, Debug)]
enum Op {
    Set(Point, Rgba),
    Line(Point, u8, Rgba),
    Fill(Point, [u8; 3], Rgba),
    Draw(Point, [u8; 3], u8, u32, BlendMode, Rgba),
    SetBlock(Point, Rgba, Rgba),
    ShareBlock(Point, Point),
    Clear,
    Snapshot,
    Undo,
    Redo,
    Compact,
}

fn op() -> impl Strategy<Value = Op> {
    let size = || [1u8..40, 1u8..40, 1u8..20];
    let mode = (0..BlendMode::ALL.len()).prop_map(|index| BlendMode::ALL[index]);
    prop_oneof![
        6 => (point(), color()).prop_map(|(at, color)| Op::Set(at, color)),
        4 => (point(), 1u8..40, color()).prop_map(|(at, length, color)| Op::Line(at, length, color)),
        3 => (point(), size(), color()).prop_map(|(at, size, color)| Op::Fill(at, size, color)),
        4 => (point(), size(), 0u8..5, 0u32..3, mode, color())
            .prop_map(|(at, size, form, wall, mode, c)| Op::Draw(at, size, form, wall, mode, c)),
        1 => (point(), color(), color()).prop_map(|(at, a, b)| Op::SetBlock(at, a, b)),
        1 => (point(), point()).prop_map(|(from, to)| Op::ShareBlock(from, to)),
        1 => Just(Op::Clear),
        1 => Just(Op::Snapshot),
        4 => Just(Op::Undo),
        2 => Just(Op::Redo),
        1 => Just(Op::Compact),
    ]
}

fn shape(at: Point, size: [u8; 3], form: u8, wall: u32) -> Shape {
    let bounds = Bounds::centered(at, size.map(u32::from)).unwrap();
    let shape = match form {
        0 => Shape::cuboid(bounds),
        1 => Shape::ellipsoid(bounds),
        2 => Shape::cylinder(bounds, Axis::X),
        3 => Shape::cone(bounds, Axis::Y),
        _ => Shape::pyramid(bounds, Axis::Z),
    };
    shape.hollow(wall)
}

/// Both sides of the comparison, with their histories.
#[derive(Default)]
struct Pair {
    fast: Volume,
    model: Model,
    undo: Vec<(VolumeChange, Model)>,
    redo: Vec<(VolumeChange, Model)>,
    snapshots: Vec<(Volume, Model)>,
}

impl Pair {
    fn run(&mut self, op: &Op) {
        match op {
            Op::Snapshot => self.snapshots.push((self.fast.clone(), self.model.clone())),
            Op::Compact => self.fast.compact(),
            Op::Undo => {
                if let Some((change, model)) = self.undo.pop() {
                    let inverse = self.fast.apply(change);
                    self.redo.push((inverse, std::mem::replace(&mut self.model, model)));
                }
            }
            Op::Redo => {
                if let Some((change, model)) = self.redo.pop() {
                    let inverse = self.fast.apply(change);
                    self.undo.push((inverse, std::mem::replace(&mut self.model, model)));
                }
            }
            edit => self.edit(edit),
        }
    }

    fn edit(&mut self, op: &Op) {
        let before = self.model.clone();
        self.fast.start_marks();
        self.apply(op);
        let change = self.fast.take_marks();
        if change.is_empty() {
            assert_eq!(before, self.model, "{op:?} changed something and left no mark");
            return;
        }
        self.redo.clear();
        self.undo.push((change, before));
    }

    fn apply(&mut self, op: &Op) {
        let (fast, model) = (&mut self.fast, &mut self.model);
        match op {
            Op::Set(at, color) => assert_eq!(fast.set(*at, *color), model.set(*at, *color)),
            Op::Line(at, length, color) => {
                for step in 0..i32::from(*length) {
                    let at = Point::new(at.x.saturating_add(step), at.y, at.z);
                    assert_eq!(fast.set(at, *color), model.set(at, *color));
                }
            }
            Op::Fill(at, size, color) => {
                let bounds = Bounds::centered(*at, size.map(u32::from)).unwrap();
                let shape = Shape::cuboid(bounds);
                let brush = Brush::new(*color).mode(BlendMode::Replace);
                assert_eq!(fast.fill(bounds, *color), model.draw(&shape, &brush).changed);
            }
            Op::Draw(at, size, form, wall, mode, color) => {
                let shape = shape(*at, *size, *form, *wall);
                let brush = Brush::new(*color).mode(*mode);
                assert_eq!(fast.draw(&shape, &brush).unwrap(), model.draw(&shape, &brush));
            }
            Op::SetBlock(at, a, b) => {
                let voxels = std::array::from_fn(|i| if i % 3 == 0 { *a } else { *b });
                fast.set_block(BlockPos::of(*at), &voxels);
                model.set_block(BlockPos::of(*at), &voxels);
            }
            Op::ShareBlock(from, to) => {
                let (from, to) = (BlockPos::of(*from), BlockPos::of(*to));
                let source = fast.clone();
                if let Some(block) = source.block(from) {
                    let mut voxels = [Rgba::EMPTY; 4096];
                    block.copy_to(&mut voxels);
                    fast.share_block(to, block);
                    model.set_block(to, &voxels);
                }
            }
            Op::Clear => {
                fast.clear();
                *model = Model::default();
            }
            Op::Snapshot | Op::Undo | Op::Redo | Op::Compact => {}
        }
    }

    fn check(&self) {
        self.model.check(&self.fast);
        for (snapshot, model) in &self.snapshots {
            model.check(snapshot);
        }
    }
}

proptest! {
    #![proptest_config(crate::support::voxels::config(12))]

    #[test]
    fn random_operations_equal_a_naive_model(ops in prop::collection::vec(op(), 1..24)) {
        let mut pair = Pair::default();
        for op in &ops {
            pair.run(op);
        }
        pair.check();
    }

    #[test]
    fn undoing_everything_and_doing_it_again_restores_every_state_hash(
        ops in prop::collection::vec(op(), 1..16),
    ) {
        let mut pair = Pair::default();
        for op in &ops {
            pair.run(op);
        }
        let end = pair.fast.state_hash();
        let mut hashes = Vec::new();
        while !pair.undo.is_empty() {
            hashes.push(pair.fast.state_hash());
            pair.run(&Op::Undo);
            pair.model.check(&pair.fast);
        }
        let depth = hashes.len();
        while let Some(hash) = hashes.pop() {
            pair.run(&Op::Redo);
            prop_assert_eq!(pair.fast.state_hash(), hash);
        }
        prop_assert!(depth == 0 || pair.fast.state_hash() == end);
    }
}

#[test]
fn the_extremes_of_the_grid_are_like_any_other_place() {
    let mut pair = Pair::default();
    for x in [i32::MIN, i32::MIN + 1, i32::MAX - 1, i32::MAX] {
        for y in [i32::MIN, 0, i32::MAX] {
            pair.run(&Op::Set(Point::new(x, y, x), Rgba::new(1, 2, 3, 4)));
        }
    }
    let corner = Point::new(i32::MAX, i32::MIN, i32::MAX);
    pair.run(&Op::Fill(corner, [9, 9, 9], Rgba::WHITE));
    pair.check();
    assert_eq!(pair.fast.bounds(), Some(Bounds::ALL));
    for _ in 0..5 {
        pair.run(&Op::Undo);
        pair.check();
    }
}

#[test]
fn a_mark_of_many_points_in_one_block_becomes_an_image_and_still_undoes() {
    let mut pair = Pair::default();
    pair.run(&Op::Fill(Point::new(8, 8, 8), [15, 15, 15], Rgba::WHITE));
    let before = pair.fast.state_hash();
    for (step, length) in [(1, 40), (2, 300), (3, 1000)] {
        pair.fast.start_marks();
        for index in 0..length {
            let at = Point::new(index % 16, index / 16 % 16, index / 256);
            pair.fast.set(at, Rgba::opaque(step, (index % 7) as u8, 0));
            pair.fast.set(at, Rgba::opaque(step, 0, 9));
        }
        let change = pair.fast.take_marks();
        let after = pair.fast.state_hash();
        let inverse = pair.fast.apply(change);
        assert_eq!(pair.fast.state_hash(), before);
        let again = pair.fast.apply(inverse);
        assert_eq!(pair.fast.state_hash(), after);
        pair.fast.apply(again);
        assert_eq!(pair.fast.state_hash(), before);
    }
}
