//! Where the rays of a picture meet the quads that lie under its samples.

use super::march::floor;
use super::projector::RayField;
use super::shade::Seen;
use crate::mesh::Quad;

/// Where the ray of a place in the picture meets a quad: the place on it, and the voxel, which is
/// one of the quad's even where rounding puts the place beside it.
#[inline]
pub(crate) fn meet(quad: &Quad, rays: &RayField, x: f64, y: f64) -> Seen {
    match (quad.face.axis(), rays.is_parallel) {
        (0, true) => meet_plane::<0, 1, 2, true>(quad, rays, x, y),
        (1, true) => meet_plane::<1, 0, 2, true>(quad, rays, x, y),
        (_, true) => meet_plane::<2, 0, 1, true>(quad, rays, x, y),
        (0, false) => meet_plane::<0, 1, 2, false>(quad, rays, x, y),
        (1, false) => meet_plane::<1, 0, 2, false>(quad, rays, x, y),
        (_, false) => meet_plane::<2, 0, 1, false>(quad, rays, x, y),
    }
}

/// [`meet`] with the axes of the quad and the kind of the projection known to the compiler, which
/// saves more than half the time.
#[inline]
fn meet_plane<const AXIS: usize, const U: usize, const V: usize, const PARALLEL: bool>(
    quad: &Quad,
    rays: &RayField,
    x: f64,
    y: f64,
) -> Seen {
    let along = |start: &[f64; 3], step: &[[f64; 3]; 2], axis: usize| {
        start[axis] + x * step[0][axis] + y * step[1][axis]
    };
    let origin = |axis: usize| {
        if PARALLEL { along(&rays.origin, &rays.origin_step, axis) } else { rays.origin[axis] }
    };
    let direction = |axis: usize| {
        if PARALLEL {
            rays.direction[axis]
        } else {
            along(&rays.direction, &rays.direction_step, axis)
        }
    };
    let plane = f64::from(quad.voxel[AXIS]) + f64::from(u8::from(quad.face.is_positive()));
    let distance = (plane - origin(AXIS)) / direction(AXIS);
    let place = |axis: usize, size: u8| {
        let at = floor(origin(axis) + direction(axis) * distance);
        let low = i64::from(quad.voxel[axis]);
        at.clamp(low, low + i64::from(size) - 1) as i32
    };
    let mut voxel = quad.voxel;
    voxel[U] = place(U, quad.size[0]);
    voxel[V] = place(V, quad.size[1]);
    Seen { voxel, face: quad.face, distance }
}
