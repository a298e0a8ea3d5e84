//! A simulated network: pipes with little room, read and written in pieces, that tell of news by
//! edges.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::rc::Rc;

use goxel_daemon::server::transport::Transport;

use crate::simulation::random::Random;

/// Both directions of one connection.
pub struct Pipe {
    random: Random,
    pub to_server: VecDeque<u8>,
    pub to_client: VecDeque<u8>,
    pub room_to_server: usize,
    pub room_to_client: usize,
    /// The client sends no more.
    pub client_ended: bool,
    /// The client is gone.
    pub client_gone: bool,
    /// What the client had sent is lost.
    pub reset: bool,
    /// The server sends no more.
    pub server_ended: bool,
    /// The server has closed it.
    pub server_gone: bool,
    /// The server's last write found no room.
    pub refused: bool,
    /// The server wants to know of room.
    watching: bool,
    /// The server may find what was written in pieces, one after the other.
    pub in_pieces: bool,
    /// News that the server has not been told of.
    pub news_readable: bool,
    pub news_writable: bool,
    pub news_hang_up: bool,
}

impl Pipe {
    /// A pipe with some room, at least `least`.
    pub fn new(mut random: Random, least: usize) -> Rc<RefCell<Pipe>> {
        let mut room = || random.size(64 << 10).max(least);
        let (room_to_server, room_to_client) = (room(), room());
        Rc::new(RefCell::new(Pipe {
            random,
            to_server: VecDeque::new(),
            to_client: VecDeque::new(),
            room_to_server,
            room_to_client,
            client_ended: false,
            client_gone: false,
            reset: false,
            server_ended: false,
            server_gone: false,
            refused: false,
            watching: false,
            in_pieces: true,
            news_readable: false,
            news_writable: false,
            news_hang_up: false,
        }))
    }

    /// The client writes as much as there is room for; how much that was.
    pub fn client_writes(&mut self, bytes: &[u8]) -> usize {
        let room = self.room_to_server.saturating_sub(self.to_server.len());
        let count = if self.server_gone { 0 } else { bytes.len().min(room) };
        self.to_server.extend(&bytes[..count]);
        self.news_readable |= count > 0;
        count
    }

    /// The client reads at most so many bytes.
    pub fn client_reads(&mut self, most: usize) -> Vec<u8> {
        let count = most.min(self.to_client.len());
        let bytes = self.to_client.drain(..count).collect();
        self.news_writable |= self.watching && count > 0;
        bytes
    }

    /// Whether the client has seen everything that will ever come.
    pub fn client_sees_end(&self) -> bool {
        self.to_client.is_empty() && (self.server_ended || self.server_gone)
    }

    pub fn client_ends(&mut self) {
        self.client_ended = true;
        self.news_readable = true;
    }

    pub fn client_goes(&mut self, reset: bool) {
        self.client_ended = true;
        self.client_gone = true;
        self.reset = reset;
        if reset {
            self.to_server.clear();
        }
        self.to_client.clear();
        self.news_readable = true;
        self.news_hang_up = true;
    }

    pub fn has_news(&self) -> bool {
        self.news_readable || self.news_writable || self.news_hang_up
    }
}

/// The server's end.
pub struct SimulatedSocket(pub Rc<RefCell<Pipe>>);

impl Transport for SimulatedSocket {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let pipe = &mut *self.0.borrow_mut();
        if pipe.random.once_in(50) {
            return Err(ErrorKind::Interrupted.into());
        }
        if pipe.to_server.is_empty() {
            return match (pipe.reset, pipe.client_ended) {
                (true, _) => Err(ErrorKind::ConnectionReset.into()),
                (false, true) => Ok(0),
                (false, false) => Err(ErrorKind::WouldBlock.into()),
            };
        }
        let most = pipe.to_server.len().min(room.len());
        let is_piece = pipe.in_pieces && pipe.random.once_in(3);
        let count = if is_piece { pipe.random.size(most) } else { most };
        // What the read left counts as come after it, so there is news of it.
        pipe.news_readable |= count < pipe.to_server.len();
        for (slot, byte) in room.iter_mut().zip(pipe.to_server.drain(..count)) {
            *slot = byte;
        }
        Ok(count)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let pipe = &mut *self.0.borrow_mut();
        assert!(!pipe.server_ended, "the server writes after its end");
        if pipe.client_gone {
            return Err(ErrorKind::BrokenPipe.into());
        }
        if pipe.random.once_in(50) {
            return Err(ErrorKind::Interrupted.into());
        }
        let room = pipe.room_to_client.saturating_sub(pipe.to_client.len()).min(bytes.len());
        pipe.refused = room == 0;
        if pipe.refused {
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = if pipe.random.once_in(3) { pipe.random.size(room) } else { room };
        pipe.to_client.extend(&bytes[..count]);
        Ok(count)
    }

    fn finish_writing(&mut self) {
        self.0.borrow_mut().server_ended = true;
    }

    fn watch_writable(&mut self, watch: bool) {
        let pipe = &mut *self.0.borrow_mut();
        // Asking tells at once if there is room already.
        let has_room = pipe.to_client.len() < pipe.room_to_client;
        pipe.news_writable |= watch && has_room;
        pipe.watching = watch;
    }
}

impl Drop for SimulatedSocket {
    fn drop(&mut self) {
        self.0.borrow_mut().server_gone = true;
    }
}
