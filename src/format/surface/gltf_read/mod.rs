//! Reading glTF 2.0, `.glb` and `.gltf`: the voxels just inside the surface, a layer for each node
//! with a mesh.
//!
//! Colours are those of textures, vertices and materials. Where one material makes up a whole layer
//! it becomes the layer's own, else its colour goes into the voxels.

mod data;
mod json;
mod looks;
mod scene;

use crate::format::bytes::{Bytes, FileBytes};
use crate::format::fidelity::{CAMERAS_LEFT_OUT, Kind, Report};
use crate::format::{FormatError, Loaded, ReadOptions};
use crate::job::Slice;
use crate::plain_words::in_words;
use data::Buffers;
use json::Root;
use looks::Looks;

const NAME: &str = "glb";
/// The longest text that is parsed, in bytes; data in it does not count.
const TEXT_MAX: usize = 16 << 20;
/// Bytes of text that are looked through in one unit of work.
const LETTERS_A_UNIT: usize = 1 << 16;
/// Extensions that can be required and are read, or change nothing about colours and places.
const KNOWN: [&str; 8] = [
    "KHR_mesh_quantization",
    "KHR_texture_transform",
    "KHR_materials_emissive_strength",
    "KHR_materials_unlit",
    "KHR_materials_ior",
    "KHR_materials_specular",
    "EXT_texture_webp",
    "KHR_materials_transmission",
];

/// The error of a file that says what cannot be.
fn invalid(what: impl Into<String>, expected: impl Into<String>) -> FormatError {
    Bytes::new(&[], NAME).invalid(what, expected)
}

/// The parts of a file.
struct File {
    bytes: FileBytes,
    /// Where the text is.
    text: std::ops::Range<usize>,
    /// Where the first buffer is, if the file holds it.
    binary: Option<std::ops::Range<usize>>,
}

impl File {
    fn new(bytes: FileBytes) -> Result<File, FormatError> {
        let length = bytes.len();
        if !bytes.starts_with(b"glTF") {
            return Ok(File { bytes, text: 0..length, binary: None });
        }
        let mut head = Bytes::new(&bytes, NAME);
        head.take(4, "the magic")?;
        let version = head.u32("the version")?;
        if version != 2 {
            return Err(head.invalid_at(4, format!("version {version}"), "version 2"));
        }
        head.u32("the length")?;
        let (mut text, mut binary) = (None, None);
        while head.remaining() >= 8 {
            let length = head.u32("a chunk's length")? as usize;
            let kind = head.take(4, "a chunk's type")?;
            let start = head.position();
            head.take(length, "a chunk")?;
            match kind {
                b"JSON" if text.is_none() => text = Some(start..start + length),
                b"BIN\0" if binary.is_none() => binary = Some(start..start + length),
                _ => {}
            }
        }
        let text = text.ok_or_else(|| head.invalid_at(12, "no JSON chunk", "one"))?;
        Ok(File { text, binary, bytes })
    }

    /// The text with its data cut out: instead of each stands its place in the file.
    async fn parse(&self, slice: &Slice) -> Result<Root, FormatError> {
        const DATA: &[u8] = b"\"data:";
        let text = &self.bytes[self.text.clone()];
        let (mut short, mut at, mut kept) = (Vec::new(), 0, 0);
        while at < text.len() {
            let end = text.len().min(at + LETTERS_A_UNIT);
            let window = &text[at..text.len().min(end + DATA.len() - 1)];
            let Some(found) = window.windows(DATA.len()).position(|window| window == DATA) else {
                at = end;
                slice.spend(1).await;
                continue;
            };
            let start = at + found + 1;
            let mut length = 0;
            while let Some(rest) = text.get(start + length..).filter(|rest| !rest.is_empty()) {
                let run = &rest[..rest.len().min(LETTERS_A_UNIT)];
                slice.spend(1).await;
                match run.iter().position(|&byte| byte == b'"') {
                    Some(quote) => {
                        length += quote;
                        break;
                    }
                    None => length += run.len(),
                }
            }
            check_text(short.len() + start - kept)?;
            short.extend_from_slice(&text[kept..start]);
            let place = self.text.start + start;
            short.extend_from_slice(format!("data:#{place}+{length}").as_bytes());
            (at, kept) = (start + length, start + length);
        }
        check_text(short.len() + text.len() - kept)?;
        short.extend_from_slice(&text[kept..]);
        let short = short.trim_ascii_end();
        let short = short.strip_prefix(b"\xef\xbb\xbf").unwrap_or(short);
        serde_json::from_slice(short).map_err(|error| {
            let what = format!("JSON that is wrong in line {}: {error}", error.line());
            let offset = self.text.start as u64;
            Bytes::new(&[], NAME).invalid_at(offset, what, "the JSON of a glTF file")
        })
    }
}

