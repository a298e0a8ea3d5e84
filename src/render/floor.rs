//! What a model stands on: a grid to measure by, and a ground with a soft shadow.
//!
//! Both are planes behind the model, so they are put behind its pixels and need no depth.

use super::furniture::round_step;
use super::look::over;
use super::picture::Picture;
use super::projector::{Projector, Ray};
use crate::job::Slice;
use crate::voxel::{BlockWalk, Bounds, Rgba, Volume};

/// How often the shadow on the ground is softened.
const SOFTENED: usize = 3;
/// Cells of the map of what stands on the ground, along an axis, about.
const CELLS: usize = 192;
/// How dark the ground is where the model touches it.
const DARKEST: f64 = 0.62;
/// How much of the ground itself is seen.
const GROUND: f64 = 0.16;
/// Lines of a grid along its longer side, at most.
const LINES: f64 = 24.0;
/// How much of a line of a grid is seen, and of each tenth or fifth one.
const LINE: [f64; 2] = [0.28, 0.6];
/// Voxels of the ground that count as near: what is higher throws less shadow.
const NEAR: f64 = 6.0;

/// A part of a sheet, with the view that is drawn in it.
pub(super) struct Pane<'a> {
    pub(super) projector: &'a Projector,
    pub(super) bounds: Bounds,
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Pane<'_> {
    /// Puts something behind all pixels of the pane: its colour by the ray, and by those to the
    /// right and below.
    async fn put_behind(
        &self,
        sheet: &mut Picture,
        slice: &Slice,
        color: impl Fn(&Ray, [&Ray; 2]) -> Rgba,
    ) {
        let rays = self.projector.rays();
        let bottom = (self.top + self.height).min(sheet.height());
        let right = (self.left + self.width).min(sheet.width());
        for y in self.top..bottom {
            for x in self.left..right {
                let at =
                    |dx: f64, dy: f64| rays.ray(f64::from(x) + 0.5 + dx, f64::from(y) + 0.5 + dy);
                let Some(front) = sheet.get(x, y).filter(|front| front.a < 255) else { continue };
                let behind = color(&at(0.0, 0.0), [&at(1.0, 0.0), &at(0.0, 1.0)]);
                if behind.a > 0 {
                    sheet.set(x, y, over(front, behind));
                }
            }
            slice.spend(1).await;
        }
    }

    /// Whether the ray goes forward to a plane, and where it meets it.
    fn meet(&self, ray: &Ray, axis: usize, at: f64) -> Option<[f64; 3]> {
        let distance = (at - ray.origin[axis]) / ray.direction[axis];
        let is_ahead = distance.is_finite() && (self.projector.is_parallel() || distance > 0.0);
        is_ahead.then(|| ray.at(distance))
    }

    /// Draws the grid: below the model, or behind it where it is seen straight from a side.
    pub(super) async fn draw_grid(&self, sheet: &mut Picture, ink: Rgba, slice: &Slice) {
        let forward = self.projector.frame.forward;
        let axis = (0..2).find(|&axis| forward[axis].abs() > 0.95).unwrap_or(2);
        let side = if forward[axis] > 0.0 { self.bounds.max } else { self.bounds.min };
        let at = side[axis] as f64;
        let across = [(axis + 1) % 3, (axis + 2) % 3];
        let sizes = across.map(|axis| self.bounds.dimensions()[axis] as f64);
        let step = round_step(sizes[0].max(sizes[1]) / LINES) as f64;
        let is_ten = [1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9].contains(&step);
        let major = if is_ten { 10.0 } else { 5.0 };
        // A model that is small has a cell or two around it.
        let reach = across.map(|axis| {
            let low = ((self.bounds.min[axis] as f64 / step).floor() - 1.0) * step;
            let high = ((self.bounds.max[axis] as f64 / step).ceil() + 1.0) * step;
            [low, high]
        });
        let line = |point: [f64; 3], beside: [[f64; 3]; 2]| {
            let mut most = 0.0f64;
            for (index, axis) in across.into_iter().enumerate() {
                let other = across[1 - index];
                let [low, high] = reach[1 - index];
                // How much of the plane a pixel shows.
                let pixel = beside.map(|b| (b[axis] - point[axis]).abs());
                let pixel = (pixel[0] + pixel[1]).max(1e-9);
                let [first, last] = reach[index];
                let near = (point[axis] / step).round().clamp(first / step, last / step);
                let from = (point[axis] - near * step).abs() / pixel;
                let is_inside = (low - pixel..=high + pixel).contains(&point[other]);
                let is_major = (near % major).abs() < 0.5;
                // Lines closer than three pixels become a grey.
                let crowd = (step / pixel / 3.0).min(1.0);
                let strength = LINE[usize::from(is_major)] * if is_major { 1.0 } else { crowd };
                if is_inside {
                    most = most.max((1.0 - from).clamp(0.0, 1.0) * strength);
                }
            }
            most
        };
        self.put_behind(sheet, slice, |ray, beside| {
            let Some(point) = self.meet(ray, axis, at) else { return Rgba::EMPTY };
            let beside = beside.map(|ray| self.meet(ray, axis, at).unwrap_or(point));
            Rgba::new(ink.r, ink.g, ink.b, (line(point, beside) * 255.0 + 0.5) as u8)
        })
        .await;
    }

    /// Draws the ground, with the shadow of what stands on it, if it is looked at from above.
    pub(super) async fn draw_ground(&self, sheet: &mut Picture, volume: &Volume, slice: &Slice) {
        if self.projector.is_parallel() && self.projector.frame.forward[2] > -1e-6 {
            return;
        }
        let shadow = Shadow::of(volume, &self.bounds, slice).await;
        let at = self.bounds.min[2] as f64;
        let middle = [0, 1].map(|i| (self.bounds.min[i] + self.bounds.max[i]) as f64 / 2.0);
        let sizes = self.bounds.dimensions().map(|size| size as f64);
        // It ends softly, a little farther away than the model is wide or high.
        let reach = sizes[0].max(sizes[1]).max(sizes[2] * 0.6) * 1.1 + 4.0;
        self.put_behind(sheet, slice, |ray, _| {
            let Some(point) = self.meet(ray, 2, at).filter(|_| ray.direction[2] < 0.0) else {
                return Rgba::EMPTY;
            };
            let away = [point[0] - middle[0], point[1] - middle[1]];
            let share = (away[0] * away[0] + away[1] * away[1]) / (reach * reach);
            let fade = (1.0 - share).max(0.0);
            let dark = shadow.at([point[0], point[1]]) * DARKEST;
            let alpha = (dark + GROUND * (1.0 - dark)) * fade.min(1.0);
            let grey = 96.0 * (1.0 - dark) * (1.0 - dark) * GROUND / (dark + GROUND);
            let grey = (grey + 0.5) as u8;
            Rgba::new(grey, grey, grey, (alpha * 255.0 + 0.5) as u8)
        })
        .await;
    }
}

