//! Combining and merging volumes against the blend function voxel by voxel.

use crate::support::voxels::{Model, color, config, point};
use goxel_daemon::job::{Budget, Job, Step};
use goxel_daemon::voxel::{Blend, BlendMode, Bounds, MergeCache, MergeJob, Point, Rgba, Volume};
use proptest::prelude::*;

fn volume() -> impl Strategy<Value = Volume> {
    let dots = prop::collection::vec((point(), color()), 0..60);
    let boxes = prop::collection::vec((point(), [1u32..34, 1u32..34, 1u32..34], color()), 0..3);
    (boxes, dots, any::<bool>()).prop_map(|(boxes, dots, packed)| {
        let mut volume = Volume::new();
        for (at, size, color) in boxes {
            volume.fill(Bounds::centered(at, size).unwrap(), color);
        }
        for (at, color) in dots {
            volume.set(at, color);
        }
        if packed {
            volume.compact();
        }
        volume
    })
}

fn blend() -> impl Strategy<Value = Blend> {
    let opacity = prop_oneof![3 => Just(255u8), 1 => any::<u8>()];
    (0..BlendMode::ALL.len(), opacity)
        .prop_map(|(mode, opacity)| Blend { mode: BlendMode::ALL[mode], opacity })
}

fn merged(stack: &[(Volume, Blend)]) -> Model {
    let mut all = Model::default();
    for (volume, blend) in stack {
        let mut points: Vec<[i32; 3]> = volume.voxels().map(|(at, _)| at.array()).collect();
        points.extend(all.voxels.keys());
        points.sort_unstable();
        points.dedup();
        for at in points.into_iter().map(Point::from) {
            all.set(at, blend.colors(all.get(at), volume.get(at)));
        }
    }
    all
}

proptest! {
    #![proptest_config(config(12))]

    #[test]
    fn combining_equals_blending_each_voxel(
        mut lower in volume(), upper in volume(), blend in blend(),
    ) {
        let before = Model::of(&lower);
        let expected = merged(&[(lower.clone(), Blend::new(BlendMode::Over)), (upper.clone(), blend)]);
        lower.start_marks();
        let report = lower.combine(&upper, blend).unwrap();
        let change = lower.take_marks();
        expected.check(&lower);
        let differ = |at: &[i32; 3]| before.get((*at).into()) != expected.get((*at).into());
        let mut all: Vec<_> = before.voxels.keys().chain(expected.voxels.keys()).collect();
        all.sort_unstable();
        all.dedup();
        prop_assert_eq!(report.changed, all.into_iter().filter(|at| differ(at)).count() as u64);
        lower.apply(change);
        before.check(&lower);
    }

    #[test]
    fn a_merge_cache_shows_every_edit(
        mut stack in prop::collection::vec((volume(), blend()), 1..4),
        edits in prop::collection::vec((0usize..4, point(), color(), 0u8..5), 1..12),
    ) {
        let mut cache = MergeCache::new();
        for (layer, at, color, kind) in edits {
            let count = stack.len();
            let (volume, blend) = &mut stack[layer % count];
            match kind {
                0 => { volume.set(at, color); }
                1 => { volume.fill(Bounds::centered(at, [20; 3]).unwrap(), color); }
                2 => volume.clear(),
                3 => {
                    volume.start_marks();
                    volume.set(at, color);
                    let change = volume.take_marks();
                    volume.apply(change);
                }
                _ => blend.opacity = blend.opacity.wrapping_add(100),
            }
            let borrowed: Vec<_> = stack.iter().map(|(v, blend)| (v, *blend)).collect();
            merged(&stack).check(cache.merge(&borrowed));
        }
        let mut job = MergeJob::new(stack.clone(), MergeCache::new());
        let sliced = loop {
            if let Step::Done(cache) = job.step(&mut Budget::units(1)) {
                break cache;
            }
        };
        prop_assert_eq!(sliced.merged().state_hash(), cache.merged().state_hash());
    }
}

#[test]
fn blocks_that_one_layer_has_are_shared_with_the_merge() {
    let mut lower = Volume::new();
    lower.set(Point::new(0, 0, 0), Rgba::WHITE);
    let upper = Volume::new();
    let over = Blend::new(BlendMode::Over);
    let mut cache = MergeCache::new();
    let merged = cache.merge(&[(&lower, over), (&upper, over)]);
    let (_, ours) = lower.blocks().next().unwrap();
    let (_, theirs) = merged.blocks().next().unwrap();
    assert_eq!(ours.identity(), theirs.identity());
}