fn check_text(got: usize) -> Result<(), FormatError> {
    if got > TEXT_MAX {
        let what = "the JSON of a glTF file in bytes".to_owned();
        let (limit_name, limit) = ("the longest text", TEXT_MAX as u64);
        return Err(FormatError::Limit { what, limit_name, limit, got: got as u64 });
    }
    Ok(())
}

/// Whether bytes begin like a text file of glTF.
pub(in crate::format) fn detect_text(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(1 << 16)];
    let is_text = start.trim_ascii_start().first() == Some(&b'{');
    let holds = |word: &[u8]| start.windows(word.len()).any(|window| window == word);
    is_text && (holds(b"\"asset\"") || holds(b"\"accessors\"") || holds(b"\"bufferViews\""))
}

pub(in crate::format) async fn read(
    bytes: FileBytes,
    options: ReadOptions,
    slice: Slice,
) -> Result<Loaded, FormatError> {
    let file = File::new(bytes)?;
    let root = file.parse(&slice).await?;
    let unknown = root.extensions_required.iter().find(|name| !KNOWN.contains(&&***name));
    if let Some(name) = unknown {
        let expected = "a file that does not need it: export it without compression";
        return Err(invalid(format!("the extension {name}, which the file requires"), expected));
    }
    let mut report = Report::default();
    let buffers = fetch_buffers(&file, &root, &options, &slice).await?;
    let looks = Looks::read(&file, &root, &buffers, &options, &mut report, &slice).await?;
    let frames = root.animations.len() as u64;
    report.lose(
        Kind::Frame,
        frames,
        in_words(frames, ["animation is left out", "animations are left out"]),
    );
    let cameras = root.cameras.len() as u64;
    report.lose(Kind::Camera, cameras, in_words(cameras, CAMERAS_LEFT_OUT));
    let format =
        if file.binary.is_some() || file.bytes.starts_with(b"glTF") { NAME } else { "gltf" };
    scene::load(format, &root, &buffers, looks, options, report, &slice).await
}

async fn fetch_buffers(
    file: &File,
    root: &Root,
    options: &ReadOptions,
    slice: &Slice,
) -> Result<Buffers, FormatError> {
    let mut buffers = Vec::new();
    let mut left = options.limits.max_file_bytes;
    for (index, buffer) in root.buffers.iter().enumerate() {
        let bytes = match (&buffer.uri, &file.binary) {
            (None, Some(range)) => FileBytes::from(file.bytes[range.clone()].to_vec()),
            (Some(address), _) => {
                let found = data::fetch(address, file, options, slice).await?;
                found.ok_or_else(|| {
                    let name: String = address.chars().take(60).collect();
                    invalid(format!("buffer {index} in '{name}'"), "that file beside this one")
                })?
            }
            (None, None) => return Err(invalid(format!("buffer {index} without bytes"), "a uri")),
        };
        if bytes.len() < buffer.byte_length {
            let what = format!("buffer {index} of {} bytes", bytes.len());
            return Err(invalid(what, format!("{} bytes", buffer.byte_length)));
        }
        left = left.checked_sub(bytes.len() as u64).ok_or_else(|| FormatError::Limit {
            what: "the bytes of all buffers".to_owned(),
            limit_name: "max_file_bytes",
            limit: options.limits.max_file_bytes,
            got: options.limits.max_file_bytes.saturating_add(1),
        })?;
        buffers.push(bytes);
    }
    Ok(Buffers(buffers))
}
