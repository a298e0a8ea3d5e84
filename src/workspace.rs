//! The open projects.
