//! The new daemon's side: asking for everything, and getting it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::rights::receive;
use super::{ALIVE, BACK, Offer, READY, SILENCE, YOURS};
use crate::journal::Place;
use crate::server::listener::Listener;
use crate::server::ownership::{OwnedPath, Permissions};
use crate::server::peer;
use crate::server::pid_file::PidFile;
use crate::server::watch::Watch;

const CALL: &[u8] = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"goxel.hand_over\"}\n";
/// How long the running daemon may take to answer what has come.
const PATIENCE: Duration = Duration::from_secs(60);
/// Time between two signs of life.
const SIGN_EVERY: Duration = Duration::from_millis(500);
/// An answer is not longer.
const LONGEST_ANSWER: usize = 64 << 10;

/// What the running daemon has offered. Until [`Handed::take`] nothing of it is ours: if this is
/// dropped the running one goes on.
pub struct Handed {
    stream: UnixStream,
    offer: Offer,
    /// With the sockets that a service manager made.
    sockets: Vec<(UnixListener, Option<OwnedPath>)>,
    pid_file: Option<PidFile>,
    journal: Option<Place>,
    last_sign: Instant,
}

/// Asks the daemon at one of the sockets. `None` if there is none. The error is for people.
pub fn ask(sockets: &[PathBuf], permissions: &Permissions) -> Result<Option<Handed>, String> {
    let reach =
        |path: &PathBuf| UnixStream::connect(path).ok().map(|stream| (path.clone(), stream));
    let Some((path, stream)) = sockets.iter().find_map(reach) else {
        log::info!("there is no daemon to take over from: starting as usual");
        return Ok(None);
    };
    let failed = |what: String| format!("cannot take over {}: {what}", path.display());
    let us = rustix::process::geteuid().as_raw();
    if let Some(owner) = peer::of(&stream).uid.filter(|owner| *owner != us) {
        return Err(failed(format!("the daemon there is of user {owner}, and not ours")));
    }
    converse(stream, permissions).map(Some).map_err(failed)
}

fn converse(stream: UnixStream, permissions: &Permissions) -> Result<Handed, String> {
    let told = |error: io::Error| format!("the daemon there does not answer: {error}");
    stream.set_read_timeout(Some(PATIENCE)).map_err(told)?;
    stream.set_write_timeout(Some(SILENCE)).map_err(told)?;
    (&stream).write_all(CALL).map_err(told)?;
    let answer = read_line(&stream).map_err(told)?;
    let answer: serde_json::Value = serde_json::from_slice(&answer)
        .map_err(|_| "what answers there is no goxel-daemon".to_owned())?;
    if let Some(error) = answer.get("error") {
        let message = error.get("message").and_then(|message| message.as_str()).unwrap_or("?");
        return Err(format!("the daemon there says: {message}"));
    }
    let (line, descriptors) = receive(&stream).map_err(told)?;
    let offer: Offer = serde_json::from_str(&line).map_err(|error| error.to_string())?;
    match &offer.refused {
        Some(why) => Err(why.clone()),
        None => unpack(stream, offer, descriptors, permissions)
            .ok_or_else(|| "the daemon there did not hand over all that it named".to_owned()),
    }
}

/// Byte by byte: descriptors belong to the bytes behind the line.
fn read_line(mut stream: &UnixStream) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') && line.len() < LONGEST_ANSWER {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        line.extend(byte);
    }
    Ok(line)
}

fn unpack(
    stream: UnixStream,
    offer: Offer,
    descriptors: Vec<OwnedFd>,
    permissions: &Permissions,
) -> Option<Handed> {
    let mut descriptors = descriptors.into_iter();
    let mut sockets = Vec::new();
    for socket in &offer.sockets {
        let listener = UnixListener::from(descriptors.next()?);
        listener.set_nonblocking(true).ok()?;
        let owned = match &socket.path {
            None => None,
            Some(path) => {
                let lock = File::from(descriptors.next()?);
                Some(OwnedPath::handed(path, socket.identity, lock, permissions.clone()))
            }
        };
        sockets.push((listener, owned));
    }
    let pid_file = match &offer.pid_file {
        None => None,
        Some(path) => Some(PidFile::handed(path, File::from(descriptors.next()?))),
    };
    let journal = match &offer.journal {
        None => None,
        Some(directory) => Some(Place::handed(directory, File::from(descriptors.next()?))),
    };
    Some(Handed { stream, offer, sockets, pid_file, journal, last_sign: Instant::now() })
}

