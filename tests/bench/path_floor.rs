//! The floor of path tracing: the rays that paths through a model take, made beforehand, then
//! walked through the grid and nothing else.

use goxel_daemon::mesh::{Occupancy, Solidity};
use goxel_daemon::render::{Hit, Ray, first_hit};
use goxel_daemon::voxel::Volume;

/// Rays start this far off surfaces.
const OFF: f64 = 1e-4;

/// Rays in the order in which paths take them, seen from above the front right corner.
pub struct PathFloor {
    occupancy: Occupancy,
    rays: Vec<Ray>,
    /// Rays that a path takes after the first one, of those that meet the model.
    pub further: f64,
}

/// Numbers that look like chance, 0 to 1.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A direction of a matt surface whose normal lies on an axis.
    fn matt(&mut self, axis: usize, sign: f64) -> [f64; 3] {
        let (share, turn) = (self.next(), self.next() * std::f64::consts::TAU);
        let radius = share.sqrt();
        let mut direction = [0.0; 3];
        direction[axis] = sign * (1.0 - share).sqrt();
        direction[(axis + 1) % 3] = radius * turn.cos();
        direction[(axis + 2) % 3] = radius * turn.sin();
        direction
    }
}

/// Just in front of the side that was hit.
fn in_front(ray: &Ray, hit: &Hit, sign: f64) -> [f64; 3] {
    let mut at = ray.at(hit.distance);
    let axis = hit.face.axis();
    at[axis] = f64::from(hit.voxel[axis]) + f64::from(u8::from(sign > 0.0)) + sign * OFF;
    at
}

impl PathFloor {
    /// The rays of one path through each of `side` x `side` pixels: at each surface one toward the
    /// sun where it can shine, and one onward, up to `bounces` times.
    pub fn new(volume: &Volume, side: u32, bounces: u32, sun: [f64; 3]) -> Self {
        let occupancy = Occupancy::new(volume, Solidity::Present);
        let bounds = occupancy.bounds().expect("the model is not empty");
        let middle: [f64; 3] =
            std::array::from_fn(|axis| (bounds.min[axis] + bounds.max[axis]) as f64 / 2.0);
        let reach = (0..3).map(|axis| (bounds.max[axis] - bounds.min[axis]) as f64);
        let radius = reach.map(|part| part * part).sum::<f64>().sqrt() / 2.0;
        let (half, third, sixth) = (0.5f64.sqrt(), 3f64.sqrt().recip(), 6f64.sqrt().recip());
        let (right, up) = ([half, half, 0.0], [-sixth, sixth, 2.0 * sixth]);
        let direction = [-third, third, -third];
        let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
        let (mut rays, mut met, mut first) = (Vec::new(), 0, 0);
        for pixel in 0..side * side {
            let place = |at: u32| (f64::from(at) + 0.5) / f64::from(side) * 2.0 - 1.0;
            let (x, y) = (place(pixel % side) * radius, -place(pixel / side) * radius);
            let origin = std::array::from_fn(|axis| {
                middle[axis] + right[axis] * x + up[axis] * y - direction[axis] * 2.0 * radius
            });
            let mut ray = Ray { origin, direction };
            first += 1;
            for bounce in 0..=bounces {
                rays.push(ray);
                let Some(hit) = first_hit(&occupancy, &ray, 0.0, f64::INFINITY) else { break };
                met += usize::from(bounce == 0);
                let axis = hit.face.axis();
                let sign = if hit.face.is_positive() { 1.0 } else { -1.0 };
                let origin = in_front(&ray, &hit, sign);
                if sun[axis] * sign > 0.0 {
                    rays.push(Ray { origin, direction: sun });
                }
                ray = Ray { origin, direction: chance.matt(axis, sign) };
            }
        }
        let further = (rays.len() - first) as f64 / met as f64;
        PathFloor { occupancy, rays, further }
    }

    /// How many rays there are.
    pub fn count(&self) -> usize {
        self.rays.len()
    }

    /// Walks them all; how many met something.
    pub fn walk(&self) -> usize {
        let meets = |ray: &&Ray| first_hit(&self.occupancy, ray, 0.0, f64::INFINITY).is_some();
        self.rays.iter().filter(meets).count()
    }
}
