//! Colours for blocks by their names: those of Minecraft from tables of facts (see
//! `scripts/block_colors.py`), the average colour of each block's textures. Other names get a
//! colour by parts of the name that are dyes or materials, or one of their own, always the same;
//! they are counted and told.

use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use crate::voxel::Rgba;

/// Names that are no block.
const AIR: [&str; 6] = ["air", "cave_air", "void_air", "structure_void", "light", "ignore"];

/// Wool of Luanti, by its dyes.
pub(super) const LUANTI: [(&str, u32); 15] = [
    ("wool:white", 0xe4e4e4),
    ("wool:grey", 0x9c9c9c),
    ("wool:dark_grey", 0x494949),
    ("wool:black", 0x1d1d1d),
    ("wool:blue", 0x004994),
    ("wool:cyan", 0x008b92),
    ("wool:green", 0x5edb1b),
    ("wool:dark_green", 0x215c00),
    ("wool:yellow", 0xfde40f),
    ("wool:orange", 0xd65215),
    ("wool:brown", 0x582c00),
    ("wool:red", 0xab1212),
    ("wool:pink", 0xff8f8f),
    ("wool:magenta", 0xc9036f),
    ("wool:violet", 0x5b07a0),
];

/// What a block looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Look {
    /// Like nothing.
    Air,
    /// As the table says.
    Known(Rgba),
    /// Not in the table: a colour made from the name.
    Guessed(Rgba),
}

impl Look {
    /// Its colour, unless it is air.
    pub(super) fn color(self) -> Option<Rgba> {
        match self {
            Look::Air => None,
            Look::Known(color) | Look::Guessed(color) => Some(color),
        }
    }
}

/// All blocks by their names, some with a state.
pub(in crate::format) fn blocks() -> &'static BTreeMap<&'static str, Rgba> {
    static BLOCKS: OnceLock<BTreeMap<&'static str, Rgba>> = OnceLock::new();
    BLOCKS.get_or_init(|| {
        let lines = include_str!("blocks.tsv").lines();
        let parsed = lines.filter_map(|line| {
            let (name, color) = line.split_once('\t')?;
            let [_, r, g, b] = u32::from_str_radix(color, 16).ok()?.to_be_bytes();
            Some((name, Rgba::opaque(r, g, b)))
        });
        parsed.collect()
    })
}

/// The names of numbers and data values of older files.
fn numbers() -> &'static HashMap<(u16, u8), &'static str> {
    static NUMBERS: OnceLock<HashMap<(u16, u8), &'static str>> = OnceLock::new();
    NUMBERS.get_or_init(|| {
        let lines = include_str!("numbers.tsv").lines();
        let parsed = lines.filter_map(|line| {
            let (number, name) = line.split_once('\t')?;
            let (number, data) = number.split_once(':')?;
            Some(((number.parse().ok()?, data.parse().ok()?), name))
        });
        parsed.collect()
    })
}

/// Parts of names and their colours; the first that fits counts.
const PARTS: [(&str, u32); 62] = [
    ("light_blue", 0x5fb2dc),
    ("light_gray", 0x9a9a94),
    ("light_grey", 0x9a9a94),
    ("magenta", 0xb84fae),
    ("orange", 0xe8842c),
    ("yellow", 0xf2c83a),
    ("purple", 0x7a3fa8),
    ("cyan", 0x23898e),
    ("lime", 0x78b92d),
    ("pink", 0xe58fae),
    ("black", 0x1e1f24),
    ("blue", 0x3a46a0),
    ("green", 0x56702a),
    ("red", 0xa1302a),
    ("white", 0xe9ecec),
    ("gray", 0x44484b),
    ("grey", 0x44484b),
    ("grass_block", 0x6f9c45),
    ("leaves", 0x477a2e),
    ("needles", 0x2f5b34),
    ("vine", 0x4b7d33),
    ("grass", 0x6f9c45),
    ("fern", 0x5c8a3c),
    ("moss", 0x5a7030),
    ("cactus", 0x567d36),
    ("apple", 0xc23434),
    ("water", 0x3c66c4),
    ("lava", 0xdc5c1a),
    ("ice", 0x9dbcf0),
    ("snow", 0xf3f8f8),
    ("sandstone", 0xd8cb98),
    ("sand", 0xdccf9f),
    ("gravel", 0x837e7c),
    ("clay", 0xa0a6b2),
    ("terracotta", 0x985d43),
    ("brick", 0x97614f),
    ("netherrack", 0x6a3232),
    ("obsidian", 0x17121f),
    ("glowstone", 0xe0b566),
    ("lantern", 0xe0b566),
    ("torch", 0xf2cf63),
    ("glass", 0xc3e0e4),
    ("quartz", 0xe9e4dc),
    ("prismarine", 0x62988b),
    ("gold", 0xf2d045),
    ("iron", 0xd6d6d4),
    ("diamond", 0x66dad6),
    ("emerald", 0x35c05e),
    ("copper", 0xbd6b50),
    ("coal", 0x24252a),
    ("birch", 0xc6b57d),
    ("spruce", 0x6f5233),
    ("jungle", 0x9b704d),
    ("acacia", 0xa65b33),
    ("pine", 0x7a5a38),
    ("oak", 0x9c7d4b),
    ("planks", 0x9c7d4b),
    ("wood", 0x8a6a3e),
    ("tree", 0x6b4f2f),
    ("log", 0x6b4f2f),
    ("dirt", 0x856043),
    ("stone", 0x7f7f7f),
];

