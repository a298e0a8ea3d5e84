//! A document's visible faces, a few at a time, and the vertices that they share.

use rustc_hash::FxHashMap;

use super::SurfaceOptions;
use crate::job::{Progress, Slice};
use crate::mesh::{Face, Merge, Mesher, Quad, Solidity};
use crate::voxel::{Rgba, Volume};

/// Vertices remembered for sharing. More are forgotten; they are then written again.
const SHARED_MAX: usize = 1 << 16;

/// Quads that are handed on in one unit of work.
pub(super) const QUADS_A_UNIT: usize = 256;

/// The faces of a volume.
pub(super) struct Quads {
    mesher: Mesher,
    /// Quads that were found, and how many of them are done.
    quads: Vec<Quad>,
    quads_done: usize,
    options: SurfaceOptions,
    shared: FxHashMap<([i64; 3], Rgba), u64>,
    vertices: u64,
    blocks: u64,
    steps: u64,
    translucent: u64,
}

/// A quad's vertices as numbers from 0, counter-clockwise seen from outside.
pub(super) struct Corners {
    pub(super) numbers: [u64; 4],
    pub(super) face: Face,
}

impl Quads {
    pub(super) fn new(volume: Volume, options: SurfaceOptions) -> Self {
        let merge = if options.merge { Merge::Color } else { Merge::Nothing };
        Quads {
            blocks: volume.block_count() as u64,
            mesher: Mesher::with_solidity(volume, merge, Solidity::Present),
            quads: Vec::new(),
            quads_done: 0,
            options,
            // As large as it gets: a table that grows is copied.
            shared: FxHashMap::with_capacity_and_hasher(SHARED_MAX + 4, Default::default()),
            vertices: 0,
            steps: 0,
            translucent: 0,
        }
    }

    /// Says how far the work is, and ends the unit of work.
    pub(super) async fn rest(&self, slice: &Slice) {
        let (done, total) = (self.steps, self.steps.max(self.blocks * 3));
        slice.progress(Progress { done, total });
        slice.spend(1).await;
    }

    /// Finds some more quads. New vertices go to `vertex` in the order of their numbers, then each quad
    /// to `quad`. False once there are no more.
    pub(super) fn advance(
        &mut self,
        mut vertex: impl FnMut([i64; 3], Rgba),
        mut quad: impl FnMut(Corners),
    ) -> bool {
        if self.quads_done == self.quads.len() {
            self.quads.clear();
            self.quads_done = 0;
            self.steps += 1;
            if !self.mesher.advance(&mut self.quads) {
                return false;
            }
        }
        let end = self.quads.len().min(self.quads_done + QUADS_A_UNIT);
        for index in self.quads_done..end {
            let found = self.quads[index];
            self.translucent += u64::from(found.color.a < 255 && found.face == Face::PosZ)
                .max(u64::from(found.color.a < 255 && self.translucent == 0));
            let numbers = found.corners().map(|corner| {
                let next = self.vertices;
                let number = *self.shared.entry((corner, found.color)).or_insert(next);
                if number == next {
                    self.vertices += 1;
                    vertex(self.turn(corner), found.color);
                }
                number
            });
            quad(Corners { numbers, face: found.face });
            if self.shared.len() > SHARED_MAX {
                self.shared.clear();
            }
        }
        self.quads_done = end;
        true
    }

    /// Axes as the file shall have them.
    pub(super) fn turn(&self, [x, y, z]: [i64; 3]) -> [i64; 3] {
        if self.options.y_up { [x, z, -y] } else { [x, y, z] }
    }

    pub(super) fn vertices(&self) -> u64 {
        self.vertices
    }

    /// About how many voxels let light through: as many as their upper faces, and at least one if there is any.
    pub(super) fn translucent(&self) -> u64 {
        self.translucent
    }
}
