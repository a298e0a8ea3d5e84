//! Regions, selections and parts against walks voxel by voxel.

use std::collections::HashSet;

use crate::support::voxels::{color, config, point, points_of};
use goxel_daemon::job::{Budget, Job, Step};
use goxel_daemon::voxel::{Alike, BlendMode, Bounds, Point, RegionJob, Rgba, Selection, Volume};
use proptest::prelude::*;

fn beside(at: Point) -> impl Iterator<Item = Point> {
    (0..6usize).filter_map(move |side| {
        let mut there = at.array();
        let step = if side % 2 == 0 { -1 } else { 1 };
        there[side / 2] = there[side / 2].checked_add(step)?;
        Some(there.into())
    })
}

/// The region by a stack of voxels.
fn walked(volume: &Volume, start: Point, tolerance: [u8; 4], within: Bounds) -> HashSet<Point> {
    let alike = Alike { color: volume.get(start), tolerance };
    let mut seen = HashSet::new();
    let mut left = vec![start];
    while let Some(at) = left.pop() {
        if within.contains(at) && alike.matches(volume.get(at)) && seen.insert(at) {
            left.extend(beside(at));
        }
    }
    seen
}

fn scene() -> impl Strategy<Value = Volume> {
    let dots = prop::collection::vec((point(), color()), 0..400);
    let boxes = prop::collection::vec((point(), [1u32..30, 1u32..30, 1u32..30], color()), 0..6);
    (boxes, dots).prop_map(|(boxes, dots)| {
        let mut volume = Volume::new();
        for (at, size, color) in boxes {
            volume.fill(Bounds::centered(at, size).unwrap(), color);
        }
        for (at, color) in dots {
            volume.set(at, color);
        }
        volume
    })
}

/// A box in which about half of the voxels are set at random.
fn noise() -> impl Strategy<Value = Volume> {
    (any::<u64>(), 1u64..6).prop_map(|(seed, one_in)| {
        let mut volume = Volume::new();
        let mut state = seed;
        for at in points_of(Bounds { min: [-9; 3], max: [18; 3] }) {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            if !(state >> 33).is_multiple_of(one_in + 1) {
                volume.set(at, if state >> 62 == 0 { Rgba::WHITE } else { Rgba::opaque(9, 9, 9) });
            }
        }
        volume
    })
}

fn near() -> impl Strategy<Value = Point> {
    [-12i32..22, -12i32..22, -12i32..22].prop_map(Point::from)
}

