//! Handlers about palettes.

use std::borrow::Cow;

use super::entries;
use super::files::file_error;
use super::layer_settings::checked_name;
use super::own_files::{Intent, look, not_written};
use crate::api::args::ParamError;
use crate::api::color_form::to_hex;
use crate::api::json::string;
use crate::api::methods::palettes::*;
use crate::api::methods::system::NoParams;
use crate::api::value::{Untyped, Value};
use crate::document::Palette;
use crate::document::history::Scope;
use crate::file_access::Purpose;
use crate::format::{FormatError, PaletteJob, ReplaceJob, Replaced, encode_palette};
use crate::job::{Slice, Work};
use crate::likeness::nearest;
use crate::plain_words::counted;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::{LOAD_PROJECT, OVER_LIMIT, RpcError, SAVE_PROJECT};
use crate::rpc::long_lists::LongArray;
use crate::rpc::table::Handle;
use crate::voxel::Rgba;

entries![ListPalettes, GetPalette, SetPalette, ImportPalette, ExportPalette];

fn listed(palette: &Palette) -> ListedPalette {
    ListedPalette { name: palette.name.clone(), count: palette.colors.len() }
}

fn shown(palette: &Palette, revision: u64) -> PaletteState {
    let color = |(color, name): &(_, Option<String>)| PaletteColor {
        color: to_hex(*color),
        name: name.clone(),
    };
    let colors: Vec<_> = palette.colors.iter().map(color).collect();
    PaletteState { name: palette.name.clone(), count: colors.len(), colors, revision }
}

fn built_in(name: &str) -> Result<Palette, RpcError> {
    Palette::named(name).ok_or_else(|| {
        let all = Palette::built_in();
        let names: Vec<&str> = all.iter().map(|palette| palette.name.as_str()).collect();
        let near = nearest(name, names.iter().copied());
        let hint = near.map_or(String::new(), |near| format!("; did you mean '{near}'?"));
        let message = format!("No built-in palette '{}'{hint}", crate::api::args::shown(name));
        let error = RpcError::from(ParamError::rule("name", message)).with("known", names);
        match near {
            Some(near) => error.with("nearest", near),
            None => error,
        }
    })
}

impl Handle for ListPalettes {
    fn handle(context: &mut Context<'_>, _: NoParams) -> Result<Outcome<PaletteList>, RpcError> {
        let current = listed(&context.project()?.document().palette);
        let palettes: Vec<_> = Palette::built_in().iter().map(listed).collect();
        Ok(PaletteList { count: palettes.len(), palettes, current }.into())
    }
}

impl Handle for GetPalette {
    fn handle(
        context: &mut Context<'_>,
        params: GetPaletteParams<'_>,
    ) -> Result<Outcome<PaletteState>, RpcError> {
        let project = context.project()?;
        let revision = project.revision();
        Ok(match params.name {
            Some(name) => shown(&built_in(&name)?, revision),
            None => shown(&project.document().palette, revision),
        }
        .into())
    }
}

fn too_many(limit: usize) -> RpcError {
    let message = format!("A palette has at most {limit} colours here (--max-palette-colors)");
    RpcError::new(OVER_LIMIT, message)
        .with("limit", limit)
        .hint("leave some out; nothing was changed")
}

/// Makes a palette the document's own; the same one again is no change.
fn put(context: &mut Context<'_>, label: &str, palette: Palette) -> Result<PaletteState, RpcError> {
    let limit = context.daemon.limits.palettes.max_palette_colors;
    if palette.colors.len() > limit {
        return Err(too_many(limit));
    }
    let project = context.project()?;
    if project.document().palette != palette {
        project.edit(label, Scope::Document, |document| {
            document.palette = palette;
            Ok::<_, RpcError>(())
        })?;
    }
    Ok(shown(&project.document().palette, project.revision()))
}

