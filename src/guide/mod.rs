//! The guides, as pages of this documentation.

#[doc = include_str!("reference.md")]
pub mod reference {}
