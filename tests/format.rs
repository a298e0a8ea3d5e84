//! Files of every format: read, written, damaged.

mod format {
    mod exchange;
    mod fidelity;
    mod gltf;
    mod gox;
    mod guide;
    mod hostile;
    mod other;
    mod simple;
    mod slices;
    mod surface;
    mod vox;
    mod written;
}
mod support;
