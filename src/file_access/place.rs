//! The place that a path leads to: an open directory and a name in it.
//!
//! A path is resolved once, and whatever is done afterwards is done by descriptor, so that nobody
//! can put something else on the way meanwhile. Links on the way to the last name are followed as
//! the system does. The last name is followed only if nobody else could have planted the link: it
//! is ours or root's, and so is its directory, which others cannot write to. The system's own
//! protection of sticky directories would not do: it does not help those who resolve links
//! themselves. Beneath [`Roots`] nothing leads out of them.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{
    AtFlags, FileType as Kind, Mode, OFlags, Stat, fstat, openat, readlinkat, statat,
};
use rustix::io::Errno;

use super::roots::{Roots, Within};
use super::{FileIdentity, Refusal, own};

/// Links that are followed on the way to one file.
const MOST_LINKS: u32 = 40;

/// What a file is wanted for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// To be read.
    Read,
    /// To be made or replaced.
    Write,
}

/// A path as somebody gave it, and the roots that it may not leave.
#[derive(Clone, Debug, Default)]
pub struct FilePath {
    path: PathBuf,
    roots: Option<std::sync::Arc<Roots>>,
}

impl From<PathBuf> for FilePath {
    fn from(path: PathBuf) -> Self {
        FilePath { path, roots: None }
    }
}

impl From<&Path> for FilePath {
    fn from(path: &Path) -> Self {
        path.to_owned().into()
    }
}

impl From<&PathBuf> for FilePath {
    fn from(path: &PathBuf) -> Self {
        path.clone().into()
    }
}

impl FilePath {
    /// A path that may not leave roots, if there are any.
    pub fn within(path: &Path, roots: Option<std::sync::Arc<Roots>>) -> Self {
        FilePath { path: path.to_owned(), roots }
    }

    /// The directory that it is in.
    pub fn parent(&self) -> Option<FilePath> {
        let path = self.path.parent()?.to_owned();
        Some(FilePath { path, roots: self.roots.clone() })
    }

    /// A path that begins here.
    pub fn join(&self, path: &Path) -> FilePath {
        FilePath { path: self.path.join(path), roots: self.roots.clone() }
    }

    /// Whether it may not leave some directories.
    pub fn is_confined(&self) -> bool {
        self.roots.is_some()
    }

    /// The path as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The same, from the root of the file system on: a relative path begins at the daemon's
    /// working directory, or at the first of the directories that it may not leave.
    pub fn absolute(&self) -> PathBuf {
        let first = self.roots.as_ref().and_then(|roots| roots.first());
        match first {
            Some(first) => first.join(&self.path),
            None => std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone()),
        }
    }

    /// Where it leads to.
    ///
    /// # Errors
    /// What the system refuses, and what we do: links that others may have planted, paths that
    /// leave the roots, the daemon's own files.
    pub fn resolve(&self, purpose: Purpose) -> io::Result<Place> {
        if self.path == Path::new("-") {
            return Err(Refusal::NotRegular("the standard output").into());
        }
        let place = match &self.roots {
            Some(roots) => resolve_within(&self.path, roots, purpose)?,
            None => resolve_freely(&self.path)?,
        };
        if own::is_own(&place)? {
            return Err(Refusal::OwnFile.into());
        }
        Ok(place)
    }

    /// Where it leads to, for files of the daemon itself.
    ///
    /// # Errors
    /// What the system refuses, and links that others may have planted.
    pub fn resolve_own(&self) -> io::Result<Place> {
        resolve_freely(&self.path)
    }
}

/// A directory that is open, and a name in it: no link, whatever it is else.
#[derive(Debug)]
pub struct Place {
    pub(super) directory: OwnedFd,
    pub(super) name: OsString,
    path: PathBuf,
}

impl Place {
    /// The one path of it: absolute, with no link on the way.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The name in its directory.
    pub fn name(&self) -> &OsStr {
        &self.name
    }

