//! A method as data.

use super::schema::{Field, Schema};

/// One param of a method.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Its name, then its synonyms.
    pub names: &'static [&'static str],
    /// What it is, with its unit.
    pub description: &'static str,
    /// Its type.
    pub schema: Schema,
    /// Whether it must be given.
    pub required: bool,
    /// Its default as JSON.
    pub default: Option<&'static str>,
    /// Names of its parts, by which it can also be given (x, y, z for a point).
    pub parts: &'static [&'static str],
    /// Whether descriptions show its parts in its place: the schema is a list with one item a part.
    pub flattened: bool,
}

impl Param {
    /// The canonical name.
    pub fn name(&self) -> &'static str {
        self.names[0]
    }
}

/// What a method does to the world; decides about undo, retries, waiting and cancelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Only answers, and not about a project.
    Answer,
    /// Only answers, about a project.
    Read,
    /// Changes a project.
    Edit,
    /// Writes a project to a file.
    File,
    /// Changes something about the connection or the server.
    Server,
}

/// A call that works as it stands, on a fresh document.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// Params by position, a JSON array; empty if the method takes names only.
    pub by_position: &'static str,
    /// Params by name, a JSON object.
    pub by_name: &'static str,
}

/// A method of the API.
#[derive(Debug)]
pub struct Method {
    /// The canonical name.
    pub name: &'static str,
    /// Other names it answers to. The prefix `goxel.` is optional everywhere and not listed.
    pub aliases: &'static [&'static str],
    /// One line on what it does.
    pub summary: &'static str,
    /// What it does to the world.
    pub effect: Effect,
    /// Whether params that it does not know are ignored, as old clients need.
    pub lenient: bool,
    /// Its params, in positional order.
    pub params: &'static [Param],
    /// The members of its result.
    pub result: &'static [Field],
    /// A call that works.
    pub example: Example,
    /// Error codes of its own, besides those that its params and its effect bring along.
    pub errors: &'static [i32],
}

impl Method {
    /// Whether calls of it wait until a change of the project that goes on in slices is over, and
    /// then keep others waiting. Scripts take their turn only once they have come to their end.
    pub fn takes_turns(&self) -> bool {
        self.effect == Effect::Edit && self.name != "goxel.execute_script"
    }
}

impl Effect {
    /// The effect in a word, for lists.
    pub const fn name(self) -> &'static str {
        match self {
            Effect::Answer => "answer",
            Effect::Read => "read",
            Effect::Edit => "edit",
            Effect::File => "file",
            Effect::Server => "server",
        }
    }

    /// Whether it concerns a project, so that the param `project` can name one.
    pub const fn on_project(self) -> bool {
        matches!(self, Effect::Read | Effect::Edit | Effect::File)
    }
}

impl Method {
    /// The names of all params and of their parts, for error messages.
    pub fn param_names(&self) -> Vec<&'static str> {
        let names = self.params.iter().flat_map(|param| param.names.iter().chain(param.parts));
        names.copied().collect()
    }
}

/// A method's params as a Rust type.
pub trait Params<'a>: Sized {
    /// What they are.
    const PARAMS: &'static [Param];

    /// Takes them from a call.
    fn take(args: &mut super::args::Args<'a>) -> Result<Self, super::args::ParamError>;
}

/// A method's result as a Rust type.
pub trait ResultType: serde::Serialize {
    /// Its members.
    const FIELDS: &'static [Field];

    /// Appends it as JSON.
    fn write(&self, out: &mut Vec<u8>) {
        super::json::write(self, out);
    }
}

/// A method with its types; what handlers are bound to.
pub trait Call {
    /// The params, borrowed from the message.
    type Params<'a>: Params<'a>;
    /// The result.
    type Result: ResultType;
    /// The description.
    const METHOD: Method;
}
