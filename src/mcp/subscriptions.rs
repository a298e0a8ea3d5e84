//! Who hears of changes: by `resources/subscribe` in the era with a handshake, by
//! `subscriptions/listen` since.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::era::{SERVER_INFO, SUBSCRIPTION_ID};
use super::message::{notification, result};

/// Everybody who listens.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    /// Resources by the older way; they belong to the one client of the pipe.
    legacy: BTreeSet<String>,
    listeners: Vec<Listener>,
}

/// One `subscriptions/listen` that has not ended.
#[derive(Debug)]
struct Listener {
    id: Value,
    resources: BTreeSet<String>,
    /// Kinds of lists (`resources`, `tools`, `prompts`).
    lists: BTreeSet<String>,
}

/// The member that asks for changes of a kind of list.
fn list_member(kind: &str) -> String {
    format!("{kind}ListChanged")
}

impl Subscriptions {
    pub(super) fn subscribe(&mut self, uri: &str) {
        self.legacy.insert(uri.to_owned());
    }

    pub(super) fn unsubscribe(&mut self, uri: &str) {
        self.legacy.remove(uri);
    }

    /// Begins to listen; returns the acknowledgement. `capabilities` says what can be heard of at
    /// all.
    pub(super) fn listen(
        &mut self,
        id: &Value,
        wanted: &Map<String, Value>,
        capabilities: &Value,
    ) -> Value {
        let can = |kind: &str, what: &str| capabilities[kind][what] == json!(true);
        let lists = ["resources", "tools", "prompts"].into_iter().filter(|kind| {
            wanted.get(&list_member(kind)) == Some(&json!(true)) && can(kind, "listChanged")
        });
        let lists: BTreeSet<String> = lists.map(str::to_owned).collect();
        let uris = wanted.get("resourceSubscriptions").and_then(Value::as_array);
        let uris = uris.filter(|_| can("resources", "subscribe")).into_iter().flatten();
        let resources: BTreeSet<String> =
            uris.filter_map(Value::as_str).map(str::to_owned).collect();
        let mut honoured = Map::new();
        honoured.extend(lists.iter().map(|kind| (list_member(kind), json!(true))));
        if !resources.is_empty() {
            honoured.insert("resourceSubscriptions".to_owned(), json!(resources));
        }
        self.listeners.push(Listener { id: id.clone(), resources, lists });
        let meta = json!({SUBSCRIPTION_ID: id});
        let params = json!({"_meta": meta, "notifications": honoured});
        notification("notifications/subscriptions/acknowledged", params)
    }

    /// Ends a listener without a word; false if there is none with this id.
    pub(super) fn cancel(&mut self, id: &Value) -> bool {
        let before = self.listeners.len();
        self.listeners.retain(|listener| listener.id != *id);
        self.listeners.len() < before
    }

    /// What is to be sent because a resource changed. Whoever follows a resource hears of those
    /// below it too.
    pub(super) fn updated(&self, uri: &str) -> Vec<Value> {
        let method = "notifications/resources/updated";
        let mut messages = Vec::new();
        if self.legacy.contains(uri) {
            messages.push(notification(method, json!({"uri": uri})));
        }
        for listener in self.listeners.iter().filter(|one| one.resources.contains(uri)) {
            let meta = json!({SUBSCRIPTION_ID: listener.id});
            messages.push(notification(method, json!({"_meta": meta, "uri": uri})));
        }
        messages
    }

    /// What is to be sent because a list is another one; `to_legacy` for a client that shook hands.
    pub(super) fn list_changed(&self, kind: &str, to_legacy: bool) -> Vec<Value> {
        let method = format!("notifications/{kind}/list_changed");
        let mut messages = Vec::new();
        if to_legacy {
            messages.push(notification(&method, json!({})));
        }
        for listener in self.listeners.iter().filter(|one| one.lists.contains(kind)) {
            let meta = json!({SUBSCRIPTION_ID: listener.id});
            messages.push(notification(&method, json!({"_meta": meta})));
        }
        messages
    }

    /// The results with which all listeners end when the server does.
    pub(super) fn end(&mut self, server: &Value) -> Vec<Value> {
        let ended = |listener: Listener| {
            let meta = json!({SUBSCRIPTION_ID: listener.id, SERVER_INFO: server});
            result(&listener.id, json!({"resultType": "complete", "_meta": meta}))
        };
        self.listeners.drain(..).map(ended).collect()
    }
}
