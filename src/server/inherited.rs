//! Listening sockets from the service manager (`LISTEN_FDS`): one of the few places with unsafe code, because
//! adopting a descriptor by its number cannot be checked by the compiler.
#![allow(unsafe_code)]

use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixListener;

use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};
use rustix::net::sockopt::{socket_acceptconn, socket_domain, socket_type};
use rustix::net::{AddressFamily, SocketType};

/// The first descriptor that a service manager passes.
const FIRST: RawFd = 3;

/// The listening Unix sockets that were passed to this very process. To be called once, before
/// anything else opens descriptors. Others that were passed are reported and left alone.
pub fn listeners() -> Result<Vec<UnixListener>, String> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<i32>().ok());
    let ours = number("LISTEN_PID").is_some_and(|pid| pid as u32 == std::process::id());
    let count = number("LISTEN_FDS").filter(|_| ours).unwrap_or(0).clamp(0, 64);
    (FIRST..FIRST + count).map(adopt).collect()
}

fn adopt(number: RawFd) -> Result<UnixListener, String> {
    // SAFETY: borrowed only to ask whether it is open and what it is; nothing is closed.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    let wrong = |problem: &str| format!("inherited descriptor {number} {problem}");
    fcntl_getfd(borrowed).map_err(|_| wrong("is not open; LISTEN_FDS is wrong"))?;
    let is_unix_stream = socket_domain(borrowed) == Ok(AddressFamily::UNIX)
        && socket_type(borrowed) == Ok(SocketType::STREAM);
    if !is_unix_stream {
        return Err(wrong("is not a Unix stream socket; use ListenStream= with a path"));
    }
    if socket_acceptconn(borrowed) != Ok(true) {
        return Err(wrong("does not listen; use Accept=no"));
    }
    fcntl_setfd(borrowed, FdFlags::CLOEXEC).map_err(|error| wrong(&error.to_string()))?;
    // SAFETY: the service manager passed this descriptor to this process, it is open, and `listeners` is
    // called once, so nobody else owns it.
    let listener = UnixListener::from(unsafe { OwnedFd::from_raw_fd(number) });
    listener.set_nonblocking(true).map_err(|error| wrong(&error.to_string()))?;
    Ok(listener)
}
