//! Whether cost depends on how much there is already.

use goxel_daemon::voxel::{Blend, BlendMode, Bounds, MergeCache, Point, Rgba, Volume};

use crate::harness::{Bench, Row, Scale, Target};

/// A volume of this many uniform blocks in a flat slab, with a dense one at the origin.
fn volume_of(blocks: i64) -> Volume {
    let mut volume = Volume::new();
    let edge = (blocks as f64).sqrt() as i64;
    let bounds = Bounds { min: [0; 3], max: [edge * 16, edge * 16, 16] };
    volume.fill(bounds, Rgba::WHITE);
    volume
}

const EDITS: i32 = 65_536;

fn edit(volume: &mut Volume, round: u8) {
    volume.start_marks();
    for n in 0..EDITS {
        let at = Point::new(n & 15, n >> 4 & 15, n >> 8 & 15);
        volume.set(at, Rgba::opaque(round, n as u8, (n >> 8) as u8));
    }
    volume.take_marks();
}

pub fn rows(bench: &mut Bench) {
    for (name, blocks) in
        [("growth/edit at 1,000 blocks", 1024), ("growth/edit at 1,000,000 blocks", 1_000_000)]
    {
        let (mut large, mut small) = (volume_of(blocks), volume_of(1));
        let (mut ours, mut theirs) = (0u8, 0u8);
        bench.row(
            Row {
                name,
                unit: "voxel",
                work: f64::from(EDITS),
                peer: "the same in a volume of one block",
                target: Target::Slower(1.5),
                scale: Scale::Nanoseconds,
            },
            |clock| {
                ours = ours.wrapping_add(1);
                clock.time(|| edit(&mut large, ours));
            },
            |clock| {
                theirs = theirs.wrapping_add(1);
                clock.time(|| edit(&mut small, theirs));
            },
        );
    }
    undo(bench);
    snapshot(bench);
    merge_rows(bench);
}

fn undo(bench: &mut Bench) {
    let changes = |volume: &mut Volume| {
        volume.set(Point::new(1, 1, 1), Rgba::WHITE);
        edit(volume, 1);
        volume.start_marks();
        volume.set(Point::new(3, 3, 3), Rgba::opaque(9, 9, 9));
        Some(volume.take_marks())
    };
    let (mut large, mut small) = (volume_of(1_000_000), volume_of(1));
    let (mut ours, mut theirs) = (changes(&mut large), changes(&mut small));
    const TIMES: u32 = 10_000;
    bench.row(
        Row {
            name: "growth/undo at 1,000,000",
            unit: "undo",
            work: f64::from(TIMES),
            peer: "the same in a volume of one block",
            target: Target::Slower(1.5),
            scale: Scale::Nanoseconds,
        },
        |clock| {
            clock.time(|| {
                (0..TIMES).for_each(|_| ours = ours.take().map(|change| large.apply(change)));
            });
        },
        |clock| {
            clock.time(|| {
                (0..TIMES).for_each(|_| theirs = theirs.take().map(|change| small.apply(change)));
            });
        },
    );
}

/// A snapshot costs the index, never the voxels.
fn snapshot(bench: &mut Bench) {
    let volume = volume_of(1_000_000);
    let blocks = volume.block_count() as f64;
    bench.row(
        Row {
            name: "snapshot/1,000,000 blocks",
            unit: "block",
            work: blocks,
            peer: "a std HashMap of as many Arcs, cloned",
            target: Target::Ratio(10.0),
            scale: Scale::Nanoseconds,
        },
        |clock| {
            clock.time(|| volume.clone());
        },
        {
            let map: std::collections::HashMap<u64, std::sync::Arc<u64>> =
                (0..1_000_000).map(|n| (n, std::sync::Arc::new(n))).collect();
            move |clock| {
                clock.time(|| map.clone());
            }
        },
    );
}

/// A merge of layers after an edit of one voxel costs the block, not the document.
fn merge_rows(bench: &mut Bench) {
    let (lower, mut upper) = (dense(0), dense(100));
    let over = Blend { mode: BlendMode::Over, opacity: 128 };
    let mut cache = MergeCache::new();
    cache.merge(&[(&lower, over), (&upper, over)]);
    let mut round = 0u8;
    bench.row(
        Row {
            name: "merge/after one edit",
            unit: "merge",
            work: 1.0,
            peer: "merging all of it anew",
            target: Target::Ratio(50.0),
            scale: Scale::Microseconds,
        },
        |clock| {
            round = round.wrapping_add(1);
            upper.set(Point::new(5, 5, 5), Rgba::opaque(round, 1, 1));
            clock.time(|| cache.merge(&[(&lower, over), (&upper, over)]).block_count());
        },
        {
            let upper = dense(100);
            let lower = lower.clone();
            move |clock| {
                let mut fresh = MergeCache::new();
                clock.time(|| fresh.merge(&[(&lower, over), (&upper, over)]).block_count());
            }
        },
    );
}

/// 512 dense blocks of many colours.
fn dense(shade: u8) -> Volume {
    let mut volume = Volume::new();
    for n in 0..128 * 128 * 128 {
        let at = Point::new(n % 128, n / 128 % 128, n / 128 / 128);
        volume.set(at, Rgba::new(at.x as u8, at.y as u8, shade, 255));
    }
    volume
}
