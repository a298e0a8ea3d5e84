//! Random walks over everything that decides which document is whose: no file ever gets content
//! that its own document did not have, and no unsaved change is lost on a clean exit.
//!
//! Beside the daemon goes a model of what the guide promises: two projects with histories of
//! states, each state of a document, each document of a file or none.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use goxel_daemon::document::Document;
use goxel_daemon::format::{ReadOptions, load};
use goxel_daemon::server::projects::finish;
use serde_json::{Value, json};

use crate::support::service::Daemon;

/// Walks, unless `GOXEL_WALKS` says.
const WALKS: u64 = 60;
const STEPS: usize = 40;
const FILES: usize = 3;
const PROJECTS: [&str; 2] = ["default", "other"];

/// What tells contents apart: where along one axis voxels are.
type Content = BTreeSet<i32>;

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % end
    }
}

#[derive(Clone)]
struct Doc {
    file: Option<usize>,
    /// The version of the file that it knows.
    known: u64,
    /// The state that is in the file.
    saved: Option<usize>,
}

struct State {
    content: Content,
    doc: usize,
    id: usize,
}

struct Project {
    states: Vec<State>,
    position: usize,
}

struct Model {
    docs: Vec<Doc>,
    projects: Vec<Project>,
    /// What the files hold, and how often they were written.
    files: Vec<Option<Content>>,
    versions: Vec<u64>,
    states: usize,
    next: i32,
}

impl Model {
    fn new() -> Model {
        let mut model = Model {
            docs: Vec::new(),
            projects: Vec::new(),
            files: vec![None; FILES],
            versions: vec![0; FILES],
            states: 0,
            next: 0,
        };
        for _ in PROJECTS {
            let project = model.fresh();
            model.projects.push(project);
        }
        model
    }

    /// A project with one empty document that needs no saving.
    fn fresh(&mut self) -> Project {
        self.states += 1;
        self.docs.push(Doc { file: None, known: 0, saved: Some(self.states) });
        let state = State { content: Content::new(), doc: self.docs.len() - 1, id: self.states };
        Project { states: vec![state], position: 0 }
    }

    fn now(&self, project: usize) -> &State {
        &self.projects[project].states[self.projects[project].position]
    }

    fn push(&mut self, project: usize, content: Content, doc: usize) {
        self.states += 1;
        let state = State { content, doc, id: self.states };
        let project = &mut self.projects[project];
        project.states.truncate(project.position + 1);
        project.states.push(state);
        project.position += 1;
    }

    fn is_dirty(&self, project: usize) -> bool {
        let state = self.now(project);
        self.docs[state.doc].saved != Some(state.id)
    }

    /// Documents that some step of an open project leads to.
    fn open_docs(&self) -> BTreeSet<usize> {
        self.projects
            .iter()
            .flat_map(|project| project.states.iter().map(|state| state.doc))
            .collect()
    }

    /// A file was written by the daemon: other documents of it are to be saved again.
    fn written(&mut self, file: usize, content: Content) {
        self.files[file] = Some(content);
        self.versions[file] += 1;
        for doc in self.docs.iter_mut().filter(|doc| doc.file == Some(file)) {
            (doc.saved, doc.known) = (None, self.versions[file]);
        }
    }

    fn save(&mut self, project: usize, file: usize) {
        let (content, id, doc) =
            (self.now(project).content.clone(), self.now(project).id, self.now(project).doc);
        self.written(file, content);
        self.docs[doc] = Doc { file: Some(file), known: self.versions[file], saved: Some(id) };
    }
}

fn content_of(document: &Document) -> Content {
    let mut content = Content::new();
    for layer in document.layers() {
        content.extend(layer.volume.voxels().map(|(point, _)| point.x));
    }
    content
}

fn read(path: &Path) -> Option<Content> {
    path.exists().then(|| content_of(&load(path, ReadOptions::default()).unwrap().document))
}

struct Walk {
    daemon: Daemon,
    model: Model,
    directory: tempfile::TempDir,
    random: Random,
    trace: Vec<String>,
}

