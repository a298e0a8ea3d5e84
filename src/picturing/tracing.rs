//! What a call says about a picture by paths of light.

use crate::api::ParamError;
use crate::api::args::shown;
use crate::api::json::few_members;
use crate::api::methods::look::LookOptions;
use crate::api::notes;
use crate::api::value::{Raw, read};
use crate::render::Tracing;

/// The members of `depth_of_field`.
const MEMBERS: [&str; 2] = ["aperture", "focus"];
/// How it is written.
const FORM: &str = r#"such as {"aperture":1,"focus":40}"#;

/// How paths are traced.
pub(super) fn tracing(options: &LookOptions<'_>) -> Result<Tracing, ParamError> {
    let usual = Tracing::default();
    let mut tracing = Tracing {
        samples: options.samples.unwrap_or(usual.samples),
        seed: options.seed,
        bounces: options.bounces.unwrap_or(usual.bounces),
        max_seconds: options.max_seconds,
        denoise: options.denoise.unwrap_or(usual.denoise),
        ..usual
    };
    let Some(Raw(raw)) = options.depth_of_field else { return Ok(tracing) };
    let rule = |message: String| ParamError::rule("depth_of_field", message);
    if !raw.starts_with('{') {
        return Err(rule(format!("'depth_of_field' is {}; it must be {FORM}", shown(raw))));
    }
    for (name, value) in few_members(raw) {
        match &*name {
            "aperture" => tracing.aperture = read(value, "depth_of_field.aperture")?,
            "focus" => tracing.focus = Some(read(value, "depth_of_field.focus")?),
            other => return Err(rule(notes::unknown("depth_of_field.", other, &MEMBERS))),
        }
    }
    Ok(tracing)
}

/// What a call says that counts for paths only, though it names another style.
pub(super) fn of_no_use(options: &LookOptions<'_>) -> Vec<String> {
    let said = [
        ("max_seconds", options.max_seconds.is_some()),
        ("bounces", options.bounces.is_some()),
        ("depth_of_field", options.depth_of_field.is_some()),
        ("denoise", options.denoise.is_some()),
    ];
    let said = said.into_iter().filter(|(_, is_said)| *is_said);
    said.map(|(name, _)| format!("'{name}' is not used without \"style\":\"path\"")).collect()
}
