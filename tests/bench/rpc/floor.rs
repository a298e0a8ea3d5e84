//! What the system alone costs: a server that counts the lines it is sent and answers each with the
//! same bytes.
//!
//! It reads and writes as the daemon does, an answer is about as long as one of the daemon's, and
//! nothing is looked at but line feeds. No server with these requests and answers can be faster.

use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use mio::net::{UnixListener, UnixStream};
use mio::{Events, Interest, Poll, Token};

/// The argument that makes this program the floor, before the path of its socket.
pub const ARGUMENT: &str = "--serve-floor";

/// As long as an answer to `ping` or `goxel.add_voxel`.
const ANSWER_BYTES: usize = 100;

const LISTENER: Token = Token(usize::MAX);

/// Serves until it is killed.
pub fn serve(socket: &Path) -> std::io::Result<()> {
    let mut answer = [b'x'; ANSWER_BYTES];
    answer[ANSWER_BYTES - 1] = b'\n';
    let mut listener = UnixListener::bind(socket)?;
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(256);
    let mut clients: Vec<Option<UnixStream>> = Vec::new();
    let (mut room, mut answers) = (vec![0; 64 << 10], Vec::new());
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            let Token(index) = event.token();
            if event.token() == LISTENER {
                while let Ok((mut stream, _)) = listener.accept() {
                    let token = Token(clients.len());
                    poll.registry().register(&mut stream, token, Interest::READABLE)?;
                    clients.push(Some(stream));
                }
            } else if let Some(stream) = &mut clients[index]
                && !exchange(stream, &mut room, &answer, &mut answers)
            {
                clients[index] = None;
            }
        }
    }
}

/// Answers what there is; false at the end.
fn exchange(stream: &mut UnixStream, room: &mut [u8], one: &[u8], all: &mut Vec<u8>) -> bool {
    loop {
        let count = match stream.read(room) {
            Ok(0) => return false,
            Ok(count) => count,
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        };
        all.clear();
        for _ in room[..count].iter().filter(|&&byte| byte == b'\n') {
            all.extend_from_slice(one);
        }
        let mut sent = 0;
        while sent < all.len() {
            match stream.write(&all[sent..]) {
                Ok(more) => sent += more,
                // The generator reads all the time.
                Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::yield_now(),
                Err(_) => return false,
            }
        }
        if count < room.len() {
            return true;
        }
    }
}
