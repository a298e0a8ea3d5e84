//! Formats of surfaces: `.obj` and `.ply`. Voxels out as quads with a colour at each vertex;
//! triangles in as the voxels that they pass through.

mod check;
mod closed;
mod colors;
mod frame;
mod gltf_file;
mod gltf_read;
mod gltf_write;
mod made;
mod mtl;
mod mtl_write;
mod obj_read;
mod obj_write;
mod outline;
mod parts;
mod ply_header;
mod ply_read;
mod ply_write;
mod skin;
mod soup;
mod stl_read;
mod stl_write;
mod threemf;
mod voxelise;

pub(super) use check::check;
pub(super) use gltf_read::{detect_text as gltf_detect, read as read_gltf};
pub use gltf_write::GltfVertices;
pub(super) use gltf_write::{write_glb, write_gltf};
pub(super) use obj_read::{detect as obj_detect, read as read_obj};
pub(super) use obj_write::write as write_obj;
pub(super) use ply_read::{detect as ply_detect, read as read_ply};
pub(super) use ply_write::write as write_ply;
pub(super) use stl_read::{detect as stl_detect, read as read_stl};
pub(super) use stl_write::write as write_stl;
pub(super) use threemf::write as write_3mf;

/// How surfaces are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SurfaceOptions {
    /// Turns z up into y up, (x, y, z) to (x, z, -y), as most programs for surfaces expect. Default
    /// true.
    pub y_up: bool,
    /// Joins neighbouring faces of one colour to larger rectangles. Default false: a quad a face.
    pub merge: bool,
}

impl Default for SurfaceOptions {
    fn default() -> Self {
        SurfaceOptions { y_up: true, merge: false }
    }
}

/// How surfaces become voxels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VoxeliseOptions {
    /// Turns y up into z up, (x, y, z) to (x, -z, y). Default true.
    pub y_up: bool,
    /// The edge of a voxel in the file's units. Default 1.
    pub voxel_size: f64,
    /// Instead of a voxel's size: how many voxels the longest edge of the model shall have.
    pub fit: Option<u32>,
}

impl Default for VoxeliseOptions {
    fn default() -> Self {
        VoxeliseOptions { y_up: true, voxel_size: 1.0, fit: None }
    }
}
