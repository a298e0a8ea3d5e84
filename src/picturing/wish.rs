//! The options that all pictures share, read against a document.

use std::path::Path;

use super::lights::lighting;
use super::refusal::Refusal;
use crate::api::args::shown;
use crate::api::json::{Elements, few_members, string};
use crate::api::methods::look::{LookOptions, LookParams};
use crate::api::notes;
use crate::api::value::{Raw, read, whole};
use crate::api::words::AXES;
use crate::api::{ParamError, Value};
use crate::document::{Document, Layer, LayerId};
use crate::likeness::nearest;
use crate::render::{
    Backdrop, Edges, FileKind, FileSettings, KeyLight, Lighting, Look, MAX_PIXELS, Materials,
    RenderSettings, Shading,
};
use crate::voxel::{Bounds, MergeCache, MergeJob, Rgba};

use super::cameras::{View, views};
use super::frames::Frames;
use super::size::size;
use super::tracing::{of_no_use, tracing};

/// The colour of clay.
const CLAY: Rgba = Rgba::opaque(214, 208, 200);
/// The sun of a look: over the left shoulder of somebody who stands in front, radians from straight
/// up and around z.
const SUN: KeyLight = KeyLight::Fixed { pitch: 0.75, yaw: -1.95 };
const STYLES: [&str; 4] = ["lit", "flat", "clay", "path"];
const EDGES: [&str; 3] = ["none", "voxels", "outline"];
/// Frames of a moving picture at most.
pub const MAX_FRAMES: u32 = 360;
/// Pixels of all frames of a moving picture at most.
const MAX_FRAME_PIXELS: u64 = 8 * MAX_PIXELS;
/// The longest that a frame is shown, in milliseconds.
const MAX_DELAY: u32 = 60_000;

/// What is looked at, and what becomes of it.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The picture, or each frame of it.
    pub look: Look,
    /// The layers that are drawn; `None` is what is visible.
    pub layers: Option<Vec<LayerId>>,
    /// The file.
    pub file: FileSettings,
    /// Whether it moves.
    pub frames: Frames,
    /// The most bytes of the file.
    pub max_bytes: Option<u64>,
    /// What chance begins with.
    pub seed: u64,
    /// What is to be said beside.
    pub warnings: Vec<String>,
}

/// What is visible of a document, or these layers alone, merged anew.
pub fn merging(document: &Document, layers: Option<&[LayerId]>) -> MergeJob {
    let is_chosen = |layer: &Layer| match layers {
        Some(chosen) => chosen.contains(&layer.id),
        None => layer.visible,
    };
    let stack = document.stack_of(is_chosen).into_iter();
    let snapshots = stack.map(|(volume, blend)| (volume.clone(), blend)).collect();
    MergeJob::new(snapshots, MergeCache::new())
}

/// What a way of asking says by itself.
pub struct Base<'a> {
    /// The views.
    pub views: Vec<View>,
    /// Pixels of the whole picture.
    pub size: [u32; 2],
    /// What is behind the model.
    pub backdrop: Backdrop,
    /// How it is drawn if no style is named; `None` is lit.
    pub plain: Option<(Shading, Lighting)>,
    /// What the call says about the light of styles.
    pub lighting: Option<Raw<'a>>,
    /// The file.
    pub file: FileSettings,
}

impl Wish {
    /// Reads the params of goxel.look.
    ///
    /// # Errors
    /// As [`Wish::read`].
    pub fn of_look(document: &Document, params: &LookParams<'_>) -> Result<Wish, Refusal> {
        let own = &params.own;
        let path = own.path.as_deref().filter(|path| !path.is_empty());
        let (file, warnings) = file_settings(own.format.as_deref(), path)?;
        let base = Base {
            views: views(document, own.views, "views")?,
            size: size(own.size)?,
            backdrop: own.background.map_or(Ok(Backdrop::Auto), background)?,
            plain: None,
            lighting: own.lighting,
            file,
        };
        let mut wish = Wish::read(document, base, &params.options)?;
        wish.warnings.extend(warnings);
        Ok(wish)
    }

