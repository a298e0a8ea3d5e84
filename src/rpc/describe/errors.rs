//! Which errors a method can answer with.

use crate::api::{Effect, Method};
use crate::rpc::error::*;

/// The codes that the reference gave to single methods.
const OWN: [(&str, i32); 20] = [
    ("goxel.import_model", LOAD_PROJECT),
    ("goxel.create_project", CREATE_PROJECT),
    ("goxel.load_project", LOAD_PROJECT),
    ("goxel.save_project", SAVE_PROJECT),
    ("goxel.add_voxel", ADD_VOXEL),
    ("goxel.remove_voxel", REMOVE_VOXEL),
    ("goxel.get_voxel", GET_VOXEL),
    ("goxel.export_model", EXPORT_MODEL),
    ("goxel.create_layer", CREATE_LAYER),
    ("goxel.paint_voxels", PAINT_VOXELS),
    ("goxel.flood_fill", FLOOD_FILL),
    ("goxel.procedural_shape", PROCEDURAL_SHAPE),
    ("goxel.delete_layer", DELETE_LAYER),
    ("goxel.merge_layers", MERGE_LAYERS),
    ("goxel.set_layer_visibility", SET_LAYER_VISIBILITY),
    ("goxel.render_scene", RENDER_SCENE),
    ("goxel.get_render_info", GET_RENDER_INFO),
    ("goxel.cleanup_render", CLEANUP_RENDER),
    ("shutdown", NOT_BUILT_IN),
    ("goxel.hand_over", NOT_BUILT_IN),
];

/// The codes of a method, each with what it means.
pub fn errors_of(method: &Method) -> Vec<(i32, &'static str)> {
    let mut codes = vec![INVALID_PARAMS];
    codes.extend(method.errors);
    codes.extend(OWN.iter().filter(|(name, _)| *name == method.name).map(|(_, code)| code));
    if method.effect.on_project() {
        codes.extend([NO_SUCH_PROJECT, REQUEST_CANCELLED]);
    }
    let takes_layer = |name: &str| name.contains("layer");
    if method.effect.on_project() && method.param_names().iter().any(|name| takes_layer(name)) {
        codes.push(NO_SUCH_LAYER);
    }
    if matches!(method.effect, Effect::Edit | Effect::File) {
        codes.push(OVER_LIMIT);
    }
    if method.effect == Effect::Edit {
        codes.push(JOURNAL);
    }
    codes.push(INTERNAL_ERROR);
    codes.sort_unstable();
    codes.dedup();
    codes.into_iter().map(|code| (code, meaning(code))).collect()
}

/// What a code means, in a line.
fn meaning(code: i32) -> &'static str {
    match code {
        PARSE_ERROR => "Not JSON",
        INVALID_REQUEST => "Not a request",
        METHOD_NOT_FOUND => "No such method",
        INVALID_PARAMS => "The params do not fit the method",
        INTERNAL_ERROR => "A fault of the daemon",
        REQUEST_CANCELLED => "Stopped before its end",
        CREATE_PROJECT => "The document could not be created",
        LOAD_PROJECT => "The file could not be loaded",
        SAVE_PROJECT => "The file could not be saved",
        ADD_VOXEL => "The voxel could not be added",
        REMOVE_VOXEL => "The voxel could not be removed",
        GET_VOXEL => "The voxel could not be read",
        EXPORT_MODEL => "The model could not be exported",
        CREATE_LAYER => "The layer could not be created",
        PAINT_VOXELS => "The voxel could not be painted",
        FLOOD_FILL => "The region could not be filled",
        PROCEDURAL_SHAPE => "The shape could not be drawn",
        DELETE_LAYER => "The layer could not be deleted",
        MERGE_LAYERS => "The layers could not be merged",
        SET_LAYER_VISIBILITY => "The layer's visibility could not be set",
        RENDER_SCENE => "The picture could not be drawn or written",
        GET_RENDER_INFO => "The render file is not known",
        CLEANUP_RENDER => "The render file could not be removed",
        NO_SUCH_PROJECT => "No such project",
        NO_SUCH_LAYER => "No such layer",
        REVISION_CONFLICT => "Somebody else changed the project meanwhile",
        OVER_LIMIT => "Over a limit",
        NOT_BUILT_IN => "Known, but not part of this build",
        OUTCOME_UNKNOWN => "Whether an earlier call was applied is not known",
        SERVER_FULL => "The server has no room for another connection",
        JOURNAL => "The journal cannot be written, so nothing may change",
        _ => "See the message",
    }
}
