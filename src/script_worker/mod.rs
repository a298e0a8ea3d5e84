//! The process of a script: an engine for JavaScript beside the whole engine of voxels, in a
//! process that has given up everything else.
//!
//! | file | what it knows |
//! | --- | --- |
//! | `confine` | what the process gives up, and the limits that the system holds |
//! | `talk` | messages to and from the daemon |
//! | `engine` | a script run: its value, its errors, its time |
//! | `state` | the document that the script works on, and its volumes |
//! | `opened` | the volume that is used, and blocks of the document that come as they are needed |
//! | `reading` | which blocks of the document are there, and what of it a call needs |
//! | `volumes` | voxels set and read by JavaScript: the short way |
//! | `natives` | what else JavaScript can call |
//! | `chance` | noise |
//! | `js/prelude.js` | the API as scripts see it, on top of these |
//!
//! A program becomes one by calling [`main_if_called`] first. Invariants: one script, then the
//! process ends; nothing of a script is read before everything is given up; the script never sees
//! the process's own functions but through the prelude.

mod chance;
mod confine;
mod engine;
mod natives;
mod opened;
mod reading;
mod state;
mod talk;
mod volumes;

use std::process::ExitCode;

use crate::script::{WORKER_NAME, crew};

/// Runs a script if this program was started for that; else says that it can be.
pub fn main_if_called() -> Option<ExitCode> {
    let mut arguments = std::env::args_os();
    let name = arguments.next().unwrap_or_default();
    let is_worker = std::path::Path::new(&name).file_name().is_some_and(|name| name == WORKER_NAME);
    if !is_worker {
        crew::can_be_one();
        return None;
    }
    let parent = arguments.next().and_then(|pid| pid.to_str()?.parse().ok());
    Some(match run(parent) {
        Some(()) => ExitCode::SUCCESS,
        None => ExitCode::FAILURE,
    })
}

/// `None` if there was nobody to talk to.
fn run(parent: Option<i32>) -> Option<()> {
    confine::follow(parent?)?;
    let engine = engine::Engine::new().ok()?;
    let confinement = confine::give_up();
    let mut line = talk::Line::open()?;
    line.tell_ready(confinement).ok()?;
    let (job, document, kept) = line.listen().ok()?;
    confine::limit(&job);
    let left = engine.run(&job, document, kept, line)?;
    // What is left is the system's to free: the process ends.
    std::mem::forget((engine, left));
    Some(())
}

/// Runs a script on an empty document in this process, which gives up nothing: for tests that feed
/// many to the engine. Whether it came to its end.
#[doc(hidden)]
pub fn try_here(script: &str, time: std::time::Duration, memory: u64) -> bool {
    let Ok((own, other)) = std::os::unix::net::UnixStream::pair() else { return false };
    let listener = std::thread::spawn(move || std::io::copy(&mut &other, &mut std::io::sink()));
    let job = crate::script::Request {
        script: script.to_owned(),
        name: "script.js".to_owned(),
        params: serde_json::value::RawValue::NULL.to_owned(),
        seed: 0,
        allow_time: false,
        time,
        memory,
        stack: 256 << 10,
        output: 1 << 16,
        revision: 0,
        blocks: 0,
    };
    let held = crate::memory::memory_in_use();
    crate::memory::set_memory_limit(held.saturating_add(memory));
    let Ok(engine) = engine::Engine::new() else { return false };
    let left = engine.run(&job, crate::document::Document::default(), Vec::new(), own.into());
    let has_ended = left.is_some();
    drop(left);
    drop(engine);
    let _ = listener.join();
    has_ended
}