impl Handed {
    /// The listener of a path, if it is among what is handed over.
    pub fn listener(&mut self, path: &Path) -> Option<Listener> {
        let is_it = |(_, owned): &(_, Option<OwnedPath>)| {
            owned.as_ref().is_some_and(|owned| owned.is_at(path))
        };
        let (socket, owned) = self.sockets.swap_remove(self.sockets.iter().position(is_it)?);
        Some(Listener::new(socket, owned))
    }

    /// The listeners that a service manager made.
    pub fn inherited(&mut self) -> Vec<Listener> {
        let is_inherited = |(_, owned): &mut (_, Option<OwnedPath>)| owned.is_none();
        let inherited = self.sockets.extract_if(.., is_inherited);
        inherited.map(|(socket, _)| Listener::new(socket, None)).collect()
    }

    /// Whether the pid file at a path is among what is handed over.
    pub fn has_pid_file(&self, path: &Path) -> bool {
        self.offer.pid_file.as_deref() == Some(path)
    }

    /// The lock of the journal, which must be in this directory; `None` if there is none.
    pub fn journal(&mut self, directory: Option<&Path>) -> Result<Option<Place>, String> {
        let Some(place) = self.journal.take() else { return Ok(None) };
        let whole = |path: &Path| path.canonicalize().ok();
        if directory.is_some_and(|wanted| whole(wanted) == whole(place.directory())) {
            return Ok(Some(place));
        }
        let (theirs, ours) = (place.directory().display(), directory.map(Path::display));
        let ours = ours.map_or("nowhere".to_owned(), |ours| ours.to_string());
        Err(format!(
            "the running daemon keeps its journal in {theirs}, and this one would in {ours}: give it the same --journal"
        ))
    }

    /// Tells the running daemon now and then that this one works on.
    pub fn sign_of_life(&mut self) {
        if self.last_sign.elapsed() >= SIGN_EVERY {
            self.last_sign = Instant::now();
            // Whether anybody listens shows at the end.
            let _ = self.stream.write_all(&[ALIVE]);
        }
    }

    /// Says that this daemon could serve now, and makes everything ours; an error if the running
    /// one goes on.
    pub fn take(mut self, listeners: &mut [Listener], watch: &mut Watch) -> Result<(), String> {
        let Offer { pid, version, .. } = &self.offer;
        let mut answer = [BACK];
        let said = self.stream.write_all(&[READY]).and_then(|()| self.stream.read(&mut answer));
        match (said, answer) {
            // A broken pipe or an end without a word: it has ended while it stood still.
            (Ok(0), _) => {}
            (Ok(_), [YOURS]) => {}
            (Err(error), _) if error.kind() == io::ErrorKind::BrokenPipe => {
                if matches!(self.stream.read(&mut answer), Ok(1)) {
                    return Err(format!("the running daemon (pid {pid}) went on"));
                }
            }
            _ => return Err(format!("the running daemon (pid {pid}) went on")),
        }
        log::info!("took over from pid {pid}, version {version}");
        let owned = listeners.iter_mut().filter_map(Listener::owned_path);
        for path in owned.chain(self.sockets.iter_mut().filter_map(|(_, owned)| owned.as_mut())) {
            path.take_over();
        }
        if let Some(mut pid_file) = self.pid_file.take() {
            pid_file.take_over();
            // One that this daemon was not told of goes away.
            watch.take_pid_file(pid_file);
        }
        Ok(())
    }
}
