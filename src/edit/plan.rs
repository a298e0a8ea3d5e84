//! From an operation to its work.

use super::extrude::Extrude;
use super::fill::Fill;
use super::filter::Filter;
use super::layers::find;
use super::put::put;
use super::runner::Limits;
use super::stamp::Stamp;
use super::transform::{GridMap, Images, Placing, Transform};
use super::work::{Begin, Blocks, OnCopy, Refusal, Work};
use super::{drawn, solid, surface};
use crate::api::bulk::VoxelEntry;
use crate::api::operations::forms::*;
use crate::api::operations::values::{BoxValue, Factor, VoxelList};
use crate::api::operations::{Form, Operation};
use crate::api::words::Mode;
use crate::document::{Document, LayerId};
use crate::voxel::{BlendMode, Bounds, Brush, Draw, Rgba, Shape, Volume};

/// What an operation has to do with the document it is begun on.
pub(super) struct Plan<'a> {
    pub(super) document: &'a Document,
    pub(super) layer: LayerId,
    pub(super) volume: &'a Volume,
    pub(super) limits: &'a Limits,
}

/// The colour of an operation that cannot do without.
fn needed(operation: &Operation) -> Result<Rgba, Refusal> {
    let why = || {
        let (op, mode) = (operation.form.name(), operation.mode.word());
        format!("'{op}' with mode '{mode}' needs a color")
    };
    match operation.color {
        Some(color) => Ok(color),
        None if operation.mode.shows_color() => Err(Refusal::rule("color", why())),
        None => Ok(Rgba::WHITE),
    }
}

fn within(value: Option<BoxValue>) -> Option<Bounds> {
    value.map(|value| value.0)
}

