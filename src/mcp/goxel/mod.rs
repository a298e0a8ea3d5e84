//! What goxel offers to agents: eight tools, its projects as resources, prompts and guides.
//!
//! The tools are written once, on the daemon's own methods: goxel-mcp asks them through the client
//! library's pool, the daemon answers them itself on its socket. What a model sends is forgiven
//! where it is clear and refused with a lesson where it is not; what comes from files is shown as
//! data.

pub mod answer;
mod arguments;
mod coerce;
pub mod declare;
mod desk;
mod edit;
mod export;
mod files;
pub mod guides;
mod help;
mod history;
mod inspect;
mod look;
mod operations;
mod projects;
mod prompts;
pub mod resources;
mod script;
mod slice;
mod teach;
pub mod tools;
pub mod viewer;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde_json::{Map, Value, json};

use self::answer::{Answer, Refusal, Wrong};
use self::arguments::Arguments;
use self::declare::Tool;
use self::desk::Desk;
use self::operations::{ROOM_BESIDE_SCRIPTS, SIGNATURE_ROOM};
use self::tools::TOOLS;
use super::offer::{Client, Identity, Offer, ToolCall};
use super::root::Root;
use super::{Fault, Line, Work};
use crate::file_access::{FilePath, Purpose, Roots};

/// How the offer is to be.
pub struct Settings {
    /// Where files may be read and written.
    pub root: Root,
    /// Only tools that change nothing.
    pub read_only: bool,
    /// Only these tools; all if `None`.
    pub tools: Option<Vec<&'static str>>,
    /// Whether scripts may be run.
    pub allow_scripts: bool,
    /// Whether changes can be told to those who subscribe.
    pub can_notify: bool,
}

/// Called whenever a client begins to listen for changes.
type Listening = Box<dyn Fn() + Send + Sync>;

/// The offer.
pub struct Goxel {
    settings: Settings,
    /// For each project, what the next answer about it has to begin with.
    notes: Mutex<HashMap<String, Vec<String>>>,
    /// Files whose first state of this run is kept.
    kept: Mutex<HashSet<PathBuf>>,
    listening: OnceLock<Listening>,
}

impl Goxel {
    /// An offer.
    pub fn new(settings: Settings) -> Self {
        Goxel {
            settings,
            notes: Mutex::default(),
            kept: Mutex::default(),
            listening: OnceLock::new(),
        }
    }

    /// Sets who is told that a client begins to listen; the first one counts.
    pub fn when_somebody_listens(&self, listening: impl Fn() + Send + Sync + 'static) {
        // Whoever drives the session sets it once.
        let _ = self.listening.set(Box::new(listening));
    }

    fn root(&self) -> &Root {
        &self.settings.root
    }

    fn offers(&self, tool: &Tool) -> bool {
        let is_chosen = self.settings.tools.as_ref().is_none_or(|names| names.contains(&tool.name));
        is_chosen && (tool.is_read_only || !self.settings.read_only)
    }

    fn offers_scripts(&self) -> bool {
        self.settings.allow_scripts && self.offers(&tools::SCRIPT_TOOL)
    }

    fn find(&self, name: &str) -> Option<&'static Tool> {
        static VIEW: Tool = tools::VIEW_TOOL;
        static SCRIPT: Tool = tools::SCRIPT_TOOL;
        if name == SCRIPT.name {
            return Some(&SCRIPT).filter(|_| self.offers_scripts());
        }
        if name == VIEW.name {
            Some(&VIEW)
        } else {
            tools::tool(name).filter(|tool| self.offers(tool))
        }
    }

    /// Leaves a note for the next answer about a project.
    fn note_for(&self, project: &str, note: String) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.entry(project.to_owned()).or_default().push(note);
    }

    fn take_notes(&self, project: &str) -> Vec<String> {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.remove(project).unwrap_or_default()
    }

    /// Keeps a file that is about to be replaced as `NAME~`, once for each file and run: what the
    /// user had before is what matters, not the agent's own last save. `None` if it is kept
    /// already.
    fn keep(&self, path: &Path) -> std::io::Result<Option<PathBuf>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.contains(path) {
            return Ok(None);
        }
        // By descriptor and beneath the root, so that a directory that is swapped meanwhile leads
        // nobody out.
        let roots = self.settings.root.path().map(|root| Roots::open(&[root.to_owned()], &[]));
        let roots = roots.transpose().map_err(|(_, error)| error)?.map(Arc::new);
        let place = FilePath::within(path, roots).resolve(Purpose::Write)?;
        let mut name = place.name().to_owned();
        name.push("~");
        match place.remove_beside(&name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // A second name for the old file costs nothing: the daemon puts a new file in its place.
        if place.link_as(&name).is_err() {
            std::io::copy(&mut place.open_to_read()?, &mut place.create_beside(&name)?)?;
        }
        kept.insert(path.to_owned());
        Ok(Some(place.path().with_file_name(name)))
    }

    /// Models beneath the root, with their sizes in bytes.
    fn model_files(&self) -> Result<Vec<(String, u64)>, String> {
        match &self.settings.root {
            Root::Beneath(root) => Ok(list_models(root)),
            Root::Nowhere(why) => Err(why.clone()),
        }
    }
}

/// Directories below the root that are looked into.
const DEPTH: usize = 3;
/// Directory entries that are looked at.
const MOST_ENTRIES: usize = 5000;

