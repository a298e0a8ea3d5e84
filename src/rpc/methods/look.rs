//! The handler that shows a model.

use super::drawing::{FileDrawing, look_file};
use super::entries;
use super::picture_settings::{View, lighting_of, view};
use super::placing::{Blame, Destination, place};
use super::target::listed_layers;
use crate::api::args::shown;
use crate::api::json::{Elements, few_members, string};
use crate::api::methods::look::*;
use crate::api::notes;
use crate::api::value::{Raw, read, whole};
use crate::api::words::AXES;
use crate::api::{ParamError, Value};
use crate::document::Document;
use crate::render::{
    Backdrop, KeyLight, Lighting, Look as Looking, MAX_SIDE, RenderSettings, Shading,
};
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::{RENDER_SCENE, RpcError};
use crate::rpc::table::Handle;
use crate::voxel::{Bounds, MergeCache, MergeJob, Rgba};
use crate::workspace::Merging;

entries![Look];

/// Pixels of a picture whose size is not said.
const DEFAULT_SIZE: u32 = 512;
/// The colour of clay.
const CLAY: Rgba = Rgba::opaque(214, 208, 200);
/// The sun of a look: over the left shoulder of somebody who stands in front, radians from straight up and around z.
const SUN: KeyLight = KeyLight::Fixed { pitch: 0.75, yaw: -1.95 };
/// The error of a picture that cannot be put where it shall go.
const BLAME: Blame = (RENDER_SCENE, "write the picture to");
/// The formats that are drawn to.
const FORMATS: [&str; 1] = ["png"];
const STYLES: [&str; 3] = ["lit", "flat", "clay"];
const RETURNS: [&str; 3] = ["image", "path", "both"];

impl Handle for Look {
    fn handle(
        context: &mut Context<'_>,
        params: LookParams<'_>,
    ) -> Result<Outcome<LookResult>, RpcError> {
        let project = context.project()?;
        let (document, revision) = (project.document(), project.revision());
        let look = looking(document, &params)?;
        let layers = layers(document, params.layers)?;
        understood()?;
        check_format(&params)?;
        look.check().map_err(|error| super::pictures::cannot_draw(&error))?;
        let (destination, back) = destination(&params)?;
        let views = look.views.iter().map(|(name, _)| name.clone()).collect();
        let wanted = [look.settings.width, look.settings.height];
        let samples = look.settings.samples;
        let job = start(context, look, layers, params.max_bytes)?;
        Ok(place(job, destination, BLAME, move |_, placed| {
            let [width, height] = placed.size;
            let smaller = (placed.size != wanted)
                .then(|| format!("made smaller, {width}x{height}, to keep within max_bytes"));
            Ok(LookResult {
                success: true,
                image_data: placed.text.filter(|_| back.image),
                format: FORMATS[0],
                width,
                height,
                bytes: placed.bytes,
                samples,
                views,
                path: placed.path,
                revision,
                warnings: smaller.into_iter().collect(),
            })
        }))
    }
}

/// Draws what is visible, or these layers alone.
fn start(
    context: &mut Context<'_>,
    look: Looking,
    layers: Option<MergeJob>,
    max_bytes: Option<u64>,
) -> Result<FileDrawing, RpcError> {
    let merging = match layers {
        None => context.project()?.start_merging(),
        Some(job) => Merging::Job(Box::new(job)),
    };
    Ok(look_file(look, merging, max_bytes))
}

/// Refuses a call of which something was not understood.
fn understood() -> Result<(), RpcError> {
    match notes::take().into_iter().next() {
        None => Ok(()),
        Some(note) => Err(ParamError::rule("views", note).into()),
    }
}

fn check_format(params: &LookParams<'_>) -> Result<(), ParamError> {
    match params.format.as_deref().filter(|format| !format.eq_ignore_ascii_case(FORMATS[0])) {
        None => Ok(()),
        Some(format) => {
            let (format, known) = (shown(format), FORMATS.join(", "));
            let message = format!("'format' is \"{format}\"; it must be one of {known}");
            Err(ParamError::rule("format", message))
        }
    }
}

/// What comes back in the answer.
struct Back {
    image: bool,
}

fn destination(params: &LookParams<'_>) -> Result<(Destination, Back), ParamError> {
    let path = params.path.as_deref().filter(|path| !path.is_empty());
    let back =
        params.destination.as_deref().unwrap_or(if path.is_some() { "path" } else { "image" });
    let rule = |message: String| Err(ParamError::rule("return", message));
    match (path, back) {
        (_, other) if !RETURNS.contains(&other) => {
            let (other, known) = (shown(other), RETURNS.join(", "));
            rule(format!("'return' is \"{other}\"; it must be one of {known}"))
        }
        (None, "path" | "both") => {
            rule(format!("'return' is \"{back}\", which needs a 'path' that the picture goes to"))
        }
        (None, _) => Ok((Destination::Answer, Back { image: true })),
        (Some(_), "image") => {
            rule("'return' is \"image\", so no 'path' is needed: leave one of both out".to_owned())
        }
        (Some(path), "both") => {
            let (path, overwrite) = (path.to_owned(), params.overwrite);
            Ok((Destination::Both { path, overwrite }, Back { image: true }))
        }
        (Some(path), _) => {
            let (path, overwrite) = (path.to_owned(), params.overwrite);
            Ok((Destination::Path { path, overwrite }, Back { image: false }))
        }
    }
}

