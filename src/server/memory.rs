//! Keeping the process within its memory: when a limit is near, the daemon lets go of what it can
//! do without, in this order: caches and spare buffers, memory that nobody uses, the oldest steps
//! of the longest histories. What is still missing then is refused to those who would grow (see
//! [`crate::memory::admit`]). At rest, what nobody uses goes back to the system.

use std::time::{Duration, Instant};

use super::clock::Clock;
use super::reactor::Reactor;
use super::transport::Transport;
use crate::job::leftovers;
use crate::memory::{self, Kind, Kinds};
use crate::voxel::{free_slab_bytes, give_back_memory};

/// How long what was resident is believed while there is work.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Letting go may take this part of the time at most.
const SHARE_OF_TIME: u32 = 20;
/// After so long at rest what nobody uses goes back to the system.
const REST: Duration = Duration::from_secs(10);
/// Less than this is not worth the way.
const WORTH_GIVING_BACK: u64 = 4 << 20;

/// See the module.
#[derive(Default)]
pub(super) struct Memory {
    looked: Option<Instant>,
    /// Not before then is anything let go of again.
    next: Option<Instant>,
    /// Messages as of the last time that memory was given back, and when that is due again.
    messages: u64,
    due: Option<Instant>,
}

impl Memory {
    /// When to look whether memory can be given back.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }
}

impl<T: Transport, C: Clock> Reactor<T, C> {
    /// What is held, by kind.
    pub(super) fn memory_kinds(&self) -> Kinds {
        let mut kinds = self.service.workspace().memory_kinds();
        for kind in [Kind::Answers, Kind::Subscriptions, Kind::Pictures, Kind::Journal] {
            kinds[kind as usize] = memory::memory_of(kind);
        }
        kinds[Kind::Buffers as usize] = self.hub.buffered as u64;
        kinds
    }

    /// Looks whether a limit is near, and lets go of something then. Once a turn.
    pub(super) fn mind_memory(&mut self) {
        let now = self.hub.now;
        let is_old = |then: Instant| now.saturating_duration_since(then) >= LOOK_EVERY;
        if self.memory.looked.is_none_or(is_old) {
            self.memory.looked = Some(now);
            memory::look();
        }
        if memory::is_tight() && self.memory.next.is_none_or(|next| next <= now) {
            self.let_go();
            self.hub.now = self.hub.clock.now();
            let took = self.hub.now.saturating_duration_since(now);
            // Where it helped, there is room before it is needed again.
            let pause = took.max(LOOK_EVERY) * SHARE_OF_TIME;
            self.memory.next = memory::is_tight().then_some(self.hub.now + pause);
        }
    }

    fn let_go(&mut self) {
        self.service.workspace_mut().drop_caches();
        self.hub.forget_spare();
        leftovers::free_all();
        give_back_memory();
        memory::look();
        if memory::is_tight() {
            let forgotten = self.service.workspace_mut().forget_oldest(memory::excess());
            if forgotten > 0 {
                leftovers::free_all();
                give_back_memory();
                log::info!("memory is tight: {forgotten} bytes of the oldest steps were forgotten");
            }
            self.pack_soon();
        }
        memory::publish(&self.memory_kinds());
        memory::keep_reserve();
        memory::look();
    }

    /// Gives memory back to the system once there was nothing to do for a while. Once a turn.
    pub(super) fn give_back_at_rest(&mut self) {
        let (now, messages) = (self.hub.now, self.hub.metrics.messages);
        if messages != self.memory.messages {
            self.memory.messages = messages;
            self.memory.due = Some(now + REST);
        } else if self.memory.due.is_some_and(|due| due <= now) {
            let is_idle = self.is_at_rest() && !self.packing.is_running();
            self.memory.due = (!is_idle).then_some(now + REST);
            let free = memory::heap().map_or(0, |heap| heap.free) + free_slab_bytes();
            if is_idle && free >= WORTH_GIVING_BACK {
                give_back_memory();
                self.hub.now = self.hub.clock.now();
            }
        }
    }
}
