//! The Model Context Protocol: what an agent's host talks to.
//!
//! Written by hand on `serde_json`: no runtime, no threads below [`stdio`]. The protocol is
//! sans-IO, from the bottom up:
//!
//! * [`message`]: one JSON text is a request, a notification, or nothing that we know;
//! * [`era`]: which revision a single request speaks. There are two eras, with and without a
//!   handshake; the choice is made anew for each request, so a host may mix them on one pipe;
//! * [`line`](mod@line): what the work of one request holds in its hands: it asks the daemon, tells
//!   progress, and hears that nobody wants its answer any more;
//! * [`offer`]: what a server offers: tools, resources, prompts, skills;
//! * [`session`]: a message in, an answer or a [`Job`] out.
//!
//! A [`Job`] is the work of one request as straight-line code, an `async fn` that is suspended only
//! where it asks the daemon something. Whoever drives it carries the question out in its own way:
//! [`stdio`] through the client library's pool, the daemon itself by calling its own methods. So
//! the tools in [`goxel`] are written once.
//!
//! Invariants: a request gets at most one answer, a cancelled one none; nothing is asked of the
//! daemon before a request needs it; what a tool refuses has changed nothing, and says so.

mod changes;
pub mod era;
pub mod fault;
pub mod goxel;
pub mod line;
pub mod message;
pub mod offer;
pub mod print_config;
pub mod program;
pub mod questions;
pub mod root;
pub mod session;
pub mod stdio;
mod subscriptions;

pub use fault::Fault;
pub use line::{CallFault, Job, Line, Question, Step, Work};
pub use offer::{Identity, Offer};
pub use session::{Reaction, Session};
