//! The default project from a file at the start, and unsaved work at the end.
//!
//! At the end a document goes to its own file only: the one that it was loaded from or saved to, if
//! nobody else changed that meanwhile and if its format holds all of the document. Otherwise it
//! goes beside it under a name that says so. A document without a file goes to the state directory;
//! the next start tells what lies there. What does not end where it belongs is told in the log and
//! makes the exit code 1.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::state_dir;
use crate::document::Document;
use crate::file_access::{FileIdentity, FilePath, Purpose};
use crate::format::{self, FormatError, Limits, ReadOptions, WriteOptions};
use crate::workspace::{DEFAULT_PROJECT, OwnFile, Project, Workspace};

/// Where rescued projects lie in the state directory.
const RESCUED: &str = "rescued";

/// Opens a file as the default project. If there is no such file the project is empty, and saving
/// makes the file.
pub fn open(path: &Path, limits: Limits, workspace: &mut Workspace) -> Result<(), String> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let failed =
        |error: &FormatError| format!("the project {} cannot be opened: {error}", path.display());
    let place = FilePath::from(&*path).resolve(Purpose::Write);
    let looked = match place.and_then(|place| Ok((place.identity()?, place.path().to_owned()))) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let directory = path.parent().unwrap_or(&path).display();
            return Err(format!(
                "the project {} cannot be opened: its directory {directory} does not exist; make it, or give another path",
                path.display()
            ));
        }
        looked => looked,
    };
    let (identity, place) =
        looked.map_err(|source| failed(&FormatError::io("open", &path, source)))?;
    let (document, format) = match identity {
        None => {
            let format = format::find_for_writing(&path, None).map_err(|error| failed(&error))?;
            log::info!("project {} does not exist yet; saving creates it", path.display());
            (named_after(&path, format), format.name)
        }
        Some(_) => {
            let options = ReadOptions { limits, ..ReadOptions::default() };
            let loaded = format::load(&path, options).map_err(|error| failed(&error))?;
            for warning in &loaded.warnings {
                log::warn!("project {}: {warning}", path.display());
            }
            log::info!("project {} opened", path.display());
            (loaded.document, loaded.format)
        }
    };
    let mut project = Project::new(document);
    project.begin_document(Some(OwnFile { path, place, format, identity }));
    workspace.put(DEFAULT_PROJECT, project);
    Ok(())
}

/// A new document. Most formats have no room for its name, so that is the file's as with one that
/// is read.
fn named_after(path: &Path, format: &format::Format) -> Document {
    let mut document = Document::default();
    if let (false, Some(stem)) = (format.holds_all(), path.file_stem()) {
        document.name = stem.to_string_lossy().into_owned();
    }
    document
}

/// At the end: saves what changed, if so asked, and tells what is lost. False if something could
/// not be saved where it belongs. With a journal nothing is lost: what has no file comes back from
/// it.
pub fn finish(
    workspace: &mut Workspace,
    save: bool,
    state: Option<&Path>,
    has_journal: bool,
) -> bool {
    let mut all_saved = true;
    for (name, project) in workspace.projects_mut().filter(|(_, project)| project.is_dirty()) {
        let is_kept = has_journal && (!save || project.file().is_none());
        match save {
            _ if is_kept => {
                log::info!("project {name} has unsaved changes, which the journal keeps")
            }
            true => all_saved &= save_at_end(name, project, state),
            false => log::warn!("project {name} had changes that were not saved"),
        }
    }
    all_saved
}

/// Saves a project where it belongs, or where it is found again; whether it is where it belongs.
fn save_at_end(name: &str, project: &mut Project, state: Option<&Path>) -> bool {
    let Some(file) = project.file().cloned() else {
        log::warn!("project {name} has changes and no file");
        rescue(name, project.document(), state);
        return false;
    };
    match save_to_own(project.document(), &file) {
        Ok(identity) => {
            log::info!("project {name} saved to {}", file.path.display());
            let identity = Some(identity);
            project.mark_saved(project.state_to_save(), OwnFile { identity, ..file });
            return true;
        }
        Err(why) => log::error!("project {name} cannot be saved to {}: {why}", file.path.display()),
    }
    let saved =
        beside(&file.place).ok_or("no name is free beside it".to_owned()).and_then(|path| {
            let saved = save_whole(project.document(), &path);
            saved.map(|()| path).map_err(|error| error.to_string())
        });
    match saved {
        Ok(path) => log::error!("project {name} was saved to {} instead", path.display()),
        Err(why) => {
            log::error!("project {name} cannot be saved beside it: {why}");
            rescue(name, project.document(), state);
        }
    }
    false
}

