//! Solids made of boxes: prisms and ramps, stairs, walls.

use super::work::{Refusal, Work};
use crate::api::operations::forms::{StairsFields, WallsFields, WedgeFields};
use crate::api::words::Direction;
use crate::job::Progress;
use crate::voxel::{Axis, BlockEdit, Bounds, Brush, Draw, EditReport, Shape, Volume};

/// A list of boxes that do not overlap.
pub(super) type Boxes = Vec<Bounds>;

fn box_of(min: [i32; 3], max: [i32; 3]) -> Bounds {
    Bounds::inclusive(min, max)
}

/// The axis that stays, the one that it is high on with a sign, and the third one.
fn axes(fields: &WedgeFields, usual: Direction) -> Result<(usize, (usize, i64), usize), Refusal> {
    let side = fields.side.unwrap_or(usual);
    let (high, sign) = side.axis_and_sign();
    let other_horizontal = if high == 1 { 0 } else { 1 };
    let stays = fields.axis.map_or(other_horizontal, Axis::index);
    if stays == high {
        let message = "'side' must lie across 'axis', along which the triangle stays the same";
        return Err(Refusal::rule("side", message));
    }
    Ok((stays, (high, sign), 3 - stays - high))
}

/// A prism: a triangle along an axis, with its tip on the high side.
pub(super) fn prism(fields: &WedgeFields) -> Result<Boxes, Refusal> {
    let (_, (high, sign), across) = axes(fields, Direction::Up)?;
    let all = box_of(fields.min, fields.max);
    let [width, height] = [across, high].map(|axis| all.dimensions()[axis]);
    let row = |level: i64| {
        // From its full width at the foot to one or two voxels at the ridge.
        let inset = part_of((width - 1) / 2, level, height);
        let mut part = all;
        (part.min[across], part.max[across]) = (all.min[across] + inset, all.max[across] - inset);
        let place = if sign > 0 { all.min[high] + level } else { all.max[high] - 1 - level };
        (part.min[high], part.max[high]) = (place, place + 1);
        part
    };
    Ok((0..height).map(row).collect())
}

/// A ramp that is high on a side.
pub(super) fn wedge(fields: &WedgeFields) -> Result<Boxes, Refusal> {
    let (_, (along, sign), up) = axes(fields, Direction::Right)?;
    let all = box_of(fields.min, fields.max);
    let [length, height] = [along, up].map(|axis| all.dimensions()[axis]);
    // From one voxel at the low end to the full height at the high one.
    let tall = |index: i64| match length {
        1 => height,
        _ => 1 + part_of(height - 1, index, length),
    };
    Ok(columns(all, (along, sign), up, tall))
}

/// How much of `all` is reached at a place of so many, from nothing at the first to all of it at
/// the last.
fn part_of(all: i64, place: i64, places: i64) -> i64 {
    match places {
        0 | 1 => 0,
        _ => (all * place * 2 + places - 1) / ((places - 1) * 2),
    }
}

/// Solid stairs that go up one way.
pub(super) fn stairs(fields: &StairsFields) -> Result<Boxes, Refusal> {
    let (along, sign) = fields.direction.axis_and_sign();
    if along == 2 {
        let message = "stairs go up towards \"+x\", \"-x\", \"+y\" or \"-y\"";
        return Err(Refusal::rule("direction", message));
    }
    let all = box_of(fields.min, fields.max);
    let [length, height] = [along, 2].map(|axis| all.dimensions()[axis]);
    Ok(columns(all, (along, sign), 2, |index| ((index + 1) * height + length - 1) / length))
}

/// Columns along an axis, each as tall as `tall` says.
fn columns(
    all: Bounds,
    (along, sign): (usize, i64),
    up: usize,
    tall: impl Fn(i64) -> i64,
) -> Boxes {
    let length = all.dimensions()[along];
    let column = |index: i64| {
        let mut part = all;
        let place = if sign > 0 { all.min[along] + index } else { all.max[along] - 1 - index };
        (part.min[along], part.max[along]) = (place, place + 1);
        part.max[up] = (all.min[up] + tall(index)).min(all.max[up]);
        part
    };
    (0..length).map(column).filter(|part| part.min[up] < part.max[up]).collect()
}

