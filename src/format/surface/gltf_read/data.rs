//! The bytes that a glTF file speaks of: in the file itself, in data addresses, in files beside it.

use base64::Engine;

use super::json::{Accessor, Part, Root};
use super::{File, invalid};
use crate::format::beside::read_beside;
use crate::format::bytes::FileBytes;
use crate::format::long_list::LongList;
use crate::format::{FormatError, ReadOptions};
use crate::job::Slice;

/// Letters of a data address that are decoded in one unit of work; a multiple of four.
const LETTERS_A_UNIT: usize = 1 << 16;
/// Elements of an accessor that are read in one unit of work.
const ELEMENTS_A_UNIT: usize = 1 << 11;

/// The bytes that a data address holds.
async fn decoded(letters: &[u8], slice: &Slice) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(letters.len() / 4 * 3);
    for run in letters.chunks(LETTERS_A_UNIT) {
        base64::engine::general_purpose::STANDARD.decode_vec(run, &mut out).ok()?;
        slice.spend(1).await;
    }
    Some(out)
}

/// A name in an address: `%20` stands for a space.
fn unescaped(address: &str) -> String {
    let (mut out, mut rest) = (Vec::new(), address.as_bytes());
    while let [first, after @ ..] = rest {
        let code = after.get(..2).filter(|_| *first == b'%');
        let code = code.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        out.push(code.unwrap_or(*first));
        rest = &after[if code.is_some() { 2 } else { 0 }..];
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The bytes behind an address; `None` if they are not there.
pub(super) async fn fetch(
    address: &str,
    file: &File,
    options: &ReadOptions,
    slice: &Slice,
) -> Result<Option<FileBytes>, FormatError> {
    // Data was cut out of the text: the address tells its place in the file.
    if let Some(place) = address.strip_prefix("data:#") {
        let numbers = place.split_once('+');
        let numbers = numbers.and_then(|(at, long)| Some((at.parse().ok()?, long.parse().ok()?)));
        let Some((at, length)) = numbers else { return Ok(None) };
        let length: usize = length;
        let text = file.bytes.get(at..).and_then(|rest| rest.get(..length)).unwrap_or_default();
        let start =
            text.iter().position(|&byte| byte == b',').map_or(text.len(), |comma| comma + 1);
        return Ok(decoded(&text[start..], slice).await.map(FileBytes::from));
    }
    let read = read_beside(options.directory.as_ref(), &unescaped(address), slice).await?;
    Ok(read.map(FileBytes::from))
}

/// All buffers of a file.
pub(super) struct Buffers(pub(super) Vec<FileBytes>);

/// Numbers of an accessor, up to four an element.
pub(super) type Elements = LongList<[f32; 4]>;

fn size_of(component: u32) -> Option<usize> {
    match component {
        5120 | 5121 => Some(1),
        5122 | 5123 => Some(2),
        5125 | 5126 => Some(4),
        _ => None,
    }
}

/// A number as it is, or as a share of the largest one.
fn number(bytes: &[u8], component: u32, normalized: bool) -> f32 {
    let share = |value: f32, most: f32| if normalized { (value / most).max(-1.0) } else { value };
    match (component, bytes) {
        (5120, &[a]) => share(f32::from(a as i8), 127.0),
        (5121, &[a]) => share(f32::from(a), 255.0),
        (5122, &[a, b]) => share(f32::from(i16::from_le_bytes([a, b])), 32_767.0),
        (5123, &[a, b]) => share(f32::from(u16::from_le_bytes([a, b])), 65_535.0),
        (5125, &[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]) as f32,
        (5126, &[a, b, c, d]) => f32::from_le_bytes([a, b, c, d]),
        _ => 0.0,
    }
}

fn whole(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |value, &byte| value << 8 | u32::from(byte))
}

/// Values that lie in a view one after the other.
struct Run<'a> {
    bytes: &'a [u8],
    stride: usize,
    component: u32,
    component_size: usize,
    components: usize,
}

impl Run<'_> {
    fn element(&self, index: usize) -> impl Iterator<Item = &[u8]> {
        let start = index * self.stride;
        let size = self.component_size;
        self.bytes[start..start + size * self.components].chunks(size)
    }
}

impl Buffers {
    /// The bytes of a view.
    pub(super) fn view(&self, root: &Root, index: usize) -> Result<&[u8], FormatError> {
        let view = root.buffer_views.get(index).ok_or_else(|| missing("bufferView", index))?;
        let bytes = self.0.get(view.buffer).ok_or_else(|| missing("buffer", view.buffer))?;
        let part = bytes.get(view.byte_offset..).and_then(|rest| rest.get(..view.byte_length));
        part.ok_or_else(|| {
            let what = format!("bufferView {index} of {} bytes", view.byte_length);
            let room = bytes.len();
            invalid(what, format!("a part of its buffer, which has {room} bytes"))
        })
    }

