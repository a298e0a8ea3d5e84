//! From an operation to its work.

mod plain;

use super::cells::Cells;
use super::extent::Extent;
use super::extrude::Extrude;
use super::fill::Fill;
use super::filter::Filter;
use super::images::{Move, all_images, images_of};
use super::layers::find;
use super::put::{put, put_once};
use super::runner::Limits;
use super::sketch::{Desk, Drawing, Ink, Remaking, Remark, changed, cut, lay};
use super::stamp::Stamp;
use super::stepped::DrawBoxes;
use super::transform::{GridMap, Images, Placing, Shrinking, Transform};
use super::work::{Begin, Blocks, OnCopy, Refusal, Work, addressable, unmarked};
use super::{again, drawn, paint, solid, stepped, surface, traced};
use crate::api::bulk::VoxelEntry;
use crate::api::operations::forms::*;
use crate::api::operations::richer::{Symmetry, Within};
use crate::api::operations::values::{Factor, VoxelList};
use crate::api::operations::{Form, Operation};
use crate::api::words::Mode;
use crate::document::{Document, LayerId};
use crate::job;
use crate::voxel::{BlendMode, Bounds, Brush, Draw, Rgba, Shape, Volume};

/// What an operation has to do with the document it is begun on.
pub(super) struct Plan<'a> {
    pub(super) document: &'a Document,
    pub(super) layer: LayerId,
    pub(super) volume: &'a Volume,
    pub(super) limits: &'a Limits,
    pub(super) extent: Extent,
}

/// The colour of an operation that cannot do without.
fn needed(operation: &Operation) -> Result<Rgba, Refusal> {
    let why = || format!("'{}' needs a color", operation.form.name());
    match operation.color {
        Some(color) => Ok(color),
        None if operation.mode.shows_color() => Err(Refusal::rule("color", why())),
        None => Ok(Rgba::WHITE),
    }
}

/// What an operation does with the cells that it is kept to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// Only these change, which it sees to itself where they are a box.
    Box,
    /// It takes what is there and puts it elsewhere.
    Taken,
    /// It chooses places there.
    Chosen,
    /// Only these change, which somebody else sees to.
    Outside,
}

fn kept(form: &Form) -> Kept {
    match form {
        Form::ReplaceColor(_)
        | Form::Fill(_)
        | Form::Hollow(_)
        | Form::Shell(_)
        | Form::Smooth(_)
        | Form::Noise(_)
        | Form::Paint(_) => Kept::Box,
        Form::Mirror(_) | Form::Rotate(_) | Form::Scale(_) => Kept::Taken,
        Form::Scatter(_) => Kept::Chosen,
        _ => Kept::Outside,
    }
}

