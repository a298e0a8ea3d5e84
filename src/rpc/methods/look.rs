//! The handler that shows a model.

use super::entries;
use super::placing::{Blame, Destination, place};
use crate::api::ParamError;
use crate::api::args::shown;
use crate::api::methods::look::*;
use crate::api::notes;
use crate::picturing::{Wish, ended_early, made_smaller};
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::{RENDER_SCENE, RpcError};
use crate::rpc::table::Handle;

entries![Look];

/// The error of a picture that cannot be put where it shall go.
const BLAME: Blame = (RENDER_SCENE, "write the picture to");
const RETURNS: [&str; 3] = ["image", "path", "both"];

impl Handle for Look {
    fn handle(
        context: &mut Context<'_>,
        params: LookParams<'_>,
    ) -> Result<Outcome<LookResult>, RpcError> {
        let project = context.project()?;
        let revision = project.revision();
        let wish = Wish::of_look(project.document(), &params)?;
        understood()?;
        let LookViews { path, overwrite, .. } = &params.own;
        let back = params.options.destination.as_deref();
        let destination = destination(path.as_deref(), back, *overwrite)?;
        let views = wish.look.views.iter().map(|(name, _)| name.clone()).collect();
        let settings = &wish.look.settings;
        let (wanted, samples) = ([settings.width, settings.height], settings.samples);
        let (seed, mut warnings) = (wish.seed, wish.warnings.clone());
        let (frames, traced, longest) = (wish.frames, wish.look.settings.tracing, wish.max_bytes);
        place(context, wish, destination, BLAME, move |_, placed| {
            let [width, height] = placed.size;
            warnings.extend(made_smaller([placed.size, wanted], placed.bytes, longest));
            let samples = traced.map_or(samples, |_| placed.samples);
            warnings.extend(ended_early(traced, placed.samples));
            Ok(LookResult {
                success: true,
                image_data: placed.text,
                format: placed.kind.name(),
                width,
                height,
                bytes: placed.bytes,
                samples,
                seed,
                frames: frames.count().map(|_| placed.frames),
                views,
                path: placed.path,
                absolute_path: placed.absolute_path,
                revision,
                warnings,
            })
        })
    }
}

/// Refuses a call of which something was not understood.
pub(super) fn understood() -> Result<(), RpcError> {
    match notes::take().into_iter().next() {
        None => Ok(()),
        Some(note) => {
            // Notes begin with the name: 'lighting.sunn'.
            let name = note.trim_start_matches('\'').split(['.', '\'', ' ']).next();
            let param = name.filter(|name| !name.is_empty()).unwrap_or("views").to_owned();
            Err(ParamError::rule(param, note).into())
        }
    }
}

/// Where a picture goes, by its path and by what shall come back.
pub(super) fn destination(
    path: Option<&str>,
    back: Option<&str>,
    overwrite: bool,
) -> Result<Destination, ParamError> {
    let path = path.filter(|path| !path.is_empty());
    let back = back.unwrap_or(if path.is_some() { "path" } else { "image" });
    let rule = |message: String| Err(ParamError::rule("return", message));
    match (path, back) {
        (_, other) if !RETURNS.contains(&other) => {
            let (other, known) = (shown(other), RETURNS.join(", "));
            rule(format!("'return' is \"{other}\"; it must be one of {known}"))
        }
        (None, "path" | "both") => {
            rule(format!("'return' is \"{back}\", which needs a 'path' that the picture goes to"))
        }
        (None, _) => Ok(Destination::Answer),
        (Some(path), "path") => Ok(Destination::Path { path: path.to_owned(), overwrite }),
        (Some(path), _) => Ok(Destination::Both { path: path.to_owned(), overwrite }),
    }
}
