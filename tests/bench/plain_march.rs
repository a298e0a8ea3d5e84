//! The yardstick of pictures: one ray a pixel through the grid, one voxel a step (Amanatides and
//! Woo 1987), and the same shading as the renderer's worked out anew for each pixel. Nothing is
//! kept, nothing is skipped, nothing is known beforehand but the bits of the voxels.

use goxel_daemon::mesh::{Face, Occupancy, Solidity, faces};
use goxel_daemon::render::{MARGIN, Ray, Shading};
use goxel_daemon::voxel::{Point, Volume};

type Vec3 = [f64; 3];

/// Light left in a corner that none, one, two or three voxels close in.
const CORNER: [f32; 4] = [1.0, 0.85, 0.72, 0.61];
/// Where it is looked whether the sky is hidden from a corner: above the side, and along it.
const AROUND: [[i32; 3]; 12] = [
    [2, 2, 0],
    [2, -2, 0],
    [2, 0, 2],
    [2, 0, -2],
    [3, 4, 4],
    [3, -4, 4],
    [3, 4, -4],
    [3, -4, -4],
    [5, 6, 0],
    [5, -6, 0],
    [5, 0, 6],
    [5, 0, -6],
];
/// The light of each side, in the open and in a shadow.
const FULL: [f32; 6] = [0.2, 0.3, 0.6, 0.3, 0.1, 1.0];
const SHADED: f32 = 0.6;
/// Four points of the sun of the isometric view.
const SUN: [Vec3; 4] =
    [[-0.06, -0.37, 0.93], [-0.1, -0.33, 0.94], [-0.055, -0.33, 0.94], [-0.1, -0.37, 0.92]];

/// A model seen as in the isometric view.
pub struct PlainMarch<'a> {
    volume: &'a Volume,
    occupancy: Occupancy,
    low: [i64; 3],
    high: [i64; 3],
    size: [u32; 2],
    origin: Vec3,
    /// From pixel to pixel, across and down, and along the view.
    steps: [Vec3; 2],
    direction: Vec3,
    light: Vec<f32>,
    bytes: Vec<u8>,
}

fn dot(a: Vec3, b: Vec3) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// What a ray meets: the voxel, and the axis across which it comes in.
struct Met {
    voxel: [i32; 3],
    axis: usize,
}

