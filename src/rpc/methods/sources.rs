//! The voxels that a call works on: those of a layer, or all that is seen, for which the visible
//! layers are merged first, in slices. What was merged is kept with the project for the next time.

use super::target;
use crate::api::LayerRef;
use crate::api::source::Source;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::{NO_SUCH_LAYER, RpcError};
use crate::voxel::Volume;
use crate::workspace::Merging;

/// Whose voxels a call works on, as its answer tells it.
pub(super) struct Seen {
    /// The name of the layer, or "visible".
    pub(super) layer: String,
    /// The id of the layer, if it is one.
    pub(super) layer_id: Option<i32>,
}

impl Seen {
    fn visible() -> Self {
        Seen { layer: "visible".to_owned(), layer_id: None }
    }
}

/// Hands the voxels of a source, as they are now, to `go_on`, and whose they are. Whatever else
/// `go_on` is to know of the project it must know before: the project may change meanwhile.
pub(super) fn sourced<R: 'static>(
    context: &mut Context<'_>,
    wanted: Source,
    go_on: impl FnOnce(&mut Context<'_>, Volume, Seen) -> Result<Outcome<R>, RpcError> + 'static,
) -> Result<Outcome<R>, RpcError> {
    let project = context.project()?;
    let layer = match wanted {
        Source::Visible => match project.start_merging() {
            Merging::Done(volume) => return go_on(context, volume, Seen::visible()),
            Merging::Job(job) => {
                return Outcome::chain(context, *job, move |context, merged| {
                    let volume = merged.merged().clone();
                    // The project may have been closed meanwhile.
                    if let Ok(project) = context.project() {
                        project.keep_merged(merged);
                    }
                    go_on(context, volume, Seen::visible())
                });
            }
        },
        Source::Active => target::layer(project.document(), LayerRef::Active, NO_SUCH_LAYER)?,
        Source::Named(name) => {
            target::layer(project.document(), LayerRef::Named(name), NO_SUCH_LAYER)?
        }
        Source::Layer(id) => target::layer(project.document(), LayerRef::Id(id), NO_SUCH_LAYER)?,
    };
    let seen = Seen { layer: layer.name.clone(), layer_id: Some(layer.id.0) };
    let volume = layer.volume.clone();
    go_on(context, volume, seen)
}
