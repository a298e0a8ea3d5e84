//! What the engine's tests share: a naive model of a volume, and strategies for points and colours.
#![allow(dead_code)]

use std::collections::HashMap;

use goxel_daemon::voxel::{
    BlendMode, BlockPos, Bounds, Brush, EditReport, Point, Rgba, Shape, Volume,
};
use proptest::prelude::*;

/// How many cases a property test runs.
pub fn cases(default: u32) -> u32 {
    std::env::var("GOXEL_ENGINE_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

/// A property test's settings. A failing case is printed whole; no file of them is kept.
pub fn config(default_cases: u32) -> ProptestConfig {
    let cases = cases(default_cases);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// Points near each other, across block and chunk borders, now and then at the ends of the grid.
pub fn point() -> impl Strategy<Value = Point> {
    let near = || prop_oneof![4 => -20i32..36, 1 => 240i32..270, 1 => -270i32..-240];
    let far = || prop_oneof![Just(i32::MIN), Just(i32::MAX), Just(i32::MAX - 17)];
    prop_oneof![
        12 => [near(), near(), near()].prop_map(Point::from),
        1 => (far(), near(), far()).prop_map(|(x, y, z)| Point::new(x, y, z)),
    ]
}

/// Few colours, so that voxels meet their like; empty ones among them.
pub fn color() -> impl Strategy<Value = Rgba> {
    prop_oneof![
        Just(Rgba::EMPTY),
        Just(Rgba::new(9, 9, 9, 0)),
        Just(Rgba::WHITE),
        Just(Rgba::opaque(200, 30, 7)),
        Just(Rgba::new(10, 200, 60, 128)),
        any::<[u8; 4]>().prop_map(Rgba::from),
    ]
}

/// A volume as a map of its voxels.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Model {
    pub voxels: HashMap<[i32; 3], Rgba>,
}

impl Model {
    pub fn of(volume: &Volume) -> Model {
        Model { voxels: volume.voxels().map(|(at, color)| (at.array(), color)).collect() }
    }

    pub fn get(&self, at: Point) -> Rgba {
        self.voxels.get(&at.array()).copied().unwrap_or(Rgba::EMPTY)
    }

    pub fn set(&mut self, at: Point, color: Rgba) -> Rgba {
        let old = if color.is_empty() {
            self.voxels.remove(&at.array())
        } else {
            self.voxels.insert(at.array(), color)
        };
        old.unwrap_or(Rgba::EMPTY)
    }

    pub fn set_block(&mut self, at: BlockPos, voxels: &[Rgba; 4096]) {
        let origin = at.origin();
        for (index, &color) in voxels.iter().enumerate() {
            let offset = [index & 15, index >> 4 & 15, index >> 8].map(|v| v as i32);
            let at = [origin.x + offset[0], origin.y + offset[1], origin.z + offset[2]];
            self.set(at.into(), color);
        }
    }

    /// Draws voxel by voxel, with nothing of the engine but the blend function and the test of
    /// whether a voxel belongs to the shape.
    pub fn draw(&mut self, shape: &Shape, brush: &Brush) -> EditReport {
        let mut report = EditReport::default();
        let works_outside = brush.mode.erases_outside() && brush.mode != BlendMode::Replace;
        if works_outside {
            let outside: Vec<_> =
                self.voxels.keys().copied().filter(|&at| !shape.contains(at.into())).collect();
            for at in outside {
                self.change(at.into(), brush.mode, Rgba::EMPTY, &mut report);
            }
        }
        if let Some(bounds) = shape.bounds() {
            for at in points_of(bounds).filter(|&at| shape.contains(at)) {
                self.change(at, brush.mode, brush.color, &mut report);
            }
        }
        report
    }

    pub fn change(&mut self, at: Point, mode: BlendMode, color: Rgba, report: &mut EditReport) {
        let old = self.get(at);
        let new = mode.blend(old, color);
        if new != old {
            self.set(at, new);
            report.changed += 1;
            report.added += u64::from(old.is_empty());
            report.removed += u64::from(new.is_empty());
            report.bounds = Bounds::union_of(report.bounds, Some(Bounds::of_point(at)));
        }
    }

    /// Compares everything that can be asked of a volume.
    pub fn check(&self, volume: &Volume) {
        assert_eq!(volume.count(), self.voxels.len() as u64);
        assert_eq!(volume.is_empty(), self.voxels.is_empty());
        let boxes = self.voxels.keys().map(|&at| Bounds::of_point(at.into()));
        assert_eq!(volume.bounds(), boxes.reduce(|a, b| a.union(&b)));
        assert!(&Model::of(volume) == self, "the voxels differ");
        for (&at, &color) in &self.voxels {
            assert_eq!(volume.get(at.into()), color);
        }
        let order: Vec<_> = volume.blocks().map(|(at, _)| (at.z, at.y, at.x)).collect();
        assert!(order.is_sorted(), "blocks come out of order");
        assert_eq!(order.len(), volume.block_count());
        assert!(volume.blocks().all(|(_, block)| block.count() > 0), "an empty block is stored");
        let mut again = Volume::new();
        for (&at, &color) in &self.voxels {
            again.set(at.into(), color);
        }
        assert_eq!(volume.state_hash(), again.state_hash());
    }
}

/// All voxels of a box.
pub fn points_of(bounds: Bounds) -> impl Iterator<Item = Point> {
    let Bounds { min, max } = bounds;
    (min[2]..max[2]).flat_map(move |z| {
        (min[1]..max[1]).flat_map(move |y| {
            (min[0]..max[0]).map(move |x| Point::new(x as i32, y as i32, z as i32))
        })
    })
}
