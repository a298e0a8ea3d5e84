//! The default project from a file at the start, and unsaved work at the end.

use std::path::{Path, PathBuf};

use crate::format::{self, FormatError, Limits, ReadOptions, WriteOptions};
use crate::workspace::{DEFAULT_PROJECT, Project, Workspace};

/// Opens a file as the default project. If there is no such file the project is empty, and saving makes the file.
pub fn open(path: &Path, limits: Limits, workspace: &mut Workspace) -> Result<(), String> {
    let path = &std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let is_missing = matches!(std::fs::metadata(path), Err(error) if error.kind() == std::io::ErrorKind::NotFound);
    let Some(project) = workspace.project_mut(DEFAULT_PROJECT) else {
        return Err("there is no default project".to_owned());
    };
    if is_missing {
        format::find_for_writing(path, None).map_err(|error| told(path, &error))?;
        log::info!("project {} does not exist yet; saving creates it", path.display());
        project.path = Some(path.clone());
        return Ok(());
    }
    let options = ReadOptions { limits, ..ReadOptions::default() };
    let loaded = format::load(path, options).map_err(|error| told(path, &error))?;
    for warning in &loaded.warnings {
        log::warn!("project {}: {warning}", path.display());
    }
    log::info!("project {} opened", path.display());
    *project = Project::new(loaded.document);
    project.path = Some(path.clone());
    Ok(())
}

fn told(path: &Path, error: &FormatError) -> String {
    format!("the project {} cannot be opened: {error}", path.display())
}

/// At the end: saves what changed and has a file, if so asked, and tells what is lost. False if something could not
/// be saved where it belongs.
pub fn finish(workspace: &mut Workspace, save: bool) -> bool {
    let mut all_saved = true;
    for (name, project) in workspace.projects_mut().filter(|(_, project)| project.is_dirty()) {
        match project.path.clone().filter(|_| save) {
            Some(path) => all_saved &= save_project(name, &path, project),
            None => log::warn!("project {name} had changes that were not saved"),
        }
    }
    all_saved
}

fn save_project(name: &str, path: &Path, project: &mut Project) -> bool {
    let document = || project.document().clone();
    let error = match format::save(document(), path, None, WriteOptions::default()) {
        Ok(_) => {
            log::info!("project {name} saved to {}", path.display());
            project.mark_saved(project.revision(), path.to_owned());
            return true;
        }
        Err(error) => error,
    };
    log::error!("project {name} cannot be saved to {}: {error}", path.display());
    let rescue = rescue_path(name);
    match format::save(document(), &rescue, None, WriteOptions::default()) {
        Ok(_) => log::error!("project {name} was saved to {} instead", rescue.display()),
        Err(error) => log::error!("project {name} is lost: {}: {error}", rescue.display()),
    }
    false
}

/// Where a project goes that cannot be saved where it belongs.
fn rescue_path(name: &str) -> PathBuf {
    let safe: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    std::env::temp_dir().join(format!("goxel-rescued-{safe}-{}.gox", std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;

    #[test]
    fn a_project_that_is_not_there_yet_is_made_by_saving() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new.gox");
        let mut workspace = Workspace::default();
        open(&path, Limits::default(), &mut workspace).unwrap();
        assert!(finish(&mut workspace, true));
        assert!(!path.exists(), "nothing changed, so nothing is saved");
        let project = workspace.project_mut(DEFAULT_PROJECT).unwrap();
        project.replace("name", Document::new("named", [8, 8, 8]));
        assert!(finish(&mut workspace, true));
        let mut again = Workspace::default();
        open(&path, Limits::default(), &mut again).unwrap();
        let project = again.project(DEFAULT_PROJECT).unwrap();
        assert_eq!(project.path.as_deref(), Some(&*path));
        assert!(!project.is_dirty());
    }

    #[test]
    fn a_file_that_cannot_be_read_or_written_is_refused_at_the_start() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.gox");
        std::fs::write(&path, "nonsense").unwrap();
        let mut workspace = Workspace::default();
        assert!(open(&path, Limits::default(), &mut workspace).unwrap_err().contains("x.gox"));
        assert!(
            open(&directory.path().join("x.nonsense"), Limits::default(), &mut workspace).is_err()
        );
    }

    #[test]
    fn what_cannot_be_saved_where_it_belongs_is_rescued() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("gone/x.gox");
        let mut workspace = Workspace::default();
        open(&path, Limits::default(), &mut workspace).unwrap();
        let project = workspace.project_mut(DEFAULT_PROJECT).unwrap();
        project.replace("name", Document::new("named", [8, 8, 8]));
        assert!(!finish(&mut workspace, true));
        let rescue = rescue_path(DEFAULT_PROJECT);
        assert!(rescue.exists());
        std::fs::remove_file(rescue).unwrap();
    }
}
