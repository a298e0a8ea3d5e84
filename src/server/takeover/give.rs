//! The running daemon's side: what is offered, and the wait for the new one.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use super::rights::{MOST_DESCRIPTORS, send};
use super::{ALIVE, BACK, Offer, OfferedSocket, READY, SILENCE, YOURS};
use crate::server::listener::Listener;

/// The files beside the listeners: each with its locked descriptor.
pub struct Files<'a> {
    /// The pid file.
    pub pid_file: Option<(PathBuf, &'a File)>,
    /// The directory of the journal.
    pub journal: Option<(PathBuf, &'a File)>,
}

/// Tells the new daemon why it gets nothing.
pub fn refuse(stream: &UnixStream, why: &str) {
    let offer = Offer { refused: Some(why.to_owned()), ..Offer::default() };
    if let Ok(line) = serde_json::to_string(&offer) {
        // Whoever is gone already needs no answer.
        let _ = send(stream, &line, &[]);
    }
}

/// Offers everything and waits for what comes of it; true if the new daemon has it all. An error
/// says why not.
pub fn offer(stream: &UnixStream, listeners: &[Listener], files: &Files<'_>) -> io::Result<()> {
    let mut descriptors: Vec<BorrowedFd<'_>> = Vec::new();
    let mut offer =
        Offer { pid: std::process::id(), version: crate::VERSION.to_owned(), ..Offer::default() };
    for listener in listeners {
        descriptors.push(listener.as_fd());
        let owned = listener.owned();
        descriptors.extend(owned.map(|owned| owned.lock().as_fd()));
        offer.sockets.push(OfferedSocket {
            path: owned.map(|owned| owned.path().to_owned()),
            identity: owned.map(|owned| owned.identity()).unwrap_or_default(),
        });
    }
    for (file, named) in
        [(&files.pid_file, &mut offer.pid_file), (&files.journal, &mut offer.journal)]
    {
        if let Some((path, file)) = file {
            descriptors.push(file.as_fd());
            *named = Some(path.clone());
        }
    }
    if descriptors.len() > MOST_DESCRIPTORS {
        return Err(io::Error::other("there are too many sockets to hand over"));
    }
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(SILENCE))?;
    stream.set_write_timeout(Some(SILENCE))?;
    send(stream, &serde_json::to_string(&offer)?, &descriptors)?;
    wait(stream).inspect_err(|_| {
        // It may be gone.
        let _ = (&*stream).write_all(&[BACK]);
    })
}

fn wait(mut stream: &UnixStream) -> io::Result<()> {
    let mut byte = [0];
    loop {
        match stream.read(&mut byte) {
            Ok(0) => return Err(io::Error::other("it ended")),
            Ok(_) if byte == [ALIVE] => {}
            Ok(_) if byte == [READY] => {
                stream.write_all(&[YOURS])?;
                // It closes the connection once the files say that they are its own. Whoever sees
                // this process end finds the other one.
                let _ = stream.read(&mut byte);
                return Ok(());
            }
            Ok(_) => return Err(io::Error::other("it said what nobody understands")),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(io::Error::other("it was silent for too long"));
            }
            Err(error) => return Err(error),
        }
    }
}
