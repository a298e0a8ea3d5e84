//! The header of a binary frame: id, type, length and time stamp, each a big-endian `u32`.

use byteorder::{BigEndian, ByteOrder};

/// Length of the header.
pub const HEADER_BYTES: usize = 16;

/// A header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// The id that the answer repeats.
    pub id: u32,
    /// 0 for JSON, else a type of the bulk lane.
    pub kind: u32,
    /// Bytes of the payload behind the header.
    pub length: u32,
    /// Seconds since 1970, or whatever a client likes to put there.
    pub stamp: u32,
}

impl Header {
    /// The header at the start of some bytes; `None` if they are too few.
    pub fn read(bytes: &[u8]) -> Option<Header> {
        let mut fields = [0; 4];
        BigEndian::read_u32_into(bytes.get(..HEADER_BYTES)?, &mut fields);
        let [id, kind, length, stamp] = fields;
        Some(Header { id, kind, length, stamp })
    }

    /// Its bytes. A length that does not fit is the largest one: payloads are capped far below.
    pub fn bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        BigEndian::write_u32_into(&[self.id, self.kind, self.length, self.stamp], &mut bytes);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_comes_back_as_it_was_written() {
        let header = Header { id: 0x7b22_0000, kind: 0xb001, length: 5, stamp: u32::MAX };
        let bytes = header.bytes();
        assert_eq!(bytes[..8], [0x7b, 0x22, 0, 0, 0, 0, 0xb0, 0x01]);
        assert_eq!(Header::read(&bytes), Some(header));
        assert_eq!(Header::read(&bytes[..15]), None);
    }
}
