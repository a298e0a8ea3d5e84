//! What an operation comes to that is kept to nothing, or keeps itself to a box.

use super::*;

impl Plan<'_> {
    /// The work of an operation that is kept to nothing, or keeps itself to a box.
    pub(super) fn plain(
        &self,
        operation: Operation,
        within: Option<Bounds>,
    ) -> Result<Box<dyn Work>, Refusal> {
        let blend = operation.mode.blend();
        if let Some(shape) = solid::shape_of(&operation.form) {
            return self.draw(&shape?, &operation, None);
        }
        let color = needed(&operation);
        match operation.form {
            Form::Voxels(f) => return self.put_voxels(f, color, blend),
            Form::Heightmap(f) => return self.put_heights(f, color, blend),
            Form::Map(f) => {
                let total = f.rows.0.iter().map(String::len).sum::<usize>() as u64;
                return Ok(put(drawn::map_voxels(f)?, total, blend));
            }
            Form::Terrain(f) => {
                let color = if f.bands.is_some() { Rgba::WHITE } else { color? };
                let (voxels, total) = traced::terrain(f, color);
                self.admit(total)?;
                return Ok(put(voxels, total, blend));
            }
            Form::Paint(f) => {
                let room = within.or(self.extent.bounds);
                return Ok(Box::new(Filter::new(self.volume, within, paint::rule(f, room)?)));
            }
            Form::Repeat(_) | Form::Scatter(_) => {
                let desk = self.desk();
                let remark = desk.remark.clone();
                let making =
                    job::Work::new(
                        |slice| async move { again::ink_of(&desk, operation, &slice).await },
                    );
                return Ok(Drawing::with_remark(making, remark));
            }
            Form::Stamp(f) => return self.stamp(f, operation.source, blend),
            _ => {}
        }
        match &operation.form {
            Form::Prism(f) => self.boxes(stepped::prism(f)?, color?, blend),
            Form::Wedge(f) => self.boxes(stepped::wedge(f)?, color?, blend),
            Form::Stairs(f) => self.boxes(stepped::stairs(f)?, color?, blend),
            Form::Walls(f) => self.boxes(stepped::walls(f), color?, blend),
            Form::Text(f) => self.boxes(traced::letters(f)?, color?, blend),
            Form::Tube(f) => {
                let (voxels, total) = traced::tube(f, color?)?;
                self.admit(total)?;
                Ok(put_once(voxels, total, blend))
            }
            _ => self.changing(&operation, within),
        }
    }

    /// The work of an operation that changes what is there.
    fn changing(
        &self,
        operation: &Operation,
        within: Option<Bounds>,
    ) -> Result<Box<dyn Work>, Refusal> {
        let (blend, color) = (operation.mode.blend(), needed(operation));
        match &operation.form {
            Form::Copy(f) => self.copy(f, operation.source.as_ref(), blend),
            Form::Move(f) => self.move_box(f, blend),
            Form::Mirror(f) => self.mirror(f, within, blend),
            Form::Rotate(f) => self.rotate(f, within, blend),
            Form::Scale(f) => self.scale(f, within, blend),
            Form::ReplaceColor(f) => {
                let rule = surface::replace_color(f.from, f.to, f.tolerance);
                Ok(Box::new(Filter::new(self.volume, within, rule)))
            }
            Form::Fill(f) => {
                let room = within.unwrap_or_else(|| self.room());
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
                Ok(Box::new(Filter::new(self.volume, within, rule)))
            }
            Form::Shell(f) => {
                let rule = surface::shell(f.thickness.0 as i32, operation.color);
                Ok(Box::new(Filter::growing(self.volume, within, f.thickness.0, rule)))
            }
            Form::Smooth(f) => {
                let pass = || -> Begin {
                    Box::new(move |volume| {
                        Box::new(Filter::growing(volume, within, 1, surface::smooth()))
                    })
                };
                Ok(Box::new(OnCopy::new((0..f.amount.0).map(|_| pass()).collect())))
            }
            Form::Noise(f) => {
                let amount = f.amount.map_or(0.1, |amount| amount.0);
                let steps = f.steps.map_or(4, |steps| steps.0 as u32);
                let rule = match (operation.mode, &f.colors) {
                    (Mode::Subtract, _) => surface::erosion(amount, f.seed),
                    (_, Some(colors)) => surface::speckle(colors.0.clone(), f.seed),
                    (_, None) => surface::brightness(amount, steps, f.seed),
                };
                Ok(Box::new(Filter::new(self.volume, within, rule)))
            }
            Form::Combine(f) => self.combine(f, blend),
            // Every form that is left draws a shape.
            _ => Err(Refusal::rule("op", "has no work")),
        }
    }
}
