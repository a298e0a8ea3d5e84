//! What is kept about calls and turns: for the state of health, the slow log and monitors.

use std::time::{Duration, Instant};

use super::calls::Calls;
use super::config::{Loaded, Origin, Settings, TABLE};
use super::monitor::Monitors;
use super::slowlog::SlowLog;
use crate::api::methods::watching::ListedSetting;
use crate::rpc::server_facts::{SettingList, Thresholds};
use crate::server::config::Effect;

/// The longest of the last one to two windows of time.
#[derive(Debug)]
pub struct Recent {
    width: Duration,
    since: Instant,
    current: Duration,
    previous: Duration,
}

impl Recent {
    /// Nothing yet.
    pub fn new(width: Duration, now: Instant) -> Self {
        Recent { width, since: now, current: Duration::ZERO, previous: Duration::ZERO }
    }

    fn roll(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.since);
        if passed >= self.width {
            let is_old = passed >= 2 * self.width;
            self.previous = if is_old { Duration::ZERO } else { self.current };
            (self.current, self.since) = (Duration::ZERO, now);
        }
    }

    /// Adds a time.
    pub fn note(&mut self, time: Duration, now: Instant) {
        self.roll(now);
        self.current = self.current.max(time);
    }

    /// The longest.
    pub fn longest(&self, now: Instant) -> Duration {
        match now.saturating_duration_since(self.since) {
            passed if passed >= 2 * self.width => Duration::ZERO,
            passed if passed >= self.width => self.current,
            _ => self.current.max(self.previous),
        }
    }
}

/// See the module.
#[derive(Debug)]
pub struct Observer {
    /// The configuration in force.
    pub config: Loaded,
    /// The sockets that are served.
    pub sockets: Vec<String>,
    /// Those that nobody can reach any more, and why.
    pub lost_sockets: Vec<String>,
    /// Calls by method.
    pub calls: Calls,
    /// Slow calls.
    pub slow_log: SlowLog,
    /// Who is told of calls.
    pub monitors: Monitors,
    /// The longest turns of late.
    pub turns: Recent,
}

/// The width of the windows for turns when there are no regular snapshots.
const DEFAULT_WINDOW: Duration = Duration::from_secs(30);

fn window(settings: &Settings) -> Duration {
    match settings.health_interval.0 {
        Duration::ZERO => DEFAULT_WINDOW,
        interval => interval,
    }
}

impl Observer {
    /// Nothing observed yet.
    pub fn new(config: Loaded, now: Instant) -> Self {
        let settings = &config.settings;
        Observer {
            sockets: Vec::new(),
            lost_sockets: Vec::new(),
            calls: Calls::default(),
            slow_log: SlowLog::new(settings.slow_call.0, settings.slowlog_length.get()),
            monitors: Monitors::new(settings.monitor_rate.0),
            turns: Recent::new(window(settings), now),
            config,
        }
    }

    /// Takes a changed configuration over.
    pub fn reconfigure(&mut self, now: Instant) {
        let settings = &self.config.settings;
        self.slow_log.configure(settings.slow_call.0, settings.slowlog_length.get());
        self.monitors.set_rate(settings.monitor_rate.0);
        if self.turns.width != window(settings) {
            self.turns = Recent::new(window(settings), now);
        }
    }

    /// From where on facts are worth a warning.
    pub fn thresholds(&self) -> Thresholds {
        let settings = &self.config.settings;
        Thresholds {
            warn_connections: settings.warn_connections.0,
            warn_descriptors: settings.warn_descriptors.0,
            warn_buffers: settings.warn_buffers.0,
            warn_turn: settings.warn_turn.0,
            warn_memory: settings.warn_memory.0,
        }
    }

    /// Sets how important a log line must be, as a call asked.
    pub fn set_log_level(&mut self, level: log::LevelFilter) {
        log::set_max_level(level);
        self.config.settings.log_level = level;
        let place = TABLE.iter().position(|setting| setting.key == "log.level");
        if let Some(origin) = place.and_then(|place| self.config.origins.get_mut(place)) {
            *origin = Origin::Call;
        }
    }

    /// The configuration as calls see it.
    pub fn setting_list(&self) -> SettingList {
        let settings =
            TABLE.iter().zip(&self.config.origins).map(|(setting, origin)| ListedSetting {
                key: setting.key,
                value: (setting.show)(&self.config.settings),
                origin: origin.to_string(),
                default: setting.default,
                flag: setting.flag,
                variable: setting.variable,
                takes_effect: match setting.effect {
                    Effect::Live => "reload",
                    Effect::Start => "start",
                    Effect::Gone => "never",
                },
            });
        let files = self.config.files.iter().map(|file| file.display().to_string());
        SettingList { files: files.collect(), settings: settings.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_turn_is_recent_for_one_to_two_windows() {
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        let mut recent = Recent::new(10 * second, start);
        recent.note(7 * second, start + second);
        assert_eq!(recent.longest(start + 9 * second), 7 * second);
        recent.note(second, start + 12 * second);
        assert_eq!(recent.longest(start + 13 * second), 7 * second);
        recent.note(second, start + 23 * second);
        assert_eq!(recent.longest(start + 24 * second), second);
        assert_eq!(recent.longest(start + 60 * second), Duration::ZERO);
    }

    #[test]
    fn a_level_that_a_call_sets_shows_in_the_list() {
        let mut observer = Observer::new(Loaded::default(), Instant::now());
        observer.set_log_level(log::LevelFilter::Debug);
        let list = observer.setting_list();
        let level = list.settings.iter().find(|setting| setting.key == "log.level").unwrap();
        assert_eq!((&*level.value, &*level.origin), ("debug", "call"));
    }
}
