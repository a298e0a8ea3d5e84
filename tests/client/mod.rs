//! The client library against daemons that behave, misbehave, vanish and come back.

mod connection;
mod effects;
mod faults;
mod pool;
mod proxy;
pub mod random;
mod restarts;
