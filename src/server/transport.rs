//! What a connection needs of its socket: the seam between the state machine and the outside.

use std::io;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::rc::Rc;

use mio::net::UnixStream;
use mio::{Interest, Registry, Token};

/// A non-blocking stream. Calls answer [`io::ErrorKind::WouldBlock`] when they would have to wait,
/// and an event follows when that changes.
pub trait Transport {
    /// Reads some bytes; 0 means that no more will come. A read that leaves room has taken all that
    /// was there: an event follows when more comes, or when the input ends.
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize>;
    /// Writes some bytes.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;
    /// Tells the peer that no more bytes will come.
    fn finish_writing(&mut self);
    /// Asks for events when there is room to write, or no longer.
    fn watch_writable(&mut self, watch: bool);
}

/// What an event tells of a stream.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct News {
    /// There are bytes to read, or the input has ended.
    pub readable: bool,
    /// There is room to write.
    pub writable: bool,
    /// The input ends behind the bytes that are there: no other event will tell.
    pub ended: bool,
    /// The peer is gone for good: it takes no more answers, though what it sent may still wait.
    pub hang_up: bool,
}

/// A real socket, registered with the poll under its token.
pub struct Socket {
    stream: UnixStream,
    registry: Rc<Registry>,
    token: Token,
}

impl Socket {
    /// Registers a stream for reading.
    pub fn register(
        mut stream: UnixStream,
        registry: Rc<Registry>,
        token: Token,
    ) -> io::Result<Self> {
        registry.register(&mut stream, token, Interest::READABLE)?;
        Ok(Socket { stream, registry, token })
    }
}

impl Socket {
    /// The same socket for somebody else to use. No events come any more, so the connection has to
    /// end.
    pub fn give_away(&mut self) -> io::Result<std::os::unix::net::UnixStream> {
        self.registry.deregister(&mut self.stream)?;
        Ok(self.stream.as_fd().try_clone_to_owned()?.into())
    }
}

impl Transport for Socket {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        io::Read::read(&mut self.stream, room)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::Write::write(&mut self.stream, bytes)
    }

    fn finish_writing(&mut self) {
        // It fails only if the peer is gone, and then there is nobody to tell.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    fn watch_writable(&mut self, watch: bool) {
        let interest =
            if watch { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
        if let Err(error) = self.registry.reregister(&mut self.stream, self.token, interest) {
            log::error!("cannot change what a connection waits for: {error}");
        }
    }
}
