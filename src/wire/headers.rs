//! JSON behind `Content-Length` header blocks, as editors and language servers speak it.

use super::header_block::{block_length, lines, name_and_value};
use super::json_check::check;
use super::long_frame::LongFrame;
use super::{Decoded, Fault, Framing, MessageLimits};

/// The decoder of one connection.
#[derive(Clone, Debug, Default)]
pub struct Headers {
    /// Bytes known not to hold the end of the block.
    searched: usize,
    /// Length of the block and of the content behind it, once the block is complete.
    block: Option<(usize, usize)>,
    /// The content of a long message that is still to come.
    long: Option<Box<LongFrame>>,
    /// Bytes of an oversized message that are still to come.
    skip: usize,
    examined: u64,
}

const FRAMING: Framing = Framing::Headers;

impl Headers {
    /// Whether a long message goes on, or the rest of an oversized one is being dropped.
    pub fn is_inside(&self) -> bool {
        self.skip > 0 || self.long.is_some()
    }

    /// Bytes of a long message that were taken.
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
        let mut start = self.skip.min(unread.len());
        self.skip -= start;
        if self.searched == 0 {
            // Blank lines between messages do no harm.
            let blank = |byte: &&u8| matches!(byte, b'\r' | b'\n');
            start += unread[start..].iter().take_while(blank).count();
        }
        let rest = &unread[start..];
        if rest.is_empty() {
            return Decoded::more(start);
        }
        let block = match self.block {
            Some(block) => block,
            None => match self.read_block(rest, ended, limits) {
                Ok(None) => return Decoded::more(start),
                Ok(Some(block)) => block,
                Err(problem) => {
                    let fault = Fault::BadHeaders { problem };
                    return Decoded::fault(unread.len(), fault, FRAMING, true);
                }
            },
        };
        self.content(unread, start, block, ended, limits)
    }

    fn read_block(
        &mut self,
        rest: &[u8],
        ended: bool,
        limits: &MessageLimits,
    ) -> Result<Option<(usize, usize)>, &'static str> {
        let before = self.searched;
        let found = block_length(rest, &mut self.searched);
        self.examined += self.searched.saturating_sub(before) as u64;
        let length = found.unwrap_or(rest.len());
        if length > limits.headers {
            return Err("the header block is too long");
        }
        let Some(length) = found else {
            return if ended { Err("the input ended inside a header block") } else { Ok(None) };
        };
        let block = (length, content_length(&rest[..length])?);
        self.block = Some(block);
        Ok(Some(block))
    }

    fn content(
        &mut self,
        unread: &[u8],
        start: usize,
        (head, length): (usize, usize),
        ended: bool,
        limits: &MessageLimits,
    ) -> Decoded {
        let body = start + head;
        if length > limits.message {
            let fatal = length > limits.ceiling;
            *self = Headers { skip: length, examined: self.examined, ..Default::default() };
            let fault = Fault::TooLarge { limit: limits.message };
            return Decoded::fault(body, fault, FRAMING, fatal);
        }
        if LongFrame::is_long(length) {
            *self = Headers { examined: self.examined, ..Default::default() };
            return self.go_on(LongFrame::new(FRAMING, length, None), unread, body, ended);
        }
        let received = unread.len() - body;
        if received < length {
            if !ended {
                return Decoded::more(start);
            }
            let fault = Fault::CutOff { announced: length, received };
            return Decoded::fault(unread.len(), fault, FRAMING, true);
        }
        let end = body + length;
        *self = Headers { examined: self.examined + length as u64, ..Default::default() };
        match check(&unread[body..end]) {
            Ok(content) => Decoded::message(end, body..end, content, FRAMING),
            Err(fault) => Decoded::fault(end, fault, FRAMING, false),
        }
    }
}

impl Headers {
    /// Goes on with a long frame whose next bytes lie behind `start`.
    fn go_on(&mut self, long: Box<LongFrame>, unread: &[u8], start: usize, ended: bool) -> Decoded {
        self.examined += long.left().min(unread.len() - start) as u64;
        long.go_on(unread, start, ended, &mut self.long)
    }
}

/// The one `Content-Length` of a block.
fn content_length(block: &[u8]) -> Result<usize, &'static str> {
    let mut length = None;
    for line in lines(block) {
        let (name, value) = name_and_value(line).ok_or("a header line has no colon")?;
        if !name.eq_ignore_ascii_case(b"content-length") {
            continue;
        }
        let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        let number = std::str::from_utf8(value).ok().and_then(|text| text.parse::<usize>().ok());
        let number = number.filter(|_| digits).ok_or("Content-Length is not a number of bytes")?;
        if length.replace(number).is_some_and(|earlier| earlier != number) {
            return Err("Content-Length is given twice with different values");
        }
    }
    length.ok_or("the header block has no Content-Length")
}

#[cfg(test)]
mod tests {
    use super::super::{Item, LongContent};
    use super::*;

    fn decode(bytes: &[u8], chunk: usize, limits: &MessageLimits) -> Vec<String> {
        let mut decoder = Headers::default();
        let (mut start, mut found) = (0, Vec::new());
        for end in (0..=bytes.len()).step_by(chunk).chain([bytes.len()]) {
            loop {
                let ended = end == bytes.len();
                let decoded = decoder.decode(&bytes[start..end], ended, limits);
                match &decoded.item {
                    Some(Item::Message { body, .. }) => {
                        let text = &bytes[start + body.start..start + body.end];
                        found.push(String::from_utf8_lossy(text).into_owned());
                    }
                    Some(Item::LongMessage { content: LongContent::Text(text), .. }) => {
                        found.push(text.as_str().to_owned());
                    }
                    Some(Item::Fault { fault, fatal, .. }) => {
                        found.push(format!("!{fault}"));
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
    fn messages_are_found_at_any_cut() {
        let bytes = b"Content-Length: 2\r\n\r\n{}content-type: x\ncontent-length:3\n\n[1]";
        for chunk in 1..bytes.len() {
            assert_eq!(decode(bytes, chunk, &Default::default()), ["{}", "[1]"], "by {chunk}");
        }
    }

    #[test]
    fn bad_headers_are_told_once_and_end_the_connection() {
        for (bytes, word) in [
            (&b"Content-Length: x\r\n\r\n"[..], "not a number"),
            (b"Content-Length: -1\r\n\r\n", "not a number"),
            (b"Content-Length: 99999999999999999999999\r\n\r\n", "not a number"),
            (b"Content-Type: json\r\n\r\n{}", "no Content-Length"),
            (b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "twice"),
            (b"Content-Length: 2\r\nnonsense\r\n\r\n{}", "no colon"),
            (b"Content-Length: 2\r\n", "ended inside"),
        ] {
            let found = decode(bytes, 4, &Default::default());
            assert_eq!(found.len(), 1);
            assert!(found[0].contains(word), "{found:?}");
        }
        let long = [b"Content-Length: 2\r\nX: ".to_vec(), vec![b'x'; 9000]].concat();
        assert!(decode(&long, 1000, &Default::default())[0].contains("too long"));
    }

    #[test]
    fn a_message_over_the_limit_is_skipped() {
        let limits = MessageLimits { message: 4, ceiling: 100, headers: 100 };
        let bytes = b"Content-Length: 7\r\n\r\n[1,2,3]Content-Length: 2\r\n\r\n{}";
        for chunk in 1..bytes.len() {
            let found = decode(bytes, chunk, &limits);
            assert!(found[0].contains("too large") && found[1] == "{}", "{found:?}");
        }
    }
}
