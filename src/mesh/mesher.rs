//! The mesher: a volume's visible faces as quads, in slices of work.
//!
//! It goes through cubes of 64 voxels, so a quad never spans more than 64, and its work is in
//! proportion to the blocks and the visible faces, whatever the model looks like. The order of the
//! quads is that of the regions (z, y, x), then of the faces, then of the slices.

use super::greedy::{Joins, Rectangle, cover, cover_joined, cover_singly};
use super::region::{Plane, REGION, RegionBits, region_origin};
use super::{Face, Occupancy, Quad, Solidity};
use crate::job::{Budget, Job, Progress, Step};
use crate::voxel::{BlockPos, BlockRef, BlockWalk, Rgba, Volume, gather_bytes};

/// Which faces are joined to larger quads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Merge {
    /// None: a unit quad for each visible face.
    Nothing,
    /// Neighbours of the same colour.
    Color,
    /// Neighbours of any colour; the quads have no colour ([`Rgba::EMPTY`]).
    Shape,
}

/// The blocks of one region, to look colours up in.
struct RegionColors<'a> {
    blocks: [Option<BlockRef<'a>>; 64],
}

impl<'a> RegionColors<'a> {
    fn new(volume: &'a Volume, region: [i32; 3]) -> Self {
        let blocks = std::array::from_fn(|index| {
            let place = [index & 3, index >> 2 & 3, index >> 4].map(|v| v as i32);
            let at: [i32; 3] = std::array::from_fn(|axis| (region[axis] << 2) + place[axis]);
            volume.block(BlockPos { x: at[0], y: at[1], z: at[2] })
        });
        RegionColors { blocks }
    }

    #[inline]
    fn get(&self, local: [usize; 3]) -> Rgba {
        let [x, y, z] = local;
        match &self.blocks[x >> 4 | y >> 4 << 2 | z >> 4 << 4] {
            Some(block) => block.get(x & 15 | (y & 15) << 4 | (z & 15) << 8),
            None => Rgba::EMPTY,
        }
    }
}

impl RegionColors<'_> {
    /// The colours of 16 faces in a row, of which the first one's column is a multiple of 16.
    #[inline]
    fn run(&self, face: Face, slice: usize, u: usize, v: usize) -> [Rgba; 16] {
        let [x, y, z] = local(face, slice, u, v);
        let Some(block) = &self.blocks[x >> 4 | y >> 4 << 2 | z >> 4 << 4] else {
            return [Rgba::EMPTY; 16];
        };
        let first = x & 15 | (y & 15) << 4 | (z & 15) << 8;
        let step = if face.u_axis() == 0 { 1 } else { 16 };
        match block.voxels() {
            Some(voxels) if step == 1 => std::array::from_fn(|i| voxels[(first + i) & 4095]),
            Some(voxels) => std::array::from_fn(|i| voxels[(first + 16 * i) & 4095]),
            None => match block.uniform() {
                Some(color) => [color; 16],
                None => std::array::from_fn(|i| block.get(first + step * i)),
            },
        }
    }
}

/// A place in a slice as a voxel of its region.
#[inline]
fn local(face: Face, slice: usize, u: usize, v: usize) -> [usize; 3] {
    match face.axis() {
        0 => [slice, u, v],
        1 => [u, slice, v],
        _ => [u, v, slice],
    }
}

/// So many faces in a row make it worth to compare them by runs.
const MANY: u32 = 24;

/// Turns the slices of regions into quads; keeps its tables between slices.
pub(crate) struct SliceMesher {
    plane: Plane,
    joins: Joins,
    colors: Box<[[Rgba; REGION]; REGION]>,
}

impl SliceMesher {
    pub(crate) fn new() -> Self {
        SliceMesher {
            plane: [0; REGION],
            joins: Joins { across: [0; REGION], down: [0; REGION] },
            colors: Box::new([[Rgba::EMPTY; REGION]; REGION]),
        }
    }

    /// The quads of one kind of face in one slice, colours not looked at.
    pub(crate) fn shapes(
        &mut self,
        bits: &RegionBits,
        region: [i32; 3],
        (face, slice): (Face, usize),
        quads: &mut Vec<Quad>,
    ) {
        if bits.visible(face, slice, &mut self.plane) {
            let origin = region_origin(region);
            cover(&mut self.plane, |r| quads.push(quad(origin, face, slice, r, Rgba::EMPTY)));
        }
    }