proptest! {
    #![proptest_config(config(8))]

    #[test]
    fn a_region_is_what_a_walk_finds(
        volume in prop_oneof![scene(), noise()],
        start in near(),
        tolerance in prop_oneof![Just([0; 4]), Just([60; 4]), Just([255; 4])],
    ) {
        let within = Bounds { min: [-12; 3], max: [22; 3] };
        let expected = walked(&volume, start, tolerance, within);
        let region = volume.region(start, tolerance, within, u64::MAX).unwrap();
        prop_assert_eq!(region.count(), expected.len() as u64);
        prop_assert!(region.points().all(|at| expected.contains(&at)));
    }

    #[test]
    fn a_region_in_slices_is_the_same_and_a_small_limit_gives_it_up(
        volume in noise(),
        start in near(),
    ) {
        let within = Bounds { min: [-12; 3], max: [22; 3] };
        let whole = volume.region(start, [0; 4], within, u64::MAX).unwrap();
        let mut job = RegionJob::new(&volume, start, [0; 4], within, u64::MAX);
        let sliced = loop {
            if let Step::Done(found) = job.step(&mut Budget::units(1)) {
                break found.unwrap();
            }
        };
        prop_assert_eq!(&sliced, &whole);
        if whole.count() > 1 {
            let refused = volume.region(start, [0; 4], within, whole.count() - 1);
            prop_assert!(refused.is_err());
        }
    }

    #[test]
    fn growing_shrinking_and_inverting_equal_their_definitions(volume in scene(), steps in 1u32..4) {
        let picked = Selection::of_volume(&volume);
        let within = Bounds { min: [-20; 3], max: [30; 3] };
        let reaches = |at: Point, wanted: bool| {
            let mut reached = HashSet::from([at]);
            for _ in 0..steps {
                let more: Vec<Point> = reached.iter().copied().flat_map(beside).collect();
                reached.extend(more);
            }
            reached.into_iter().any(|at| picked.contains(at) == wanted)
        };
        let (grown, shrunk) = (picked.grown(steps), picked.shrunk(steps));
        let inverted = picked.inverted(within);
        for at in picked.points().chain(grown.points()).step_by(97) {
            prop_assert_eq!(grown.contains(at), reaches(at, true), "grown {:?}", at);
            // Beyond the ends of the grid nothing is picked.
            let leaves = |v: i32| {
                v.checked_add(steps as i32).is_none() || v.checked_sub(steps as i32).is_none()
            };
            let at_end = at.array().into_iter().any(leaves);
            let expected = picked.contains(at) && !at_end && !reaches(at, false);
            prop_assert_eq!(shrunk.contains(at), expected, "shrunk {:?}", at);
            let expected = within.contains(at) && !picked.contains(at);
            prop_assert_eq!(inverted.contains(at), expected);
        }
        prop_assert!(picked.points().all(|at| grown.contains(at)));
        prop_assert!(shrunk.points().all(|at| picked.contains(at)));
    }

    #[test]
    fn parts_cover_the_volume_without_overlap_and_hang_together(
        volume in prop_oneof![scene(), noise()],
    ) {
        let parts = volume.parts();
        prop_assert_eq!(parts.iter().map(|part| part.count).sum::<u64>(), volume.count());
        prop_assert!(parts.is_sorted_by_key(|part| std::cmp::Reverse(part.count)));
        let mut all = Selection::new();
        for part in &parts {
            all.add(&part.voxels);
            prop_assert_eq!(part.voxels.bounds(), Some(part.bounds));
            prop_assert!(part.voxels.contains(part.sample));
        }
        prop_assert_eq!(all, Selection::of_volume(&volume));
        for part in parts.iter().take(3) {
            let hit = |at: Point| part.voxels.contains(at);
            for at in part.voxels.points().step_by(11) {
                let leaves = beside(at).any(|there| !hit(there) && !volume.get(there).is_empty());
                prop_assert!(!leaves, "a part goes on beyond {:?}", at);
            }
        }
    }

    #[test]
    fn surface_area_counts_the_open_faces(volume in scene()) {
        let open = |(at, _): (Point, Rgba)| {
            6 - beside(at).filter(|&there| !volume.get(there).is_empty()).count() as u64
        };
        prop_assert_eq!(volume.surface_area(), volume.voxels().map(open).sum::<u64>());
    }

    #[test]
    fn blending_into_a_selection_changes_just_that(
        volume in scene(),
        mode in 0..BlendMode::ALL.len(),
        color in color(),
    ) {
        let mode = BlendMode::ALL[mode];
        let picked = Selection::of_bounds(Bounds { min: [-5; 3], max: [20; 3] });
        let mut changed = volume.clone();
        changed.blend_selection(&picked, mode, color).unwrap();
        for at in points_of(Bounds { min: [-8; 3], max: [22; 3] }) {
            let old = volume.get(at);
            let expected = if picked.contains(at) { mode.blend(old, color) } else { old };
            prop_assert_eq!(changed.get(at), expected);
        }
    }
}

#[test]
fn a_region_reaches_the_ends_of_the_grid() {
    let mut volume = Volume::new();
    let corner = Point::new(i32::MAX, i32::MAX, i32::MAX);
    volume.fill(Bounds::inclusive([i32::MAX - 40; 3], [i32::MAX; 3]), Rgba::WHITE);
    let region = volume.region(corner, [0; 4], Bounds::ALL, u64::MAX).unwrap();
    assert_eq!(region.count(), 41 * 41 * 41);
    assert_eq!(region.grown(1).bounds().unwrap().max, [1 << 31; 3]);
}
