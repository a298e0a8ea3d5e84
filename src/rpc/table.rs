//! The one table of methods: descriptions of `api` bound to handlers.

use std::cell::Cell;
use std::collections::HashMap;

use super::context::{Context, Outcome, Task};
use super::error::{INVALID_PARAMS, METHOD_NOT_FOUND, RpcError};
use super::methods;
use crate::api::args::shown;
use crate::api::{Args, Call, Method, ParamError, Params, ResultType, json, notes};
use crate::job::pieces::Pieces;
use crate::job::{Budget, Progress, Step};

/// A method that has a handler.
pub trait Handle: Call {
    /// Does the work.
    fn handle(
        context: &mut Context<'_>,
        params: Self::Params<'_>,
    ) -> Result<Outcome<Self::Result>, RpcError>;
}

/// A call that goes on in slices and ends with its result as JSON.
pub type RunningCall = Box<dyn Task<Pieces>>;

/// What a call came to.
pub enum Ran {
    /// The result is in the buffer.
    Written,
    /// More slices are needed; nothing was written.
    Running(RunningCall),
}

/// A row of the table.
pub struct Entry {
    /// The description.
    pub method: Method,
    /// The module that handles it; its last part is the subject.
    module: &'static str,
    /// Types the params, calls the handler, and writes the result as JSON.
    pub run: fn(&mut Context<'_>, &mut Args<'_>, &mut Vec<u8>) -> Result<Ran, RpcError>,
}

impl Entry {
    /// What the method is about, in a word: the section of the reference page.
    pub fn subject(&self) -> &'static str {
        self.module.rsplit("::").next().unwrap_or(self.module)
    }
}

/// The row of a method that a module handles.
pub const fn entry<C: Handle>(module: &'static str) -> Entry
where
    C::Result: 'static,
{
    Entry { method: C::METHOD, module, run: run::<C> }
}

fn run<C: Handle>(
    context: &mut Context<'_>,
    args: &mut Args<'_>,
    out: &mut Vec<u8>,
) -> Result<Ran, RpcError>
where
    C::Result: 'static,
{
    let params = C::Params::take(args).map_err(|error| teach::<C>(args.explain(error)))?;
    args.check_count().map_err(teach::<C>)?;
    if C::METHOD.lenient {
        args.note_rest(known_names::<C>)
    } else {
        args.finish(known_names::<C>).map_err(teach::<C>)?;
        if let Some(text) = notes::take().into_iter().next() {
            return Err(teach::<C>(ParamError::rule("", text)));
        }
    }
    match C::handle(context, params).map_err(with_example::<C>)? {
        Outcome::Done(result) => {
            let start = out.len();
            write_result(&result, out);
            write_notes(&notes::take(), start, out);
            Ok(Ran::Written)
        }
        Outcome::Later(task) => {
            let notes = notes::take();
            Ok(Ran::Running(Box::new(Written { task, notes })))
        }
    }
}

/// How a list of warnings begins that a result has of its own.
const OWN_WARNINGS: &[u8] = br#""warnings":["#;

/// Adds what was not understood of the call to its result, which begins at `start`, if that is an
/// object.
fn write_notes(notes: &[String], start: usize, out: &mut Vec<u8>) {
    if notes.is_empty() || out.last() != Some(&b'}') {
        return;
    }
    let own = out[start..].windows(OWN_WARNINGS.len()).rposition(|part| part == OWN_WARNINGS);
    if let Some(own) = own {
        let place = start + own + OWN_WARNINGS.len();
        let mut list = Vec::new();
        json::write(notes, &mut list);
        let is_empty = out.get(place) == Some(&b']');
        let end = list.len() - 1;
        let added = list[1..end].iter().copied().chain((!is_empty).then_some(b','));
        out.splice(place..place, added);
        return;
    }
    out.pop();
    if out.len() > start + 1 {
        out.push(b',');
    }
    out.extend_from_slice(br#""warnings":"#);
    json::write(notes, out);
    out.push(b'}');
}

/// The names that params of a method may have.
fn known_names<C: Call>() -> Vec<&'static str> {
    let mut known = C::METHOD.param_names();
    if C::METHOD.effect.on_project() {
        known.extend(["project", "progress_ms", "max_ms"]);
    }
    known
}

fn write_result<R: ResultType>(result: &R, out: &mut Vec<u8>) {
    let start = out.len();
    result.write(out);
    debug_assert!({
        let mut by_serde = Vec::new();
        json::write(result, &mut by_serde);
        out[start..] == by_serde
    });
}

/// An error about params, with a call that works.
fn teach<C: Call>(error: ParamError) -> RpcError {
    with_example::<C>(error.into())
}

/// Adds a call that works to an error about params that has none yet.
fn with_example<C: Call>(error: RpcError) -> RpcError {
    let has_one = || error.data.as_ref().is_some_and(|data| data.contains_key("example"));
    if error.code != INVALID_PARAMS || has_one() {
        return error;
    }
    let error = error.with("method", C::METHOD.name);
    match serde_json::from_str::<serde_json::Value>(C::METHOD.example.by_name) {
        Ok(example) => error.with("example", example),
        Err(_) => error,
    }
}

/// A task whose result is turned into JSON at the end.
struct Written<R> {
    task: Box<dyn Task<R>>,
    /// What was not understood of the call.
    notes: Vec<String>,
}

impl<R: ResultType> Task<Pieces> for Written<R> {
    fn step(
        &mut self,
        context: &mut Context<'_>,
        budget: &mut Budget,
    ) -> Result<Step<Pieces>, RpcError> {
        notes::put_back(std::mem::take(&mut self.notes));
        let step = self.task.step(context, budget)?;
        self.notes = notes::take();
        Ok(match step {
            Step::More => Step::More,
            Step::Done(result) => Step::Done(json::in_pieces(|out| {
                let start = out.len();
                result.write(out);
                write_notes(&self.notes, start, out);
            })),
        })
    }

    fn progress(&self) -> Progress {
        self.task.progress()
    }

    fn cancel(&mut self, context: &mut Context<'_>) {
        self.task.cancel(context);
    }
}

/// All methods, in the order of the reference page.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    methods::ENTRIES.iter().copied().flatten().copied()
}

