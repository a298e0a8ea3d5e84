//! What volumes and histories cost, and the limit. One test function: the limit is the process's.

use goxel_daemon::job::{Budget, Job, Step};
use goxel_daemon::voxel::{
    Bounds, Brush, Point, Rgba, Shape, Volume, memory_in_use, set_memory_limit,
};

fn cube(edge: i64) -> Bounds {
    Bounds { min: [0; 3], max: [edge; 3] }
}

#[test]
fn memory_is_accounted_for_and_limited() {
    let start = memory_in_use();
    a_million_uniform_blocks_cost_their_index();
    assert_eq!(memory_in_use(), start, "dropped volumes give everything back");
    a_history_of_single_voxels_stays_small();
    a_history_of_small_drawings_is_packed();
    snapshots_share_their_blocks();
    assert_eq!(memory_in_use(), start);
    an_edit_over_the_limit_is_refused_and_can_be_taken_back();
    assert_eq!(memory_in_use(), start);
}

fn a_million_uniform_blocks_cost_their_index() {
    let mut volume = Volume::new();
    volume.fill(Bounds { min: [0; 3], max: [16_000, 16_000, 16] }, Rgba::WHITE);
    assert_eq!(volume.block_count(), 1_000_000);
    assert!(volume.memory() < 100 << 22, "{} bytes", volume.memory());
}

fn a_history_of_single_voxels_stays_small() {
    let mut volume = Volume::new();
    volume.fill(cube(64), Rgba::WHITE);
    let before = memory_in_use();
    let history: Vec<_> = (0..10_000)
        .map(|n| {
            volume.start_marks();
            let at = Point::new(n * 7 % 64, n * 11 % 64, n * 13 % 64);
            volume.set(at, Rgba::opaque(n as u8, (n >> 8) as u8, 1));
            volume.take_marks()
        })
        .collect();
    let kept: u64 = history.iter().map(|change| change.memory()).sum();
    let grown = memory_in_use() - before;
    assert!(kept < 1 << 20, "10,000 edits keep {kept} bytes");
    assert!(grown < 64 * 17_000 + kept, "10,000 edits keep {grown} bytes of blocks alive");
    for change in history.into_iter().rev() {
        volume.apply(change);
    }
    assert_eq!(volume.count(), 64 * 64 * 64);
    let (_, color) = volume.voxels().find(|(_, color)| *color != Rgba::WHITE).unzip();
    assert_eq!(color, None, "undoing all of it restores the cube");
}

fn a_history_of_small_drawings_is_packed() {
    let mut volume = Volume::new();
    volume.fill(cube(40), Rgba::WHITE);
    let history: Vec<_> = (0..200u8)
        .map(|n| {
            volume.start_marks();
            let ball = Shape::sphere(Point::new(20, 20, 20), 6.0).unwrap();
            volume.draw(&ball, &Brush::new(Rgba::opaque(n, 2, 3))).unwrap();
            volume.take_marks()
        })
        .collect();
    let kept: u64 = history.iter().map(|change| change.memory()).sum();
    let blocks: usize = history.iter().map(|change| change.block_count()).sum();
    assert!(kept < blocks as u64 * 1_500, "{blocks} blocks keep {kept} bytes");
}

fn snapshots_share_their_blocks() {
    let mut volume = Volume::new();
    for n in 0..64 {
        volume.set(Point::new(n % 4 * 16, n / 4 % 4 * 16, n / 16 * 16), Rgba::WHITE);
    }
    let before = memory_in_use();
    let snapshot = volume.clone();
    assert_eq!(memory_in_use(), before, "a snapshot takes no blocks and no tables");
    volume.set(Point::new(0, 0, 0), Rgba::opaque(1, 1, 1));
    let grown = memory_in_use() - before;
    assert!(grown < 200_000, "an edit after a snapshot copies one block and one table: {grown}");
    assert_eq!(snapshot.get(Point::new(0, 0, 0)), Rgba::WHITE);
}

fn an_edit_over_the_limit_is_refused_and_can_be_taken_back() {
    let mut volume = Volume::new();
    volume.fill(cube(64), Rgba::WHITE);
    let before = volume.state_hash();
    set_memory_limit(memory_in_use() + (1 << 20));

    // A thin wall every few voxels: no block is of one colour.
    let wires = Shape::sphere(Point::new(0, 0, 0), 400.0).unwrap().hollow(1);
    volume.start_marks();
    let refused = volume.draw(&wires, &Brush::new(Rgba::WHITE)).unwrap_err();
    assert!(refused.to_string().contains("--max-voxel-memory"), "{refused}");
    assert!(memory_in_use() < refused.limit + (1 << 20), "the limit is passed by a unit at most");
    let change = volume.take_marks();
    volume.apply(change);
    assert_eq!(volume.state_hash(), before);

    let mut job = volume.draw_job(&wires, &Brush::new(Rgba::WHITE));
    let refused = loop {
        if let Step::Done(outcome) = job.step(&mut Budget::units(16)) {
            break outcome.is_err();
        }
    };
    assert!(refused);
    drop(job);

    set_memory_limit(memory_in_use());
    assert!(volume.try_set(Point::new(500, 0, 0), Rgba::WHITE).is_err());
    assert!(volume.try_set(Point::new(500, 0, 0), Rgba::EMPTY).is_ok());
    assert_eq!(volume.state_hash(), before);
    set_memory_limit(u64::MAX);
    assert!(volume.try_set(Point::new(500, 0, 0), Rgba::WHITE).is_ok());
}
