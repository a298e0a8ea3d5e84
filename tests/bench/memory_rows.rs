//! What packing idle blocks saves, and what it costs.

use goxel_daemon::voxel::{BLOCK_VOXELS, BlockPos, Rgba, Volume};

use crate::harness::{Bench, Random, Row, Scale, Target};

/// Blocks along the edges of the scene: 512 x 512 x 256 voxels, 67 million.
const BLOCKS: [i32; 3] = [32, 32, 16];
const MEBIBYTE: f64 = 1024.0 * 1024.0;

/// Solid ground in layers of 128 shades of colour that change with height and, a little, by chance.
fn ground() -> Volume {
    let mut random = Random::new(3);
    let mut volume = Volume::new();
    for index in 0..BLOCKS[0] * BLOCKS[1] * BLOCKS[2] {
        let [width, depth, _] = BLOCKS;
        let at = BlockPos { x: index % width, y: index / width % depth, z: index / width / depth };
        let mut chance = 0;
        let voxels: [Rgba; BLOCK_VOXELS] = std::array::from_fn(|voxel| {
            if voxel % 32 == 0 {
                chance = random.next();
            }
            chance >>= 2;
            let shade = (at.z * 16 + (voxel >> 8) as i32) as u64 / 2 + (chance & 3);
            Rgba::opaque((shade % 128) as u8 * 2, 90, 40)
        });
        volume.set_block(at, &voxels);
    }
    volume
}

pub fn rows(bench: &mut Bench) {
    if !bench.wants("memory/") {
        return;
    }
    let volume = ground();
    let mut packed = volume.clone();
    let blocks = volume.block_count() as f64;
    drop(volume);
    let before = packed.memory() as f64;
    packed.compact();
    let row = |name, unit, peer, target, scale| Row { name, unit, work: 1.0, peer, target, scale };
    bench.value(
        row(
            "memory/67 M voxels packed",
            "MiB",
            "the same unpacked",
            Target::Share(0.4),
            Scale::Number,
        ),
        packed.memory() as f64 / MEBIBYTE,
        before / MEBIBYTE,
    );
    drop(packed);
    bench.row(
        Row {
            work: blocks,
            ..row(
                "memory/pack a block",
                "block",
                "a block set anew",
                Target::AtMost(20.0),
                Scale::Microseconds,
            )
        },
        |clock| {
            let mut volume = ground();
            clock.time(|| volume.compact());
        },
        |clock| {
            let mut volume = Volume::new();
            let voxels = std::array::from_fn(|voxel| Rgba::opaque(voxel as u8, 0, 0));
            clock.time(|| {
                for index in 0..BLOCKS[0] * BLOCKS[1] * BLOCKS[2] {
                    volume.set_block(BlockPos { x: index, y: 0, z: 0 }, &voxels);
                }
            });
        },
    );
}
