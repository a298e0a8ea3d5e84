//! `goxelctl methods` and `goxelctl help`: what can be called, told by the running daemon.

use serde_json::{Map, Value, json};

use super::cli;
use super::context::Context;
use super::exit::Failure;
use super::words::{self, MethodLine};
use crate::client::Connection;
use crate::likeness::nearest;

/// List the methods of the daemon, or those with a word in their name or description.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  goxelctl methods\n  goxelctl methods layer")]
pub struct MethodsArguments {
    /// A part of the name or of what the method does
    pub word: Option<String>,
}

/// Explain a method, an operation of `goxel.edit` or a command: params, results, an example.
#[derive(clap::Args, Debug)]
#[command(
    after_help = "Examples:\n  goxelctl help add_voxel\n  goxelctl help sphere\n  goxelctl help render"
)]
pub struct HelpArguments {
    /// The method, the operation or the command
    pub name: Option<String>,
}

/// The methods with a word in them, any case; all for none.
pub fn matching<'a>(methods: &'a [MethodLine], word: &str) -> impl Iterator<Item = &'a MethodLine> {
    let word = word.to_lowercase();
    methods.iter().filter(move |method| {
        let texts = [&method.name, &method.summary].into_iter().chain(&method.aliases);
        texts.into_iter().any(|text| text.to_lowercase().contains(&word))
    })
}

/// Runs `methods`.
pub fn methods(arguments: &MethodsArguments, context: &Context) -> Result<(), Failure> {
    let mut connection = context.connect()?;
    let all = words::methods(&mut connection);
    let word = arguments.word.as_deref().unwrap_or_default();
    let found: Vec<&MethodLine> = matching(&all, word).collect();
    if found.is_empty() {
        let operations = words::operations(&mut connection);
        let fits: Vec<&String> = operations.iter().filter(|op| op.contains(word)).collect();
        let mut text = format!("no method has {word:?} in its name or description");
        if let Some(operation) = fits.first() {
            text += &format!("; an operation of goxel.edit has: goxelctl help {operation}");
        }
        return Err(Failure::Failed(text));
    }
    if context.output.json {
        return found.iter().try_for_each(|method| {
            context.output.object(&json!({ "method": method.name, "aliases": method.aliases,
                "params": method.params, "description": method.summary }))
        });
    }
    context.output.bytes(list(&found, context.output.columns()).as_bytes())
}

/// A line a method, cut to the width of the terminal.
pub fn list(methods: &[&MethodLine], columns: usize) -> String {
    let width = methods.iter().map(|method| method.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for method in methods {
        let line = format!("{:<width$}  {}", method.name, method.summary);
        text.extend(line.chars().take(columns));
        text.push('\n');
    }
    text
}

/// The method or operation that a misspelt name stands for, with or without what is before its
/// point as the name is.
fn meant(name: &str, methods: &[MethodLine], connection: &mut Connection) -> Option<String> {
    let operations = words::operations(connection);
    let full = methods.iter().map(|method| &*method.name);
    let bare = full.clone().filter_map(|name| name.split_once('.')).map(|(_, bare)| bare);
    let known = full.chain(bare).chain(operations.iter().map(String::as_str));
    nearest(name, known).map(str::to_owned)
}

/// Runs `help`.
pub fn help(arguments: &HelpArguments, context: &Context) -> Result<(), Failure> {
    let mut command = cli::command();
    let Some(name) = &arguments.name else {
        return context.output.bytes(command.render_long_help().to_string().as_bytes());
    };
    command.build();
    if let Some(found) = command.find_subcommand_mut(name) {
        return context.output.bytes(found.render_long_help().to_string().as_bytes());
    }
    let mut connection = context.connect()?;
    if let Some(told) = words::method(&mut connection, name) {
        return show(&told, "params", context);
    }
    if let Some(told) = words::operation(&mut connection, name) {
        return show(&told, "fields", context);
    }
    let all = words::methods(&mut connection);
    let similar: Vec<&str> = matching(&all, name).map(|method| &*method.name).take(5).collect();
    let hint = match similar[..] {
        [] => match meant(name, &all, &mut connection) {
            Some(near) => format!("did you mean {near}?"),
            None => "goxelctl methods lists all methods".to_owned(),
        },
        _ => format!("similar: {}", similar.join(", ")),
    };
    Err(Failure::Failed(format!("{name} is no method, operation or command; {hint}")))
}

fn show(told: &Map<String, Value>, members: &str, context: &Context) -> Result<(), Failure> {
    if context.output.json {
        return context.output.object(told);
    }
    context.output.bytes(page(told, members, |title| context.output.bold(title)).as_bytes())
}

/// What is told of a method or an operation, as a page.
pub fn page(told: &Map<String, Value>, members: &str, title: impl Fn(&str) -> String) -> String {
    let text = |key: &str| told.get(key).and_then(Value::as_str).unwrap_or_default();
    let is_operation = members == "fields";
    let name = text(if is_operation { "op" } else { "name" });
    let mut page = format!("{}\n  {}\n", title(name), text("summary"));
    let params = told.get(members).and_then(Value::as_object);
    if let Some(params) = params.filter(|params| !params.is_empty()) {
        page += &format!("\n{}\n", title(if is_operation { "Fields" } else { "Params" }));
        let width = params.keys().map(String::len).max().unwrap_or(0);
        for (name, description) in params {
            page += &format!("  {name:<width$}  {}\n", description.as_str().unwrap_or_default());
        }
    }
    for (key, heading) in [
        ("common", "Fields of every operation"),
        ("result", "Result"),
        ("operations", "Operations"),
    ] {
        let list = told.get(key).and_then(Value::as_array);
        let words: Vec<&str> = list.into_iter().flatten().filter_map(Value::as_str).collect();
        if !words.is_empty() {
            page += &format!("\n{}\n  {}\n", title(heading), words.join(", "));
        }
    }
    if let Some(example) = told.get("example").filter(|example| !example.is_null()) {
        let quoted = example.to_string().replace('\'', r"'\''");
        let line = if is_operation {
            format!("echo '[{quoted}]' | goxelctl edit -")
        } else if quoted == "{}" {
            format!("goxelctl call {name}")
        } else {
            format!("goxelctl call {name} '{quoted}'")
        };
        page += &format!("\n{}\n  {line}\n", title("Example"));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_params_results_and_an_example_to_paste() {
        let told = json!({ "name": "goxel.add_voxel", "summary": "Sets one.", "params": { "x": "integer" },
            "result": ["success"], "example": { "name": "it's" } });
        let page = page(told.as_object().unwrap(), "params", str::to_owned);
        for part in [
            "goxel.add_voxel\n  Sets one.",
            "  x  integer",
            "Result\n  success",
            r#"'{"name":"it'\''s"}'"#,
        ] {
            assert!(page.contains(part), "{page}");
        }
    }
}
