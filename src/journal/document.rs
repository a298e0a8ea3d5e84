//! What a document is, and what a step made of it, as pieces of bytes.
//!
//! A piece is its number (1 byte), its length (4) and what it says. Only pieces that changed are written; voxels as the
//! blocks that changed ([`crate::voxel::stored`]). They are put in place in the order in which they are written.

use super::bytes::{Malformed, Put, Take, put_measured};
use crate::document::{
    BlendMode, Camera, Document, Layer, LayerContent, LayerId, Light, Material, Matrix, Palette,
    PreservedChunk, ShapeKind,
};
use crate::voxel::{Bounds, Rgba, Volume, stored};

const NAME: u8 = 1;
const CANVAS: u8 = 2;
const MATERIALS: u8 = 3;
const CAMERAS: u8 = 4;
const ACTIVE_CAMERA: u8 = 5;
const LIGHT: u8 = 6;
const PALETTE: u8 = 7;
const SELECTION: u8 = 8;
const PRESERVED: u8 = 9;
const LAYERS: u8 = 10;
const LAYER: u8 = 11;
const VOXELS: u8 = 12;
const MASK: u8 = 13;

/// Where a volume's list of blocks begins: with nothing, with what it was, or with what another layer was.
const FROM_NOTHING: u8 = 0;
const FROM_ITSELF: u8 = 1;
const FROM_LAYER: u8 = 2;

/// Writes a whole document.
pub(super) fn write_whole(document: &Document, out: &mut Vec<u8>) {
    let nothing = Document::new("", [1, 1, 1]);
    write_pieces(None, document, out);
    write_volumes(&nothing, document, true, out);
}

/// Writes a whole document but for its layers' voxels.
pub(super) fn write_frame(document: &Document, out: &mut Vec<u8>) {
    write_pieces(None, document, out);
    piece(MASK, out, |out| write_volume(None, &document.mask, out));
}

/// Writes what a step changed.
pub(super) fn write_difference(before: &Document, after: &Document, out: &mut Vec<u8>) {
    write_pieces(Some(before), after, out);
    write_volumes(before, after, false, out);
}

fn piece(number: u8, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.put_u8(number);
    put_measured(out, write);
}

fn write_pieces(before: Option<&Document>, after: &Document, out: &mut Vec<u8>) {
    macro_rules! changed {
        ($number:ident, $field:ident, $write:expr) => {
            if before.is_none_or(|before| before.$field != after.$field) {
                piece($number, out, |out| $write(&after.$field, out));
            }
        };
    }
    changed!(NAME, name, |name: &String, out: &mut Vec<u8>| out.put(name.as_bytes()));
    changed!(CANVAS, canvas, write_bounds);
    changed!(MATERIALS, materials, |list: &Vec<_>, out: &mut _| write_list(
        list,
        out,
        write_material
    ));
    changed!(CAMERAS, cameras, |list: &Vec<_>, out: &mut _| write_list(list, out, write_camera));
    changed!(ACTIVE_CAMERA, active_camera, |index: &Option<usize>, out: &mut _| {
        write_index(*index, out);
    });
    changed!(LIGHT, light, write_light);
    changed!(PALETTE, palette, write_palette);
    changed!(SELECTION, selection, write_box);
    changed!(PRESERVED, preserved, |list: &Vec<_>, out: &mut _| write_list(list, out, write_chunk));
    let order = |document: &Document| {
        let ids = document.layers().iter().map(|layer| layer.id.0);
        ids.chain([document.active().0]).collect::<Vec<i32>>()
    };
    let now = order(after);
    if before.is_none_or(|before| order(before) != now) {
        piece(LAYERS, out, |out| now.iter().for_each(|&id| out.put_i32(id)));
    }
    for (place, layer) in after.layers().iter().enumerate() {
        let old = before.and_then(|before| before.layer_near(layer.id, place));
        if old.is_none_or(|old| !is_same_frame(old, layer)) {
            piece(LAYER, out, |out| write_layer(layer, out));
        }
    }
}

/// Whether two layers differ in their voxels at most.
fn is_same_frame(a: &Layer, b: &Layer) -> bool {
    a.name == b.name
        && a.visible == b.visible
        && a.opacity.to_bits() == b.opacity.to_bits()
        && a.mode == b.mode
        && a.material == b.material
        && a.matrix == b.matrix
        && a.bounds == b.bounds
        && a.content == b.content
        && a.preserved == b.preserved
}

