//! The palettes that come with this program, most of them made by rule.

use super::Palette;
use crate::voxel::Rgba;

/// All of them, the most general first.
pub(super) fn all() -> Vec<Palette> {
    vec![basic(), nature(), pastel(), greys(), wheel(), cube()]
}

fn named(name: &str, colors: &[(&str, u32)]) -> Palette {
    let color = |&(name, hex): &(&str, u32)| {
        let [_, r, g, b] = hex.to_be_bytes();
        (Rgba::opaque(r, g, b), Some(name.to_owned()))
    };
    Palette { name: name.to_owned(), colors: colors.iter().map(color).collect() }
}

/// Sixteen colours with everyday names.
fn basic() -> Palette {
    named(
        "Basic",
        &[
            ("black", 0x101014),
            ("charcoal", 0x3c3f48),
            ("grey", 0x8a8f99),
            ("white", 0xf6f6f2),
            ("brown", 0x7a4a2b),
            ("tan", 0xd2a679),
            ("red", 0xd23b3b),
            ("orange", 0xf0882e),
            ("yellow", 0xf7d447),
            ("lime", 0x93cf45),
            ("green", 0x2f9a4c),
            ("teal", 0x2a9d9a),
            ("sky", 0x62b6ee),
            ("blue", 0x2f5fd0),
            ("purple", 0x7e4bc4),
            ("pink", 0xec7fb3),
        ],
    )
}

/// Ground, plants, stone, wood and water, from dark to light.
fn nature() -> Palette {
    named(
        "Nature",
        &[
            ("soil", 0x3b2a20),
            ("earth", 0x5d4330),
            ("clay", 0x8b5e3c),
            ("sand", 0xd9c08c),
            ("moss", 0x3f5226),
            ("leaf", 0x4d7f35),
            ("grass", 0x6ba548),
            ("sprout", 0xa3c96a),
            ("slate", 0x424a52),
            ("stone", 0x767d82),
            ("pebble", 0xa9aeae),
            ("snow", 0xeef3f5),
            ("bark", 0x4a3423),
            ("oak", 0x8f6a3e),
            ("birch", 0xd8c7a1),
            ("deep water", 0x1e3f66),
            ("water", 0x3579b1),
            ("shallow water", 0x76b8d3),
            ("berry", 0xa8324a),
            ("blossom", 0xeab4c5),
        ],
    )
}

/// Twelve light hues in even steps.
fn pastel() -> Palette {
    Palette::of_colors("Pastel", (0..12).map(|step| hue(step * 128, 90, 245)))
}

/// Sixteen greys in even steps, black to white.
fn greys() -> Palette {
    Palette::of_colors("Greys", (0..16u8).map(|step| Rgba::opaque(step * 17, step * 17, step * 17)))
}

/// Twenty-four hues, each full, dark and light.
fn wheel() -> Palette {
    let hues = (0..24).map(|step| step * 64);
    let colors = hues.flat_map(|at| [hue(at, 235, 240), hue(at, 130, 140), hue(at, 130, 250)]);
    Palette::of_colors("Wheel", colors)
}

/// Five even levels of each channel: 125 colours, red slowest.
fn cube() -> Palette {
    let level = |value: u32| (value * 255 / 4) as u8;
    let color = |i: u32| Rgba::opaque(level(i / 25), level(i / 5 % 5), level(i % 5));
    Palette::of_colors("Cube", (0..125).map(color))
}

/// The colour of a hue (1536 steps around the wheel, 0 is red), with a span between its highest and
/// its lowest channel, and its highest channel.
fn hue(step: u32, span: u32, highest: u32) -> Rgba {
    let (sector, rest) = (step / 256 % 6, step % 256);
    let (low, rising) = (highest - span, highest - span + span * rest / 256);
    let falling = highest - span * rest / 256;
    let [r, g, b] = match sector {
        0 => [highest, rising, low],
        1 => [falling, highest, low],
        2 => [low, highest, rising],
        3 => [low, falling, highest],
        4 => [rising, low, highest],
        _ => [highest, low, falling],
    };
    Rgba::opaque(r as u8, g as u8, b as u8)
}
