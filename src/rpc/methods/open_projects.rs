//! Handlers about the projects that are open.

use std::borrow::Cow;

use super::files::{file_error, load_file, read_options};
use super::own_files::{Looked, open_elsewhere};
use super::system::iso_time;
use super::{entries, target};
use crate::api::args::shown;
use crate::api::methods::edit::BoxResult;
use crate::api::methods::open_projects::*;
use crate::api::methods::system::NoParams;
use crate::api::operations::forms::CopyFields;
use crate::api::operations::{Form, Operation};
use crate::api::{LayerRef, ParamError, notes};
use crate::document::Document;
use crate::format::{self, FormatError, Loaded};
use crate::job::{Budget, Job, Progress, Step};
use crate::rpc::NameLimit;
use crate::rpc::change::{Change, Changed, carry_out, refused};
use crate::rpc::context::{Context, Outcome, Task, no_such_project};
use crate::rpc::error::{LOAD_PROJECT, NO_SUCH_LAYER, OVER_LIMIT, RpcError};
use crate::rpc::table::Handle;
use crate::workspace::{DEFAULT_PROJECT, OwnFile, Project, Turn, Workspace};

entries![OpenProject, CloseProject, ListProjects, DuplicateProject, GetProjectInfo, CopyRegion];

fn rule(param: &'static str, message: impl Into<String>) -> RpcError {
    ParamError::rule(param, message).into()
}

/// Refuses a name that no new project can have.
fn check_name(context: &Context<'_>, name: &str) -> Result<(), RpcError> {
    let (workspace, most) = (&*context.workspace, context.daemon.limits.names.project);
    let is_plain = |c: char| !c.is_control();
    if name.is_empty() || name.len() > most.bytes || !name.chars().all(is_plain) {
        let NameLimit { bytes, flag } = most;
        let message =
            format!("A project's name has 1 to {bytes} bytes ({flag}) without control characters");
        return Err(rule("name", message).with("got", shown(name)).with("limit", bytes));
    }
    if workspace.project(name).is_some() {
        let message = format!("A project named '{name}' is open already");
        return Err(rule("name", message).hint("close it first, or take another name"));
    }
    let (open, limit) = (workspace.projects().count(), workspace.max_projects);
    if open >= limit {
        let message = format!("{open} projects are open; the limit is {limit} (--max-projects)");
        return Err(RpcError::new(OVER_LIMIT, message)
            .with("limit", limit)
            .hint("goxel.close_project closes one; nothing was changed"));
    }
    Ok(())
}

fn voxel_count(document: &Document) -> u64 {
    document.layers().iter().map(|layer| layer.volume.count()).sum()
}

fn file_path(project: &Project) -> Option<String> {
    project.file().map(|file| file.path.to_string_lossy().into_owned())
}

fn absolute_path(project: &Project) -> Option<String> {
    project.file().map(|file| file.place.to_string_lossy().into_owned())
}

fn listed(workspace: &Workspace, name: &str) -> Result<ListedProject, RpcError> {
    let project = workspace.project(name).ok_or_else(|| no_such_project(workspace, name))?;
    let document = project.document();
    Ok(ListedProject {
        name: name.to_owned(),
        title: document.name.clone(),
        file_path: file_path(project),
        absolute_path: absolute_path(project),
        dirty: project.is_dirty(),
        revision: project.revision(),
        canvas_size: document.size(),
        layer_count: document.layers().len(),
        voxel_count: voxel_count(document),
        busy: workspace.is_busy(name),
        is_default: name == DEFAULT_PROJECT,
        recovered_edits: Some(project.recovered_edits()).filter(|&edits| edits > 0),
    })
}

/// Opens a project whose name was checked before, but perhaps a while ago.
fn open(
    context: &mut Context<'_>,
    name: &str,
    project: Project,
) -> Result<ListedProject, RpcError> {
    check_name(context, name)?;
    context.workspace.open(name, project);
    listed(context.workspace, name)
}