fn write_volumes(before: &Document, after: &Document, is_whole: bool, out: &mut Vec<u8>) {
    for (place, layer) in after.layers().iter().enumerate() {
        let itself = before.layer_near(layer.id, place).filter(|_| !is_whole);
        if itself.is_some_and(|old| old.volume.is_shared_with(&layer.volume))
            || (itself.is_none() && layer.volume.is_empty())
        {
            continue;
        }
        let source = itself.filter(|old| stored::is_like(&layer.volume, &old.volume));
        let source = source.or_else(|| {
            let mut others = before.layers().iter().filter(|_| !is_whole);
            others.find(|other| stored::is_like(&layer.volume, &other.volume))
        });
        piece(VOXELS, out, |out| {
            out.put_i32(layer.id.0);
            match source {
                Some(source) if source.id == layer.id => {
                    write_volume(Some(&source.volume), &layer.volume, out);
                }
                Some(source) => {
                    out.put_u8(FROM_LAYER);
                    out.put_i32(source.id.0);
                    stored::write_difference(&source.volume, &layer.volume, out);
                }
                None => write_volume(None, &layer.volume, out),
            }
        });
    }
    if is_whole || !before.mask.is_shared_with(&after.mask) {
        let source = Some(&before.mask).filter(|mask| stored::is_like(&after.mask, mask));
        piece(MASK, out, |out| write_volume(source, &after.mask, out));
    }
}

fn write_volume(before: Option<&Volume>, after: &Volume, out: &mut Vec<u8>) {
    match before {
        Some(before) => {
            out.put_u8(FROM_ITSELF);
            stored::write_difference(before, after, out);
        }
        None => {
            out.put_u8(FROM_NOTHING);
            stored::write_all(after, out);
        }
    }
}

/// Changes a document as pieces say.
pub fn apply(document: &mut Document, bytes: &[u8]) -> Result<(), Malformed> {
    let before = document.clone();
    let mut pieces = Take::new(bytes, "document");
    while !pieces.is_empty() {
        let (number, body) = (pieces.u8()?, pieces.counted()?);
        apply_piece(document, &before, number, body)?;
    }
    Ok(())
}

fn apply_piece(
    document: &mut Document,
    before: &Document,
    number: u8,
    body: &[u8],
) -> Result<(), Malformed> {
    let mut take = Take::new(body, "document");
    match number {
        NAME => {
            let name = std::str::from_utf8(take.rest()).map_err(|_| Malformed("name"))?;
            document.name = name.to_owned();
        }
        CANVAS => document.canvas = bounds(&mut take)?,
        MATERIALS => document.materials = take.list(material)?,
        CAMERAS => document.cameras = take.list(camera)?,
        ACTIVE_CAMERA => document.active_camera = index(&mut take)?,
        LIGHT => document.light = light(&mut take)?,
        PALETTE => document.palette = palette(&mut take)?,
        SELECTION => document.selection = optional_box(&mut take)?,
        PRESERVED => document.preserved = take.list(chunk)?,
        LAYERS => {
            let mut ids = Vec::new();
            while !take.is_empty() {
                ids.push(LayerId(take.i32()?));
            }
            let active = ids.pop().ok_or(Malformed("layers"))?;
            let is_arranged = document.arrange_layers(&ids, active);
            return if is_arranged { Ok(()) } else { Err(Malformed("layers")) };
        }
        LAYER => {
            let id = LayerId(take.i32()?);
            let layer = document.layer_mut(id).ok_or(Malformed("layer"))?;
            read_layer(&mut take, layer)?;
        }
        VOXELS => {
            let id = LayerId(take.i32()?);
            let old = before.layer(id).map(|layer| &layer.volume);
            let volume = read_volume(&mut take, old, before)?;
            document.layer_mut(id).ok_or(Malformed("layer"))?.volume = volume;
        }
        MASK => document.mask = read_volume(&mut take, Some(&before.mask), before)?,
        _ => return Err(Malformed("piece")),
    }
    if take.is_empty() { Ok(()) } else { Err(take.malformed()) }
}

