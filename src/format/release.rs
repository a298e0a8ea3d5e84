//! Closing a file that has no name any more, without waiting until it is freed.
//!
//! Whoever closes such a file last waits while the system frees it: 25 ms for 128 MB were measured on a file
//! system that tells its disk at once which blocks are free. It cannot be cut short before: others may
//! still read the old file. And no call closes in the background.
//!
//! But Linux has a collector for handles that lie in messages which nobody can receive any more, and it works
//! beside all programs. So the handle is put into such a message: it is sent through a pair of
//! sockets together with the end that would receive it, and then the pair is closed. Kernels before 6.10
//! collect within the closing, which takes as long as without all this. Whatever fails, the file is closed
//! at once.

use std::fs::File;

use crate::job::leftovers;

/// Bytes of a file from which on it matters.
const LARGE: u64 = 4 << 20;

/// Closes a file that was replaced.
pub(super) fn release(file: File) {
    let is_large = file.metadata().is_ok_and(|facts| facts.len() >= LARGE);
    if is_large && leftovers::are_collected() {
        // An error means that it is closed here, which is all the same but for the time.
        let _ = give_to_collector(file);
    }
}

#[cfg(target_os = "linux")]
fn give_to_collector(file: File) -> std::io::Result<()> {
    use std::io::IoSlice;
    use std::mem::MaybeUninit;
    use std::os::fd::AsFd;

    use rustix::net::{
        AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags,
        SocketType, sendmsg, socketpair,
    };

    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let (sender, receiver) = socketpair(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    let handles = [file.as_fd(), receiver.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(&handles));
    sendmsg(&sender, &[IoSlice::new(b"-")], &mut control, SendFlags::empty())?;
    // Before the pair: the collector begins as soon as that is closed, and this must not be the last handle.
    drop(file);
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn give_to_collector(_: File) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn no_handle_of_a_released_file_is_left() -> std::io::Result<()> {
        leftovers::collect();
        let (mut reader, writer) = std::io::pipe()?;
        // The other end sees the end of the pipe once the last handle is gone.
        let handle = File::from(std::os::fd::OwnedFd::from(writer));
        if give_to_collector(handle).is_err() {
            println!("skipped: this system has no such collector");
            return Ok(());
        }
        let (began, mut rest) = (Instant::now(), Vec::new());
        std::io::Read::read_to_end(&mut reader, &mut rest)?;
        assert!(rest.is_empty() && began.elapsed() < Duration::from_secs(30));
        Ok(())
    }
}
