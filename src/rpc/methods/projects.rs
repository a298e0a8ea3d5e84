//! Handlers about projects and their files.

use std::time::SystemTime;

use super::entries;
use super::system::iso_time;
use crate::VERSION;
use crate::api::LayerRef;
use crate::api::methods::projects::*;
use crate::api::methods::system::NoParams;
use crate::api::operations::Operation;
use crate::api::operations::values::Wall;
use crate::api::words::Mode;
use crate::document::Document;
use crate::document::history::Scope;
use crate::edit::{Runner, Solid, about, procedural};
use crate::job::{Budget, Job, Progress, Step};
use crate::rpc::change::refused;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::drafted::{AtOnce, drafted};
use crate::rpc::error::{CREATE_PROJECT, RpcError};
use crate::rpc::table::Handle;
use crate::voxel::{Axis, Rgba};

entries![CreateProject, GetStatus];

impl Handle for CreateProject {
    fn handle(
        context: &mut Context<'_>,
        params: CreateProjectParams<'_>,
    ) -> Result<Outcome<CreateProjectResult>, RpcError> {
        context.project()?;
        let document = Document::new(&params.name, params.size.0);
        let Some(solid) = solid_of(params.template) else {
            return put_in_place(context, document);
        };
        let runner = Runner::new(vec![filling(solid, &document)?], context.workspace.edit_limits)
            .map_err(|error| refused(error, &document))?;
        Ok(Outcome::chain_later(NewDocument { document, runner }, |context, made| {
            put_in_place(context, made?)
        }))
    }
}

/// What a template draws.
fn solid_of(template: Template) -> Option<Solid> {
    match template {
        Template::Empty => None,
        Template::Cube | Template::Sphere => Solid::named(template.word()),
    }
}

/// A solid that fills half of the canvas in each direction.
fn filling(solid: Solid, document: &Document) -> Result<Operation, RpcError> {
    let (lowest, size) = (document.canvas.min, document.size());
    let center: [i32; 3] = std::array::from_fn(|i| (lowest[i] + size[i] / 2) as i32);
    let size = size.map(|length| (length as u32).div_ceil(2));
    let form = procedural(solid, about(center.map(f64::from), size), Axis::Z, [0.0; 3], Wall(0));
    let form = form.map_err(|refusal| RpcError::new(CREATE_PROJECT, refusal.to_string()))?;
    Ok(Operation::new(form, Mode::Add, LayerRef::Active, Some(Rgba::WHITE)))
}

/// A new document, and what is drawn into it.
struct NewDocument {
    document: Document,
    runner: Runner,
}

impl Job for NewDocument {
    type Output = Result<Document, RpcError>;

    fn step(&mut self, budget: &mut Budget) -> Step<Self::Output> {
        match self.runner.step(&mut self.document, budget) {
            Ok(Step::More) => Step::More,
            Ok(Step::Done(_)) => Step::Done(Ok(std::mem::take(&mut self.document))),
            Err(error) => Step::Done(Err(refused(error, &self.document))),
        }
    }

    fn progress(&self) -> Progress {
        self.runner.progress()
    }
}

/// Replaces the project's document by a new one.
fn put_in_place(
    context: &mut Context<'_>,
    document: Document,
) -> Result<Outcome<CreateProjectResult>, RpcError> {
    let project = context.project_name.to_owned();
    let work = AtOnce::new(move |into: &mut Document| {
        into.replace_by(document);
        Ok(())
    });
    drafted(context, "create project", Scope::Document, work, move |open, ()| {
        open.begin_document(None);
        let (document, revision) = (open.document(), open.revision());
        let size = document.size();
        let [width, height, depth] = size;
        Ok(CreateProjectResult {
            success: true,
            name: document.name.clone(),
            width,
            height,
            depth,
            project_id: project.clone(),
            project,
            created_at: iso_time(SystemTime::now()),
            canvas_size: size,
            canvas: document.canvas.into(),
            layer_count: document.layers().len(),
            voxel_count: document.layers().iter().map(|layer| layer.volume.count()).sum(),
            revision,
        })
    })
}

impl Handle for GetStatus {
    fn handle(
        context: &mut Context<'_>,
        _: NoParams,
    ) -> Result<Outcome<GetStatusResult>, RpcError> {
        let project = context.project()?;
        let document = project.document();
        let [width, height, depth] = document.size();
        let result = GetStatusResult {
            version: VERSION,
            layer_count: document.layers().len(),
            read_only: false,
            width,
            height,
            depth,
            canvas: document.canvas.into(),
            name: document.name.clone(),
            revision: project.revision(),
            dirty: project.is_dirty(),
            voxel_count: document.layers().iter().map(|layer| layer.volume.count()).sum(),
            active_layer: document.active().0,
        };
        Ok(result.into())
    }
}
