//! The client library against daemons that behave, misbehave, vanish and come back.

mod connection;
mod effects;
mod fake;
mod faults;
mod pool;
#[path = "../support/process.rs"]
mod process;
mod proxy;
mod random;
mod restarts;
