//! `.litematic` of Litematica: regions, each with kinds of blocks and their numbers packed bit by
//! bit. A layer a region.

use super::nbt::Tag;
use super::palette::Palette;
use super::schem::{CORNER, cell, invalid, missing};
use crate::format::FormatError;
use crate::format::import::{CELLS_A_UNIT, Sink, add};
use crate::job::Slice;

pub(in crate::format) const NAME: &str = "litematic";

/// A region that is placed.
struct Region<'a> {
    name: String,
    size: [i64; 3],
    /// Its lowest corner in the file's axes.
    corner: [i64; 3],
    states: &'a [Tag],
    /// Its packed numbers.
    longs: &'a [u8],
}

pub(super) async fn decode(
    root: &Tag,
    data: &[u8],
    sink: &mut Sink,
    slice: &Slice,
) -> Result<(), FormatError> {
    let Some(Tag::Compound(entries)) = root.get(data, "Regions") else {
        return Err(missing("Regions"));
    };
    let mut regions = Vec::new();
    for (name, tag) in entries {
        regions.push(region(String::from_utf8_lossy(&data[name.clone()]).into_owned(), tag, data)?);
    }
    if regions.is_empty() {
        return Err(missing("a region"));
    }
    let shift = shift(root, data, &regions);
    for region in &regions {
        sink.layer(&region.name, true)?;
        let [x, y, z] = region.corner;
        // z of the file runs against our y.
        let corner = add(shift, [x, -z - region.size[2], y]);
        place(region, data, corner, sink, slice).await?;
    }
    Ok(())
}

/// How far everything is moved: so that all of it stands with the middle of its base at the origin,
/// or where our own writer says.
fn shift(root: &Tag, data: &[u8], regions: &[Region<'_>]) -> [i64; 3] {
    let end = |region: &Region<'_>, axis: usize| region.corner[axis] + region.size[axis];
    let low = [0, 1, 2].map(|axis| regions.iter().map(|r| r.corner[axis]).min().unwrap_or(0));
    let high = [0, 1, 2].map(|axis| regions.iter().map(|r| end(r, axis)).max().unwrap_or(0));
    let [width, _, length] = [0, 1, 2].map(|axis| high[axis] - low[axis]);
    let told = root.get(data, "Metadata").and_then(|told| told.vector(data, CORNER));
    let to = told.unwrap_or([-(width / 2), -(length / 2), 0]);
    [to[0] - low[0], to[1] + high[2], to[2] - low[1]]
}

fn region<'a>(name: String, tag: &'a Tag, data: &'a [u8]) -> Result<Region<'a>, FormatError> {
    let signed = tag.vector(data, "Size").ok_or_else(|| missing("Size"))?;
    let from = tag.vector(data, "Position").unwrap_or_default();
    let fits = |value: &i64| value.abs() <= 1 << 24;
    if !signed.iter().chain(&from).all(fits) {
        let what = format!("a region of {signed:?} at {from:?}");
        return Err(invalid(what, "edges and places of at most 16777216"));
    }
    let size = signed.map(i64::abs);
    // A negative length means that the region lies on the other side of its place.
    let corner = [0, 1, 2].map(|axis| from[axis] + (signed[axis] + 1).min(0));
    let states = tag.list(data, "BlockStatePalette").ok_or_else(|| missing("BlockStatePalette"))?;
    let Some(Tag::Longs(place)) = tag.get(data, "BlockStates") else {
        return Err(missing("BlockStates"));
    };
    Ok(Region { name, size, corner, states, longs: &data[place.clone()] })
}

async fn place(
    region: &Region<'_>,
    data: &[u8],
    corner: [i64; 3],
    sink: &mut Sink,
    slice: &Slice,
) -> Result<(), FormatError> {
    let mut palette = Palette::of_states(region.states, data);
    let bits = palette.len().next_power_of_two().trailing_zeros().max(2) as usize;
    let count = region.size.iter().fold(1i64, |all, &edge| all.saturating_mul(edge));
    let longs = region.longs.as_chunks::<8>().0;
    let room = (longs.len() * 64 / bits) as i64;
    if count > room {
        let what = format!("a region of {count} blocks");
        return Err(invalid(what, format!("at most {room}, for which there are numbers")));
    }
    let long = |index: usize| longs.get(index).map_or(0, |&long| u64::from_be_bytes(long));
    for index in 0..count {
        let bit = index as usize * bits;
        // A number may begin in one long and end in the next.
        let pair = u128::from(long(bit / 64)) | u128::from(long(bit / 64 + 1)) << 64;
        let number = (pair >> (bit % 64)) as usize & ((1 << bits) - 1);
        if !palette.place(number, add(corner, cell(index, region.size)), sink)? {
            return Err(invalid(format!("block number {number}"), "one that the palette has"));
        }
        if index % CELLS_A_UNIT == 0 {
            slice.spend(1).await;
        }
    }
    palette.tell(&mut sink.report);
    Ok(())
}
