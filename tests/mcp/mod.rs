//! goxel-mcp: the protocol in both eras, the eight tools against the real daemon, and what keeps
//! both in bounds.

mod bounds;
mod client;
mod conversation;
mod era;
mod escapes;
mod guide;
mod manners;
mod socket;
mod spawn;
mod tokens;
mod types;
mod wrong;
