//! Configurations to paste into hosts: with absolute paths, since programs with windows have no
//! search path.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::root::Root;
use crate::likeness::nearest;

/// The hosts whose form is known.
pub const HOSTS: [&str; 7] =
    ["claude", "claude-code", "cursor", "vscode", "gemini", "codex", "zed"];

/// The configuration for a host, with a line feed at the end.
pub fn config(host: &str, socket: Option<&Path>, root: Option<&Path>) -> Result<String, String> {
    if !HOSTS.contains(&host) {
        let hint = match nearest(host, HOSTS.into_iter()) {
            Some(near) => format!("did you mean '{near}'?"),
            None => format!("there are {}", HOSTS.join(", ")),
        };
        return Err(format!("--print-config: no host '{host}'; {hint}"));
    }
    let program = std::env::current_exe().map_err(|error| format!("where am I? {error}"))?;
    let program = text(&program)?;
    let mut arguments = vec!["--spawn".to_owned(), "--root".to_owned(), text(&chosen_root(root)?)?];
    if let Some(socket) = socket {
        let socket = std::path::absolute(socket).map_err(|error| error.to_string())?;
        arguments.extend(["--socket".to_owned(), text(&socket)?]);
    }
    Ok(match host {
        "codex" => toml_form(&program, &arguments),
        _ => json_form(host, &program, &arguments),
    })
}

fn text(path: &Path) -> Result<String, String> {
    path.to_str().map(str::to_owned).ok_or_else(|| format!("{} is not UTF-8", path.display()))
}

/// The root that is named, else the one of the rule, else `goxel` in the home directory, which is
/// made.
fn chosen_root(named: Option<&Path>) -> Result<PathBuf, String> {
    match Root::by_rule(named, std::env::var_os("GOXEL_ROOT"))? {
        Root::Beneath(path) => Ok(path),
        Root::Nowhere(_) => {
            let home = std::env::var_os("HOME").ok_or("name a directory with --root")?;
            let path = Path::new(&home).join("goxel");
            std::fs::create_dir_all(&path)
                .map_err(|error| format!("{}: {error}; name one with --root", path.display()))?;
            eprintln!("goxel-mcp: models go to {}", path.display());
            Ok(path)
        }
    }
}

fn json_form(host: &str, program: &str, arguments: &[String]) -> String {
    let mut entry = Map::new();
    if matches!(host, "claude-code" | "vscode") {
        entry.insert("type".to_owned(), json!("stdio"));
    }
    entry.insert("command".to_owned(), json!(program));
    entry.insert("args".to_owned(), json!(arguments));
    if host == "zed" {
        entry.insert("env".to_owned(), json!({}));
    }
    let list = match host {
        "vscode" => "servers",
        "zed" => "context_servers",
        _ => "mcpServers",
    };
    let config = json!({list: {"goxel": Value::Object(entry)}});
    format!("{config:#}\n")
}

fn toml_form(program: &str, arguments: &[String]) -> String {
    // A JSON string is a TOML string, but for signs that paths hardly have and that both escape
    // alike.
    format!("[mcp_servers.goxel]\ncommand = {}\nargs = {}\n", json!(program), json!(arguments))
}
