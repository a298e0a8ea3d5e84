//! The guides, as pages of this documentation.

#[doc = include_str!("reference.md")]
pub mod reference {}

#[doc = include_str!("protocol.md")]
pub mod protocol {}
