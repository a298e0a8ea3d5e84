//! What is drawn around a model to read it by: a cross of the axes, coordinates and lengths along
//! its edges.

use super::font::{self, ADVANCE, HEIGHT};
use super::picture::Picture;
use super::projector::{NEAR, Projector, Scale};
use super::vector::Vec3;
use super::viewpoint::Frame;
use crate::voxel::{Bounds, Rgba};

/// The axes as they are drawn.
const AXES: [(&str, Rgba); 3] = [
    ("X", Rgba::opaque(214, 60, 48)),
    ("Y", Rgba::opaque(52, 158, 66)),
    ("Z", Rgba::opaque(58, 96, 220)),
];
/// An edge shorter than this many pixels says nothing.
const LEAST_EDGE: f64 = 12.0;
/// Ticks stand at least this many dots apart.
const TICK_GAP: f64 = 34.0;
/// Pixels that lines are moved by: what lies exactly between two pixels would waver between them.
const NUDGE: f64 = 1.0 / 1024.0;
/// Dots of a tick.
const TICK: f64 = 4.0;
/// Dots between an edge and the length that is written along it.
const LENGTH_GAP: f64 = 12.0;

/// The part of a sheet that one view has.
#[derive(Clone, Copy)]
pub(super) struct Cell {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Pixels of a dot of a letter.
    pub(super) dot: u32,
}

/// An edge of the box around a model, in pixels of the sheet.
struct Edge {
    axis: usize,
    from: [f64; 2],
    to: [f64; 2],
    /// Away from the model.
    outward: [f64; 2],
    /// How far away both ends are; the same of a parallel projection, which shortens nothing.
    depths: [f64; 2],
}

impl Edge {
    fn length(&self) -> f64 {
        distance(self.from, self.to)
    }

    fn at(&self, share: f64) -> [f64; 2] {
        [0, 1].map(|i| self.from[i] + (self.to[i] - self.from[i]) * share)
    }

    fn beside(&self, share: f64, gap: f64) -> [f64; 2] {
        let at = self.at(share);
        [0, 1].map(|i| at[i] + self.outward[i] * gap)
    }
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    let [x, y] = [a[0] - b[0], a[1] - b[1]];
    (x * x + y * y).sqrt()
}

impl Cell {
    /// Draws the directions of the axes into the lower left corner.
    pub(super) fn draw_cross(&self, sheet: &mut Picture, frame: &Frame, ink: Rgba) {
        let dot = self.dot;
        let length = (self.width.min(self.height) / 12).clamp(6, 28 * dot);
        let reach = length + (ADVANCE + 2) * dot;
        if self.width < 2 * reach || self.height < 2 * reach {
            return;
        }
        let middle = [self.left + reach, self.top + self.height - reach].map(f64::from);
        for (axis, (name, color)) in AXES.into_iter().enumerate() {
            let way = [frame.right[axis], -frame.up[axis]].map(|part| part * f64::from(length));
            self.line(sheet, middle, [middle[0] + way[0], middle[1] + way[1]], color);
            // An axis that points at the viewer has no end to be seen.
            if way.iter().any(|part| part.abs() > 2.0) {
                let beyond = 1.0 + f64::from(ADVANCE * dot) / f64::from(length);
                self.write(sheet, [0, 1].map(|i| middle[i] + way[i] * beyond), name, ink);
            }
        }
    }

    /// Draws ticks with coordinates along three edges of the box around the model.
    pub(super) fn draw_ticks(
        &self,
        sheet: &mut Picture,
        projector: &Projector,
        bounds: &Bounds,
        ink: Rgba,
    ) {
        let dot = f64::from(self.dot);
        for edge in edges(projector, bounds) {
            let (axis, color) = (edge.axis, AXES[edge.axis].1);
            let (low, high) = (bounds.min[axis], bounds.max[axis]);
            let a_voxel = edge.length() / (high - low) as f64;
            let step = round_step(TICK_GAP * dot / a_voxel);
            self.line(sheet, edge.from, edge.to, color);
            let mut at = low.div_euclid(step) * step;
            while at <= high {
                if at >= low {
                    let share = share_along(&edge, bounds, at);
                    self.line(sheet, edge.at(share), edge.beside(share, TICK * dot), color);
                    let text = at.to_string();
                    let room =
                        5.0 + f64::from(ADVANCE) * text.len() as f64 / 2.0 * edge.outward[0].abs();
                    self.write(sheet, edge.beside(share, (TICK + room) * dot), &text, ink);
                }
                at += step;
            }
        }
    }

