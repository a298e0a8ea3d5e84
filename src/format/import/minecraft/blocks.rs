//! The blocks of a schematic, as numbers in its data, and the colours that they stand for.

use std::collections::HashMap;
use std::ops::Range;

use super::colors;
use super::nbt::Tag;
use crate::format::FormatError;
use crate::format::import::CELLS_A_UNIT;
use crate::voxel::Rgba;

/// Blocks that get their colours in one unit of work.
const COLORS_A_UNIT: usize = 128;
/// How many different numbers MCEdit's blocks can have.
const NUMBERS: usize = 1 << 12;

pub(super) enum Blocks {
    /// MCEdit's blocks: a number each, with four more bits in another array.
    Numbered { numbers: Range<usize>, high: Range<usize>, colors: Vec<Option<Rgba>> },
    /// Sponge's blocks: numbers of variable length that stand for names. The names that have no colour yet
    /// are taken from the end.
    Named {
        data: Range<usize>,
        names: Vec<(Range<usize>, Tag)>,
        colors: HashMap<u64, Option<Rgba>>,
    },
}

impl Blocks {
    /// The blocks of a schematic, if it has any.
    pub(super) fn find(root: &mut Tag, data: &[u8]) -> Option<Self> {
        if let Some(numbers) = root.bytes(data, "Blocks") {
            let high = root.bytes(data, "AddBlocks").unwrap_or(0..0);
            return Some(Blocks::Numbered { numbers, high, colors: Vec::new() });
        }
        let mut inner = root.take(data, "Blocks");
        let blocks = inner.as_mut().unwrap_or(root);
        let place = blocks.bytes(data, "BlockData").or_else(|| blocks.bytes(data, "Data"))?;
        let Tag::Compound(mut names) = blocks.take(data, "Palette")? else { return None };
        // Of equal numbers the last one counts.
        names.reverse();
        let colors = HashMap::with_capacity(names.len());
        Some(Blocks::Named { data: place, names, colors })
    }

    /// Gives some blocks their colours; false once all have one.
    pub(super) fn color_some(&mut self, data: &[u8]) -> bool {
        match self {
            Blocks::Numbered { colors, .. } => {
                let (first, end) = (colors.len(), NUMBERS.min(colors.len() + COLORS_A_UNIT));
                colors.extend((first..end).map(|number| colors::of_number(number as u16)));
                first < end
            }
            Blocks::Named { names, colors, .. } => {
                let left = names.len().saturating_sub(COLORS_A_UNIT);
                let run = names.split_off(left);
                for (name, number) in run.iter().rev() {
                    if let Tag::Number(number) = number {
                        let name = String::from_utf8_lossy(&data[name.clone()]);
                        colors.insert(*number as u64, colors::of_name(&name));
                    }
                }
                !run.is_empty()
            }
        }
    }

    /// How many bytes all of them take.
    pub(super) fn length(&self) -> usize {
        match self {
            Blocks::Numbered { numbers, .. } => numbers.len(),
            Blocks::Named { data, .. } => data.len(),
        }
    }

    /// Gives the colours of some blocks from a byte on; how many bytes they take, or `None` if one of
    /// them has no name.
    pub(super) fn read(
        &self,
        data: &[u8],
        from: usize,
        mut each: impl FnMut(Option<Rgba>) -> Result<(), FormatError>,
    ) -> Result<Option<usize>, FormatError> {
        match self {
            Blocks::Numbered { numbers, high, colors } => {
                let (all, high) = (&data[numbers.clone()][from..], &data[high.clone()]);
                let run = &all[..all.len().min(CELLS_A_UNIT as usize)];
                for (index, &low) in (from..).zip(run) {
                    let bits = high.get(index / 2).copied().unwrap_or(0) >> (4 * (index % 2)) & 15;
                    each(colors[usize::from(low) | usize::from(bits) << 8])?;
                }
                Ok(Some(run.len()))
            }
            Blocks::Named { data: place, colors, .. } => {
                let all = &data[place.clone()][from..];
                let mut taken = 0;
                for _ in 0..CELLS_A_UNIT {
                    let Some((number, length)) = variable_number(&all[taken..]) else {
                        return Ok(None);
                    };
                    taken += length;
                    let Some(number) = number else { break };
                    let Some(&color) = colors.get(&number) else { return Ok(None) };
                    each(color)?;
                }
                Ok(Some(taken))
            }
        }
    }
}

/// A number at the start of bytes, seven bits in each from the low ones up, and how many bytes it takes. Bytes
/// that end within a number hold none; a number of too many bytes is `None`.
fn variable_number(bytes: &[u8]) -> Option<(Option<u64>, usize)> {
    let mut value = 0;
    for (place, byte) in bytes.iter().enumerate() {
        value |= u64::from(byte & 127) << (7 * place);
        if byte & 128 == 0 {
            return Some((Some(value), place + 1));
        }
        if place == 5 {
            return None;
        }
    }
    Some((None, bytes.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_take_up_to_six_bytes() {
        assert_eq!(variable_number(&[5, 6]), Some((Some(5), 1)));
        assert_eq!(variable_number(&[0x8c, 0x01]), Some((Some(140), 2)));
        assert_eq!(variable_number(&[128, 128, 128, 128, 128, 1]), Some((Some(1 << 35), 6)));
        assert_eq!(variable_number(&[128; 7]), None);
        assert_eq!(variable_number(&[128, 128]), Some((None, 2)));
        assert_eq!(variable_number(&[]), Some((None, 0)));
    }
}