fn read_volume(
    take: &mut Take<'_>,
    itself: Option<&Volume>,
    before: &Document,
) -> Result<Volume, Malformed> {
    let mut volume = match take.u8()? {
        FROM_NOTHING => Volume::new(),
        FROM_ITSELF => itself.cloned().ok_or(Malformed("voxels"))?,
        FROM_LAYER => {
            let id = LayerId(take.i32()?);
            before.layer(id).map(|layer| layer.volume.clone()).ok_or(Malformed("voxels"))?
        }
        _ => return Err(Malformed("voxels")),
    };
    stored::read_into(&mut volume, take.rest()).map_err(|_| Malformed("voxels"))?;
    Ok(volume)
}

fn write_list<T>(list: &[T], out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
    out.put_u32(list.len() as u32);
    list.iter().for_each(|element| write(element, out));
}

fn write_bounds(bounds: &Bounds, out: &mut Vec<u8>) {
    bounds.min.iter().chain(&bounds.max).for_each(|&value| out.put_i64(value));
}

fn bounds(take: &mut Take<'_>) -> Result<Bounds, Malformed> {
    let mut corner = || Ok::<_, Malformed>([take.i64()?, take.i64()?, take.i64()?]);
    Ok(Bounds { min: corner()?, max: corner()? })
}

fn write_box(bounds: &Option<Bounds>, out: &mut Vec<u8>) {
    out.put_u8(u8::from(bounds.is_some()));
    if let Some(bounds) = bounds {
        write_bounds(bounds, out);
    }
}

fn optional_box(take: &mut Take<'_>) -> Result<Option<Bounds>, Malformed> {
    if take.flag()? { bounds(take).map(Some) } else { Ok(None) }
}

fn write_index(index: Option<usize>, out: &mut Vec<u8>) {
    out.put_u64(index.map_or(u64::MAX, |index| index as u64));
}

fn index(take: &mut Take<'_>) -> Result<Option<usize>, Malformed> {
    Ok(match take.u64()? {
        u64::MAX => None,
        index => Some(usize::try_from(index).map_err(|_| take.malformed())?),
    })
}

fn write_floats(values: &[f32], out: &mut Vec<u8>) {
    values.iter().for_each(|&value| out.put_f32(value));
}

fn floats<const N: usize>(take: &mut Take<'_>) -> Result<[f32; N], Malformed> {
    let mut values = [0.0; N];
    for value in &mut values {
        *value = take.f32()?;
    }
    Ok(values)
}

fn write_entries(entries: &[(String, Vec<u8>)], out: &mut Vec<u8>) {
    write_list(entries, out, |(name, value), out| {
        out.put_text(name);
        out.put_counted(value);
    });
}

fn entries(take: &mut Take<'_>) -> Result<Vec<(String, Vec<u8>)>, Malformed> {
    take.list(|take| Ok((take.text()?.to_owned(), take.counted()?.to_vec())))
}

fn write_material(material: &Material, out: &mut Vec<u8>) {
    out.put_text(&material.name);
    write_floats(&material.color, out);
    write_floats(&[material.metallic, material.roughness], out);
    write_floats(&material.emission, out);
    write_entries(&material.preserved, out);
}

fn material(take: &mut Take<'_>) -> Result<Material, Malformed> {
    let (name, color) = (take.text()?.to_owned(), floats(take)?);
    let ([metallic, roughness], emission) = (floats(take)?, floats(take)?);
    Ok(Material { name, color, metallic, roughness, emission, preserved: entries(take)? })
}

fn write_matrix(matrix: &Matrix, out: &mut Vec<u8>) {
    matrix.0.iter().for_each(|column| write_floats(column, out));
}

fn matrix(take: &mut Take<'_>) -> Result<Matrix, Malformed> {
    Ok(Matrix([floats(take)?, floats(take)?, floats(take)?, floats(take)?]))
}

fn write_camera(camera: &Camera, out: &mut Vec<u8>) {
    out.put_text(&camera.name);
    out.put_f32(camera.distance);
    out.put_u8(u8::from(camera.orthographic));
    write_matrix(&camera.matrix, out);
    write_entries(&camera.preserved, out);
}

