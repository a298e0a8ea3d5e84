//! Generated models to measure with: the same on every machine.

use goxel_daemon::voxel::{BLOCK_VOXELS, BlockPos, Rgba, Volume};

/// A number that looks like chance.
fn hash(x: i32, y: i32, z: i32) -> u32 {
    let mut value = (x as u32).wrapping_mul(0x9E37_79B1)
        ^ (y as u32).wrapping_mul(0x85EB_CA77)
        ^ (z as u32).wrapping_mul(0xC2B2_AE3D);
    value ^= value >> 15;
    value = value.wrapping_mul(0x2C1B_3C6D);
    value ^= value >> 12;
    value = value.wrapping_mul(0x297A_2D39);
    value ^ value >> 15
}

/// Smooth noise of a wave length, 0 to 1.
fn smooth(x: i32, y: i32, wave: i32) -> f32 {
    let ease = |t: f32| t * t * (3.0 - 2.0 * t);
    let (cx, cy) = (x.div_euclid(wave), y.div_euclid(wave));
    let u = ease(x.rem_euclid(wave) as f32 / wave as f32);
    let v = ease(y.rem_euclid(wave) as f32 / wave as f32);
    let corner = |dx, dy| hash(cx + dx, cy + dy, wave) as f32 / u32::MAX as f32;
    let low = corner(0, 0) * (1.0 - u) + corner(1, 0) * u;
    let high = corner(0, 1) * (1.0 - u) + corner(1, 1) * u;
    low * (1.0 - v) + high * v
}

fn height(x: i32, y: i32, size: i32) -> i32 {
    let share = smooth(x, y, 128) * 0.5
        + smooth(x, y, 48) * 0.3
        + smooth(x, y, 16) * 0.15
        + smooth(x, y, 5) * 0.05;
    (share * size as f32 * 0.8) as i32
}

/// A cube filled block by block.
fn filled(size: i32, color: impl Fn(i32, i32, i32) -> Rgba) -> Volume {
    let mut volume = Volume::new();
    let blocks = (size + 15) / 16;
    for index in 0..blocks * blocks * blocks {
        let at =
            BlockPos { x: index % blocks, y: index / blocks % blocks, z: index / blocks / blocks };
        let voxels: [Rgba; BLOCK_VOXELS] = std::array::from_fn(|i| {
            let i = i as i32;
            let [x, y, z] = [at.x * 16 + (i & 15), at.y * 16 + (i >> 4 & 15), at.z * 16 + (i >> 8)];
            if x.max(y).max(z) < size { color(x, y, z) } else { Rgba::EMPTY }
        });
        volume.set_block(at, &voxels);
    }
    volume
}

/// Hills with grass, earth, rock and snow.
pub fn terrain(size: i32) -> Volume {
    let heights: Vec<i32> = (0..size * size).map(|i| height(i % size, i / size, size)).collect();
    filled(size, |x, y, z| {
        let top = heights[(x + y * size) as usize];
        match (z - top, z * 10 / size) {
            (1.., _) => Rgba::EMPTY,
            (-1..=0, 0..=1) => Rgba::opaque(214, 196, 136),
            (-1..=0, 6..) => Rgba::opaque(240, 244, 248),
            (-1..=0, 5) => Rgba::opaque(128, 124, 118),
            (-1..=0, _) => Rgba::opaque(92, 150, 62),
            (-4..=-2, _) => Rgba::opaque(118, 84, 52),
            _ => Rgba::opaque(110, 108, 104),
        }
    })
}

/// The same under water up to two fifths of its height.
pub fn lakes(size: i32) -> Volume {
    let dry = terrain(size);
    filled(size, |x, y, z| {
        let color = dry.get([x, y, z].into());
        let is_water = color.is_empty() && z < size * 2 / 5;
        if is_water { Rgba::new(40, 110, 190, 130) } else { color }
    })
}

/// Every second voxel, by chance, in 64 colours.
pub fn noise(size: i32) -> Volume {
    filled(size, |x, y, z| {
        let chance = hash(x, y, z);
        let color = |shift: u32| (chance >> shift & 3) as u8 * 60 + 40;
        if chance & 1 == 0 { Rgba::opaque(color(8), color(12), color(16)) } else { Rgba::EMPTY }
    })
}

/// Every second voxel, exactly.
pub fn checkerboard(size: i32) -> Volume {
    let even = |x, y, z| (x + y + z) & 1 == 0;
    filled(size, |x, y, z| if even(x, y, z) { Rgba::WHITE } else { Rgba::EMPTY })
}
