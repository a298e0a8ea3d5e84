//! Who owns a socket path: taken without a race, held until exit, given back.
//!
//! A lock file `PATH.lock` is held for life. Under the lock the path is probed: a live owner keeps
//! it, a dead owner's socket is replaced. The new socket is bound beside the path and renamed onto
//! it, so a client finds the old one or the new one, and never none. At exit the path is unlinked
//! only if it is still ours.

use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, flock};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen, socket_with};
use rustix::process::umask;

use super::own_file::open_own;
use super::peer;
use crate::file_access::own::{self, make_private};
use crate::socket_path::{HOMEBREW_RUN_DIRECTORIES, Process, default_path};

/// The longest path that fits into an address, its closing NUL not counted.
pub const MAX_PATH_BYTES: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// A full backlog makes non-blocking connects fail, so it is longer than any likely rush.
const BACKLOG: i32 = 4096;

/// Why a path could not be had.
#[derive(Debug, thiserror::Error)]
pub enum OwnershipError {
    /// Too long for an address.
    #[error(
        "the socket path {path} has {length} bytes, and at most {MAX_PATH_BYTES} fit into an address; \
         choose a shorter one with --socket"
    )]
    TooLong {
        /// The path.
        path: PathBuf,
        /// Its length.
        length: usize,
    },
    /// Another process serves it.
    #[error("another process{} serves {path}; stop it, or choose another path with --socket", name_pid(*.pid))]
    Taken {
        /// The path.
        path: PathBuf,
        /// The owner, where it is known.
        pid: Option<i32>,
    },
    /// Another process has it, but nobody answers there.
    #[error(
        "another process{} holds {path} but has lost its socket, so nobody can reach it; SIGHUP makes it listen \
         again, or stop it", name_pid(*.pid)
    )]
    Lost {
        /// The path.
        path: PathBuf,
        /// The owner, where it is known.
        pid: Option<i32>,
    },
    /// Something else than a socket is there.
    #[error("{path} exists and is not a socket; remove it, or choose another path with --socket")]
    NotASocket {
        /// The path.
        path: PathBuf,
    },
    /// There is no such directory, and it is not the place that would be taken by default.
    #[error(
        "the directory {} of the socket {} does not exist; make it (mkdir -p {}), or choose another path with \
         --socket", .directory.display(), .path.display(), .directory.display()
    )]
    NoDirectory {
        /// The path.
        path: PathBuf,
        /// Its directory.
        directory: PathBuf,
    },
    /// The system refused.
    #[error("cannot {action} {path}: {error}")]
    System {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The reason.
        error: io::Error,
    },
}

fn name_pid(pid: Option<i32>) -> String {
    pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default()
}

/// Who may connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// The mode of the socket file.
    pub mode: u32,
    /// The group of the socket file.
    pub group: Option<u32>,
}

impl Default for Permissions {
    fn default() -> Self {
        Permissions { mode: 0o600, group: None }
    }
}

/// A path that is ours until this is dropped.
#[derive(Debug)]
pub struct OwnedPath {
    path: PathBuf,
    lock_path: PathBuf,
    /// Device and inode of the socket file.
    identity: (u64, u64),
    /// Holds the lock.
    lock: File,
    permissions: Permissions,
    /// Whether the files go when this is dropped: not while they belong to another process.
    is_ours: bool,
}

/// What has become of a socket that is served.
#[derive(Debug)]
pub enum Presence {
    /// It is where it belongs.
    There,
    /// It was removed and is bound anew.
    Again(UnixListener),
    /// It was removed and cannot be bound anew.
    Lost(OwnershipError),
}

/// Takes a path and listens on it.
pub fn take(
    path: &Path,
    permissions: &Permissions,
) -> Result<(OwnedPath, UnixListener), OwnershipError> {
    let length = path.as_os_str().len();
    if length > MAX_PATH_BYTES {
        return Err(OwnershipError::TooLong { path: path.to_owned(), length });
    }
    find_directory(path)?;
    refuse_others(path)?;
    let lock_path = beside(path, ".lock");
    let lock = lock(path, &lock_path)?;
    probe(path)?;
    let listener = bind_and_rename(path, permissions)?;
    let identity = identity_of(path)?;
    let (path, permissions) = (path.to_owned(), permissions.clone());
    Ok((OwnedPath { path, lock_path, identity, lock, permissions, is_ours: true }, listener))
}

fn identity_of(path: &Path) -> Result<(u64, u64), OwnershipError> {
    let facts = fs::symlink_metadata(path).map_err(system("look at", path))?;
    Ok((facts.dev(), facts.ino()))
}

