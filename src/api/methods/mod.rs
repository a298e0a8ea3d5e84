//! The methods, by subject.

pub mod batch;
pub mod cameras;
pub mod colors;
pub mod connection;
pub mod derived_layers;
pub mod discover;
pub mod edit;
pub mod files;
pub mod find;
pub mod health;
pub mod history;
pub mod layer_edits;
pub mod layer_settings;
pub mod layers;
pub mod materials;
pub mod open_projects;
pub mod pictures;
pub mod projects;
pub mod raycast;
pub mod read_region;
pub mod region;
pub mod script;
pub mod shapes;
pub mod slice;
pub mod system;
pub mod voxels;
