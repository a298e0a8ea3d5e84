//! Descriptors on their way through a socket (`SCM_RIGHTS`), beside a line of text.

use std::io::{self, IoSlice, IoSliceMut, Write};
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

/// The system passes no more at once.
pub const MOST_DESCRIPTORS: usize = 253;

/// No offer is longer.
const LONGEST_LINE: usize = 1 << 20;

/// Sends a line and descriptors, which stay open here, too.
pub fn send(stream: &UnixStream, line: &str, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
    let mut rights = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !rights.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::Error::other("too many descriptors to hand over"));
    }
    let whole = format!("{line}\n");
    let parts = [IoSlice::new(whole.as_bytes())];
    let sent = sendmsg(stream, &parts, &mut rights, SendFlags::empty())?;
    (&*stream).write_all(whole.as_bytes().get(sent..).unwrap_or_default())
}

/// Receives a line and the descriptors that came with it.
pub fn receive(stream: &UnixStream) -> io::Result<(String, Vec<OwnedFd>)> {
    let (mut line, mut descriptors) = (Vec::new(), Vec::new());
    while line.last() != Some(&b'\n') {
        let mut bytes = [0; 4096];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_DESCRIPTORS))];
        let mut rights = RecvAncillaryBuffer::new(&mut space);
        let mut parts = [IoSliceMut::new(&mut bytes)];
        let count = recvmsg(stream, &mut parts, &mut rights, RecvFlags::empty())?.bytes;
        for message in rights.drain() {
            if let RecvAncillaryMessage::ScmRights(came) = message {
                descriptors.extend(came);
            }
        }
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        line.extend_from_slice(&bytes[..count]);
        if line.len() > LONGEST_LINE {
            return Err(io::Error::other("the other daemon says too much"));
        }
    }
    for descriptor in &descriptors {
        fcntl_setfd(descriptor, FdFlags::CLOEXEC)?;
    }
    let line = String::from_utf8(line).map_err(io::Error::other)?;
    Ok((line, descriptors))
}
