//! Colours for blocks by their names. Not those of any game's pictures, but near enough to recognise a
//! building: dyes and materials are found as parts of the name; other names get a colour of their own,
//! always the same.

use crate::voxel::Rgba;

/// Names that are no block.
const AIR: [&str; 6] = ["air", "cave_air", "void_air", "structure_void", "light", "ignore"];

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

/// The colour of a block, or `None` for air. A state in brackets and the part before a colon do not
/// count.
pub(super) fn of_name(name: &str) -> Option<Rgba> {
    let name = name.split('[').next().unwrap_or_default();
    let name = name.rsplit(':').next().unwrap_or_default().to_ascii_lowercase();
    if AIR.contains(&name.as_str()) {
        return None;
    }
    let part = PARTS.iter().find(|(part, _)| name.contains(part)).map(|&(_, color)| color);
    let [_, r, g, b] = part.unwrap_or_else(|| own(name.as_bytes())).to_be_bytes();
    Some(Rgba::opaque(r, g, b))
}

/// The colour of a block's number, as older files have them; 0 is air.
pub(super) fn of_number(number: u16) -> Option<Rgba> {
    let name = match number {
        0 => return None,
        1 | 4 | 7 | 43 | 44 | 67 | 98 | 109 => "stone",
        2 => "grass_block",
        3 | 60 => "dirt",
        5 | 53 | 85 | 126 => "oak",
        8 | 9 => "water",
        10 | 11 => "lava",
        12 => "sand",
        13 => "gravel",
        14 | 41 => "gold",
        15 | 42 | 101 => "iron",
        16 | 173 => "coal",
        17 | 162 => "log",
        18 | 161 => "leaves",
        20 | 95 | 102 | 160 => "glass",
        24 | 128 => "sandstone",
        35 => "white",
        45 | 108 => "brick",
        48 => "moss",
        49 => "obsidian",
        50 => "torch",
        56 | 57 => "diamond",
        78 | 80 => "snow",
        79 | 174 => "ice",
        81 => "cactus",
        82 => "clay",
        87 => "netherrack",
        89 => "glowstone",
        106 => "vine",
        155 | 156 => "quartz",
        159 | 172 => "terracotta",
        _ => {
            let [_, r, g, b] = own(&number.to_le_bytes()).to_be_bytes();
            return Some(Rgba::opaque(r, g, b));
        }
    };
    of_name(name)
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
        assert_eq!(of_name("minecraft:air"), None);
        assert_eq!(of_name("minecraft:cave_air"), None);
        assert_eq!(of_name("minecraft:oak_stairs[facing=north]"), of_name("oak_planks"));
        assert_eq!(of_name("red_wool"), Some(Rgba::opaque(0xa1, 0x30, 0x2a)));
        assert_eq!(of_name("some:gadget"), of_name("other:gadget"));
        assert_ne!(of_name("gadget"), of_name("widget"));
        assert_eq!((of_number(0), of_number(1)), (None, of_name("stone")));
    }
}
