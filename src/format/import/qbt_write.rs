//! Writing `.qbt`: a model of one matrix for each layer that has voxels, hidden ones too; y up.
//! Each voxel has a mask of its open sides.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::CELLS_A_UNIT;
use super::qbt::NAME;
use crate::document::{Document, Layer};
use crate::format::builder::measure;
use crate::format::bytes::Put;
use crate::format::fidelity::Report;
use crate::format::{FormatError, Pieces, WriteOptions, Written};
use crate::job::Slice;
use crate::voxel::{Bounds, Point, Volume};

const CELLS_MAX: u128 = 1 << 29;
/// The mask of a voxel that is covered on all sides.
const COVERED: u8 = 1;

pub(in crate::format) async fn write(
    document: Document,
    _options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let (mut nodes, mut report, mut translucent) = (Vec::new(), Report::default(), 0);
    for layer in document.layers() {
        if let Some(bounds) = measure(&layer.volume, &slice).await {
            nodes.push(matrix(layer, bounds, &mut translucent, &slice).await?);
        }
    }
    let mut out = Pieces::new();
    out.put(b"QB 2\x01\x00");
    (0..3).for_each(|_| out.put(&1f32.to_le_bytes()));
    out.put(b"COLORMAP");
    out.put_u32(0);
    out.put(b"DATATREE");
    let length: usize = nodes.iter().map(|node| 8 + node.len()).sum();
    [1, 4 + length as u32, nodes.len() as u32].into_iter().for_each(|value| out.put_u32(value));
    for node in nodes {
        [0, node.len() as u32].into_iter().for_each(|value| out.put_u32(value));
        out.append(node.into());
    }
    report.lose_alpha(translucent);
    Ok(Written::new(out, report))
}

/// The body of a node.
async fn matrix(
    layer: &Layer,
    bounds: Bounds,
    translucent: &mut u64,
    slice: &Slice,
) -> Result<Vec<u8>, FormatError> {
    let [width, depth, height] = bounds.dimensions();
    if bounds.capacity() > CELLS_MAX {
        let what = format!("layer '{}' spans {} cells", layer.name, bounds.capacity());
        return Err(FormatError::DoesNotFit { format: NAME, what });
    }
    // The file's z runs against our y.
    let place = [bounds.min[0], bounds.min[2], -bounds.max[1]];
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    let (mut run, cells) = (Vec::new(), width * height * depth);
    let failed =
        |error: std::io::Error| FormatError::DoesNotFit { format: NAME, what: error.to_string() };
    for cell in 0..cells {
        let offset = [cell / height / depth, depth - 1 - cell / height % depth, cell % height];
        let at = [0, 1, 2].map(|axis| (bounds.min[axis] + offset[axis]) as i32);
        let color = layer.volume.get(Point::from(at));
        if color.is_empty() {
            run.extend([0; 4]);
        } else {
            *translucent += u64::from(color.a < 255);
            run.extend([color.r, color.g, color.b, mask(&layer.volume, at)]);
        }
        if run.len() >= 4 * CELLS_A_UNIT as usize || cell + 1 == cells {
            packed.write_all(&run).map_err(failed)?;
            run.clear();
            slice.spend(1).await;
        }
    }
    let packed = packed.finish().map_err(failed)?;
    let mut body = Vec::new();
    body.put_u32(layer.name.len() as u32);
    body.put(layer.name.as_bytes());
    place.iter().for_each(|&value| body.put_i32(value as i32));
    (0..3).for_each(|_| body.put_u32(1));
    (0..3).for_each(|_| body.put(&0f32.to_le_bytes()));
    [width, height, depth].iter().for_each(|&edge| body.put_u32(edge as u32));
    body.put_u32(packed.len() as u32);
    body.put(&packed);
    Ok(body)
}

/// Which sides of a voxel are open: left, right, above, below, front, back.
fn mask(volume: &Volume, [x, y, z]: [i32; 3]) -> u8 {
    let sides = [[-1, 0, 0], [1, 0, 0], [0, 0, 1], [0, 0, -1], [0, -1, 0], [0, 1, 0]];
    let open = |[dx, dy, dz]: [i32; 3]| {
        let near = [x.checked_add(dx), y.checked_add(dy), z.checked_add(dz)];
        let [Some(x), Some(y), Some(z)] = near else { return true };
        volume.get(Point::new(x, y, z)).is_empty()
    };
    let mask: u8 = (1..).zip(sides).map(|(bit, side)| u8::from(open(side)) << bit).sum();
    if mask == 0 { COVERED } else { mask }
}
