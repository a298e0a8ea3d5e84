//! Listening sockets from the service manager: systemd's way (`LISTEN_FDS`) everywhere, launchd's
//! on macOS. One of the few places with unsafe code, because adopting a descriptor by its number
//! cannot be checked by the compiler, and launchd hands its sockets out through a C function alone.
#![allow(unsafe_code)]

use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixListener;

use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};
use rustix::net::SocketType;
use rustix::net::sockopt::socket_type;

/// The first descriptor that a service manager passes.
const FIRST: RawFd = 3;

/// The listening Unix sockets that were passed to this very process. To be called once, before
/// anything else opens descriptors. Others that were passed are reported and left alone.
pub fn listeners() -> Result<Vec<UnixListener>, String> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<i32>().ok());
    let ours = number("LISTEN_PID").is_some_and(|pid| pid as u32 == std::process::id());
    let count = number("LISTEN_FDS").filter(|_| ours).unwrap_or(0).clamp(0, 64);
    let from_launchd = launchd::sockets()?;
    (FIRST..FIRST + count).chain(from_launchd).map(adopt).collect()
}

fn adopt(number: RawFd) -> Result<UnixListener, String> {
    // SAFETY: borrowed only to ask whether it is open and what it is; nothing is closed.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    let wrong = |problem: &str| format!("inherited descriptor {number} {problem}");
    fcntl_getfd(borrowed).map_err(|_| wrong("is not open; LISTEN_FDS is wrong"))?;
    if socket_type(borrowed) != Ok(SocketType::STREAM) || !is_unix(borrowed) {
        return Err(wrong("is not a Unix stream socket; use ListenStream= with a path"));
    }
    if !listens(borrowed) {
        return Err(wrong("does not listen; use Accept=no"));
    }
    fcntl_setfd(borrowed, FdFlags::CLOEXEC).map_err(|error| wrong(&error.to_string()))?;
    // SAFETY: the service manager passed this descriptor to this process, it is open, and
    // `listeners` is called once, so nobody else owns it.
    let listener = UnixListener::from(unsafe { OwnedFd::from_raw_fd(number) });
    listener.set_nonblocking(true).map_err(|error| wrong(&error.to_string()))?;
    Ok(listener)
}

/// Whether a socket is of the Unix domain: its own name is a path, or none.
fn is_unix(socket: BorrowedFd<'_>) -> bool {
    use rustix::net::{AddressFamily, getsockname};
    getsockname(socket).is_ok_and(|address| address.address_family() == AddressFamily::UNIX)
}

#[cfg(not(target_vendor = "apple"))]
fn listens(socket: BorrowedFd<'_>) -> bool {
    rustix::net::sockopt::socket_acceptconn(socket) == Ok(true)
}

/// Apple's systems have no way to ask; what launchd passes does listen.
#[cfg(target_vendor = "apple")]
fn listens(_: BorrowedFd<'_>) -> bool {
    true
}

/// The sockets that launchd opened for this process.
#[cfg(target_os = "macos")]
mod launchd {
    use std::ffi::{CStr, c_char, c_int, c_void};
    use std::os::fd::RawFd;

    unsafe extern "C" {
        fn launch_activate_socket(
            name: *const c_char,
            descriptors: *mut *mut c_int,
            count: *mut usize,
        ) -> c_int;
        fn free(memory: *mut c_void);
    }

    /// The name of the sockets in the property list.
    const NAME: &CStr = c"Listeners";
    /// There are no sockets of this name.
    const ENOENT: c_int = 2;
    /// The process was not started by launchd.
    const ESRCH: c_int = 3;

    pub(super) fn sockets() -> Result<Vec<RawFd>, String> {
        let (mut descriptors, mut count) = (std::ptr::null_mut(), 0);
        // SAFETY: the name ends with a zero byte, and both results point to variables of the right
        // types.
        let error = unsafe { launch_activate_socket(NAME.as_ptr(), &mut descriptors, &mut count) };
        match error {
            0 => {}
            ENOENT | ESRCH => return Ok(Vec::new()),
            error => {
                let reason = std::io::Error::from_raw_os_error(error);
                return Err(format!("launchd does not hand out its sockets: {reason}"));
            }
        }
        // SAFETY: on success the function gives `count` descriptors in memory that the caller has
        // to free.
        let sockets = unsafe { std::slice::from_raw_parts(descriptors, count) }.to_vec();
        // SAFETY: the memory came from that call and is used no more.
        unsafe { free(descriptors.cast()) };
        Ok(sockets)
    }
}

/// Elsewhere there is no launchd.
#[cfg(not(target_os = "macos"))]
mod launchd {
    use std::os::fd::RawFd;

    pub(super) fn sockets() -> Result<Vec<RawFd>, String> {
        Ok(Vec::new())
    }
}
