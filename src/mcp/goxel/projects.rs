//! `voxel_project`: projects and their files.

use std::path::Path;

use serde_json::{Value, json};

use super::answer::{Answer, Refusal, counted, quoted};
use super::desk::Desk;
use super::files;
use super::tools::count;

/// Carries the call out.
pub async fn run(desk: &mut Desk) -> Result<Answer, Refusal> {
    let action = desk.args.word("action")?.unwrap_or("list");
    let allowed: &[&str] = match action {
        "open" => &["path"],
        "save" => &["path", "overwrite"],
        "close" => &["overwrite"],
        _ => &[],
    };
    desk.args.only(action, allowed)?;
    let path = desk.args.text("path")?;
    let overwrite = desk.args.flag("overwrite")?;
    match action {
        "new" => new(desk).await,
        "open" => open(desk, path).await,
        "save" => save(desk, path, overwrite).await,
        "close" => close(desk, overwrite).await,
        _ => list(desk).await,
    }
}

async fn new(desk: &mut Desk) -> Result<Answer, Refusal> {
    let name = match desk.project.take() {
        Some(name) => name,
        None => free_name(desk, "p1").await?,
    };
    let made = desk.call_plain("goxel.open_project", json!({"name": name})).await?;
    Ok(Answer::of(format!("new project, handle {}, revision {}", made["name"], made["revision"])))
}

async fn open(desk: &mut Desk, path: Option<String>) -> Result<Answer, Refusal> {
    let given = path_of(desk, path)?;
    let path = files::existing(desk, "path", &given)?;
    let name = match desk.project.take() {
        Some(name) => name,
        None => free_name(desk, &handle_of(&path)).await?,
    };
    let params = json!({"name": name, "path": path});
    let opened = desk.call_plain("goxel.open_project", params).await?;
    Ok(Answer::of(format!(
        "opened {}, handle {}: {} in {}, revision {}",
        quoted(&given),
        opened["name"],
        counted(count(&opened, "voxel_count"), "voxel"),
        counted(count(&opened, "layer_count"), "layer"),
        opened["revision"]
    )))
}

async fn save(desk: &mut Desk, path: Option<String>, overwrite: bool) -> Result<Answer, Refusal> {
    let (given, is_own) = match path {
        Some(path) => (path, false),
        None => (own_file(desk).await?, true),
    };
    let target = files::target(desk, &given, overwrite || is_own)?;
    let mut params = target.params();
    if is_own && !overwrite {
        // Nobody asked to push out what somebody else wrote meanwhile.
        params["if_unchanged"] = json!(true);
    }
    let saved = desk.call("goxel.save_project", params).await?;
    let mut answer = Answer::of(format!(
        "saved {} as {}, {}",
        desk.project_name(),
        quoted(&given),
        counted(count(&saved, "bytes"), "byte")
    ));
    target.tell_backup(&mut answer);
    files::tell_warnings(&saved, &mut answer);
    Ok(answer)
}

/// The file that the project came from.
async fn own_file(desk: &Desk) -> Result<String, Refusal> {
    let info = desk.call("goxel.get_project_info", json!({})).await?;
    match info["file_path"].as_str() {
        Some(path) => Ok(path.to_owned()),
        None => {
            let rule = "a project without a file is saved with a path".to_owned();
            Err(desk.args.wrong("path", "it is missing".to_owned(), rule).into())
        }
    }
}

async fn close(desk: &mut Desk, drop_changes: bool) -> Result<Answer, Refusal> {
    let Some(name) = desk.project.take() else {
        let rule = "close takes the handle of the project".to_owned();
        return Err(desk.args.wrong("project", "it is missing".to_owned(), rule).into());
    };
    let params = json!({"name": name, "discard": drop_changes});
    match desk.line.call("goxel.close_project", params).await {
        Ok(closed) => Ok(Answer::of(if closed["discarded"] == json!(true) {
            format!("closed {}; its unsaved changes are gone", quoted(&name))
        } else {
            format!("closed {}", quoted(&name))
        })),
        Err(fault) if fault.message.contains("not saved") || fault.message.contains("unsaved") => {
            let what = format!("{} has unsaved changes", quoted(&name));
            let rule = "save it first, or close with overwrite true to drop them".to_owned();
            Err(desk.args.wrong("project", what, rule).into())
        }
        Err(fault) => {
            desk.project = Some(name);
            Err(super::teach::refusal(desk, &fault).await)
        }
    }
}

async fn list(desk: &Desk) -> Result<Answer, Refusal> {
    let projects = desk.open_projects().await?;
    let mut answer = Answer::of(counted(projects.len() as u64, "open project"));
    for project in &projects {
        let file = project["file_path"].as_str();
        let file = file.map_or("no file".to_owned(), |path| files::shown(desk, path));
        let dirty = if project["dirty"] == json!(true) { ", unsaved changes" } else { "" };
        answer.say(format!(
            "{}: {}, revision {}, {file}{dirty}",
            project["name"],
            counted(count(project, "voxel_count"), "voxel"),
            project["revision"]
        ));
    }
    Ok(answer)
}

fn path_of(desk: &Desk, path: Option<String>) -> Result<String, Refusal> {
    path.ok_or_else(|| {
        let rule = "a path beneath the root".to_owned();
        desk.args.wrong("path", "it is missing".to_owned(), rule).into()
    })
}

/// A handle after the name of a file.
fn handle_of(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let safe: String = stem
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' })
        .take(32)
        .collect();
    if safe.is_empty() { "p1".to_owned() } else { safe }
}

/// The name itself if no project has it, else one with a number.
async fn free_name(desk: &Desk, wanted: &str) -> Result<String, Refusal> {
    let projects = desk.open_projects().await?;
    let taken: Vec<&Value> = projects.iter().map(|project| &project["name"]).collect();
    let base = wanted.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let numbered = (1..).map(|number| format!("{base}{number}"));
    let mut names = std::iter::once(wanted.to_owned()).chain(numbered);
    Ok(names.find(|name| !taken.contains(&&json!(name))).unwrap_or_default())
}
