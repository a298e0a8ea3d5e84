//! The one rule for the socket path.
//!
//! The daemon, `goxelctl` and the client library all ask [`socket_path`], so they always agree.
//! Once a program has asked, it keeps the answer: a path never moves while a process lives.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The environment variable that names the socket.
pub const SOCKET_PATH_VARIABLE: &str = "GOXEL_SOCKET_PATH";

/// The run directories of Homebrew, in the order in which they are looked for.
pub const HOMEBREW_RUN_DIRECTORIES: [&str; 2] =
    ["/opt/homebrew/var/run/goxel", "/usr/local/var/run/goxel"];

/// Where the socket is when nothing else says otherwise.
pub const FALLBACK_SOCKET_PATH: &str = "/tmp/goxel-daemon.sock";

/// Where a socket path came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A command line flag.
    Flag,
    /// [`SOCKET_PATH_VARIABLE`].
    Environment,
    /// A Homebrew run directory that exists.
    Homebrew,
    /// `$XDG_RUNTIME_DIR`.
    RuntimeDirectory,
    /// [`FALLBACK_SOCKET_PATH`].
    Fallback,
}

/// What the rule looks at besides the flag.
pub trait Surroundings {
    /// The value of an environment variable, if it is set.
    fn variable(&self, name: &str) -> Option<OsString>;
    /// Whether a directory exists.
    fn is_directory(&self, path: &Path) -> bool;
}

/// The surroundings of this process.
pub struct Process;

impl Surroundings for Process {
    fn variable(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name)
    }
    fn is_directory(&self, path: &Path) -> bool {
        path.is_dir()
    }
}

/// The socket path for this process: the flag, else the environment, else the Homebrew run
/// directory if it exists, else the XDG runtime directory, else `/tmp/goxel-daemon.sock`.
///
/// ```
/// use std::path::Path;
/// use goxel_daemon::socket_path::socket_path;
/// assert_eq!(socket_path(Some(Path::new("/run/x.sock"))).as_path(), Path::new("/run/x.sock"));
/// ```
pub fn socket_path(flag: Option<&Path>) -> PathBuf {
    resolve(flag, &Process).0
}

/// The socket path when neither a flag nor the environment names one.
pub fn default_path(surroundings: &dyn Surroundings) -> PathBuf {
    struct Unnamed<'a>(&'a dyn Surroundings);
    impl Surroundings for Unnamed<'_> {
        fn variable(&self, name: &str) -> Option<OsString> {
            self.0.variable(name).filter(|_| name != SOCKET_PATH_VARIABLE)
        }
        fn is_directory(&self, path: &Path) -> bool {
            self.0.is_directory(path)
        }
    }
    resolve(None, &Unnamed(surroundings)).0
}

/// Why a text that should be the path of a socket is none: an address of another kind would become
/// a file of its name.
///
/// ```
/// use std::path::Path;
/// use goxel_daemon::socket_path::not_a_path;
/// assert!(not_a_path(Path::new("tcp://localhost:7000")).is_some());
/// assert!(not_a_path(Path::new("/run/goxel.sock")).is_none());
/// ```
pub fn not_a_path(path: &Path) -> Option<String> {
    let text = path.to_str()?;
    let word = |scheme: &str| {
        scheme.len() > 1 && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+')
    };
    if let Some((scheme, rest)) = text.split_once(':') {
        if matches!(scheme, "unix" | "file") && rest.starts_with('/') {
            let path = format!("/{}", rest.trim_start_matches('/'));
            return Some(format!("{text} is a URL: give the path alone, {path}"));
        }
        if word(scheme) && rest.starts_with("//") {
            return Some(format!(
                "{text} is a URL: the daemon listens on Unix sockets only; give the path of one"
            ));
        }
        let is_port =
            !rest.is_empty() && rest.len() <= 5 && rest.bytes().all(|b| b.is_ascii_digit());
        if is_port && !scheme.contains('/') {
            return Some(format!(
                "{text} looks like a host and a port: the daemon listens on Unix sockets only; give the path of one \
                 (./{text} for a file of this name)"
            ));
        }
    }
    None
}

/// [`socket_path`] with its reasons: the path, and which part of the rule chose it.
pub fn resolve(flag: Option<&Path>, surroundings: &dyn Surroundings) -> (PathBuf, Origin) {
    let non_empty = |name| surroundings.variable(name).filter(|value| !value.is_empty());
    if let Some(path) = flag {
        return (path.to_owned(), Origin::Flag);
    }
    if let Some(path) = non_empty(SOCKET_PATH_VARIABLE) {
        return (path.into(), Origin::Environment);
    }
    for directory in HOMEBREW_RUN_DIRECTORIES.map(Path::new) {
        if surroundings.is_directory(directory) {
            return (directory.join("goxel.sock"), Origin::Homebrew);
        }
    }
    // The XDG specification asks to ignore values that are not absolute.
    let runtime = non_empty("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    match runtime {
        Some(directory) => (directory.join("goxel/goxel.sock"), Origin::RuntimeDirectory),
        None => (FALLBACK_SOCKET_PATH.into(), Origin::Fallback),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fake {
        variables: &'static [(&'static str, &'static str)],
        directories: &'static [&'static str],
    }

    impl Surroundings for Fake {
        fn variable(&self, name: &str) -> Option<OsString> {
            self.variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into())
        }
        fn is_directory(&self, path: &Path) -> bool {
            self.directories.iter().any(|directory| Path::new(directory) == path)
        }
    }

    #[test]
    fn each_step_of_the_rule_wins_over_those_after_it() {
        let all = Fake {
            variables: &[("GOXEL_SOCKET_PATH", "/env.sock"), ("XDG_RUNTIME_DIR", "/run/user/7")],
            directories: &HOMEBREW_RUN_DIRECTORIES,
        };
        let flag = resolve(Some(Path::new("/flag.sock")), &all);
        assert_eq!(flag, (PathBuf::from("/flag.sock"), Origin::Flag));
        assert_eq!(resolve(None, &all), (PathBuf::from("/env.sock"), Origin::Environment));

        let brew = Fake { variables: &[("XDG_RUNTIME_DIR", "/run/user/7")], ..all };
        let expected = PathBuf::from("/opt/homebrew/var/run/goxel/goxel.sock");
        assert_eq!(resolve(None, &brew), (expected, Origin::Homebrew));

        let second = Fake { directories: &HOMEBREW_RUN_DIRECTORIES[1..], ..brew };
        let expected = PathBuf::from("/usr/local/var/run/goxel/goxel.sock");
        assert_eq!(resolve(None, &second), (expected, Origin::Homebrew));

        let xdg = Fake { directories: &[], ..second };
        let expected = PathBuf::from("/run/user/7/goxel/goxel.sock");
        assert_eq!(resolve(None, &xdg), (expected, Origin::RuntimeDirectory));

        let relative = Fake { variables: &[("XDG_RUNTIME_DIR", "run")], ..xdg };
        assert_eq!(resolve(None, &relative).1, Origin::Fallback);
        let empty = Fake { variables: &[("GOXEL_SOCKET_PATH", "")], ..relative };
        assert_eq!(resolve(None, &empty), (FALLBACK_SOCKET_PATH.into(), Origin::Fallback));
    }
}
