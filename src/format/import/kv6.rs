//! `.kv6` of Voxlap and SLAB6: visible voxels column by column; z down, y towards the viewer.

use super::kvx::{BOTTOM_OPEN, TOP_OPEN};
use super::{CELLS_A_UNIT, Parts, Sink};
use crate::format::FormatError;
use crate::format::bytes::{Bytes, FileBytes};
use crate::voxel::Rgba;

pub(super) const NAME: &str = "kv6";
/// Bytes of a voxel: blue, green, red, 128, z in 16 bits, faces, normal.
const VOXEL_BYTES: usize = 8;
/// The farthest pivot, in voxels; beyond it no voxel could be addressed.
const MAX_PIVOT: f32 = 2_147_483_648.0;

pub(super) fn start(file: &FileBytes, sink: &mut Sink) -> Result<Parts, FormatError> {
    let mut bytes = Bytes::new(file, NAME);
    if bytes.take(4, "the magic")? != b"Kvxl" {
        return Err(bytes.invalid_at(0, "another magic", "\"Kvxl\""));
    }
    let [width, depth, height] = [0; 3].map(|_| bytes.u32("the size"));
    let size = [width?, depth?, height?].map(i64::from);
    if size.iter().any(|length| !(1..=1 << 16).contains(length)) {
        return Err(bytes.invalid_at(4, format!("a size of {size:?}"), "edges of 1 to 65536"));
    }
    let [px, py, pz] = [0; 3].map(|_| bytes.f32("the pivot"));
    let pivot = [px?, py?, pz?];
    if !pivot.iter().all(|value| value.abs() <= MAX_PIVOT) {
        let expected = format!("numbers from -{MAX_PIVOT} to {MAX_PIVOT}");
        return Err(bytes.invalid_at(16, format!("a pivot of {pivot:?}"), expected));
    }
    let pivot = pivot.map(|value| value as i64);
    let count = bytes.u32("the number of voxels")? as usize;
    let mut at = bytes.position();
    let ends = at + bytes.take(count.saturating_mul(VOXEL_BYTES), "the voxels")?.len();
    bytes.take(4 * size[0] as usize, "the lengths of rows")?;
    let lengths_at = bytes.position();
    let columns = (size[0] * size[1]) as usize;
    bytes.take(2 * columns, "the lengths of columns")?;
    let (mut column, beyond) = (0, bytes.position());
    sink.layer("", true)?;
    Ok(Box::new(move |file, sink| {
        let bytes = Bytes::new(file, NAME).at(beyond);
        let mut voxels = file[at..ends].as_chunks::<VOXEL_BYTES>().0.iter();
        let lengths = &file[lengths_at..][..2 * columns];
        let mut cells = 0;
        for &length in &lengths.as_chunks::<2>().0[column..] {
            if cells >= CELLS_A_UNIT {
                break;
            }
            cells += size[2].max(1);
            let (x, y) = (column as i64 / size[1], column as i64 % size[1]);
            let place = |z: i64| [x - pivot[0], size[1] - 1 - y - pivot[1], pivot[2] - 1 - z];
            let mut last: Option<(i64, Rgba)> = None;
            let mut lowest = 0;
            for _ in 0..u16::from_le_bytes(length) {
                let more = || bytes.invalid("columns longer than the voxels", "equal sums");
                let &[b, g, r, _, low, high, faces, _] = voxels.next().ok_or_else(more)?;
                let (z, color) =
                    (i64::from(u16::from_le_bytes([low, high])), Rgba::opaque(r, g, b));
                if z < lowest || z >= size[2] {
                    let expected = format!("voxels downwards, {lowest} to {}", size[2] - 1);
                    return Err(bytes.invalid(format!("a voxel at z = {z}"), expected));
                }
                lowest = z + 1;
                if let Some((end, color)) = last.filter(|_| faces & TOP_OPEN == 0) {
                    (end..z).try_for_each(|z| sink.set(place(z), color))?;
                }
                sink.set(place(z), color)?;
                last = (faces & BOTTOM_OPEN == 0).then_some((z + 1, color));
            }
            column += 1;
        }
        at = ends - VOXEL_BYTES * voxels.len();
        sink.progress = (column, columns);
        Ok(column < columns)
    }))
}

#[cfg(test)]
mod tests {
    use crate::format::{by_name, decode};

    #[test]
    fn a_pivot_beyond_all_voxels_is_refused() {
        for pivot in [f32::MAX, f32::NAN, f32::NEG_INFINITY, 3e9] {
            let mut file = b"Kvxl".to_vec();
            [1u32; 3].iter().for_each(|edge| file.extend_from_slice(&edge.to_le_bytes()));
            [pivot; 3].iter().for_each(|value| file.extend_from_slice(&value.to_le_bytes()));
            file.extend_from_slice(&1u32.to_le_bytes());
            file.extend_from_slice(&[1, 2, 3, 128, 0, 0, 63, 0]);
            file.extend_from_slice(&1u32.to_le_bytes());
            file.extend_from_slice(&1u16.to_le_bytes());
            let kv6 = by_name("kv6").unwrap();
            let error = decode(file, Some(kv6), Default::default()).err().unwrap().to_string();
            assert!(error.contains("pivot"), "{error}");
        }
    }
}
