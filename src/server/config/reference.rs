//! The reference's configuration design in JSON, read for what still has a meaning.
//!
//! The reference never parsed its own file, so nothing in one has ever had an effect. What a value
//! would mean here is taken over; for everything else there is a warning, and the daemon starts.

use std::ffi::OsString;

use serde_json::Value;

use super::file::FileContent;
use super::table::by_key;

/// How a value of the design becomes a value of a setting.
#[derive(Clone, Copy)]
enum Unit {
    /// As it is.
    Same,
    /// A number of seconds.
    Seconds,
    /// A number of milliseconds.
    Milliseconds,
    /// A number of MiB.
    Mebibytes,
}

/// Keys of the design, and the settings that they stand for.
const KEYS: &[(&str, &str, Unit)] = &[
    ("daemon.daemonize", "process.daemonize", Unit::Same),
    ("daemon.pid_file", "process.pid_file", Unit::Same),
    ("daemon.socket_path", "socket.path", Unit::Same),
    ("daemon.log_file", "log.file", Unit::Same),
    ("daemon.working_dir", "process.working_dir", Unit::Same),
    ("daemon.user", "process.user", Unit::Same),
    ("daemon.group", "process.group", Unit::Same),
    ("server.workers", "gone.workers", Unit::Same),
    ("server.queue_size", "gone.queue_size", Unit::Same),
    ("server.max_connections", "limits.connections", Unit::Same),
    ("server.enable_priority_queue", "gone.priority_queue", Unit::Same),
    ("server.timeout_seconds", "limits.unfinished", Unit::Seconds),
    ("logging.level", "log.level", Unit::Same),
    ("logging.format", "log.format", Unit::Same),
    ("security.socket_permissions", "socket.mode", Unit::Same),
    ("security.socket_group", "socket.group", Unit::Same),
    ("security.max_request_size_mb", "limits.message", Unit::Mebibytes),
    ("monitoring.health_check_interval_seconds", "health.interval", Unit::Seconds),
    ("performance.health_check_interval_seconds", "health.interval", Unit::Seconds),
    ("performance.max_connections", "limits.connections", Unit::Same),
    ("performance.max_message", "limits.message", Unit::Same),
    ("performance.shutdown", "limits.drain", Unit::Milliseconds),
    ("health.check", "health.interval", Unit::Milliseconds),
    ("workers.count", "gone.workers", Unit::Same),
    ("workers.queue", "gone.queue_size", Unit::Same),
];

/// Whether a file is of this kind and not TOML.
pub fn is_json(name: &str, text: &str) -> bool {
    name.ends_with(".json") || text.trim_start().starts_with('{')
}

/// Reads the text of such a file.
pub fn read_json(text: &str) -> FileContent {
    let mut content = FileContent::default();
    match serde_json::from_str::<Value>(text) {
        Err(error) => content.errors.push(format!("not JSON: {error}")),
        Ok(Value::Object(sections)) => {
            for (section, value) in &sections {
                walk(section, value, &mut content);
            }
        }
        Ok(_) => content.errors.push("expected a JSON object".to_owned()),
    }
    content
}

/// Takes a value over if it means something; else goes on below it.
fn walk(path: &str, value: &Value, content: &mut FileContent) {
    if let Some((_, key, unit)) = KEYS.iter().find(|(known, ..)| *known == path) {
        return match (by_key(key), convert(value, *unit)) {
            (Some(setting), Some(text)) => content.give(setting, vec![text]),
            _ => content.errors.push(format!("{path}: cannot be a value of {key}: {value}")),
        };
    }
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                walk(&format!("{path}.{name}"), value, content);
            }
        }
        _ => content.warnings.push(format!("{path} has no meaning here and is ignored")),
    }
}

fn convert(value: &Value, unit: Unit) -> Option<OsString> {
    let number = || value.as_u64();
    let text = match unit {
        Unit::Seconds => format!("{}s", number()?),
        Unit::Milliseconds => format!("{}ms", number()?),
        Unit::Mebibytes => format!("{}MiB", number()?),
        Unit::Same => match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(on) => on.to_string(),
            Value::Null => String::new(),
            Value::Array(_) | Value::Object(_) => return None,
        },
    };
    Some(text.into())
}

#[cfg(test)]
mod tests {
    use super::super::table::TABLE;
    use super::*;

    const DESIGN: &str = r#"{
        "daemon": {"socket_path": "/run/goxel.sock", "pid_file": "/run/goxel.pid"},
        "server": {"workers": 4, "max_connections": 256, "bind_address": "unix", "timeout_seconds": 30},
        "logging": {"level": "warning", "format": "json", "rotation": {"enabled": true, "max_files": 10}},
        "security": {"socket_permissions": "0660", "max_request_size_mb": 10},
        "monitoring": {"health_check_interval_seconds": 30}
    }"#;

    #[test]
    fn what_means_something_is_taken_over_and_the_rest_is_told() {
        let content = read_json(DESIGN);
        assert_eq!(content.errors, [""; 0]);
        let given: Vec<String> = content
            .given
            .iter()
            .map(|(place, texts)| format!("{}={}", TABLE[*place].key, texts[0].display()))
            .collect();
        for expected in [
            "socket.path=/run/goxel.sock",
            "limits.connections=256",
            "limits.message=10MiB",
            "limits.unfinished=30s",
            "health.interval=30s",
            "log.level=warning",
            "socket.mode=0660",
            "gone.workers=4",
        ] {
            assert!(given.iter().any(|given| given == expected), "{expected}: {given:?}");
        }
        let warned = content.warnings.join("\n");
        for key in ["server.bind_address", "logging.rotation.enabled"] {
            assert!(warned.contains(key), "{warned}");
        }
    }

    #[test]
    fn every_key_of_the_list_stands_for_a_setting() {
        for (path, key, _) in KEYS {
            assert!(by_key(key).is_some(), "{path} -> {key}");
        }
    }

    #[test]
    fn a_file_is_told_apart_by_its_name_or_its_first_letter() {
        assert!(is_json("daemon_config.json", ""));
        assert!(is_json("x", "\n {\"daemon\":{}}"));
        assert!(!is_json("config.toml", "[log]\n"));
    }
}
