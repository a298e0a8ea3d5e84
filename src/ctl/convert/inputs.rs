//! Which files are meant: files themselves, all models below a directory, or those that a pattern
//! fits.

use std::path::{Path, PathBuf};

use crate::ctl::exit::Failure;
use crate::format;

/// The deepest that directories are gone into.
const DEPTH_MAX: usize = 32;

/// All inputs, in order.
pub(super) fn expand(named: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for path in named {
        let text = path.to_string_lossy();
        if path.is_dir() {
            files_below(path, 0, &mut files);
        } else if !path.exists() && text.contains(['*', '?']) {
            let before = files.len();
            matching(path, &mut files);
            if files.len() == before {
                let none = std::io::Error::from(std::io::ErrorKind::NotFound);
                return Err(Failure::NoInput(path.clone(), none));
            }
        } else {
            files.push(path.clone());
        }
    }
    if files.is_empty() {
        return Err(Failure::Usage("there is no file to convert".to_owned()));
    }
    Ok(files)
}

/// Files with an ending that can be read.
fn files_below(directory: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    for path in entries(directory) {
        if path.is_dir() && !path.is_symlink() {
            if depth < DEPTH_MAX {
                files_below(&path, depth + 1, files);
            }
        } else if format::by_extension(&path).is_some_and(format::Format::can_read) {
            files.push(path);
        }
    }
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// Files whose names fit the last part of a path.
fn matching(pattern: &Path, files: &mut Vec<PathBuf>) {
    let directory = pattern.parent().unwrap_or(Path::new(""));
    let wanted = pattern.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for path in entries(directory).into_iter().filter(|path| path.is_file()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if fits(wanted.as_bytes(), name.as_bytes()) {
            files.push(directory.join(name));
        }
    }
}

/// Whether a name fits a pattern: `*` stands for any letters, `?` for one.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern, name) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => {
            fits(rest, name) || (!name.is_empty() && fits(pattern, &name[1..]))
        }
        ([b'?', rest @ ..], [_, name @ ..]) => fits(rest, name),
        ([letter, rest @ ..], [first, name @ ..]) if letter == first => fits(rest, name),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_names() {
        for (pattern, name, is_fit) in [
            ("*.vox", "a.vox", true),
            ("*.vox", "a.gox", false),
            ("a?c*", "abcd", true),
            ("a?c", "ac", false),
            ("*", "", true),
        ] {
            assert_eq!(fits(pattern.as_bytes(), name.as_bytes()), is_fit, "{pattern} {name}");
        }
    }
}
