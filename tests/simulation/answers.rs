//! What comes back to a client, cut into answers by its framing.

use serde_json::Value;

use crate::simulation::messages::{Framing, shorten};

/// One answer.
pub enum Answer {
    Json {
        frame_id: u32,
        value: Value,
    },
    /// Of the bulk lane, with its type.
    Bulk {
        frame_id: u32,
        kind: u32,
        payload: Vec<u8>,
    },
    Http(u16),
}

/// Takes the next complete answer from the front of the bytes.
pub fn take(framing: Framing, inbox: &mut Vec<u8>, ended: bool) -> Result<Option<Answer>, String> {
    let (head, length) = match framing {
        Framing::Text => match inbox.iter().position(|byte| *byte == b'\n') {
            Some(end) => (0, end),
            None => return Ok(None),
        },
        Framing::Headers => match header(inbox)? {
            Some(found) => found,
            None => return Ok(None),
        },
        Framing::Binary if inbox.len() >= 16 => (16, field(inbox, 8) as usize),
        Framing::Binary => return Ok(None),
        Framing::Http => return http(inbox, ended),
    };
    if inbox.len() < head + length {
        return Ok(None);
    }
    let is_binary = framing == Framing::Binary;
    let (frame_id, kind) = if is_binary { (field(inbox, 0), field(inbox, 4)) } else { (0, 0) };
    let line_feed = usize::from(framing == Framing::Text);
    let body: Vec<u8> = inbox.drain(..head + length + line_feed).skip(head).take(length).collect();
    if kind != 0 {
        return Ok(Some(Answer::Bulk { frame_id, kind, payload: body }));
    }
    let value = serde_json::from_slice(&body)
        .map_err(|error| format!("{error} in {}", shorten(&String::from_utf8_lossy(&body))))?;
    Ok(Some(Answer::Json { frame_id, value }))
}

fn field(bytes: &[u8], at: usize) -> u32 {
    bytes[at..at + 4].iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}

fn header(inbox: &[u8]) -> Result<Option<(usize, usize)>, String> {
    let Some(end) = inbox.windows(4).position(|window| window == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&inbox[..end]).into_owned();
    let length = text.strip_prefix("Content-Length: ").and_then(|length| length.parse().ok());
    length.map(|length| Some((end + 4, length))).ok_or(format!("a bad header: {text}"))
}

fn http(inbox: &mut Vec<u8>, ended: bool) -> Result<Option<Answer>, String> {
    if !ended || inbox.is_empty() {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(inbox).into_owned();
    inbox.clear();
    let status = text.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    status.map(|status| Some(Answer::Http(status))).ok_or(format!("no HTTP: {}", shorten(&text)))
}