fn looking(document: &Document, params: &LookParams<'_>) -> Result<Looking, RpcError> {
    let [width, height] = size(params.size)?;
    let views = views(document, params.views)?;
    let style = params.style.as_deref().unwrap_or(STYLES[0]);
    let lit = Shading { shadows: true, ..Shading::default() };
    let (shading, clay) = match style {
        "lit" => (lit, None),
        "flat" => (Shading::FLAT, None),
        "clay" => (lit, Some(CLAY)),
        other => {
            let (other, known) = (shown(other), STYLES.join(", "));
            let message = format!("'style' is \"{other}\"; it must be one of {known}");
            return Err(ParamError::rule("style", message).into());
        }
    };
    let lighting = lighting_of(document, Lighting { key: SUN, ..Lighting::default() });
    let crop = crop(params.within.as_ref().map(|within| within.0), params.section)?;
    let (samples, labels) = (params.samples, params.labels.unwrap_or(views.len() > 1));
    let settings = RenderSettings {
        width,
        height,
        shading,
        clay,
        lighting,
        crop,
        samples,
        ..Default::default()
    };
    let backdrop = params.background.map_or(Ok(Backdrop::Auto), backdrop)?;
    let (axes, dimensions) = (params.axes, params.dimensions);
    Ok(Looking { views, settings, backdrop, labels, axes, dimensions })
}

/// One number, or two.
fn size(raw: Option<Raw<'_>>) -> Result<[u32; 2], ParamError> {
    let Some(Raw(raw)) = raw else { return Ok([DEFAULT_SIZE; 2]) };
    let side = |raw: &str| {
        let pixels = whole(raw).and_then(|pixels| u32::try_from(pixels).ok());
        pixels.filter(|pixels| (1..=MAX_SIDE).contains(pixels))
    };
    let sides: Option<Vec<u32>> = match raw.starts_with('[') {
        true => Elements::new(raw).map(side).collect(),
        false => side(raw).map(|side| vec![side; 2]),
    };
    sides.and_then(|sides| <[u32; 2]>::try_from(sides).ok()).ok_or_else(|| {
        let got = shown(raw);
        let message = format!(
            "'size' is {got}; it must be a number of pixels or [width, height], each 1 to {MAX_SIDE}"
        );
        ParamError::rule("size", message)
    })
}

fn views(document: &Document, raw: Option<Raw<'_>>) -> Result<Vec<View>, RpcError> {
    let raw = raw.map_or("\"iso\"", |Raw(raw)| raw);
    let views: Vec<View> = match raw.starts_with('[') {
        true => (0..)
            .zip(Elements::new(raw))
            .map(|(index, raw)| view(document, raw, index))
            .collect::<Result<_, _>>()?,
        false => vec![view(document, raw, 0)?],
    };
    if views.is_empty() {
        let message = "'views' is empty; it must name at least one view, such as \"iso\"";
        return Err(ParamError::rule("views", message).into());
    }
    Ok(views)
}

/// The box that is drawn.
fn crop(within: Option<Bounds>, section: Option<Raw<'_>>) -> Result<Option<Bounds>, ParamError> {
    let Some(Raw(raw)) = section else { return Ok(within) };
    let (mut axis, mut at, mut keep) = (None, None, None);
    let rule = |message: String| ParamError::rule("section", message);
    if !raw.starts_with('{') {
        return Err(rule(format!("'section' is {}; it must be {SECTION}", shown(raw))));
    }
    for (name, value) in few_members(raw) {
        match &*name {
            "axis" => axis = string(value).and_then(|word| AXES.iter().position(|a| *a == word)),
            "at" => at = Some(read::<i32>(value, "section.at")?),
            "keep" => keep = string(value),
            other => return Err(rule(notes::unknown("section.", other, &["axis", "at", "keep"]))),
        }
    }
    let (Some(axis), Some(at)) = (axis, at) else {
        return Err(rule(format!(
            "'section' needs an axis (x, y or z) and 'at'; it must be {SECTION}"
        )));
    };
    let mut bounds = within.unwrap_or(Bounds::ALL);
    match keep.as_deref() {
        None | Some("below") => bounds.max[axis] = bounds.max[axis].min(at.into()),
        Some("above") => bounds.min[axis] = bounds.min[axis].max(at.into()),
        Some(other) => {
            let other = shown(other);
            return Err(rule(format!("'section.keep' is \"{other}\"; it must be above or below")));
        }
    }
    Ok(Some(bounds))
}

/// How a section is written.
const SECTION: &str = r#"such as {"axis":"z","at":8,"keep":"below"}"#;

fn backdrop(Raw(raw): Raw<'_>) -> Result<Backdrop, ParamError> {
    match string(raw).as_deref() {
        Some("auto") => return Ok(Backdrop::Auto),
        Some("transparent") => return Ok(Backdrop::Color(Rgba::EMPTY)),
        _ => {}
    }
    if let Some(color) = Rgba::parse(raw) {
        return Ok(Backdrop::Color(color));
    }
    let colors: Option<Vec<Rgba>> = match raw.starts_with('[') {
        true => Elements::new(raw).map(Rgba::parse).collect(),
        false => None,
    };
    colors.and_then(|colors| <[Rgba; 2]>::try_from(colors).ok()).map(Backdrop::Gradient).ok_or_else(|| {
        let got = shown(raw);
        let message = format!(
            "'background' is {got}; it must be a colour, \"transparent\", \"auto\" or [top, bottom]"
        );
        ParamError::rule("background", message)
    })
}

/// The merging of chosen layers; `None` for what is visible.
fn layers(document: &Document, raw: Option<Raw<'_>>) -> Result<Option<MergeJob>, RpcError> {
    let Some(Raw(raw)) = raw else { return Ok(None) };
    let chosen = listed_layers(document, raw)?;
    let stack = document.stack_of(|layer| chosen.contains(&layer.id)).into_iter();
    let snapshots = stack.map(|(volume, blend)| (volume.clone(), blend)).collect();
    Ok(Some(MergeJob::new(snapshots, MergeCache::new())))
}
