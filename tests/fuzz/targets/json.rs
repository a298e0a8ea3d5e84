//! The JSON reader of the API against a full parser.

#![no_main]

use goxel_daemon::api::json::{Elements, Members, compact, skip_space, skip_value};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|text: &str| {
    // To the full parser an object with this member is no object.
    if text.contains("$serde_json::private") {
        return;
    }
    let bytes = text.as_bytes();
    let ours = skip_value(bytes, 0).is_ok_and(|end| skip_space(bytes, end) == bytes.len());
    match serde_json::from_str::<Value>(text) {
        Ok(value) => {
            assert!(ours, "a full parser accepts what ours refuses");
            let mut short = Vec::new();
            compact(text, &mut short);
            assert_eq!(serde_json::from_slice::<Value>(&short).ok(), Some(value.clone()));
            match &value {
                Value::Array(items) => {
                    let trimmed = text.trim_matches([' ', '\n', '\r', '\t']);
                    let parts: Vec<Value> =
                        Elements::new(trimmed).filter_map(|raw| serde_json::from_str(raw).ok()).collect();
                    assert_eq!(&parts, items);
                }
                Value::Object(members) => {
                    for (name, raw) in Members::new(text) {
                        assert!(members.contains_key(&*name));
                        assert!(serde_json::from_str::<Value>(raw).is_ok());
                    }
                }
                _ => {}
            }
        }
        // Numbers out of the range of a double and lone surrogates are grammar to us, and no value
        // to it.
        Err(error) if ours => {
            let reason = error.to_string();
            assert!(
                ["out of range", "surrogate", "escape", "recursion"].iter().any(|word| reason.contains(word)),
                "ours accepts what a full parser refuses: {reason}"
            );
        }
        Err(_) => {}
    }
});
