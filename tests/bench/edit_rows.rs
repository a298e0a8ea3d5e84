//! Point edits with undo marks, fresh blocks, undo.

use goxel_daemon::voxel::{Bounds, Point, Rgba, Volume};

use crate::harness::{Bench, Row, Scale, Target};
use crate::index_rows::{coherent, dense_pair, scattered};

pub fn rows(bench: &mut Bench) {
    edits(bench);
    single_edits(bench);
    fresh_blocks(bench);
    undo(bench);
}

/// Every point set once within one recording; the peer records nothing.
fn edits(bench: &mut Bench) {
    let cases = [
        ("edit/coherent, with marks", coherent(), Target::Both(4.0, 2.0)),
        ("edit/random, with marks", scattered(), Target::Both(12.0, 1.8)),
    ];
    for (name, points, target) in cases {
        let (mut volume, mut map) = dense_pair();
        let (mut ours, mut theirs) = (0u8, 0u8);
        let row = Row {
            name,
            unit: "voxel",
            work: points.len() as f64,
            peer: "std HashMap of blocks, no marks",
            target,
            scale: Scale::Nanoseconds,
        };
        bench.row(
            row,
            |clock| {
                ours = ours.wrapping_add(1);
                volume.start_marks();
                clock.time(|| {
                    for &at in &points {
                        volume.set(at, Rgba::opaque(ours, at.x as u8, at.y as u8));
                    }
                });
                volume.take_marks();
            },
            |clock| {
                theirs = theirs.wrapping_add(1);
                clock.time(|| {
                    for &at in &points {
                        map.set(at, Rgba::opaque(theirs, at.x as u8, at.y as u8));
                    }
                });
            },
        );
    }
}

/// One voxel as an edit of its own, as a remote call makes it: start, set, take.
fn single_edits(bench: &mut Bench) {
    const EDITS: usize = 100_000;
    let points: Vec<Point> = scattered().into_iter().take(EDITS).collect();
    let (mut volume, mut map) = dense_pair();
    let mut changes = Vec::with_capacity(EDITS);
    let (mut ours, mut theirs) = (0u8, 0u8);
    bench.row(
        Row {
            name: "edit/one voxel, one change",
            unit: "edit",
            work: EDITS as f64,
            peer: "std HashMap, old colour pushed to a Vec",
            target: Target::AtMost(100.0),
            scale: Scale::Nanoseconds,
        },
        |clock| {
            ours = ours.wrapping_add(1);
            changes.clear();
            clock.time(|| {
                for &at in &points {
                    volume.start_marks();
                    volume.set(at, Rgba::opaque(ours, 1, 2));
                    changes.push(volume.take_marks());
                }
            });
        },
        |clock| {
            theirs = theirs.wrapping_add(1);
            let mut old = Vec::with_capacity(EDITS);
            clock.time(|| {
                for &at in &points {
                    old.push((at, map.set(at, Rgba::opaque(theirs, 1, 2))));
                }
            });
        },
    );
}

/// One voxel in each of many new blocks: from new slabs, and from blocks freed before.
fn fresh_blocks(bench: &mut Bench) {
    const BLOCKS: i32 = 16 * 16 * 16;
    let at = |n: i32| Point::new(n % 16 * 16, n / 16 % 16 * 16, n / 256 * 16);
    let fill = |volume: &mut Volume| {
        for n in 0..BLOCKS {
            volume.set(at(n), Rgba::WHITE);
        }
    };
    let boxes = || -> Vec<Vec<u8>> {
        (0..BLOCKS)
            .map(|_| {
                let mut block = vec![0u8; 16384];
                block[1] = 1;
                block
            })
            .collect()
    };
    let row = |name, limit| Row {
        name,
        unit: "block",
        work: f64::from(BLOCKS),
        peer: "a zeroed Vec of 16 KiB from the system's allocator, first touch of one page",
        target: Target::AtMost(limit),
        scale: Scale::Microseconds,
    };
    bench.row(
        row("block/fresh", 1.0),
        |clock| {
            let mut volume = Volume::new();
            clock.time(|| fill(&mut volume));
        },
        |clock| {
            clock.time(boxes);
        },
    );
    let mut keep = Volume::new();
    (0..BLOCKS).for_each(|n| {
        keep.set(at(n), Rgba::WHITE);
    });
    let mut buffer = vec![0u8; 16384 * BLOCKS as usize];
    bench.row(
        Row {
            peer: "memset of as much memory",
            target: Target::Slower(1.5),
            ..row("block/freed and used again", 0.0)
        },
        |clock| {
            let mut volume = Volume::new();
            fill(&mut volume);
            let mut again = || {
                for n in 0..BLOCKS {
                    volume.set(at(n), Rgba::EMPTY);
                    volume.set(at(n), Rgba::WHITE);
                }
            };
            // The first time touches pages that no block has used so far.
            again();
            clock.time(again);
        },
        |clock| {
            let mut value = 0;
            clock.time(|| {
                for block in buffer.chunks_exact_mut(16384) {
                    value += 1;
                    block.fill(value as u8);
                }
            });
        },
    );
}

/// Undo and redo of a box of 64^3 voxels in a large volume.
fn undo(bench: &mut Bench) {
    let box_of = |min: i64, max: i64| Bounds { min: [min; 3], max: [max; 3] };
    let mut volume = Volume::new();
    volume.fill(box_of(0, 1024), Rgba::WHITE);
    volume.start_marks();
    volume.fill(box_of(3, 67), Rgba::opaque(1, 2, 3));
    let mut change = Some(volume.take_marks());
    let blocks = change.as_ref().map_or(0, |change| change.block_count());
    bench.row(
        Row {
            name: "undo/box 64^3 of 1024^3",
            unit: "block",
            work: blocks as f64,
            peer: "memcpy of its dense blocks",
            target: Target::Ratio(1.0),
            scale: Scale::Nanoseconds,
        },
        |clock| {
            if let Some(undo) = change.take() {
                change = Some(clock.time(|| volume.apply(undo)));
            }
        },
        |clock| {
            let from = vec![1u8; 16384 * blocks];
            let mut to = vec![2u8; 16384 * blocks];
            clock.time(|| to.copy_from_slice(&from));
        },
    );
}
