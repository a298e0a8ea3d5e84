//! Meshes against the plain definition of a visible face.

use std::collections::BTreeMap;

use goxel_daemon::job::{Budget, Job, Step};
use goxel_daemon::mesh::{Face, Merge, Mesher, Quad, faces, greedy};
use goxel_daemon::voxel::{Bounds, Point, Rgba, Volume};
use proptest::prelude::*;

type Covered = BTreeMap<([i32; 3], Face), Rgba>;

/// Every voxel of alpha 127 and more whose neighbour is not one.
fn visible_faces(volume: &Volume) -> Covered {
    let solid = |at: [i32; 3]| volume.get(Point::from(at)).a >= 127;
    let mut visible = Covered::new();
    for (point, color) in volume.voxels().filter(|(_, color)| color.a >= 127) {
        for face in Face::ALL {
            let (at, normal) = (point.array(), face.normal());
            // Beyond the ends of the world there is nothing.
            let neighbour: Option<Vec<i32>> =
                (0..3).map(|axis| at[axis].checked_add(normal[axis])).collect();
            if neighbour.is_none_or(|n| !solid([n[0], n[1], n[2]])) {
                visible.insert((at, face), color);
            }
        }
    }
    visible
}

/// What quads cover; panics if a face is covered twice.
fn covered(quads: &[Quad]) -> Covered {
    let mut covered = Covered::new();
    for quad in quads {
        for voxel in quad.voxels() {
            let before = covered.insert((voxel, quad.face), quad.color);
            assert_eq!(before, None, "{voxel:?} {:?} is covered twice", quad.face);
        }
    }
    covered
}

fn check(volume: &Volume) {
    let expected = visible_faces(volume);
    assert_eq!(covered(&greedy(volume)), expected);
    let unit = faces(volume);
    assert!(unit.iter().all(|quad| quad.area() == 1));
    assert_eq!(covered(&unit), expected);
    let shapes = Mesher::new(volume.clone(), Merge::Shape).finish();
    assert!(shapes.iter().all(|quad| quad.color == Rgba::EMPTY));
    assert!(covered(&shapes).keys().eq(expected.keys()));
}

/// A number for each voxel that looks like chance.
fn noise(point: Point) -> u32 {
    let mut value = (point.x as u32).wrapping_mul(0x9E37_79B1)
        ^ (point.y as u32).wrapping_mul(0x85EB_CA77)
        ^ (point.z as u32).wrapping_mul(0xC2B2_AE3D);
    value ^= value >> 15;
    value = value.wrapping_mul(0x2C1B_3C6D);
    value ^ value >> 12
}

fn filled(bounds: Bounds, color: impl Fn(Point) -> Rgba) -> Volume {
    let mut volume = Volume::new();
    for z in bounds.min[2]..bounds.max[2] {
        for y in bounds.min[1]..bounds.max[1] {
            for x in bounds.min[0]..bounds.max[0] {
                let point = Point::new(x as i32, y as i32, z as i32);
                volume.set(point, color(point));
            }
        }
    }
    volume
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn quads_cover_exactly_the_visible_faces(
        boxes in prop::collection::vec(
            (prop::array::uniform3(-70i32..70), prop::array::uniform3(0i32..24), 0usize..5), 1..12),
        points in prop::collection::vec((prop::array::uniform3(-70i32..70), 0usize..5), 0..60),
    ) {
        let colors = [
            Rgba::EMPTY,
            Rgba::opaque(255, 0, 0),
            Rgba::opaque(0, 0, 255),
            Rgba::new(0, 0, 255, 126),
            Rgba::new(0, 0, 255, 127),
        ];
        let mut volume = Volume::new();
        for (min, size, color) in boxes {
            let max = [0, 1, 2].map(|axis| min[axis] + size[axis]);
            volume.fill(Bounds::inclusive(min, max), colors[color]);
        }
        for (at, color) in points {
            volume.set(Point::from(at), colors[color]);
        }
        check(&volume);
    }
}

#[test]
fn noise_and_checkerboards_are_covered_exactly() {
    let bounds = Bounds::inclusive([-9, -9, 55], [24, 24, 80]);
    let colors = [Rgba::WHITE, Rgba::opaque(255, 0, 0), Rgba::EMPTY, Rgba::EMPTY];
    check(&filled(bounds, |point| colors[noise(point) as usize & 3]));
    let checker = filled(bounds, |p| colors[((p.x + p.y + p.z) & 1) as usize * 2]);
    check(&checker);
    assert_eq!(greedy(&checker).len(), visible_faces(&checker).len());
}

#[test]
fn a_box_is_six_quads_wherever_it_lies_in_one_region() {
    for min in [[0, 0, 0], [-64, -128, 64], [10, 20, 30]] {
        let max = min.map(|v| v + 33);
        let mut volume = Volume::new();
        volume.fill(Bounds::inclusive(min, max), Rgba::WHITE);
        let quads = greedy(&volume);
        assert_eq!(quads.len(), 6, "{min:?}");
        assert!(quads.iter().all(|quad| quad.size == [34, 34]));
    }
}

#[test]
fn voxels_at_the_ends_of_the_world_have_six_faces() {
    let mut volume = Volume::new();
    for at in [[i32::MIN; 3], [i32::MAX; 3], [i32::MIN, 0, i32::MAX]] {
        volume.set(Point::from(at), Rgba::WHITE);
    }
    check(&volume);
    let corner = greedy(&volume).iter().flat_map(Quad::corners).flatten().max();
    assert_eq!(corner, Some(i64::from(i32::MAX) + 1));
}

#[test]
fn slices_of_any_length_give_the_same_quads_in_the_same_order() {
    let volume = filled(Bounds::inclusive([-20, -20, -5], [20, 20, 5]), |point| {
        if noise(point) & 7 > 2 { Rgba::opaque((point.x & 3) as u8, 0, 0) } else { Rgba::EMPTY }
    });
    let whole = greedy(&volume);
    for units in [1, 3, 50] {
        let mut job = Mesher::new(volume.clone(), Merge::Color);
        let mut last = 0;
        let sliced = loop {
            let step = job.step(&mut Budget::units(units));
            let progress = job.progress();
            assert!(progress.done >= last && progress.done <= progress.total);
            last = progress.done;
            if let Step::Done(quads) = step {
                break quads;
            }
        };
        assert_eq!(sliced, whole);
    }
    let (mut mesher, mut streamed) = (Mesher::new(volume.clone(), Merge::Color), Vec::new());
    while mesher.advance(&mut streamed) {}
    assert_eq!(streamed, whole);
}
