//! Handlers about the daemon itself.

use std::time::SystemTime;

use time::macros::format_description;

use super::entries;
use super::health::journal_health;
use crate::VERSION;
use crate::api::instance::Instance;
use crate::api::json::{Compactor, Spelt, TextPart, compact};
use crate::api::methods::system::*;
use crate::job::pieces::Pieces;
use crate::job::{Budget, Job, Progress, Step};
use crate::rpc::context::{Context, Daemon, Outcome};
use crate::rpc::describe;
use crate::rpc::error::{NOT_BUILT_IN, RpcError};
use crate::rpc::table::{self, Entry, Handle};

entries![Echo, Version, Status, Ping, ListMethods, Shutdown, HandOver];

impl Daemon {
    /// A run with a new random name.
    pub fn new() -> Self {
        let (renders, subscriptions, limits) = Default::default();
        let (instance, roots, own_roots) = (Instance::random(), None, Default::default());
        Daemon {
            instance,
            renders,
            subscriptions,
            limits,
            script_directory: None,
            roots,
            own_roots,
        }
    }
}

impl Default for Daemon {
    fn default() -> Self {
        Daemon::new()
    }
}

impl Handle for Ping {
    fn handle(context: &mut Context<'_>, _: NoParams) -> Result<Outcome<Pong>, RpcError> {
        let timestamp = context.host.unix_time();
        Ok(Pong { pong: true, timestamp, instance: context.daemon.instance }.into())
    }
}

impl Handle for Echo {
    fn handle(_: &mut Context<'_>, params: EchoParams<'_>) -> Result<Outcome<Echoed>, RpcError> {
        let text = params.0.unwrap_or("{}");
        if text.len() <= ECHOED_AT_ONCE {
            let mut compacted = Vec::new();
            compact(text, &mut compacted);
            return Ok(Echoed(Spelt::new(compacted.into())).into());
        }
        let (text, compactor) = (TextPart::of(text), Compactor::default());
        let job = LongEcho { text, at: 0, compactor, echoed: Pieces::new() };
        Ok(Outcome::job(job, |_, echoed| Ok(Echoed(Spelt::new(echoed)))))
    }
}

/// Bytes that are echoed in one unit of work.
const ECHOED_AT_ONCE: usize = 32 << 10;

/// Much that is sent back.
struct LongEcho {
    text: TextPart,
    at: usize,
    compactor: Compactor,
    echoed: Pieces,
}

impl Job for LongEcho {
    type Output = Pieces;

    fn step(&mut self, budget: &mut Budget) -> Step<Pieces> {
        while let rest = &self.text.as_str().as_bytes()[self.at..]
            && !rest.is_empty()
        {
            let part = &rest[..rest.len().min(ECHOED_AT_ONCE)];
            self.compactor.push(part, self.echoed.room(part.len()));
            self.at += part.len();
            if !budget.spend(1) {
                return Step::More;
            }
        }
        Step::Done(std::mem::take(&mut self.echoed))
    }

    fn progress(&self) -> Progress {
        Progress { done: self.at as u64, total: self.text.as_str().len() as u64 }
    }
}

impl Handle for Version {
    fn handle(_: &mut Context<'_>, _: NoParams) -> Result<Outcome<VersionResult>, RpcError> {
        Ok(VersionResult { version: VERSION, kind: "daemon", protocol: "JSON-RPC 2.0" }.into())
    }
}

impl Handle for Status {
    fn handle(context: &mut Context<'_>, _: NoParams) -> Result<Outcome<StatusResult>, RpcError> {
        let uptime = context.host.now().saturating_duration_since(context.host.started());
        let hostname = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let result = StatusResult {
            status: "running",
            pid: std::process::id(),
            current_time: current_time(),
            hostname,
            goxel_initialized: true,
            methods_available: table::entries().count(),
            memory_allocated: context.workspace.memory(),
            uptime_seconds: uptime.as_secs(),
            version: VERSION,
            instance: context.daemon.instance,
            active_connections: context.host.connections().len(),
            active_projects: context.workspace.projects().count(),
            journal: context.workspace.journal_facts().as_ref().map(journal_health),
        };
        Ok(result.into())
    }
}

