//! Blocks of voxels as 64x64 PNG pictures, and the memory of those already encoded.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use png::Compression;
use rustc_hash::FxHasher;

use crate::format::image;
use crate::job::leftovers;
use crate::job::spread::SpreadMap;
use crate::voxel::{BLOCK_VOXELS, BlockRef, BlockVersion, Rgba};

/// Pixels along one edge of a block's picture. Pixel n is voxel n of the block.
const EDGE: u32 = 64;

/// Decodes a block's picture.
pub(super) fn decode(png: &[u8]) -> Result<Box<[Rgba; BLOCK_VOXELS]>, String> {
    match image::size(png) {
        Some((EDGE, EDGE)) => {}
        Some((width, height)) => return Err(format!("a picture of {width} x {height} pixels")),
        None => return Err("no PNG picture".to_owned()),
    }
    let image = image::decode(png, BLOCK_VOXELS as u64)?;
    image.into_boxed_slice().try_into().map_err(|_| "a picture cut short".to_owned())
}

pub(super) fn encode(block: BlockRef<'_>) -> Arc<[u8]> {
    let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
    block.copy_to(&mut voxels);
    let mut raw = [0; BLOCK_VOXELS * 4];
    for (bytes, color) in raw.as_chunks_mut::<4>().0.iter_mut().zip(&voxels) {
        *bytes = color.bytes();
    }
    image::encode(EDGE, EDGE, &raw, Compression::Fast).into()
}

/// Encoded blocks of the last save of a document. As long as it is kept, blocks that did not change
/// since then are not encoded again.
#[derive(Default)]
pub struct SaveCache {
    encoded: SpreadMap<BlockVersion, Picture>,
}

/// An encoded block, with a number made of its bytes so that they need not be hashed again.
#[derive(Clone, PartialEq, Eq)]
struct Picture {
    hash: u64,
    png: Arc<[u8]>,
}

impl Picture {
    fn new(png: Arc<[u8]>) -> Picture {
        let mut hasher = FxHasher::default();
        hasher.write(&png);
        Picture { hash: hasher.finish(), png }
    }
}

impl Hash for Picture {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl SaveCache {
    /// Bytes of encoded blocks that are remembered, and of what says which they are.
    pub fn memory(&self) -> u64 {
        self.encoded.values().map(|picture| picture.png.len() as u64 + 88).sum()
    }
}

/// Collects the blocks of a document, each distinct one once.
pub(super) struct BlockWriter {
    old: SaveCache,
    encoded: SpreadMap<BlockVersion, Picture>,
    indexes: SpreadMap<Picture, i32>,
    /// How many indexes there are.
    count: i32,
    index_of_version: SpreadMap<BlockVersion, i32>,
}

impl BlockWriter {
    pub(super) fn new(old: SaveCache) -> Self {
        let (encoded, indexes, index_of_version) = Default::default();
        BlockWriter { old, encoded, indexes, count: 0, index_of_version }
    }

    /// The index of a block in the file, and its bytes if this is the first block with these
    /// voxels.
    pub(super) fn add(&mut self, block: BlockRef<'_>) -> (i32, Option<Arc<[u8]>>) {
        let version = block.version();
        if let Some(&index) = self.index_of_version.get(&version) {
            return (index, None);
        }
        let known = self.old.encoded.get(&version).cloned();
        let picture = known.unwrap_or_else(|| Picture::new(encode(block)));
        self.encoded.insert(version, picture.clone());
        let next = self.count;
        let index = *self.indexes.entry(picture.clone()).or_insert(next);
        self.count += i32::from(index == next);
        self.index_of_version.insert(version, index);
        (index, (index == next).then_some(picture.png))
    }

    /// What the next save can use. The rest is left to be freed in slices.
    pub(super) fn into_cache(self) -> SaveCache {
        leftovers::leave(self.old.encoded.into_iter());
        leftovers::leave(self.indexes.into_iter());
        leftovers::leave(self.index_of_version.into_iter());
        SaveCache { encoded: self.encoded }
    }
}

impl std::fmt::Debug for SaveCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SaveCache").field("blocks", &self.encoded.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voxel::{BlockPos, Volume};

    #[test]
    fn a_block_survives_its_picture() {
        let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
        for (index, voxel) in voxels.iter_mut().enumerate() {
            *voxel = Rgba::new(index as u8, (index >> 4) as u8, 7, 1 + (index % 255) as u8);
        }
        let mut volume = Volume::new();
        let at = BlockPos { x: 0, y: 0, z: 0 };
        volume.set_block(at, &voxels);
        let decoded = volume.block(at).map(|block| decode(&encode(block)));
        assert_eq!(decoded.and_then(Result::ok).as_deref(), Some(&voxels));
    }

    #[test]
    fn a_picture_of_another_size_is_refused() {
        let png = image::encode(32, 64, &[0; 32 * 64 * 4], Compression::Fast);
        assert_eq!(decode(&png).err().as_deref(), Some("a picture of 32 x 64 pixels"));
    }
}
