//! Flood fills against a span fill, which is what one would write first after the naive one.

use goxel_daemon::voxel::{Bounds, Point, Rgba, Volume};

use crate::harness::{Bench, Random, Row, Scale, Target};

const EDGE: i32 = 128;

fn cube() -> Bounds {
    Bounds { min: [0; 3], max: [i64::from(EDGE); 3] }
}

/// The region by spans: rows along x, their neighbours' rows on a stack, one flag a voxel.
fn span_fill(volume: &Volume, start: Point) -> u64 {
    let place = |x: i32, y: i32, z: i32| ((z * EDGE + y) * EDGE + x) as usize;
    let mut seen = vec![false; (EDGE * EDGE * EDGE) as usize];
    let color = volume.get(start);
    let mut stack = vec![start];
    let mut count = 0;
    while let Some(Point { x, y, z }) = stack.pop() {
        let open = |x: i32, y: i32, z: i32, seen: &[bool]| {
            !seen[place(x, y, z)] && volume.get(Point::new(x, y, z)) == color
        };
        if !open(x, y, z, &seen) {
            continue;
        }
        let (mut first, mut last) = (x, x);
        while first > 0 && open(first - 1, y, z, &seen) {
            first -= 1;
        }
        while last + 1 < EDGE && open(last + 1, y, z, &seen) {
            last += 1;
        }
        (first..=last).for_each(|x| seen[place(x, y, z)] = true);
        count += (last - first + 1) as u64;
        for (y, z) in [(y - 1, z), (y + 1, z), (y, z - 1), (y, z + 1)] {
            if !(0..EDGE).contains(&y) || !(0..EDGE).contains(&z) {
                continue;
            }
            let mut before = false;
            for x in first..=last {
                let now = open(x, y, z, &seen);
                if now && !before {
                    stack.push(Point::new(x, y, z));
                }
                before = now;
            }
        }
    }
    count
}

/// A cube of one colour in which some voxels have another one.
fn scene(one_in: u64) -> Volume {
    let mut volume = Volume::new();
    volume.fill(cube(), Rgba::WHITE);
    let mut random = Random::new(3);
    for n in 0..EDGE * EDGE * EDGE {
        let at = Point::new(n % EDGE, n / EDGE % EDGE, n / EDGE / EDGE);
        if random.next().is_multiple_of(one_in) {
            volume.set(at, Rgba::opaque(0, 1, 0));
        }
    }
    volume
}

pub fn rows(bench: &mut Bench) {
    let cases = [
        ("fill/few obstacles", 1000, Target::Both(1.0, 8.0)),
        ("fill/30 % noise", 3, Target::Both(3.0, 6.0)),
    ];
    for (name, one_in, target) in cases {
        let volume = scene(one_in);
        let starts = (0..EDGE).map(|x| Point::new(x, EDGE / 2, EDGE / 2));
        let large = |&start: &Point| {
            volume.get(start) == Rgba::WHITE && span_fill(&volume, start) > 500_000
        };
        let Some(start) = starts.into_iter().find(large) else { continue };
        let expected = span_fill(&volume, start);
        let found = volume.region(start, [0; 4], cube(), u64::MAX).map_or(0, |r| r.count());
        assert_eq!(found, expected, "{name}");
        bench.row(
            Row {
                name,
                unit: "voxel",
                work: expected as f64,
                peer: "span fill with a flag a voxel",
                target,
                scale: Scale::Nanoseconds,
            },
            |clock| {
                let region = clock.time(|| volume.region(start, [0; 4], cube(), u64::MAX));
                assert!(region.is_ok());
            },
            |clock| {
                clock.time(|| span_fill(&volume, start));
            },
        );
    }
}
