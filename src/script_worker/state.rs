//! The document that a script works on, its volumes, and what it has said so far.
//!
//! A volume is a number for JavaScript: of a layer, or of the script's own. The one that was used
//! last lies open: it is out of its place, so that a voxel costs no look for it. Everything that
//! looks at the document closes it first.
//!
//! Blocks of the document come when something needs them. They go into the document as it was, too,
//! so that nothing of what the script never looked at looks like a change.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use super::opened::Open;
use super::reading::{Need, Partial};
use super::talk::Line;
use crate::document::{Document, LayerContent, LayerId};
use crate::job::Budget;
use crate::rpc::{ConnectionId, Handled, Host, Service};
use crate::script::Request;
use crate::voxel::{BlockWalk, Bounds, MemoryLimit, Point, Rgba, Volume};
use crate::workspace::{DEFAULT_PROJECT, Project, Workspace};

thread_local! {
    static STATE: RefCell<Option<State>> = const { RefCell::new(None) };
}

/// Volumes that a script may have at once, besides those of layers.
const MOST_VOLUMES: usize = 4096;
/// How often a long call looks at the clock.
const LOOK: Duration = Duration::from_millis(20);

/// What JavaScript is told instead of a result.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error("this volume is not there any more")]
    NoVolume,
    #[error("the layer is a clone or a shape: its voxels follow from what it is made of")]
    Computed,
    #[error("a script has {MOST_VOLUMES} volumes at most; let go of some")]
    TooManyVolumes,
    #[error("its voxels take more memory than a script may have: {} bytes (--script-memory)", .0.limit)]
    Memory(#[from] MemoryLimit),
    #[error("the output is longer than {0} bytes (--script-output)")]
    TooMuchOutput(u64),
    #[error("the time of the script is over")]
    Late,
    #[error("no script runs")]
    NoScript,
    #[error("the document cannot be read any more: {0}")]
    Reading(#[from] std::io::Error),
}

pub(super) enum Source {
    Free,
    Own(Volume),
    Layer(LayerId),
}

/// All that belongs to a script.
pub(super) struct State {
    service: Service,
    host: ScriptHost,
    pub(super) sources: Vec<Source>,
    pub(super) open: Option<Open>,
    /// Layers of which not all blocks are there.
    pub(super) partial: Vec<Partial>,
    /// The active layer's volume, once it was asked for.
    active: Option<usize>,
    /// The document as it was.
    pub(super) base: Document,
    /// What the script has written.
    pub(super) output: String,
    output_limit: u64,
    pub(super) deadline: Instant,
    pub(super) line: Line,
    last_progress: Option<Instant>,
}

/// Does something with the state of the script.
pub(super) fn with<T>(act: impl FnOnce(&mut State) -> Result<T, Problem>) -> Result<T, Problem> {
    STATE.with(|state| match &mut *state.borrow_mut() {
        Some(state) => act(state),
        None => Err(Problem::NoScript),
    })
}

/// A script begins.
pub(super) fn begin(state: State) {
    STATE.with(|place| *place.borrow_mut() = Some(state));
}

/// Lets go of a volume that JavaScript has no way to any more. The engine says so at any time, also
/// while it is asked for something; then the volume stays.
pub(super) fn forget(handle: usize) {
    let _ = STATE.try_with(|state| {
        if let Ok(mut state) = state.try_borrow_mut()
            && let Some(state) = &mut *state
        {
            state.forget(handle);
        }
    });
}

/// A script is over.
pub(super) fn end() -> Option<State> {
    STATE.with(|place| place.borrow_mut().take())
}

impl State {
    pub(super) fn new(
        job: &Request,
        document: Document,
        kept: Vec<(LayerId, u64)>,
        line: Line,
    ) -> State {
        let base = document.clone();
        let mut project = Project::new(document);
        project.restore(job.revision);
        let mut workspace = Workspace::default();
        workspace.set_history_memory(0);
        workspace.put(DEFAULT_PROJECT, project);
        let started = Instant::now();
        State {
            service: Service::new(workspace),
            host: ScriptHost { started },
            sources: Vec::new(),
            open: None,
            partial: kept.into_iter().map(|(id, count)| Partial::new(id, count)).collect(),
            active: None,
            base,
            output: String::new(),
            output_limit: job.output,
            deadline: started + job.time,
            line,
            last_progress: None,
        }
    }

    pub(super) fn edit<T>(&mut self, act: impl FnOnce(&mut Document) -> T) -> Option<T> {
        let mut result = None;
        let project = self.service.workspace_mut().project_mut(DEFAULT_PROJECT)?;
        let _ = project.put_base(|document| {
            result = Some(act(document));
            Ok(())
        });
        result
    }

    /// Sets a voxel.
    #[inline]
    pub(super) fn set(&mut self, handle: usize, at: Point, color: Rgba) -> Result<(), Problem> {
        if let Some(open) = &mut self.open
            && open.handle == handle
            && open.is_there(at)
        {
            open.volume.try_set(at, color)?;
            return Ok(());
        }
        if let Some(Source::Layer(id)) = self.sources.get(handle) {
            self.check_own_voxels(*id)?;
        }
        self.reach(handle, at)?;
        self.open.as_mut().ok_or(Problem::NoVolume)?.volume.try_set(at, color)?;
        Ok(())
    }

    /// The colour of a voxel.
    #[inline]
    pub(super) fn get(&mut self, handle: usize, at: Point) -> Result<Rgba, Problem> {
        if self.open.as_ref().is_none_or(|open| open.handle != handle || !open.is_there(at)) {
            self.reach(handle, at)?;
        }
        self.open.as_ref().map(|open| open.volume.get(at)).ok_or(Problem::NoVolume)
    }

    fn check_own_voxels(&self, id: LayerId) -> Result<(), Problem> {
        let document = self.service.workspace().project(DEFAULT_PROJECT).map(Project::document);
        match document.and_then(|document| document.layer(id)).map(|layer| &layer.content) {
            Some(LayerContent::Voxels) => Ok(()),
            Some(_) => Err(Problem::Computed),
            None => Err(Problem::NoVolume),
        }
    }

    /// The number of the active layer's volume.
    #[inline]
    pub(super) fn active(&mut self) -> Result<usize, Problem> {
        match self.active {
            Some(handle) => Ok(handle),
            None => {
                let id = self.edit(|document| document.active()).ok_or(Problem::NoVolume)?;
                let handle = self.of_layer(id)?;
                self.check_own_voxels(id)?;
                self.active = Some(handle);
                Ok(handle)
            }
        }
    }

    /// The number of a layer's volume.
    pub(super) fn of_layer(&mut self, id: LayerId) -> Result<usize, Problem> {
        let is_it = |source: &Source| matches!(source, Source::Layer(known) if *known == id);
        match self.sources.iter().position(is_it) {
            Some(handle) => Ok(handle),
            None => self.add(Source::Layer(id)),
        }
    }

    fn add(&mut self, source: Source) -> Result<usize, Problem> {
        let free = self.sources.iter().position(|source| matches!(source, Source::Free));
        match free {
            Some(handle) => {
                self.sources[handle] = source;
                Ok(handle)
            }
            None if self.sources.len() >= MOST_VOLUMES => Err(Problem::TooManyVolumes),
            None => {
                self.sources.push(source);
                Ok(self.sources.len() - 1)
            }
        }
    }

    /// A new volume: an empty one, or a copy.
    pub(super) fn new_volume(&mut self, source: Option<usize>) -> Result<usize, Problem> {
        let volume = match source {
            Some(handle) => self.volume(handle)?.clone(),
            None => Volume::new(),
        };
        self.add(Source::Own(volume))
    }

    /// A new volume of all that is seen.
    pub(super) fn merged(&mut self) -> Result<usize, Problem> {
        self.need(None, Bounds::ALL)?;
        self.close();
        let volume = self.edit(|document| document.merged()).ok_or(Problem::NoVolume)?;
        self.add(Source::Own(volume))
    }

    /// Gives a volume the voxels of another one.
    pub(super) fn assign(&mut self, to: usize, from: usize) -> Result<(), Problem> {
        if let Some(Source::Layer(id)) = self.sources.get(to) {
            self.check_own_voxels(*id)?;
        }
        let volume = self.volume(from)?.clone();
        *self.volume(to)? = volume;
        Ok(())
    }

    /// Those of layers stay.
    fn forget(&mut self, handle: usize) {
        if let Some(source @ Source::Own(_)) = self.sources.get_mut(handle) {
            *source = Source::Free;
            if self.open.as_ref().is_some_and(|open| open.handle == handle) {
                self.open = None;
            }
        }
    }

    /// Some voxels of a volume, from a block on: seven numbers each, and how far that went. Nothing
    /// at the end.
    pub(super) fn voxels(
        &mut self,
        handle: usize,
        walk: &mut Option<BlockWalk>,
    ) -> Result<Vec<i32>, Problem> {
        let volume = self.volume(handle)?;
        let walk = walk.get_or_insert_default();
        let mut found = Vec::new();
        while found.is_empty() {
            let Some(at) = walk.next(volume) else { break };
            let mut voxels = [Rgba::EMPTY; crate::voxel::BLOCK_VOXELS];
            if let Some(block) = volume.block(at) {
                block.copy_to(&mut voxels);
            }
            let origin = at.origin();
            for (index, color) in (0i32..).zip(voxels).filter(|(_, color)| !color.is_empty()) {
                let place =
                    [origin.x | (index & 15), origin.y | (index >> 4 & 15), origin.z | index >> 8];
                found.extend(place);
                found.extend(color.bytes().map(i32::from));
            }
        }
        Ok(found)
    }

    /// Carries out a method on the document; the answer in JSON. Whoever asks about settings only
    /// does without the voxels that are not there, and must not look at what the answer tells of
    /// them.
    pub(super) fn call(
        &mut self,
        method: &str,
        params: &str,
        is_of_settings: bool,
    ) -> Result<String, Problem> {
        self.close();
        if !self.partial.is_empty() && !is_of_settings {
            let document = self.service.workspace().project(DEFAULT_PROJECT).map(Project::document);
            match document.map(|document| Need::of(method, params, document)) {
                Some(Need::Nothing) => {}
                Some(Need::Box(bounds)) => self.need(None, bounds)?,
                _ => self.need(None, Bounds::ALL)?,
            }
        }
        self.active = None;
        let name = serde_json::to_string(method).unwrap_or_default();
        let message = format!(r#"{{"jsonrpc":"2.0","id":0,"method":{name},"params":{params}}}"#);
        let (mut out, caller) = (Vec::new(), ConnectionId(0));
        let handled = self.service.handle(message.as_bytes(), caller, &mut self.host, &mut out);
        if let Handled::Pending(mut exchange) = handled {
            loop {
                let mut budget = Budget::until(Instant::now() + LOOK);
                if self.service.step(&mut exchange, &mut self.host, &mut budget, &mut out) {
                    break;
                }
                if Instant::now() >= self.deadline {
                    self.service.cancel(*exchange, &mut self.host);
                    return Err(Problem::Late);
                }
            }
        }
        crate::job::leftovers::free_some(&mut Budget::unlimited());
        Ok(String::from_utf8(out).unwrap_or_default())
    }

    /// Adds a line to the output.
    pub(super) fn print(&mut self, line: &str) -> Result<(), Problem> {
        if (self.output.len() + line.len() + 1) as u64 > self.output_limit {
            return Err(Problem::TooMuchOutput(self.output_limit));
        }
        self.output.push_str(line);
        self.output.push('\n');
        Ok(())
    }

    /// Tells how far the script is, but not all the time.
    pub(super) fn progress(&mut self, part: f64) {
        let now = Instant::now();
        if self.last_progress.is_none_or(|last| now - last > LOOK) {
            self.last_progress = Some(now);
            // Without a daemon there is nobody to be told; the end will tell.
            let _ = self.line.tell_progress(if part.is_finite() { part } else { 0.0 });
        }
    }

    /// The document as it was and as it is, and the way to the daemon.
    pub(super) fn documents(&mut self) -> Option<(Document, Document, &mut Line)> {
        self.close();
        let now = self.service.workspace().project(DEFAULT_PROJECT)?.document().clone();
        Some((self.base.clone(), now, &mut self.line))
    }
}

/// The server, as far as there is one.
struct ScriptHost {
    started: Instant,
}

impl Host for ScriptHost {
    fn now(&self) -> Instant {
        Instant::now()
    }
    fn at_once(&self) -> Budget {
        Budget::until(Instant::now() + LOOK)
    }
    fn started(&self) -> Instant {
        self.started
    }
}
