//! The operation set carried out: what `goxel.edit` and the methods that map onto it do to a
//! document.
//!
//! A [`Runner`] takes the operations of one call and works through them in units of about a block,
//! on a project's document or on a draft of it. It owns no document: whoever drives it makes the
//! change one undo step, or takes it back when an operation is refused. Nothing here knows JSON
//! text, files or sockets.

mod again;
mod cells;
mod diff;
mod drawn;
mod extent;
mod extrude;
mod fill;
mod filter;
mod images;
pub mod layers;
mod paint;
mod plan;
mod put;
mod runner;
mod sketch;
mod solid;
mod stamp;
mod stepped;
mod surface;
mod surroundings;
mod traced;
mod transform;
mod work;

pub use diff::{DiffJob, Difference, LayerDifference, VoxelDifference};
pub use runner::{EditError, Limits, OperationReport, Outcome, Runner, Warning};
pub use solid::{Solid, about, cover_count, procedural, shape_of, spanned};
pub use work::Refusal;