impl Handle for OpenProject {
    fn handle(
        context: &mut Context<'_>,
        params: OpenProjectParams<'_>,
    ) -> Result<Outcome<ListedProject>, RpcError> {
        let name = params.name.into_owned();
        check_name(context, &name)?;
        let Some(path) = params.path.map(Cow::into_owned) else {
            let project = Project::new(Document::new(&name, params.size.0));
            return open(context, &name, project).map(Outcome::Done);
        };
        let failed =
            |path: &str, error: FormatError| file_error(LOAD_PROJECT, "load project", path, &error);
        let format = params.format.as_deref().map(format::by_name).transpose();
        let format = format.map_err(|error| failed(&path, error))?;
        let job = load_file(context.file(&path), format, read_options(context));
        Ok(Outcome::chain_later(job, move |_, loaded| {
            let (Looked { place, identity }, loaded) =
                loaded.map_err(|error| failed(&path, error))?;
            let Loaded { document, format, warnings, .. } = loaded;
            let count = Count { document: Some(document), next: (0, 0) };
            Ok(Outcome::job(count, move |context, document| {
                let elsewhere = open_elsewhere(context.workspace, &place, &name);
                warnings.into_iter().chain(elsewhere).for_each(notes::note);
                let mut project = Project::new(document);
                let file = OwnFile { path: path.into(), place, format, identity };
                project.begin_document(Some(file));
                open(context, &name, project)
            }))
        }))
    }
}

/// The voxels of a document counted in slices, so that nobody waits when they are listed.
struct Count {
    document: Option<Document>,
    next: (usize, u32),
}

impl Job for Count {
    type Output = Document;

    fn step(&mut self, budget: &mut Budget) -> Step<Document> {
        let next = &mut self.next;
        if self.document.as_ref().is_some_and(|document| document.count_some(next, budget)) {
            return Step::More;
        }
        Step::Done(self.document.take().unwrap_or_default())
    }

    fn progress(&self) -> Progress {
        Progress::default()
    }
}

/// Waits until no change of the project runs or waits before it, then closes the project.
struct Closing {
    name: String,
    discard: bool,
    turn: Option<Turn>,
}

impl Closing {
    fn close(&self, context: &mut Context<'_>) -> Result<CloseProjectResult, RpcError> {
        let (workspace, name) = (&mut *context.workspace, &self.name);
        let project = workspace.project(name);
        let is_dirty = project.ok_or_else(|| no_such_project(workspace, name))?.is_dirty();
        if is_dirty && !self.discard {
            let message = format!("Project '{name}' has changes that were not saved");
            return Err(rule("discard", message).hint(
                "save it with goxel.save_project, or give discard: true; nothing was changed",
            ));
        }
        workspace.close(name);
        Ok(CloseProjectResult { success: true, name: name.clone(), discarded: is_dirty })
    }
}

impl Task<CloseProjectResult> for Closing {
    fn step(
        &mut self,
        context: &mut Context<'_>,
        _: &mut Budget,
    ) -> Result<Step<CloseProjectResult>, RpcError> {
        if self.turn.is_some_and(|turn| !context.workspace.is_turn(&self.name, turn)) {
            return Ok(Step::More);
        }
        let closed = self.close(context);
        self.cancel(context);
        closed.map(Step::Done)
    }

    fn progress(&self) -> Progress {
        Progress::default()
    }

    fn cancel(&mut self, context: &mut Context<'_>) {
        if let Some(turn) = self.turn.take() {
            context.workspace.leave_queue(&self.name, turn);
        }
    }
}

impl Handle for CloseProject {
    fn handle(
        context: &mut Context<'_>,
        params: CloseProjectParams<'_>,
    ) -> Result<Outcome<CloseProjectResult>, RpcError> {
        let CloseProjectParams { name, discard } = params;
        let name = name.into_owned();
        let mut closing = Closing { name, discard, turn: None };
        if !context.workspace.is_busy(&closing.name) {
            return closing.close(context).map(Outcome::Done);
        }
        closing.turn = context.workspace.join_queue(&closing.name);
        Ok(Outcome::Later(Box::new(closing)))
    }
}