impl Handle for SetPalette {
    fn handle(
        context: &mut Context<'_>,
        params: SetPaletteParams<'_>,
    ) -> Result<Outcome<PaletteState>, RpcError> {
        let SetPaletteParams { name, colors, names } = params;
        const LABEL: &str = "set palette";
        let Some(colors) = colors else {
            let name = name.ok_or_else(|| {
                let message = "Missing required parameter: name of a built-in palette, or colors";
                ParamError::rule("name", message)
            })?;
            if names.is_some() {
                let message =
                    "Invalid parameter 'names': they are names of colors, which are missing";
                return Err(ParamError::rule("names", message).into());
            }
            return put(context, LABEL, built_in(&name)?).map(Outcome::Done);
        };
        let name = name.unwrap_or_else(|| "Palette".into()).into_owned();
        checked_name(&name, context.daemon.limits.names.palette)?;
        let most = context.daemon.limits.palettes.max_palette_colors;
        let lists = [colors.array, names.map_or("[]", |names| names.array)].map(LongArray::new);
        let read =
            Work::new(move |slice| async move { read_palette(name, lists, most, &slice).await });
        Outcome::chain(context, read, |context, palette| {
            put(context, LABEL, palette?).map(Outcome::Done)
        })
    }
}

/// Colours typed in one unit of work.
const COLORS_A_UNIT: usize = 64;

/// A palette of a list of colours and one of names, which may be shorter, and empty texts in it.
async fn read_palette(
    name: String,
    [mut colors, mut names]: [LongArray; 2],
    most: usize,
    slice: &Slice,
) -> Result<Palette, RpcError> {
    let mut palette = Palette { name, colors: Vec::new() };
    while let Some((index, raw)) = colors.next() {
        if index == most {
            return Err(too_many(most));
        }
        let color = Rgba::parse(raw);
        let color = color.ok_or_else(|| Untyped::<Rgba>::mismatch("colors", index, raw))?;
        palette.colors.push((color, None));
        if index % COLORS_A_UNIT == 0 {
            slice.spend(1).await;
        }
    }
    while let Some((index, raw)) = names.next() {
        let name = string(raw);
        let name = name.ok_or_else(|| Untyped::<Cow<'_, str>>::mismatch("names", index, raw))?;
        let Some((_, own)) = palette.colors.get_mut(index) else {
            let colors = counted(palette.colors.len() as u64, "colour");
            let message = format!("Invalid parameter 'names': more than one each for {colors}");
            return Err(ParamError::rule("names", message).into());
        };
        *own = (!name.is_empty()).then(|| name.into_owned());
        if index % COLORS_A_UNIT == 0 {
            slice.spend(1).await;
        }
    }
    Ok(palette)
}

impl Handle for ImportPalette {
    fn handle(
        context: &mut Context<'_>,
        params: ImportPaletteParams<'_>,
    ) -> Result<Outcome<PaletteState>, RpcError> {
        context.project()?;
        let path = params.path.into_owned();
        let failed = |path: &str, error: FormatError| cannot_import(path, &error);
        let job = PaletteJob::of_file(context.file(&path), context.daemon.limits.palettes);
        Ok(Outcome::job(job, move |context, palette| {
            let palette = palette.map_err(|error| failed(&path, error))?;
            put(context, "import palette", palette)
        }))
    }
}

fn cannot_import(path: &str, error: &FormatError) -> RpcError {
    let code = match error {
        FormatError::Limit { .. } => OVER_LIMIT,
        _ => LOAD_PROJECT,
    };
    let told = file_error(code, "load palette", path, error);
    let told = if error.reason().is_none() { told.with("reason", error.to_string()) } else { told };
    told.hint("give a .gpl file or a PNG picture; nothing was changed")
}

impl Handle for ExportPalette {
    fn handle(
        context: &mut Context<'_>,
        params: ExportPaletteParams<'_>,
    ) -> Result<Outcome<ExportPaletteResult>, RpcError> {
        let palette = &context.project()?.document().palette;
        let (content, count) = (encode_palette(palette), palette.colors.len());
        let (path, blame) = (params.path.into_owned(), (SAVE_PROJECT, "save palette"));
        let (file, intent) = (context.file(&path), Intent::Export { overwrite: params.overwrite });
        Ok(Outcome::chain_later(look(file.clone(), Purpose::Write), move |context, looked| {
            let target = intent.check(context, &path, looked, blame)?;
            let job = ReplaceJob::new(file, content.into());
            Ok(Outcome::job(job, move |context, written| {
                let Replaced { bytes, identity } =
                    written.map_err(|error| not_written(context, &path, &error, blame))?;
                target.written(context, &path, identity, None);
                let absolute_path = target.absolute_path();
                Ok(ExportPaletteResult { success: true, path, absolute_path, count, bytes })
            }))
        }))
    }
}
