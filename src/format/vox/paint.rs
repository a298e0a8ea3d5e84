//! The colours of a file that is written: each has a number, and each number one material.
//!
//! A colour that voxels of several materials have takes several numbers. Colours keep the numbers
//! that they have in the document's palette where they can, so that what a file says of a number
//! stays true.

use super::material::{self, Entries};
use crate::document::{Document, Material, PreservedChunk};
use crate::format::fidelity::{Kind, Report};
use crate::format::quantise::{ColorCounts, Numbers, Quantised, choose, rgb};
use crate::job::Slice;
use crate::plain_words::in_words;
use crate::voxel::Rgba;

/// Colours that a file can hold; index 0 is no voxel.
pub(super) const COLORS_MAX: usize = 255;

/// The colours, and how each material finds the number of a colour.
pub(super) struct Paint {
    pub(super) palette: Vec<[u8; 3]>,
    /// For each material: numbers by colour.
    pub(super) numbers: Vec<Numbers>,
    /// What is said of numbers, from 1.
    pub(super) materials: Vec<(i32, Entries)>,
}

/// Chooses the colours of voxels that were counted for each material; the first of these is the
/// plain one.
pub(super) async fn paint(
    document: &Document,
    materials: &[Material],
    counts: Vec<ColorCounts>,
    report: &mut Report,
    slice: &Slice,
) -> Paint {
    let preferred = preferred(document);
    let told = told(&document.preserved);
    let colors: Vec<usize> = counts.iter().map(ColorCounts::colors).collect();
    let total: usize = colors.iter().sum();
    let mut all = Vec::new();
    for (counts, own) in counts.into_iter().zip(&colors) {
        // Of too many colours each material gets its share.
        let most = if total <= COLORS_MAX { *own } else { COLORS_MAX * own / total };
        let hint = if colors.len() == 1 { preferred.clone() } else { Vec::new() };
        let most = if colors.len() == 1 { COLORS_MAX } else { most.clamp(1, COLORS_MAX) };
        all.push(choose(counts, hint, most, slice).await);
    }
    all.iter().for_each(|quantised| tell_of_colors(quantised, report));
    let mut slots = Slots::new(&preferred);
    let mut places = Vec::new();
    for (quantised, material) in all.iter().zip(materials) {
        let fits = |number: usize| says(&told, number, material, quantised.palette.len());
        let place = |color: &[u8; 3]| slots.take(*color, &fits).unwrap_or(0);
        places.push(quantised.palette.iter().map(place).collect::<Vec<u8>>());
    }
    let mut said = Vec::new();
    for (number, slot) in (1i32..).zip(&slots.0) {
        let owner = (0..all.len()).find(|&m| m > 0 && places[m].contains(&((number - 1) as u8)));
        let [r, g, b] = slot.color;
        match owner {
            Some(owner) => {
                let entries = material::entries_of(&materials[owner], Rgba::opaque(r, g, b));
                said.push((number, entries));
            }
            None if slot.is_hinted => {
                said.extend(told.iter().find(|(known, _)| *known == number).cloned());
            }
            None => {}
        }
    }
    let numbers = all.into_iter().zip(places);
    let numbers = numbers.map(|(quantised, places)| Numbers::placed(quantised.index, places));
    Paint {
        palette: slots.0.iter().map(|slot| slot.color).collect(),
        numbers: numbers.collect(),
        materials: said,
    }
}

/// The palette's colours, if the file can hold so many.
fn preferred(document: &Document) -> Vec<[u8; 3]> {
    // With one colour more than that the palette is of no use, and it may have millions.
    let colors = document.palette.colors.iter().take(COLORS_MAX + 1);
    let colors: Vec<[u8; 3]> = colors.map(|(color, _)| rgb(*color)).collect();
    if colors.len() > COLORS_MAX { Vec::new() } else { colors }
}

/// What the file that the document came from says of numbers.
fn told(preserved: &[PreservedChunk]) -> Vec<(i32, Entries)> {
    let kept = preserved.iter().filter(|chunk| chunk.kind == *b"MATL");
    kept.filter_map(|chunk| super::chunks::read_material(&chunk.data)).collect()
}

/// Whether what is said of a number means a material; of the plain one nothing else is asked.
fn says(told: &[(i32, Entries)], number: usize, material: &Material, _colors: usize) -> bool {
    let entries = told.iter().find(|(known, _)| *known == number as i32 + 1);
    let own = material::unkept(&material.preserved);
    own.is_empty() || entries.is_some_and(|(_, entries)| *entries == own)
}

/// A number of the file.
#[derive(Clone, Copy)]
struct Slot {
    color: [u8; 3],
    is_taken: bool,
    /// Whether its colour is that of the document's palette.
    is_hinted: bool,
}

struct Slots(Vec<Slot>);

impl Slots {
    fn new(preferred: &[[u8; 3]]) -> Self {
        let hinted = |color: &[u8; 3]| Slot { color: *color, is_taken: false, is_hinted: true };
        let mut slots: Vec<Slot> = preferred.iter().map(hinted).collect();
        slots.resize(COLORS_MAX, Slot { color: [0; 3], is_taken: false, is_hinted: false });
        Slots(slots)
    }

    /// Takes the number for a colour: that of the palette if what is said of it fits, then one that
    /// is free.
    fn take(&mut self, color: [u8; 3], fits: &dyn Fn(usize) -> bool) -> Option<u8> {
        let free = |slot: &Slot| !slot.is_taken;
        let same = |slot: &Slot| slot.is_hinted && slot.color == color;
        let find = |wanted: &dyn Fn(usize, &Slot) -> bool| {
            self.0.iter().enumerate().position(|(number, slot)| free(slot) && wanted(number, slot))
        };
        let number = find(&|number, slot| same(slot) && fits(number))
            .or_else(|| find(&|_, slot| same(slot)))
            .or_else(|| find(&|_, slot| !slot.is_hinted))
            .or_else(|| find(&|_, _| true))?;
        let is_hinted = same(&self.0[number]);
        self.0[number] = Slot { color, is_taken: true, is_hinted };
        Some(number as u8)
    }
}

/// Tells what the colours of the file lose.
fn tell_of_colors(colors: &Quantised, report: &mut Report) {
    let most = colors.palette.len();
    let changed = if colors.error > 0 { colors.colors.saturating_sub(most).max(1) } else { 0 };
    let note = format!(
        "{} written as the nearest of {most}; the largest difference in a channel is {} \
         (RMS {:.1})",
        in_words(colors.colors as u64, ["colour is", "colours are"]),
        colors.error,
        colors.rms()
    );
    report.lose(Kind::Color, changed as u64, note);
    report.lose_alpha(colors.translucent);
}
