//! Hears of changes in the daemon and tells those who listen.
//!
//! A thread of its own with a connection of its own, from the first moment that a client listens.
//! It neither starts nor waits for a daemon: while there is none, nothing changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::goxel::Goxel;
use super::goxel::resources::{PROJECTS, picture_uri, project_uri};
use super::goxel::tools::VIEWS;
use super::questions::Daemon;
use super::stdio::Service;
use crate::client::{Connection, Error};

/// Time between two looks for projects that came or went, and for a daemon that came back.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Changes that come faster are merged.
const MERGED: Duration = Duration::from_millis(250);

/// Starts the thread when somebody begins to listen, once.
pub(super) fn follow(service: &Arc<Service<Goxel, Daemon>>) {
    let started = AtomicBool::new(false);
    let weak = Arc::downgrade(service);
    service.session().offer().when_somebody_listens(move || {
        if started.swap(true, Ordering::Relaxed) {
            return;
        }
        let weak = weak.clone();
        let run = move || {
            let mut known = Known::default();
            while let Some(service) = weak.upgrade() {
                // A connection that breaks is opened anew; there is nothing to tell about it.
                let _ = hear(&service, &mut known);
                drop(service);
                std::thread::sleep(LOOK_EVERY);
            }
        };
        if let Err(error) = std::thread::Builder::new().name("changes".to_owned()).spawn(run) {
            super::stdio::log(&format!("changes are not told: {error}"));
        }
    });
}

/// What clients were told of so far: the projects and their revisions. `None` before the first
/// look.
type Known = Option<BTreeMap<String, u64>>;

/// Hears on one connection until it breaks.
fn hear(service: &Service<Goxel, Daemon>, known: &mut Known) -> Result<(), Error> {
    let mut connection = service.daemon().connect()?;
    let mut subscribed: BTreeSet<String> = BTreeSet::new();
    loop {
        let present = projects(&mut connection)?;
        for name in present.keys().filter(|name| !subscribed.contains(*name)) {
            connection.subscribe(Some(name), MERGED)?;
        }
        // What changed before this connection heard of it is told now: between a client's wish to
        // listen and the first look, and while there was no daemon.
        if subscribed.is_empty() {
            let now = projects(&mut connection)?;
            let before = known.as_ref();
            let is_news = |name: &str, revision: &u64| {
                before.is_none_or(|before| before.get(name).is_some_and(|old| old != revision))
            };
            let changed = now.iter().filter(|(name, revision)| is_news(name, revision));
            changed.for_each(|(name, _)| tell(service, name));
        }
        let is_other = known.as_ref().is_some_and(|known| known.keys().ne(present.keys()));
        if is_other {
            service.send_all(&service.session().list_changed("resources"));
            service.send_all(&service.session().resource_updated(PROJECTS));
        }
        subscribed = present.keys().cloned().collect();
        *known = Some(present);
        while let Some(told) = connection.next_notification(LOOK_EVERY)? {
            let params: Value = serde_json::from_str(told.params.get()).unwrap_or_default();
            if let (true, Some(name)) = (told.method == "goxel.changed", params["project"].as_str())
            {
                tell(service, name);
            }
        }
    }
}

fn tell(service: &Service<Goxel, Daemon>, project: &str) {
    let pictures = VIEWS.iter().map(|view| picture_uri(project, view));
    let uris = [PROJECTS.to_owned(), project_uri(project)].into_iter().chain(pictures);
    for uri in uris {
        service.send_all(&service.session().resource_updated(&uri));
    }
}

/// The open projects and their revisions.
fn projects(connection: &mut Connection) -> Result<BTreeMap<String, u64>, Error> {
    let list: Value = connection.call("goxel.list_projects", json!({}))?;
    let list = list["projects"].as_array().cloned().unwrap_or_default();
    let one = |project: &Value| {
        Some((project["name"].as_str()?.to_owned(), project["revision"].as_u64()?))
    };
    Ok(list.iter().filter_map(one).collect())
}
