//! `.vxm` of VoxEdit, versions 3 to 13: a box with runs of colours for each model, y up and x
//! mirrored. A layer a model; meshes and textures that the file keeps beside are passed over.

use super::{Sink, standing, turned};
use crate::document::Palette;
use crate::format::FormatError;
use crate::format::bytes::{Bytes, FileBytes};
use crate::format::fidelity::Kind;
use crate::job::Slice;
use crate::plain_words::in_words;
use crate::voxel::Rgba;

pub(super) const NAME: &str = "vxm";
/// The number of no colour.
const EMPTY: u8 = 255;
/// Bytes of a corner of the mesh: a place and a place in the texture.
const CORNER: usize = 20;
const EDGE_MAX: u32 = 1 << 12;
/// Runs that are read in one unit of work; each has up to 255 voxels.
const RUNS_A_UNIT: usize = 16;

pub(in crate::format) fn detect(bytes: &[u8]) -> bool {
    bytes.starts_with(b"VXM") && bytes.get(3).copied().and_then(version_of).is_some()
}

fn version_of(letter: u8) -> Option<u32> {
    let version = match letter {
        b'0'..=b'9' => u32::from(letter - b'0'),
        b'A'..=b'D' => u32::from(letter - b'A') + 10,
        _ => return None,
    };
    (3..=13).contains(&version).then_some(version)
}

/// A text that ends with a zero.
fn text(bytes: &mut Bytes<'_>) -> Result<String, FormatError> {
    let mut text = Vec::new();
    loop {
        match bytes.u8("a name")? {
            0 => return Ok(String::from_utf8_lossy(&text).into_owned()),
            letter if text.len() < 1024 => text.push(letter),
            _ => return Err(bytes.invalid("a name without an end", "at most 1024 bytes")),
        }
    }
}

fn size(bytes: &mut Bytes<'_>) -> Result<[i64; 3], FormatError> {
    let start = bytes.offset();
    let [x, y, z] = [0; 3].map(|_| bytes.u32("the size"));
    let size = [x?, y?, z?];
    if size.iter().any(|edge| !(1..=EDGE_MAX).contains(edge)) {
        let expected = format!("edges of 1 to {EDGE_MAX}");
        return Err(bytes.invalid_at(start, format!("a size of {size:?}"), expected));
    }
    Ok(size.map(i64::from))
}

/// Passes over the surface that is selected in the editor.
fn skip_surface(bytes: &mut Bytes<'_>, version: u32) -> Result<(), FormatError> {
    let [a, b, c, d, e, f] = [0; 6].map(|_| bytes.u32("a surface"));
    let (from, to) = ([a?, b?, c?], [d?, e?, f?]);
    let normal = bytes.u32("a surface's direction")?;
    let area = if version >= 10 {
        let [wide, high] = [0; 2].map(|_| bytes.u32("a surface's size"));
        u64::from(wide?) * u64::from(high?)
    } else {
        let edge = |axis: usize| u64::from(to[axis].wrapping_sub(from[axis]));
        let [u, v] = [[2, 1], [0, 2], [0, 1]][(normal as usize / 2).min(2)];
        edge(u).saturating_mul(edge(v))
    };
    bytes.take(usize::try_from(area).unwrap_or(usize::MAX), "a surface")?;
    Ok(())
}

/// Passes over one mesh with its textures.
fn skip_mesh(bytes: &mut Bytes<'_>, version: u32) -> Result<(), FormatError> {
    bytes.take(8, "a texture's size")?;
    let run = |bytes: &mut Bytes<'_>| -> Result<(), FormatError> {
        while bytes.u8("a texture's run")? != 0 {
            bytes.take(3, "a texture's colour")?;
        }
        Ok(())
    };
    match version {
        11.. => {
            let length = bytes.u32("a texture's length")? as usize;
            bytes.take(length, "a texture")?;
        }
        3 => run(bytes)?,
        _ => {
            for _ in 0..bytes.u32("the number of textures")? {
                text(bytes)?;
                match version {
                    6.. => {
                        let length = bytes.u32("a texture's length")? as usize;
                        bytes.take(length, "a texture")?;
                    }
                    _ => run(bytes)?,
                }
            }
        }
    }
    for _ in 0..6 {
        let quads = bytes.u32("the number of faces")? as usize;
        bytes.take(quads.saturating_mul(4 * CORNER), "the faces")?;
    }
    Ok(())
}

