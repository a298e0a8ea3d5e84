//! Boxes and balls against our own loop over voxels.

use goxel_daemon::voxel::{Bounds, Brush, Point, Rgba, Shape, Volume};

use crate::harness::{Bench, Row, Scale, Target};

fn cube(min: i64) -> Bounds {
    Bounds { min: [min; 3], max: [min + 256; 3] }
}

/// All voxels of a box that pass a test, set one by one.
fn loop_over(bounds: Bounds, inside: impl Fn(Point) -> bool) -> Volume {
    let mut volume = Volume::new();
    volume.start_marks();
    for z in bounds.min[2]..bounds.max[2] {
        for y in bounds.min[1]..bounds.max[1] {
            for x in bounds.min[0]..bounds.max[0] {
                let at = Point::new(x as i32, y as i32, z as i32);
                if inside(at) {
                    volume.set(at, Rgba::WHITE);
                }
            }
        }
    }
    volume.take_marks();
    volume
}

pub fn rows(bench: &mut Bench) {
    let cases = [
        ("shape/box 256^3 aligned", Shape::cuboid(cube(0)), cube(0), 0.2, 100.0),
        ("shape/box 256^3 unaligned", Shape::cuboid(cube(5)), cube(5), 3.0, 10.0),
        ("shape/ball of 256", Shape::ellipsoid(cube(0)), cube(0), 5.0, 6.0),
    ];
    for (name, shape, bounds, limit, ratio) in cases {
        let brush = Brush::new(Rgba::WHITE);
        let is_ball = name.contains("ball");
        let ball = |at: Point| {
            let d = [at.x, at.y, at.z].map(|v| i64::from(2 * v + 1 - 256));
            d[0] * d[0] + d[1] * d[1] + d[2] * d[2] <= 256 * 256
        };
        let (mut drawn, mut looped) = (0, 0);
        bench.row(
            Row {
                name,
                unit: "shape",
                work: 1.0,
                peer: "our own loop over voxels",
                target: Target::Both(limit, ratio),
                scale: Scale::Milliseconds,
            },
            |clock| {
                let mut volume = Volume::new();
                volume.start_marks();
                let report = clock.time(|| volume.draw(&shape, &brush));
                drawn = report.map_or(0, |report| report.added);
                volume.take_marks();
            },
            |clock| {
                let volume = clock.time(|| loop_over(bounds, |at| !is_ball || ball(at)));
                looped = volume.count();
            },
        );
        assert_eq!(drawn, looped, "{name}");
    }
}