    /// Writes along three edges of the box around the model how many voxels long they are.
    pub(super) fn draw_lengths(
        &self,
        sheet: &mut Picture,
        projector: &Projector,
        bounds: &Bounds,
        (ink, gap): (Rgba, f64),
    ) {
        let dot = f64::from(self.dot);
        for edge in edges(projector, bounds) {
            let text = bounds.dimensions()[edge.axis].to_string();
            let half = f64::from(ADVANCE) * text.len() as f64 / 2.0 * edge.outward[0].abs();
            // Coordinates beside an upright edge are as wide as their digits.
            let beside = if gap > 0.0 { gap + 12.0 * edge.outward[0].abs() } else { 0.0 };
            let is_alone = gap == 0.0;
            let gap = (LENGTH_GAP + beside + half) * dot;
            let [from, to] = [0.0, 1.0].map(|share| edge.beside(share, (TICK + 2.0) * dot));
            if is_alone {
                self.line(sheet, from, to, ink);
                for (end, share) in [(from, 0.0), (to, 1.0)] {
                    self.line(sheet, end, edge.beside(share, 3.0 * dot), ink);
                }
            }
            self.write(sheet, edge.beside(0.5, gap), &text, ink);
        }
    }

    /// Writes a line with its middle at a place, with a rim in which it can be read, inside of the
    /// cell.
    fn write(&self, sheet: &mut Picture, middle: [f64; 2], text: &str, ink: Rgba) {
        let dot = self.dot;
        let size = [text.chars().count() as u32 * ADVANCE * dot - dot, HEIGHT * dot];
        let room = [self.width, self.height];
        let corner = [self.left, self.top];
        if size[0] + 2 * dot > room[0] || size[1] + 2 * dot > room[1] {
            return;
        }
        let place = [0, 1].map(|i| {
            let least = corner[i] + dot;
            let most = corner[i] + room[i] - size[i] - dot;
            ((middle[i] - f64::from(size[i]) / 2.0).max(0.0) as u32).clamp(least, most)
        });
        let rim = if ink == Rgba::WHITE { Rgba::opaque(0, 0, 0) } else { Rgba::WHITE };
        for step in [[0, 1], [1, 0], [1, 2], [2, 1]] {
            let place = [0, 1].map(|i| place[i] + step[i] * dot - dot);
            font::write(sheet, place, text, (rim, dot));
        }
        font::write(sheet, place, text, (ink, dot));
    }

    /// Draws a line inside of the cell.
    fn line(&self, sheet: &mut Picture, from: [f64; 2], to: [f64; 2], color: Rgba) {
        let steps = (distance(from, to).min(32_768.0)).ceil().max(1.0);
        let (low, high) = ([self.left, self.top], [self.left + self.width, self.top + self.height]);
        for step in 0..=steps as u32 {
            let share = f64::from(step) / steps;
            let [x, y] =
                [0, 1].map(|i| (from[i] + (to[i] - from[i]) * share + NUDGE).max(0.0) as u32);
            for (x, y) in (0..self.dot * self.dot).map(|i| (x + i % self.dot, y + i / self.dot)) {
                if (low[0]..high[0]).contains(&x) && (low[1]..high[1]).contains(&y) {
                    sheet.set(x, y, color);
                }
            }
        }
    }
}

/// The least of 1, 2, 5, 10, 20, 50 ... that is at least so much.
pub(super) fn round_step(least: f64) -> i64 {
    let mut step = 1i64;
    loop {
        for factor in [1, 2, 5] {
            if (step * factor) as f64 >= least || step > i64::from(i32::MAX) {
                return step * factor;
            }
        }
        step *= 10;
    }
}

/// A corner of a box by the sides that it has of each axis.
fn corner(bounds: &Bounds, high: [bool; 3]) -> Vec3 {
    [0, 1, 2].map(|axis| if high[axis] { bounds.max[axis] } else { bounds.min[axis] } as f64)
}

/// How far along an edge of a box a coordinate is drawn: a perspective shortens what is farther.
fn share_along(edge: &Edge, bounds: &Bounds, at: i64) -> f64 {
    let (low, high) = (bounds.min[edge.axis], bounds.max[edge.axis]);
    let share = (at - low) as f64 / (high - low) as f64;
    let [near, far] = edge.depths;
    share * far / (near * (1.0 - share) + far * share)
}

