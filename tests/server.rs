//! The daemon as a program: its protocols, connections, limits and life; its connections in a
//! simulated network; the client library against it.

mod client;
mod server {
    mod bulk_lane;
    mod cancelling;
    mod daemon;
    mod error_recovery;
    mod hostile_scripts;
    mod lifecycle;
    mod limits;
    mod long_messages;
    mod memory;
    mod ownership;
    mod protocol_detection;
    mod scripts;
    mod spec_examples;
    mod wire_cuts;
}
mod journal;
mod security;
mod simulation;
mod support;
