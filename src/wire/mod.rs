//! Framing, sans-IO: bytes in, frames out.
