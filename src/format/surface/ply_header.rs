//! The header of a `.ply` file: which numbers follow, in which form.

use crate::format::FormatError;
use crate::format::ascii::{HEADER_MAX, Line, Lines, integer};
use crate::format::bytes::Bytes;

pub(super) const NAME: &str = "ply";

/// How the numbers after the header are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Encoding {
    Ascii,
    LittleEndian,
    BigEndian,
}

/// A kind of number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    F32,
    F64,
}

impl Kind {
    fn parse(word: &[u8]) -> Option<Kind> {
        Some(match word {
            b"char" | b"int8" => Kind::I8,
            b"uchar" | b"uint8" => Kind::U8,
            b"short" | b"int16" => Kind::I16,
            b"ushort" | b"uint16" => Kind::U16,
            b"int" | b"int32" => Kind::I32,
            b"uint" | b"uint32" => Kind::U32,
            b"float" | b"float32" => Kind::F32,
            b"double" | b"float64" => Kind::F64,
            _ => return None,
        })
    }

    pub(super) fn size(self) -> usize {
        match self {
            Kind::I8 | Kind::U8 => 1,
            Kind::I16 | Kind::U16 => 2,
            Kind::I32 | Kind::U32 | Kind::F32 => 4,
            Kind::F64 => 8,
        }
    }

    /// Whether colours of this kind run from 0 to 1.
    pub(super) fn is_real(self) -> bool {
        matches!(self, Kind::F32 | Kind::F64)
    }

    /// The value of bytes in little-endian order.
    pub(super) fn value(self, raw: [u8; 8]) -> f64 {
        let low =
            |count: usize| raw.iter().take(count).rev().fold(0, |v, &b| v << 8 | u64::from(b));
        match self {
            Kind::I8 => f64::from(raw[0] as i8),
            Kind::U8 => f64::from(raw[0]),
            Kind::I16 => f64::from(low(2) as u16 as i16),
            Kind::U16 => low(2) as f64,
            Kind::I32 => f64::from(low(4) as u32 as i32),
            Kind::U32 => low(4) as f64,
            Kind::F32 => f64::from(f32::from_bits(low(4) as u32)),
            Kind::F64 => f64::from_bits(low(8)),
        }
    }
}

/// A number, or a row of numbers with its length before it, of each element.
#[derive(Debug)]
pub(super) struct Property {
    pub(super) name: String,
    pub(super) length: Option<Kind>,
    pub(super) kind: Kind,
}

/// A row of things of one sort.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) count: u64,
    pub(super) properties: Vec<Property>,
}

#[derive(Debug)]
pub(super) struct Header {
    pub(super) encoding: Encoding,
    pub(super) elements: Vec<Element>,
    /// Where the numbers begin.
    pub(super) end: usize,
}

impl Header {
    pub(super) fn read(file: &[u8]) -> Result<Header, FormatError> {
        let mut lines = Lines::new(file, 0, NAME).within(HEADER_MAX);
        if lines.next().is_none_or(|line| line.text != b"ply") {
            return Err(Bytes::new(file, NAME).invalid_at(0, "another first line", "'ply'"));
        }
        let mut header = Header { encoding: Encoding::Ascii, elements: Vec::new(), end: 0 };
        while let Some(line) = lines.next() {
            if line.text == b"end_header" {
                header.end = lines.position();
                return Ok(header);
            }
            let known = header.read_line(&line);
            known
                .ok_or_else(|| line.invalid("format, element, property, comment or end_header"))?;
        }
        Err(Bytes::new(file, NAME).at(file.len()).invalid("the end of the file", "'end_header'"))
    }

    fn read_line(&mut self, line: &Line<'_>) -> Option<()> {
        let words: Vec<&[u8]> = line.words().collect();
        let text = |word: &[u8]| String::from_utf8_lossy(word).into_owned();
        match words[..] {
            [b"comment" | b"obj_info", ..] | [] => {}
            [b"format", form, _] => {
                self.encoding = match form {
                    b"ascii" => Encoding::Ascii,
                    b"binary_little_endian" => Encoding::LittleEndian,
                    b"binary_big_endian" => Encoding::BigEndian,
                    _ => return None,
                }
            }
            [b"element", name, count] => {
                let count = u64::try_from(integer(count)?).ok()?;
                self.elements.push(Element { name: text(name), count, properties: Vec::new() });
            }
            [b"property", b"list", length, kind, name] => {
                let (length, kind) = (Some(Kind::parse(length)?), Kind::parse(kind)?);
                let property = Property { name: text(name), length, kind };
                self.elements.last_mut()?.properties.push(property);
            }
            [b"property", kind, name] => {
                let property =
                    Property { name: text(name), length: None, kind: Kind::parse(kind)? };
                self.elements.last_mut()?.properties.push(property);
            }
            _ => return None,
        }
        Some(())
    }
}