/// What a block of a name looks like. The part before a colon does not count, a state in brackets
/// only where the table has it.
pub(super) fn of_name(name: &str) -> Look {
    if let Some(&(_, color)) = LUANTI.iter().find(|(known, _)| *known == name) {
        let [_, r, g, b] = color.to_be_bytes();
        return Look::Known(Rgba::opaque(r, g, b));
    }
    let (block, state) = name.split_once('[').unwrap_or((name, ""));
    let block = block.rsplit(':').next().unwrap_or_default().to_ascii_lowercase();
    if AIR.contains(&block.as_str()) {
        return Look::Air;
    }
    for told in ["lit=true", "snowy=true"] {
        if state.contains(told)
            && let Some(&color) = blocks().get(format!("{block}[{told}]").as_str())
        {
            return Look::Known(color);
        }
    }
    if let Some(&color) = blocks().get(block.as_str()) {
        return Look::Known(color);
    }
    // Names of before 1.13 and 1.20.
    let renamed = match block.as_str() {
        "grass" => "short_grass",
        "grass_path" => "dirt_path",
        "sign" => "oak_sign",
        "wall_sign" => "oak_wall_sign",
        "chain" => "iron_chain",
        _ => "",
    };
    if let Some(&color) = blocks().get(renamed) {
        return Look::Known(color);
    }
    let part = PARTS.iter().find(|(part, _)| block.contains(part)).map(|&(_, color)| color);
    let [_, r, g, b] = part.unwrap_or_else(|| own(block.as_bytes())).to_be_bytes();
    Look::Guessed(Rgba::opaque(r, g, b))
}

/// What a block of a number and a data value looks like, as older files have them.
pub(super) fn of_number(number: u16, data: u8) -> Look {
    // A data value that is not listed means what the one before it does.
    match (0..=data).rev().find_map(|data| numbers().get(&(number, data))) {
        Some(name) => of_name(name),
        None => {
            let [_, r, g, b] = own(&number.to_le_bytes()).to_be_bytes();
            Look::Guessed(Rgba::opaque(r, g, b))
        }
    }
}

/// A medium colour made from a name, by the FNV-1a hash.
fn own(name: &[u8]) -> u32 {
    let hash = name
        .iter()
        .fold(0x811c_9dc5u32, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    0x404040 + (hash >> 8 & 0x7f7f7f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_give_colours_and_air_gives_none() {
        assert_eq!(of_name("minecraft:air"), Look::Air);
        assert_eq!(of_name("minecraft:cave_air"), Look::Air);
        assert_eq!(of_name("minecraft:oak_stairs[facing=north]"), of_name("oak_planks"));
        assert_eq!(of_name("red_wool"), Look::Known(Rgba::opaque(0xa1, 0x27, 0x23)));
        assert_ne!(of_name("redstone_lamp"), of_name("redstone_lamp[lit=true]"));
        assert!(matches!(of_name("some:gadget"), Look::Guessed(_)));
        assert_eq!(of_name("some:gadget"), of_name("other:gadget"));
        assert_ne!(of_name("gadget"), of_name("widget"));
        assert!(blocks().len() > 1100);
    }

    #[test]
    fn numbers_have_their_data_values() {
        assert_eq!((of_number(0, 0), of_number(1, 0)), (Look::Air, of_name("stone")));
        let wool: std::collections::HashSet<_> =
            (0..16).map(|data| of_number(35, data).color().map(Rgba::bytes)).collect();
        assert_eq!(wool.len(), 16);
        assert_eq!(of_number(35, 14), of_name("red_wool"));
        assert!(matches!(of_number(4000, 0), Look::Guessed(_)));
    }
}