    /// What is there: its facts if it is a regular file, `None` if there is nothing yet.
    ///
    /// # Errors
    /// What is no regular file, and what the system refuses.
    pub fn look(&self) -> io::Result<Option<Stat>> {
        match statat(&self.directory, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(facts) => super::require_regular_kind(Kind::from_raw_mode(facts.st_mode))
                .map(|()| Some(facts)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What the file there is like; `None` if there is none.
    ///
    /// # Errors
    /// Those of [`Place::look`].
    pub fn identity(&self) -> io::Result<Option<FileIdentity>> {
        Ok(self.look()?.as_ref().map(FileIdentity::from))
    }

    /// Opens the regular file that is there.
    ///
    /// # Errors
    /// What is no regular file, and what the system refuses.
    pub fn open_to_read(&self) -> io::Result<File> {
        // Looked at before as well: opening a device may do something.
        self.look()?.ok_or(Errno::NOENT)?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | WITHOUT_WAITING;
        let file = File::from(openat(&self.directory, &self.name, flags, Mode::empty())?);
        super::require_regular(&file.metadata()?)?;
        Ok(file)
    }

    /// Opens a log to be appended to, and makes it for our eyes and our group's if it is not there.
    /// It may be a pipe or a terminal.
    ///
    /// # Errors
    /// Other kinds of files, files of other users, and what the system refuses.
    pub fn open_log(&self) -> io::Result<File> {
        let flags =
            OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::NOFOLLOW | WITHOUT_WAITING;
        let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP;
        let file = openat(&self.directory, &self.name, flags, mode)?;
        let facts = fstat(&file)?;
        let kind = Kind::from_raw_mode(facts.st_mode);
        if matches!(kind, Kind::Fifo | Kind::CharacterDevice) {
            // Who writes to it is a helper, and may wait.
            rustix::fs::fcntl_setfl(&file, OFlags::APPEND)?;
        } else {
            super::require_regular_kind(kind)?;
            if !is_trusted(facts.st_uid) || facts.st_nlink > 1 {
                let why = "it belongs to another user, or has another name";
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, why));
            }
        }
        Ok(file.into())
    }

    /// Creates a file of another name in the same directory, for our eyes only. It must not be
    /// there yet.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn create_beside(&self, name: &OsStr) -> io::Result<File> {
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | WITHOUT_WAITING;
        Ok(openat(&self.directory, name, flags, Mode::RUSR | Mode::WUSR)?.into())
    }

    /// Creates a file without a name, for our eyes only; `None` where that cannot be done.
    #[cfg(target_os = "linux")]
    pub fn create_nameless(&self) -> Option<File> {
        let flags = OFlags::RDWR | OFlags::TMPFILE | OFlags::CLOEXEC;
        Some(openat(&self.directory, ".", flags, Mode::RUSR | Mode::WUSR).ok()?.into())
    }

    /// Creates a file without a name, for our eyes only; `None` where that cannot be done.
    #[cfg(not(target_os = "linux"))]
    pub fn create_nameless(&self) -> Option<File> {
        None
    }

    /// Gives a file that is open another name in the same directory.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn link_beside(&self, open: &str, name: &OsStr) -> io::Result<()> {
        let follow = AtFlags::SYMLINK_FOLLOW;
        Ok(rustix::fs::linkat(rustix::fs::CWD, open, &self.directory, name, follow)?)
    }

    /// Gives the file that is here another name in the same directory.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn link_as(&self, name: &OsStr) -> io::Result<()> {
        let flags = AtFlags::empty();
        Ok(rustix::fs::linkat(&self.directory, &self.name, &self.directory, name, flags)?)
    }

    /// Puts a file of another name in the same directory here, in place of what is here.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn rename_here(&self, from: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.directory, from, &self.directory, &self.name)?)
    }

    /// Removes a file of another name in the same directory.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn remove_beside(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.directory, name, AtFlags::empty())?)
    }

    /// Opens the directory anew, to be read or synced.
    ///
    /// # Errors
    /// What the system refuses.
    pub fn open_directory(&self) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | WITHOUT_WAITING;
        Ok(openat(&self.directory, ".", flags, Mode::empty())?.into())
    }
}

pub(super) const WITHOUT_WAITING: OFlags =
    OFlags::NONBLOCK.union(OFlags::CLOEXEC).union(OFlags::NOCTTY);