impl Plan<'_> {
    /// The operation's work.
    pub(super) fn begin(&self, mut operation: Operation) -> Result<Box<dyn Work>, Refusal> {
        if let Some(symmetry) = operation.symmetry.take() {
            return self.symmetric(operation, symmetry);
        }
        let Some(within) = operation.within else { return self.plain(operation, None) };
        let cells = Cells::of(self.document, within)?;
        match kept(&operation.form) {
            Kept::Chosen => self.plain(operation, None),
            Kept::Taken => match cells.mask {
                None => self.plain(operation, Some(cells.bounds)),
                Some(_) => Ok(self.taken(operation, cells)),
            },
            Kept::Box if cells.mask.is_none() => self.plain(operation, Some(cells.bounds)),
            Kept::Box => Ok(self.kept_to(operation, cells)),
            Kept::Outside if cells.mask.is_none() && operation.mode != Mode::Intersect => {
                match solid::shape_of(&operation.form) {
                    Some(shape) => self.draw(&shape?, &operation, Some(cells.bounds)),
                    None => Ok(self.kept_to(operation, cells)),
                }
            }
            Kept::Outside => Ok(self.kept_to(operation, cells)),
        }
    }

    fn desk(&self) -> Desk {
        let mut document = self.document.clone();
        if let Some(layer) = document.layer_mut(self.layer) {
            layer.volume = unmarked(self.volume);
        }
        Desk { document, layer: self.layer, limits: *self.limits, remark: Remark::default() }
    }

    /// Work of which only what lies in some cells is taken over.
    fn kept_to(&self, mut operation: Operation, cells: Cells) -> Box<dyn Work> {
        let (desk, mut copy) = (self.desk(), unmarked(self.volume));
        operation.within =
            Some(Within::Box(cells.bounds)).filter(|_| kept(&operation.form) == Kept::Box);
        let making = job::Work::new(|slice| async move {
            desk.run(operation, &mut copy, &slice).await?;
            Ok(copy)
        });
        Remaking::of(making, Some(cells))
    }

    /// Work on the voxels of some cells, which are taken away and put back otherwise.
    fn taken(&self, mut operation: Operation, cells: Cells) -> Box<dyn Work> {
        let (desk, mut copy) = (self.desk(), unmarked(self.volume));
        operation.within = None;
        let mode = operation.mode.blend();
        let making = job::Work::new(|slice| async move {
            let mut part = cut(&copy, &cells, &slice).await;
            lay(part.clone(), BlendMode::Subtract, &mut copy, &slice).await?;
            desk.run(operation, &mut part, &slice).await?;
            lay(part, mode, &mut copy, &slice).await?;
            Ok(copy)
        });
        Remaking::of(making, None)
    }

    /// What an operation draws, and its images.
    fn symmetric(
        &self,
        mut operation: Operation,
        symmetry: Symmetry,
    ) -> Result<Box<dyn Work>, Refusal> {
        let images = images_of(&symmetry, self.document);
        let (desk, slice_of) = (self.desk(), unmarked(self.volume));
        let within = operation.within.take();
        let cells = within.map(|within| Cells::of(self.document, within)).transpose()?;
        let drawn = again::draws(&operation.form);
        if !drawn && !matches!(operation.form, Form::Fill(_) | Form::Extrude(_)) {
            let message = format!("'{}' draws nothing that has images", operation.form.name());
            return Err(Refusal::rule("symmetry", message));
        }
        if matches!(operation.form, Form::Scatter(_) | Form::Fill(_)) {
            operation.within = within;
        }
        let making = job::Work::new(|slice| async move {
            let inks = if drawn {
                again::ink_of(&desk, operation, &slice).await?
            } else {
                let (before, mut after) = (slice_of.clone(), slice_of);
                desk.run(operation, &mut after, &slice).await?;
                let volume = changed(&before, &after, &slice).await;
                vec![Ink { volume, mode: BlendMode::Replace }]
            };
            let mut all = Vec::new();
            for Ink { volume, mode } in inks {
                let volume = all_images(&desk, volume, &images, &slice).await?;
                all.push(Ink { volume, mode });
            }
            Ok(all)
        });
        Ok(match cells {
            None => Drawing::of(making),
            Some(cells) => {
                let mut copy = unmarked(self.volume);
                let kept = job::Work::new(|slice| async move {
                    for Ink { volume, mode } in slice.run(making).await? {
                        lay(volume, mode, &mut copy, &slice).await?;
                    }
                    Ok(copy)
                });
                Remaking::of(kept, Some(cells))
            }
        })
    }

    fn boxes(
        &self,
        boxes: stepped::Boxes,
        color: Rgba,
        mode: BlendMode,
    ) -> Result<Box<dyn Work>, Refusal> {
        let room = boxes.iter().map(Bounds::capacity).sum::<u128>();
        self.admit(u64::try_from(room).unwrap_or(u64::MAX))?;
        if mode.erases_outside() && mode != BlendMode::Replace {
            let voxels = boxes.into_iter().flat_map(|part| {
                let [low, high] = [part.min, part.max];
                let row = move |y, z| (low[0]..high[0]).map(move |x| [x, y, z]);
                let plane = move |z| (low[1]..high[1]).flat_map(move |y| row(y, z));
                (low[2]..high[2]).flat_map(plane)
            });
            let found = voxels.map(move |at| addressable(at).map(|point| (point, color)));
            return Ok(put(found, room as u64, mode));
        }
        Ok(Box::new(DrawBoxes::new(boxes, Brush::new(color).mode(mode))))
    }

    /// Another model, mirrored and turned, with its lowest corner at a place.
    fn stamp(
        &self,
        fields: StampFields,
        source: Option<Volume>,
        mode: BlendMode,
    ) -> Result<Box<dyn Work>, Refusal> {
        let missing = || Refusal::rule("path", "give the path of a file, or from_project");
        let source = source.ok_or_else(missing)?;
        let mirror = match fields.mirror {
            Some(axis) => GridMap::mirror(axis.index(), 0),
            None => GridMap::translation([0; 3]),
        };
        let turn = GridMap::rotation(2, fields.turns.0, [0; 3]);
        let desk = self.desk();
        Ok(Drawing::of(job::Work::new(|slice| async move {
            let bounds = source.bounds_in_slices(true, &slice).await;
            let Some(bounds) = bounds else { return Ok(Vec::new()) };
            let low = turn.apply_to_box(&mirror.apply_to_box(&bounds)).min;
            let offset = std::array::from_fn(|axis| i64::from(fields.at[axis]) - low[axis]);
            let grid = |map| Box::new(Move::Grid(map));
            let there = Move::Both(grid(turn), grid(GridMap::translation(offset)));
            let image = Move::Both(grid(mirror), Box::new(there));
            let volume = all_images(&desk, source, &[image], &slice).await?;
            Ok(vec![Ink { volume, mode }])
        })))
    }

    /// The canvas and everything drawn: what an unbounded fill may reach.
    fn room(&self) -> Bounds {
        let drawn = self.volume.block_bounds();
        Bounds::union_of(Some(self.document.canvas), drawn).unwrap_or(self.document.canvas)
    }

    fn draw(
        &self,
        shape: &Shape,
        operation: &Operation,
        within: Option<Bounds>,
    ) -> Result<Box<dyn Work>, Refusal> {
        let color = needed(operation)?;
        let blend = operation.mode.blend();
        if blend.adds() && !color.is_empty() {
            let room = shape.bounds().map_or(0, |bounds| bounds.capacity());
            self.admit(u64::try_from(room).unwrap_or(u64::MAX))?;
        }
        let brush = Brush::new(color).mode(blend);
        let brush = match within {
            Some(bounds) => brush.clip(bounds),
            None => brush,
        };
        Ok(Box::new(Blocks(Draw::new(self.volume, shape, &brush))))
    }

    fn admit(&self, wanted: u64) -> Result<(), Refusal> {
        let limit = self.limits.voxels;
        if wanted > limit { Err(Refusal::TooManyVoxels { wanted, limit }) } else { Ok(()) }
    }

    fn put_voxels(
        &self,
        fields: VoxelsFields,
        color: Result<Rgba, Refusal>,
        blend: BlendMode,
    ) -> Result<Box<dyn Work>, Refusal> {
        let VoxelsFields { points: VoxelList(points), voxels: VoxelList(voxels) } = fields;
        if points.is_empty() && voxels.is_empty() {
            return Err(Refusal::rule("voxels", "give points, or voxels with colors"));
        }
        let plain = points.iter().chain(&voxels).any(|entry| entry.color.is_none());
        let color = if plain { color? } else { Rgba::WHITE };
        let total = (points.len() + voxels.len()) as u64;
        self.admit(total)?;
        let colored = move |entry: VoxelEntry| Ok((entry.point, entry.color.unwrap_or(color)));
        Ok(if points.is_empty() {
            put(voxels.into_iter().map(colored), total, blend)
        } else {
            put(points.into_iter().chain(voxels).map(colored), total, blend)
        })
    }

    fn put_heights(
        &self,
        fields: HeightmapFields,
        color: Result<Rgba, Refusal>,
        blend: BlendMode,
    ) -> Result<Box<dyn Work>, Refusal> {
        let color = if fields.gradient.is_some() { Rgba::WHITE } else { color? };
        let width = fields.rows.0.first().map_or(0, Vec::len);
        if let Some(ragged) = fields.rows.0.iter().position(|row| row.len() != width) {
            let got = fields.rows.0[ragged].len();
            let message =
                format!("row {ragged} has {got} heights, row 0 has {width}: give as many in each");
            return Err(Refusal::rule("rows", message));
        }
        let total = drawn::heightmap_total(&fields);
        self.admit(total)?;
        Ok(put(drawn::heightmap_voxels(fields, color), total, blend))
    }

    fn copy(
        &self,
        fields: &CopyFields,
        source: Option<&Volume>,
        mode: BlendMode,
    ) -> Result<Box<dyn Work>, Refusal> {
        let source = source.unwrap_or(self.volume);
        let (part, images) = self.repetitions(source, fields)?;
        Ok(Box::new(Transform::new(source, Some(part), Placing::Images(images), mode)))
    }

    fn move_box(&self, fields: &CopyFields, mode: BlendMode) -> Result<Box<dyn Work>, Refusal> {
        let (part, images) = self.repetitions(self.volume, fields)?;
        Ok(self.replaced(Some(part), Placing::Images(images), mode))
    }

    fn repetitions(
        &self,
        source: &Volume,
        fields: &CopyFields,
    ) -> Result<(Bounds, Images), Refusal> {
        let part = Bounds::inclusive(fields.min, fields.max);
        let step = match (fields.times, fields.step) {
            (0, _) => return Err(Refusal::rule("times", "must be 1 or more")),
            (1, step) => step.unwrap_or_default(),
            (_, Some(step)) => step,
            (_, None) => return Err(Refusal::rule("step", "times above 1 needs a step")),
        };
        let drawn = source.block_count() as u64 * 4096;
        let size = u64::try_from(part.capacity()).unwrap_or(u64::MAX).min(drawn);
        self.admit(size.saturating_mul(u64::from(fields.times)))?;
        self.admit(u64::from(fields.times))?;
        let offset = std::array::from_fn(|i| i64::from(fields.to[i]) - part.min[i]);
        let (first, step) = (GridMap::translation(offset), step.map(i64::from));
        Ok((part, Images { first, step, times: i64::from(fields.times) }))
    }

    /// A part taken away and put back otherwise.
    fn replaced(&self, part: Option<Bounds>, placing: Placing, mode: BlendMode) -> Box<dyn Work> {
        let source = self.volume.clone();
        let erase: Begin = Box::new(move |volume| erasing(volume, part));
        let put: Begin = Box::new(move |_| Box::new(Transform::new(&source, part, placing, mode)));
        Box::new(OnCopy::new(vec![erase, put]))
    }

    fn mirror(
        &self,
        fields: &MirrorFields,
        part: Option<Bounds>,
        mode: BlendMode,
    ) -> Result<Box<dyn Work>, Refusal> {
        let plane = halves("at", fields.at)?;
        let image = Images::one(GridMap::mirror(fields.axis.index(), plane));
        let placing = Placing::Images(image);
        Ok(if fields.both {
            Box::new(Transform::new(self.volume, part, placing, mode))
        } else {
            self.replaced(part, placing, mode)
        })
    }

    fn rotate(
        &self,
        fields: &RotateFields,
        part: Option<Bounds>,
        mode: BlendMode,
    ) -> Result<Box<dyn Work>, Refusal> {
        if let Some(degrees) = fields.angle {
            return Ok(self.rotate_by(fields, degrees, part, mode));
        }
        let (axis, turns) = (fields.axis.index(), fields.turns.map_or(1, |turns| turns.0));
        let (u, v) = ((axis + 1) % 3, (axis + 2) % 3);
        let mut center = [0; 3];
        match fields.center {
            Some(given) => {
                for (to, from) in center.iter_mut().zip(given) {
                    *to = halves("center", from)?;
                }
                if turns % 2 != 0 && (center[u] + center[v]) % 2 != 0 {
                    let message = "across the axis both coordinates must be whole, or both halves";
                    return Err(Refusal::rule("center", message));
                }
            }
            None => {
                let bounds = part.or(self.extent.bounds).unwrap_or(Bounds::ALL);
                center = std::array::from_fn(|i| bounds.min[i] + bounds.max[i] - 1);
                // An oblong of odd and even sides has no such middle: half a voxel less has.
                center[u] -= (center[u] + center[v]).rem_euclid(2);
            }
        }
        let image = Images::one(GridMap::rotation(axis, turns, center));
        Ok(self.replaced(part, Placing::Images(image), mode))
    }

    /// A turn by any angle.
    fn rotate_by(
        &self,
        fields: &RotateFields,
        degrees: f64,
        part: Option<Bounds>,
        mode: BlendMode,
    ) -> Box<dyn Work> {
        let bounds = part.or(self.extent.bounds).unwrap_or(Bounds::ALL);
        let middle = |axis: usize| (bounds.min[axis] + bounds.max[axis] - 1) as f64 / 2.0;
        let center = fields.center.unwrap_or([middle(0), middle(1), middle(2)]);
        let image = Move::turn(fields.axis, degrees, center);
        let cells = Cells { bounds: part.unwrap_or(Bounds::ALL), mask: None };
        let (desk, mut copy) = (self.desk(), unmarked(self.volume));
        let making = job::Work::new(|slice| async move {
            let part = cut(&copy, &cells, &slice).await;
            lay(part.clone(), BlendMode::Subtract, &mut copy, &slice).await?;
            let turned = all_images(&desk, part, &[image], &slice).await?;
            lay(turned, mode, &mut copy, &slice).await?;
            Ok(copy)
        });
        Remaking::of(making, None)
    }

    fn scale(
        &self,
        fields: &ScaleFields,
        part: Option<Bounds>,
        mode: BlendMode,
    ) -> Result<Box<dyn Work>, Refusal> {
        let lowest = || part.or(self.extent.bounds).map_or([0; 3], |bounds| bounds.min);
        let center = fields.center.map_or_else(lowest, |center| center.map(i64::from));
        let placing = match fields.factor {
            Factor::Up(factor) => {
                let factor = i64::from(factor);
                let grown = self.extent.voxels.saturating_mul((factor * factor * factor) as u64);
                self.admit(grown)?;
                Placing::Up(factor, center)
            }
            Factor::Down(divisor) => Placing::Down(Shrinking::new(i64::from(divisor), center)),
        };
        Ok(self.replaced(part, placing, mode))
    }

    fn clear(&self, fields: &ClearFields) -> Result<Box<dyn Work>, Refusal> {
        let part = match (fields.min, fields.max) {
            (Some(min), Some(max)) => Some(Bounds::inclusive(min, max)),
            (None, None) => None,
            _ => return Err(Refusal::rule("min", "min and max go together")),
        };
        Ok(erasing(self.volume, part))
    }

    fn combine(&self, fields: &CombineFields, mode: BlendMode) -> Result<Box<dyn Work>, Refusal> {
        let missing = || Refusal::NoSuchLayer(fields.source.0.clone());
        let id = find(self.document, &fields.source.0).map_err(|_| missing())?;
        let source = self.document.layer(id).ok_or_else(missing)?;
        if source.id == self.layer {
            let message = format!("layer {} cannot be combined with itself", source.id.0);
            return Err(Refusal::rule("source", message));
        }
        let copy = super::work::unmarked(&source.volume);
        Ok(Box::new(Stamp::new(self.volume, copy, mode)))
    }
}

fn erasing(volume: &Volume, part: Option<Bounds>) -> Box<dyn Work> {
    let shape = Shape::cuboid(part.unwrap_or(Bounds::ALL));
    let brush = Brush::new(Rgba::EMPTY).mode(BlendMode::Replace);
    Box::new(Blocks(Draw::new(volume, &shape, &brush)))
}

/// Twice a coordinate that is a multiple of one half.
fn halves(field: &'static str, value: f64) -> Result<i64, Refusal> {
    let twice = value * 2.0;
    if twice.fract() == 0.0 && twice.abs() <= 2f64.powi(33) {
        return Ok(twice as i64);
    }
    Err(Refusal::rule(field, format!("{value} is no multiple of one half")))
}
