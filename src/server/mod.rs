//! The daemon's sockets, connections, timers and signals: one thread, one poll.
//!
//! | file | what it knows |
//! | --- | --- |
//! | `event_loop` | the poll, tokens, listeners, signals; nothing of JSON |
//! | `reactor`, `serve`, `work`, `flush`, `expire` | the turn; neither sockets nor the real clock |
//! | `hub`, `connection`, `timers`, `metrics`, `limits` | the state that turns act on |
//! | `listener`, `ownership`, `peer`, `inherited` | where connections come from |
//! | `status`, `pages`, `metrics_text` | the pages of the one-shot HTTP framing |
//! | `observer`, `calls`, `histogram`, `slowlog`, `monitor`, `process_facts` | what is known about calls, turns and the process |
//! | `program`, `config`, `users` | the command line and the one table of settings |
//! | `logging` | the log |
//!
//! What runs in the daemon runs in the simulator too: [`reactor::Reactor`] is generic over
//! [`transport::Transport`] and [`clock::Clock`].

pub mod calls;
pub mod clock;
pub mod config;
pub mod connection;
mod event_loop;
mod expire;
mod flush;
pub mod histogram;
pub mod hub;
mod inherited;
pub mod limits;
mod listener;
pub mod logging;
pub mod metrics;
mod metrics_text;
mod monitor;
pub mod observer;
mod ownership;
mod pages;
mod peer;
mod process_facts;
pub mod program;
pub mod reactor;
mod serve;
mod signals;
mod slowlog;
mod status;
mod timers;
pub mod transport;
pub mod users;
mod work;

pub use event_loop::{Config, StartError, run};