/// The four walls of a box.
pub(super) fn walls(fields: &WallsFields) -> Boxes {
    let all = box_of(fields.min, fields.max);
    let thickness = fields.thickness.0;
    let [width, depth, _] = all.dimensions();
    if 2 * thickness >= width.min(depth) {
        return vec![all];
    }
    let (inner_low, inner_high) = (all.min[1] + thickness, all.max[1] - thickness);
    let part = |low: [i64; 2], high: [i64; 2]| Bounds {
        min: [low[0], low[1], all.min[2]],
        max: [high[0], high[1], all.max[2]],
    };
    vec![
        part([all.min[0], all.min[1]], [all.max[0], inner_low]),
        part([all.min[0], inner_high], [all.max[0], all.max[1]]),
        part([all.min[0], inner_low], [all.min[0] + thickness, inner_high]),
        part([all.max[0] - thickness, inner_low], [all.max[0], inner_high]),
    ]
}

/// Boxes drawn one after another.
pub(super) struct DrawBoxes {
    boxes: std::vec::IntoIter<Bounds>,
    brush: Brush,
    drawing: Option<Draw>,
    total: u64,
}

impl DrawBoxes {
    pub(super) fn new(boxes: Boxes, brush: Brush) -> Self {
        let total = boxes.len() as u64;
        DrawBoxes { boxes: boxes.into_iter(), brush, drawing: None, total }
    }
}

impl Work for DrawBoxes {
    fn step(&mut self, volume: &mut Volume, report: &mut EditReport) -> Result<bool, Refusal> {
        match &mut self.drawing {
            Some(drawing) => {
                if !drawing.next_block(volume, report) {
                    self.drawing = None;
                }
            }
            None => match self.boxes.next() {
                Some(part) => {
                    self.drawing = Some(Draw::new(volume, &Shape::cuboid(part), &self.brush));
                }
                None => return Ok(false),
            },
        }
        Ok(true)
    }

    fn progress(&self) -> Progress {
        Progress { done: self.total - self.boxes.len() as u64, total: self.total }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(boxes: &Boxes) -> u128 {
        boxes.iter().map(Bounds::capacity).sum()
    }

    #[test]
    fn a_gable_roof_is_full_at_its_foot_and_one_wide_at_its_ridge() {
        let (min, max) = ([-4, 0, 0], [4, 2, 4]);
        let roof = prism(&WedgeFields { min, max, axis: None, side: None }).unwrap();
        let widths: Vec<i64> = roof.iter().map(|part| part.dimensions()[0]).collect();
        assert_eq!(widths, [9, 7, 5, 3, 1]);
        let down = WedgeFields { min, max, axis: Some(Axis::Y), side: Some(Direction::Down) };
        assert_eq!(prism(&down).unwrap()[0].min[2], 4);
    }

    #[test]
    fn a_ramp_rises_to_its_high_side_and_stairs_by_whole_steps() {
        let (min, max) = ([0, 0, 0], [3, 0, 3]);
        let ramp = WedgeFields { min, max, axis: None, side: Some(Direction::Left) };
        let heights: Vec<i64> =
            wedge(&ramp).unwrap().iter().map(|part| part.dimensions()[2]).collect();
        assert_eq!(heights, [1, 2, 3, 4]);
        let up = StairsFields { min, max: [7, 0, 3], direction: Direction::Right };
        let steps: Vec<i64> = stairs(&up).unwrap().iter().map(|p| p.dimensions()[2]).collect();
        assert_eq!(steps, [1, 1, 2, 2, 3, 3, 4, 4]);
        let across = WedgeFields { min, max, axis: Some(Axis::X), side: Some(Direction::Left) };
        assert!(wedge(&across).is_err());
    }

    #[test]
    fn walls_have_neither_floor_nor_lid() {
        let thickness = crate::api::value::InRange(1);
        let four = walls(&WallsFields { min: [0, 0, 0], max: [9, 7, 5], thickness });
        assert_eq!(count(&four), (10 * 8 - 8 * 6) * 6);
        let full = walls(&WallsFields { min: [0, 0, 0], max: [1, 7, 5], thickness });
        assert_eq!(count(&full), 2 * 8 * 6);
    }
}
