//! Operations drawn again and again: in rows and grids, around an axis, and scattered over tops.

use rustc_hash::FxHashMap;

use super::cells::Cells;
use super::images::{Move, all_images, around, canvas_middle};
use super::sketch::{Desk, Ink};
use super::transform::GridMap;
use super::work::{Refusal, voxel_of};
use crate::api::operations::forms::{RepeatFields, ScatterFields};
use crate::api::operations::richer::Times;
use crate::api::operations::{Form, Operation};
use crate::api::words::Mode;
use crate::job::Slice;
use crate::voxel::{Axis, BLOCK_VOXELS, BlendMode, BlockWalk, Rgba, Volume};

/// What operations draw, each apart and in its own mode, so that what takes away takes away from
/// the layer too. Operations that draw nothing of their own work on what those before them drew.
pub(super) async fn inks_of(
    desk: &Desk,
    operations: Vec<Operation>,
    slice: &Slice,
) -> Result<Vec<Ink>, Refusal> {
    let mut inks: Vec<Ink> = Vec::new();
    for operation in operations {
        if draws(&operation.form) {
            inks.extend(ink_of(desk, operation, slice).await?);
            continue;
        }
        match inks.iter_mut().rev().find(|ink| ink.mode.adds()) {
            Some(ink) => Box::pin(desk.run(operation, &mut ink.volume, slice)).await?,
            None => {
                let message = format!(
                    "'{}' draws nothing: it works on what operations before it drew",
                    operation.form.name()
                );
                return Err(Refusal::rule("operations", message));
            }
        }
    }
    Ok(inks)
}

/// Whether an operation draws something that is its own.
pub(super) fn draws(form: &Form) -> bool {
    super::solid::shape_of(form).is_some()
        || matches!(
            form,
            Form::Voxels(_)
                | Form::Map(_)
                | Form::Heightmap(_)
                | Form::Copy(_)
                | Form::Prism(_)
                | Form::Wedge(_)
                | Form::Stairs(_)
                | Form::Walls(_)
                | Form::Repeat(_)
                | Form::Scatter(_)
                | Form::Terrain(_)
                | Form::Tube(_)
                | Form::Text(_)
                | Form::Stamp(_)
        )
}

/// What one operation draws.
pub(super) async fn ink_of(
    desk: &Desk,
    mut operation: Operation,
    slice: &Slice,
) -> Result<Vec<Ink>, Refusal> {
    let layer = desk.document.layer(desk.layer);
    let ground = layer.map(|layer| layer.volume.clone()).unwrap_or_default();
    let mode = operation.mode;
    match operation.form {
        Form::Repeat(mut fields) => {
            color_all(&mut fields.operations.0, operation.color);
            return Box::pin(repeat(desk, fields, mode, slice)).await;
        }
        Form::Scatter(mut fields) => {
            color_all(&mut fields.operations.0, operation.color);
            let cells = operation.within.map(|within| Cells::of(&desk.document, within));
            let cells = cells.transpose()?;
            return Box::pin(scatter(desk, fields, mode, &ground, cells, slice)).await;
        }
        Form::Copy(_) if operation.source.is_none() => operation.source = Some(ground),
        _ => {}
    }
    let erases = operation.color.is_some_and(Rgba::is_empty) && mode == Mode::Replace;
    let mode = if erases { BlendMode::Subtract } else { mode.blend() };
    if erases || !operation.mode.shows_color() {
        operation.color = operation.color.filter(|color| !color.is_empty()).or(Some(Rgba::WHITE));
    }
    operation.mode = Mode::Replace;
    let mut volume = Volume::new();
    Box::pin(desk.run(operation, &mut volume, slice)).await?;
    Ok(vec![Ink { volume, mode }])
}

/// Gives a colour to the operations that have none of their own.
fn color_all(operations: &mut [Operation], color: Option<Rgba>) {
    for operation in operations {
        operation.color = operation.color.or(color);
    }
}

/// The mode of ink that is drawn again: that of the whole, if it has one of its own.
fn mode_of(ink: BlendMode, outer: Mode) -> BlendMode {
    if outer == Mode::Add { ink } else { outer.blend() }
}

