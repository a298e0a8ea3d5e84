//! Packing idle projects: when to look for one, and a slice of it when nobody has anything else to
//! do.
//!
//! A look is due some time after the first message since the last look, and again as long as a
//! project has changed or is not packed. After that nothing is armed: a daemon at rest does not
//! wake up for this.

use std::time::Instant;

use super::clock::Clock;
use super::reactor::Reactor;
use super::transport::Transport;
use crate::workspace::Packing;

/// See the module.
#[derive(Default)]
pub(super) struct IdlePacking {
    /// Messages handled when it was looked last; `None` before the first turn.
    messages: Option<u64>,
    due: Option<Instant>,
    running: Option<Packing>,
}

impl IdlePacking {
    pub(super) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Looks as soon as possible.
    pub(super) fn look_at(&mut self, when: Instant) {
        self.due = Some(self.due.map_or(when, |due| due.min(when)));
    }

    /// When to look next.
    pub(super) fn next(&self) -> Option<Instant> {
        self.due
    }
}

impl<T: Transport, C: Clock> Reactor<T, C> {
    /// Looks for a project to pack, if it is time, or packs a little.
    pub(super) fn pack_idle(&mut self) {
        let (after, messages) = (self.hub.limits.pack_after, self.hub.metrics.messages);
        if after.is_zero() {
            self.packing = IdlePacking::default();
            return;
        }
        if self.packing.due.is_none() && self.packing.messages != Some(messages) {
            let has_news = self.packing.messages.is_some() || self.service.workspace().has_voxels();
            self.packing.messages = Some(messages);
            self.packing.due = has_news.then_some(self.hub.now + after);
        }
        if self.packing.running.is_none() && self.packing.due.is_some_and(|due| due <= self.hub.now)
        {
            let (found, may_find_more) = self.service.workspace_mut().look_for_packing();
            self.packing.messages = Some(messages);
            self.packing.due = may_find_more.then_some(self.hub.now + after);
            self.packing.running = found;
            if !may_find_more {
                self.service.note_rest();
            }
        } else if self.is_at_rest() {
            self.pack_slice();
        }
    }

    /// Packs idle projects sooner than they would be.
    pub(super) fn pack_soon(&mut self) {
        if !self.hub.limits.pack_after.is_zero() {
            self.packing.look_at(self.hub.now);
        }
    }

    fn pack_slice(&mut self) {
        let Some(packing) = &mut self.packing.running else { return };
        let mut budget = self.hub.clock.slice(self.hub.limits.slice);
        if !self.service.workspace_mut().pack(packing, &mut budget) {
            self.packing.running = None;
        }
        self.hub.metrics.slices += 1;
        self.hub.now = self.hub.clock.now();
    }
}
