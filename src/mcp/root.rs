//! The directory that a model's paths cannot leave.
//!
//! This is the first of two checks, made to give a clear answer before anything is asked:
//! [`Root::resolve`] walks the path, follows links as the system would, and refuses what leaves.
//! The second one is the daemon's own, which resolves beneath the root by descriptor, so a link
//! that is swapped in between does not get through.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::{self, Metadata};
use std::os::unix::fs::FileTypeExt;
use std::path::{Component, Path, PathBuf};

/// Longest path that is looked at, in bytes.
const MAX_PATH: usize = 4095;
/// Links that one path may go through.
const MAX_LINKS: usize = 40;

/// Where a model may read and write files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// Beneath this directory, whose path has no links in it.
    Beneath(PathBuf),
    /// Nowhere, and why.
    Nowhere(String),
}

/// Why a path is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outside {
    /// The path as it was given, cut short.
    pub given: String,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for Outside {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} is outside the root: {}", self.given, self.reason)
    }
}

impl Root {
    /// The root by its rule: what `--root` names, else what `GOXEL_ROOT` names, else the directory
    /// of the start. `/` and the home directory are taken only from `--root`: a host that starts us
    /// there did not mean it.
    pub fn by_rule(flag: Option<&Path>, variable: Option<OsString>) -> Result<Root, String> {
        if let Some(path) = flag {
            return Root::open(path).map_err(|error| format!("--root {}: {error}", path.display()));
        }
        if let Some(path) = variable.filter(|value| !value.is_empty()).map(PathBuf::from) {
            let root = Root::open(&path);
            return root
                .map(|root| root.unless_too_wide("GOXEL_ROOT"))
                .map_err(|error| format!("GOXEL_ROOT {}: {error}", path.display()));
        }
        let here = std::env::current_dir().and_then(|path| Root::open(&path));
        Ok(match here {
            Ok(root) => root.unless_too_wide("the directory of the start"),
            Err(error) => Root::Nowhere(format!("the directory of the start: {error}")),
        })
    }

    /// A directory as the root.
    pub fn open(path: &Path) -> std::io::Result<Root> {
        let path = fs::canonicalize(path)?;
        if fs::metadata(&path)?.is_dir() {
            Ok(Root::Beneath(path))
        } else {
            Err(std::io::ErrorKind::NotADirectory.into())
        }
    }

    fn unless_too_wide(self, whose: &str) -> Root {
        let home = std::env::var_os("HOME").and_then(|home| fs::canonicalize(home).ok());
        match &self {
            Root::Beneath(path) if path.parent().is_none() || Some(path) == home.as_ref() => {
                Root::Nowhere(format!(
                    "{whose} is {}, which is too wide to be a root unless --root names it",
                    path.display()
                ))
            }
            _ => self,
        }
    }

    /// The directory, if there is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Root::Beneath(path) => Some(path),
            Root::Nowhere(_) => None,
        }
    }

    /// The path of a regular file beneath the root, or of one that can be made there, without links
    /// and `..`.
    pub fn resolve(&self, given: &str) -> Result<PathBuf, Outside> {
        let refuse = |reason: String| Outside { given: quoted(given), reason };
        let root = match self {
            Root::Beneath(root) => root,
            Root::Nowhere(why) => return Err(refuse(why.clone())),
        };
        if given.is_empty() {
            return Err(refuse("the path is empty".to_owned()));
        }
        if given.contains('\0') {
            return Err(refuse("it has a NUL in it".to_owned()));
        }
        if given.len() > MAX_PATH {
            return Err(refuse(format!("it has {} bytes, of at most {MAX_PATH}", given.len())));
        }
        let path = self.walk(root, Path::new(given)).map_err(refuse)?;
        match fs::symlink_metadata(&path) {
            Ok(found) if !found.is_file() => {
                Err(refuse(format!("it is {} and no regular file", kind(&found))))
            }
            _ if path == *root => Err(refuse("it is the root itself, not a file in it".to_owned())),
            _ => Ok(path),
        }
    }

    /// Goes along a path component by component, as the system would.
    fn walk(&self, root: &Path, given: &Path) -> Result<PathBuf, String> {
        let mut at = root.to_path_buf();
        let mut left: VecDeque<OsString> = VecDeque::new();
        enter(given, root, &mut at, &mut left);
        let mut links = 0;
        while let Some(name) = left.pop_front() {
            if name == OsStr::new("..") {
                at.pop();
                continue;
            }
            let next = at.join(&name);
            match fs::symlink_metadata(&next) {
                Ok(found) if found.is_symlink() => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err("it goes through too many links".to_owned());
                    }
                    let target = fs::read_link(&next).map_err(|error| error.to_string())?;
                    enter(&target, Path::new("/"), &mut at, &mut left);
                }
                _ => at = next,
            }
        }
        if at.starts_with(root) {
            Ok(at)
        } else {
            Err(format!("only files beneath {} are open to you", root.display()))
        }
    }
}

/// Puts the components of a path in front of those that are left. An absolute one begins at the top
/// again; one that names the root itself begins there.
fn enter(path: &Path, root: &Path, at: &mut PathBuf, left: &mut VecDeque<OsString>) {
    let rest = match path.strip_prefix(root) {
        Ok(rest) if path.is_absolute() => {
            *at = root.to_path_buf();
            rest
        }
        _ if path.is_absolute() => {
            *at = PathBuf::from("/");
            path
        }
        _ => path,
    };
    let names = rest.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
    });
    for name in names.collect::<Vec<_>>().into_iter().rev() {
        left.push_front(name);
    }
}

fn kind(found: &Metadata) -> &'static str {
    let kind = found.file_type();
    match () {
        () if kind.is_dir() => "a directory",
        () if kind.is_fifo() => "a FIFO",
        () if kind.is_socket() => "a socket",
        () if kind.is_char_device() || kind.is_block_device() => "a device",
        () => "something else",
    }
}

/// Characters of a path that a message shows.
const SHOWN: usize = 120;

fn quoted(given: &str) -> String {
    let mut shown: String = given.chars().take(SHOWN).collect();
    if shown.len() < given.len() {
        shown.push_str("...");
    }
    format!("{shown:?}")
}
