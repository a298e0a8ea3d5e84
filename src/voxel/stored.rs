//! What blocks look like after a change, as bytes: the journal's form of voxels.
//!
//! A block begins with 16 bytes, little endian: `x << 4 | form`, `y << 4`, `z << 4` (in units of
//! blocks) and a number.
//!
//! | form | the number | what follows |
//! | --- | --- | --- |
//! | 0, one colour | the colour; alpha 0 for no voxel | nothing |
//! | 1, points | how many | for each its index in the block (2 bytes) and its colour (4) |
//! | 2, numbered | colours, and log2 of the bits of a voxel in the upper half | the colours, then 512 bytes for each bit |
//! | 3, raw | 0 | 4096 colours |
//!
//! Points tell of the voxels that changed; the other forms tell of the whole block.

use super::block::{Slot, point_in_block};
use super::change::Touched;
use super::few;
use super::index::Chunk;
use super::packed::Packed;
use super::slab::Shared;
use super::{BLOCK_VOXELS, BlockPos, Point, Rgba, Volume, VolumeChange};

const ONE_COLOR: u32 = 0;
const POINTS: u32 = 1;
const NUMBERED: u32 = 2;
const RAW: u32 = 3;

/// Bytes that are no blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stored blocks are malformed")]
pub struct MalformedBlocks;

/// Writes what the blocks that a change touched look like now.
pub fn write_touched(change: &VolumeChange, volume: &Volume, out: &mut Vec<u8>) {
    change.for_each_touched(&mut |at, touched| {
        let slot = volume.index.slot(at);
        match touched {
            Touched::Block => write_block(at, slot, out),
            Touched::Voxel(index) => write_points(at, slot, std::iter::once(index), out),
            Touched::Points(points) => {
                write_points(at, slot, points.iter().map(|(index, _)| *index), out);
            }
        }
    });
}

/// Writes every block of a volume.
pub fn write_all(volume: &Volume, out: &mut Vec<u8>) {
    for at in volume.positions() {
        write_block(at, volume.index.slot(at), out);
    }
}

/// Writes some blocks of a volume.
pub fn write_blocks(volume: &Volume, blocks: &[BlockPos], out: &mut Vec<u8>) {
    blocks.iter().for_each(|&at| write_block(at, volume.index.slot(at), out));
}

/// Writes the blocks of a volume that another one does not share. What both share is passed over
/// 4096 blocks at a time.
pub fn write_difference(before: &Volume, after: &Volume, out: &mut Vec<u8>) {
    for_each_difference(before, after, |at, slot| write_block(at, slot, out));
}

/// The places of the blocks that [`write_difference`] writes.
pub fn differing_blocks(before: &Volume, after: &Volume) -> Vec<BlockPos> {
    let mut found = Vec::new();
    for_each_difference(before, after, |at, _| found.push(at));
    found
}

fn for_each_difference(
    before: &Volume,
    after: &Volume,
    mut see: impl FnMut(BlockPos, Option<&Slot>),
) {
    for (pos, [old, new]) in before.index.chunks().differing(after.index.chunks()) {
        for (place, now) in new.into_iter().flat_map(Chunk::blocks) {
            let identity = old.map_or(0, |old| old.slot(place).identity());
            if now.identity() != identity {
                see(pos.block(place), Some(now));
            }
        }
        let is_gone = |place| new.is_none_or(|new| new.slot(place).is_empty());
        let gone = old.into_iter().flat_map(Chunk::blocks).map(|(place, _)| place);
        gone.filter(|&place| is_gone(place)).for_each(|place| see(pos.block(place), None));
    }
}

/// Whether two volumes have the same voxels in a block.
pub fn is_same_block(a: &Volume, b: &Volume, at: BlockPos) -> bool {
    let identity = |volume: &Volume| volume.index.slot(at).map_or(0, Slot::identity);
    let voxels = |volume: &Volume| {
        let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
        if let Some(block) = volume.block(at) {
            block.copy_to(&mut voxels);
        }
        voxels
    };
    identity(a) == identity(b) || voxels(a) == voxels(b)
}

/// Whether one of the first blocks of a volume is a block of another one, so that it tells little
/// to list the difference.
pub fn is_like(volume: &Volume, other: &Volume) -> bool {
    const LOOKS: usize = 64;
    volume.positions().take(LOOKS).any(|at| {
        let identity = |volume: &Volume| volume.index.slot(at).map(Slot::identity);
        identity(volume) == identity(other)
    })
}

fn write_head(at: BlockPos, form: u32, number: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&((at.x << 4) as u32 | form).to_le_bytes());
    out.extend_from_slice(&(at.y << 4).to_le_bytes());
    out.extend_from_slice(&(at.z << 4).to_le_bytes());
    out.extend_from_slice(&number.to_le_bytes());
}