fn system(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> OwnershipError {
    let path = path.to_owned();
    move |error| OwnershipError::System { action, path, error }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Finds the directory of a path. The default one is made if there is none, for our eyes only;
/// others may be mistyped.
fn find_directory(path: &Path) -> Result<(), OwnershipError> {
    let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty())
    else {
        return Ok(());
    };
    match fs::metadata(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(system("look at the directory", directory)(error)),
        Ok(facts) if facts.is_dir() => return Ok(()),
        Ok(_) => {
            let error = io::Error::from(io::ErrorKind::NotADirectory);
            return Err(system("use the directory", directory)(error));
        }
    }
    let is_homebrew = HOMEBREW_RUN_DIRECTORIES.iter().any(|run| directory == Path::new(run));
    if !is_homebrew && default_path(&Process).parent() != Some(directory) {
        return Err(OwnershipError::NoDirectory {
            path: path.to_owned(),
            directory: directory.to_owned(),
        });
    }
    make_private(directory).map_err(system("make the directory", directory))
}

/// Refuses a path where something else than a socket is.
fn refuse_others(path: &Path) -> Result<(), OwnershipError> {
    match fs::symlink_metadata(path) {
        Ok(facts) if !facts.file_type().is_socket() => {
            Err(OwnershipError::NotASocket { path: path.to_owned() })
        }
        _ => Ok(()),
    }
}

/// Opens and locks the lock file; again if its owner removed it meanwhile.
fn lock(path: &Path, lock_path: &Path) -> Result<File, OwnershipError> {
    loop {
        let mut file =
            open_own(lock_path, 0o600).map_err(system("open the lock file", lock_path))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                let (path, pid) = (path.to_owned(), read_pid(&mut file));
                return Err(match probe(&path) {
                    Ok(()) => OwnershipError::Lost { path, pid },
                    Err(_) => OwnershipError::Taken { path, pid },
                });
            }
            Err(error) => return Err(system("lock", lock_path)(error.into())),
        }
        let linked = file.metadata().map_err(system("look at", lock_path))?.nlink() > 0;
        if linked {
            write_pid(&mut file).map_err(system("write", lock_path))?;
            return Ok(file);
        }
    }
}

fn read_pid(file: &mut File) -> Option<i32> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

/// Whether the path may be taken: nothing there, or a socket that nobody serves.
fn probe(path: &Path) -> Result<(), OwnershipError> {
    match fs::symlink_metadata(path) {
        Ok(_) => refuse_others(path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(system("look at", path)(error)),
    }
    match UnixStream::connect(path) {
        Ok(stream) => {
            let pid = peer::of(&stream).pid;
            Err(OwnershipError::Taken { path: path.to_owned(), pid })
        }
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Ok(()),
            // Somebody listens and does not keep up.
            io::ErrorKind::WouldBlock => {
                Err(OwnershipError::Taken { path: path.to_owned(), pid: None })
            }
            _ => Err(system("probe", path)(error)),
        },
    }
}

fn bind_and_rename(path: &Path, permissions: &Permissions) -> Result<UnixListener, OwnershipError> {
    // The lock keeps other daemons away from this name; what an earlier one left behind may go.
    let name = format!(".gx{}", std::process::id());
    let temporary = path.with_file_name(name);
    let result = bind_at(&temporary, path, permissions);
    if result.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    result
}

fn bind_at(
    temporary: &Path,
    path: &Path,
    permissions: &Permissions,
) -> Result<UnixListener, OwnershipError> {
    let _ = fs::remove_file(temporary);
    let socket = new_socket().map_err(system("make a socket for", path))?;
    let address =
        SocketAddrUnix::new(temporary).map_err(|error| system("name", path)(error.into()))?;
    let before = umask(Mode::from_raw_mode(0o177));
    let bound = bind(&socket, &address);
    umask(before);
    bound.map_err(|error| system("bind", path)(error.into()))?;
    if let Some(group) = permissions.group {
        std::os::unix::fs::chown(temporary, None, Some(group))
            .map_err(system("give the socket group to", path))?;
    }
    let mode = std::os::unix::fs::PermissionsExt::from_mode(permissions.mode);
    fs::set_permissions(temporary, mode).map_err(system("set the mode of", path))?;
    listen(&socket, BACKLOG).map_err(|error| system("listen on", path)(error.into()))?;
    fs::rename(temporary, path).map_err(system("put in place", path))?;
    Ok(UnixListener::from(socket))
}

fn new_socket() -> io::Result<OwnedFd> {
    use rustix::net::SocketFlags;
    #[cfg(not(target_os = "macos"))]
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    #[cfg(target_os = "macos")]
    let flags = SocketFlags::empty();
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    #[cfg(target_os = "macos")]
    {
        rustix::io::ioctl_fioclex(&socket)?;
        rustix::io::ioctl_fionbio(&socket, true)?;
    }
    Ok(socket)
}

impl OwnedPath {
    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A path that another process offers, with its lock. It is ours after
    /// [`OwnedPath::take_over`].
    pub fn handed(path: &Path, identity: (u64, u64), lock: File, permissions: Permissions) -> Self {
        let lock_path = beside(path, ".lock");
        OwnedPath { path: path.to_owned(), lock_path, identity, lock, permissions, is_ours: false }
    }

    /// Makes an offered path ours.
    pub fn take_over(&mut self) {
        self.is_ours = true;
        // The lock counts, and not the number.
        let _ = write_pid(&mut self.lock);
    }

