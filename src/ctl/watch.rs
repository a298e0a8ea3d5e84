//! `goxelctl watch`: what changes, as it changes.

use std::collections::VecDeque;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::cli::duration;
use super::context::{Context, Stop};
use super::exit::Failure;
use super::output::{counted, plain};
use crate::client::{Connection, Effect, ErrorKind, Notification, effect_of};

/// How long a wait lasts before the wish to stop is looked at.
const SLICE: Duration = Duration::from_millis(100);
/// How long further calls that belong to a change may come after it.
const BELATED: Duration = Duration::from_millis(30);
/// How long the first one may: on a busy machine the end of a call is told much later than what it
/// changed.
const MOST_BELATED: Duration = Duration::from_millis(300);
/// Calls that are kept until a change tells of them.
const RECENT: usize = 64;
/// Methods that write the file of a project.
const WRITERS: [&str; 2] = ["goxel.save_project", "goxel.export_model"];
/// The pause between attempts to find the daemon again.
const RECONNECT_PAUSE: Duration = Duration::from_millis(200);

/// Print a line whenever a project changes or is saved, until interrupted: when, what, by which
/// call of whom.
///
/// When the daemon goes away, waits for it to come back and goes on, unless --once-lost says to
/// end.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    goxelctl watch\n  \
    goxelctl watch --json | while read -r change; do goxelctl render live.png; done")]
pub struct Arguments {
    /// The project; without this the default one
    pub project: Option<String>,
    /// At most one line in this time; changes in between are merged
    #[arg(long, default_value = "0ms", value_parser = duration)]
    pub min_interval: Duration,
    /// End after this many lines; 0 means never
    #[arg(long, short, default_value_t = 0)]
    pub count: u64,
    /// End with code 69 when the daemon goes away
    #[arg(long)]
    pub once_lost: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let stop = Stop::on_interrupt()?;
    let mut connection = context.connect()?;
    let mut left = if arguments.count == 0 { u64::MAX } else { arguments.count };
    let project = arguments.project.as_deref();
    loop {
        let subscribed = connection.subscribe(project, arguments.min_interval)?;
        let subscribed: Value = serde_json::from_str(subscribed.get()).unwrap_or_default();
        let revision = subscribed["revision"].as_u64().unwrap_or_default();
        // An older daemon does not tell of calls; then changes are told without them.
        let tells_calls = connection.call_raw("server.monitor", json!({})).is_ok();
        let project = project.unwrap_or("default");
        let kept_for = arguments.min_interval.saturating_add(MOST_BELATED);
        let calls = VecDeque::new();
        let mut teller = Teller { project, tells_calls, revision, calls, kept_for, context };
        let lost = match follow(&mut connection, &mut teller, &mut left, &stop) {
            Ok(()) => return Ok(()),
            Err(Failure::Client(error)) if error.kind() == ErrorKind::Lost => error,
            Err(failure) => return Err(failure),
        };
        if arguments.once_lost {
            return Err(lost.into());
        }
        context.output.say(&format!("{lost}; waiting for it to come back"));
        match reconnect(context, &stop) {
            Some(found) => connection = found,
            None => return Ok(()),
        }
        context.output.say("the daemon is back");
    }
}

fn follow(
    connection: &mut Connection,
    teller: &mut Teller<'_>,
    left: &mut u64,
    stop: &Stop,
) -> Result<(), Failure> {
    // A change, and until when it waits for the calls that belong to it.
    let mut waiting: Option<(Notification, Instant)> = None;
    while *left > 0 && !stop.is_set() {
        let limit = match &waiting {
            Some((_, until)) => until.saturating_duration_since(Instant::now()).min(SLICE),
            None => SLICE,
        };
        let next = connection.next_notification(limit)?;
        let is_call = next.as_ref().is_some_and(|next| next.method == "server.call");
        let is_change = next.is_some() && !is_call;
        let is_due = |(_, until): &mut (_, Instant)| is_change || *until <= Instant::now();
        if let Some((change, _)) = waiting.take_if(is_due) {
            teller.change(&change)?;
            *left -= 1;
        }
        match next {
            Some(call) if is_call => {
                let is_told = *left > 0 && teller.call(&call)?;
                *left -= u64::from(is_told);
                // Who made the change is known now; others may follow at once.
                if let Some((_, until)) = waiting.as_mut().filter(|_| !teller.calls.is_empty()) {
                    *until = (*until).min(Instant::now() + BELATED);
                }
            }
            Some(change) => waiting = Some((change, Instant::now() + teller.patience())),
            None => {}
        }
    }
    Ok(())
}

/// A call that ended well.
struct Call {
    method: String,
    connection: u64,
    pid: Option<u64>,
    params: Value,
}

impl Call {
    fn read(notification: &Notification) -> Option<Call> {
        let told: Value = serde_json::from_str(notification.params.get()).ok()?;
        let params = told["params"].as_str().unwrap_or_default();
        let is_done = told["error"].is_null();
        is_done.then_some(Call {
            method: told["method"].as_str()?.to_owned(),
            connection: told["connection"].as_u64()?,
            pid: told["peer_pid"].as_u64(),
            // Long params are told cut short, and are no JSON then.
            params: serde_json::from_str(params).unwrap_or_default(),
        })
    }

