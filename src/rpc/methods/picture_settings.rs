//! What a call of the older methods of pictures says that goxel.look says otherwise.

use std::borrow::Cow;

use crate::api::args::shown;
use crate::api::json::{Elements, few_members, string};
use crate::api::notes::{note, note_unknown, note_value};
use crate::api::value::{Raw, number};
use crate::api::{ParamError, Value};
use crate::voxel::Rgba;

/// The members of `options`.
#[derive(Default)]
pub(super) struct Options {
    /// Whether the daemon keeps the picture.
    pub(super) keep: bool,
    pub(super) background: Option<Rgba>,
}

impl Options {
    pub(super) fn read(raw: Option<Raw<'_>>) -> Result<Self, ParamError> {
        let mut options = Options::default();
        if let Some(Raw(raw)) = raw.filter(|raw| !raw.0.starts_with('{')) {
            note(format!("options {} is no object and was not used", shown(raw)));
        }
        for (name, value) in raw.iter().flat_map(|raw| few_members(raw.0)) {
            match &*name {
                "return_mode" => {
                    let mode = string(value).unwrap_or(Cow::Borrowed(value));
                    options.keep = mode == RETURN_MODES[0];
                    if !RETURN_MODES.contains(&&*mode) && value != "null" {
                        note_value("options.return_mode", &mode, "none", &RETURN_MODES);
                    }
                }
                "background_color" if value != "null" => {
                    options.background = Some(background(value)?);
                }
                "background_color" => {}
                other => note_unknown("options.", other, &OPTIONS),
            }
        }
        Ok(options)
    }
}

/// The members of `options`.
const OPTIONS: [&str; 2] = ["return_mode", "background_color"];
/// The values of `options.return_mode`; only the first one changes anything.
const RETURN_MODES: [&str; 3] = ["file_path", "legacy", "default"];

/// A background colour. The reference clamps numbers in an array here, so old clients may send any.
fn background(raw: &str) -> Result<Rgba, ParamError> {
    let clamp = |value: f64| value.clamp(0.0, 255.0) as u8;
    Rgba::parse(raw)
        .or_else(|| {
            let parts: Vec<f64> = Elements::new(raw).map(number).collect::<Option<_>>()?;
            match parts[..] {
                [r, g, b] => Some(Rgba::opaque(clamp(r), clamp(g), clamp(b))),
                [r, g, b, a] => Some(Rgba::new(clamp(r), clamp(g), clamp(b), clamp(a))),
                _ => None,
            }
        })
        .ok_or_else(|| {
            ParamError::mismatch("options.background_color", &<Rgba as Value>::SCHEMA, raw)
        })
}
