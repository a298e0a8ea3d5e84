//! The params of a call, cut into values, with what every method understands taken out: `project`
//! and `progress_ms`, `max_ms`.

use std::borrow::Cow;
use std::time::Duration;

use super::error::{INVALID_PARAMS, RpcError};
use super::table::Entry;
use crate::api::args::shown;
use crate::api::json::string;
use crate::api::schema::Schema;
use crate::api::value::whole;
use crate::api::{Args, ParamError, notes};
use crate::workspace::DEFAULT_PROJECT;

/// The shortest interval of progress reports.
const MIN_PROGRESS_INTERVAL: Duration = Duration::from_millis(10);

/// The names of the param that says which project is meant; older documents have the second one.
const PROJECT: [&str; 2] = ["project", "project_id"];

/// A call's params, and what every method understands.
pub(super) struct Prepared<'a> {
    pub(super) args: Args<'a>,
    pub(super) project: Cow<'a, str>,
    pub(super) progress: Option<Duration>,
    /// How long the call may take.
    pub(super) most: Option<Duration>,
}

impl<'a> Prepared<'a> {
    pub(super) fn new(params: Option<&'a str>, entry: &Entry) -> Result<Self, RpcError> {
        notes::clear();
        let mut args = Args::new(params).ok_or_else(|| {
            RpcError::new(INVALID_PARAMS, "Invalid params: expected an array or an object")
        })?;
        let mut project = Cow::Borrowed(DEFAULT_PROJECT);
        if entry.method.effect.on_project()
            && let Some((name, raw)) = args.first_named(&PROJECT).filter(|(_, raw)| *raw != "null")
        {
            project = string(raw).ok_or_else(|| ParamError::mismatch(name, &Schema::Text, raw))?;
        }
        let progress = args.named("progress_ms").filter(|&raw| raw != "null").and_then(|raw| {
            let milliseconds = whole(raw).and_then(|number| u64::try_from(number).ok());
            if milliseconds.is_none() {
                let got = shown(raw);
                notes::note(format!("progress_ms {got} is no whole number: nothing is reported"));
            }
            Some(Duration::from_millis(milliseconds?).max(MIN_PROGRESS_INTERVAL))
        });
        let most =
            args.named("max_ms").filter(|&raw| raw != "null").map(milliseconds).transpose()?;
        Ok(Prepared { args, project, progress, most })
    }
}

fn milliseconds(raw: &str) -> Result<Duration, ParamError> {
    let number = whole(raw).and_then(|number| u64::try_from(number).ok()).filter(|ms| *ms > 0);
    let expected = Schema::Integer(1, i64::MAX);
    number.map(Duration::from_millis).ok_or_else(|| ParamError::mismatch("max_ms", &expected, raw))
}
