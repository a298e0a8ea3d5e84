//! Files of every format: read, written, damaged.

mod format {
    mod exchange;
    mod gox;
    mod hostile;
    mod other;
    mod simple;
    mod slices;
    mod surface;
    mod vox;
}
mod support;