/// Saves a document to its own file, if that is safe for both.
fn save_to_own(document: &Document, file: &OwnFile) -> Result<FileIdentity, String> {
    let place = FilePath::from(&*file.place).resolve(Purpose::Write);
    let found = place.and_then(|place| place.identity()).map_err(|error| error.to_string())?;
    if found != file.identity {
        return Err("somebody else changed, removed or made the file meanwhile".to_owned());
    }
    let format = format::by_name(file.format).map_err(|error| error.to_string())?;
    if !format.holds_all_of(document, &file.path) {
        return Err(format!("the format {} does not hold all of it", file.format));
    }
    let saved =
        format::save(document.clone(), &file.place, Some(file.format), WriteOptions::default());
    saved.map(|saved| saved.identity).map_err(|error| error.to_string())
}

/// Saves a document in the format that holds all of it.
fn save_whole(document: &Document, path: &Path) -> Result<(), FormatError> {
    format::save(document.clone(), path, Some("gox"), WriteOptions::default()).map(drop)
}

/// Puts a project into the state directory.
fn rescue(name: &str, document: &Document, state: Option<&Path>) {
    let Some(state) = state else {
        log::error!("project {name} is lost: there is no state directory (--state-dir)");
        return;
    };
    let rescued = state_dir::make(state, RESCUED).map_err(|error| error.to_string());
    let rescued = rescued.and_then(|directory| {
        let path = free_name(&directory, &plain(name)).ok_or("no name is free".to_owned())?;
        save_whole(document, &path).map_err(|error| error.to_string())?;
        // The directory is ours alone, and so is what comes out of it, wherever somebody moves it.
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&path, mode).map_err(|error| error.to_string())?;
        Ok(path)
    });
    match rescued {
        Ok(path) => log::warn!("project {name} was saved to {}", path.display()),
        Err(why) => log::error!("project {name} is lost: {}: {why}", state.display()),
    }
}

/// Tells of projects that earlier daemons put into the state directory.
pub fn tell_rescued(state: &Path) {
    let Ok(entries) = std::fs::read_dir(state.join(RESCUED)) else { return };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "gox"));
    paths.sort();
    for path in paths {
        let path = path.display();
        log::warn!(
            "{path} was rescued when an earlier daemon stopped; load it, then remove or move it"
        );
    }
}

/// A free name beside a file: `house.gox` becomes `house.rescued.gox`, `house.vox` becomes
/// `house.vox.rescued.gox`.
fn beside(place: &Path) -> Option<PathBuf> {
    let is_gox = place.extension().is_some_and(|extension| extension == "gox");
    let stem = if is_gox { place.file_stem() } else { place.file_name() };
    free_name(place.parent()?, &format!("{}.rescued", stem?.to_string_lossy()))
}

/// A name in a directory that no file has yet.
fn free_name(directory: &Path, stem: &str) -> Option<PathBuf> {
    let names = (1..1000).map(|number| match number {
        1 => format!("{stem}.gox"),
        _ => format!("{stem}-{number}.gox"),
    });
    let mut paths = names.map(|name| directory.join(name));
    paths.find(|path| std::fs::symlink_metadata(path).is_err())
}

