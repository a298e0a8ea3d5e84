//! Reading `.ply`, ASCII and binary: vertices with their colours, and faces. Without faces, each
//! vertex is a voxel, so that point clouds load too.

use super::ply_header::{Element, Encoding, Header, NAME, Property};
use super::soup::Soup;
use super::voxelise::{Vertex, Voxeliser};
use crate::format::ascii::{BYTES_A_UNIT, HEADER_MAX, Lines, decimal, is_decimal};
use crate::format::builder::Allowance;
use crate::format::bytes::Bytes;
use crate::format::bytes::FileBytes;
use crate::format::fidelity::Report;
use crate::format::{FormatError, Loaded, ReadOptions};
use crate::job::Slice;
use crate::voxel::Rgba;

/// The most numbers of one element: it is read in one unit of work.
const NUMBERS_MAX: usize = 1 << 14;

pub(in crate::format) fn detect(bytes: &[u8]) -> bool {
    bytes.starts_with(b"ply\n") || bytes.starts_with(b"ply\r\n")
}

pub(in crate::format) async fn read(
    bytes: FileBytes,
    options: ReadOptions,
    slice: Slice,
) -> Result<Loaded, FormatError> {
    let mut voxeliser = Voxeliser::new(options.limits);
    let (header, mut soup) = (Header::read(&bytes)?, Soup::default());
    slice.expect(bytes.len() as u64);
    let mut at = header.end;
    let mut end = at.saturating_add(BYTES_A_UNIT);
    // An element without properties takes no bytes, and there may be any number of it.
    for element in header.elements.iter().filter(|element| !element.properties.is_empty()) {
        for _ in 0..element.count {
            let allowance = &mut voxeliser.allowance;
            let next = read_element(&mut soup, &bytes, at, header.encoding, element, allowance)?;
            slice.count((next - at) as u64);
            at = next;
            if at >= end {
                slice.spend(1).await;
                end = at.saturating_add(BYTES_A_UNIT);
            }
        }
    }
    soup.load(NAME, options, voxeliser, Report::default(), &slice).await
}

/// The numbers of one element, property by property.
struct Values<'a> {
    bytes: Bytes<'a>,
    encoding: Encoding,
    words: Option<Vec<f64>>,
    taken: usize,
}

impl<'a> Values<'a> {
    fn new(file: &'a [u8], at: usize, encoding: Encoding) -> Result<Self, FormatError> {
        let mut bytes = Bytes::new(file, NAME).at(at);
        let mut words = None;
        if encoding == Encoding::Ascii {
            let mut lines = Lines::new(file, at, NAME).within(HEADER_MAX);
            let line = lines.by_ref().find(|line| !line.text.is_empty());
            let line = line.ok_or_else(|| {
                bytes.invalid("the end of the file", "as many lines as the header says")
            })?;
            let numbers = line.words().take(NUMBERS_MAX).map(decimal);
            let numbers: Option<Vec<f64>> = numbers.collect();
            words = Some(numbers.ok_or_else(|| line.misfit(0, is_decimal, "numbers"))?);
            bytes = bytes.at(lines.position());
        }
        Ok(Values { bytes, encoding, words, taken: 0 })
    }

    fn number(&mut self, property: &Property, is_length: bool) -> Result<f64, FormatError> {
        if let Some(words) = &self.words {
            let value = words.get(self.taken).copied();
            self.taken += 1;
            let missing = || self.bytes.invalid("a line that is too short", "a number more");
            return value.ok_or_else(missing);
        }
        let kind = property.length.filter(|_| is_length).unwrap_or(property.kind);
        let taken = self.bytes.take(kind.size(), "a number")?;
        let mut raw = [0; 8];
        raw[..taken.len()].copy_from_slice(taken);
        if self.encoding == Encoding::BigEndian {
            raw[..taken.len()].reverse();
        }
        Ok(kind.value(raw))
    }
}

/// Reads one element from `at` on; where the next one begins.
fn read_element(
    soup: &mut Soup,
    file: &[u8],
    at: usize,
    encoding: Encoding,
    element: &Element,
    allowance: &mut Allowance,
) -> Result<usize, FormatError> {
    let mut values = Values::new(file, at, encoding)?;
    let mut vertex = Vertex { position: [0.0; 3], color: Rgba::WHITE };
    let mut left = NUMBERS_MAX;
    for property in &element.properties {
        if property.length.is_some() {
            let count = values.number(property, true)?;
            if !(0.0..=left as f64).contains(&count) {
                let expected = format!("0 to {left}");
                return Err(values.bytes.invalid("a list of another length", expected));
            }
            left -= count as usize;
            let mut list = Vec::with_capacity(count as usize);
            for _ in 0..count as usize {
                list.push(values.number(property, false)?);
            }
            let is_face = element.name == "face"
                && (property.name == "vertex_indices" || property.name == "vertex_index");
            if is_face {
                allowance.take(12 * list.len() as u64)?;
                add_face(soup, &list, &values.bytes)?;
            }
            continue;
        }
        set(&mut vertex, property, values.number(property, false)?);
    }
    if element.name == "vertex" {
        allowance.take(size_of::<Vertex>() as u64)?;
        soup.push(vertex);
    }
    Ok(values.bytes.position())
}

fn add_face(soup: &mut Soup, list: &[f64], bytes: &Bytes<'_>) -> Result<(), FormatError> {
    let count = soup.vertices();
    let outside = |index: &&f64| !(0.0..count as f64).contains(*index);
    if list.iter().any(|index| outside(&index)) {
        let expected = format!("numbers of the {count} vertices, counted from 0");
        return Err(bytes.invalid("a face with a vertex that is none", expected));
    }
    let fan = list.windows(2).skip(1).map(|pair| [list[0], pair[0], pair[1]]);
    soup.extend(fan.map(|corners| corners.map(|index| index as u32)));
    Ok(())
}

fn set(vertex: &mut Vertex, property: &Property, value: f64) {
    let scale = if property.kind.is_real() { 255.0 } else { 1.0 };
    let channel = (value * scale).round().clamp(0.0, 255.0) as u8;
    match property.name.as_str() {
        "x" => vertex.position[0] = value,
        "y" => vertex.position[1] = value,
        "z" => vertex.position[2] = value,
        "red" | "r" | "diffuse_red" => vertex.color.r = channel,
        "green" | "g" | "diffuse_green" => vertex.color.g = channel,
        "blue" | "b" | "diffuse_blue" => vertex.color.b = channel,
        "alpha" | "a" => vertex.color.a = channel,
        _ => {}
    }
}