    fn run<'a>(
        &'a self,
        root: &Root,
        Part { buffer_view, byte_offset, component_type }: &Part,
        count: usize,
        kind: &str,
    ) -> Result<Run<'a>, FormatError> {
        let bytes = self.view(root, *buffer_view)?;
        let bytes = bytes.get(*byte_offset..).unwrap_or_default();
        let known = ["SCALAR", "VEC2", "VEC3", "VEC4"].iter().position(|known| *known == kind);
        let known = known.zip(size_of(*component_type));
        let (components, component_size) = known.ok_or_else(|| {
            let what = format!("an accessor of type {kind}, {component_type}");
            invalid(what, "SCALAR to VEC4 of a component type from 5120 to 5126")
        })?;
        let components = components + 1;
        let own = components * component_size;
        let told = root.buffer_views.get(*buffer_view).and_then(|view| view.byte_stride);
        let stride = told.unwrap_or(own).max(1);
        let needed =
            count.saturating_sub(1).checked_mul(stride).and_then(|all| all.checked_add(own));
        if count > 0 && needed.is_none_or(|needed| needed > bytes.len()) {
            let what = format!("an accessor of {count} elements");
            return Err(invalid(what, format!("as many as {} bytes have", bytes.len())));
        }
        Ok(Run { bytes, stride, component: *component_type, component_size, components })
    }

    /// The numbers of an accessor; `fill` stands for those that it has not.
    pub(super) async fn elements(
        &self,
        root: &Root,
        index: usize,
        fill: [f32; 4],
        slice: &Slice,
    ) -> Result<Elements, FormatError> {
        let accessor = accessor(root, index)?;
        let mut out = Elements::default();
        let value = |run: &Run<'_>, index: usize| {
            let mut value = fill;
            for (value, bytes) in value.iter_mut().zip(run.element(index)) {
                *value = number(bytes, run.component, accessor.normalized);
            }
            value
        };
        match accessor.buffer_view {
            Some(view) => {
                let part = part_of(accessor, view);
                let run = self.run(root, &part, accessor.count, &accessor.kind)?;
                for index in 0..accessor.count {
                    out.push(value(&run, index));
                    if index % ELEMENTS_A_UNIT == 0 {
                        slice.spend(1).await;
                    }
                }
            }
            // Zeros that no bytes stand for; sparse values are all there is.
            None if accessor.count <= self.room() => {
                let zero = [0.0, 0.0, 0.0, fill[3]];
                for index in 0..accessor.count {
                    out.push(zero);
                    if index % ELEMENTS_A_UNIT == 0 {
                        slice.spend(1).await;
                    }
                }
            }
            None => return Err(invalid("an accessor without bytes", "a bufferView")),
        }
        if let Some(sparse) = &accessor.sparse {
            let places = self.run(root, &sparse.indices, sparse.count, "SCALAR")?;
            let values = Part { component_type: accessor.component_type, ..sparse.values.clone() };
            let values = self.run(root, &values, sparse.count, &accessor.kind)?;
            for index in 0..sparse.count {
                let place = places.element(index).next().map_or(0, whole) as usize;
                if let Some(slot) = out.get_mut(place) {
                    *slot = value(&values, index);
                }
                if index % ELEMENTS_A_UNIT == 0 {
                    slice.spend(1).await;
                }
            }
        }
        Ok(out)
    }

    /// The numbers of vertices that an accessor lists.
    pub(super) async fn indices(
        &self,
        root: &Root,
        index: usize,
        slice: &Slice,
    ) -> Result<LongList<u32>, FormatError> {
        let accessor = accessor(root, index)?;
        let view = accessor.buffer_view.ok_or_else(|| invalid("indices", "a bufferView"))?;
        let run = self.run(root, &part_of(accessor, view), accessor.count, "SCALAR")?;
        let mut out = LongList::default();
        for index in 0..accessor.count {
            out.push(run.element(index).next().map_or(0, whole));
            if index % ELEMENTS_A_UNIT == 0 {
                slice.spend(1).await;
            }
        }
        Ok(out)
    }

    /// The most elements that an accessor without bytes may have.
    fn room(&self) -> usize {
        self.0.iter().map(|bytes| bytes.len()).sum()
    }
}

fn part_of(accessor: &Accessor, buffer_view: usize) -> Part {
    let &Accessor { byte_offset, component_type, .. } = accessor;
    Part { buffer_view, byte_offset, component_type }
}

fn accessor(root: &Root, index: usize) -> Result<&Accessor, FormatError> {
    root.accessors.get(index).ok_or_else(|| missing("accessor", index))
}

pub(super) fn missing(what: &str, index: usize) -> FormatError {
    invalid(format!("{what} {index}, which is not there"), "a number of the file's own lists")
}