const DIRECTORY: OFlags = OPEN_PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
#[cfg(target_os = "linux")]
const OPEN_PATH: OFlags = OFlags::PATH;
#[cfg(not(target_os = "linux"))]
const OPEN_PATH: OFlags = OFlags::RDONLY;

/// The directory and the last name of a path.
fn split(path: &Path) -> io::Result<(PathBuf, OsString)> {
    let names_none = || io::Error::from(Refusal::NotRegular("a directory"));
    let is_directory = path.as_os_str().as_bytes().ends_with(b"/");
    let name = path.file_name().filter(|_| !is_directory).ok_or_else(names_none)?;
    let parent = path.parent().unwrap_or(Path::new(""));
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    Ok((parent.to_owned(), name.to_owned()))
}

/// What the link says that a name in a directory is, if it is one that may be followed; `None` if
/// it is no link.
fn link_at(directory: &OwnedFd, name: &OsStr) -> io::Result<Option<PathBuf>> {
    let link = match statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(facts) if Kind::from_raw_mode(facts.st_mode) == Kind::Symlink => facts,
        Ok(_) | Err(Errno::NOENT) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if !is_trusted(link.st_uid) || is_open_to_others(&fstat(directory)?) {
        return Err(Refusal::Link.into());
    }
    let target = readlinkat(directory, name, Vec::new())?;
    Ok(Some(PathBuf::from(OsString::from_vec(target.into_bytes()))))
}

/// Whether a user could not harm us anyway.
pub(super) fn is_trusted(uid: u32) -> bool {
    uid == 0 || uid == rustix::process::geteuid().as_raw()
}

/// Whether somebody else may put something into a directory.
fn is_open_to_others(directory: &Stat) -> bool {
    let ours = rustix::process::getegid().as_raw();
    let by_group = directory.st_mode & 0o020 != 0 && directory.st_gid != ours;
    !is_trusted(directory.st_uid) || directory.st_mode & 0o002 != 0 || by_group
}

/// Whether a directory shows processes and their files: `/dev/stdout` leads there, too.
#[cfg(target_os = "linux")]
fn is_of_processes(directory: &OwnedFd) -> bool {
    const PROCFS: u32 = 0x9fa0;
    rustix::fs::fstatfs(directory).is_ok_and(|system| system.f_type as u32 == PROCFS)
}

#[cfg(not(target_os = "linux"))]
fn is_of_processes(_: &OwnedFd) -> bool {
    false
}

fn too_many_links() -> io::Error {
    Errno::LOOP.into()
}

/// Where a path leads to that may lead anywhere.
fn resolve_freely(path: &Path) -> io::Result<Place> {
    let (mut parent, mut name) = split(path)?;
    let mut directory = openat(rustix::fs::CWD, &parent, DIRECTORY, Mode::empty())?;
    for _ in 0..MOST_LINKS {
        if is_of_processes(&directory) {
            return Err(Refusal::NotRegular("a view of the system").into());
        }
        let Some(target) = link_at(&directory, &name)? else {
            let path = std::fs::canonicalize(&parent)?.join(&name);
            return Ok(Place { directory, name, path });
        };
        let next;
        (next, name) = split(&target)?;
        directory = openat(&directory, &next, DIRECTORY, Mode::empty())?;
        parent = parent.join(next);
    }
    Err(too_many_links())
}

/// Where a path leads to that may not leave roots.
fn resolve_within(path: &Path, roots: &Roots, purpose: Purpose) -> io::Result<Place> {
    let mut within = roots.find(path, purpose).ok_or_else(|| outside(roots))?;
    for _ in 0..MOST_LINKS {
        let (parent, name) = split(&within.rest)?;
        let mut walk = Walk { roots, purpose, within, links: 0 };
        let directory = walk.directory(&parent)?;
        if is_of_processes(&directory) {
            return Err(Refusal::NotRegular("a view of the system").into());
        }
        let Some(target) = link_at(&directory, &name)? else {
            let path = real_path(&directory, walk.within.root_path(), &parent).join(&name);
            return Ok(Place { directory, name, path });
        };
        within = if target.is_absolute() {
            roots.find(&target, purpose)
        } else {
            let here = real_path(&directory, walk.within.root_path(), &parent);
            walk.within.at(&here.join(target))
        }
        .ok_or_else(|| outside(roots))?;
    }
    Err(too_many_links())
}