fn camera(take: &mut Take<'_>) -> Result<Camera, Malformed> {
    let (name, distance) = (take.text()?.to_owned(), take.f32()?);
    let (orthographic, matrix) = (take.flag()?, matrix(take)?);
    Ok(Camera { name, distance, orthographic, matrix, preserved: entries(take)? })
}

fn write_light(light: &Light, out: &mut Vec<u8>) {
    let Light { pitch, yaw, intensity, fixed, ambient, shadow } = *light;
    write_floats(&[pitch, yaw, intensity, ambient, shadow], out);
    out.put_u8(u8::from(fixed));
}

fn light(take: &mut Take<'_>) -> Result<Light, Malformed> {
    let [pitch, yaw, intensity, ambient, shadow] = floats(take)?;
    Ok(Light { pitch, yaw, intensity, fixed: take.flag()?, ambient, shadow })
}

fn write_palette(palette: &Palette, out: &mut Vec<u8>) {
    out.put_text(&palette.name);
    write_list(&palette.colors, out, |(color, name), out| {
        out.put(&color.bytes());
        out.put_u8(u8::from(name.is_some()));
        if let Some(name) = name {
            out.put_text(name);
        }
    });
}

fn palette(take: &mut Take<'_>) -> Result<Palette, Malformed> {
    let name = take.text()?.to_owned();
    let colors = take.list(|take| {
        let color = color(take)?;
        let name = if take.flag()? { Some(take.text()?.to_owned()) } else { None };
        Ok((color, name))
    })?;
    Ok(Palette { name, colors })
}

fn color(take: &mut Take<'_>) -> Result<Rgba, Malformed> {
    Ok(Rgba::new(take.u8()?, take.u8()?, take.u8()?, take.u8()?))
}

fn write_chunk(chunk: &PreservedChunk, out: &mut Vec<u8>) {
    out.put(&chunk.kind);
    out.put_counted(&chunk.data);
}

fn chunk(take: &mut Take<'_>) -> Result<PreservedChunk, Malformed> {
    let kind = [take.u8()?, take.u8()?, take.u8()?, take.u8()?];
    Ok(PreservedChunk { kind, data: take.counted()?.into() })
}

fn write_layer(layer: &Layer, out: &mut Vec<u8>) {
    out.put_i32(layer.id.0);
    out.put_text(&layer.name);
    out.put_u8(u8::from(layer.visible));
    out.put_f32(layer.opacity);
    out.put_u8(layer.mode as u8);
    write_index(layer.material, out);
    write_matrix(&layer.matrix, out);
    write_box(&layer.bounds, out);
    write_content(&layer.content, out);
    write_entries(&layer.preserved, out);
}

fn read_layer(take: &mut Take<'_>, layer: &mut Layer) -> Result<(), Malformed> {
    layer.name = take.text()?.to_owned();
    layer.visible = take.flag()?;
    layer.opacity = take.f32()?;
    let mode = usize::from(take.u8()?);
    layer.mode = *BlendMode::ALL.get(mode).ok_or(Malformed("blend mode"))?;
    layer.material = index(take)?;
    layer.matrix = matrix(take)?;
    layer.bounds = optional_box(take)?;
    layer.content = content(take)?;
    layer.preserved = entries(take)?;
    Ok(())
}

fn write_content(content: &LayerContent, out: &mut Vec<u8>) {
    match content {
        LayerContent::Voxels => out.put_u8(0),
        LayerContent::Clone { base } => {
            out.put_u8(1);
            out.put_i32(base.0);
        }
        LayerContent::Shape { kind, color } => {
            out.put_u8(2);
            out.put_text(kind.name());
            out.put(&color.bytes());
        }
        LayerContent::Image { path } => {
            out.put_u8(3);
            out.put_text(path);
        }
    }
}

fn content(take: &mut Take<'_>) -> Result<LayerContent, Malformed> {
    Ok(match take.u8()? {
        0 => LayerContent::Voxels,
        1 => LayerContent::Clone { base: LayerId(take.i32()?) },
        2 => {
            let kind = ShapeKind::from_name(take.text()?).ok_or(Malformed("shape"))?;
            LayerContent::Shape { kind, color: color(take)? }
        }
        3 => LayerContent::Image { path: take.text()?.to_owned() },
        _ => return Err(Malformed("layer content")),
    })
}
