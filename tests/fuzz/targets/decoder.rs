//! Detection and every decoder: cutting the bytes anywhere changes nothing, nothing panics, and the
//! work is linear. The bytes that settle the framing come in one piece: a line feed among fewer
//! bytes decides for text, where more of them could have shown a binary header.

#![no_main]

use goxel_daemon::wire::detect::DETECTION_BYTES;
use goxel_daemon::wire::{Buffer, CallParts, Content, Decoder, Item, LongValues, MessageLimits};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const LIMITS: MessageLimits = MessageLimits { message: 300, ceiling: 1000, headers: 100 };

/// What a decoder finds in the bytes, fed in pieces of these lengths: message bodies and faults, as
/// text.
fn found(bytes: &[u8], mut piece: impl FnMut() -> usize) -> (Vec<String>, u64) {
    let (mut decoder, mut buffer, mut found) = (Decoder::default(), Buffer::default(), Vec::new());
    let mut rest = bytes;
    let mut least = DETECTION_BYTES;
    loop {
        let length = std::mem::replace(&mut least, 1).max(piece()).min(rest.len());
        buffer.extend(&rest[..length]);
        rest = &rest[length..];
        let ended = rest.is_empty();
        loop {
            let decoded = decoder.decode(buffer.unread(), ended, &LIMITS);
            assert!(decoded.consumed <= buffer.len());
            let Some(item) = decoded.item else {
                buffer.consume(decoded.consumed);
                break;
            };
            let is_fatal = matches!(&item, Item::Fault { fatal: true, .. });
            found.push(match item {
                Item::Message { body, content, framing } => {
                    assert!(body.len() <= LIMITS.message);
                    let message = &buffer.unread()[body];
                    // Whether a call is recognised depends on how much of it is there; what it says
                    // does not.
                    let content = match content {
                        Content::Call(parts) => {
                            check_parts(message, &parts);
                            Content::Json(LongValues::default())
                        }
                        other => other,
                    };
                    format!("{content:?} {framing:?} {message:?}")
                }
                other => format!("{other:?}"),
            });
            assert!(found.len() <= bytes.len() + 1, "more items than bytes");
            buffer.consume(decoded.consumed);
            if is_fatal {
                return (found, decoder.examined());
            }
        }
        if ended {
            return (found, decoder.examined());
        }
    }
}

/// The parts of a recognised call are what a full parser finds.
fn check_parts(message: &[u8], parts: &CallParts) {
    let Ok(text) = std::str::from_utf8(message) else { return };
    let Ok(whole) = serde_json::from_str::<Value>(text) else { return };
    let read = |raw: Option<&str>| raw.map(|raw| serde_json::from_str::<Value>(raw).unwrap());
    assert_eq!(read(parts.id.of(text)).as_ref(), whole.get("id"));
    assert_eq!(read(parts.params.of(text)).as_ref(), whole.get("params"));
    assert_eq!(read(parts.session.of(text)).as_ref(), whole.get("session"));
    assert_eq!(parts.method.of(text), whole["method"].as_str());
}

fuzz_target!(|input: (u8, &[u8])| {
    let (seed, bytes) = input;
    let (whole, _) = found(bytes, || usize::MAX);
    let (single, work) = found(bytes, || 1);
    assert_eq!(whole, single);
    assert!(work <= 2 * bytes.len() as u64 + 64, "{work} looks at {} bytes", bytes.len());
    let mut state = u32::from(seed);
    let (random, _) = found(bytes, || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as usize % 23
    });
    assert_eq!(whole, random);
});