/// A method by any of its names, for those who have no table.
pub fn find(name: &str) -> Result<&'static Entry, RpcError> {
    let bare = |name: &'static str| name.strip_prefix(PREFIX).unwrap_or(name);
    let wanted = name.strip_prefix(PREFIX).unwrap_or(name);
    let is_it = |entry: &&'static Entry| {
        bare(entry.method.name) == wanted
            || entry.method.aliases.iter().any(|alias| bare(alias) == wanted)
    };
    entries().find(is_it).ok_or_else(|| unknown(name))
}

/// The error for a name that is no method's.
fn unknown(name: &str) -> RpcError {
    let error = RpcError::new(METHOD_NOT_FOUND, format!("Method not found: {}", shown(name)))
        .hint("list_methods names all methods; nothing was changed");
    match super::suggestions::of(name)[..] {
        [] => error,
        [nearest] => error.with("nearest", nearest),
        [nearest, ref others @ ..] => error.with("nearest", nearest).with("also", others.to_vec()),
    }
}

/// The prefix that is optional on every name.
pub(super) const PREFIX: &str = "goxel.";

/// The methods by their names.
pub struct Table {
    by_name: HashMap<&'static str, &'static Entry, rustc_hash::FxBuildHasher>,
    /// What was found last: most calls name the same method as the one before.
    last: Cell<Option<(&'static str, &'static Entry)>>,
}

impl Default for Table {
    fn default() -> Self {
        let mut by_name = HashMap::default();
        for entry in entries() {
            for name in
                std::iter::once(entry.method.name).chain(entry.method.aliases.iter().copied())
            {
                by_name.insert(name, entry);
                by_name.insert(name.strip_prefix(PREFIX).unwrap_or(name), entry);
            }
        }
        Table { by_name, last: Cell::new(None) }
    }
}

impl Table {
    /// A method by any of its names, with or without the prefix.
    pub fn find(&self, name: &str) -> Result<&'static Entry, RpcError> {
        if let Some((_, entry)) = self.last.get().filter(|(last, _)| *last == name) {
            return Ok(entry);
        }
        let found = self.by_name.get_key_value(name);
        self.last.set(found.map(|(&name, &entry)| (name, entry)).or(self.last.get()));
        let found = found.or_else(|| self.by_name.get_key_value(name.strip_prefix(PREFIX)?));
        found.map(|(_, &entry)| entry).ok_or_else(|| unknown(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_is_optional_on_every_name() {
        let table = Table::default();
        for name in ["ping", "goxel.ping", "goxel.add_voxel", "add_voxel", "goxel.get_version"] {
            assert!(table.find(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn no_two_methods_answer_to_one_name() {
        let mut seen = HashMap::new();
        for entry in entries() {
            let method = &entry.method;
            for name in std::iter::once(&method.name).chain(method.aliases) {
                let bare = name.strip_prefix(PREFIX).unwrap_or(name);
                if let Some(other) = seen.insert(bare, method.name) {
                    assert_eq!(other, method.name, "{bare} is taken twice");
                }
            }
        }
    }

    #[test]
    fn an_unknown_method_is_told_with_its_nearest_neighbour() {
        let error = Table::default().find("goxel.add_voxle").err().unwrap();
        assert_eq!(error.code, METHOD_NOT_FOUND);
        assert_eq!(error.data.unwrap()["nearest"], "goxel.add_voxel");
    }
}
