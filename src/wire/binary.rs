//! Frames behind a 16-byte header: id, type, length and time stamp, each a big-endian u32.

use super::json_check::check;
use super::long_frame::LongFrame;
use super::{Content, Decoded, Fault, Framing, MessageLimits};
use crate::lane::{HEADER_BYTES, Header};

/// The first type of the bulk lane: put voxels.
pub const FIRST_BULK_TYPE: u32 = 0xB001;
/// The last type of the bulk lane.
pub const LAST_BULK_TYPE: u32 = 0xB0FF;

/// The decoder of one connection.
#[derive(Clone, Debug, Default)]
pub struct Binary {
    /// The content of a long frame that is still to come.
    long: Option<Box<LongFrame>>,
    /// Bytes of an oversized frame that are still to come.
    skip: usize,
    examined: u64,
}

impl Binary {
    /// Whether a long frame goes on, or the rest of an oversized one is being dropped.
    pub fn is_inside(&self) -> bool {
        self.skip > 0 || self.long.is_some()
    }

    /// Bytes of a long frame that were taken.
    pub(super) fn held(&self) -> usize {
        self.long.as_ref().map_or(0, |long| long.held())
    }

    /// Bytes looked at so far.
    pub fn examined(&self) -> u64 {
        self.examined
    }

    /// See [`super::Decoder::decode`].
    pub fn decode(&mut self, unread: &[u8], ended: bool, limits: &MessageLimits) -> Decoded {
        if let Some(long) = self.long.take() {
            return self.go_on(long, unread, 0, ended);
        }
        let skipped = self.skip.min(unread.len());
        self.skip -= skipped;
        let rest = &unread[skipped..];
        let Some(Header { id, kind, length, .. }) = Header::read(rest) else {
            // A header cut off by the end of the input has no id to answer to.
            return Decoded::more(if ended { unread.len() } else { skipped });
        };
        let (framing, length) = (Framing::Binary { id }, length as usize);
        let body = skipped + HEADER_BYTES;
        if length > limits.message {
            return self.too_large(body, length, framing, limits);
        }
        let bulk = Some(kind).filter(|kind| (FIRST_BULK_TYPE..=LAST_BULK_TYPE).contains(kind));
        if LongFrame::is_long(length) {
            self.examined += HEADER_BYTES as u64;
            let long = LongFrame::new(framing, length, bulk);
            return self.go_on(long, unread, body, ended);
        }
        if unread.len() - body < length {
            if !ended {
                return Decoded::more(skipped);
            }
            let fault = Fault::CutOff { announced: length, received: unread.len() - body };
            return Decoded::fault(unread.len(), fault, framing, true);
        }
        let end = body + length;
        self.examined += (HEADER_BYTES + length) as u64;
        if let Some(kind) = bulk {
            return Decoded::message(end, body..end, Content::Bulk(kind), framing);
        }
        match check(&unread[body..end]) {
            Ok(content) => Decoded::message(end, body..end, content, framing),
            Err(fault) => Decoded::fault(end, fault, framing, false),
        }
    }

    /// Goes on with a long frame whose next bytes lie behind `start`.
    fn go_on(&mut self, long: Box<LongFrame>, unread: &[u8], start: usize, ended: bool) -> Decoded {
        self.examined += long.left().min(unread.len() - start) as u64;
        long.go_on(unread, start, ended, &mut self.long)
    }

    fn too_large(
        &mut self,
        body: usize,
        length: usize,
        framing: Framing,
        limits: &MessageLimits,
    ) -> Decoded {
        let fatal = length > limits.ceiling;
        if !fatal {
            self.skip = length;
        }
        Decoded::fault(body, Fault::TooLarge { limit: limits.message }, framing, fatal)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Item;
    use super::*;

    fn frame(id: u32, kind: u32, payload: &[u8]) -> Vec<u8> {
        let header = Header { id, kind, length: payload.len() as u32, stamp: 0 };
        let mut frame = header.bytes().to_vec();
        frame.extend_from_slice(payload);
        frame
    }

    fn decode(bytes: &[u8], chunk: usize, limits: &MessageLimits) -> Vec<(u32, String)> {
        let mut decoder = Binary::default();
        let (mut start, mut found) = (0, Vec::new());
        for end in (0..=bytes.len()).step_by(chunk).chain([bytes.len()]) {
            loop {
                let ended = end == bytes.len();
                let decoded = decoder.decode(&bytes[start..end], ended, limits);
                let id = |framing| match framing {
                    Framing::Binary { id } => id,
                    _ => u32::MAX,
                };
                match &decoded.item {
                    Some(Item::Message { body, framing, .. }) => {
                        let text = &bytes[start + body.start..start + body.end];
                        found.push((id(*framing), String::from_utf8_lossy(text).into()));
                    }
                    Some(Item::Fault { framing, fatal, .. }) => {
                        found.push((id(*framing), if *fatal { "!!" } else { "!" }.into()));
                        if *fatal {
                            return found;
                        }
                    }
                    _ => {}
                }
                start += decoded.consumed;
                if decoded.item.is_none() {
                    break;
                }
            }
        }
        found
    }

    #[test]
    fn case_26_two_frames_in_one_write_are_two_messages_at_any_cut() {
        let mut bytes = frame(1, 0, b"{}");
        bytes.extend(frame(2, 3, b"[1]"));
        let expected = [(1, "{}".to_string()), (2, "[1]".to_string())];
        for chunk in 1..bytes.len() {
            assert_eq!(decode(&bytes, chunk, &MessageLimits::default()), expected, "by {chunk}");
        }
    }

    #[test]
    fn case_32_odd_lengths_give_an_error_or_a_close_in_bounded_memory() {
        let limits = MessageLimits { message: 8, ceiling: 64, headers: 0 };
        let fault = |id, mark: &str| vec![(id, mark.to_string())];
        assert_eq!(decode(&frame(1, 0, b""), 5, &limits), fault(1, "!"));
        let mut huge = frame(2, 0, b"{}");
        huge[8..12].fill(0xff);
        assert_eq!(decode(&huge, 5, &limits), fault(2, "!!"));
        let mut long = frame(3, 0, b"[1,2,3,4,5]");
        long.extend(frame(4, 0, b"{}"));
        let expected = [(3, "!".to_string()), (4, "{}".to_string())];
        for chunk in 1..long.len() {
            assert_eq!(decode(&long, chunk, &limits), expected, "by {chunk}");
        }
        assert_eq!(decode(&frame(5, 0, b"{}")[..17], 5, &limits), fault(5, "!!"));
        assert_eq!(decode(&frame(6, 0, b"{}")[..9], 5, &limits), []);
    }

    #[test]
    fn bulk_types_are_told_apart_and_not_parsed() {
        let bytes = frame(9, 0xB001, b"\x01\x02");
        let decoded = Binary::default().decode(&bytes, false, &MessageLimits::default());
        let content = Content::Bulk(0xB001);
        assert_eq!(decoded, Decoded::message(18, 16..18, content, Framing::Binary { id: 9 }));
    }
}
