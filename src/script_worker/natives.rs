//! What JavaScript can call besides the short way to voxels; the prelude makes the API of it.

use std::cell::RefCell;
use std::rc::Rc;

use rquickjs::function::Opt;
use rquickjs::{Ctx, Error, Exception, Function, Object, Result, TypedArray, Value};

use super::state::Problem;
use super::{chance, state, volumes};
use crate::api::Effect;
use crate::api::operations::OPERATIONS;
use crate::document::LayerId;
use crate::rpc::table::entries;
use crate::voxel::BlockWalk;

/// Methods about a project that make no sense in a script: its history is one step, it opens and
/// writes nothing.
const NOT_IN_SCRIPTS: [&str; 21] = [
    "goxel.undo",
    "goxel.redo",
    "goxel.go_to",
    "goxel.checkpoint",
    "goxel.clear_history",
    "goxel.history",
    "goxel.diff",
    "goxel.load_project",
    "goxel.import_model",
    "goxel.create_project",
    "goxel.open_project",
    "goxel.close_project",
    "goxel.duplicate_project",
    "goxel.copy_region",
    "goxel.import_palette",
    "goxel.export_palette",
    "goxel.execute_script",
    "goxel.render_scene",
    "goxel.render_image",
    "goxel.create_image_layer",
    "goxel.get_status",
];

/// The methods that scripts can call: those that read or change the document and nothing else.
pub fn methods() -> impl Iterator<Item = &'static str> {
    entries()
        .filter(|entry| matches!(entry.method.effect, Effect::Read | Effect::Edit))
        .map(|entry| entry.method.name)
        .filter(|name| name.starts_with("goxel.") && !NOT_IN_SCRIPTS.contains(name))
}

fn thrown(ctx: &Ctx<'_>, problem: &Problem) -> Error {
    Exception::throw_range(ctx, &problem.to_string())
}

/// What the state comes to, or an exception.
fn with<T>(
    ctx: &Ctx<'_>,
    act: impl FnOnce(&mut state::State) -> std::result::Result<T, Problem>,
) -> Result<T> {
    state::with(act).map_err(|problem| thrown(ctx, &problem))
}

fn handle(ctx: &Ctx<'_>, value: &Value<'_>) -> Result<usize> {
    volumes::handle(value).ok_or_else(|| Exception::throw_type(ctx, "expected a Volume"))
}

fn call(ctx: Ctx<'_>, method: String, params: String, is_of_settings: bool) -> Result<String> {
    if !methods().any(|name| name == method) {
        let message = format!("{method} cannot be called in a script");
        return Err(Exception::throw_message(&ctx, &message));
    }
    with(&ctx, |state| state.call(&method, &params, is_of_settings))
}

fn print(ctx: Ctx<'_>, line: String) -> Result<()> {
    with(&ctx, |state| state.print(&line))
}

fn progress(ctx: Ctx<'_>, part: f64) -> Result<()> {
    with(&ctx, |state| {
        state.progress(part);
        Ok(())
    })
}

fn new_volume<'js>(ctx: Ctx<'js>, source: Opt<Value<'js>>) -> Result<Value<'js>> {
    let source = match source.0.filter(|source| !source.is_undefined()) {
        Some(source) => Some(handle(&ctx, &source)?),
        None => None,
    };
    let made = with(&ctx, |state| state.new_volume(source))?;
    volumes::object(&ctx, made)
}

