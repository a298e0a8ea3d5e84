//! A Unix stream socket on which nothing waits longer than a deadline.
//!
//! The descriptor is non-blocking; [`Socket::wait`] is the only place where this library sleeps on
//! it. That also lets a sender take in answers while it waits for room, so that a client that
//! pipelines more than the two socket buffers hold never stands face to face with a daemon that
//! waits for it to read.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// The first pause before connecting again to a listener whose queue is full, and the longest.
const QUEUE_FULL_PAUSE: (Duration, Duration) =
    (Duration::from_millis(1), Duration::from_millis(10));

/// What a socket may be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Bytes to read, or the end of the stream.
    Input,
    /// Bytes to read, or room to write.
    InputOrRoom,
}

/// A connected socket.
#[derive(Debug)]
pub(super) struct Socket {
    stream: UnixStream,
}

impl Socket {
    /// Connects before `deadline`; `TimedOut` if the listener's queue stays full until then.
    pub(super) fn connect(path: &Path, deadline: Instant) -> io::Result<Socket> {
        let mut pause = QUEUE_FULL_PAUSE.0;
        loop {
            match connect_at_once(path) {
                Ok(stream) => return Socket::adopt(stream),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "the daemon's queue of new connections stayed full",
                ));
            }
            std::thread::sleep(pause.min(left));
            pause = (pause * 2).min(QUEUE_FULL_PAUSE.1);
        }
    }

    /// Takes over a stream that is already connected.
    pub(super) fn adopt(stream: UnixStream) -> io::Result<Socket> {
        stream.set_nonblocking(true)?;
        Ok(Socket { stream })
    }

    /// Reads what is there; `WouldBlock` if nothing is, 0 at the end of the stream.
    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        retry_interrupted(|| (&self.stream).read(buffer))
    }

    /// Writes what there is room for; `WouldBlock` if there is none.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        retry_interrupted(|| (&self.stream).write(bytes))
    }

    /// Waits until something wanted is possible; false if the deadline came first.
    pub(super) fn wait(&self, wanted: Wanted, deadline: Instant) -> io::Result<bool> {
        let interest = match wanted {
            Wanted::Input => PollFlags::IN,
            Wanted::InputOrRoom => PollFlags::IN | PollFlags::OUT,
        };
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let limit = Timespec {
                tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX),
                tv_nsec: left.subsec_nanos().into(),
            };
            match poll(&mut [PollFd::new(&self.stream, interest)], Some(&limit)) {
                Ok(0) if left.is_zero() => return Ok(false),
                Ok(0) => continue,
                Ok(_) => return Ok(true),
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

fn retry_interrupted(mut operation: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match operation() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            result => return result,
        }
    }
}

/// On Linux a blocking connect sleeps while the listener's queue is full, so connect without
/// blocking.
#[cfg(target_os = "linux")]
fn connect_at_once(path: &Path) -> io::Result<UnixStream> {
    use rustix::net::{
        AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with,
    };
    let address = SocketAddrUnix::new(path)?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    connect(&socket, &address)?;
    Ok(socket.into())
}

/// Elsewhere a full queue refuses at once, so the plain connect never sleeps.
#[cfg(not(target_os = "linux"))]
fn connect_at_once(path: &Path) -> io::Result<UnixStream> {
    UnixStream::connect(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_ends_at_the_deadline_and_at_input() {
        let (near, far) = UnixStream::pair().unwrap();
        let socket = Socket::adopt(near).unwrap();
        let soon = Instant::now() + Duration::from_millis(5);
        assert!(!socket.wait(Wanted::Input, soon).unwrap());
        (&far).write_all(b"x").unwrap();
        assert!(socket.wait(Wanted::Input, Instant::now() + Duration::from_secs(5)).unwrap());
        drop(far);
        let mut bytes = [0; 4];
        assert_eq!(socket.read(&mut bytes).unwrap(), 1);
        assert_eq!(socket.read(&mut bytes).unwrap(), 0);
    }

    #[test]
    fn a_path_that_is_too_long_is_an_error_and_not_a_panic() {
        let path = "/tmp/".to_owned() + &"x".repeat(300);
        assert!(Socket::connect(Path::new(&path), Instant::now()).is_err());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_listener_whose_queue_is_full_is_a_time_out() {
        use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen, socket};
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("full.sock");
        let listener = socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
        bind(&listener, &SocketAddrUnix::new(&path).unwrap()).unwrap();
        listen(&listener, 0).unwrap();
        let _first = UnixStream::connect(&path).unwrap();
        let deadline = Instant::now() + Duration::from_millis(30);
        let error = Socket::connect(&path, deadline).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