fn outside(roots: &Roots) -> io::Error {
    Refusal::Outside(roots.names().into()).into()
}

/// The path of an open directory, to be compared and shown.
fn real_path(directory: &OwnedFd, root: &Path, rest: &Path) -> PathBuf {
    use std::os::fd::AsRawFd;
    let link = PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd()));
    std::fs::read_link(link)
        .or_else(|_| std::fs::canonicalize(root.join(rest)))
        .unwrap_or_else(|_| root.join(rest))
}

/// A way beneath a root.
struct Walk<'a> {
    roots: &'a Roots,
    purpose: Purpose,
    within: Within<'a>,
    links: u32,
}

impl Walk<'_> {
    /// Opens a directory beneath the root.
    fn directory(&mut self, path: &Path) -> io::Result<OwnedFd> {
        match beneath(self.within.directory(), path) {
            Ok(directory) => Ok(directory),
            // The system refuses absolute links even if they stay inside, and may not have the call
            // at all.
            Err(
                Errno::XDEV
                | Errno::NOSYS
                | Errno::PERM
                | Errno::LOOP
                | Errno::AGAIN
                | Errno::INVAL,
            ) => self.step_by_step(path),
            Err(error) => Err(error.into()),
        }
    }

    /// The same with one call for each name.
    fn step_by_step(&mut self, path: &Path) -> io::Result<OwnedFd> {
        let mut names: VecDeque<OsString> = parts(path);
        let mut above: Vec<OwnedFd> = Vec::new();
        let top = |above: &[OwnedFd], within: &Within<'_>| match above.last() {
            Some(directory) => directory.try_clone(),
            None => within.directory().try_clone_to_owned(),
        };
        while let Some(name) = names.pop_front() {
            if name == ".." {
                above.pop().ok_or_else(|| outside(self.roots))?;
                continue;
            }
            let here = top(&above, &self.within)?;
            let facts = statat(&here, &name, AtFlags::SYMLINK_NOFOLLOW)?;
            if Kind::from_raw_mode(facts.st_mode) != Kind::Symlink {
                let flags = DIRECTORY | OFlags::NOFOLLOW;
                above.push(openat(&here, &name, flags, Mode::empty())?);
                continue;
            }
            self.links += 1;
            if self.links > MOST_LINKS {
                return Err(too_many_links());
            }
            let target = readlinkat(&here, &name, Vec::new())?;
            let mut target = PathBuf::from(OsString::from_vec(target.into_bytes()));
            // A link may lead above the root and back into one.
            let up = parts(&target).iter().take_while(|part| *part == "..").count();
            if target.is_relative() && up > above.len() {
                let here = real_path(&here, self.within.root_path(), Path::new(""));
                let from = here.ancestors().nth(up).unwrap_or(Path::new("/"));
                target = from.join(parts(&target).into_iter().skip(up).collect::<PathBuf>());
            }
            if target.is_absolute() {
                let found = self.roots.find(&target, self.purpose);
                let found = found.ok_or_else(|| outside(self.roots))?;
                above.clear();
                target = found.rest.clone();
                self.within = found.root();
            }
            for part in parts(&target).into_iter().rev() {
                names.push_front(part);
            }
        }
        top(&above, &self.within)
    }
}

fn parts(path: &Path) -> VecDeque<OsString> {
    let parts = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    });
    parts.collect()
}

#[cfg(target_os = "linux")]
fn beneath(directory: impl AsFd, path: &Path) -> Result<OwnedFd, Errno> {
    use rustix::fs::{ResolveFlags, openat2};
    let how = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    openat2(directory, path, DIRECTORY, Mode::empty(), how)
}

#[cfg(not(target_os = "linux"))]
fn beneath(_: impl AsFd, _: &Path) -> Result<OwnedFd, Errno> {
    Err(Errno::NOSYS)
}
