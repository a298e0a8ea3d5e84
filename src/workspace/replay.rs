//! From records back to projects: each step is made again as an edit, so the history comes back by
//! itself.

use std::collections::{HashMap, VecDeque};

use rustc_hash::FxHashMap;

use super::{Project, Workspace};
use crate::document::{Document, LayerId};
use crate::job::leftovers;
use crate::journal::{Kind, Malformed, Record, Repeat, Tag, Take, apply_document};
use crate::memory;
use crate::voxel::{Point, Rgba, give_back_memory, stored};

/// Records between two signs of progress.
const RECORDS_BETWEEN_SIGNS: u64 = 64;

/// Makes records happen again in a workspace.
pub struct Replay<'w, T> {
    workspace: &'w mut Workspace,
    names: FxHashMap<u32, String>,
    instances: Vec<String>,
    take_tag: T,
    progress: &'w mut dyn FnMut(),
    count: u64,
    /// What the next records do, where each is an edit of one voxel.
    expected: VecDeque<Option<LoneVoxel>>,
    /// Bytes of histories that were forgotten because memory is short.
    forgotten: u64,
}

impl<'w, T: FnMut(Tag<'_>)> Replay<'w, T> {
    /// Closes all projects and begins. `take_tag` is told of the calls of sessions; `progress` is
    /// called now and then.
    pub fn begin(workspace: &'w mut Workspace, take_tag: T, progress: &'w mut dyn FnMut()) -> Self {
        workspace.begin_recovery();
        let (names, instances) = (FxHashMap::default(), Vec::new());
        let expected = VecDeque::new();
        Replay { workspace, names, instances, take_tag, progress, count: 0, expected, forgotten: 0 }
    }

    /// Ends it; the runs of the daemon whose calls are known.
    pub fn end(self) -> Vec<String> {
        if self.forgotten > 0 {
            log::warn!(
                "memory is tight: {} bytes of the oldest steps of histories did not come back",
                self.forgotten
            );
        }
        self.workspace.end_recovery();
        self.instances
    }
}