/// How much of the sky is hidden above each part of the ground.
struct Shadow {
    low: [f64; 2],
    /// Voxels of a cell.
    cell: f64,
    size: [usize; 2],
    dark: Vec<f32>,
}

impl Shadow {
    async fn of(volume: &Volume, bounds: &Bounds, slice: &Slice) -> Shadow {
        let sizes = [0, 1].map(|axis| bounds.dimensions()[axis] as f64);
        let rim = (sizes[0].max(sizes[1]) * 0.12).max(NEAR);
        let cell = ((sizes[0].max(sizes[1]) + 2.0 * rim) / CELLS as f64).max(1.0);
        let radius = (rim / cell / 2.5).ceil().max(1.0) as usize;
        // As far as softening reaches: a shadow that is cut off has an edge.
        let margin = (SOFTENED * radius) as f64 * cell;
        let low = [0, 1].map(|axis| bounds.min[axis] as f64 - margin);
        let size = sizes.map(|size| ((size + 2.0 * margin) / cell).ceil() as usize + 1);
        let mut dark = vec![0.0f32; size[0] * size[1]];
        let floor = bounds.min[2];
        let near = Bounds {
            min: bounds.min,
            max: [bounds.max[0], bounds.max[1], bounds.max[2].min(floor + 32)],
        };
        let mut walk = BlockWalk::within(Some(near));
        while let Some(at) = walk.next_in(volume, slice).await {
            if let Some(block) = volume.block(at) {
                for index in 0..16 * 16 * 16 {
                    let inside = [index & 15, index >> 4 & 15, index >> 8];
                    let origin = at.origin().array();
                    let voxel = [0, 1, 2].map(|axis| i64::from(origin[axis]) + inside[axis] as i64);
                    let color = block.get(index);
                    let is_inside =
                        (0..3).all(|axis| (near.min[axis]..near.max[axis]).contains(&voxel[axis]));
                    if is_inside && color.a > 0 {
                        let place =
                            [0, 1].map(|i| ((voxel[i] as f64 + 0.5 - low[i]) / cell) as usize);
                        let height = (voxel[2] - floor) as f64;
                        let part = 1.0 / (1.0 + height / NEAR);
                        let part = (part * part) as f32;
                        let known = &mut dark[place[1] * size[0] + place[0]];
                        *known = known.max(part * f32::from(color.a) / 255.0);
                    }
                }
            }
            slice.spend(1).await;
        }
        let mut shadow = Shadow { low, cell, size, dark };
        for _ in 0..SOFTENED {
            shadow.soften(radius, slice).await;
        }
        shadow
    }

    /// Each cell becomes the mean of those around it.
    async fn soften(&mut self, radius: usize, slice: &Slice) {
        let [width, height] = self.size;
        for (count, stride, step, lines) in [(width, 1, width, height), (height, width, 1, width)] {
            for line in 0..lines {
                let at = |index: usize| line * step + index * stride;
                let values: Vec<f32> = (0..count).map(|index| self.dark[at(index)]).collect();
                let mut sum: f32 = values.iter().take(radius).sum();
                for index in 0..count {
                    if let Some(next) = values.get(index + radius) {
                        sum += next;
                    }
                    if index > radius {
                        sum -= values[index - radius - 1];
                    }
                    self.dark[at(index)] = sum.max(0.0) / (2 * radius + 1) as f32;
                }
                slice.spend(1).await;
            }
        }
    }

    /// How dark it is at a place, smoothly.
    fn at(&self, place: [f64; 2]) -> f64 {
        let [width, height] = self.size;
        let spot = [0, 1].map(|i| (place[i] - self.low[i]) / self.cell - 0.5);
        if spot[0] < 0.0 || spot[1] < 0.0 {
            return 0.0;
        }
        let [x, y] = spot.map(|part| part as usize);
        if x + 1 >= width || y + 1 >= height {
            return 0.0;
        }
        let [u, v] = [spot[0] - x as f64, spot[1] - y as f64];
        let cell = |x: usize, y: usize| f64::from(self.dark[y * width + x]);
        let upper = cell(x, y) * (1.0 - u) + cell(x + 1, y) * u;
        let lower = cell(x, y + 1) * (1.0 - u) + cell(x + 1, y + 1) * u;
        upper * (1.0 - v) + lower * v
    }
}
