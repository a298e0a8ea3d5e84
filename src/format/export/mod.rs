//! How documents are written: options that all formats share, and what they make of a document
//! before it is written.

mod axes;
mod choice;
mod prepare;
mod recolor;

pub use axes::Axes;
pub use choice::{ExportOptions, LayerChoice, MeshColors, MeshKind, OPTION_NAMES, Origin};
pub(crate) use prepare::{Prepared, prepare};