impl Walk {
    fn path(&self, file: usize) -> PathBuf {
        self.directory.path().join(format!("{file}.gox"))
    }

    fn call(&mut self, project: usize, method: &str, mut params: Value) -> Value {
        params["project"] = json!(PROJECTS[project]);
        self.trace.push(format!("{method} {params}"));
        self.daemon.reply(method, params)
    }

    fn done(&mut self, project: usize, method: &str, params: Value) {
        let answer = self.call(project, method, params);
        assert!(answer.get("error").is_none(), "{answer}\n{:#?}", self.trace);
    }

    fn step(&mut self) {
        let project = self.random.below(PROJECTS.len());
        let file = self.random.below(FILES);
        let path = self.path(file);
        match self.random.below(13) {
            0..=2 => {
                let x = self.model.next;
                self.model.next += 1;
                self.done(
                    project,
                    "goxel.add_voxel",
                    json!({"position": [x, 0, 0], "color": "#ffffff"}),
                );
                let state = self.model.now(project);
                let (mut content, doc) = (state.content.clone(), state.doc);
                content.insert(x);
                self.model.push(project, content, doc);
            }
            3 => {
                self.done(project, "goxel.create_project", json!({"name": "new"}));
                self.model.docs.push(Doc { file: None, known: 0, saved: None });
                self.model.push(project, Content::new(), self.model.docs.len() - 1);
            }
            4 if self.model.files[file].is_some() => {
                self.done(project, "goxel.load_project", json!({"path": path}));
                let content = self.model.files[file].clone().unwrap();
                let known = self.model.versions[file];
                let saved = Some(self.model.states + 1);
                self.model.docs.push(Doc { file: Some(file), known, saved });
                self.model.push(project, content, self.model.docs.len() - 1);
            }
            5 if self.model.files[file].is_some() => {
                self.done(project, "goxel.import_model", json!({"path": path}));
                let state = self.model.now(project);
                let (mut content, doc) = (state.content.clone(), state.doc);
                content.extend(self.model.files[file].iter().flatten());
                self.model.push(project, content, doc);
            }
            6 => {
                self.done(project, "goxel.save_project", json!({"path": path}));
                self.model.save(project, file);
            }
            7 => {
                let answer = self.call(project, "goxel.save_project", json!({}));
                match self.model.docs[self.model.now(project).doc].file {
                    None => {
                        assert_eq!(answer["error"]["code"], -32602, "{answer}\n{:#?}", self.trace)
                    }
                    Some(file) => {
                        assert!(answer.get("error").is_none(), "{answer}\n{:#?}", self.trace);
                        self.model.save(project, file);
                    }
                }
            }
            8 => self.export(project, file, &path),
            9 if self.model.projects[project].position > 0 => {
                self.done(project, "goxel.undo", json!({}));
                self.model.projects[project].position -= 1;
            }
            10 if self.model.projects[project].position + 1
                < self.model.projects[project].states.len() =>
            {
                self.done(project, "goxel.redo", json!({}));
                self.model.projects[project].position += 1;
            }
            11 if self.random.below(3) == 0 => {
                self.trace.push(format!("somebody else writes {file}"));
                fs::copy(self.directory.path().join("foreign.gox"), &path).unwrap();
                self.model.files[file] = Some(Content::from([-1]));
                self.model.versions[file] += 1;
            }
            12 if self.random.below(3) == 0 => {
                let name = PROJECTS[project];
                self.trace.push(format!("close {name}"));
                self.daemon.call("goxel.close_project", json!({"name": name, "discard": true}));
                if project > 0 {
                    self.daemon.call("goxel.open_project", json!({"name": name}));
                }
                self.model.projects[project] = self.model.fresh();
            }
            _ => {}
        }
        self.compare();
    }

