//! The handlers, by subject, bound to the declarations of `api`.

mod batch;
mod cameras;
mod colors;
mod connection;
mod derived_layers;
mod diff;
mod discover;
mod drawing;
mod edit;
mod files;
mod find;
pub mod health;
mod history;
mod jobs;
mod layer_edits;
mod layer_settings;
mod layers;
mod look;
mod maps;
mod materials;
mod measure;
mod memory_kinds;
mod open_projects;
mod own_files;
mod palettes;
mod picture_settings;
mod pictures;
mod placing;
mod projects;
mod raycast;
mod read_region;
mod region;
mod saved_scripts;
mod script;
mod selection;
mod shapes;
mod slice;
mod sources;
mod states;
mod subscribe;
mod system;
pub(super) mod target;
mod transform;
mod voxels;
mod watching;
mod writing;

pub(super) use files::{file_error, read_options};
pub(super) use target::{editable_layer, editable_layer_mut, layer as layer_of};

use super::table::Entry;

/// The rows of all subjects, in the order of the reference page.
pub(super) const ENTRIES: &[&[&Entry]] = &[
    system::ENTRIES,
    discover::ENTRIES,
    connection::ENTRIES,
    health::ENTRIES,
    watching::ENTRIES,
    jobs::ENTRIES,
    projects::ENTRIES,
    open_projects::ENTRIES,
    files::ENTRIES,
    look::ENTRIES,
    maps::ENTRIES,
    pictures::ENTRIES,
    voxels::ENTRIES,
    shapes::ENTRIES,
    batch::ENTRIES,
    edit::ENTRIES,
    region::ENTRIES,
    colors::ENTRIES,
    history::ENTRIES,
    diff::ENTRIES,
    script::ENTRIES,
    saved_scripts::ENTRIES,
    layers::ENTRIES,
    layer_edits::ENTRIES,
    layer_settings::ENTRIES,
    derived_layers::ENTRIES,
    materials::ENTRIES,
    palettes::ENTRIES,
    cameras::ENTRIES,
    selection::ENTRIES,
    transform::ENTRIES,
    slice::ENTRIES,
    read_region::ENTRIES,
    raycast::ENTRIES,
    find::ENTRIES,
    measure::ENTRIES,
    subscribe::ENTRIES,
];

/// Lists handlers as rows of the table.
macro_rules! entries {
    ($($call:ty),* $(,)?) => {
        pub(in crate::rpc) const ENTRIES: &[&$crate::rpc::table::Entry] =
            &[$(&$crate::rpc::table::entry::<$call>(module_path!())),*];
    };
}
use entries;
