//! One step as it lies in the history.
//!
//! There may be a million of them, nearly all of one voxel. What such a step does without lies
//! apart, so that it takes 80 bytes and not twice as many.

use std::sync::Arc;

use super::{ENTRY_BYTES, Ended, Reversal};
use crate::voxel::{Bounds, Kept};

/// One step of the history.
pub(super) struct Entry {
    pub(super) label: Arc<str>,
    /// The revision that the edit made.
    pub(super) revision: u64,
    pub(super) reversal: Reversal,
    /// None if it changed one voxel, and its state has no name.
    details: Option<Box<Details>>,
}

#[derive(Default)]
struct Details {
    /// A box around what the edit touched, where that is known.
    bounds: Option<Bounds>,
    /// What its reversal keeps.
    kept: Kept,
    checkpoint: Option<String>,
}

impl Entry {
    pub(super) fn new(label: Arc<str>, revision: u64, ended: Ended) -> Entry {
        let Ended { reversal, bounds, kept } = ended;
        let needs_none = reversal.is_of_point() && kept == Kept::default();
        let details = Details { bounds, kept, checkpoint: None };
        let details = (!needs_none).then(|| Box::new(details));
        Entry { label, revision, reversal, details }
    }

    fn details_mut(&mut self) -> &mut Details {
        let bounds = self.bounds();
        self.details.get_or_insert_with(|| Box::new(Details { bounds, ..Details::default() }))
    }

    /// A box around what the edit touched, where that is known.
    pub(super) fn bounds(&self) -> Option<Bounds> {
        match (&self.details, &self.reversal) {
            (Some(details), _) => details.bounds,
            (None, Reversal::Layer(_, change)) => change.bounds(),
            (None, Reversal::Voxels(_) | Reversal::Structure(_)) => None,
        }
    }

    /// What would be freed with it.
    pub(super) fn kept(&self) -> Kept {
        let kept = self.details.as_ref().map_or(Kept::default(), |details| details.kept);
        Kept { own: kept.own + ENTRY_BYTES + self.label.len() as u64, ..kept }
    }

    /// Takes the reversal of its reversal, which keeps so many bytes.
    pub(super) fn turn_round(&mut self, reversal: Reversal, kept: Kept) {
        self.reversal = reversal;
        if self.details.is_some() || kept != Kept::default() {
            self.details_mut().kept = kept;
        }
    }

    /// Notes that its blocks take so many bytes less.
    pub(super) fn count_packed(&mut self, saved: u64) {
        if let Some(details) = &mut self.details {
            details.kept.blocks = details.kept.blocks.saturating_sub(saved);
        }
    }

    /// The name of the state behind it.
    pub(super) fn checkpoint(&self) -> Option<&str> {
        self.details.as_ref()?.checkpoint.as_deref()
    }

    pub(super) fn set_checkpoint(&mut self, name: &str) {
        self.details_mut().checkpoint = Some(name.to_owned());
    }

    pub(super) fn take_checkpoint(&mut self) -> Option<String> {
        self.details.as_mut()?.checkpoint.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_step_has_no_use_for_takes_no_room() {
        assert!(size_of::<Entry>() <= 80, "{}", size_of::<Entry>());
    }
}
