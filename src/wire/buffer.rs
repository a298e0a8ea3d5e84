//! Byte buffers that are cheap to fill, to take from, and to own while empty.
//!
//! Invariant: `start <= end <= bytes.len()`. Bytes before `start` are done with, `start..end` wait,
//! and those behind `end` are initialised room to read into. An empty buffer holds no memory once
//! [`Buffer::release`] was called.

/// The room that an empty buffer offers to a read.
pub const READ_ROOM: usize = 64 * 1024;

/// The least room that a read is offered.
pub const LEAST_ROOM: usize = 16 * 1024;

/// The most room that is made for a read: all of it is written once, while others wait.
pub const MOST_ROOM: usize = 256 * 1024;

/// Bytes on their way in or out.
#[derive(Default, Debug)]
pub struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Buffer {
    /// A buffer on recycled memory.
    pub fn recycled(bytes: Vec<u8>) -> Self {
        Buffer { bytes, start: 0, end: 0 }
    }

    /// A buffer in which all of these bytes wait.
    pub fn filled_with(bytes: Vec<u8>) -> Self {
        Buffer { start: 0, end: bytes.len(), bytes }
    }

    /// The memory, whatever waits in it.
    pub fn into_memory(self) -> Vec<u8> {
        self.bytes
    }

    /// The waiting bytes.
    pub fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// How many bytes wait.
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether no byte waits.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Bytes of memory held.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Drops waiting bytes from the front.
    pub fn consume(&mut self, count: usize) {
        debug_assert!(count <= self.len());
        self.start = (self.start + count).min(self.end);
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Room for a read: never less than [`LEAST_ROOM`], up to [`MOST_ROOM`] for a buffer that is
    /// long already. The memory behind it grows by doubling, so that the cost of growing stays in
    /// proportion to the bytes.
    pub fn room(&mut self) -> &mut [u8] {
        if self.bytes.len() - self.end < LEAST_ROOM && self.start > 0 {
            // Paid for by the bytes that were consumed since the last time.
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.bytes.len() - self.end < LEAST_ROOM {
            let room = self.end.clamp(READ_ROOM, MOST_ROOM);
            self.bytes.resize(self.end + room, 0);
        }
        &mut self.bytes[self.end..]
    }

    /// Tells that a read has put `count` bytes into the room.
    pub fn filled(&mut self, count: usize) {
        debug_assert!(self.end + count <= self.bytes.len());
        self.end = (self.end + count).min(self.bytes.len());
    }

    /// Drops all waiting bytes.
    pub fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    /// Drops the waiting bytes behind the first `length`.
    pub fn truncate(&mut self, length: usize) {
        self.end = self.end.min(self.start + length);
    }

    /// Cuts the room off, and moves the waiting bytes to the front once more were consumed than
    /// wait: a buffer that never gets empty would grow with all that ever went through it.
    fn prepare_append(&mut self) {
        self.bytes.truncate(self.end);
        if self.start > self.len() {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.len());
            self.bytes.truncate(self.end);
        }
    }

    /// Appends bytes.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.prepare_append();
        self.bytes.extend_from_slice(bytes);
        self.end = self.bytes.len();
    }

    /// Lets `write` append to the waiting bytes; whatever is in the vector before its old end must
    /// stay.
    pub fn append_with<T>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        self.prepare_append();
        let result = write(&mut self.bytes);
        self.end = self.bytes.len().max(self.start);
        result
    }

    /// Gives the memory away for recycling if no byte waits.
    pub fn release(&mut self) -> Option<Vec<u8>> {
        if !self.is_empty() || self.bytes.capacity() == 0 {
            return None;
        }
        (self.start, self.end) = (0, 0);
        Some(std::mem::take(&mut self.bytes))
    }

    /// Moves few waiting bytes from a large block of memory to one of their size; returns the
    /// block.
    pub fn shrink(&mut self) -> Option<Vec<u8>> {
        if self.bytes.capacity() < READ_ROOM || self.len() > READ_ROOM / 8 {
            return None;
        }
        let small = self.unread().to_vec();
        (self.start, self.end) = (0, small.len());
        Some(std::mem::replace(&mut self.bytes, small))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(buffer: &mut Buffer, bytes: &[u8]) {
        buffer.room()[..bytes.len()].copy_from_slice(bytes);
        buffer.filled(bytes.len());
    }

    #[test]
    fn bytes_come_out_in_the_order_they_went_in() {
        let mut buffer = Buffer::default();
        read(&mut buffer, b"hello ");
        buffer.consume(2);
        read(&mut buffer, b"world");
        assert_eq!(buffer.unread(), b"llo world");
        buffer.extend(b"!");
        buffer.append_with(|out| out.push(b'?'));
        assert_eq!(buffer.unread(), b"llo world!?");
        buffer.consume(11);
        assert!(buffer.is_empty());
        assert!(buffer.release().is_some());
        assert_eq!(buffer.capacity(), 0);
    }

    #[test]
    fn a_long_message_is_moved_a_bounded_number_of_times() {
        let mut buffer = Buffer::default();
        read(&mut buffer, &[1; 10]);
        buffer.consume(9);
        let mut grown = 0;
        for _ in 0..1000 {
            let before = buffer.capacity();
            assert!(buffer.room().len() <= MOST_ROOM);
            read(&mut buffer, &[2; 4096]);
            grown += usize::from(buffer.capacity() != before);
        }
        assert_eq!(buffer.len(), 1 + 4096 * 1000);
        assert!(grown <= 12, "grown {grown} times");
    }

    #[test]
    fn a_buffer_that_never_gets_empty_stays_as_small_as_what_waits() {
        let mut buffer = Buffer::default();
        for round in 0..10_000u32 {
            let before = buffer.unread().to_vec();
            match round % 2 {
                0 => buffer.extend(&round.to_le_bytes().repeat(64)),
                _ => buffer.append_with(|out| out.extend(round.to_le_bytes().repeat(64))),
            }
            assert!(buffer.unread().starts_with(&before));
            assert!(buffer.unread().ends_with(&round.to_le_bytes()));
            buffer.consume(if buffer.len() > 1000 { 256 } else { 100 });
            assert!(!buffer.is_empty() && buffer.capacity() < 8192, "{}", buffer.capacity());
        }
    }

    #[test]
    fn few_bytes_do_not_hold_a_large_block() {
        let mut buffer = Buffer::default();
        read(&mut buffer, b"half a mess");
        assert!(buffer.shrink().is_some());
        assert_eq!(buffer.unread(), b"half a mess");
        assert!(buffer.capacity() < 64);
    }
}
