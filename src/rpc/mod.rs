//! JSON-RPC: one complete message in, one answer out.
//!
//! [`Service`] is what the event loop talks to. It gets the bytes of one message without its
//! framing and appends the answer, also without framing, to a buffer. A message that needs more
//! than a slice of time becomes an [`Exchange`], which the loop steps until it is finished. This
//! floor knows nothing of sockets: what calls want to know of the server, or want it to do, goes
//! through [`Host`].
//!
//! The way of a message: [`envelope`] cuts it into calls, [`table`] finds the method and types the
//! params, a handler in [`methods`] does the work, `answer` writes the reply.

#[cfg(feature = "mcp")]
mod agents;
mod answer;
mod begin;
pub mod bulk;
mod change;
pub mod context;
pub mod describe;
mod drafted;
pub mod envelope;
pub mod error;
mod exchange;
mod host;
mod kept;
mod limits;
mod long_lists;
pub mod methods;
mod prepared;
pub mod server_facts;
mod service;
mod session;
mod slices;
mod stamp_sources;
mod stop;
pub mod subscriptions;
mod suggestions;
pub mod table;
mod tool;
mod waiting;

pub use context::{Context, Outcome, Task};
pub use error::RpcError;
pub use exchange::Exchange;
pub use host::{ConnectionId, ConnectionInfo, EndedCall, Host, JobInfo, KEEPALIVE_MISSES};
pub use limits::{Limits, NameLimit, NameLimits, SessionLimits};
pub use service::{Handled, Service};
pub use slices::SHORT_ANSWER;
pub use stop::{Stop, cancelled_by};