fn write_points(
    at: BlockPos,
    slot: Option<&Slot>,
    indexes: impl ExactSizeIterator<Item = u16>,
    out: &mut Vec<u8>,
) {
    write_head(at, POINTS, indexes.len() as u32, out);
    for index in indexes {
        let color = slot.map_or(Rgba::EMPTY, |slot| slot.get(usize::from(index)));
        out.extend_from_slice(&index.to_le_bytes());
        out.extend_from_slice(&color.bytes());
    }
}

fn write_block(at: BlockPos, slot: Option<&Slot>, out: &mut Vec<u8>) {
    let Some(slot) = slot else { return write_head(at, ONE_COLOR, 0, out) };
    match slot {
        Slot::Empty => write_head(at, ONE_COLOR, 0, out),
        Slot::Uniform(color) => write_head(at, ONE_COLOR, color.number(), out),
        Slot::Packed(packed) => write_packed(at, packed, out),
        Slot::Dense(dense) => match Packed::new(&dense.voxels, slot.version()) {
            Some(packed) => write_packed(at, &packed, out),
            None => {
                write_head(at, RAW, 0, out);
                dense.voxels.iter().for_each(|color| out.extend_from_slice(&color.bytes()));
            }
        },
        Slot::Few(few) => {
            let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
            few.copy_to(&mut voxels);
            if let Some(packed) = Packed::new(&voxels, slot.version()) {
                write_packed(at, &packed, out);
            }
        }
    }
}

fn write_packed(at: BlockPos, packed: &Packed, out: &mut Vec<u8>) {
    if let Some(color) = packed.uniform() {
        return write_head(at, ONE_COLOR, color.number(), out);
    }
    let (colors, shift, words) = packed.parts();
    write_head(at, NUMBERED, colors.len() as u32 | shift << 16, out);
    colors.iter().for_each(|color| out.extend_from_slice(&color.bytes()));
    words.iter().for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
}

/// The only voxel that blocks tell of, if they are one point.
pub fn lone_point(mut bytes: &[u8]) -> Option<(Point, Rgba)> {
    let (at, form, number) = read_head(&mut bytes).ok()?;
    let point = read_point(at, &mut bytes).ok()?;
    (form == POINTS && number == 1 && bytes.is_empty()).then_some(point)
}

/// Puts blocks into a volume, whose marks take note of them.
pub fn read_into(volume: &mut Volume, mut bytes: &[u8]) -> Result<(), MalformedBlocks> {
    while !bytes.is_empty() {
        let (at, form, number) = read_head(&mut bytes)?;
        match form {
            ONE_COLOR => volume.set_uniform_block(at, color(number.to_le_bytes())),
            POINTS => read_points(volume, at, number, &mut bytes)?,
            NUMBERED => match read_packed(number, &mut bytes) {
                Some(packed) => volume.put_slot(at, Slot::Packed(Shared::new(packed))),
                None => volume.set_block(at, &read_numbered(number, &mut bytes)?),
            },
            RAW => {
                let raw: [u8; 4 * BLOCK_VOXELS] = take(&mut bytes)?;
                let colors = raw.as_chunks::<4>().0;
                volume.set_block(at, &std::array::from_fn(|index| color(colors[index])));
            }
            _ => return Err(MalformedBlocks),
        }
    }
    Ok(())
}

/// Where a block is, its form and its number.
fn read_head(bytes: &mut &[u8]) -> Result<(BlockPos, u32, u32), MalformedBlocks> {
    let words: [u8; 16] = take(bytes)?;
    let [x, y, z, number] =
        std::array::from_fn(|word| words.as_chunks::<4>().0[word]).map(u32::from_le_bytes);
    let place = |number: u32| number as i32 >> 4;
    Ok((BlockPos { x: place(x), y: place(y), z: place(z) }, x & 15, number))
}

fn read_points(
    volume: &mut Volume,
    at: BlockPos,
    count: u32,
    bytes: &mut &[u8],
) -> Result<(), MalformedBlocks> {
    for _ in 0..count {
        let (point, color) = read_point(at, bytes)?;
        volume.set(point, color);
    }
    Ok(())
}

fn read_point(at: BlockPos, bytes: &mut &[u8]) -> Result<(Point, Rgba), MalformedBlocks> {
    let [low, high, r, g, b, a] = take(bytes)?;
    let index = usize::from(u16::from_le_bytes([low, high]));
    if index >= BLOCK_VOXELS {
        return Err(MalformedBlocks);
    }
    Ok((point_in_block(at, index), color([r, g, b, a])))
}

