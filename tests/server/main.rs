//! The daemon itself, as a program: its protocols, connections, limits and life.

mod daemon;
mod error_recovery;
mod lifecycle;
mod limits;
mod long_messages;
mod ownership;
mod protocol_detection;
mod spec_examples;