/// The edge of each axis along the outline of a box that is the most to the lower left; none of an
/// axis that points at the viewer.
fn edges(projector: &Projector, bounds: &Bounds) -> Vec<Edge> {
    let middle = [0, 1, 2].map(|axis| (bounds.min[axis] + bounds.max[axis]) as f64 / 2.0);
    let ([middle_x, middle_y], _) = projector.project(middle);
    let is_seen = |axis: usize, high: bool| match projector.scale {
        Scale::Parallel(_) => {
            let along = projector.frame.forward[axis];
            if high { along < -1e-9 } else { along > 1e-9 }
        }
        Scale::Focal(_) if high => projector.eye[axis] > bounds.max[axis] as f64,
        Scale::Focal(_) => projector.eye[axis] < bounds.min[axis] as f64,
    };
    let mut found = Vec::new();
    for axis in 0..3 {
        let [u, v] = [(axis + 1) % 3, (axis + 2) % 3];
        let mut best: Option<(f64, Edge)> = None;
        for (on_u, on_v) in [(false, false), (true, false), (false, true), (true, true)] {
            if is_seen(u, on_u) == is_seen(v, on_v) {
                continue;
            }
            let mut high = [false; 3];
            (high[u], high[v]) = (on_u, on_v);
            let (from, near) = projector.project(corner(bounds, high));
            high[axis] = true;
            let (to, far) = projector.project(corner(bounds, high));
            if !projector.is_parallel() && (near < NEAR || far < NEAR) {
                continue;
            }
            let along = [to[0] - from[0], to[1] - from[1]];
            let length = distance(from, to);
            if !(LEAST_EDGE..=1e6).contains(&length) {
                continue;
            }
            let mut outward = [-along[1] / length, along[0] / length];
            let center = [(from[0] + to[0]) / 2.0, (from[1] + to[1]) / 2.0];
            let away = [center[0] - middle_x, center[1] - middle_y];
            if outward[0] * away[0] + outward[1] * away[1] < 0.0 {
                outward = outward.map(|part| -part);
            }
            // Along the bottom rather than the left.
            let depths = if projector.is_parallel() { [1.0; 2] } else { [near, far] };
            let worth = 2.0 * center[1] - center[0];
            if best.as_ref().is_none_or(|(most, _)| worth > *most) {
                best = Some((worth, Edge { axis, from, to, outward, depths }));
            }
        }
        found.extend(best.map(|(_, edge)| edge));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::View;
    use crate::render::Viewpoint;

    const BOX: Bounds = Bounds { min: [0; 3], max: [30, 20, 10] };

    #[test]
    fn steps_are_round() {
        for (least, step) in [(0.1, 1), (1.5, 2), (3.0, 5), (7.0, 10), (11.0, 20), (480.0, 500)] {
            assert_eq!(round_step(least), step);
        }
    }

    #[test]
    fn a_straight_view_has_two_edges_and_an_oblique_one_three() {
        let axes = |view: View| -> Vec<usize> {
            let projector = Projector::new(&view.into(), &BOX.into(), [200, 200]).unwrap();
            edges(&projector, &BOX).iter().map(|edge| edge.axis).collect()
        };
        assert_eq!(axes(View::Front), [0, 2]);
        assert_eq!(axes(View::Top), [0, 1]);
        assert_eq!(axes(View::Right), [1, 2]);
        assert_eq!(axes(View::Isometric), [0, 1, 2]);
    }

    #[test]
    fn edges_lie_outside_of_the_model() {
        let around = Viewpoint::Orbit {
            yaw: 30.0,
            pitch: 20.0,
            distance: None,
            target: None,
            lens: crate::render::Lens::default(),
        };
        for view in [View::Isometric.into(), View::Front.into(), around] {
            let projector = Projector::new(&view, &BOX.into(), [200, 200]).unwrap();
            for edge in edges(&projector, &BOX) {
                let [x, y] = edge.beside(0.5, 2.0);
                let ray = projector.rays().ray(x, y);
                let mut block = crate::voxel::Volume::new();
                block.fill(BOX, Rgba::WHITE);
                let hit = crate::render::raycast(&block, ray.at(-500.0), ray.direction);
                assert!(hit.is_none(), "{view:?} {}", edge.axis);
            }
        }
    }
}
