//! `.cub` of Cube World: a dense box of RGB, black is empty, z up.

use super::{CELLS_A_UNIT, Parts, Sink, add, standing};
use crate::format::FormatError;
use crate::format::bytes::{Bytes, FileBytes};
use crate::voxel::Rgba;

pub(super) const NAME: &str = "cub";

fn cells(size: [u32; 3]) -> Option<usize> {
    size.iter().try_fold(1usize, |cells, &length| cells.checked_mul(length as usize))
}

/// The length of the file tells the format, as it has no magic number.
pub(in crate::format) fn detect(bytes: &[u8]) -> bool {
    let Some(head) = bytes.get(..12) else { return false };
    let size = [0, 4, 8].map(|at| u32::from_le_bytes([0, 1, 2, 3].map(|i| head[at + i])));
    let length = cells(size).and_then(|cells| cells.checked_mul(3));
    size.iter().all(|&length| length > 0) && length == Some(bytes.len() - 12)
}

pub(super) fn start(file: &FileBytes, _: &mut Sink) -> Result<Parts, FormatError> {
    let mut bytes = Bytes::new(file, NAME);
    let [width, depth, height] = [0; 3].map(|_| bytes.u32("the size"));
    let size = [width?, depth?, height?];
    let count = cells(size).and_then(|cells| cells.checked_mul(3)).filter(|&n| n <= file.len());
    let count = count.ok_or_else(|| {
        bytes.invalid_at(0, "another size", "a size that fits to the file's length")
    })?;
    let first = bytes.position();
    let end = first + bytes.take(count, "the voxels")?.len();
    let [width, depth, _] = size.map(|length| length as usize);
    let corner = standing(size.map(i64::from));
    let mut index = 0;
    Ok(Box::new(move |file, sink| {
        let left = file[first..end].as_chunks::<3>().0.iter().skip(index);
        for &[r, g, b] in left.take(CELLS_A_UNIT as usize) {
            if [r, g, b] != [0; 3] {
                let cell = [index % width, index / width % depth, index / width / depth];
                sink.set(add(corner, cell.map(|value| value as i64)), Rgba::opaque(r, g, b))?;
            }
            index += 1;
        }
        sink.progress = (3 * index, count);
        Ok(3 * index < count)
    }))
}
