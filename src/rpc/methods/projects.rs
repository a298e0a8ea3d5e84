//! Handlers about projects and their files.

use super::entries;
use crate::VERSION;
use crate::api::methods::projects::*;
use crate::api::methods::system::NoParams;
use crate::document::Document;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::RpcError;
use crate::rpc::table::Handle;

entries![CreateProject, GetStatus];

impl Handle for CreateProject {
    fn handle(
        context: &mut Context<'_>,
        params: CreateProjectParams<'_>,
    ) -> Result<Outcome<CreateProjectResult>, RpcError> {
        let document = Document::new(&params.name, params.size.0);
        let [width, height, depth] = document.size();
        let name = document.name.clone();
        let project = context.project_name.to_owned();
        let open = context.project()?;
        open.replace("create project", document);
        let revision = open.revision();
        let success = true;
        Ok(CreateProjectResult { success, name, width, height, depth, project, revision }.into())
    }
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
            name: document.name.clone(),
            revision: project.revision(),
            dirty: project.is_dirty(),
            voxel_count: document.layers().iter().map(|layer| layer.volume.count()).sum(),
            active_layer: document.active().0,
        };
        Ok(result.into())
    }
}