fn layer_volume(ctx: Ctx<'_>, id: i32) -> Result<Value<'_>> {
    let found = with(&ctx, |state| state.of_layer(LayerId(id)))?;
    volumes::object(&ctx, found)
}

fn merged_volume(ctx: Ctx<'_>) -> Result<Value<'_>> {
    let made = with(&ctx, |state| state.merged())?;
    volumes::object(&ctx, made)
}

fn assign<'js>(ctx: Ctx<'js>, to: Value<'js>, from: Value<'js>) -> Result<()> {
    let (to, from) = (handle(&ctx, &to)?, handle(&ctx, &from)?);
    with(&ctx, |state| state.assign(to, from))
}

/// A function that gives some voxels of a volume at a time, as they are now: seven numbers each;
/// null at the end.
fn walk<'js>(ctx: Ctx<'js>, volume: Value<'js>) -> Result<Function<'js>> {
    let source = handle(&ctx, &volume)?;
    let copy = with(&ctx, |state| state.new_volume(Some(source)))?;
    // The object holds the copy as long as the function lives.
    let copy = volumes::object(&ctx, copy)?;
    let copy = Rc::new(RefCell::new(Some(rquickjs::Persistent::save(&ctx, copy))));
    let place: RefCell<Option<BlockWalk>> = RefCell::new(None);
    Function::new(ctx, move |ctx: Ctx<'js>| -> Result<Option<TypedArray<'js, i32>>> {
        let Some(held) = copy.borrow().clone() else { return Ok(None) };
        let held = held.restore(&ctx)?;
        let from = handle(&ctx, &held)?;
        let found = with(&ctx, |state| state.voxels(from, &mut place.borrow_mut()))?;
        if found.is_empty() {
            copy.borrow_mut().take();
            return Ok(None);
        }
        TypedArray::new(ctx, found).map(Some)
    })
}

fn value_noise(x: f64, y: Opt<f64>, z: Opt<f64>, seed: Opt<f64>) -> f64 {
    chance::value([x, y.0.unwrap_or(0.0), z.0.unwrap_or(0.0)], seed_of(seed))
}

fn gradient_noise(x: f64, y: Opt<f64>, z: Opt<f64>, seed: Opt<f64>) -> f64 {
    chance::gradient([x, y.0.unwrap_or(0.0), z.0.unwrap_or(0.0)], seed_of(seed))
}

/// Place, seed, and then octaves, lacunarity and gain in one row, since a function takes no more
/// than seven.
fn fbm(x: f64, y: f64, z: f64, seed: f64, how: Vec<f64>) -> f64 {
    let how = |index: usize, default: f64| how.get(index).copied().unwrap_or(default);
    let seed = seed_of(Opt(Some(seed)));
    chance::fbm([x, y, z], how(0, 4.0) as u32, how(1, 2.0), how(2, 0.5), seed)
}

fn seed_of(seed: Opt<f64>) -> u64 {
    seed.0.unwrap_or(0.0) as i64 as u64
}

/// The object that the prelude gets.
pub(super) fn object<'js>(ctx: &Ctx<'js>) -> Result<Object<'js>> {
    let natives = Object::new(ctx.clone())?;
    let new = |ctx: &Ctx<'js>| ctx.clone();
    natives.set("volume", volumes::install(ctx)?)?;
    natives.set("call", Function::new(new(ctx), call)?)?;
    natives.set("print", Function::new(new(ctx), print)?)?;
    natives.set("progress", Function::new(new(ctx), progress)?)?;
    natives.set("newVolume", Function::new(new(ctx), new_volume)?)?;
    natives.set("layerVolume", Function::new(new(ctx), layer_volume)?)?;
    natives.set("mergedVolume", Function::new(new(ctx), merged_volume)?)?;
    natives.set("assign", Function::new(new(ctx), assign)?)?;
    natives.set("walk", Function::new(new(ctx), walk)?)?;
    natives.set("valueNoise", Function::new(new(ctx), value_noise)?)?;
    natives.set("gradientNoise", Function::new(new(ctx), gradient_noise)?)?;
    natives.set("fbm", Function::new(new(ctx), fbm)?)?;
    natives.set("methods", methods().collect::<Vec<_>>())?;
    natives.set("operations", OPERATIONS.iter().map(|info| info.name).collect::<Vec<_>>())?;
    Ok(natives)
}
