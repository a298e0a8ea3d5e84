//! The end of a daemon that nobody needs any more (`--idle-exit`): one that was started for an
//! agent and outlived it.
//!
//! Nothing unsaved is lost by it: while a project has changes that the end would not save, the
//! daemon stays, and looks again after the same time.

use std::time::{Duration, Instant};

use super::clock::Clock;
use super::reactor::Reactor;
use super::transport::Transport;
use crate::plain_words::in_words;

/// Since when nobody is connected, and when to look again.
#[derive(Debug, Default)]
pub(super) struct IdleExit {
    look_at: Option<Instant>,
}

impl IdleExit {
    /// When to look at it next; `None` if somebody is connected or it is off.
    pub(super) fn next(&self) -> Option<Instant> {
        self.look_at
    }

    /// Whether the time is over. Counts from the moment that the last connection was seen gone.
    fn is_over(&mut self, is_alone: bool, limit: Duration, now: Instant) -> bool {
        if !is_alone || limit.is_zero() {
            self.look_at = None;
            return false;
        }
        let look_at = *self.look_at.get_or_insert(now + limit);
        if now < look_at {
            return false;
        }
        self.look_at = Some(now + limit);
        true
    }
}

impl<T: Transport, C: Clock> Reactor<T, C> {
    /// Begins the stop if nobody was connected for long enough and nothing would be lost.
    pub(super) fn end_if_idle(&mut self) {
        let is_alone = self.hub.open() == 0 && self.hub.draining.is_none();
        let (limit, now) = (self.hub.limits.idle_exit, self.hub.now);
        if !self.idle_exit.is_over(is_alone, limit, now) {
            return;
        }
        let unsaved = self.unsaved_at_the_end();
        if unsaved > 0 {
            log::info!(
                "nobody is connected, but {} unsaved changes: staying",
                in_words(unsaved as u64, ["project has", "projects have"])
            );
            return;
        }
        log::info!("stopping: nobody was connected for {} s (--idle-exit)", limit.as_secs());
        self.begin_drain();
    }

    /// How many projects have changes that would be lost if the daemon ended now. With a journal
    /// none has: the next start brings them back.
    fn unsaved_at_the_end(&self) -> usize {
        if self.service.journal().is_some() {
            return 0;
        }
        let saves = self.hub.observer.config.settings.save_on_exit.0;
        let projects = self.service.workspace().projects();
        let lost = |project: &crate::workspace::Project| {
            project.is_dirty() && !(saves && project.file().is_some())
        };
        projects.filter(|(_, project)| lost(project)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_counts_from_the_last_connection_and_begins_anew() {
        let (mut idle, start) = (IdleExit::default(), Instant::now());
        let limit = Duration::from_secs(60);
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(!idle.is_over(true, limit, at(0)));
        assert!(!idle.is_over(false, limit, at(59)));
        assert!(!idle.is_over(true, limit, at(61)));
        assert_eq!(idle.next(), Some(at(121)));
        assert!(idle.is_over(true, limit, at(121)));
        assert!(!idle.is_over(true, limit, at(122)));
        assert!(!idle.is_over(true, Duration::ZERO, at(999)));
        assert_eq!(idle.next(), None);
    }
}