/// The most copies that one operation makes.
const MOST_COPIES: u64 = 1 << 16;

/// Operations in a row, in a grid or around an axis.
pub(super) async fn repeat(
    desk: &Desk,
    fields: RepeatFields,
    outer: Mode,
    slice: &Slice,
) -> Result<Vec<Ink>, Refusal> {
    let moves = copies(desk, &fields)?;
    let inks = inks_of(desk, fields.operations.0, slice).await?;
    let mut drawn = Vec::new();
    for Ink { volume, mode } in inks {
        let moves = match fields.turns.0 {
            0 => moves.clone(),
            turns => turned(&volume, &moves, turns),
        };
        let volume = all_images(desk, volume, &moves, slice).await?;
        drawn.push(Ink { volume, mode: mode_of(mode, outer) });
    }
    Ok(drawn)
}

/// Where the copies go.
fn copies(desk: &Desk, fields: &RepeatFields) -> Result<Vec<Move>, Refusal> {
    if let Some(radial) = &fields.radial {
        if fields.times.is_some() || fields.step.is_some() {
            let message = "give either times and step, or radial, not both";
            return Err(Refusal::rule("radial", message));
        }
        return Ok(around(radial, canvas_middle(&desk.document)));
    }
    let times =
        fields.times.ok_or_else(|| Refusal::rule("times", "give times and step, or radial"))?;
    let step = fields.step.unwrap_or_default().map(i64::from);
    let counts = match times {
        Times::Row(count) => [count, 1, 1],
        Times::Grid(counts) => counts,
    };
    let total = counts.iter().map(|count| u64::from(*count)).fold(1, u64::saturating_mul);
    if total > MOST_COPIES {
        let message = format!("{total} copies are more than {MOST_COPIES}");
        return Err(Refusal::rule("times", message));
    }
    if total > 1 && step == [0; 3] && fields.turns.0 == 0 {
        return Err(Refusal::rule("step", "times above 1 needs a step"));
    }
    let shift = |number: u64| {
        let offset = match times {
            Times::Row(_) => step.map(|step| step * number as i64),
            Times::Grid([x, y, _]) => {
                let (x, y) = (u64::from(x), u64::from(y));
                let place = [number % x, number / x % y, number / (x * y)];
                std::array::from_fn(|axis| step[axis] * place[axis] as i64)
            }
        };
        Move::Grid(GridMap::translation(offset))
    };
    Ok((0..total).map(shift).collect())
}

/// Copies of which each is turned against the one before, about the middle of the first.
fn turned(ink: &Volume, moves: &[Move], turns: i64) -> Vec<Move> {
    let Some(bounds) = ink.bounds() else { return moves.to_vec() };
    let mut center = std::array::from_fn(|axis| bounds.min[axis] + bounds.max[axis] - 1);
    center[0] -= (center[0] + center[1]).rem_euclid(2);
    let turn = |(number, then): (i64, &Move)| {
        let map = GridMap::rotation(Axis::Z.index(), turns.wrapping_mul(number), center);
        Move::Both(Box::new(Move::Grid(map)), Box::new(then.clone()))
    };
    (0..).zip(moves).map(turn).collect()
}

/// The highest voxel of each column.
type Tops = FxHashMap<[i32; 2], i32>;

async fn tops_of(ground: &Volume, cells: Option<&Cells>, slice: &Slice) -> Tops {
    let mut tops = Tops::default();
    let mut walk = BlockWalk::within(cells.map(|cells| cells.bounds));
    while let Some(at) = walk.next_in(ground, slice).await {
        if let Some(block) = ground.block(at) {
            for index in 0..BLOCK_VOXELS {
                if !block.get(index).is_empty() {
                    let point = voxel_of(at, index);
                    let top = tops.entry([point.x, point.y]).or_insert(point.z);
                    *top = (*top).max(point.z);
                }
            }
        }
        slice.advance(1).await;
    }
    tops
}