    /// Reads options. What is not understood is noted or refused.
    ///
    /// # Errors
    /// A param that is wrong, and whatever cannot be drawn.
    pub fn read(
        document: &Document,
        base: Base<'_>,
        options: &LookOptions<'_>,
    ) -> Result<Wish, Refusal> {
        let layers = options.layers.map(|Raw(raw)| layers(document, raw)).transpose()?;
        let [width, height] = base.size;
        let lit = Shading { shadows: true, ..Shading::default() };
        let (shading, clay) = match (options.style.as_deref(), base.plain) {
            (None, Some((shading, _))) => (shading, None),
            (None | Some("lit" | "path"), _) => (lit, None),
            (Some("flat"), _) => (Shading::FLAT, None),
            (Some("clay"), _) => (lit, Some(CLAY)),
            (Some(other), _) => return Err(no_word("style", other, &STYLES).into()),
        };
        let tracing = (options.style.as_deref() == Some("path")).then(|| tracing(options));
        let tracing = tracing.transpose()?;
        let lighting = match (options.style.is_some(), base.plain) {
            (false, Some((_, lighting))) => lighting,
            _ => lighting(document, base.lighting, Lighting { key: SUN, ..Lighting::default() })?,
        };
        let usual = RenderSettings::default();
        let settings = RenderSettings {
            width,
            height,
            shading,
            clay,
            lighting,
            crop: within(options)?,
            materials: Materials::of_layers(document, |layer| match &layers {
                Some(chosen) => chosen.contains(&layer.id),
                None => layer.visible,
            }),
            samples: options.samples.filter(|_| tracing.is_none()).unwrap_or(usual.samples),
            tracing,
            ..usual
        };
        let look = Look {
            labels: options.labels.unwrap_or(base.views.len() > 1),
            views: base.views,
            settings,
            backdrop: base.backdrop,
            axes: options.axes,
            dimensions: options.dimensions,
            grid: options.grid,
            ground: options.ground,
            edges: edges(options)?,
        };
        let frames = Frames::read(options)?;
        let (file, mut warnings) = checked_file(base.file, frames, &look, options)?;
        if look.settings.tracing.is_none() {
            warnings.extend(of_no_use(options));
        }
        look.check()?;
        let (max_bytes, seed) = (options.max_bytes, options.seed);
        Ok(Wish { look, layers, file, frames, max_bytes, seed, warnings })
    }
}

/// The error of a word that is none of those that there are.
fn no_word(param: &'static str, got: &str, known: &[&str]) -> ParamError {
    let near = nearest(got, known.iter().copied());
    let hint = near.map_or(String::new(), |near| format!("; did you mean '{near}'?"));
    let (got, known) = (shown(got), known.join(", "));
    ParamError::rule(param, format!("'{param}' is \"{got}\"; it must be one of {known}{hint}"))
}

fn edges(options: &LookOptions<'_>) -> Result<Edges, ParamError> {
    match options.edges.as_deref() {
        None | Some("none") => Ok(Edges::None),
        Some("voxels") => Ok(Edges::Voxels),
        Some("outline") => Ok(Edges::Outline),
        Some(other) => Err(no_word("edges", other, &EDGES)),
    }
}

/// The file that a call names a format or a path for, and what is to be said about it.
///
/// # Errors
/// A format that there is none of.
pub fn file_settings(
    format: Option<&str>,
    path: Option<&str>,
) -> Result<(FileSettings, Vec<String>), ParamError> {
    let ending = path.and_then(|path| Path::new(path).extension()?.to_str().map(str::to_owned));
    let said = ending.as_deref().and_then(FileKind::from_name);
    let named = format.filter(|format| !format.is_empty());
    let named = named.map(|format| {
        let names = FileKind::ALL.map(FileKind::name);
        FileKind::from_name(format).ok_or_else(|| no_word("format", format, &names))
    });
    let named = named.transpose()?;
    let kind = named.or(said).unwrap_or_default();
    let is_told = said.map_or(ending.is_some(), |said| !alike(said, kind));
    let mut warnings = Vec::new();
    if let Some(ending) = ending.filter(|_| is_told) {
        let (ending, kind) = (shown(&ending), kind.name());
        warnings.push(match named {
            Some(_) => {
                format!("the file is {kind} as 'format' says, though its name ends with .{ending}")
            }
            None => format!("the file is {kind}: .{ending} is no format of pictures"),
        });
    }
    Ok((FileSettings { kind, ..FileSettings::default() }, warnings))
}

/// Whether a file of one format may have the ending of another.
fn alike(one: FileKind, other: FileKind) -> bool {
    let is_png = |kind| matches!(kind, FileKind::Png | FileKind::Apng);
    one == other || (is_png(one) && is_png(other))
}

