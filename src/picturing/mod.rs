//! What a call or a command line wants to see: read, drawn, and encoded as a file.
//!
//! [`Wish::read`] makes a [`Wish`] of the params that all methods of pictures share and of a
//! document; it refuses what cannot be drawn before anything is. [`draw_file`] carries a wish out
//! over snapshots, in slices. The socket and the hand tool come this way, so they take the same
//! options and give the same bytes.

pub mod cameras;
pub mod lights;

mod frames;
mod refusal;
mod size;
mod tracing;
mod wish;

pub use frames::{Frames, draw_file, ended_early, made_smaller};
pub use refusal::Refusal;
pub use size::size;
pub use wish::{Base, Wish, background, file_settings, layers, merging, within};
