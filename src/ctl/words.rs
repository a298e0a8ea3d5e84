//! What the running daemon knows, as words: methods, operations, layers, projects. Help, completion
//! and the prompt are made of it.

use serde_json::{Map, Value, json};

use crate::client::Connection;

/// A method, as lists show it.
#[derive(Clone, Debug)]
pub struct MethodLine {
    /// Its name.
    pub name: String,
    /// Its other names.
    pub aliases: Vec<String>,
    /// What it does.
    pub summary: String,
    /// Its params, as `x, y, z, color?`.
    pub params: String,
}

/// All methods of a daemon; none if it tells nothing.
pub fn methods(connection: &mut Connection) -> Vec<MethodLine> {
    let asked = json!({ "verbose": true });
    let Ok(answer) = connection.call::<Value>("list_methods", asked) else { return Vec::new() };
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    let listed = answer["methods"].as_array().cloned().unwrap_or_default();
    let line = |method: &Value| MethodLine {
        name: text(method, "method"),
        aliases: strings(&method["aliases"]),
        summary: text(method, "description"),
        params: text(method, "params"),
    };
    listed.iter().map(line).collect()
}

/// The operations of `goxel.edit`.
pub fn operations(connection: &mut Connection) -> Vec<String> {
    let asked = json!({ "method": "goxel.edit" });
    let answer = connection.call::<Value>("rpc.discover", asked).unwrap_or_default();
    strings(&answer["methods"][0]["operations"])
}

/// What the daemon tells of a method: `params`, `result`, `example`, `summary`.
pub fn method(connection: &mut Connection, name: &str) -> Option<Map<String, Value>> {
    let answer = connection.call::<Value>("rpc.discover", json!({ "method": name })).ok()?;
    answer["methods"][0].as_object().cloned()
}

/// What the daemon tells of an operation: `fields`, `common`, `example`, `summary`.
pub fn operation(connection: &mut Connection, name: &str) -> Option<Map<String, Value>> {
    let answer = connection.call::<Value>("rpc.discover", json!({ "op": name })).ok()?;
    answer["operation"].as_object().cloned()
}

/// The words that a param takes, out of its description: `"full", "brief" = ...` and `one of a, b`.
pub fn choices(description: &str) -> Vec<String> {
    let quoted = description.split(':').next().unwrap_or_default();
    let words: Vec<String> = quoted.split('"').skip(1).step_by(2).map(str::to_owned).collect();
    let is_word = |word: &String| !word.is_empty() && !word.starts_with('#');
    let mut known = Vec::new();
    for word in words.into_iter().filter(is_word) {
        if !known.contains(&word) {
            known.push(word);
        }
    }
    known
}

/// Names of layers of a project.
pub fn layers(connection: &mut Connection) -> Vec<String> {
    let answer = connection.call::<Value>("goxel.list_layers", json!({})).unwrap_or_default();
    names(&answer["layers"])
}

/// Names of open projects.
pub fn projects(connection: &mut Connection) -> Vec<String> {
    let answer = connection.call::<Value>("goxel.list_projects", json!({})).unwrap_or_default();
    names(&answer["projects"])
}

fn names(list: &Value) -> Vec<String> {
    let name = |value: &Value| value["name"].as_str().map(str::to_owned);
    list.as_array().into_iter().flatten().filter_map(name).collect()
}

fn strings(list: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    list.as_array().into_iter().flatten().filter_map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_param_are_found_in_its_description() {
        assert_eq!(choices(r#""full", "brief" = "full": "x" leaves out"#), ["full", "brief"]);
        assert!(choices(r##"colour = "#ffffff": Its colour"##).is_empty());
        assert!(choices("integer, 32 bits").is_empty());
    }
}
