//! The parts of a document as bytes, one by one: what is written of each, and how it is read again.

use super::bytes::{Malformed, Put, Take};
use crate::document::history::Spliced;
use crate::document::{
    BlendMode, Camera, Layer, LayerContent, LayerId, Light, Material, Matrix, Palette,
    PreservedChunk, ShapeKind,
};
use crate::voxel::{Bounds, Rgba};

pub(super) fn write_list<T>(list: &[T], out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
    out.put_u32(list.len() as u32);
    list.iter().for_each(|element| write(element, out));
}

/// Writes the part of a list that took the place of another one.
pub(super) fn write_part<T>(
    part: &Spliced<'_, T>,
    out: &mut Vec<u8>,
    write: impl Fn(&T, &mut Vec<u8>),
) {
    out.put_u32(part.at as u32);
    out.put_u32(part.gone as u32);
    write_list(part.come, out, write);
}

/// Puts such a part into its list.
pub(super) fn read_part<T>(
    take: &mut Take<'_>,
    list: &mut Vec<T>,
    element: impl FnMut(&mut Take<'_>) -> Result<T, Malformed>,
) -> Result<(), Malformed> {
    let (at, gone) = (take.u32()? as usize, take.u32()? as usize);
    let come = take.list(element)?;
    let end = at.checked_add(gone).filter(|&end| end <= list.len()).ok_or(take.malformed())?;
    drop(list.splice(at..end, come));
    Ok(())
}

pub(super) fn write_bounds(bounds: &Bounds, out: &mut Vec<u8>) {
    bounds.min.iter().chain(&bounds.max).for_each(|&value| out.put_i64(value));
}

pub(super) fn bounds(take: &mut Take<'_>) -> Result<Bounds, Malformed> {
    let mut corner = || Ok::<_, Malformed>([take.i64()?, take.i64()?, take.i64()?]);
    Ok(Bounds { min: corner()?, max: corner()? })
}

pub(super) fn write_box(bounds: &Option<Bounds>, out: &mut Vec<u8>) {
    out.put_u8(u8::from(bounds.is_some()));
    if let Some(bounds) = bounds {
        write_bounds(bounds, out);
    }
}

pub(super) fn optional_box(take: &mut Take<'_>) -> Result<Option<Bounds>, Malformed> {
    if take.flag()? { bounds(take).map(Some) } else { Ok(None) }
}

pub(super) fn write_index(index: Option<usize>, out: &mut Vec<u8>) {
    out.put_u64(index.map_or(u64::MAX, |index| index as u64));
}

pub(super) fn index(take: &mut Take<'_>) -> Result<Option<usize>, Malformed> {
    Ok(match take.u64()? {
        u64::MAX => None,
        index => Some(usize::try_from(index).map_err(|_| take.malformed())?),
    })
}

pub(super) fn write_floats(values: &[f32], out: &mut Vec<u8>) {
    values.iter().for_each(|&value| out.put_f32(value));
}

pub(super) fn floats<const N: usize>(take: &mut Take<'_>) -> Result<[f32; N], Malformed> {
    let mut values = [0.0; N];
    for value in &mut values {
        *value = take.f32()?;
    }
    Ok(values)
}

pub(super) fn write_entries(entries: &[(String, Vec<u8>)], out: &mut Vec<u8>) {
    write_list(entries, out, |(name, value), out| {
        out.put_text(name);
        out.put_counted(value);
    });
}

pub(super) fn entries(take: &mut Take<'_>) -> Result<Vec<(String, Vec<u8>)>, Malformed> {
    take.list(|take| Ok((take.text()?.to_owned(), take.counted()?.to_vec())))
}

pub(super) fn write_material(material: &Material, out: &mut Vec<u8>) {
    out.put_text(&material.name);
    write_floats(&material.color, out);
    write_floats(&[material.metallic, material.roughness], out);
    write_floats(&material.emission, out);
    write_entries(&material.preserved, out);
}

pub(super) fn material(take: &mut Take<'_>) -> Result<Material, Malformed> {
    let (name, color) = (take.text()?.to_owned(), floats(take)?);
    let ([metallic, roughness], emission) = (floats(take)?, floats(take)?);
    Ok(Material { name, color, metallic, roughness, emission, preserved: entries(take)? })
}

pub(super) fn write_matrix(matrix: &Matrix, out: &mut Vec<u8>) {
    matrix.0.iter().for_each(|column| write_floats(column, out));
}

pub(super) fn matrix(take: &mut Take<'_>) -> Result<Matrix, Malformed> {
    Ok(Matrix([floats(take)?, floats(take)?, floats(take)?, floats(take)?]))
}

pub(super) fn write_camera(camera: &Camera, out: &mut Vec<u8>) {
    out.put_text(&camera.name);
    out.put_f32(camera.distance);
    out.put_u8(u8::from(camera.orthographic));
    write_matrix(&camera.matrix, out);
    write_entries(&camera.preserved, out);
}

pub(super) fn camera(take: &mut Take<'_>) -> Result<Camera, Malformed> {
    let (name, distance) = (take.text()?.to_owned(), take.f32()?);
    let (orthographic, matrix) = (take.flag()?, matrix(take)?);
    Ok(Camera { name, distance, orthographic, matrix, preserved: entries(take)? })
}

pub(super) fn write_light(light: &Light, out: &mut Vec<u8>) {
    let Light { pitch, yaw, intensity, fixed, ambient, shadow } = *light;
    write_floats(&[pitch, yaw, intensity, ambient, shadow], out);
    out.put_u8(u8::from(fixed));
}

pub(super) fn light(take: &mut Take<'_>) -> Result<Light, Malformed> {
    let [pitch, yaw, intensity, ambient, shadow] = floats(take)?;
    Ok(Light { pitch, yaw, intensity, fixed: take.flag()?, ambient, shadow })
}

pub(super) fn write_palette(palette: &Palette, out: &mut Vec<u8>) {
    out.put_text(&palette.name);
    write_list(&palette.colors, out, |(color, name), out| {
        out.put(&color.bytes());
        out.put_u8(u8::from(name.is_some()));
        if let Some(name) = name {
            out.put_text(name);
        }
    });
}

pub(super) fn palette(take: &mut Take<'_>) -> Result<Palette, Malformed> {
    let name = take.text()?.to_owned();
    let colors = take.list(|take| {
        let color = color(take)?;
        let name = if take.flag()? { Some(take.text()?.to_owned()) } else { None };
        Ok((color, name))
    })?;
    Ok(Palette { name, colors })
}

pub(super) fn color(take: &mut Take<'_>) -> Result<Rgba, Malformed> {
    Ok(Rgba::new(take.u8()?, take.u8()?, take.u8()?, take.u8()?))
}

pub(super) fn write_chunk(chunk: &PreservedChunk, out: &mut Vec<u8>) {
    out.put(&chunk.kind);
    out.put_counted(&chunk.data);
}

pub(super) fn chunk(take: &mut Take<'_>) -> Result<PreservedChunk, Malformed> {
    let kind = [take.u8()?, take.u8()?, take.u8()?, take.u8()?];
    Ok(PreservedChunk { kind, data: take.counted()?.into() })
}

pub(super) fn write_layer(layer: &Layer, out: &mut Vec<u8>) {
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

pub(super) fn read_layer(take: &mut Take<'_>, layer: &mut Layer) -> Result<(), Malformed> {
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

pub(super) fn write_content(content: &LayerContent, out: &mut Vec<u8>) {
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

pub(super) fn content(take: &mut Take<'_>) -> Result<LayerContent, Malformed> {
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
