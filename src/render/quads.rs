//! The quads of a picture: those faces of the model that look at the camera, nearest regions first.

use super::projector::{Projector, corners};
use super::scene::Colors;
use super::vector::{Vec3, dot, sub};
use crate::job::{Slice, leftovers, sort_in_slices};
use crate::memory;
use crate::mesh::{Face, Occupancy, Quad, REGION, RegionBits, SliceMesher};
use crate::voxel::Bounds;

/// Quads of one region.
pub(crate) struct Group {
    pub(crate) bounds: Bounds,
    /// The quad after its last one; its first is the end of the group before.
    pub(crate) end: usize,
}

/// Larger quads are not looked at for one colour.
const MOST_VOXELS: u32 = 64;
/// Regions that are looked at in one unit of work.
const REGIONS_A_UNIT: usize = 512;
/// Bytes of room for quads to begin with.
const ROOM: usize = 40 << 20;

/// Finds the quads of an occupancy slice by slice.
pub(crate) struct QuadFinder {
    regions: Vec<(i64, [i32; 3])>,
    next_region: usize,
    next_slice: usize,
    bits: RegionBits,
    mesher: SliceMesher,
    /// The quads found so far, by region.
    pub(crate) quads: Vec<Quad>,
    pub(crate) groups: Vec<Group>,
}

impl Drop for QuadFinder {
    fn drop(&mut self) {
        leftovers::leave_buffer(std::mem::take(&mut self.quads));
    }
}

fn region_bounds(region: [i32; 3]) -> Bounds {
    let min = region.map(|v| i64::from(v) << 6);
    Bounds { min, max: min.map(|v| v + REGION as i64) }
}

/// A whole number that is as much larger or smaller than others as a number is, in the order of
/// `f64::total_cmp`.
fn ordered(number: f64) -> i64 {
    let bits = number.to_bits().cast_signed();
    bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()
}

impl QuadFinder {
    pub(crate) async fn of(occupancy: &Occupancy, projector: &Projector, slice: &Slice) -> Self {
        let distance = |region: [i32; 3]| {
            let bounds = region_bounds(region);
            let middle: Vec3 =
                std::array::from_fn(|axis| (bounds.min[axis] + bounds.max[axis]) as f64 / 2.0);
            let from_eye = sub(middle, projector.eye);
            if projector.is_parallel() {
                dot(from_eye, projector.frame.forward)
            } else {
                dot(from_eye, from_eye)
            }
        };
        let mut regions = Vec::with_capacity(occupancy.region_count());
        for (number, region) in occupancy.regions().enumerate() {
            // Numbers that are compared like what they stand for.
            regions.push((ordered(distance(region)), region));
            if number % REGIONS_A_UNIT == REGIONS_A_UNIT - 1 {
                slice.spend(1).await;
            }
        }
        QuadFinder {
            regions: sort_in_slices(regions, |(distance, _)| *distance, slice).await,
            next_region: 0,
            next_slice: 0,
            bits: RegionBits::new(),
            mesher: SliceMesher::new(),
            // So much room that it comes straight from the system and grows in place. What is not
            // used costs nothing.
            quads: memory::roomy(ROOM / size_of::<Quad>()),
            groups: Vec::new(),
        }
    }

    /// Regions done and regions in all.
    pub(crate) fn progress(&self) -> (usize, usize) {
        (self.next_region, self.regions.len())
    }

    /// Does the next few slices, and looks for the colours of their quads if it is told where.
    /// False once there is none left.
    pub(crate) fn advance(
        &mut self,
        occupancy: &Occupancy,
        projector: &Projector,
        colors: Option<Colors<'_>>,
    ) -> bool {
        let Some(&(_, region)) = self.regions.get(self.next_region) else { return false };
        let bounds = region_bounds(region);
        if self.next_slice == 0 {
            if !in_front(projector, &bounds) {
                self.next_region += 1;
                return true;
            }
            self.bits.load(occupancy, region);
        }
        let before = self.quads.len();
        for _ in 0..8 {
            let face = Face::ALL[self.next_slice / REGION];
            // The planes nearest to the camera first.
            let within = self.next_slice % REGION;
            let slice = if face.is_positive() { REGION - 1 - within } else { within };
            let axis = face.axis();
            let mut layer = bounds;
            layer.min[axis] += slice as i64;
            layer.max[axis] = layer.min[axis] + 1;
            if self.bits.is_filled(axis, slice) && may_see(projector, face, &layer) {
                self.mesher.shapes(&self.bits, region, (face, slice), &mut self.quads);
            }
            self.next_slice += 1;
        }
        if let Some(colors) = colors {
            find_colors(colors, &mut self.quads[before..]);
        }
        if self.next_slice == 6 * REGION {
            self.next_slice = 0;
            self.next_region += 1;
            self.groups.push(Group { bounds, end: self.quads.len() });
        }
        true
    }
}

/// Gives quads their colours: small ones all of whose voxels have one.
fn find_colors(mut colors: Colors<'_>, quads: &mut [Quad]) {
    for quad in quads.iter_mut().filter(|quad| quad.area() <= MOST_VOXELS) {
        let (u, v) = (quad.face.u_axis(), quad.face.v_axis());
        let [width, height] = quad.size.map(i32::from);
        let first = colors.get(quad.voxel);
        let mut is_one = true;
        for place in 1..width * height {
            let mut voxel = quad.voxel;
            voxel[u] += place % width;
            voxel[v] += place / width;
            is_one &= colors.get(voxel) == first;
        }
        if is_one {
            quad.color = first;
        }
    }
}

/// Whether the faces of one kind in one layer look at the camera.
fn may_see(projector: &Projector, face: Face, layer: &Bounds) -> bool {
    let axis = face.axis();
    if projector.is_parallel() {
        return projector.may_see(face, layer);
    }
    if face.is_positive() {
        projector.eye[axis] > layer.max[axis] as f64
    } else {
        projector.eye[axis] < layer.min[axis] as f64
    }
}

/// Whether any part of a box lies before the camera.
fn in_front(projector: &Projector, bounds: &Bounds) -> bool {
    projector.is_parallel()
        || corners(bounds)
            .iter()
            .any(|&corner| dot(sub(corner, projector.eye), projector.frame.forward) > 0.0)
}

/// The rows of the picture that a box may touch, or `None` if it cannot be told.
pub(crate) fn rows_of(projector: &Projector, bounds: &Bounds) -> Option<[f64; 2]> {
    let projected = corners(bounds).map(|corner| projector.project(corner));
    let behind = projected.iter().any(|(_, depth)| *depth <= super::projector::NEAR);
    if behind && !projector.is_parallel() {
        return None;
    }
    let rows = projected.map(|([_, y], _)| y);
    Some([rows.iter().copied().fold(f64::MAX, f64::min), rows.into_iter().fold(f64::MIN, f64::max)])
}
