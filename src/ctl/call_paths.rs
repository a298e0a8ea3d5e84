//! Paths in the params of a call: a relative one means the directory that the caller is in, not the
//! daemon's, so it is sent from the root of the file system on.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::value::{RawValue, to_raw_value};

/// The names of params that are paths.
const NAMES: [&str; 3] = ["path", "file_path", "output_path"];

/// Words in the names of methods whose first param is a path.
const FIRST: [&str; 8] =
    ["load_", "save_", "export", "import_", "open_file", "render", "screenshot", "capture"];

/// The place of the path among the params by position, if a method has one.
fn place(method: &str) -> Option<usize> {
    let name = method.strip_prefix("goxel.").unwrap_or(method);
    match name {
        "open_project" => Some(1),
        name => FIRST.iter().any(|word| name.contains(word)).then_some(0),
    }
}

/// The params with their paths made absolute; as they came where there are none.
pub(super) fn absolute_paths(method: &str, params: Box<RawValue>) -> Box<RawValue> {
    let changed = match params.get().trim_start().as_bytes().first() {
        Some(b'{') => by_name(params.get()),
        Some(b'[') => place(method).and_then(|place| by_position(params.get(), place)),
        _ => None,
    };
    changed.unwrap_or(params)
}

fn by_name(text: &str) -> Option<Box<RawValue>> {
    let mut members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(text).ok()?;
    let mut is_changed = false;
    for name in NAMES {
        if let Some(value) = members.get_mut(name)
            && let Some(path) = absolute(value)
        {
            *value = path;
            is_changed = true;
        }
    }
    if let Some(operations) = members.get_mut("operations")
        && let Ok(list) = serde_json::from_str::<Vec<Box<RawValue>>>(operations.get())
    {
        let changed = list.iter().any(|operation| by_name(operation.get()).is_some());
        let list: Vec<_> = list
            .into_iter()
            .map(|operation| by_name(operation.get()).unwrap_or(operation))
            .collect();
        if changed {
            *operations = to_raw_value(&list).ok()?;
            is_changed = true;
        }
    }
    is_changed.then(|| to_raw_value(&members).ok())?
}

fn by_position(text: &str, place: usize) -> Option<Box<RawValue>> {
    let mut params: Vec<Box<RawValue>> = serde_json::from_str(text).ok()?;
    let path = params.get_mut(place)?;
    *path = absolute(path)?;
    to_raw_value(&params).ok()
}

/// A relative path made absolute; `None` of what is none.
fn absolute(value: &RawValue) -> Option<Box<RawValue>> {
    let path: String = serde_json::from_str(value.get()).ok()?;
    if path.is_empty() || path == "-" || Path::new(&path).is_absolute() {
        return None;
    }
    to_raw_value(&std::path::absolute(&path).ok()?.to_str()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(method: &str, params: &str) -> String {
        let here = std::env::current_dir().unwrap().to_str().unwrap().to_owned();
        let raw = RawValue::from_string(params.to_owned()).unwrap();
        absolute_paths(method, raw).get().replace(&here, "HERE")
    }

    #[test]
    fn relative_paths_are_sent_from_the_root_on_and_the_rest_as_it_is() {
        for (method, params, expected) in [
            ("goxel.save_project", r#"["a.gox"]"#, r#"["HERE/a.gox"]"#),
            ("save_project", r#"["/tmp/a.gox"]"#, r#"["/tmp/a.gox"]"#),
            ("goxel.open_project", r#"["a","b.gox"]"#, r#"["a","HERE/b.gox"]"#),
            (
                "goxel.look",
                r#"{"path":"a.png","x":[1.0, 2]}"#,
                r#"{"path":"HERE/a.png","x":[1.0, 2]}"#,
            ),
            ("goxel.add_voxel", r#"[1,2, 3]"#, r#"[1,2, 3]"#),
            ("goxel.render_scene", r#"[8,8,"png"]"#, r#"[8,8,"png"]"#),
            ("goxel.save_project", r#"{ "path" : null }"#, r#"{ "path" : null }"#),
            (
                "goxel.edit",
                r#"{"operations":[{"op":"stamp","path":"a.gox"}]}"#,
                r#"{"operations":[{"op":"stamp","path":"HERE/a.gox"}]}"#,
            ),
        ] {
            assert_eq!(sent(method, params), expected, "{method} {params}");
        }
    }
}