impl Handle for ListProjects {
    fn handle(context: &mut Context<'_>, _: NoParams) -> Result<Outcome<ProjectList>, RpcError> {
        let workspace = &*context.workspace;
        let names = workspace.projects().map(|(name, _)| name);
        let projects = names.map(|name| listed(workspace, name)).collect::<Result<Vec<_>, _>>()?;
        Ok(ProjectList { count: projects.len(), projects }.into())
    }
}

impl Handle for DuplicateProject {
    fn handle(
        context: &mut Context<'_>,
        params: DuplicateProjectParams<'_>,
    ) -> Result<Outcome<ListedProject>, RpcError> {
        let document = context.project()?.document().clone();
        open(context, &params.name, Project::new(document)).map(Outcome::Done)
    }
}

impl Handle for GetProjectInfo {
    fn handle(context: &mut Context<'_>, _: NoParams) -> Result<Outcome<ProjectInfo>, RpcError> {
        let project_id = context.project_name.to_owned();
        let busy = context.workspace.is_busy(&project_id);
        let project = context.project()?;
        let last_modified = iso_time(project.last_modified());
        let (document, file_path) = (project.document().clone(), file_path(project));
        let absolute_path = absolute_path(project);
        let (dirty, revision, history) =
            (project.is_dirty(), project.revision(), project.history());
        let (history_position, history) = (history.position().0, history.memory());
        Outcome::work(context, move |slice| async move {
            document.count_in_slices(&slice).await;
            let bounds = document.bounds_in_slices(true, &slice).await;
            let voxels: u64 = document.layers().iter().map(|layer| layer.volume.memory()).sum();
            let memory = [("voxels", voxels), ("history", history), ("total", voxels + history)];
            Ok(ProjectInfo {
                project_id,
                name: document.name.clone(),
                canvas_size: document.size(),
                layer_count: document.layers().len(),
                total_voxels: voxel_count(&document),
                bounding_box: bounds.map(BoxResult::from),
                memory_usage: memory.map(|(name, bytes)| (name.to_owned(), bytes)).into(),
                last_modified,
                file_path,
                absolute_path,
                dirty,
                revision,
                history_position,
                active_layer: document.active().0,
                busy,
            })
        })
    }
}

impl Handle for CopyRegion {
    fn handle(
        context: &mut Context<'_>,
        params: CopyRegionParams<'_>,
    ) -> Result<Outcome<CopyRegionResult>, RpcError> {
        let from = params.from_project.as_deref().unwrap_or(context.project_name);
        let source = context.workspace.project(from);
        let source = source.ok_or_else(|| no_such_project(context.workspace, from))?.document();
        let volume = target::layer(source, params.from_layer, NO_SUCH_LAYER)?.volume.clone();
        let CopyRegionParams { min, max, to, layer_id: layer, mode, .. } = params;
        let layer_id = target::layer_id(context.project()?.document(), layer, NO_SUCH_LAYER)?.0;
        let lowest = std::array::from_fn(|axis| min.0[axis].min(max.0[axis]));
        let fields =
            CopyFields { min: min.0, max: max.0, to: to.unwrap_or(lowest), times: 1, step: None };
        let layer = LayerRef::Id(layer_id);
        let mut operation = Operation::new(Form::Copy(fields), mode, layer, None);
        operation.source = Some(volume);
        let change = Change::of(operation, "copy region", refused);
        carry_out(context, change, move |Changed { outcome, project }| {
            let report = outcome.total;
            Ok(CopyRegionResult {
                success: true,
                changed: report.changed,
                added: report.added,
                layer_id,
                bounds: report.bounds.map(BoxResult::from),
                revision: project.revision(),
            })
        })
    }
}