impl<'a> PlainMarch<'a> {
    /// Fits the model into a picture as the renderer does.
    pub fn new(volume: &'a Volume, size: [u32; 2]) -> Self {
        let occupancy = Occupancy::new(volume, Solidity::Opaque);
        let bounds = occupancy.bounds().expect("the model is not empty");
        let (half, third, sixth) = (0.5f64.sqrt(), 3f64.sqrt().recip(), 6f64.sqrt().recip());
        let axes = [[half, half, 0.0], [sixth, -sixth, -2.0 * sixth]];
        let mut reach = [[f64::MAX, f64::MIN]; 2];
        for corner in faces(volume).iter().flat_map(|quad| quad.corners()) {
            for (axis, [low, high]) in axes.iter().zip(&mut reach) {
                let at = dot(corner.map(|part| part as f64), *axis);
                (*low, *high) = (low.min(at), high.max(at));
            }
        }
        let step =
            |i: usize| (reach[i][1] - reach[i][0]) / (f64::from(size[i]) * (1.0 - 2.0 * MARGIN));
        let step = step(0).max(step(1));
        let start = |i: usize| (reach[i][0] + reach[i][1] - f64::from(size[i]) * step) / 2.0;
        let (across, down) = (start(0), start(1));
        let decode = |code: u32| {
            let part = code as f32 / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        let encode = |step: u32| {
            let part = step as f32 / 4095.0;
            let code = if part <= 0.003_130_8 {
                part * 12.92
            } else {
                1.055 * part.powf(2.4f32.recip()) - 0.055
            };
            (code * 255.0 + 0.5) as u8
        };
        PlainMarch {
            volume,
            occupancy,
            low: bounds.min,
            high: bounds.max,
            size,
            origin: std::array::from_fn(|i| axes[0][i] * across + axes[1][i] * down),
            steps: axes.map(|axis| axis.map(|part| part * step)),
            direction: [-third, third, -third],
            light: (0..256).map(decode).collect(),
            bytes: (0..4096).map(encode).collect(),
        }
    }

    /// The bytes of the picture.
    pub fn draw(&self, shading: Shading) -> Vec<u8> {
        let [width, height] = self.size;
        let mut picture = vec![0; (width * height * 4) as usize];
        for (index, pixel) in picture.chunks_exact_mut(4).enumerate() {
            let at = [index as u32 % width, index as u32 / width].map(|part| f64::from(part) + 0.5);
            let origin = std::array::from_fn(|i| {
                self.origin[i] + at[0] * self.steps[0][i] + at[1] * self.steps[1][i]
            });
            let ray = Ray { origin, direction: self.direction };
            if let Some(met) = self.first(&ray, f64::NEG_INFINITY) {
                pixel.copy_from_slice(&self.shade(&met, shading));
            }
        }
        picture
    }

    /// The first voxel that a ray meets from a distance on.
    fn first(&self, ray: &Ray, from: f64) -> Option<Met> {
        let Ray { origin, direction } = *ray;
        let inverse = direction.map(|part| 1.0 / part);
        let (mut t, mut end, mut axis) = (from, f64::INFINITY, 2);
        for i in 0..3 {
            let a = (self.low[i] as f64 - origin[i]) * inverse[i];
            let b = (self.high[i] as f64 - origin[i]) * inverse[i];
            if a.min(b) > t {
                (t, axis) = (a.min(b), i);
            }
            end = end.min(a.max(b));
        }
        if t >= end {
            return None;
        }
        let mut voxel: [i32; 3] = std::array::from_fn(|i| {
            let at = (origin[i] + direction[i] * t).floor() as i64;
            at.clamp(self.low[i], self.high[i] - 1) as i32
        });
        let step = direction.map(|part| if part > 0.0 { 1 } else { -1 });
        let mut next: Vec3 = std::array::from_fn(|i| {
            let side = f64::from(voxel[i]) + if step[i] > 0 { 1.0 } else { 0.0 };
            (side - origin[i]) * inverse[i]
        });
        while !self.occupancy.contains(voxel) {
            axis = if next[0] < next[1] && next[0] < next[2] {
                0
            } else if next[1] < next[2] {
                1
            } else {
                2
            };
            if next[axis] >= end {
                return None;
            }
            voxel[axis] += step[axis];
            next[axis] += inverse[axis].abs();
        }
        Some(Met { voxel, axis })
    }

    fn shade(&self, met: &Met, shading: Shading) -> [u8; 4] {
        let face = Face::new(met.axis, self.direction[met.axis] < 0.0);
        let corners = [[0, 0], [1, 0], [0, 1], [1, 1]];
        let light = match shading.lit {
            _ if shading.occlusion || shading.shadows => {
                let light = corners.map(|at| self.corner_light(met.voxel, face, at, shading));
                light.iter().sum::<f32>() / 4.0
            }
            true => FULL[face as usize],
            false => 1.0,
        };
        let color = self.volume.get(Point::from(met.voxel));
        let byte = |code: u8| {
            let light = self.light[usize::from(code)] * light;
            self.bytes[(light * 4095.0 + 0.5) as usize & 4095]
        };
        [byte(color.r), byte(color.g), byte(color.b), 255]
    }

    /// The light in one corner of a side.
    fn corner_light(&self, voxel: [i32; 3], face: Face, at: [i32; 2], shading: Shading) -> f32 {
        let normal = face.normal();
        let beside = |above: i32, u: i32, v: i32| {
            let mut beside: [i32; 3] = std::array::from_fn(|i| voxel[i] + normal[i] * above);
            beside[face.u_axis()] += u;
            beside[face.v_axis()] += v;
            beside
        };
        let full = |above: i32, u: i32, v: i32| self.occupancy.contains(beside(above, u, v));
        let (mut light, side) = (FULL[face as usize], face as usize);
        if shading.shadows {
            light *= 1.0 - (1.0 - self.sun(voxel, face, at)) * (1.0 - SHADED);
        }
        if shading.occlusion {
            let [u, v] = at.map(|part| 2 * part - 1);
            let level = match (full(1, u, 0), full(1, 0, v)) {
                (true, true) => 3,
                (one, other) => usize::from(one) + usize::from(other) + usize::from(full(1, u, v)),
            };
            let step = |at: i32, by: i32| at + if by < 0 { by } else { by - 1 };
            let hidden = AROUND
                .iter()
                .filter(|[above, u, v]| full(*above, step(at[0], *u), step(at[1], *v)));
            let hidden = hidden.count() as f32 / AROUND.len() as f32;
            light = (light - 0.3 * FULL[side] * 0.8 * hidden) * CORNER[level];
        }
        light
    }

    /// How much of the sun is to be seen from a corner: two points of it, and two more where only
    /// one of them is.
    fn sun(&self, voxel: [i32; 3], face: Face, at: [i32; 2]) -> f32 {
        let mut origin = voxel.map(f64::from);
        origin[face.axis()] += f64::from(u8::from(face.is_positive()));
        origin[face.u_axis()] += f64::from(at[0]);
        origin[face.v_axis()] += f64::from(at[1]);
        let is_seen = |direction: Vec3| {
            let straight = dot(direction, face.normal().map(f64::from));
            straight > 0.0
                && self.first(&Ray { origin, direction }, (1.0 / straight).min(2.5)).is_none()
        };
        match (is_seen(SUN[0]), is_seen(SUN[1])) {
            (true, true) => 1.0,
            (false, false) => 0.0,
            _ => {
                let more = SUN[2..].iter().filter(|&&point| is_seen(point)).count();
                (1 + more) as f32 / 4.0
            }
        }
    }
}
