//! The palette of files that bring none.

use crate::voxel::Rgba;

/// Colours by index; index 0 stands for no voxel.
pub(super) type Colors = [Rgba; 256];

/// MagicaVoxel's own palette: a cube of six levels, red slowest and blue fastest, without black,
/// then ramps of ten in red, green, blue and grey.
pub(super) fn default_colors() -> Colors {
    let mut colors = [Rgba::EMPTY; 256];
    let levels: [u8; 6] = [0xff, 0xcc, 0x99, 0x66, 0x33, 0];
    for (cube, color) in colors[1..216].iter_mut().enumerate() {
        let (r, g, b) = (levels[cube / 36], levels[cube / 6 % 6], levels[cube % 6]);
        *color = Rgba::opaque(r, g, b);
    }
    let ramp: [u8; 10] = [0xee, 0xdd, 0xbb, 0xaa, 0x88, 0x77, 0x55, 0x44, 0x22, 0x11];
    for (step, value) in ramp.into_iter().enumerate() {
        colors[216 + step] = Rgba::opaque(value, 0, 0);
        colors[226 + step] = Rgba::opaque(0, value, 0);
        colors[236 + step] = Rgba::opaque(0, 0, value);
        colors[246 + step] = Rgba::opaque(value, value, value);
    }
    colors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_palette_has_the_known_landmarks() {
        let colors = default_colors();
        assert_eq!(colors[0], Rgba::EMPTY);
        assert_eq!(colors[1], Rgba::opaque(255, 255, 255));
        assert_eq!(colors[2], Rgba::opaque(255, 255, 0xcc));
        assert_eq!(colors[215], Rgba::opaque(0, 0, 0x33));
        assert_eq!(colors[216], Rgba::opaque(0xee, 0, 0));
        assert_eq!(colors[255], Rgba::opaque(0x11, 0x11, 0x11));
    }
}
