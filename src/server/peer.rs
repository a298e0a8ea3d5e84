//! Who is on the other side of a socket, where the system tells.

use std::os::fd::AsFd;

use super::connection::Peer;

/// The process and user that made the other end: who connected, or, seen from a client, who
/// listens.
pub fn of(stream: &impl AsFd) -> Peer {
    #[cfg(target_os = "linux")]
    if let Ok(credentials) = rustix::net::sockopt::socket_peercred(stream) {
        return Peer {
            pid: Some(credentials.pid.as_raw_nonzero().get()),
            uid: Some(credentials.uid.as_raw()),
        };
    }
    let _ = stream;
    Peer::default()
}
