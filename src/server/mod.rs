//! The daemon's sockets, connections, timers and signals: one thread, one poll.
//!
//! | file | what it knows |
//! | --- | --- |
//! | `event_loop` | the poll, tokens, listeners, signals; nothing of JSON |
//! | `reactor`, `serve`, `work`, `flush`, `expire` | the turn; neither sockets nor the real clock |
//! | `hub`, `connection`, `timers`, `metrics`, `limits` | the state that turns act on |
//! | `listener`, `ownership`, `peer`, `inherited` | where connections come from |
//! | `status` | the pages of the one-shot HTTP framing |
//! | `program`, `config`, `users` | the command line and the one table of settings |
//! | `logging` | the log |
//!
//! What runs in the daemon runs in the simulator too: [`reactor::Reactor`] is generic over
//! [`transport::Transport`] and [`clock::Clock`].

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
mod ownership;
mod peer;
pub mod program;
pub mod reactor;
mod serve;
mod signals;
pub mod status;
mod timers;
pub mod transport;
pub mod users;
mod work;

pub use event_loop::{Config, StartError, run};
