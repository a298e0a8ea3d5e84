//! The event loop and its connections.