    fn export(&mut self, project: usize, file: usize, path: &Path) {
        let overwrite = self.random.below(2) == 0;
        let params = json!({"path": path, "format": "gox", "overwrite": overwrite});
        let answer = self.call(project, "goxel.export_model", params);
        let open = self.model.open_docs();
        let is_own = open.iter().any(|&doc| self.model.docs[doc].file == Some(file));
        if is_own && !overwrite {
            assert_eq!(
                answer["error"]["data"]["reason"], "needs_overwrite",
                "{answer}\n{:#?}",
                self.trace
            );
        } else {
            assert!(answer.get("error").is_none(), "{answer}\n{:#?}", self.trace);
            let content = self.model.now(project).content.clone();
            self.model.written(file, content);
        }
    }

    fn compare(&mut self) {
        for (index, name) in PROJECTS.into_iter().enumerate() {
            let project = self.daemon.service.workspace().project(name).unwrap();
            let state = self.model.now(index);
            let trace = &self.trace;
            assert_eq!(content_of(project.document()), state.content, "{name} {trace:#?}");
            let file = self.model.docs[state.doc].file.map(|file| self.path(file));
            assert_eq!(project.file().map(|file| file.path.clone()), file, "{name} {trace:#?}");
            assert_eq!(project.is_dirty(), self.model.is_dirty(index), "{name} {trace:#?}");
        }
    }

    /// What an end in good order saves, and where.
    fn exit(mut self) {
        for file in 0..FILES {
            assert_eq!(read(&self.path(file)), self.model.files[file], "{file} {:#?}", self.trace);
        }
        let state = self.directory.path().join("state");
        let all_saved = finish(self.daemon.service.workspace_mut(), true, Some(&state), false);
        let mut expected_all = true;
        // One after the other, as the names are in order.
        for (index, name) in PROJECTS.iter().enumerate() {
            if !self.model.is_dirty(index) {
                continue;
            }
            let (content, doc) = (self.model.now(index).content.clone(), self.model.now(index).doc);
            let Doc { file, known, .. } = self.model.docs[doc].clone();
            match file {
                Some(file) if known == self.model.versions[file] => {
                    self.model.files[file] = Some(content);
                    self.model.versions[file] += 1;
                }
                _ => {
                    expected_all = false;
                    let found = self.rescued(&state).contains(&content);
                    assert!(found, "{name} is lost: {:#?}", self.trace);
                }
            }
        }
        assert_eq!(all_saved, expected_all, "{:#?}", self.trace);
        for file in 0..FILES {
            assert_eq!(read(&self.path(file)), self.model.files[file], "{file} {:#?}", self.trace);
        }
    }

    /// What was saved elsewhere.
    fn rescued(&self, state: &Path) -> Vec<Content> {
        let rescued = state.join("rescued");
        let entries = [self.directory.path(), &rescued].map(fs::read_dir);
        let paths = entries.into_iter().flatten().flatten().flatten().map(|entry| entry.path());
        let is_rescued = |path: &PathBuf| {
            path.starts_with(&rescued) || path.to_string_lossy().contains(".rescued")
        };
        paths
            .filter(|path| path.is_file())
            .filter(is_rescued)
            .filter_map(|path| read(&path))
            .collect()
    }
}

#[test]
fn no_walk_mixes_up_files_or_loses_a_change() {
    let walks =
        std::env::var("GOXEL_WALKS").ok().and_then(|text| text.parse().ok()).unwrap_or(WALKS);
    let first = std::env::var("GOXEL_WALK").ok().and_then(|text| text.parse().ok());
    let seeds = first.map_or(0..walks, |seed: u64| seed..seed + 1);
    for seed in seeds {
        let mut daemon = Daemon::default();
        let directory = tempfile::tempdir().unwrap();
        daemon.call("goxel.add_voxel", json!({"position": [-1, 0, 0], "color": "#ffffff"}));
        let path = directory.path().join("foreign.gox");
        daemon.call("goxel.export_model", json!({"path": path, "format": "gox"}));
        let mut daemon = Daemon::default();
        daemon.call("goxel.open_project", json!({"name": "other"}));
        let random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut walk = Walk {
            daemon,
            model: Model::new(),
            directory,
            random,
            trace: vec![format!("seed {seed}")],
        };
        (0..STEPS).for_each(|_| walk.step());
        walk.exit();
    }
}