fn list_models(root: &Path) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    let mut left = vec![(root.to_path_buf(), 0)];
    let mut seen = 0;
    while let Some((directory, depth)) = left.pop() {
        let Ok(entries) = std::fs::read_dir(&directory) else { continue };
        for entry in entries.flatten() {
            seen += 1;
            let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
            let Ok(facts) = entry.metadata() else { continue };
            if seen > MOST_ENTRIES || is_hidden {
                continue;
            }
            let path = entry.path();
            if facts.is_dir() && depth < DEPTH {
                left.push((path, depth + 1));
            } else if facts.is_file() && is_model(&path) {
                let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
                found.push((name, facts.len()));
            }
        }
    }
    found.sort();
    found
}

fn is_model(path: &Path) -> bool {
    crate::format::by_extension(path).is_some_and(|format| format.can_read())
}

impl Offer for Goxel {
    fn identity(&self) -> Identity {
        Identity {
            name: "goxel",
            title: "Goxel voxel modeller",
            version: crate::VERSION,
            instructions: guides::INSTRUCTIONS.to_owned(),
        }
    }

    fn capabilities(&self) -> Value {
        let notify = self.settings.can_notify;
        let resources =
            if notify { json!({"subscribe": true, "listChanged": true}) } else { json!({}) };
        json!({"tools": {}, "resources": resources, "prompts": {}, "completions": {}})
    }

    fn extensions(&self) -> Value {
        json!({guides::EXTENSION: {}, viewer::EXTENSION: {}})
    }

    fn tools(&self, client: &Client) -> Vec<Value> {
        let has_scripts = self.offers_scripts();
        let room = if has_scripts { ROOM_BESIDE_SCRIPTS } else { SIGNATURE_ROOM };
        let offered = TOOLS.iter().filter(|tool| self.offers(tool));
        let mut list: Vec<Value> = offered.map(|tool| tool.json(room)).collect();
        if has_scripts {
            list.push(tools::SCRIPT_TOOL.json(room));
        }
        if client.knows(viewer::EXTENSION) {
            if let Some(look) = list.iter_mut().find(|tool| tool["name"] == "voxel_look") {
                look["_meta"] = json!({"ui": {"resourceUri": viewer::URI}});
            }
            let mut view = tools::VIEW_TOOL.json(room);
            view["_meta"] = json!({"ui": {"resourceUri": viewer::URI, "visibility": ["app"]}});
            list.push(view);
        }
        list
    }

    fn call(self: Arc<Self>, call: ToolCall, line: &Line) -> Option<Work> {
        let tool = self.find(&call.name)?;
        Some(Box::pin(work(self, tool, call.arguments, line.clone())))
    }

    fn resources(self: Arc<Self>, line: &Line) -> Work {
        Box::pin(resources::list(line.clone()))
    }

    fn templates(&self) -> Vec<Value> {
        resources::templates()
    }

    fn read(self: Arc<Self>, uri: String, line: &Line) -> Work {
        Box::pin(resources::read(uri, line.clone()))
    }

    fn prompts(&self) -> Vec<Value> {
        prompts::list()
    }

    fn prompt(&self, name: &str, arguments: &Map<String, Value>) -> Option<Result<Value, Fault>> {
        prompts::get(name, arguments)
    }

    fn complete(
        self: Arc<Self>,
        reference: Map<String, Value>,
        argument: Map<String, Value>,
        line: &Line,
    ) -> Work {
        Box::pin(resources::complete(reference, argument, line.clone()))
    }

    fn extra(&self, method: &str, params: &Map<String, Value>) -> Option<Result<Value, Fault>> {
        match method {
            "skills/list" => Some(guides::list(params)),
            "skills/get" => Some(guides::get(params)),
            _ => None,
        }
    }

    fn somebody_listens(&self) {
        if let Some(listening) = self.listening.get() {
            listening();
        }
    }
}

/// One call of a tool, from its arguments to its answer. What a model can mend is an answer, never
/// an error.
async fn work(
    goxel: Arc<Goxel>,
    tool: &'static Tool,
    given: Map<String, Value>,
    line: Line,
) -> Result<Value, Fault> {
    let mut desk = match begin(goxel, tool, given, line) {
        Ok(desk) => desk,
        Err(wrong) => return Ok(Refusal::from(wrong).json(Vec::new())),
    };
    let project = desk.project_name().to_owned();
    let result: Result<Answer, Refusal> = tools::run(&mut desk).await;
    if desk.line.is_cancelled() {
        // Nobody reads this answer: what was left for the next one stays there.
        return Ok(json!({"content": []}));
    }
    let first = desk.goxel.take_notes(&project);
    Ok(match result {
        Ok(mut answer) => {
            desk.args.note_lines().into_iter().for_each(|note| answer.say(note));
            answer.say_first(first);
            answer.json()
        }
        Err(refusal) => refusal.json(first),
    })
}

fn begin(
    goxel: Arc<Goxel>,
    tool: &'static Tool,
    given: Map<String, Value>,
    line: Line,
) -> Result<Desk, Wrong> {
    let mut args = Arguments::new(tool, given)?;
    let project = match tool.field("project") {
        Some(_) => args.text("project")?.filter(|name| !name.is_empty()),
        None => None,
    };
    Ok(Desk { tool, args, project, goxel, line })
}
