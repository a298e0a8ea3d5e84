//! The engine as a library: volumes, meshes, pictures.

mod engine {
    mod fill;
    mod merge;
    mod mesh;
    mod model;
    mod paths;
    mod render;
    mod render_oracle;
    mod render_samples;
}
mod support;