/// A block that stays as it was stored, unless it is better kept in another form.
fn read_packed(number: u32, bytes: &mut &[u8]) -> Option<Packed> {
    let (count, shift) = ((number & 0xffff) as usize, number >> 16);
    let words = BLOCK_VOXELS >> 6_u32.checked_sub(shift)?;
    let (colors, rest) = bytes.split_at_checked(4 * count)?;
    let (numbers, rest) = rest.split_at_checked(8 * words)?;
    let palette: Vec<Rgba> = colors.as_chunks().0.iter().map(|bytes| color(*bytes)).collect();
    let numbers = numbers.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes));
    let packed = Packed::of_parts(&palette, shift, numbers.collect())?;
    if packed.count as usize <= few::MOST || packed.uniform().is_some() {
        return None;
    }
    *bytes = rest;
    Some(packed)
}

fn read_numbered(number: u32, bytes: &mut &[u8]) -> Result<[Rgba; BLOCK_VOXELS], MalformedBlocks> {
    let (count, shift) = ((number & 0xffff) as usize, number >> 16);
    if shift > 3 || count > 256 {
        return Err(MalformedBlocks);
    }
    let mut colors = [Rgba::EMPTY; 256];
    for place in colors.iter_mut().take(count) {
        *place = color(take(bytes)?);
    }
    let per_word = 64 >> shift;
    let low = (1u64 << (1 << shift)) - 1;
    let (mut voxels, mut highest) = ([Rgba::EMPTY; BLOCK_VOXELS], 0);
    for run in voxels.chunks_exact_mut(per_word) {
        let mut left = u64::from_le_bytes(take(bytes)?);
        for voxel in run {
            let number = (left & low) as u8;
            highest = highest.max(number);
            *voxel = colors[usize::from(number)];
            left >>= 1 << shift;
        }
    }
    if usize::from(highest) < count { Ok(voxels) } else { Err(MalformedBlocks) }
}

fn color([r, g, b, a]: [u8; 4]) -> Rgba {
    if a == 0 { Rgba::EMPTY } else { Rgba::new(r, g, b, a) }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], MalformedBlocks> {
    let (head, rest) = bytes.split_first_chunk::<N>().ok_or(MalformedBlocks)?;
    *bytes = rest;
    Ok(*head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voxel::Bounds;

    fn noisy(seed: i32) -> Volume {
        let mut volume = Volume::new();
        volume
            .fill(Bounds::inclusive([-40, -40, -40], [60, 40, 35]), Rgba::opaque(1, 2, seed as u8));
        for step in 0..9000 {
            let x = step * 37 % 200 - 100;
            let color = Rgba::new((step % 251) as u8, (step / 251) as u8, seed as u8, 200);
            volume.set(Point::new(x, step / 90 - 50, (step * seed) % 50), color);
        }
        for index in 0..4096 {
            let point = Point::new(400 + (index & 15), index >> 4 & 15, index >> 8);
            volume.set(point, Rgba::opaque(index as u8, (index >> 8) as u8, 7));
        }
        volume
    }

    fn copy(bytes: &[u8], mut volume: Volume) -> u64 {
        read_into(&mut volume, bytes).unwrap();
        volume.state_hash()
    }

    #[test]
    fn every_block_comes_back() {
        let volume = noisy(3);
        let mut bytes = Vec::new();
        write_all(&volume, &mut bytes);
        assert_eq!(copy(&bytes, Volume::new()), volume.state_hash());
    }

    #[test]
    fn what_an_edit_touched_and_what_differs_lead_from_before_to_after() {
        let before = noisy(5);
        let mut after = before.clone();
        after.start_marks();
        after.set(Point::new(1, 2, 3), Rgba::WHITE);
        after.set(Point::new(1000, 2, 3), Rgba::WHITE);
        after.fill(Bounds::inclusive([0, 0, 0], [70, 20, 20]), Rgba::opaque(9, 9, 9));
        after.fill(Bounds::inclusive([400, 0, 0], [415, 15, 14]), Rgba::EMPTY);
        let change = after.take_marks();
        let (mut touched, mut differing) = (Vec::new(), Vec::new());
        write_touched(&change, &after, &mut touched);
        write_difference(&before, &after, &mut differing);
        assert_eq!(copy(&touched, before.clone()), after.state_hash());
        assert_eq!(copy(&differing, before.clone()), after.state_hash());
        assert!(is_like(&after, &before) && !is_like(&after, &noisy(6)));
    }

    #[test]
    fn whatever_is_cut_off_is_refused_or_leaves_whole_blocks() {
        let mut bytes = Vec::new();
        write_all(&noisy(3), &mut bytes);
        for length in (0..bytes.len()).step_by(bytes.len() / 60) {
            let _ = read_into(&mut Volume::new(), &bytes[..length]);
        }
        assert_eq!(read_into(&mut Volume::new(), &[4; 16]), Err(MalformedBlocks));
    }
}
