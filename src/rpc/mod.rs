//! JSON-RPC: one complete message in, one answer out.
//!
//! [`Service`] is what the event loop talks to. It gets the bytes of one message without its framing and
//! appends the answer, also without framing, to a buffer. A message that needs more than a slice of time
//! becomes an [`Exchange`], which the loop steps until it is finished. This floor knows nothing of sockets:
//! what calls want to know of the server, or want it to do, goes through [`Host`].

pub mod error;
mod host;
mod service;

pub use error::RpcError;
pub use host::{ConnectionId, ConnectionInfo, Host};
pub use service::{Exchange, Handled, Service};
