//! The older tool dialect: `{"tool":"goxel_add_voxels","arguments":{..}}`, mapped to methods.
//!
//! Arguments reach the method as its named params; points and colours need no mapping, since every
//! method takes them in all forms.

/// Tools and the methods they stand for. `ping`, `version` and `list_methods` are their own.
const TOOLS: [(&str, &str); 17] = [
    ("goxel_create_project", "goxel.create_project"),
    ("goxel_open_file", "goxel.load_project"),
    ("goxel_save_file", "goxel.save_project"),
    ("goxel_export_file", "goxel.export_model"),
    ("goxel_render_scene", "goxel.render_scene"),
    ("goxel_get_voxel", "goxel.get_voxel"),
    ("goxel_add_voxels", "goxel.add_voxel"),
    ("goxel_remove_voxels", "goxel.remove_voxel"),
    ("goxel_paint_voxels", "goxel.paint_voxels"),
    ("goxel_flood_fill", "goxel.flood_fill"),
    ("goxel_procedural_shape", "goxel.procedural_shape"),
    ("goxel_batch_voxel_operations", "goxel.batch_operations"),
    ("goxel_new_layer", "goxel.create_layer"),
    ("goxel_delete_layer", "goxel.delete_layer"),
    ("goxel_list_layers", "goxel.list_layers"),
    ("goxel_merge_layers", "goxel.merge_layers"),
    ("goxel_set_layer_visibility", "goxel.set_layer_visibility"),
];

/// The method that a tool stands for.
pub fn method_of(tool: &str) -> Option<&'static str> {
    let own = ["ping", "version", "list_methods"].into_iter().find(|&name| name == tool);
    own.or_else(|| TOOLS.iter().find(|(name, _)| *name == tool).map(|(_, method)| *method))
}

/// All tools.
pub fn names() -> impl Iterator<Item = &'static str> {
    TOOLS.iter().map(|(name, _)| *name).chain(["ping", "version", "list_methods"])
}
