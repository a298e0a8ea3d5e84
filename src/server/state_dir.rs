//! The state directory: what a daemon keeps for its next start, for its user's eyes only.
//!
//! It is named by `--state-dir`, else by the service manager, else it lies where a user's programs
//! keep their state. It is made when something is first put into it. Somebody else's directory, or
//! one that others may write to, is not used.

use std::io;
use std::path::{Path, PathBuf};

use super::config::Environment;
use crate::file_access::check_private;
use crate::file_access::own::make_private;

/// Where the state directory is, by the environment alone.
pub fn by_default(environment: &Environment) -> Option<PathBuf> {
    let absolute =
        |name| environment.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    // The service manager may name several, of which the first is the one to write to.
    let of_service = environment.get("STATE_DIRECTORY").and_then(|names| {
        let first = std::env::split_paths(names).next()?;
        Some(first).filter(|path| path.is_absolute())
    });
    // A home that is not there, as service users have, is not made: nobody would look there.
    let home = || absolute("HOME").filter(|home| home.is_dir());
    of_service
        .or_else(|| Some(absolute("XDG_STATE_HOME")?.join("goxel")))
        .or_else(|| Some(home()?.join(".local/state/goxel")))
}

/// Makes a directory inside the state directory, and that one itself, if they are not there yet.
///
/// # Errors
/// What the system refuses; a directory that is not ours or that others may write to.
pub fn make(state: &Path, inside: &str) -> io::Result<PathBuf> {
    let directory = state.join(inside);
    make_private(&directory)?;
    for directory in [state, &directory] {
        check_private(directory)?;
    }
    Ok(directory)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::*;

    fn default_of(variables: &[(&str, &str)]) -> Option<PathBuf> {
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
        by_default(&Environment { variables: variables.collect(), ..Environment::of_process() })
    }

    #[test]
    fn the_service_manager_comes_before_the_users_directories() {
        let all =
            [("HOME", "/"), ("XDG_STATE_HOME", "/x"), ("STATE_DIRECTORY", "/s/goxel:/s/other")];
        let expected = ["/.local/state/goxel", "/x/goxel", "/s/goxel"];
        for (count, expected) in (1..).zip(expected) {
            assert_eq!(default_of(&all[..count]), Some(PathBuf::from(expected)));
        }
        for none in ["not/absolute", "/dev/null/x", "/dev/null"] {
            assert_eq!(default_of(&[("HOME", none)]), None);
        }
        assert_eq!(default_of(&[]), None);
    }

    #[test]
    fn it_is_made_for_our_eyes_only_and_not_used_if_others_may_write_to_it() {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("a/state");
        let made = make(&state, "rescued").unwrap();
        for directory in [&state, &made] {
            assert_eq!(fs::metadata(directory).unwrap().mode() & 0o7777, 0o700);
        }
        fs::set_permissions(&state, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(make(&state, "rescued").unwrap_err().to_string().contains("mode 0777"));
    }
}
