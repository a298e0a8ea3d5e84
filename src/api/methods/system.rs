//! Methods about the daemon itself.

use super::super::instance::Instance;
use super::super::json::Spelt;
use super::super::macros::{method, params, result};
use super::super::member::Member;
use super::super::schema::{Describe, Field, Schema};
use super::super::value::Raw;
use super::super::{Args, Param, ParamError, Params, ResultType};
use super::health::JournalHealth;

params! {
    /// No params.
    pub struct NoParams {}
}

result! {
    /// Sign of life.
    pub struct Pong {
        /// Always true.
        pong: bool,
        /// Seconds since 1970.
        timestamp: u64,
        /// The name of this run of the daemon, new with each start.
        instance: Instance,
    }
}

method! {
    /// Answers at once: a sign of life.
    Ping = "ping",
    NoParams -> Pong,
    effect: Answer, lenient: true,
    by_position: "[]", by_name: "{}",
}

/// The params of `echo`: whatever was sent.
pub struct EchoParams<'a>(pub Option<&'a str>);

impl<'a> Params<'a> for EchoParams<'a> {
    const PARAMS: &'static [Param] = &[];
    fn take(args: &mut Args<'a>) -> Result<Self, ParamError> {
        Ok(EchoParams(args.take_all()))
    }
}

/// The params as they came, without white space.
pub struct Echoed(pub Spelt<()>);

impl serde::Serialize for Echoed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl ResultType for Echoed {
    const FIELDS: &'static [Field] = &[];

    fn write(&self, out: &mut Vec<u8>) {
        Member::write(&self.0, out);
    }
}

method! {
    /// Sends the params back.
    Echo = "echo",
    EchoParams<'a> -> Echoed,
    effect: Answer, lenient: true,
    by_position: r#"[1,"two",{"three":3}]"#, by_name: r#"{"text":"hello"}"#,
}

result! {
    /// Versions.
    pub struct VersionResult {
        /// The version of the daemon.
        version: &'static str,
        /// What kind of program answers.
        kind as "type": &'static str,
        /// The protocol spoken.
        protocol: &'static str,
    }
}

method! {
    /// The version of the daemon.
    Version = "version" | "get_version" | "goxel.get_version",
    NoParams -> VersionResult,
    effect: Answer, lenient: true,
    by_position: "[]", by_name: "{}",
}

result! {
    /// State of the daemon.
    pub struct StatusResult {
        /// "running", or "stopping" while it drains.
        status: &'static str,
        /// Process id.
        pid: u32,
        /// Local time, `YYYY-MM-DD HH:MM:SS`.
        current_time: String,
        /// Name of the machine.
        hostname: String,
        /// Whether the engine is ready; always true.
        goxel_initialized: bool,
        /// How many methods there are, aliases not counted.
        methods_available: usize,
        /// Bytes of voxel data in memory.
        memory_allocated: u64,
        /// Seconds since the start.
        uptime_seconds: u64,
        /// The version of the daemon.
        version: &'static str,
        /// The name of this run of the daemon, new with each start.
        instance: Instance,
        /// Open connections.
        active_connections: usize,
        /// Open projects.
        active_projects: usize,
        /// The journal, if there is one.
        journal: Option<JournalHealth>,
    }
}

method! {
    /// State of the daemon: process, uptime, memory, connections.
    Status = "status" | "daemon.status",
    NoParams -> StatusResult,
    effect: Answer, lenient: true,
    by_position: "[]", by_name: "{}",
}

result! {
    /// One method of a list.
    pub struct ListedMethod {
        /// Canonical name.
        method: &'static str,
        /// What it does.
        description: &'static str,
        /// Other names it answers to.
        aliases: Vec<&'static str>,
        /// Its params in positional order; those with a question mark may be left out.
        params: String,
        /// What it is about: the section of the reference page.
        subject: &'static str,
        /// What it does to the world: "answer" and "read" only answer, "edit" changes a project,
        /// "file" writes a file, "server" changes something about the connection or the server.
        effect: &'static str,
    }
}

result! {
    /// One method of a short list.
    pub struct NamedMethod {
        /// Canonical name.
        method: &'static str,
        /// What it does.
        description: &'static str,
    }
}

/// A method as a list shows it.
pub enum Listed {
    /// Its name alone.
    Name(&'static str),
    /// With a line on it.
    Named(NamedMethod),
    /// With everything that lists tell.
    Full(ListedMethod),
}

impl serde::Serialize for Listed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Listed::Name(name) => name.serialize(serializer),
            Listed::Named(named) => named.serialize(serializer),
            Listed::Full(full) => full.serialize(serializer),
        }
    }
}

impl Describe for Listed {
    const SCHEMA: Schema = Schema::OneOf(&[
        <NamedMethod as Describe>::SCHEMA,
        Schema::Text,
        <ListedMethod as Describe>::SCHEMA,
    ]);
}

params! {
    /// How much to tell.
    pub struct ListMethodsParams {
        /// false: the names of all methods; true: all that is known of each. Absent: the methods of
        /// the C daemon, with a line on each, in less than 8 KiB.
        verbose: Option<bool>,
    }
}

result! {
    /// Methods.
    pub struct MethodList {
        /// How many are listed.
        count: usize,
        /// The methods, in the order of the reference page.
        methods: Vec<Listed>,
        /// How many others there are; absent if all are listed.
        more: Option<usize>,
        /// How to see the others; absent if all are listed.
        hint: Option<&'static str>,
    }
}

method! {
    /// Lists the methods of the C daemon with a line on each, or all methods.
    ListMethods = "list_methods" | "help",
    ListMethodsParams -> MethodList,
    effect: Answer, lenient: true,
    by_position: "[]", by_name: r#"{"verbose":false}"#,
}

params! {
    /// What to ask the server to do.
    pub struct ShutdownParams<'a> {
        /// Any value; kept for callers that send a reason.
        reason: Option<Raw<'a>>,
    }
}

result! {
    /// The server is stopping.
    pub struct ShutdownResult {
        /// Always true.
        success: bool,
    }
}

method! {
    /// Stops the daemon after answering; only if it was started with `--allow-shutdown`.
    Shutdown = "shutdown",
    ShutdownParams<'a> -> ShutdownResult,
    effect: Server, lenient: true,
    by_position: "[]", by_name: "{}",
}

result! {
    /// What is handed over follows on the connection.
    pub struct HandOverResult {
        /// Always true.
        accepted: bool,
    }
}

method! {
    /// For `goxel-daemon --takeover`: hands listeners, locks and the journal over to the daemon
    /// that asks, on this connection.
    HandOver = "goxel.hand_over",
    NoParams -> HandOverResult,
    effect: Server, lenient: true,
    by_position: "[]", by_name: "{}",
}

impl Describe for Echoed {
    const SCHEMA: Schema = Schema::Any;
}
