//! Bytes that both ends of a connection must agree on: the header of binary frames, and the
//! payloads of the bulk lane.
//!
//! Layouts only: what the numbers mean to an engine, and how frames are cut from a stream, is known
//! elsewhere. So the client library builds with this room alone.

pub mod bulk;
mod header;

pub use header::{HEADER_BYTES, Header};