    /// The quads of one kind of face in one slice, with their colours.
    fn colored(
        &mut self,
        bits: &RegionBits,
        region: [i32; 3],
        colors: &RegionColors<'_>,
        (face, slice): (Face, usize),
        merge: Merge,
        quads: &mut Vec<Quad>,
    ) {
        if !bits.visible(face, slice, &mut self.plane) {
            return;
        }
        let origin = region_origin(region);
        if merge == Merge::Nothing {
            cover_singly(&mut self.plane, |r| {
                let color = colors.get(local(face, slice, r.u.into(), r.v.into()));
                quads.push(quad(origin, face, slice, r, color));
            });
            return;
        }
        self.find_joins(colors, face, slice);
        let table = &self.colors;
        cover_joined(&mut self.plane, &self.joins, |r| {
            let color = table[usize::from(r.v)][usize::from(r.u)];
            quads.push(quad(origin, face, slice, r, color));
        });
    }

    /// Which faces of the plane have the colour of their neighbours. Colours of faces that are not
    /// in the plane are left over from before: they are masked out at the end.
    fn find_joins(&mut self, colors: &RegionColors<'_>, face: Face, slice: usize) {
        let mut above = 0;
        for v in 0..REGION {
            let row = self.plane[v];
            let [across, down] = match row {
                0 => [0, 0],
                _ if row.count_ones() >= MANY => self.join_runs(colors, face, slice, v),
                _ => self.join_each(colors, face, slice, v),
            };
            self.joins.across[v] = across & row << 1;
            self.joins.down[v] = down & above;
            above = row;
        }
    }

    /// Compares the colours of the faces of a row with those before and above them, one by one.
    #[inline]
    fn join_each(
        &mut self,
        colors: &RegionColors<'_>,
        face: Face,
        slice: usize,
        v: usize,
    ) -> [u64; 2] {
        let (mut across, mut down, mut left) = (0, 0, self.plane[v]);
        while left != 0 {
            let u = left.trailing_zeros() as usize;
            left &= left - 1;
            let color = colors.get(local(face, slice, u, v));
            self.colors[v][u] = color;
            across |= u64::from(self.colors[v][u.saturating_sub(1)] == color) << u;
            down |= u64::from(self.colors[v.saturating_sub(1)][u] == color) << u;
        }
        [across, down]
    }

    /// The same for 16 faces at once: a row of a block.
    fn join_runs(
        &mut self,
        colors: &RegionColors<'_>,
        face: Face,
        slice: usize,
        v: usize,
    ) -> [u64; 2] {
        let (mut across, mut down) = (0, 0);
        for start in (0..REGION).step_by(16) {
            if self.plane[v] >> start & 0xFFFF == 0 {
                continue;
            }
            let run = colors.run(face, slice, start, v);
            let mut before = [self.colors[v][start.saturating_sub(1)]; 16];
            before[1..].copy_from_slice(&run[..15]);
            across |= alike(&run, &before) << start;
            let above = self.colors[v.saturating_sub(1)][start..].first_chunk();
            down |= alike(&run, above.unwrap_or(&run)) << start;
            self.colors[v][start..start + 16].copy_from_slice(&run);
        }
        [across, down]
    }
}

/// Bit i is set if colour i is the same in both.
#[inline]
fn alike(a: &[Rgba; 16], b: &[Rgba; 16]) -> u64 {
    let mut hits = [0u8; 16];
    for (hit, (a, b)) in hits.iter_mut().zip(a.iter().zip(b)) {
        *hit = u8::from(a == b);
    }
    gather_bytes(&hits)
}

fn quad(origin: [i32; 3], face: Face, slice: usize, r: Rectangle, color: Rgba) -> Quad {
    let local = local(face, slice, r.u.into(), r.v.into());
    let voxel = std::array::from_fn(|axis| origin[axis] + local[axis] as i32);
    Quad { voxel, size: [r.width, r.height], face, color }
}

/// The making of a mesh, as a job over a snapshot of a volume.
///
/// As a [`Job`] it ends with all quads. To hold only a few of them at a time call
/// [`Mesher::advance`] instead and take the quads away after each call.
///
/// ```
/// use goxel_daemon::job::Job;
/// use goxel_daemon::mesh::{Merge, Mesher};
/// use goxel_daemon::voxel::{Bounds, Rgba, Volume};
///
/// let mut volume = Volume::new();
/// volume.fill(Bounds::inclusive([0, 0, 0], [9, 4, 2]), Rgba::WHITE);
/// assert_eq!(Mesher::new(volume, Merge::Color).finish().len(), 6);
/// ```
pub struct Mesher {
    volume: Volume,
    merge: Merge,
    solidity: Solidity,
    walk: BlockWalk,
    /// Blocks whose bits were taken in.
    taken: usize,
    /// All of them.
    blocks: usize,
    occupancy: Occupancy,
    /// The region under way, if there is one left, and in it the next slice of 6 x 64.
    region: Option<[i32; 3]>,
    next_slice: usize,
    /// Regions that are done.
    meshed: usize,
    bits: RegionBits,
    slices: SliceMesher,
    quads: Vec<Quad>,
}

