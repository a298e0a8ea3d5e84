//! The methods, by subject.

pub mod discover;
pub mod files;
pub mod layers;
pub mod pictures;
pub mod projects;
pub mod system;
pub mod voxels;
