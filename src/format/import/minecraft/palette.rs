//! The kinds of blocks of a schematic: their colours, and how often each of those that are not
//! known occurs.

use super::colors::{self, Look};
use super::nbt::Tag;
use crate::format::FormatError;
use crate::format::fidelity::{Kind, Report};
use crate::format::import::Sink;
use crate::plain_words::in_words;

/// The most kinds that are told by their names.
const TOLD_MAX: usize = 12;

/// Kinds by their numbers.
#[derive(Default)]
pub(super) struct Palette {
    kinds: Vec<Option<(String, Look)>>,
    /// How many blocks of each kind were placed.
    counts: Vec<u64>,
}

impl Palette {
    /// Gives a number to a name; of equal numbers the last one counts.
    pub(super) fn insert(&mut self, number: usize, name: &str) {
        self.put(number, name.to_owned(), colors::of_name(name));
    }

    /// Adds the next number.
    pub(super) fn push(&mut self, name: &str) {
        self.insert(self.kinds.len(), name);
    }

    fn put(&mut self, number: usize, name: String, look: Look) {
        if number >= self.kinds.len() {
            self.kinds.resize(number + 1, None);
            self.counts.resize(number + 1, 0);
        }
        self.kinds[number] = Some((name, look));
    }

    /// All 4096 numbers of old files with their 16 data values: number << 4 | data.
    pub(super) fn of_numbers() -> Self {
        let mut palette = Palette::default();
        for number in 0..1u16 << 12 {
            for data in 0..16u8 {
                let name = format!("{number}:{data}");
                let look = colors::of_number(number, data);
                palette.put(usize::from(number) << 4 | usize::from(data), name, look);
            }
        }
        palette
    }

    /// The kinds of a list of compounds with `Name` and perhaps `Properties`.
    pub(super) fn of_states(states: &[Tag], data: &[u8]) -> Self {
        let mut palette = Palette::default();
        for state in states {
            let name = state.text(data, "Name").unwrap_or_default();
            let mut told = String::new();
            if let Some(Tag::Compound(properties)) = state.get(data, "Properties") {
                for (key, value) in properties {
                    if let Tag::Text(value) = value {
                        let [key, value] =
                            [key, value].map(|at| String::from_utf8_lossy(&data[at.clone()]));
                        told.push_str(&format!("{key}={value},"));
                    }
                }
            }
            palette.push(&format!("{name}[{told}]"));
        }
        palette
    }

    pub(super) fn len(&self) -> usize {
        self.kinds.len()
    }

    /// Places a block; false if its number has no kind.
    pub(super) fn place(
        &mut self,
        number: usize,
        at: [i64; 3],
        sink: &mut Sink,
    ) -> Result<bool, FormatError> {
        let Some(Some((_, look))) = self.kinds.get(number) else { return Ok(false) };
        if let Some(color) = look.color() {
            self.counts[number] += 1;
            sink.set(at, color)?;
        }
        Ok(true)
    }

    /// Tells of the kinds that are not in the table.
    pub(super) fn tell(&self, report: &mut Report) {
        let guessed = self.kinds.iter().zip(&self.counts).filter_map(|(kind, &count)| match kind {
            Some((name, Look::Guessed(_))) if count > 0 => Some((name.as_str(), count)),
            _ => None,
        });
        let guessed: Vec<(&str, u64)> = guessed.collect();
        let named = guessed
            .iter()
            .take(TOLD_MAX)
            .map(|(name, count)| format!("{} ({count})", name.trim_end_matches("[]")));
        let named = named.collect::<Vec<_>>().join(", ");
        let more = if guessed.len() > TOLD_MAX { ", ..." } else { "" };
        let count = guessed.iter().map(|(_, count)| count).sum();
        let said = ["block is not known and gets", "blocks are not known and get"];
        let note = format!("{} made-up colours: {named}{more}", in_words(count, said));
        report.lose(Kind::Unknown, count, note);
    }
}
