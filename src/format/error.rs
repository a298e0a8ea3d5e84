//! What can go wrong between a document and a file, with the facts in it.

use std::path::{Path, PathBuf};

use crate::file_access;

/// Why a file could not be read or written. The document at hand is never touched by a failure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The system refused something.
    #[error("cannot {action} '{}': {source}", path.display())]
    Io {
        /// What was tried: "open", "create a file beside", ...
        action: &'static str,
        /// On which path.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: std::io::Error,
    },
    /// Nobody knows a format of this name or ending.
    #[error("unknown format '{name}'; known are {known}")]
    UnknownFormat {
        /// What was asked for.
        name: String,
        /// What could have been asked for.
        known: String,
    },
    /// The path has no ending that names a format, and the content names none either.
    #[error("'{}' is in no known format; known are {known}", path.display())]
    Unrecognised {
        /// The file.
        path: PathBuf,
        /// Formats that can be read.
        known: String,
    },
    /// The format exists, but not in this direction.
    #[error("format '{format}' cannot be {direction}; {known}")]
    OneWay {
        /// The format.
        format: &'static str,
        /// "read" or "written".
        direction: &'static str,
        /// What can.
        known: String,
    },
    /// The bytes are not what the format says they should be.
    #[error("{}not a valid {format} file: {what} at byte {offset}; expected {expected}",
        path.as_ref().map(|p| format!("'{}' is ", p.display())).unwrap_or_default())]
    Invalid {
        /// The file, where there is one.
        path: Option<PathBuf>,
        /// The format it was read as.
        format: &'static str,
        /// Where in the file, counted in bytes from 0.
        offset: u64,
        /// What is there.
        what: String,
        /// What should be there.
        expected: String,
    },
    /// A named limit was reached.
    #[error("{what} is over the limit {limit_name} = {limit}: {got}")]
    Limit {
        /// What is too large.
        what: String,
        /// The limit's name, as options and configuration spell it.
        limit_name: &'static str,
        /// Its value.
        limit: u64,
        /// What was found.
        got: u64,
    },
    /// The document holds something that the format has no room for.
    #[error("format '{format}' cannot hold this document: {what}")]
    DoesNotFit {
        /// The format.
        format: &'static str,
        /// What does not fit, and how far it is off.
        what: String,
    },
}

impl FormatError {
    /// The file the error is about, where there is one.
    pub fn path(&self) -> Option<&Path> {
        match self {
            FormatError::Io { path, .. } | FormatError::Unrecognised { path, .. } => Some(path),
            FormatError::Invalid { path, .. } => path.as_deref(),
            _ => None,
        }
    }

    /// The place in the file, in bytes from its start, where there is one.
    pub fn offset(&self) -> Option<u64> {
        match self {
            FormatError::Invalid { offset, .. } => Some(*offset),
            _ => None,
        }
    }

    /// What was expected instead, where that can be said apart from the message.
    pub fn expected(&self) -> Option<&str> {
        match self {
            FormatError::Invalid { expected, .. } => Some(expected),
            FormatError::UnknownFormat { known, .. }
            | FormatError::Unrecognised { known, .. }
            | FormatError::OneWay { known, .. } => Some(known),
            _ => None,
        }
    }

    /// The reason, where there is one apart from the message: the name of a refusal of ours, or the
    /// system's words.
    pub fn reason(&self) -> Option<String> {
        match self {
            FormatError::Io { source, .. } => Some(file_access::reason_of(source)),
            _ => None,
        }
    }

    /// The system call that has not come back in time, if that is the reason.
    pub fn stuck_call(&self) -> Option<&'static str> {
        match self {
            FormatError::Io { source, .. } => file_access::refusal_of(source)?.call(),
            _ => None,
        }
    }

    /// The directories that the path leads out of, if that is what is wrong.
    pub fn roots_left(&self) -> Option<std::sync::Arc<[String]>> {
        let FormatError::Io { source, .. } = self else { return None };
        match file_access::refusal_of(source)? {
            file_access::Refusal::Outside(roots) => Some(roots),
            _ => None,
        }
    }

    /// Whether the disk is to blame, and not the path or the document.
    pub fn is_of_disk(&self) -> bool {
        use rustix::io::Errno;
        let FormatError::Io { source, .. } = self else { return false };
        let of_disk = [Errno::NOSPC, Errno::IO, Errno::DQUOT, Errno::ROFS];
        Errno::from_io_error(source).is_some_and(|errno| of_disk.contains(&errno))
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        if let FormatError::Io { source, .. } = self
            && let Some(refusal) = file_access::refusal_of(source)
        {
            return refusal.hint().to_owned();
        }
        match self {
            FormatError::Io { source, .. } => match source.kind() {
                std::io::ErrorKind::NotFound => {
                    "check the path; directories are not created".to_owned()
                }
                std::io::ErrorKind::PermissionDenied => {
                    "the server's user needs permission there".to_owned()
                }
                _ => "see the system's reason".to_owned(),
            },
            FormatError::UnknownFormat { .. } | FormatError::Unrecognised { .. } => {
                "name one of the known formats with 'format', or use its ending".to_owned()
            }
            FormatError::OneWay { .. } => "choose one of the formats named".to_owned(),
            FormatError::Invalid { .. } => {
                "the file is damaged or of another format; nothing was changed".to_owned()
            }
            FormatError::Limit { limit_name, .. } if limit_name.starts_with("max_") => {
                let flag = limit_name.replace('_', "-");
                format!("raise {limit_name} (--{flag}) if the file is meant to be this large")
            }
            FormatError::Limit { .. } => {
                "raise --max-voxel-memory, or close what is not needed".to_owned()
            }
            FormatError::DoesNotFit { .. } => {
                "export a part of the document, or use gox, which holds everything".to_owned()
            }
        }
    }

    /// The same error, telling the file.
    pub(crate) fn in_file(mut self, file: &Path) -> Self {
        if let FormatError::Invalid { path, .. } = &mut self {
            path.get_or_insert_with(|| file.to_owned());
        }
        self
    }

    pub(crate) fn io(action: &'static str, path: &Path, source: std::io::Error) -> Self {
        FormatError::Io { action, path: path.to_owned(), source }
    }
}
