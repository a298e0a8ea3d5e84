//! goxel-daemon: the voxel engine that programs, scripts and AI agents talk to.
//!
//! This page is the map of the crate. A room may use the floors below it and nothing above.
//!
//! | floor | room | what lives there |
//! | --- | --- | --- |
//! | 0 | [`plain_words`] | counts, and errors of the system, in words for people |
//! | 0 | [`likeness`] | how like two words are, to name what somebody may have meant |
//! | 1 | [`job`] | long work as straight-line code, in slices |
//! | 1 | [`socket_path`], [`histogram`] | the one rule for the socket path; times in fixed memory |
//! | 1 | [`file_access`] | files that clients name: looked at before they are touched, opened without waiting |
//! | 1 | [`memory`] | what memory is held for, its limits, the allocator |
//! | 1 | [`lane`] | the header of binary frames, and the payloads of the bulk lane |
//! | 2 | [`disk`] | file system calls that make nobody wait: helper threads |
//! | 2 | [`voxel`] | the engine: colours, geometry, blocks, volumes, shapes, edits, fills |
//! | 2 | [`wire`] | framing, sans-IO: bytes in, frames out |
//! | 3 | [`api`] | every method as data: names, params, results, examples |
//! | 3 | [`document`] | what a person edits: layers, materials, cameras, history |
//! | 3 | [`mesh`] | volume to triangles |
//! | 3 | [`client`] | the client library: connection, pool, retries |
//! | 4 | [`render`] | document to pixels and pictures |
//! | 4 | [`mod@format`] | documents to and from files |
//! | 4 | [`journal`] | every change as a record in a log, and the way back from it |
//! | 5 | [`edit`] | the operation set carried out on a document |
//! | 5 | [`picturing`] | what a call or a command line wants to see: read, drawn, encoded |
//! | 6 | [`workspace`] | the open projects: the one thing that methods act on |
//! | 6 | [`render_store`] | pictures kept for clients, with a life time and a size cap |
//! | 6 | [`script`] | scripts as the daemon sees them: their processes, and what they changed |
//! | 6 | [`mcp`] | the Model Context Protocol: the session, and the tools of agents |
//! | 7 | [`rpc`] | envelope, errors, dispatch, handlers |
//! | 8 | [`ctl`] | the hand tool `goxelctl`, over the client library |
//! | 8 | [`script_worker`] | the process of a script: the engine, and the API in JavaScript |
//! | 8 | [`server`] | event loop, connections, timers, signals, health, configuration |
//!
//! A test (`tests/tidy.rs`) holds the code to this table.
//!
//! z is up. On the wire a box is inclusive; inside the engine it is half open with 64-bit corners.
//!
//! # The way of a request
//!
//! A readable event reaches [`server`]'s reactor, which reads into the connection's buffer. The
//! decoder of [`wire`] finds the next message in place; [`rpc`] cuts it into calls, finds each
//! method in the one table, types its params straight from the text and calls the handler, which
//! acts on a project of the [`workspace`]. The answer is written straight into the outbound buffer,
//! and all answers of a turn leave together. Work that does not fit a slice becomes a task: a
//! [`job::Job`] over a snapshot, stepped by the reactor between other connections' messages.
//!
//! # Where the house differs from its first plan, and why
//!
//! * `edit` is a room of its own: the operation set serves `goxel.edit`, `batch_operations`,
//!   shapes, fills and the hand tool, so it can belong to no handler.
//! * `workspace` knows drafts and turns: a change that runs in slices works on a copy and is put in
//!   place whole, so readers never see half of it and later changes queue behind it.
//! * `api::json` cuts and checks JSON text by hand. Params are typed from slices of the message
//!   without a tree and mostly without memory of their own; a call costs about a fifth of what it
//!   costs through `serde_json::Value` (`make bench-api`). Long texts are looked at 64 bytes at a
//!   time ([`wire::window`]), and what the decoder saw of long values ([`wire::LongValues`]) serves
//!   those who read them.
//! * A long message ([`wire::long_text`]) is checked while it comes and becomes one text that work
//!   in slices shares; a long answer is made of pieces (`job::pieces`, `api::json::Spelt`) that are
//!   sent as they are. Neither is copied as a whole.
//! * The reactor is generic over its transport and clock instead of a state machine beside it: the
//!   simulator runs the very code of the daemon.
//! * Freeing is work too. What long work leaves behind (`job::leftovers`) is freed in slices by the
//!   loop, and a job that has to wait for the disk rests meanwhile, so neither the end of a job nor
//!   a save makes others wait.
//! * `ctl` holds the rooms of `goxelctl`, so that the programs in `src/bin` stay a few lines each.

// What comes from outside never ends the daemon. Tests may.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
#![deny(clippy::undocumented_unsafe_blocks, clippy::match_bool)]
// The engine alone has parts that only the daemon asks for.
#![cfg_attr(not(feature = "server"), allow(dead_code, unused_imports))]

#[cfg(feature = "engine")]
pub mod disk;
#[cfg(feature = "engine")]
pub mod document;
#[cfg(feature = "engine")]
pub mod file_access;
#[cfg(feature = "engine")]
pub mod format;
pub mod guide;
#[cfg(any(feature = "client", feature = "server"))]
pub mod histogram;
#[cfg(feature = "engine")]
pub mod job;
pub mod lane;
pub mod likeness;
#[cfg(feature = "engine")]
pub mod memory;
#[cfg(feature = "engine")]
pub mod mesh;
pub mod plain_words;
#[cfg(feature = "engine")]
pub mod render;
pub mod socket_path;
#[cfg(feature = "engine")]
pub mod voxel;
#[cfg(feature = "server")]
pub mod wire;

#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "ctl")]
pub mod ctl;

#[cfg(feature = "mcp")]
pub mod mcp;

#[cfg(feature = "server")]
pub mod api;
#[cfg(feature = "server")]
pub mod edit;
#[cfg(feature = "server")]
pub mod journal;
#[cfg(feature = "server")]
pub mod picturing;
#[cfg(feature = "server")]
pub mod render_store;
#[cfg(feature = "server")]
pub mod rpc;
#[cfg(feature = "server")]
pub mod script;
#[cfg(feature = "scripts")]
pub mod script_worker;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "server")]
pub mod workspace;

/// The version of this crate, as every `version` answer shows it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
