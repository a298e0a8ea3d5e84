//! What a tool works at: its arguments, the daemon, the files it may touch.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Goxel;
use super::answer::{Refusal, quoted};
use super::arguments::Arguments;
use super::declare::Tool;
use super::teach;
use crate::likeness::nearest;
use crate::mcp::line::{Line, Reply};

/// The project that calls are about which name none.
const DEFAULT_PROJECT: &str = "default";

/// One call at work.
pub struct Desk {
    /// The tool.
    pub tool: &'static Tool,
    /// Its arguments.
    pub args: Arguments,
    /// The handle that it names.
    pub project: Option<String>,
    /// What is offered, and what is remembered between calls.
    pub goxel: Arc<Goxel>,
    /// The way to the daemon.
    pub line: Line,
}

impl Desk {
    /// The project that the call is about.
    pub fn project_name(&self) -> &str {
        self.project.as_deref().unwrap_or(DEFAULT_PROJECT)
    }

    /// Asks the daemon about this call's project. What it refuses becomes words that teach.
    pub async fn call(&self, method: &'static str, params: Value) -> Result<Value, Refusal> {
        let reply = self.ask(method, params).await;
        match reply {
            Ok(result) => Ok(result),
            Err(fault) => Err(teach::refusal(self, &fault).await),
        }
    }

    /// The same; the error as the daemon gave it.
    pub async fn ask(&self, method: &'static str, mut params: Value) -> Reply {
        if let Some(project) = &self.project {
            params["project"] = project.as_str().into();
        }
        self.line.call(method, params).await
    }

    /// Asks the daemon something that concerns no project, or that names it in its own way.
    pub async fn call_plain(&self, method: &'static str, params: Value) -> Result<Value, Refusal> {
        match self.line.call(method, params).await {
            Ok(result) => Ok(result),
            Err(fault) => Err(teach::refusal(self, &fault).await),
        }
    }

    /// The open projects.
    pub async fn open_projects(&self) -> Result<Vec<Value>, Refusal> {
        let list = self.call_plain("goxel.list_projects", json!({})).await?;
        Ok(list["projects"].as_array().cloned().unwrap_or_default())
    }

    /// Layers by name or id as ids. `visible` and `active` stay as they are.
    pub async fn layer_ids(
        &self,
        argument: &str,
        given: Vec<Value>,
    ) -> Result<Vec<Value>, Refusal> {
        let is_name = |layer: &Value| {
            layer.as_str().is_some_and(|name| name.parse::<i64>().is_err() && !is_word(name))
        };
        let mut ids = Vec::new();
        let layers = if given.iter().any(is_name) { self.layers().await? } else { Vec::new() };
        for layer in given {
            ids.push(match layer.as_str() {
                Some(name) if is_name(&layer) => self.layer_id(argument, name, &layers)?,
                Some(number) => number.parse::<i64>().map_or(layer.clone(), Value::from),
                None => layer,
            });
        }
        Ok(ids)
    }

    /// The layers of the project.
    pub async fn layers(&self) -> Result<Vec<Value>, Refusal> {
        let list = self.call("goxel.list_layers", json!({"detail": "brief"})).await?;
        Ok(list["layers"].as_array().cloned().unwrap_or_default())
    }

    fn layer_id(&self, argument: &str, name: &str, layers: &[Value]) -> Result<Value, Refusal> {
        let named = |layer: &&Value| layer["name"] == name;
        let alike = |layer: &&Value| {
            layer["name"].as_str().is_some_and(|other| other.eq_ignore_ascii_case(name))
        };
        let found: Vec<&Value> = match layers.iter().filter(named).collect::<Vec<_>>() {
            exact if !exact.is_empty() => exact,
            _ => layers.iter().filter(alike).collect(),
        };
        if let [layer] = found[..] {
            return Ok(layer["id"].clone());
        }
        let names: Vec<&str> = layers.iter().filter_map(|layer| layer["name"].as_str()).collect();
        let what = match (found.len(), nearest(name, names.iter().copied())) {
            (0, Some(near)) => format!("no layer {}; did you mean {}?", quoted(name), quoted(near)),
            (0, None) => format!("no layer {}", quoted(name)),
            (count, _) => format!("{count} layers are called {}; give the id", quoted(name)),
        };
        let listed: Vec<String> = layers
            .iter()
            .map(|layer| {
                format!("{} {}", layer["id"], quoted(layer["name"].as_str().unwrap_or_default()))
            })
            .collect();
        let listed = listed.join(", ");
        let makes =
            if argument.starts_with("ops") { "; \"create_layer\":true makes it" } else { "" };
        let rule = format!("a layer by its name or id: {listed}{makes}");
        Err(self.args.wrong(argument, what, rule).into())
    }

    /// Params with a member if it has a value.
    pub fn params(members: &[(&str, Option<Value>)]) -> Value {
        let given = members
            .iter()
            .filter_map(|(name, value)| value.clone().map(|value| ((*name).to_owned(), value)));
        Value::Object(given.collect::<Map<_, _>>())
    }
}

fn is_word(name: &str) -> bool {
    ["visible", "active"].iter().any(|word| name.eq_ignore_ascii_case(word))
}
