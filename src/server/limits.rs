//! Every limit of the server: name, default, and what happens beyond it. Flags and configuration keys are
//! made from this one table.

use std::time::Duration;

use crate::wire::MessageLimits;

/// The limits of one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open connections. A newcomer beyond is told 1007 and closed.
    pub connections: usize,
    /// Lengths of messages.
    pub messages: MessageLimits,
    /// Unread bytes kept for a connection whose calls have to wait.
    pub inbound: usize,
    /// Unsent bytes beyond which no more calls of the connection are carried out.
    pub outbound_soft: usize,
    /// Unsent bytes beyond which an answer becomes error 1004, and a notice is refused.
    pub outbound_hard: usize,
    /// Bytes in the buffers of all connections together. Beyond it the largest holder is dropped.
    pub buffers: usize,
    /// Calls of one connection in a row.
    pub turn_requests: usize,
    /// Bytes of one connection in a row.
    pub turn_bytes: usize,
    /// Time of one connection in a row.
    pub turn_time: Duration,
    /// Time of all connections together before answers are sent and events are looked at.
    pub turn_total: Duration,
    /// The length of a slice of long work.
    pub slice: Duration,
    /// A turn that takes longer is logged.
    pub slow_turn: Duration,
    /// A connection without a byte for this long is closed; zero for never.
    pub idle: Duration,
    /// A message that was begun must be finished within; zero for no limit.
    pub unfinished: Duration,
    /// A connection whose peer takes no byte of its answers for this long is dropped; zero for never.
    pub stalled: Duration,
    /// How long a closing connection waits for the peer to notice.
    pub linger: Duration,
    /// How long a stop waits for answers.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connections: 4096,
            messages: MessageLimits::default(),
            inbound: 64 << 10,
            outbound_soft: 1 << 20,
            outbound_hard: 64 << 20,
            buffers: 256 << 20,
            turn_requests: 64,
            turn_bytes: 256 << 10,
            turn_time: Duration::from_millis(2),
            turn_total: Duration::from_millis(5),
            slice: Duration::from_millis(1),
            slow_turn: Duration::from_millis(100),
            idle: Duration::ZERO,
            unfinished: Duration::from_secs(30),
            stalled: Duration::from_secs(60),
            linger: Duration::from_secs(2),
            drain: Duration::from_millis(1500),
        }
    }
}

/// What a limit is measured in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// A plain number.
    Count,
    /// Bytes; `K`, `M` and `G` are understood.
    Bytes,
    /// Milliseconds; `ms`, `s`, `m` and `h` are understood, and a bare number means seconds.
    Time,
}

/// One limit as people set it.
pub struct Setting {
    /// The name of the flag and of the configuration key.
    pub name: &'static str,
    /// What it is measured in.
    pub unit: Unit,
    /// The least and the largest value.
    pub range: (u64, u64),
    /// What it limits, and what happens beyond.
    pub help: &'static str,
    /// The present value.
    pub get: fn(&Limits) -> u64,
    set: fn(&mut Limits, u64),
}

const HOUR: u64 = 3_600_000;
const GIGABYTE: u64 = 1 << 30;

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn size(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// All limits that people can set.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "max-connections",
        unit: Unit::Count,
        range: (1, 65536),
        help: "Open connections; newcomers beyond are told error 1007",
        get: |limits| limits.connections as u64,
        set: |limits, value| limits.connections = size(value),
    },
    Setting {
        name: "max-message-bytes",
        unit: Unit::Bytes,
        range: (1024, 256 << 20),
        help: "Length of one message; beyond it error -32700",
        get: |limits| limits.messages.message as u64,
        set: |limits, value| limits.messages.message = size(value),
    },
    Setting {
        name: "inbound-bytes",
        unit: Unit::Bytes,
        range: (4096, GIGABYTE),
        help: "Bytes read ahead while calls of the connection wait",
        get: |limits| limits.inbound as u64,
        set: |limits, value| limits.inbound = size(value),
    },
    Setting {
        name: "outbound-soft-bytes",
        unit: Unit::Bytes,
        range: (4096, GIGABYTE),
        help: "Unsent bytes beyond which a connection's next calls wait",
        get: |limits| limits.outbound_soft as u64,
        set: |limits, value| limits.outbound_soft = size(value),
    },
    Setting {
        name: "outbound-hard-bytes",
        unit: Unit::Bytes,
        range: (4096, GIGABYTE),
        help: "Length of one answer; beyond it error 1004",
        get: |limits| limits.outbound_hard as u64,
        set: |limits, value| limits.outbound_hard = size(value),
    },
    Setting {
        name: "buffer-bytes",
        unit: Unit::Bytes,
        range: (1 << 20, 64 * GIGABYTE),
        help: "Bytes in all buffers; beyond it the largest holder is dropped",
        get: |limits| limits.buffers as u64,
        set: |limits, value| limits.buffers = size(value),
    },
    Setting {
        name: "turn-requests",
        unit: Unit::Count,
        range: (1, 1_000_000),
        help: "Calls of one connection in a row before others get their turn",
        get: |limits| limits.turn_requests as u64,
        set: |limits, value| limits.turn_requests = size(value),
    },
    Setting {
        name: "turn-bytes",
        unit: Unit::Bytes,
        range: (4096, GIGABYTE),
        help: "Bytes of one connection in a row before others get their turn",
        get: |limits| limits.turn_bytes as u64,
        set: |limits, value| limits.turn_bytes = size(value),
    },
    Setting {
        name: "turn-time",
        unit: Unit::Time,
        range: (1, 1000),
        help: "Time of one connection in a row before others get their turn",
        get: |limits| millis(limits.turn_time),
        set: |limits, value| limits.turn_time = Duration::from_millis(value),
    },
    Setting {
        name: "slice-time",
        unit: Unit::Time,
        range: (1, 1000),
        help: "Time of one slice of long work",
        get: |limits| millis(limits.slice),
        set: |limits, value| limits.slice = Duration::from_millis(value),
    },
    Setting {
        name: "slow-turn-time",
        unit: Unit::Time,
        range: (1, HOUR),
        help: "A turn of the loop that takes longer is logged",
        get: |limits| millis(limits.slow_turn),
        set: |limits, value| limits.slow_turn = Duration::from_millis(value),
    },
    Setting {
        name: "idle-timeout",
        unit: Unit::Time,
        range: (0, 24 * HOUR),
        help: "A connection idle for longer is closed; 0 for never",
        get: |limits| millis(limits.idle),
        set: |limits, value| limits.idle = Duration::from_millis(value),
    },
    Setting {
        name: "message-timeout",
        unit: Unit::Time,
        range: (0, 24 * HOUR),
        help: "A message begun must be finished within; 0 for no limit",
        get: |limits| millis(limits.unfinished),
        set: |limits, value| limits.unfinished = Duration::from_millis(value),
    },
    Setting {
        name: "stall-timeout",
        unit: Unit::Time,
        range: (0, 24 * HOUR),
        help: "A peer that takes no byte of its answers for longer is dropped; 0 for never",
        get: |limits| millis(limits.stalled),
        set: |limits, value| limits.stalled = Duration::from_millis(value),
    },
    Setting {
        name: "drain-timeout",
        unit: Unit::Time,
        range: (0, HOUR),
        help: "How long a stop waits for answers",
        get: |limits| millis(limits.drain),
        set: |limits, value| limits.drain = Duration::from_millis(value),
    },
];

