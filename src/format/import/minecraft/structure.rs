//! The game's own structures, `.nbt`: a list of kinds of blocks and a list of blocks with their
//! places.

use super::nbt::Tag;
use super::palette::Palette;
use super::schem::{corner_of, invalid, missing};
use crate::format::FormatError;
use crate::format::import::{CELLS_A_UNIT, Sink, add};
use crate::job::Slice;

pub(in crate::format) const NAME: &str = "structure";

/// Three numbers of a list.
fn vector(tag: &Tag, data: &[u8], key: &str) -> Option<[i64; 3]> {
    match tag.list(data, key)? {
        &[Tag::Number(x), Tag::Number(y), Tag::Number(z)] => Some([x, y, z]),
        _ => None,
    }
}

pub(super) async fn decode(
    root: &Tag,
    data: &[u8],
    sink: &mut Sink,
    slice: &Slice,
) -> Result<(), FormatError> {
    let size = vector(root, data, "size").ok_or_else(|| missing("size"))?;
    // A structure of several looks has several palettes; the first one counts.
    let first = root.list(data, "palettes").and_then(|all| match all.first() {
        Some(Tag::List(states)) => Some(states.as_slice()),
        _ => None,
    });
    let states = root.list(data, "palette").or(first).ok_or_else(|| missing("palette"))?;
    let mut palette = Palette::of_states(states, data);
    let blocks = root.list(data, "blocks").ok_or_else(|| missing("blocks"))?;
    let corner = corner_of(root, data, size);
    for (index, block) in (0i64..).zip(blocks) {
        let place = vector(block, data, "pos").ok_or_else(|| missing("a block's place"))?;
        let number = block.number(data, "state").and_then(|number| usize::try_from(number).ok());
        let [x, y, z] = place;
        if (0..3).any(|axis| !(0..size[axis]).contains(&place[axis])) {
            return Err(invalid(format!("a block at {place:?}"), format!("within {size:?}")));
        }
        let at = add(corner, [x, size[2] - 1 - z, y]);
        let is_known = number.map(|number| palette.place(number, at, sink)).transpose()?;
        if is_known != Some(true) {
            return Err(invalid("a block of no kind", "a number that the palette has"));
        }
        if index % CELLS_A_UNIT == 0 {
            slice.spend(1).await;
        }
    }
    palette.tell(&mut sink.report);
    Ok(())
}