/// The name of a project as that of a file.
fn plain(name: &str) -> String {
    let is_plain = |letter: &char| letter.is_alphanumeric() || "-_ ".contains(*letter);
    let plain = name.chars().map(|letter| if is_plain(&letter) { letter } else { '_' });
    plain.take(60).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;
    use crate::document::Layer;
    use crate::document::LayerId;
    use crate::document::history::Scope;
    use crate::voxel::{Point, Rgba};

    fn opened(path: &Path) -> Workspace {
        let mut workspace = Workspace::default();
        open(path, Limits::default(), &mut workspace).unwrap();
        workspace
    }

    fn default(workspace: &mut Workspace) -> &mut Project {
        workspace.project_mut(DEFAULT_PROJECT).unwrap()
    }

    fn edit(workspace: &mut Workspace, x: i32) {
        let edited: Result<(), ()> = default(workspace).edit("set", Scope::Voxels, |document| {
            let active = document.active();
            document.layer_mut(active).unwrap().volume.set(Point::new(x, 0, 0), Rgba::WHITE);
            Ok(())
        });
        edited.unwrap();
    }

    fn count(path: &Path) -> u64 {
        let loaded = format::load(path, ReadOptions::default()).unwrap();
        loaded.document.layers().iter().map(|layer| layer.volume.count()).sum()
    }

    fn names(directory: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(directory).unwrap().flatten();
        let mut names: Vec<_> = entries.map(|e| e.file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_project_that_is_not_there_yet_is_made_by_saving() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new.gox");
        let mut workspace = opened(&path);
        assert!(finish(&mut workspace, true, None, false));
        assert!(!path.exists(), "nothing changed, so nothing is saved");
        edit(&mut workspace, 1);
        assert!(finish(&mut workspace, true, None, false));
        let mut again = opened(&path);
        let project = default(&mut again);
        assert_eq!(project.file().map(|file| &*file.path), Some(&*path));
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

    /// Puts a document without a file in the place of a project's.
    fn replace(project: &mut Project, document: Document) {
        let replaced: Result<(), ()> = project.edit("replace", Scope::Document, |current| {
            current.replace_by(document);
            Ok(())
        });
        replaced.unwrap();
        project.begin_document(None);
    }

    #[test]
    fn a_new_document_never_reaches_the_file_of_the_one_before() {
        let directory = tempfile::tempdir().unwrap();
        let (path, state) = (directory.path().join("house.gox"), directory.path().join("state"));
        let mut workspace = opened(&path);
        edit(&mut workspace, 1);
        assert!(finish(&mut workspace, true, None, false));
        let mut workspace = opened(&path);
        replace(default(&mut workspace), Document::default());
        assert!(!finish(&mut workspace, true, Some(&state), false));
        assert_eq!(count(&path), 1);
        assert_eq!(names(&state.join(RESCUED)), ["default.gox"]);
        default(&mut workspace).undo();
        assert!(finish(&mut workspace, true, None, false), "the house has nothing to be saved");
    }

    #[test]
    fn undo_of_a_load_comes_back_to_the_file_of_the_document() {
        let directory = tempfile::tempdir().unwrap();
        let [house, other] = ["house.gox", "other.gox"].map(|name| directory.path().join(name));
        edit_and_save(&other, 3);
        let mut workspace = opened(&house);
        edit(&mut workspace, 1);
        let loaded = format::load(&other, ReadOptions::default()).unwrap();
        let place = FilePath::from(&*other).resolve(Purpose::Read).unwrap();
        let (identity, path) = (place.identity().unwrap(), other.clone());
        let file = OwnFile { place: place.path().to_owned(), path, format: "gox", identity };
        let project = default(&mut workspace);
        replace(project, loaded.document);
        project.begin_document(Some(file.clone()));
        assert_eq!((project.file(), project.is_dirty()), (Some(&file), false));
        project.undo();
        assert!(project.is_dirty() && project.file().is_some_and(|file| file.path == house));
        let before = std::fs::read(&other).unwrap();
        assert!(finish(&mut workspace, true, None, false));
        assert_eq!((count(&house), std::fs::read(&other).unwrap()), (1, before));
    }

    fn edit_and_save(path: &Path, voxels: i32) {
        let mut workspace = opened(path);
        (0..voxels).for_each(|x| edit(&mut workspace, x));
        assert!(finish(&mut workspace, true, None, false));
    }

    #[test]
    fn a_file_that_somebody_else_changed_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("house.gox");
        edit_and_save(&path, 1);
        for number in 1..3 {
            let mut workspace = opened(&path);
            edit(&mut workspace, 7);
            edit_and_save(&path, number + 2);
            assert!(!finish(&mut workspace, true, None, false));
            assert_eq!(count(&path), number as u64 + 2);
        }
        let expected = ["house.gox", "house.rescued-2.gox", "house.rescued.gox"];
        assert_eq!(names(directory.path()), expected);
        assert_eq!(count(&directory.path().join("house.rescued.gox")), 2);
    }

    #[test]
    fn a_format_that_does_not_hold_all_of_a_document_is_not_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("house.vox");
        edit_and_save(&path, 2);
        let mut workspace = opened(&path);
        edit(&mut workspace, 5);
        assert!(finish(&mut workspace, true, None, false));
        assert_eq!(count(&path), 3, "one voxel more fits");
        let before = std::fs::read(&path).unwrap();
        let mut workspace = opened(&path);
        let grown: Result<(), ()> =
            default(&mut workspace).edit("layer", Scope::Document, |document| {
                let mut layer = Layer::new(LayerId(9), "glass");
                layer.volume.set(Point::new(9, 9, 9), Rgba::new(1, 2, 3, 99));
                document.push_layer(layer);
                Ok(())
            });
        grown.unwrap();
        assert!(!finish(&mut workspace, true, None, false));
        assert_eq!(std::fs::read(&path).unwrap(), before);
        assert_eq!(count(&directory.path().join("house.vox.rescued.gox")), 4);
    }

    #[test]
    fn what_cannot_be_saved_where_it_belongs_is_rescued() {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("state");
        let gone = directory.path().join("gone");
        let refused = open(&gone.join("x.gox"), Limits::default(), &mut Workspace::default());
        assert!(refused.unwrap_err().contains("its directory"), "said at once");
        std::fs::create_dir(&gone).unwrap();
        let mut workspace = opened(&gone.join("x.gox"));
        std::fs::remove_dir(&gone).unwrap();
        edit(&mut workspace, 1);
        for name in ["a/b", "a b"] {
            let mut project = Project::new(Document::default());
            replace(&mut project, Document::default());
            workspace.open(name, project);
        }
        assert!(!finish(&mut workspace, true, Some(&state), false));
        let rescued = state.join(RESCUED);
        assert_eq!(names(&rescued), ["a b.gox", "a_b.gox", "default.gox"]);
        for name in names(&rescued) {
            let mode = std::fs::metadata(rescued.join(&name)).unwrap().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }
}