    /// Leaves the path to the process that took it over.
    pub fn leave(mut self) {
        self.is_ours = false;
    }

    /// Whether a path leads to the socket.
    pub fn is_at(&self, path: &Path) -> bool {
        identity_of(path).is_ok_and(|there| there == self.identity)
    }

    /// Device and inode of the socket file.
    pub fn identity(&self) -> (u64, u64) {
        self.identity
    }

    /// The locked file.
    pub fn lock(&self) -> &File {
        &self.lock
    }
}

impl OwnedPath {
    /// Keeps clients from the socket and its lock file.
    pub fn protect(&self) {
        own::protect(&self.path);
        own::protect(&self.lock_path);
    }

    /// Looks whether the socket is still there. Cleaners of temporary directories remove sockets of
    /// living daemons; then it is bound anew, under the lock.
    pub fn look_after(&mut self) -> Presence {
        let is_there = identity_of(&self.path).is_ok_and(|there| there == self.identity);
        if is_there {
            Presence::There
        } else {
            self.bind_anew().map_or_else(Presence::Lost, Presence::Again)
        }
    }

    fn bind_anew(&mut self) -> Result<UnixListener, OwnershipError> {
        // Whoever removed the socket may have removed the lock file, too, and then anybody could
        // take the path.
        let is_locked = || {
            let there = fs::symlink_metadata(&self.lock_path).ok()?;
            let ours = self.lock.metadata().ok()?;
            ((there.dev(), there.ino()) == (ours.dev(), ours.ino())).then_some(())
        };
        if is_locked().is_none() {
            self.lock = lock(&self.path, &self.lock_path)?;
        }
        probe(&self.path)?;
        let listener = bind_and_rename(&self.path, &self.permissions)?;
        self.identity = identity_of(&self.path)?;
        Ok(listener)
    }

    /// Removes the socket, if it is still ours. The path stays locked.
    pub fn remove_socket(&self) {
        let ours = |facts: fs::Metadata| (facts.dev(), facts.ino()) == self.identity;
        if fs::symlink_metadata(&self.path).is_ok_and(ours) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Drop for OwnedPath {
    fn drop(&mut self) {
        if !self.is_ours {
            return;
        }
        self.remove_socket();
        // Still locked: whoever opened it meanwhile sees that it is unlinked and starts again.
        let _ = fs::remove_file(&self.lock_path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take_plain(path: &Path) -> Result<(OwnedPath, UnixListener), OwnershipError> {
        take(path, &Permissions::default())
    }

    #[test]
    fn a_free_path_is_taken_and_given_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.sock");
        let (owned, _listener) = take_plain(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert!(UnixStream::connect(owned.path()).is_ok());
        drop(owned);
        let left = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(left, 0);
    }

    #[test]
    fn a_live_owner_keeps_its_path_and_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.sock");
        let (_owned, _listener) = take_plain(&path).unwrap();
        let error = take_plain(&path).unwrap_err();
        let named = format!("pid {}", std::process::id());
        assert!(error.to_string().contains(&named), "{error}");
    }

    #[test]
    fn an_owner_without_a_lock_keeps_its_path_too() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.sock");
        let _listener = UnixListener::bind(&path).unwrap();
        assert!(matches!(take_plain(&path), Err(OwnershipError::Taken { .. })));
    }

    #[test]
    fn a_stale_socket_is_replaced_and_another_file_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.sock");
        drop(UnixListener::bind(&path).unwrap());
        assert!(take_plain(&path).is_ok());
        fs::write(&path, "precious").unwrap();
        assert!(matches!(take_plain(&path), Err(OwnershipError::NotASocket { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }

    #[test]
    fn a_path_that_somebody_else_took_over_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.sock");
        let (owned, _listener) = take_plain(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let _other = UnixListener::bind(&path).unwrap();
        drop(owned);
        assert!(path.exists());
    }

    #[test]
    fn a_socket_that_was_removed_is_bound_anew_and_a_second_owner_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.sock");
        let (mut owned, _listener) = take_plain(&path).unwrap();
        assert!(matches!(owned.look_after(), Presence::There));
        for with_lock in [false, true] {
            fs::remove_file(&path).unwrap();
            if with_lock {
                fs::remove_file(directory.path().join("x.sock.lock")).unwrap();
            } else {
                assert!(matches!(take_plain(&path), Err(OwnershipError::Lost { .. })));
            }
            let Presence::Again(_listener) = owned.look_after() else { panic!("not bound anew") };
            assert!(UnixStream::connect(&path).is_ok());
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
            assert!(matches!(take_plain(&path), Err(OwnershipError::Taken { .. })));
        }
        fs::remove_dir_all(directory.path()).unwrap();
        assert!(matches!(owned.look_after(), Presence::Lost(_)));
    }

    #[test]
    fn a_path_too_long_for_an_address_is_refused_with_its_length() {
        let path = Path::new("/tmp").join("x".repeat(110));
        let error = take_plain(&path).unwrap_err().to_string();
        assert!(error.contains("115 bytes"), "{error}");
    }
}