impl Plan<'_> {
    /// The operation's work.
    pub(super) fn begin(&self, operation: Operation) -> Result<Box<dyn Work>, Refusal> {
        let blend = operation.mode.blend();
        if let Some(shape) = solid::shape_of(&operation.form) {
            return self.draw(&shape?, &operation);
        }
        let color = needed(&operation);
        match operation.form {
            Form::Voxels(f) => return self.put_voxels(f, color, blend),
            Form::Heightmap(f) => return self.put_heights(f, color, blend),
            Form::Map(f) => {
                let total = f.rows.0.iter().map(String::len).sum::<usize>() as u64;
                return Ok(put(drawn::map_voxels(f)?, total, blend));
            }
            _ => {}
        }
        match &operation.form {
            Form::Copy(f) => self.copy(f, operation.source.as_ref(), blend),
            Form::Move(f) => self.move_box(f, blend),
            Form::Mirror(f) => self.mirror(f, blend),
            Form::Rotate(f) => self.rotate(f, blend),
            Form::Scale(f) => self.scale(f, blend),
            Form::ReplaceColor(f) => {
                let rule = surface::replace_color(f.from, f.to, f.tolerance);
                Ok(Box::new(Filter::new(self.volume, within(f.within), rule)))
            }
            Form::Fill(f) => {
                let room = within(f.within).unwrap_or_else(|| self.room());
                let color = (color?, blend);
                let (at, limit) = (f.at.into(), self.limits.voxels);
                Ok(Box::new(Fill::new(self.volume, at, f.tolerance, room, color, limit)?))
            }
            Form::Clear(f) => self.clear(f),
            Form::Extrude(f) => {
                let limit = self.limits.voxels;
                Ok(Box::new(Extrude::new(self.volume, f, operation.color, blend, limit)?))
            }
            Form::Hollow(f) => {
                let rule = surface::hollow(f.thickness.0 as i32);
                Ok(Box::new(Filter::new(self.volume, within(f.within), rule)))
            }
            Form::Shell(f) => {
                let rule = surface::shell(f.thickness.0 as i32, operation.color);
                let (room, reach) = (within(f.within), f.thickness.0);
                Ok(Box::new(Filter::growing(self.volume, room, reach, rule)))
            }
            Form::Smooth(f) => {
                let room = within(f.within);
                let pass = || -> Begin {
                    Box::new(move |volume| {
                        Box::new(Filter::growing(volume, room, 1, surface::smooth()))
                    })
                };
                Ok(Box::new(OnCopy::new((0..f.amount.0).map(|_| pass()).collect())))
            }
            Form::Noise(f) => {
                let rule = match operation.mode {
                    Mode::Subtract => surface::erosion(f.amount.0, f.seed),
                    _ => surface::brightness(f.amount.0, f.seed),
                };
                Ok(Box::new(Filter::new(self.volume, within(f.within), rule)))
            }
            Form::Combine(f) => self.combine(f, blend),
            // Every form that is left draws a shape.
            _ => Err(Refusal::rule("op", "has no work")),
        }
    }

    /// The canvas and everything drawn: what an unbounded fill may reach.
    fn room(&self) -> Bounds {
        let drawn = self.volume.block_bounds();
        Bounds::union_of(Some(self.document.canvas), drawn).unwrap_or(self.document.canvas)
    }

    fn draw(&self, shape: &Shape, operation: &Operation) -> Result<Box<dyn Work>, Refusal> {
        let color = needed(operation)?;
        let blend = operation.mode.blend();
        if blend.adds() && !color.is_empty() {
            let room = shape.bounds().map_or(0, |bounds| bounds.capacity());
            self.admit(u64::try_from(room).unwrap_or(u64::MAX))?;
        }
        let brush = Brush::new(color).mode(blend);
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
        Ok(match points.is_empty() {
            true => put(voxels.into_iter().map(colored), total, blend),
            false => put(points.into_iter().chain(voxels).map(colored), total, blend),
        })
    }

    fn put_heights(
        &self,
        fields: HeightmapFields,
        color: Result<Rgba, Refusal>,
        blend: BlendMode,
    ) -> Result<Box<dyn Work>, Refusal> {
        let color = if fields.gradient.is_some() { Rgba::WHITE } else { color? };
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

    fn mirror(&self, fields: &MirrorFields, mode: BlendMode) -> Result<Box<dyn Work>, Refusal> {
        let plane = halves("at", fields.at)?;
        let image = Images::one(GridMap::mirror(fields.axis.index(), plane));
        let (part, placing) = (within(fields.within), Placing::Images(image));
        Ok(match fields.both {
            true => Box::new(Transform::new(self.volume, part, placing, mode)),
            false => self.replaced(part, placing, mode),
        })
    }

    fn rotate(&self, fields: &RotateFields, mode: BlendMode) -> Result<Box<dyn Work>, Refusal> {
        let part = within(fields.within);
        let (axis, turns) = (fields.axis.index(), i64::from(fields.turns));
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
                let bounds = part.or_else(|| self.volume.bounds()).unwrap_or(Bounds::ALL);
                center = std::array::from_fn(|i| bounds.min[i] + bounds.max[i] - 1);
                // An oblong of odd and even sides has no such middle: half a voxel less has.
                center[u] -= (center[u] + center[v]).rem_euclid(2);
            }
        }
        let image = Images::one(GridMap::rotation(axis, turns, center));
        Ok(self.replaced(part, Placing::Images(image), mode))
    }

    fn scale(&self, fields: &ScaleFields, mode: BlendMode) -> Result<Box<dyn Work>, Refusal> {
        let part = within(fields.within);
        let lowest = || part.or_else(|| self.volume.bounds()).map_or([0; 3], |bounds| bounds.min);
        let center = fields.center.map_or_else(lowest, |center| center.map(i64::from));
        let placing = match fields.factor {
            Factor::Up(factor) => {
                let factor = i64::from(factor);
                let grown = self.volume.count().saturating_mul((factor * factor * factor) as u64);
                self.admit(grown)?;
                Placing::Up(factor, center)
            }
            Factor::Down(divisor) => Placing::Down(i64::from(divisor), center),
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
