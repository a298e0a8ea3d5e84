//! Tests of what people use: the hand tool, operations, examples and scripts.

mod ctl;
mod ops;
mod outside;
mod support;