/// Slices of a region: 64 for each kind of face.
const SLICES: usize = 6 * REGION;

impl Mesher {
    /// Begins the mesh of the voxels that Goxel's exporters take for solid (alpha 127 and more).
    pub fn new(volume: Volume, merge: Merge) -> Self {
        Mesher::with_solidity(volume, merge, Solidity::Meshed)
    }

    /// Begins the mesh of the voxels that count by a rule of your own.
    pub fn with_solidity(volume: Volume, merge: Merge, solidity: Solidity) -> Self {
        Mesher {
            occupancy: Occupancy::with_room_for(&volume, None),
            walk: BlockWalk::new(),
            taken: 0,
            blocks: volume.block_count(),
            volume,
            merge,
            solidity,
            region: None,
            next_slice: 0,
            meshed: 0,
            bits: RegionBits::new(),
            slices: SliceMesher::new(),
            quads: Vec::new(),
        }
    }

    /// The voxels that count, as far as they are taken in: all of them once there are quads.
    pub(crate) fn occupancy(&self) -> &Occupancy {
        &self.occupancy
    }

    /// Does a little work (microseconds) and appends the quads it found. False once all is done.
    pub fn advance(&mut self, quads: &mut Vec<Quad>) -> bool {
        self.collect_block() || self.mesh_slices(quads, &mut Budget::units(1))
    }

    /// Takes in the bits of a block; false if that is done.
    fn collect_block(&mut self) -> bool {
        if !self.walk.look_ahead(&self.volume) {
            return true;
        }
        let Some(at) = self.walk.next(&self.volume) else { return false };
        self.taken += 1;
        if let Some(block) = self.volume.block(at) {
            self.occupancy.insert(at, self.solidity.mask(block));
        }
        if self.taken == self.blocks {
            self.region = self.occupancy.region_after(None);
        }
        true
    }

    /// Works on slices of the next region until the budget or the region ends. False once there
    /// is no region left.
    fn mesh_slices(&mut self, quads: &mut Vec<Quad>, budget: &mut Budget) -> bool {
        let Some(region) = self.region else { return false };
        if self.next_slice == 0 {
            self.bits.load(&self.occupancy, region);
        }
        let colors = RegionColors::new(&self.volume, region);
        while self.next_slice < SLICES {
            let at = (Face::ALL[self.next_slice / REGION], self.next_slice % REGION);
            match self.merge {
                Merge::Shape => self.slices.shapes(&self.bits, region, at, quads),
                merge => self.slices.colored(&self.bits, region, &colors, at, merge, quads),
            }
            self.next_slice += 1;
            if self.next_slice.is_multiple_of(4) && !budget.spend(1) {
                return true;
            }
        }
        self.next_slice = 0;
        self.meshed += 1;
        self.region = self.occupancy.region_after(Some(region));
        true
    }
}

impl Job for Mesher {
    type Output = Vec<Quad>;

    fn step(&mut self, budget: &mut Budget) -> Step<Vec<Quad>> {
        let mut quads = std::mem::take(&mut self.quads);
        loop {
            if !self.collect_block() && !self.mesh_slices(&mut quads, budget) {
                return Step::Done(quads);
            }
            if !budget.spend(1) {
                self.quads = quads;
                return Step::More;
            }
        }
    }

    fn progress(&self) -> Progress {
        let blocks = self.blocks as u64;
        let regions = self.occupancy.region_count() as u64;
        let meshed = blocks * 4 * self.meshed as u64 / regions.max(1);
        Progress { done: self.taken as u64 + meshed, total: blocks * 5 }
    }
}

/// A unit quad for each visible face of a volume, in one go.
pub fn faces(volume: &Volume) -> Vec<Quad> {
    Mesher::new(volume.clone(), Merge::Nothing).finish()
}

/// Quads of one colour each that cover exactly the visible faces of a volume, in one go.
pub fn greedy(volume: &Volume) -> Vec<Quad> {
    Mesher::new(volume.clone(), Merge::Color).finish()
}
