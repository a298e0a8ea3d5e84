//! Fields of one operation that contradict each other, and those that have no effect on it.

use super::super::ParamError;
use super::super::words::Mode;
use super::Form;
use super::forms::*;

/// Refuses fields of which one would be ignored for another.
///
/// # Errors
/// What contradicts what.
pub(crate) fn check(form: &Form) -> Result<(), ParamError> {
    let refuse = |param: &'static str, message: &str| Err(ParamError::rule(param, message));
    match form {
        Form::Rotate(f) if f.angle.is_some() && f.turns.is_some() => {
            refuse("angle", "give either an angle or quarter turns, not both")
        }
        Form::Noise(f) if f.colors.is_some() && f.steps.is_some() => {
            refuse("steps", "give either colors, or an amount with steps, not both")
        }
        Form::Paint(f) if f.colors.is_some() && (f.stops.is_some() || f.axis.is_some()) => {
            refuse("colors", "colors come by chance: axis and stops are of a gradient")
        }
        Form::Terrain(f) => bands(f),
        Form::Ellipsoid(f)
        | Form::Cylinder(f)
        | Form::Cone(f)
        | Form::Pyramid(f)
        | Form::Capsule(f) => solid(f),
        _ => Ok(()),
    }
}

fn bands(fields: &TerrainFields) -> Result<(), ParamError> {
    let Some(bands) = &fields.bands else { return Ok(()) };
    let ends: Vec<i64> =
        bands.0.iter().map(|(below, _)| below.map_or(i64::MAX, i64::from)).collect();
    if ends.is_sorted_by(|low, high| low < high) {
        Ok(())
    } else {
        let message = "bands go from the lowest to the highest 'below', and only the last has none";
        Err(ParamError::rule("bands", message))
    }
}

fn solid(fields: &SolidFields) -> Result<(), ParamError> {
    let (radius, radii, height) = (fields.radius, fields.radii, fields.height);
    if radius.is_some() && radii.is_some() {
        return Err(ParamError::rule("radii", "give either radius or radii, not both"));
    }
    let in_box = fields.min.is_some() && fields.max.is_some() && fields.center.is_none();
    let given =
        [("radius", radius.is_some()), ("radii", radii.is_some()), ("height", height.is_some())];
    match given.into_iter().find(|(_, given)| *given && in_box) {
        Some((name, _)) => {
            let message = format!("min and max say how large it is: '{name}' goes with center");
            Err(ParamError::rule(name, message))
        }
        None => Ok(()),
    }
}

/// What of the common fields was given and has no effect.
pub(crate) fn idle(form: &Form, mode: Option<Mode>, has_color: bool) -> Vec<String> {
    let mut idle = Vec::new();
    if has_color && !uses_color(form) {
        idle.push(format!("'color' has no effect on '{}'", form.name()));
    }
    if let Some(mode) = mode
        && !uses_mode(form, mode)
    {
        idle.push(format!("mode '{}' has no effect on '{}'", mode.word(), form.name()));
    }
    match form {
        Form::Noise(f) if mode == Some(Mode::Subtract) && f.colors.is_some() => {
            idle.push("'colors' has no effect on what is taken away".to_owned());
        }
        Form::Noise(f) if f.colors.is_some() && f.amount.is_some() => {
            idle.push("'amount' has no effect beside 'colors'".to_owned());
        }
        Form::Paint(f) if f.colors.is_some() && f.dither => {
            idle.push("'dither' has no effect beside 'colors'".to_owned());
        }
        _ => {}
    }
    idle
}

fn uses_color(form: &Form) -> bool {
    match form {
        Form::Voxels(f) => {
            let all = f.points.0.iter().chain(&f.voxels.0);
            all.into_iter().any(|entry| entry.color.is_none())
        }
        Form::Heightmap(f) => f.gradient.is_none(),
        Form::Terrain(f) => f.bands.is_none(),
        Form::Map(_)
        | Form::Copy(_)
        | Form::Move(_)
        | Form::Mirror(_)
        | Form::Rotate(_)
        | Form::Scale(_)
        | Form::ReplaceColor(_)
        | Form::Clear(_)
        | Form::Hollow(_)
        | Form::Smooth(_)
        | Form::Noise(_)
        | Form::Paint(_)
        | Form::Stamp(_)
        | Form::Combine(_) => false,
        _ => true,
    }
}

fn uses_mode(form: &Form, mode: Mode) -> bool {
    match form {
        Form::ReplaceColor(_) | Form::Paint(_) => mode == Mode::Paint,
        Form::Clear(_) | Form::Hollow(_) => mode == Mode::Subtract,
        Form::Shell(_) => mode == Mode::Add,
        Form::Smooth(_) => false,
        Form::Noise(_) => mode != Mode::Intersect,
        _ => true,
    }
}
