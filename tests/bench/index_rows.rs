//! Finding a voxel's block: our index against a std `HashMap` of blocks.

use std::collections::HashMap;

use goxel_daemon::voxel::{Bounds, Point, Rgba, Volume};

use crate::harness::{Bench, Random, Row, Scale, Target};

/// The simplest store that one would write: a hash map of dense blocks.
#[derive(Default, Clone)]
pub struct MapVolume {
    blocks: HashMap<[i32; 3], Box<[Rgba; 4096]>>,
}

impl MapVolume {
    fn index(at: Point) -> usize {
        (at.x & 15) as usize | ((at.y & 15) as usize) << 4 | ((at.z & 15) as usize) << 8
    }

    pub fn get(&self, at: Point) -> Rgba {
        match self.blocks.get(&[at.x >> 4, at.y >> 4, at.z >> 4]) {
            Some(block) => block[Self::index(at)],
            None => Rgba::EMPTY,
        }
    }

    pub fn set(&mut self, at: Point, color: Rgba) -> Rgba {
        let key = [at.x >> 4, at.y >> 4, at.z >> 4];
        let block = self.blocks.entry(key).or_insert_with(|| Box::new([Rgba::EMPTY; 4096]));
        std::mem::replace(&mut block[Self::index(at)], color)
    }
}

/// The edge of the volume that is looked into.
const EDGE: i32 = 128;

/// Points of a cube in memory order: x fastest.
pub fn coherent() -> Vec<Point> {
    let at = |n: i32| Point::new(n % EDGE, n / EDGE % EDGE, n / EDGE / EDGE);
    (0..EDGE * EDGE * EDGE).map(at).collect()
}

/// As many points of the cube at random.
pub fn scattered() -> Vec<Point> {
    let mut random = Random::new(7);
    let mut next = || (random.next() % EDGE as u64) as i32;
    (0..EDGE * EDGE * EDGE).map(|_| Point::new(next(), next(), next())).collect()
}

/// A volume whose blocks are all dense, and the same as a map.
pub fn dense_pair() -> (Volume, MapVolume) {
    let (mut volume, mut map) = (Volume::new(), MapVolume::default());
    for at in coherent() {
        let color = Rgba::opaque(at.x as u8, at.y as u8, at.z as u8);
        volume.set(at, color);
        map.set(at, color);
    }
    assert_eq!(
        volume.count(),
        Bounds::new([0; 3], [i64::from(EDGE); 3]).map_or(0, |b| b.capacity() as u64)
    );
    (volume, map)
}

pub fn rows(bench: &mut Bench) {
    let (volume, map) = dense_pair();
    let cases = [
        ("index/get coherent", coherent(), Target::Ratio(2.0)),
        ("index/get random", scattered(), Target::Ratio(1.8)),
    ];
    for (name, points, target) in cases {
        let row = Row {
            name,
            unit: "voxel",
            work: points.len() as f64,
            peer: "std HashMap of blocks",
            target,
            scale: Scale::Nanoseconds,
        };
        let sum = |get: &dyn Fn(Point) -> Rgba| {
            points.iter().map(|&at| u64::from(get(at).r)).sum::<u64>()
        };
        bench.row(
            row,
            |clock| {
                clock.time(|| points.iter().map(|&at| u64::from(volume.get(at).r)).sum::<u64>());
            },
            |clock| {
                clock.time(|| points.iter().map(|&at| u64::from(map.get(at).r)).sum::<u64>());
            },
        );
        assert_eq!(sum(&|at| volume.get(at)), sum(&|at| map.get(at)));
    }
}
