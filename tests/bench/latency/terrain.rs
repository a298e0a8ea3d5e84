//! A landscape of hills in 128 colours whose blocks are all different, put through the bulk lane.

use super::daemon::Daemon;

/// The edge of a tile; one request each.
const TILE: i32 = 128;

/// About how many voxels of a tile are filled.
const VOXELS_A_TILE: u64 = 1 << 20;

/// Fills the project "big" with about `size` voxels and opens an empty "small"; how many voxels
/// there are.
pub fn fill(daemon: &Daemon, size: u64) -> u64 {
    let mut client = daemon.connect();
    for name in ["big", "small"] {
        client.call("goxel.open_project", serde_json::json!({ "name": name }));
    }
    let mut bulk = daemon.connect_bulk();
    let tiles = size.div_ceil(VOXELS_A_TILE) as i32;
    let across = f64::from(tiles).sqrt().ceil() as i32;
    for tile in 0..tiles {
        let corner = [tile % across * TILE, tile / across * TILE, 0];
        bulk.put_cube("big", corner, TILE, color);
    }
    let status = client.call("goxel.get_status", serde_json::json!({"project": "big"}));
    status["voxel_count"].as_u64().expect("a count")
}

/// Scrambles a number.
fn hash(number: u32) -> u32 {
    let mixed = (number ^ number >> 15).wrapping_mul(0x2c1b_3c6d);
    (mixed ^ mixed >> 12).wrapping_mul(0x297a_2d39)
}

/// A smooth hill of height 0 to `height` that comes again every `length`.
fn wave(at: i32, length: i32, height: i32) -> i32 {
    let phase = at.rem_euclid(length);
    phase * (length - phase) * 4 * height / (length * length)
}

fn height(x: i32, y: i32) -> i32 {
    14 + wave(x + y / 3, 190, 44)
        + wave(y - x / 5, 260, 40)
        + (hash((x / 3 + y / 3 * 4099) as u32) >> 30) as i32
}

/// Strata of eight voxels, speckled in cubes of two.
fn color([x, y, z]: [i32; 3]) -> [u8; 4] {
    if z >= height(x, y) {
        return [0; 4];
    }
    let speck = hash((x / 2 + y / 2 * 1021 + z / 2 * 1_042_441) as u32) >> 29;
    let stratum = (z / 8) as u8;
    [stratum * 16, 255 - stratum * 13, (speck * 32) as u8, 255]
}