impl<T: FnMut(Tag<'_>)> Repeat for Replay<'_, T> {
    /// Has a look at the voxels that will be set: edits far apart would wait for the memory one
    /// after the other, looks at many of them do so together.
    fn expect(&mut self, records: &[Record<'_>]) {
        self.expected.clear();
        self.expected.extend(records.iter().map(LoneVoxel::of));
        let (mut known, mut sum) = (None::<(u32, &Project)>, 0u32);
        for (record, voxel) in records.iter().zip(&self.expected) {
            let Some(LoneVoxel { layer, point, .. }) = voxel else { continue };
            if known.is_none_or(|(number, _)| number != record.project) {
                let name = self.names.get(&record.project);
                let project = name.and_then(|name| self.workspace.project(name));
                known = project.map(|project| (record.project, project));
            }
            let layer = known.and_then(|(_, project)| project.document().layer(*layer));
            let color = layer.map_or(Rgba::EMPTY, |layer| layer.volume.get(*point));
            sum = sum.wrapping_add(u32::from(color.r));
        }
        std::hint::black_box(sum);
    }

    fn repeat(&mut self, record: &Record<'_>) -> Result<(), String> {
        let voxel = self.expected.pop_front().flatten();
        let Replay { workspace, names, instances, take_tag, progress, count, .. } = self;
        *count += 1;
        if count.is_multiple_of(RECORDS_BETWEEN_SIGNS) {
            progress();
        }
        apply(record, voxel, workspace, names, instances).map_err(|problem| problem.to_string())?;
        if let Some(tag) = record.tag {
            take_tag(tag);
        }
        Ok(())
    }

    fn is_short(&mut self) -> bool {
        memory::look();
        memory::is_tight()
    }

    fn let_go(&mut self, needed: &HashMap<u32, u64>) {
        let bytes = memory::excess();
        let forgotten = self.workspace.forget_oldest_but(bytes, needed);
        leftovers::free_all();
        give_back_memory();
        self.forgotten += forgotten;
    }
}

/// An edit of one voxel.
struct LoneVoxel {
    layer: LayerId,
    point: Point,
    color: Rgba,
}

impl LoneVoxel {
    /// What a record does, if it is that.
    fn of(record: &Record<'_>) -> Option<LoneVoxel> {
        if !matches!(record.kind, Kind::Voxels) {
            return None;
        }
        let mut take = Take::new(record.payload, record.kind.name());
        take.u64().ok()?;
        take.text().ok()?;
        let (layer, blocks) = (LayerId(take.i32().ok()?), take.counted().ok()?);
        let (point, color) = stored::lone_point(blocks)?;
        take.is_empty().then_some(LoneVoxel { layer, point, color })
    }
}

/// Why a record cannot be made again.
#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error("it is about a project that is not open")]
    NoProject,
    #[error("the project comes to revision {got} and not to {expected}")]
    Revision { got: u64, expected: u64 },
    #[error("it names a state that the history does not have")]
    NoState,
    #[error("a project with its name is open")]
    Taken,
}

fn apply(
    record: &Record<'_>,
    voxel: Option<LoneVoxel>,
    workspace: &mut Workspace,
    names: &mut FxHashMap<u32, String>,
    instances: &mut Vec<String>,
) -> Result<(), Problem> {
    let mut take = Take::new(record.payload, record.kind.name());
    match record.kind {
        Kind::Run => instances.push(take.text()?.to_owned()),
        Kind::Answer => {}
        Kind::Open => open(record, &mut take, workspace, names)?,
        Kind::Close => {
            let name = names.remove(&record.project).ok_or(Problem::NoProject)?;
            workspace.remove(&name);
        }
        Kind::Rename => {
            let name = names.get_mut(&record.project).ok_or(Problem::NoProject)?;
            let new = take.text()?;
            if workspace.project(new).is_some() {
                return Err(Problem::Taken);
            }
            workspace.rename(name, new);
            new.clone_into(name);
        }
        _ => {
            let name = names.get(&record.project).ok_or(Problem::NoProject)?;
            let project = workspace.project_mut(name).ok_or(Problem::NoProject)?;
            apply_to(project, record, voxel, &mut take)?;
            let (got, expected) = (project.revision(), record.revision);
            if got != expected {
                return Err(Problem::Revision { got, expected });
            }
        }
    }
    Ok(())
}

fn open(
    record: &Record<'_>,
    take: &mut Take<'_>,
    workspace: &mut Workspace,
    names: &mut FxHashMap<u32, String>,
) -> Result<(), Problem> {
    let name = take.text()?.to_owned();
    let mut document = Document::new("", [1, 1, 1]);
    apply_document(&mut document, take.rest())?;
    let mut project = Project::new(document);
    project.restore(record.revision);
    if !workspace.adopt(&name, project, record.project) {
        return Err(Problem::Taken);
    }
    names.insert(record.project, name);
    Ok(())
}

fn apply_to(
    project: &mut Project,
    record: &Record<'_>,
    voxel: Option<LoneVoxel>,
    take: &mut Take<'_>,
) -> Result<(), Problem> {
    match record.kind {
        Kind::Voxels => {
            let (oldest, label) = (take.u64()?, take.text()?);
            let layers = take.rest();
            let is_done = voxel.is_some_and(|voxel| {
                project.repeat_voxel(label, voxel.layer, (voxel.point, voxel.color))
            });
            if !is_done {
                project.repeat_voxels(label, |document| put_voxels(document, layers))?;
            }
            project.forget_before(oldest);
        }
        Kind::Document => {
            let (oldest, label) = (take.u64()?, take.text()?);
            project.repeat_document(label, |document| apply_document(document, take.rest()))?;
            project.forget_before(oldest);
        }
        Kind::Go => {
            let made_by = take.u64()?;
            let position = project.history().position_of(made_by).ok_or(Problem::NoState)?;
            project.go_to(position).ok_or(Problem::NoState)?;
        }
        Kind::Checkpoint => project.checkpoint(take.text()?),
        Kind::Base => project.put_base(|document| put_blocks(document, take))?,
        Kind::Revisions => {
            let mut returns = Vec::new();
            while !take.is_empty() {
                returns.push((take.u64()?, take.u64()?));
            }
            project.restore_revisions(record.revision, &returns);
        }
        Kind::Files => project.restore_files(take)?,
        Kind::File => project.restore_file(take)?,
        Kind::Clear => drop(project.clear_history()),
        _ => return Err(Malformed("kind").into()),
    }
    Ok(())
}

fn put_voxels(document: &mut Document, layers: &[u8]) -> Result<(), Malformed> {
    let mut take = Take::new(layers, Kind::Voxels.name());
    while !take.is_empty() {
        let (layer, blocks) = (LayerId(take.i32()?), take.counted()?);
        let layer = document.layer_mut(layer).ok_or(Malformed("layer"))?;
        stored::read_into(&mut layer.volume, blocks).map_err(|_| Malformed("voxels"))?;
    }
    Ok(())
}

fn put_blocks(document: &mut Document, take: &mut Take<'_>) -> Result<(), Malformed> {
    let layer = document.layer_mut(LayerId(take.i32()?)).ok_or(Malformed("layer"))?;
    stored::read_into(&mut layer.volume, take.rest()).map_err(|_| Malformed("voxels"))
}
