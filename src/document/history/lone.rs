//! Steps of one voxel, made again by the hundred thousand when a log is read.
//!
//! Such a step is what recording it would make it, at a fraction of the cost. Where more has to be
//! kept than the voxel's colour, because its block takes another form, it is left to the recording.

use super::{Ended, History, Reversal};
use crate::document::{Document, LayerId};
use crate::voxel::{Bounds, Kept, Point, Rgba, VolumeChange};

impl History {
    /// Sets a voxel of a layer as one step. Whether it changed; `None`, and nothing done, if the
    /// step has to be recorded. Nothing may be recorded meanwhile.
    pub(crate) fn set_voxel(
        &mut self,
        document: &mut Document,
        id: LayerId,
        (point, color): (Point, Rgba),
        label: &str,
    ) -> Option<bool> {
        let before = document.unrecorded_volume(id)?.set_in_form(point, color)?;
        let is_other = before != color;
        if is_other {
            let reversal = Reversal::Layer(id, VolumeChange::of_point(point, before));
            let bounds = Some(Bounds::of_point(point));
            self.push(Ended { reversal, bounds, kept: Kept::default() }, label);
        }
        Some(is_other)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Edit, Scope};
    use super::*;

    /// The same step, recorded.
    fn record(document: &mut Document, history: &mut History, voxel: (Point, Rgba)) -> bool {
        let edit = Edit::begin(document, Scope::Voxels);
        let id = document.active();
        document.layer_mut(id).unwrap().volume.set(voxel.0, voxel.1);
        history.commit(document, edit, "voxel").0
    }

    fn state(document: &Document, history: &History) -> (u64, u64, u64, (usize, usize)) {
        let volume = &document.layers()[0].volume;
        let (revision, memory) = (history.revision(), history.memory());
        (volume.state_hash(), revision, memory, history.position())
    }

    #[test]
    fn a_lone_voxel_becomes_the_step_that_recording_it_makes() {
        let (mut document, mut history) = (Document::default(), History::default());
        let (mut other, mut of_other) = (Document::default(), History::default());
        let (id, mut seed, mut lone) = (document.active(), 7u32, 0);
        for step in 0..6000 {
            let mut next = |most: u32| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 8) % most
            };
            // Few places, so that voxels are set again and go; now and then a block has few or one.
            let edge = if step < 4000 { 5 } else { 40 };
            let point = Point::new(next(edge) as i32 - 2, next(edge) as i32, 14 + next(4) as i32);
            let color = match next(5) {
                0 => Rgba::EMPTY,
                color => Rgba::opaque(color as u8, 0, 0),
            };
            if step % 97 == 0 {
                let position = history.position().0 / 2 * 2;
                history.go_to(&mut document, position.saturating_sub(3));
                of_other.go_to(&mut other, position.saturating_sub(3));
            }
            let (voxel, recorded) =
                ((point, color), record(&mut other, &mut of_other, (point, color)));
            let made = match history.set_voxel(&mut document, id, voxel, "voxel") {
                Some(is_other) => {
                    lone += 1;
                    is_other
                }
                None => record(&mut document, &mut history, voxel),
            };
            assert_eq!(made, recorded, "step {step}");
            assert_eq!(state(&document, &history), state(&other, &of_other), "step {step}");
            assert_eq!(
                history.bounds_of(history.position().0),
                of_other.bounds_of(of_other.position().0)
            );
        }
        assert!(lone > 4000, "{lone} of them were made without a recording");
        history.go_to(&mut document, 0);
        of_other.go_to(&mut other, 0);
        assert_eq!(state(&document, &history), state(&other, &of_other));
    }
}
