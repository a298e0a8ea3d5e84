//! Which block stands for a colour in a schematic that is written: the nearest one of a chosen set.

use rustc_hash::FxHashMap;

use super::colors;
use crate::format::FormatError;
use crate::format::fidelity::{Kind, Report};
use crate::plain_words::in_words;
use crate::voxel::Rgba;

/// The blocks that are chosen from unless others are named: the last words of their names.
const USUAL: &str = "concrete,wool,terracotta,planks";

/// The blocks of a set, and what was chosen so far.
pub(super) struct Choice {
    blocks: Vec<(String, Rgba)>,
    /// The number of each colour's kind in the file's palette.
    known: FxHashMap<[u8; 3], u32>,
    /// What was asked last: cells side by side mostly have one colour.
    last: Option<([u8; 3], u32)>,
    /// The kinds that are used; the first one is air.
    pub(super) palette: Vec<String>,
    changed: u64,
    translucent: u64,
}

impl Choice {
    /// Of the blocks whose names are, or end with, some words.
    pub(super) fn of(words: Option<&str>, format: &'static str) -> Result<Choice, FormatError> {
        let words: Vec<&str> = words.unwrap_or(USUAL).split(',').map(str::trim).collect();
        let is_meant = |name: &str| {
            words.iter().any(|word| {
                let word = word.trim_start_matches("minecraft:");
                name == word || name.strip_suffix(word).is_some_and(|rest| rest.ends_with('_'))
            })
        };
        let all = colors::blocks().iter().filter(|(name, _)| !name.contains('[') && is_meant(name));
        let blocks = all.map(|(name, color)| (format!("minecraft:{name}"), *color)).collect();
        Choice::among(blocks, "minecraft:air", format, &words.join(","))
    }

    /// Of Luanti's wool.
    pub(super) fn of_luanti(format: &'static str) -> Result<Choice, FormatError> {
        let blocks = colors::LUANTI.iter().map(|&(name, color)| {
            let [_, r, g, b] = color.to_be_bytes();
            (name.to_owned(), Rgba::opaque(r, g, b))
        });
        Choice::among(blocks.collect(), "air", format, "wool")
    }

    fn among(
        blocks: Vec<(String, Rgba)>,
        air: &str,
        format: &'static str,
        words: &str,
    ) -> Result<Choice, FormatError> {
        if blocks.is_empty() {
            let what = format!("there are no blocks '{words}'; usual are {USUAL}");
            return Err(FormatError::DoesNotFit { format, what });
        }
        let (known, palette) = (FxHashMap::default(), vec![air.to_owned()]);
        Ok(Choice { blocks, known, last: None, palette, changed: 0, translucent: 0 })
    }

    /// The number of the kind that stands for a colour.
    pub(super) fn number(&mut self, color: Rgba) -> u32 {
        if color.is_empty() {
            return 0;
        }
        self.translucent += u64::from(color.a < 255);
        let key = [color.r, color.g, color.b];
        if let Some((_, known)) = self.last.filter(|(last, _)| *last == key) {
            return known;
        }
        if let Some(&known) = self.known.get(&key) {
            self.last = Some((key, known));
            return known;
        }
        let distance = |other: &Rgba| -> u32 {
            let other = [other.r, other.g, other.b];
            (0..3).map(|c| u32::from(key[c].abs_diff(other[c])).pow(2)).sum()
        };
        let nearest = (0..self.blocks.len()).min_by_key(|&n| distance(&self.blocks[n].1));
        let (name, own) = &self.blocks[nearest.unwrap_or(0)];
        self.changed += u64::from(distance(own) > 0);
        let place = self.palette.iter().position(|known| known == name).unwrap_or_else(|| {
            self.palette.push(name.clone());
            self.palette.len() - 1
        });
        let place = place as u32;
        self.known.insert(key, place);
        self.last = Some((key, place));
        place
    }

    /// Tells what colours lost.
    pub(super) fn tell(&self, report: &mut Report) {
        let said = ["colour is", "colours are"];
        let note = in_words(self.changed, said) + " written as the nearest block";
        report.lose(Kind::Color, self.changed, note);
        report.lose_alpha(self.translucent);
    }
}
