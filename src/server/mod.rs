//! The daemon's sockets, connections, timers and signals: one thread, one poll.
//!
//! | file | what it knows |
//! | --- | --- |
//! | `event_loop` | the poll, tokens, listeners, signals; nothing of JSON |
//! | `reactor`, `serve`, `answers`, `work`, `flush`, `expire` | the turn; neither sockets nor the real clock |
//! | `hub`, `hub_host`, `connection`, `timers`, `metrics`, `limits` | the state that turns act on |
//! | `listener`, `ownership`, `peer`, `inherited` | where connections come from |
//! | `status`, `pages`, `metrics_text` | the pages of the one-shot HTTP framing |
//! | `observer`, `calls`, `slowlog`, `monitor`, `process_facts` | what is known about calls, turns and the process |
//! | `program`, `config`, `users` | the command line and the one table of settings |
//! | `daemonize`, `control`, `pid_file` | the background; finding and signalling the daemon that runs |
//! | `watch`, `health_file`, `notify_service`, `dump` | snapshots on a timer, the service manager, reloading |
//! | `takeover` | taking the place of the daemon that runs, and giving it |
//! | `keeping`, `old_journals` | the journal at the start; those that nobody uses |
//! | `projects` | the project of the start, unsaved work at the end |
//! | `own_file` | opening locks, the pid file and the log so that nobody can plant another file there |
//! | `seccomp` | system calls that a daemon never needs |
//! | `state_dir` | what a daemon keeps for its next start |
//! | `logging` | the log |
//!
//! What runs in the daemon runs in the simulator too: [`reactor::Reactor`] is generic over
//! [`transport::Transport`] and [`clock::Clock`].

mod answers;
pub mod calls;
pub mod clock;
pub mod config;
pub mod connection;
mod control;
mod daemonize;
mod dump;
mod event_loop;
mod expire;
mod flush;
mod health_file;
pub mod hub;
mod hub_host;
mod idle_exit;
mod inherited;
pub mod keeping;
pub mod limits;
mod listener;
pub mod logging;
mod memory;
pub mod metrics;
mod metrics_text;
mod monitor;
mod newcomers;
mod notify_service;
pub mod observer;
mod old_journals;
mod outbound;
mod own_file;
mod ownership;
mod packing;
mod pages;
mod peer;
mod pid_file;
mod process_facts;
pub mod program;
pub mod projects;
pub mod reactor;
mod received;
mod seccomp;
mod serve;
mod signals;
mod slowlog;
mod spare;
pub mod state_dir;
mod status;
pub mod takeover;
mod timers;
pub mod transport;
pub mod users;
pub mod watch;
mod work;

pub use event_loop::{Config, StartError, run};