/// The file as the other options want it.
fn checked_file(
    mut file: FileSettings,
    frames: Frames,
    look: &Look,
    options: &LookOptions<'_>,
) -> Result<(FileSettings, Vec<String>), Refusal> {
    let mut warnings = Vec::new();
    if !(1..=100).contains(&options.quality) {
        let message = format!("'quality' is {}; it must be 1 to 100", options.quality);
        return Err(ParamError::rule("quality", message).into());
    }
    file.quality = options.quality as u8;
    if options.quality != LookOptions::QUALITY && file.kind != FileKind::Jpeg {
        warnings.push(format!("'quality' is of JPEG only; the file is {}", file.kind.name()));
    }
    file.delay = match u16::try_from(options.delay) {
        Ok(delay) if (1..=MAX_DELAY).contains(&options.delay) => delay,
        _ => {
            let message =
                format!("'delay' is {}; it must be 1 to {MAX_DELAY} milliseconds", options.delay);
            return Err(ParamError::rule("delay", message).into());
        }
    };
    if let Some((param, count)) = frames.count() {
        file.kind = match file.kind {
            FileKind::Png => FileKind::Apng,
            FileKind::Jpeg | FileKind::WebP => {
                let message = format!(
                    "'{param}' makes a moving picture: 'format' must be gif or apng, not {}",
                    file.kind.name()
                );
                return Err(ParamError::rule("format", message).into());
            }
            kind => kind,
        };
        let pixels = u64::from(look.settings.width) * u64::from(look.settings.height);
        if pixels * u64::from(count) > MAX_FRAME_PIXELS {
            let message = format!(
                "{count} frames of {}x{} pixels are too many: at most {MAX_FRAME_PIXELS} pixels in all are drawn",
                look.settings.width, look.settings.height
            );
            return Err(ParamError::rule(param, message).into());
        }
    }
    let is_clear = |color: Rgba| color.a < 255;
    let clear = match look.backdrop {
        Backdrop::Color(color) => is_clear(color),
        Backdrop::Gradient(colors) => colors.into_iter().any(is_clear),
        Backdrop::Auto => false,
    };
    if clear && file.kind == FileKind::Jpeg {
        warnings.push("JPEG has no transparency: white is behind the picture".to_owned());
    }
    Ok((file, warnings))
}

/// The box that is drawn.
///
/// # Errors
/// A section that is written otherwise.
pub fn within(options: &LookOptions<'_>) -> Result<Option<Bounds>, ParamError> {
    crop(options.within.as_ref().map(|within| within.0), options.section)
}

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

/// What is behind the model.
///
/// # Errors
/// Neither a colour nor one of the words.
pub fn background(Raw(raw): Raw<'_>) -> Result<Backdrop, ParamError> {
    match string(raw).as_deref() {
        Some("auto") => return Ok(Backdrop::Auto),
        Some("transparent") => return Ok(Backdrop::Color(Rgba::EMPTY)),
        _ => {}
    }
    if let Some(color) = Rgba::parse(raw) {
        return Ok(Backdrop::Color(color));
    }
    let colors: Option<Vec<Rgba>> = if raw.starts_with('[') {
        Elements::new(raw).take(3).map(Rgba::parse).collect()
    } else {
        None
    };
    let colors = colors.and_then(|colors| <[Rgba; 2]>::try_from(colors).ok());
    colors.map(Backdrop::Gradient).ok_or_else(|| {
        let got = shown(raw);
        let message = format!(
            "'background' is {got}; it must be a colour, \"transparent\", \"auto\" or [top, bottom]"
        );
        ParamError::rule("background", message)
    })
}

/// The layers that a list of ids and names means, or one of them alone.
///
/// # Errors
/// A layer that is not there.
pub fn layers(document: &Document, raw: &str) -> Result<Vec<LayerId>, Refusal> {
    let one = |raw: &str| {
        let found = match string(raw) {
            Some(name) => document.layers().iter().find(|layer| layer.name == name),
            None => {
                let id = whole(raw).and_then(|id| i32::try_from(id).ok());
                id.and_then(|id| document.layer(LayerId(id)))
            }
        };
        found.map(|layer| layer.id).ok_or_else(|| {
            let names = document.layers().iter().map(|layer| layer.name.as_str());
            let near = string(raw).and_then(|name| nearest(&name, names.clone()));
            let hint = near.map_or(String::new(), |near| format!("; did you mean '{near}'?"));
            let message = format!("No such layer: {}{hint}", shown(raw));
            Refusal::from(ParamError::rule("layers", message)).with("known", names)
        })
    };
    if raw.starts_with('[') { Elements::new(raw).map(one).collect() } else { Ok(vec![one(raw)?]) }
}
