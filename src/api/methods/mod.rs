//! The methods, by subject.

pub mod connection;
pub mod derived_layers;
pub mod discover;
pub mod files;
pub mod layer_settings;
pub mod layers;
pub mod pictures;
pub mod projects;
pub mod system;
pub mod voxels;