    /// Whether it may be about a project.
    fn is_about(&self, project: &str) -> bool {
        let named = self.params["project"].as_str();
        named.map_or(self.params.is_null() || project == "default", |named| named == project)
    }

    fn is_change(&self) -> bool {
        let is_other = WRITERS.contains(&&*self.method) || self.method == "goxel.subscribe";
        self.method.starts_with("goxel.") && effect_of(&self.method) == Effect::Change && !is_other
    }

    fn by(&self) -> String {
        let Call { method, connection, .. } = self;
        let Some(pid) = self.pid else { return format!("{method} by connection {connection}") };
        // A program that has ended already has no name any more.
        let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        match name.trim_end() {
            "" => format!("{method} by pid {pid} (connection {connection})"),
            name => format!("{method} by {name} (pid {pid}, connection {connection})"),
        }
    }

    fn to_json(&self) -> Value {
        json!({ "method": self.method, "connection": self.connection, "pid": self.pid })
    }
}

/// Tells of changes, with the calls that came before them.
struct Teller<'a> {
    project: &'a str,
    /// Whether the daemon tells of calls.
    tells_calls: bool,
    /// The revision that was told last.
    revision: u64,
    /// Calls that no change was told with so far, and when they came.
    calls: VecDeque<(Instant, Call)>,
    /// How long calls wait for their change.
    kept_for: Duration,
    context: &'a Context,
}

impl Teller<'_> {
    /// How long a change waits for calls that belong to it.
    fn patience(&self) -> Duration {
        if self.tells_calls && self.calls.is_empty() { MOST_BELATED } else { BELATED }
    }

    /// Takes a call in; whether it was told of at once, as a save is.
    fn call(&mut self, notification: &Notification) -> Result<bool, Failure> {
        let Some(call) = Call::read(notification).filter(|call| call.is_about(self.project)) else {
            return Ok(false);
        };
        if call.is_change() {
            if self.calls.len() == RECENT {
                self.calls.pop_front();
            }
            self.calls.push_back((Instant::now(), call));
            return Ok(false);
        }
        if !WRITERS.contains(&&*call.method) {
            return Ok(false);
        }
        let path = call.params["path"].as_str().or(call.params[0].as_str());
        let what = if call.method == WRITERS[0] { "saved" } else { "exported" };
        if self.context.output.json {
            let event = json!({ "event": format!("goxel.{what}"), "time": time_of_day(),
                "params": { "project": self.project, "path": path }, "by": [call.to_json()] });
            self.context.output.object(&event)?;
        } else {
            let path = path.map(|path| format!(" to {path}")).unwrap_or_default();
            let line = format!("{} {} {what}{path}: {}", time_of_day(), self.project, call.by());
            self.context.output.line(&line)?;
        }
        Ok(true)
    }

    /// The calls that a change comes from. A call makes one revision or none, and the next call may
    /// be told of before its change is: it is left for that.
    fn calls_of(&mut self, change: &Value) -> Vec<Call> {
        let now = Instant::now();
        self.calls.retain(|(at, _)| now.duration_since(*at) <= self.kept_for);
        let revision = change["revision"].as_u64().unwrap_or_default();
        let count = revision.saturating_sub(self.revision).max(1);
        self.revision = revision;
        let count = self.calls.len().min(usize::try_from(count).unwrap_or(usize::MAX));
        self.calls.drain(..count).map(|(_, call)| call).collect()
    }

    fn change(&mut self, notification: &Notification) -> Result<(), Failure> {
        let params: Value = serde_json::from_str(notification.params.get()).unwrap_or_default();
        let calls = self.calls_of(&params);
        if self.context.output.json {
            let by: Vec<Value> = calls.iter().map(Call::to_json).collect();
            let event = json!({ "event": notification.method, "time": time_of_day(),
                "params": params, "by": by });
            return self.context.output.object(&event);
        }
        let members = params.as_object().into_iter().flatten();
        let members = members.filter(|(key, _)| *key != "project" && *key != "box");
        let mut facts: Vec<String> =
            members.map(|(key, value)| format!("{key} {}", plain(value))).collect();
        if let (Some(min), Some(max)) = (params["box"].get("min"), params["box"].get("max")) {
            facts.push(format!("{min}..{max}"));
        }
        let mut line = format!("{} {} {}", time_of_day(), self.project, facts.join(", "));
        if let Some(last) = calls.last() {
            line += &format!(": {}", last.by());
        }
        if calls.len() > 1 {
            line += &format!(" and {} before", counted(calls.len() as u64 - 1, "call"));
        }
        self.context.output.line(&line)
    }
}

/// The time of day in UTC.
fn time_of_day() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = since.as_secs() % 86_400;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{hour:02}:{minute:02}:{second:02}.{:03}Z", since.subsec_millis())
}

fn reconnect(context: &Context, stop: &Stop) -> Option<Connection> {
    while stop.sleep_until(Instant::now() + RECONNECT_PAUSE) {
        if let Ok(connection) = context.connect() {
            return Some(connection);
        }
    }
    None
}
