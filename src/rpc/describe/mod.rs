//! The API describing itself: the OpenRPC document and the reference page, both made from the one
//! table.

pub mod brief;
mod errors;
pub mod openrpc;
mod operations;
pub mod page;
mod params;

pub use errors::errors_of;
pub use params::{Slot, signature, slots};
