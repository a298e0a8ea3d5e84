//! From an operation to its work.

use super::extrude::Extrude;
use super::fill::Fill;
use super::filter::Filter;
use super::put::Put;
use super::runner::Limits;
use super::solid;
use super::stamp::Stamp;
use super::surface;
use super::transform::{GridMap, Placing, Transform};
use super::work::{Begin, Blocks, OnCopy, Refusal, Work, addressable};
use crate::api::operations::forms::*;
use crate::api::operations::values::{BoxValue, Factor, MapOrigin, VoxelList};
use crate::api::operations::{Form, Operation};
use crate::api::words::Mode;
use crate::document::{Document, LayerId};
use crate::voxel::{BlendMode, Bounds, Brush, Draw, Point, Rgba, Shape, Volume};

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
        match &operation.form {
            Form::Voxels(_) => self.put_voxels(operation),
            Form::Map(f) => self.put(map_voxels(f)?, blend),
            Form::Heightmap(f) => {
                let color = match &f.gradient {
                    Some(_) => Rgba::WHITE,
                    None => needed(&operation)?,
                };
                self.put(self.heightmap_voxels(f, color)?, blend)
            }
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
                let color = (needed(&operation)?, blend);
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

    /// About how many blocks an operation visits.
    pub(super) fn cost(&self, operation: &Operation) -> u64 {
        let layer = self.volume.block_count() as u64;
        let boxed = |bounds: Bounds| (bounds.capacity() >> 12).min(1 << 40) as u64 + 1;
        if let Some(Ok(shape)) = solid::shape_of(&operation.form) {
            let drawn = shape.bounds().map_or(1, boxed);
            return if operation.mode == Mode::Intersect { layer } else { drawn };
        }
        match &operation.form {
            Form::Voxels(f) => ((f.points.0.len() + f.voxels.0.len()) / 512) as u64 + 1,
            Form::Clear(_) => layer / 16 + 1,
            Form::Copy(_) if operation.source.is_some() => u64::MAX,
            Form::Copy(f) => boxed(Bounds::inclusive(f.min, f.max)).min(layer) * u64::from(f.times),
            Form::Map(_) | Form::Heightmap(_) => 64,
            Form::Fill(_) | Form::Extrude(_) => u64::MAX,
            Form::ReplaceColor(_) | Form::Combine(_) => layer + 1,
            _ => u64::MAX,
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

    fn put_voxels(&self, operation: Operation) -> Result<Box<dyn Work>, Refusal> {
        let Form::Voxels(VoxelsFields { points: VoxelList(points), voxels: VoxelList(voxels) }) =
            &operation.form
        else {
            return Err(Refusal::rule("op", "is no list of voxels"));
        };
        if points.is_empty() && voxels.is_empty() {
            return Err(Refusal::rule("voxels", "give points, or voxels with colors"));
        }
        let plain = points.iter().chain(voxels).any(|entry| entry.color.is_none());
        let color = if plain { needed(&operation)? } else { Rgba::WHITE };
        let entries = points.iter().chain(voxels);
        let list = entries.map(|entry| (entry.point, entry.color.unwrap_or(color))).collect();
        self.put(list, operation.mode.blend())
    }

    fn put(&self, list: Vec<(Point, Rgba)>, mode: BlendMode) -> Result<Box<dyn Work>, Refusal> {
        self.admit(list.len() as u64)?;
        if mode.erases_outside() && mode != BlendMode::Replace {
            let mut source = Volume::new();
            list.into_iter().for_each(|(point, color)| {
                source.set(point, color);
            });
            return Ok(Box::new(Stamp::new(self.volume, source, mode)));
        }
        Ok(Box::new(Put::new(list, mode)))
    }

    fn heightmap_voxels(
        &self,
        fields: &HeightmapFields,
        color: Rgba,
    ) -> Result<Vec<(Point, Rgba)>, Refusal> {
        let rows = &fields.rows.0;
        let total: u64 = rows.iter().flatten().map(|&height| u64::from(height)).sum();
        self.admit(total)?;
        let top = rows.iter().flatten().copied().max().unwrap_or(0);
        let origin = fields.origin.map(i64::from);
        let mut list = Vec::with_capacity(total as usize);
        for (y, row) in rows.iter().rev().enumerate() {
            for (x, &height) in row.iter().enumerate() {
                for z in 0..height {
                    let at = [origin[0] + x as i64, origin[1] + y as i64, origin[2] + i64::from(z)];
                    let color = fields
                        .gradient
                        .as_ref()
                        .map_or(color, |gradient| shade(&gradient.0, z, top));
                    list.push((addressable(at)?, color));
                }
            }
        }
        Ok(list)
    }

    fn copy(
        &self,
        fields: &CopyFields,
        source: Option<&Volume>,
        mode: BlendMode,
    ) -> Result<Box<dyn Work>, Refusal> {
        let source = source.unwrap_or(self.volume);
        let (part, maps) = self.repetitions(source, fields)?;
        Ok(Box::new(Transform::new(source, Some(part), Placing::Maps(maps), mode)))
    }

    fn move_box(&self, fields: &CopyFields, mode: BlendMode) -> Result<Box<dyn Work>, Refusal> {
        let (part, maps) = self.repetitions(self.volume, fields)?;
        Ok(self.replaced(Some(part), Placing::Maps(maps), mode))
    }

    fn repetitions(
        &self,
        source: &Volume,
        fields: &CopyFields,
    ) -> Result<(Bounds, Vec<GridMap>), Refusal> {
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
        let map = |k: i64| {
            GridMap::translation(std::array::from_fn(|i| {
                i64::from(fields.to[i]) - part.min[i] + k * i64::from(step[i])
            }))
        };
        Ok((part, (0..i64::from(fields.times)).map(map).collect()))
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
        let maps = vec![GridMap::mirror(fields.axis.index(), plane)];
        let (part, placing) = (within(fields.within), Placing::Maps(maps));
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
        let maps = vec![GridMap::rotation(axis, turns, center)];
        Ok(self.replaced(part, Placing::Maps(maps), mode))
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
        let source = self.document.layer(LayerId(fields.source));
        let source = source.ok_or(Refusal::NoSuchLayer(fields.source))?;
        if source.id == self.layer {
            let message = format!("layer {} cannot be combined with itself", fields.source);
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

/// The colour of height `z` in a gradient that ends at height `top` - 1.
fn shade(colors: &[Rgba], z: u32, top: u32) -> Rgba {
    let last = colors.len() - 1;
    let place = match top {
        0 | 1 => 0.0,
        _ => f64::from(z) / f64::from(top - 1) * last as f64,
    };
    let low = (place as usize).min(last);
    let high = (low + 1).min(last);
    let part = place - low as f64;
    let mix = |a: u8, b: u8| (f64::from(a) * (1.0 - part) + f64::from(b) * part + 0.5) as u8;
    let (a, b) = (colors[low], colors[high]);
    Rgba::new(mix(a.r, b.r), mix(a.g, b.g), mix(a.b, b.b), mix(a.a, b.a))
}

/// The voxels of a drawn plane. Columns run along the first of the two other axes, rows along the second.
fn map_voxels(fields: &MapFields) -> Result<Vec<(Point, Rgba)>, Refusal> {
    let axis = fields.axis.index();
    let [u, v] = match axis {
        0 => [1, 2],
        1 => [0, 2],
        _ => [0, 1],
    };
    let mut origin = [0i64; 3];
    match fields.origin {
        MapOrigin::Flat([a, b]) => (origin[u], origin[v]) = (i64::from(a), i64::from(b)),
        MapOrigin::Point(point) => origin = point.map(i64::from),
    }
    match (fields.at, fields.origin) {
        (Some(at), _) => origin[axis] = i64::from(at),
        (None, MapOrigin::Point(_)) => {}
        (None, MapOrigin::Flat(_)) => {
            return Err(Refusal::rule("at", "missing: where the plane lies on the axis"));
        }
    }
    let mut list = Vec::new();
    for (up, row) in fields.rows.0.iter().rev().enumerate() {
        for (along, character) in row.chars().enumerate() {
            let known = fields.legend.0.iter().rev().find(|(known, _)| *known == character);
            let color = match (known, character) {
                (Some((_, color)), _) => *color,
                (None, '.' | ' ') => continue,
                (None, _) => {
                    let row = fields.rows.0.len() - 1 - up;
                    let message =
                        format!("row {row} has '{character}', which the legend does not name");
                    return Err(Refusal::rule("legend", message));
                }
            };
            let mut at = origin;
            at[u] += along as i64;
            at[v] += up as i64;
            list.push((addressable(at)?, color));
        }
    }
    Ok(list)
}