/// The colours, and how many of them shine.
fn colors(bytes: &mut Bytes<'_>, version: u32) -> Result<(Vec<Rgba>, u64), FormatError> {
    let (mut colors, mut shining) = (Vec::new(), 0);
    for _ in 0..bytes.u8("the number of colours")? {
        let raw = bytes.take(4, "a colour")?;
        colors.push(Rgba::new(raw[2], raw[1], raw[0], raw[3].max(1)));
        if version > 3 {
            shining += u64::from(bytes.u8("whether a colour shines")? != 0);
        }
    }
    Ok((colors, shining))
}

pub(super) async fn decode(
    file: &FileBytes,
    sink: &mut Sink,
    slice: &Slice,
) -> Result<&'static str, FormatError> {
    let mut bytes = Bytes::new(file, NAME);
    let magic = bytes.take(4, "the magic")?;
    let version = version_of(magic[3]).filter(|_| magic.starts_with(b"VXM"));
    let version = version
        .ok_or_else(|| bytes.invalid_at(0, "another magic", "\"VXM\" and a version, 3 to D"))?;
    let mut told = if version >= 6 { Some(size(&mut bytes)?) } else { None };
    if version >= 5 {
        bytes.take(12, "the pivot")?;
    }
    if version >= 9 && bytes.u8("whether there is a surface")? != 0 {
        skip_surface(&mut bytes, version)?;
    }
    if (8..=12).contains(&version) {
        bytes.take(16, "the levels of detail")?;
    }
    let levels = if (7..=12).contains(&version) { bytes.u32("the levels of detail")? } else { 1 };
    for _ in 0..levels {
        skip_mesh(&mut bytes, version)?;
        slice.spend(1).await;
    }
    if version <= 5 {
        told = Some(size(&mut bytes)?);
    }
    if version >= 11 {
        bytes.take(2 * 256 * 4, "the palettes")?;
        for _ in 0..bytes.u8("the number of parts of the palette")? {
            text(&mut bytes)?;
            bytes.take(2, "a part of the palette")?;
        }
    }
    let (colors, shining) = colors(&mut bytes, version)?;
    let note = in_words(shining, ["colour shines", "colours shine"]) + " no more";
    sink.report.lose(Kind::Material, shining, note);
    let models = if version >= 12 { bytes.u8("the number of models")? } else { 1 };
    let size = told.unwrap_or([1; 3]);
    for _ in 0..models {
        let (mut name, mut visible) = (String::new(), true);
        if version >= 12 {
            name = text(&mut bytes)?;
            visible = bytes.u8("whether a model is visible")? != 0;
        }
        sink.layer(&name, visible)?;
        read_model(&mut bytes, size, &colors, sink, slice).await?;
    }
    sink.palette = Some(Palette::of_colors("", colors));
    Ok(NAME)
}

/// Reads the runs of a model: z fastest, then y, which is up, then x.
async fn read_model(
    bytes: &mut Bytes<'_>,
    [width, height, depth]: [i64; 3],
    colors: &[Rgba],
    sink: &mut Sink,
    slice: &Slice,
) -> Result<(), FormatError> {
    let corner = standing([width, depth, height]);
    let (mut next, total, mut runs) = (0, width * height * depth, 0);
    loop {
        let count = i64::from(bytes.u8("a run")?);
        if count == 0 {
            return Ok(());
        }
        let number = bytes.u8("a run's colour")?;
        if next + count > total {
            let what = format!("a run up to cell {}", next + count);
            return Err(bytes.invalid(what, format!("at most {total}")));
        }
        let color = colors.get(usize::from(number)).filter(|_| number != EMPTY);
        for cell in (next..next + count).filter(|_| color.is_some()) {
            let (x, y, z) = (cell / height / depth, cell / depth % height, cell % depth);
            let [x, y, z] = turned([width - 1 - x, y, z - depth]);
            let at = [corner[0] + x, corner[1] + y, corner[2] + z];
            sink.set(at, color.copied().unwrap_or(Rgba::EMPTY))?;
        }
        next += count;
        runs += 1;
        if runs % RUNS_A_UNIT == 0 {
            slice.spend(1).await;
        }
    }
}
