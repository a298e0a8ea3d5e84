//! Who answers at a socket.
//!
//! In a directory that everybody can write to, somebody else can take the name of the daemon's
//! socket first and answer in its place. So at the path of last resort, and wherever a user was
//! named, the other end has to be us, root or that user.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use crate::socket_path::FALLBACK_SOCKET_PATH;

/// Refuses a connection whose other end is somebody else's, if that matters there and the system
/// tells.
///
/// # Errors
/// Who answers.
pub fn check_peer(stream: &impl AsFd, path: &Path, peer_uid: Option<u32>) -> io::Result<()> {
    if peer_uid.is_none() && path != Path::new(FALLBACK_SOCKET_PATH) {
        return Ok(());
    }
    let us = rustix::process::geteuid().as_raw();
    match uid_of(stream) {
        Some(uid) if uid != us && uid != 0 && Some(uid) != peer_uid => {
            let why = format!(
                "user {uid} answers there, who is neither you (user {us}) nor root; if that is right, \
                 say --peer-uid {uid}"
            );
            Err(io::Error::new(io::ErrorKind::PermissionDenied, why))
        }
        _ => Ok(()),
    }
}

#[cfg(target_os = "linux")]
fn uid_of(stream: &impl AsFd) -> Option<u32> {
    rustix::net::sockopt::socket_peercred(stream).ok().map(|peer| peer.uid.as_raw())
}

#[cfg(not(target_os = "linux"))]
fn uid_of(_: &impl AsFd) -> Option<u32> {
    None
}
