//! Tests of what people use: the hand tool, operations, examples and scripts.

mod ctl;
#[cfg(feature = "mcp")]
mod mcp;
mod ops;
mod outside;
mod support;
