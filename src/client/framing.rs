//! Messages to bytes and bytes to messages, as a client sees them. Takes bytes, knows no socket.
//!
//! Invariant of [`Decoder`]: `start <= scanned <= filled <= buffer.len()`. Bytes before `start` are
//! consumed, those before `scanned` hold no line feed after `start`, those after `filled` are spare
//! room.

use super::Framing;
use crate::lane::{HEADER_BYTES, Header};

/// How much room is made for each read.
const READ_BYTES: usize = 64 << 10;
/// An idle decoder gives back a buffer that grew beyond this.
const KEPT_BYTES: usize = 256 << 10;

/// Appends one message. `id` is the header's id in binary framing; text has none.
pub(super) fn encode(framing: Framing, id: u32, kind: u32, payload: &[u8], out: &mut Vec<u8>) {
    match framing {
        Framing::Text => {
            out.extend_from_slice(payload);
            out.push(b'\n');
        }
        Framing::Binary => {
            let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
            out.extend_from_slice(&Header { id, kind, length, stamp: 0 }.bytes());
            out.extend_from_slice(payload);
        }
    }
}

/// One message as it arrived.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    /// The header's id; 0 in text framing.
    pub(super) id: u32,
    /// The header's type; 0 in text framing.
    pub(super) kind: u32,
    /// The message itself.
    pub(super) payload: &'a [u8],
}

/// A message that is longer than the limit: its size as far as it is known.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong(pub(super) u64);

/// Cuts the bytes of the daemon into messages.
#[derive(Debug)]
pub(super) struct Decoder {
    framing: Framing,
    limit: usize,
    buffer: Vec<u8>,
    start: usize,
    scanned: usize,
    filled: usize,
}

impl Decoder {
    pub(super) fn new(framing: Framing, limit: usize) -> Self {
        Decoder { framing, limit, buffer: Vec::new(), start: 0, scanned: 0, filled: 0 }
    }

    /// Room for the next read. Follow with [`Decoder::filled`].
    pub(super) fn room(&mut self) -> &mut [u8] {
        self.compact();
        if self.buffer.len() - self.filled < READ_BYTES / 2 {
            let grown = (self.buffer.len() * 2).max(READ_BYTES);
            self.buffer.resize(grown, 0);
        }
        &mut self.buffer[self.filled..]
    }

    /// Tells that `count` bytes were read into [`Decoder::room`].
    pub(super) fn filled(&mut self, count: usize) {
        self.filled = (self.filled + count).min(self.buffer.len());
    }

    /// Whether part of a message is waiting for the rest.
    pub(super) fn is_mid_message(&self) -> bool {
        self.start < self.filled
    }

    /// The next complete message, if there is one.
    pub(super) fn next(&mut self) -> Result<Option<Frame<'_>>, TooLong> {
        match self.framing {
            Framing::Text => self.next_line(),
            Framing::Binary => self.next_frame(),
        }
    }

    fn next_line(&mut self) -> Result<Option<Frame<'_>>, TooLong> {
        loop {
            let unseen = &self.buffer[self.scanned..self.filled];
            let Some(offset) = unseen.iter().position(|byte| *byte == b'\n') else {
                self.scanned = self.filled;
                return self.refuse_if_long(self.filled - self.start).map(|()| None);
            };
            let (from, end) = (self.start, self.scanned + offset);
            self.start = end + 1;
            self.scanned = self.start;
            if !self.buffer[from..end].trim_ascii().is_empty() {
                self.refuse_if_long(end - from)?;
                return Ok(Some(Frame { id: 0, kind: 0, payload: &self.buffer[from..end] }));
            }
        }
    }

    fn next_frame(&mut self) -> Result<Option<Frame<'_>>, TooLong> {
        loop {
            let header = Header::read(&self.buffer[self.start..self.filled]);
            let Some(Header { id, kind, length, .. }) = header else { return Ok(None) };
            let length = length as usize;
            self.refuse_if_long(length)?;
            let end = self.start + HEADER_BYTES + length;
            if end > self.filled {
                return Ok(None);
            }
            let from = self.start + HEADER_BYTES;
            self.start = end;
            self.scanned = end;
            // An empty frame says nothing.
            if length > 0 {
                return Ok(Some(Frame { id, kind, payload: &self.buffer[from..end] }));
            }
        }
    }

    fn refuse_if_long(&self, length: usize) -> Result<(), TooLong> {
        if length > self.limit { Err(TooLong(length as u64)) } else { Ok(()) }
    }

    /// Moves the unread bytes to the front when that frees at least half of the buffer.
    fn compact(&mut self) {
        if self.start == self.filled && self.buffer.len() > KEPT_BYTES {
            self.buffer = Vec::new();
            (self.start, self.scanned, self.filled) = (0, 0, 0);
        } else if self.start * 2 >= self.buffer.len() {
            self.buffer.copy_within(self.start..self.filled, 0);
            self.scanned -= self.start;
            self.filled -= self.start;
            self.start = 0;
        }
        debug_assert!(self.start <= self.scanned && self.scanned <= self.filled);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(decoder: &mut Decoder, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = decoder.room();
            let count = room.len().min(bytes.len());
            room[..count].copy_from_slice(&bytes[..count]);
            decoder.filled(count);
            bytes = &bytes[count..];
        }
    }

    fn owned(frame: Option<Frame<'_>>) -> Option<(u32, Vec<u8>)> {
        frame.map(|frame| (frame.id, frame.payload.to_vec()))
    }

    #[test]
    fn messages_come_out_whole_wherever_the_bytes_are_cut() {
        for framing in [Framing::Text, Framing::Binary] {
            let messages: Vec<Vec<u8>> =
                (1..20usize).map(|i| vec![b'0' + (i % 10) as u8; i * 37]).collect();
            let mut bytes = Vec::new();
            for (index, message) in messages.iter().enumerate() {
                encode(framing, index as u32, 0, message, &mut bytes);
            }
            for step in [1, 2, 3, 7, 16, 1000, bytes.len()] {
                let mut decoder = Decoder::new(framing, 1 << 20);
                let mut seen = Vec::new();
                for piece in bytes.chunks(step) {
                    feed(&mut decoder, piece);
                    while let Some((_, payload)) = owned(decoder.next().unwrap()) {
                        seen.push(payload);
                    }
                }
                assert_eq!(seen, messages);
                assert!(!decoder.is_mid_message());
            }
        }
    }

    #[test]
    fn a_binary_frame_carries_its_id_and_type() {
        let mut bytes = Vec::new();
        encode(Framing::Binary, 7, 0xB001, b"{}", &mut bytes);
        assert_eq!(bytes.len(), HEADER_BYTES + 2);
        let mut decoder = Decoder::new(Framing::Binary, 100);
        feed(&mut decoder, &bytes);
        let expected = Frame { id: 7, kind: 0xB001, payload: b"{}" };
        assert_eq!(decoder.next(), Ok(Some(expected)));
    }

    #[test]
    fn a_message_over_the_limit_is_refused_before_it_is_stored() {
        let mut decoder = Decoder::new(Framing::Binary, 100);
        feed(&mut decoder, &[0, 0, 0, 1, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
        assert_eq!(decoder.next(), Err(TooLong(0xffff_ffff)));
        let mut decoder = Decoder::new(Framing::Text, 100);
        feed(&mut decoder, &[b'x'; 101]);
        assert_eq!(decoder.next(), Err(TooLong(101)));
    }
}
