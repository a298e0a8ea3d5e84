//! The client library against daemons that behave, misbehave, vanish and come back.

mod connection;
mod fake;
mod pool;