/// The time of day in UTC, `YYYY-MM-DD HH:MM:SS`.
fn current_time() -> String {
    let form = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    time::OffsetDateTime::now_utc().format(form).unwrap_or_default()
}

/// A time in UTC, `YYYY-MM-DDTHH:MM:SSZ`.
pub(super) fn iso_time(time: SystemTime) -> String {
    let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    time::OffsetDateTime::from(time).format(form).unwrap_or_default()
}

/// The methods that the C daemon lists, but for their prefix.
const OF_REFERENCE: [&str; 34] = [
    "echo",
    "version",
    "status",
    "ping",
    "list_methods",
    "add_voxels",
    "create_project",
    "load_project",
    "save_project",
    "export_model",
    "render_scene",
    "add_voxel",
    "remove_voxel",
    "get_voxel",
    "paint_voxels",
    "flood_fill",
    "procedural_shape",
    "batch_operations",
    "list_layers",
    "create_layer",
    "delete_layer",
    "merge_layers",
    "set_layer_visibility",
    "get_status",
    "execute_script",
    "get_voxels_region",
    "get_layer_voxels",
    "get_bounding_box",
    "get_color_histogram",
    "find_voxels_by_color",
    "get_unique_colors",
    "get_render_info",
    "cleanup_render",
    "list_renders",
];

fn is_of_reference(entry: &Entry) -> bool {
    let name = entry.method.name;
    OF_REFERENCE.contains(&name.strip_prefix("goxel.").unwrap_or(name))
}

/// How to see the methods that a short list leaves out.
const MORE_METHODS: &str = "verbose: false names all methods, true describes all; rpc.discover {\"method\": NAME} tells one";

fn named(entry: &Entry) -> Listed {
    let (method, description) = (entry.method.name, entry.method.summary.trim());
    Listed::Named(NamedMethod { method, description })
}

fn full(entry: &Entry) -> Listed {
    Listed::Full(ListedMethod {
        method: entry.method.name,
        description: entry.method.summary.trim(),
        aliases: entry.method.aliases.to_vec(),
        params: describe::signature(&entry.method),
        subject: entry.subject(),
        effect: entry.method.effect.name(),
    })
}

impl Handle for ListMethods {
    fn handle(
        _: &mut Context<'_>,
        params: ListMethodsParams,
    ) -> Result<Outcome<MethodList>, RpcError> {
        let all = || table::entries();
        let methods: Vec<Listed> = match params.verbose {
            None => all().filter(|entry| is_of_reference(entry)).map(named).collect(),
            Some(false) => all().map(|entry| Listed::Name(entry.method.name)).collect(),
            Some(true) => all().map(full).collect(),
        };
        let (count, more) = (methods.len(), all().count() - methods.len());
        let (more, hint) = ((more > 0).then_some(more), (more > 0).then_some(MORE_METHODS));
        Ok(MethodList { count, methods, more, hint }.into())
    }
}

impl Handle for HandOver {
    fn handle(context: &mut Context<'_>, _: NoParams) -> Result<Outcome<HandOverResult>, RpcError> {
        match context.host.hand_over(context.caller) {
            Ok(()) => Ok(HandOverResult { accepted: true }.into()),
            Err(why) => Err(RpcError::new(NOT_BUILT_IN, format!("Nothing is handed over: {why}"))
                .hint("this call is for goxel-daemon --takeover; use that, or goxelctl upgrade")),
        }
    }
}

impl Handle for Shutdown {
    fn handle(
        context: &mut Context<'_>,
        _: ShutdownParams<'_>,
    ) -> Result<Outcome<ShutdownResult>, RpcError> {
        if context.host.shut_down() {
            return Ok(ShutdownResult { success: true }.into());
        }
        let message = "Shutdown is not allowed: the daemon was started without --allow-shutdown";
        Err(RpcError::new(NOT_BUILT_IN, message)
            .hint("send SIGTERM, or use goxel-daemon --stop; nothing was changed"))
    }
}