impl Setting {
    /// Sets the limit from text; the error says what was expected.
    pub fn apply(&self, limits: &mut Limits, text: &str) -> Result<(), String> {
        let (least, most) = self.range;
        let value = parse(text, self.unit).filter(|value| (least..=most).contains(value));
        let value = value.ok_or_else(|| {
            let spaced = self.name.replace('-', " ");
            let example = match self.unit {
                Unit::Count => "",
                Unit::Bytes => " bytes, like 65536, 64K or 16M",
                Unit::Time => " ms, like 30s, 500ms or 5m",
            };
            format!("Invalid {spaced}: {text} (must be {least}-{most}{example})")
        })?;
        (self.set)(limits, value);
        Ok(())
    }

    /// The present value as text that [`Setting::apply`] takes.
    pub fn show(&self, limits: &Limits) -> String {
        let value = (self.get)(limits);
        match self.unit {
            Unit::Bytes if value > 0 && value.is_multiple_of(1 << 20) => {
                format!("{}M", value >> 20)
            }
            Unit::Bytes if value > 0 && value.is_multiple_of(1 << 10) => {
                format!("{}K", value >> 10)
            }
            Unit::Time if value.is_multiple_of(1000) => format!("{}s", value / 1000),
            Unit::Time => format!("{value}ms"),
            _ => value.to_string(),
        }
    }
}

fn parse(text: &str, unit: Unit) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().ok()?;
    let factor = match (unit, &text[digits..]) {
        (Unit::Count | Unit::Bytes, "") => 1,
        (Unit::Bytes, "K" | "k") => 1 << 10,
        (Unit::Bytes, "M" | "m") => 1 << 20,
        (Unit::Bytes, "G" | "g") => 1 << 30,
        (Unit::Time, "ms") => 1,
        (Unit::Time, "" | "s") => 1000,
        (Unit::Time, "m") => 60_000,
        (Unit::Time, "h") => HOUR,
        _ => return None,
    };
    number.checked_mul(factor)
}

impl Limits {
    /// Finds contradictions between limits.
    pub fn check(&self) -> Result<(), String> {
        if self.outbound_soft > self.outbound_hard {
            return Err("outbound-soft-bytes is larger than outbound-hard-bytes".into());
        }
        if self.messages.message > self.buffers {
            return Err("max-message-bytes is larger than buffer-bytes".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_setting_takes_back_what_it_shows() {
        for setting in SETTINGS {
            let mut limits = Limits::default();
            let shown = setting.show(&limits);
            assert_eq!(setting.apply(&mut limits, &shown), Ok(()), "{}", setting.name);
            assert_eq!(limits, Limits::default(), "{}", setting.name);
            let least = setting.range.0;
            (setting.set)(&mut limits, least);
            assert_eq!((setting.get)(&limits), least, "{}", setting.name);
        }
    }

    #[test]
    fn names_are_unique() {
        let names: std::collections::BTreeSet<_> = SETTINGS.iter().map(|one| one.name).collect();
        assert_eq!(names.len(), SETTINGS.len());
    }

    #[test]
    fn units_are_understood_and_nonsense_is_refused_with_the_range() {
        let mut limits = Limits::default();
        let mut set = |name: &str, text: &str| {
            let setting = SETTINGS.iter().find(|setting| setting.name == name).unwrap();
            setting.apply(&mut limits, text).map(|()| (setting.get)(&limits))
        };
        assert_eq!(set("max-message-bytes", "64K"), Ok(65536));
        assert_eq!(set("idle-timeout", "5m"), Ok(300_000));
        assert_eq!(set("idle-timeout", "7"), Ok(7000));
        let error = set("max-connections", "0").unwrap_err();
        assert_eq!(error, "Invalid max connections: 0 (must be 1-65536)");
        for bad in ["", "-1", "12x", "99999999999999999999", "1000G"] {
            assert!(set("max-message-bytes", bad).is_err(), "{bad}");
        }
    }
}
