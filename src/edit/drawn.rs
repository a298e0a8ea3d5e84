//! Voxels that are drawn row by row: maps and heightmaps. They are made as they are put, so a few
//! heights in a message take no memory for the voxels that they stand for.

use std::collections::HashMap;
use std::sync::Arc;

use super::put::Found;
use super::work::{Refusal, addressable};
use crate::api::operations::forms::{HeightmapFields, MapFields};
use crate::api::operations::values::MapOrigin;
use crate::voxel::Rgba;

/// The voxels of a drawn plane. Columns run along the first of the two other axes, rows along the
/// second.
pub(super) fn map_voxels(
    fields: MapFields,
) -> Result<impl Iterator<Item = Found> + Send + 'static, Refusal> {
    let MapFields { axis, at, origin, rows, legend } = fields;
    let axis = axis.index();
    let [u, v] = match axis {
        0 => [1, 2],
        1 => [0, 2],
        _ => [0, 1],
    };
    let mut corner = [0i64; 3];
    match origin {
        MapOrigin::Flat([a, b]) => (corner[u], corner[v]) = (i64::from(a), i64::from(b)),
        MapOrigin::Point(point) => corner = point.map(i64::from),
    }
    match (at, origin) {
        (Some(at), _) => corner[axis] = i64::from(at),
        (None, MapOrigin::Point(_)) => {}
        (None, MapOrigin::Flat(_)) => {
            return Err(Refusal::rule("at", "missing: where the plane lies on the axis"));
        }
    }
    // Of a character that is named twice the last colour counts.
    let colors: HashMap<char, Rgba> = legend.0.into_iter().collect();
    let colors = Arc::new(colors);
    let count = rows.0.len();
    Ok(rows.0.into_iter().enumerate().rev().flat_map(move |(index, row)| {
        let colors = Arc::clone(&colors);
        let up = (count - 1 - index) as i64;
        let characters: Vec<char> = row.chars().collect();
        characters.into_iter().enumerate().filter_map(move |(along, character)| {
            let color = match (colors.get(&character), character) {
                (Some(color), _) => *color,
                (None, '.' | ' ') => return None,
                (None, _) => return Some(Err(unnamed(index, character))),
            };
            let mut at = corner;
            at[u] += along as i64;
            at[v] += up;
            Some(addressable(at).map(|point| (point, color)))
        })
    }))
}

fn unnamed(row: usize, character: char) -> Refusal {
    let message = format!("row {row} has '{character}', which the legend does not name");
    Refusal::rule("legend", message)
}

/// How many voxels a heightmap stands for.
pub(super) fn heightmap_total(fields: &HeightmapFields) -> u64 {
    let heights = fields.rows.0.iter().flatten().map(|&height| u64::from(height));
    heights.fold(0, u64::saturating_add)
}

/// The voxels of a heightmap, column by column.
pub(super) fn heightmap_voxels(
    fields: HeightmapFields,
    color: Rgba,
) -> impl Iterator<Item = Found> + Send + 'static {
    let HeightmapFields { origin, rows, gradient } = fields;
    let top = rows.0.iter().flatten().copied().max().unwrap_or(0);
    let [x0, y0, z0] = origin.map(i64::from);
    let gradient = gradient.map(|colors| Arc::<[Rgba]>::from(colors.0));
    rows.0.into_iter().rev().enumerate().flat_map(move |(y, row)| {
        let gradient = gradient.clone();
        row.into_iter().enumerate().flat_map(move |(x, height)| {
            let gradient = gradient.clone();
            (0..height).map(move |z| {
                let at = [x0 + x as i64, y0 + y as i64, z0 + i64::from(z)];
                let shaded = gradient.as_deref().map(|colors| shade(colors, z, top));
                addressable(at).map(|point| (point, shaded.unwrap_or(color)))
            })
        })
    })
}

/// The colour of height `z` in a gradient that ends at height `top` - 1.
fn shade(colors: &[Rgba], z: u32, top: u32) -> Rgba {
    let last = colors.len() - 1;
    let place = match top {
        0 | 1 => 0.0,
        _ => f64::from(z) / f64::from(top - 1) * last as f64,
    };
    let low = (place as usize).min(last);
    let high = (low + 1).min(last);
    let part = place - low as f64;
    let mix = |a: u8, b: u8| (f64::from(a) * (1.0 - part) + f64::from(b) * part + 0.5) as u8;
    let (a, b) = (colors[low], colors[high]);
    Rgba::new(mix(a.r, b.r), mix(a.g, b.g), mix(a.b, b.b), mix(a.a, b.a))
}