/// Places that scattering may choose from.
fn candidates(tops: &Tops, fields: &ScatterFields, cells: Option<&Cells>) -> Vec<[i32; 3]> {
    let slope = |[x, y]: [i32; 2], z: i32| {
        let beside = [[1, 0], [-1, 0], [0, 1], [0, -1]];
        let heights = beside.map(|[dx, dy]| tops.get(&[x.wrapping_add(dx), y.wrapping_add(dy)]));
        heights.into_iter().flatten().map(|other| other.abs_diff(z)).max().unwrap_or(0)
    };
    let fits = |&(&at, &z): &(&[i32; 2], &i32)| {
        fields.min_height.is_none_or(|low| z >= low)
            && fields.max_height.is_none_or(|high| z <= high)
            && fields.max_slope.is_none_or(|most| slope(at, z) <= most)
            && cells.is_none_or(|cells| cells.contains([at[0], at[1], z].into()))
    };
    let mut places: Vec<_> =
        tops.iter().filter(fits).map(|(&[x, y], &z)| [x, y, z.saturating_add(1)]).collect();
    places.sort_unstable();
    places
}

/// Puts a list into an order that looks random and depends on the seed only.
fn shuffle(places: &mut [[i32; 3]], seed: u32) {
    let mut state = u64::from(seed) ^ 0x9e37_79b9_7f4a_7c15;
    for last in (1..places.len()).rev() {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        places.swap(last, (state >> 33) as usize % (last + 1));
    }
}

/// Chooses places that keep their distance.
async fn choose(places: Vec<[i32; 3]>, count: usize, spacing: f64, slice: &Slice) -> Vec<[i32; 3]> {
    let cell = spacing.max(1.0);
    let mut chosen = Vec::new();
    let mut taken: FxHashMap<[i64; 2], Vec<[i32; 3]>> = FxHashMap::default();
    for (number, place) in places.into_iter().enumerate() {
        if chosen.len() == count {
            break;
        }
        let [x, y, _] = place;
        let home = [x, y].map(|value| (f64::from(value) / cell).floor() as i64);
        let apart = |other: &[i32; 3]| {
            let away = [0, 1].map(|i| f64::from(place[i]) - f64::from(other[i]));
            away[0].hypot(away[1]) >= spacing
        };
        let near = (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| [home[0] + dx, home[1] + dy]));
        let is_free = near.filter_map(|home| taken.get(&home)).flatten().all(apart);
        if is_free {
            taken.entry(home).or_default().push(place);
            chosen.push(place);
        }
        if number % 256 == 0 {
            slice.advance(1).await;
        }
    }
    chosen
}

/// Operations here and there on tops.
async fn scatter(
    desk: &Desk,
    fields: ScatterFields,
    outer: Mode,
    ground: &Volume,
    cells: Option<Cells>,
    slice: &Slice,
) -> Result<Vec<Ink>, Refusal> {
    if fields.count.is_none() && fields.spacing.is_none() {
        return Err(Refusal::rule("count", "give count, or the spacing between two"));
    }
    let tops = tops_of(ground, cells.as_ref(), slice).await;
    let mut places = candidates(&tops, &fields, cells.as_ref());
    shuffle(&mut places, fields.seed);
    let count = fields.count.map_or(MOST_COPIES, u64::from).min(MOST_COPIES) as usize;
    let spacing = fields.spacing.map_or(1.0, |spacing| spacing.0);
    let chosen = choose(places, count, spacing, slice).await;
    if let Some(wanted) = fields.count.filter(|wanted| (chosen.len() as u64) < u64::from(*wanted)) {
        let why = format!("there was room for {} of {wanted}", chosen.len());
        desk.remark.replace(Some(why));
    }
    let shift = |place: &[i32; 3]| Move::Grid(GridMap::translation(place.map(i64::from)));
    let moves: Vec<Move> = chosen.iter().map(shift).collect();
    let mut drawn = Vec::new();
    for Ink { volume, mode } in inks_of(desk, fields.operations.0, slice).await? {
        let volume = all_images(desk, volume, &moves, slice).await?;
        drawn.push(Ink { volume, mode: mode_of(mode, outer) });
    }
    Ok(drawn)
}
