//! New colours for what is there: by chance, along an axis, where it is exposed.

use super::filter::{Around, Rule};
use super::surface::{beside, chance};
use super::work::Refusal;
use crate::api::operations::forms::PaintFields;
use crate::api::operations::richer::Exposed;
use crate::voxel::{Axis, Bounds, Point, Rgba, Volume};

/// Where the colours come from.
enum Source {
    /// By chance: each colour with the sum of the weights up to it, as a share.
    Chance(Vec<(Rgba, f64)>),
    /// Along an axis: places and their colours.
    Gradient { axis: usize, stops: Vec<(f64, Rgba)>, dither: bool },
}

/// The rule for painting what lies in a box.
pub(super) fn rule(fields: PaintFields, room: Option<Bounds>) -> Result<Rule, Refusal> {
    let source = source(&fields, room)?;
    let PaintFields { seed, exposed, above, below, max_slope, .. } = fields;
    let max_slope = max_slope.map(|slope| slope.0 as i32);
    let color = move |volume: &Volume, point: Point, color: Rgba| {
        let fits = !color.is_empty()
            && above.is_none_or(|low| point.z >= low)
            && below.is_none_or(|high| point.z <= high)
            && exposed.is_none_or(|exposed| is_exposed(volume, point, exposed))
            && max_slope.is_none_or(|most| is_flat(volume, point, most));
        if fits { source.color(point, seed) } else { color }
    };
    Ok(Rule::Around(Around {
        corners: false,
        candidates: Box::new(|_| [!0; 64]),
        color: Box::new(color),
    }))
}

fn source(fields: &PaintFields, room: Option<Bounds>) -> Result<Source, Refusal> {
    match (&fields.colors, &fields.gradient) {
        (Some(colors), None) => {
            let total: f64 = colors.0.iter().map(|(_, weight)| weight).sum();
            let mut sum = 0.0;
            let share = |&(color, weight): &(Rgba, f64)| {
                sum += weight / total;
                (color, sum)
            };
            Ok(Source::Chance(colors.0.iter().map(share).collect()))
        }
        (None, Some(gradient)) => {
            let axis = fields.axis.unwrap_or(Axis::Z).index();
            let last = (gradient.0.len() - 1) as f64;
            let places = match &fields.stops {
                Some(stops) if stops.0.len() == gradient.0.len() => stops.0.clone(),
                Some(stops) => {
                    let (got, wanted) = (stops.0.len(), gradient.0.len());
                    let message = format!("{got} stops for {wanted} colours");
                    return Err(Refusal::rule("stops", message));
                }
                None => {
                    let (low, high) = room.map_or((0, 1), |room| (room.min[axis], room.max[axis]));
                    let span = (high - 1 - low) as f64;
                    (0..gradient.0.len()).map(|n| low as f64 + span * n as f64 / last).collect()
                }
            };
            let stops = places.into_iter().zip(gradient.0.iter().copied()).collect();
            Ok(Source::Gradient { axis, stops, dither: fields.dither })
        }
        (None, None) => Err(Refusal::rule("colors", "give colors by chance, or a gradient")),
        (Some(_), Some(_)) => {
            Err(Refusal::rule("gradient", "give either colors or a gradient, not both"))
        }
    }
}

impl Source {
    fn color(&self, point: Point, seed: u32) -> Rgba {
        match self {
            Source::Chance(colors) => {
                let draw = chance(point, seed);
                let found = colors.iter().find(|(_, sum)| draw < *sum).or(colors.last());
                found.map_or(Rgba::EMPTY, |(color, _)| *color)
            }
            Source::Gradient { axis, stops, dither } => {
                let at = f64::from(point.array()[*axis]);
                let next = stops.iter().position(|(place, _)| *place > at);
                let (low, high) = match next {
                    Some(0) => return stops[0].1,
                    Some(next) => (stops[next - 1], stops[next]),
                    None => return stops[stops.len() - 1].1,
                };
                let part = (at - low.0) / (high.0 - low.0);
                match dither {
                    true if chance(point, seed) < part => high.1,
                    true => low.1,
                    false => mixed(low.1, high.1, part),
                }
            }
        }
    }
}

fn mixed(a: Rgba, b: Rgba, part: f64) -> Rgba {
    let mix = |a: u8, b: u8| (f64::from(a) * (1.0 - part) + f64::from(b) * part + 0.5) as u8;
    Rgba::new(mix(a.r, b.r), mix(a.g, b.g), mix(a.b, b.b), mix(a.a, b.a))
}

fn is_exposed(volume: &Volume, point: Point, exposed: Exposed) -> bool {
    let is_free = |offset| beside(volume, point, offset).is_empty();
    match exposed {
        Exposed::Top => is_free([0, 0, 1]),
        Exposed::Any => {
            let sides = [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]];
            sides.into_iter().any(is_free)
        }
    }
}

/// Whether the surface beside a voxel is at most so much higher or lower.
fn is_flat(volume: &Volume, point: Point, most: i32) -> bool {
    [[1, 0], [-1, 0], [0, 1], [0, -1]].into_iter().all(|[x, y]| {
        let is_there = |z: i32| !beside(volume, point, [x, y, z]).is_empty();
        !is_there(most + 1) && (-most..=most).any(is_there)
    })
}
