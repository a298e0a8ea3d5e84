//! Zip archives, as `.3mf` and `.npz` are: written whole, read entry by entry.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use super::bytes::Put;
use super::unpack::most_from;

/// The archive in the making.
#[derive(Default)]
pub(crate) struct ZipWriter {
    out: Vec<u8>,
    directory: Vec<u8>,
    count: u16,
}

/// The numbers that both heads of an entry hold: version, flags, method, time, date.
const FACTS: [u16; 5] = [20, 0x0800, 8, 0, 0x21];

impl ZipWriter {
    /// Adds a file.
    pub(crate) fn add(&mut self, name: &str, content: &[u8]) {
        let mut crc = flate2::Crc::new();
        crc.update(content);
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        // Writing to memory cannot fail.
        let packed = encoder.write_all(content).and_then(|()| encoder.finish()).unwrap_or_default();
        let mut facts = Vec::new();
        FACTS.iter().for_each(|value| facts.put(&value.to_le_bytes()));
        facts.put_u32(crc.sum());
        facts.put_u32(packed.len() as u32);
        facts.put_u32(content.len() as u32);
        facts.put(&(name.len() as u16).to_le_bytes());
        let start = self.out.len() as u32;
        self.out.put(b"PK\x03\x04");
        self.out.put(&facts);
        self.out.put(&[0; 2]);
        self.out.put(name.as_bytes());
        self.out.put(&packed);
        self.directory.put(b"PK\x01\x02\x14\x00");
        self.directory.put(&facts);
        self.directory.put(&[0; 12]);
        self.directory.put_u32(start);
        self.directory.put(name.as_bytes());
        self.count += 1;
    }

    /// The finished archive.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        let start = self.out.len() as u32;
        self.out.append(&mut self.directory);
        let length = self.out.len() as u32 - start;
        self.out.put(b"PK\x05\x06\0\0\0\0");
        [self.count; 2].iter().for_each(|count| self.out.put(&count.to_le_bytes()));
        self.out.put_u32(length);
        self.out.put_u32(start);
        self.out.put(&[0; 2]);
        self.out
    }
}

/// The content of an entry whose name ends like this, of at most so many bytes.
pub(crate) fn read_entry(zip: &[u8], ending: &str, max: u64) -> Option<Vec<u8>> {
    let end = zip.windows(4).rposition(|window| window == b"PK\x05\x06")?;
    let number = |at: usize, size: usize| {
        let bytes = zip.get(at..at + size)?;
        Some(bytes.iter().rev().fold(0usize, |value, &byte| value << 8 | usize::from(byte)))
    };
    let mut at = number(end + 16, 4)?;
    for _ in 0..number(end + 10, 2)? {
        let (packed, name) = (number(at + 20, 4)?, number(at + 28, 2)?);
        let text = zip.get(at + 46..at + 46 + name)?;
        if text.ends_with(ending.as_bytes()) {
            let (head, method) = (number(at + 42, 4)?, number(at + 10, 2)?);
            let start = head + 30 + number(head + 26, 2)? + number(head + 28, 2)?;
            let data = zip.get(start..start.checked_add(packed)?)?;
            let mut out = Vec::new();
            match method {
                0 => out.extend_from_slice(data),
                8 => {
                    // One byte more tells that there are too many.
                    let most = max.min(most_from(data.len()) as u64).saturating_add(1);
                    DeflateDecoder::new(data).take(most).read_to_end(&mut out).ok()?;
                }
                _ => return None,
            }
            return (out.len() as u64 <= max).then_some(out);
        }
        at += 46 + name + number(at + 30, 2)? + number(at + 32, 2)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_into_an_archive_comes_out() {
        let mut zip = ZipWriter::default();
        zip.add("a.txt", b"hello hello hello");
        zip.add("b/c.bin", &[7; 10_000]);
        let zip = zip.finish();
        assert_eq!(read_entry(&zip, "a.txt", 100).as_deref(), Some(&b"hello hello hello"[..]));
        assert!(read_entry(&zip, "c.bin", 10_000) == Some(vec![7; 10_000]));
        assert!(read_entry(&zip, "c.bin", 9_999).is_none());
        assert_eq!(read_entry(&zip, "d", 100), None);
        assert_eq!(read_entry(&zip[..30], "a.txt", 100), None);
    }
}
