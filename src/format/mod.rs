//! Documents to and from files.
