//! Who is told when a project changes.
//!
//! A subscription keeps one merged change at most, however slow its reader: while its last message
//! is unsent or its interval is not over, later changes are merged into one box and the latest
//! revision. Without a pending change nobody has to wake up for it.

use std::time::{Duration, Instant};

use super::limits::Limits;
use super::{ConnectionId, Host};
use crate::api::Corners;
use crate::api::json::write as write_json;
use crate::memory::{self, Kind};
use crate::workspace::{ChangedBox, Workspace};

/// One connection that wants to hear of one project.
struct Subscription {
    connection: ConnectionId,
    project: String,
    interval: Duration,
    /// When it was told last.
    told: Option<Instant>,
    /// What it has not been told.
    pending: Option<ChangedBox>,
}

impl Subscription {
    /// When it may be told again.
    fn due(&self) -> Option<Instant> {
        self.told.map(|told| told + self.interval)
    }

    fn is_due(&self, now: Instant) -> bool {
        self.due().is_none_or(|due| due <= now)
    }
}

/// All subscriptions.
pub struct Subscriptions {
    list: Vec<Subscription>,
    /// The most subscriptions of one connection.
    pub limit: usize,
}

impl Default for Subscriptions {
    fn default() -> Self {
        Subscriptions { list: Vec::new(), limit: Limits::default().subscriptions }
    }
}

impl Subscriptions {
    /// Tells a connection about a project from now on; a second time changes the interval. False if
    /// the connection has as many as it may have.
    pub fn add(&mut self, connection: ConnectionId, project: &str, interval: Duration) -> bool {
        let known =
            self.list.iter_mut().find(|s| s.connection == connection && s.project == project);
        if let Some(known) = known {
            known.interval = interval;
            return true;
        }
        if self.count(connection) >= self.limit {
            return false;
        }
        let project = project.to_owned();
        self.list.push(Subscription { connection, project, interval, told: None, pending: None });
        self.note_bytes();
        true
    }

    /// Ends the subscriptions of a connection to a project, or all of them; how many those were.
    pub fn remove(&mut self, connection: ConnectionId, project: Option<&str>) -> usize {
        let before = self.list.len();
        self.list.retain(|known| {
            known.connection != connection || project.is_some_and(|name| known.project != name)
        });
        self.note_bytes();
        before - self.list.len()
    }

    fn note_bytes(&self) {
        let bytes = self.list.capacity() * size_of::<Subscription>();
        memory::note(Kind::Subscriptions, bytes as u64);
    }

    /// How many subscriptions a connection has.
    pub fn count(&self, connection: ConnectionId) -> usize {
        self.list.iter().filter(|known| known.connection == connection).count()
    }

    /// Collects what changed. Call it before a subscription is added, so that it hears of later
    /// changes only.
    pub fn collect(&mut self, workspace: &mut Workspace) {
        for (name, project) in workspace.projects_mut() {
            let Some(changed) = project.take_changed() else { continue };
            for known in self.list.iter_mut().filter(|known| known.project == name) {
                known.pending =
                    Some(known.pending.map_or(changed, |earlier| earlier.merge(changed)));
            }
        }
    }

    /// Tells everybody who is due.
    pub fn tell(&mut self, now: Instant, workspace: &mut Workspace, host: &mut dyn Host) {
        if self.list.is_empty() {
            return;
        }
        self.collect(workspace);
        self.list.retain_mut(|known| {
            let Some(project) = workspace.project(&known.project) else {
                host.notify(known.connection, &closed(&known.project));
                return false;
            };
            if known.is_due(now)
                && !host.has_unsent(known.connection)
                && let Some(changed) = known.pending
                && host
                    .notify(known.connection, &message(&known.project, project.revision(), changed))
            {
                (known.told, known.pending) = (Some(now), None);
            }
            true
        });
    }

    /// When somebody must be told next, if nothing happens before.
    pub fn next_wake(&self, now: Instant) -> Option<Instant> {
        let pending = self.list.iter().filter(|known| known.pending.is_some());
        // Who is due but was not told has unsent messages; sending those brings the next turn.
        pending.filter_map(Subscription::due).filter(|&due| due > now).min()
    }
}

fn message(project: &str, revision: u64, changed: ChangedBox) -> Vec<u8> {
    let mut message = br#"{"jsonrpc":"2.0","method":"goxel.changed","params":{"project":"#.to_vec();
    write_json(project, &mut message);
    message.extend_from_slice(format!(r#","revision":{revision},"box":"#).as_bytes());
    match changed {
        ChangedBox::Inside(bounds) => {
            write_json(&Corners::from(bounds), &mut message);
            message.extend_from_slice(br#","rounded_to":16"#);
        }
        ChangedBox::Anywhere => message.extend_from_slice(b"null"),
    }
    message.extend_from_slice(b"}}");
    message
}

fn closed(project: &str) -> Vec<u8> {
    let mut message = br#"{"jsonrpc":"2.0","method":"goxel.changed","params":{"project":"#.to_vec();
    write_json(project, &mut message);
    message.extend_from_slice(br#","closed":true}}"#);
    message
}
