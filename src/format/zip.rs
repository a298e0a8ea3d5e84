//! Zip archives, as `.3mf` and `.npz` are: written whole, read entry by entry.

use std::io::Read;

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

use super::Pieces;
use super::bytes::Put;
use super::pack::{PIECE, pack};
use super::unpack::most_from;
use crate::job::Slice;
use crate::job::pieces::SharedPieces;

/// The archive in the making.
#[derive(Default)]
pub(crate) struct ZipWriter {
    out: Pieces,
    directory: Vec<u8>,
    count: u16,
}

/// The numbers that both heads of an entry hold: version, flags, method, time, date.
const FACTS: [u16; 5] = [20, 0x0800, 8, 0, 0x21];

impl ZipWriter {
    /// Adds a file.
    pub(crate) async fn add(&mut self, name: &str, content: &Pieces, slice: &Slice) {
        let (packed, mut crc) = (SharedPieces::default(), flate2::Crc::new());
        let mut encoder = DeflateEncoder::new(packed.clone(), Compression::fast());
        for part in content.iter().flat_map(|piece| piece.chunks(PIECE)) {
            crc.update(part);
            pack(&mut encoder, part, slice).await;
        }
        // Writing to memory cannot fail.
        let _ = encoder.finish();
        let packed = packed.take();
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
        self.out.append(packed);
        self.directory.put(b"PK\x01\x02\x14\x00");
        self.directory.put(&facts);
        self.directory.put(&[0; 12]);
        self.directory.put_u32(start);
        self.directory.put(name.as_bytes());
        self.count += 1;
    }

    /// The finished archive.
    pub(crate) fn finish(mut self) -> Pieces {
        let start = self.out.len() as u32;
        self.out.put(&self.directory);
        let length = self.out.len() as u32 - start;
        self.out.put(b"PK\x05\x06\0\0\0\0");
        [self.count; 2].iter().for_each(|count| self.out.put(&count.to_le_bytes()));
        self.out.put_u32(length);
        self.out.put_u32(start);
        self.out.put(&[0; 2]);
        self.out
    }
}

/// The directory ends so many bytes before the end of a file at most.
const END_MOST: usize = 22 + u16::MAX as usize;

/// The content of an entry whose name ends like this, of at most so many bytes.
pub(crate) async fn read_entry(
    zip: &[u8],
    ending: &str,
    max: u64,
    slice: &Slice,
) -> Option<Vec<u8>> {
    let last = zip.len().saturating_sub(END_MOST);
    let end = last + zip[last..].windows(4).rposition(|window| window == b"PK\x05\x06")?;
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
                0 => pack(&mut out, data, slice).await,
                8 => {
                    // One byte more tells that there are too many.
                    let most = max.min(most_from(data.len()) as u64).saturating_add(1);
                    let mut decoder = DeflateDecoder::new(data).take(most);
                    while decoder.by_ref().take(PIECE as u64).read_to_end(&mut out).ok()? > 0 {
                        slice.spend(1).await;
                    }
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
    use crate::job::{Job, Work};

    fn archive() -> Vec<u8> {
        let work = Work::new(|slice: Slice| async move {
            let mut zip = ZipWriter::default();
            zip.add("a.txt", &Pieces::from(b"hello hello hello".to_vec()), &slice).await;
            zip.add("b/c.bin", &Pieces::from(vec![7; 200_000]), &slice).await;
            zip.finish().into_vec()
        });
        work.finish()
    }

    fn read(zip: &[u8], ending: &'static str, max: u64) -> Option<Vec<u8>> {
        let zip = zip.to_vec();
        Work::new(move |slice: Slice| async move { read_entry(&zip, ending, max, &slice).await })
            .finish()
    }

    #[test]
    fn what_is_put_into_an_archive_comes_out() {
        let zip = archive();
        assert_eq!(read(&zip, "a.txt", 100).as_deref(), Some(&b"hello hello hello"[..]));
        assert!(read(&zip, "c.bin", 200_000) == Some(vec![7; 200_000]));
        assert!(read(&zip, "c.bin", 199_999).is_none());
        assert_eq!(read(&zip, "d", 100), None);
        assert_eq!(read(&zip[..30], "a.txt", 100), None);
    }
}
