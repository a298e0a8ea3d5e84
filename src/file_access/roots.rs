//! The directories that clients are confined to.
//!
//! A root is open as long as it is one: renaming it or putting something else in its place lets
//! nobody out. Some may be read only. A connection may get fewer or smaller roots, never more.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags, openat};

use super::place::Purpose;

/// A directory that clients may use.
#[derive(Debug)]
struct Root {
    /// As it was given.
    given: PathBuf,
    /// With no link on the way.
    real: PathBuf,
    directory: OwnedFd,
    is_writable: bool,
}

/// Directories of which a path may not leave the one that it is in. Relative paths are in the
/// first.
#[derive(Debug, Default)]
pub struct Roots(Vec<Root>);

/// A path as part of a root.
#[derive(Clone, Debug)]
pub(super) struct Within<'a> {
    root: &'a Root,
    /// The path from there.
    pub(super) rest: PathBuf,
}

impl<'a> Within<'a> {
    pub(super) fn directory(&self) -> BorrowedFd<'a> {
        self.root.directory.as_fd()
    }

    pub(super) fn root_path(&self) -> &'a Path {
        &self.root.real
    }

    /// A path in the same root, told by where it really is.
    pub(super) fn at(&self, real: &Path) -> Option<Within<'a>> {
        let rest = real.strip_prefix(&self.root.real).ok()?.to_owned();
        Some(Within { root: self.root, rest })
    }

    /// The root itself.
    pub(super) fn root(&self) -> Within<'a> {
        Within { root: self.root, rest: PathBuf::new() }
    }
}

impl Roots {
    /// Opens directories; those of `read_only` come after the others.
    ///
    /// # Errors
    /// The first that is no directory or cannot be opened, and why.
    pub fn open(roots: &[PathBuf], read_only: &[PathBuf]) -> Result<Roots, (PathBuf, io::Error)> {
        let all = roots.iter().map(|path| (path, true)).chain(read_only.iter().map(|p| (p, false)));
        let opened = all.map(|(path, is_writable)| {
            Root::open(path, is_writable).map_err(|error| (path.clone(), error))
        });
        opened.collect::<Result<_, _>>().map(Roots)
    }

    /// Fewer or smaller roots. Directories that do not lie in these are refused.
    ///
    /// # Errors
    /// The first that cannot be had, and why: it lies outside, or the system refuses it.
    pub fn narrow(
        current: Option<&Roots>,
        roots: &[PathBuf],
        read_only: &[PathBuf],
    ) -> Result<Roots, (PathBuf, io::Error)> {
        let wanted = Roots::open(roots, read_only)?;
        let Some(current) = current else { return Ok(wanted) };
        for root in &wanted.0 {
            let may_lie_in = |outer: &&Root| outer.is_writable || !root.is_writable;
            let mut outer = current.0.iter().filter(may_lie_in);
            if !outer.any(|outer| root.real.starts_with(&outer.real)) {
                let refusal = super::Refusal::Outside(current.names().into());
                return Err((root.given.clone(), refusal.into()));
            }
        }
        Ok(wanted)
    }

    /// The root that a path is in by its text, which may still lead out of it.
    pub(super) fn find(&self, path: &Path, purpose: Purpose) -> Option<Within<'_>> {
        let may = |root: &&Root| root.is_writable || purpose == Purpose::Read;
        if path.is_relative() {
            let root = self.0.first().filter(may)?;
            return Some(Within { root, rest: path.to_owned() });
        }
        let within = self.0.iter().filter(may).flat_map(|root| {
            let rest = [&root.given, &root.real].map(|start| path.strip_prefix(start).ok());
            rest.into_iter().flatten().map(move |rest| Within { root, rest: rest.to_owned() })
        });
        within.min_by_key(|within| within.rest.components().count())
    }

    /// The directory that relative paths begin at.
    pub fn first(&self) -> Option<&Path> {
        self.0.first().map(|root| &*root.given)
    }

    /// The directories as they were given: those to write to, or those to read only.
    pub fn paths(&self, is_writable: bool) -> Vec<String> {
        let roots = self.0.iter().filter(|root| root.is_writable == is_writable);
        roots.map(|root| root.given.display().to_string()).collect()
    }

    /// All of them, as errors name them.
    pub(super) fn names(&self) -> Vec<String> {
        let to_read = self.paths(false).into_iter().map(|path| format!("{path} (to read)"));
        self.paths(true).into_iter().chain(to_read).collect()
    }
}

impl Root {
    fn open(path: &Path, is_writable: bool) -> io::Result<Root> {
        let given = std::path::absolute(path)?;
        let real = std::fs::canonicalize(&given)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = openat(rustix::fs::CWD, &real, flags, Mode::empty())?;
        Ok(Root { given, real, directory, is_writable })
    }
}
