//! The vertices and triangles of a file, on their way to voxels.

use super::VoxeliseOptions;
use super::voxelise::{Placement, Vertex, Voxeliser};
use crate::format::FormatError;
use crate::format::long_list::LongList;

/// Columns of the grid that are gone through in one unit of work.
const COLUMNS_A_UNIT: u64 = 1 << 12;
/// What a triangle or a point costs besides, in columns.
const COLUMNS_A_TRIANGLE: u64 = 8;

/// Vertices, and triangles of them. Without triangles, each vertex is a voxel.
pub(super) struct Soup {
    vertices: LongList<Vertex>,
    triangles: LongList<[u32; 3]>,
    low: [f64; 3],
    high: [f64; 3],
    placement: Option<Placement>,
    /// The triangle, or vertex, that becomes voxels next.
    next: usize,
}

impl Default for Soup {
    fn default() -> Self {
        Soup {
            vertices: LongList::default(),
            triangles: LongList::default(),
            low: [f64::MAX; 3],
            high: [f64::MIN; 3],
            placement: None,
            next: 0,
        }
    }
}

impl Soup {
    pub(super) fn push(&mut self, vertex: Vertex) {
        for axis in 0..3 {
            self.low[axis] = self.low[axis].min(vertex.position[axis]);
            self.high[axis] = self.high[axis].max(vertex.position[axis]);
        }
        self.vertices.push(vertex);
    }

    /// Adds triangles of vertices that are there.
    pub(super) fn extend(&mut self, triangles: impl Iterator<Item = [u32; 3]>) {
        self.triangles.extend(triangles);
    }

    /// How many vertices there are.
    pub(super) fn vertices(&self) -> usize {
        self.vertices.len()
    }

    /// How many triangles, or points, are voxels, and how many there are.
    pub(super) fn progress(&self) -> (usize, usize) {
        let points = if self.triangles.is_empty() { self.vertices.len() } else { 0 };
        (self.next, points + self.triangles.len())
    }

    /// Makes some triangles or points voxels; false when all are.
    pub(super) fn voxelise(
        &mut self,
        options: &VoxeliseOptions,
        voxeliser: &mut Voxeliser,
    ) -> Result<bool, FormatError> {
        let edge = |axis: usize| self.high[axis] - self.low[axis];
        let longest = edge(0).max(edge(1)).max(edge(2));
        let placement = *self.placement.get_or_insert_with(|| Placement::new(options, longest));
        let vertex = |index: usize| {
            let vertex = self.vertices.get(index)?;
            Some(Vertex { position: placement.place(vertex.position), ..*vertex })
        };
        let mut left = COLUMNS_A_UNIT;
        while left > 0 {
            if voxeliser.has_columns_left() {
                left -= voxeliser.columns(left)?;
                continue;
            }
            match self.triangles.get(self.next) {
                Some(corners) => {
                    if let [Some(a), Some(b), Some(c)] = corners.map(|i| vertex(i as usize)) {
                        voxeliser.triangle([a, b, c])?;
                    }
                }
                None => match vertex(self.next).filter(|_| self.triangles.is_empty()) {
                    Some(point) => voxeliser.point(point.position, point.color)?,
                    None => return Ok(left < COLUMNS_A_UNIT),
                },
            }
            self.next += 1;
            left = left.saturating_sub(COLUMNS_A_TRIANGLE);
        }
        Ok(true)
    }
}
