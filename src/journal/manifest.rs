//! The manifest: which files are the journal at present.
//!
//! Lines of text: `goxel-journal VERSION`, `generation N`, `socket PATH`, `base NUMBER FILE` for
//! each project that is in a file, and last `check HEX`, the CRC-32C of all lines before. It is
//! replaced by renaming, so it is always whole.

use super::record::{OLDEST_VERSION, VERSION};

/// The name of the manifest.
pub const MANIFEST: &str = "manifest";

/// What a manifest says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// Rises with each new log.
    pub generation: u64,
    /// The socket whose daemon keeps the journal.
    pub socket: String,
    /// The projects that are in files: the number of each, and the name of its file.
    pub bases: Vec<(u32, String)>,
}

/// Why a manifest cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadManifest {
    /// It is cut off or changed.
    #[error("the manifest of the journal is damaged")]
    Damaged,
    /// It is of another version.
    #[error(
        "the journal was written by another version of the program (its format is {0}, ours {VERSION})"
    )]
    Version(u32),
}

impl Manifest {
    /// The name of its log.
    pub fn log(&self) -> String {
        log_name(self.generation)
    }

    /// As the bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = format!("goxel-journal {VERSION}\ngeneration {}\n", self.generation);
        text += &format!("socket {}\n", self.socket.replace('\n', "?"));
        for (number, file) in &self.bases {
            text += &format!("base {number} {file}\n");
        }
        let check = crc32c::crc32c(text.as_bytes());
        text += &format!("check {check:08x}\n");
        text.into_bytes()
    }

    /// Reads the bytes of the file.
    pub fn read(bytes: &[u8]) -> Result<Manifest, BadManifest> {
        Self::parse(bytes).unwrap_or(Err(BadManifest::Damaged))
    }

    fn parse(bytes: &[u8]) -> Option<Result<Manifest, BadManifest>> {
        let text = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
        let (body, last) = text.rsplit_once('\n')?;
        let check = u32::from_str_radix(last.strip_prefix("check ")?, 16).ok()?;
        if crc32c::crc32c(text.get(..body.len() + 1)?.as_bytes()) != check {
            return None;
        }
        let mut lines = body.lines();
        let version = lines.next()?.strip_prefix("goxel-journal ")?.parse().ok()?;
        if !(OLDEST_VERSION..=VERSION).contains(&version) {
            return Some(Err(BadManifest::Version(version)));
        }
        let mut manifest = Manifest::default();
        for line in lines {
            match line.split_once(' ')? {
                ("generation", number) => manifest.generation = number.parse().ok()?,
                ("socket", path) => path.clone_into(&mut manifest.socket),
                ("base", base) => {
                    let (number, file) = base.split_once(' ')?;
                    let is_plain = file.starts_with("base-") && !file.contains('/');
                    manifest.bases.push((number.parse().ok()?, file.to_owned()));
                    is_plain.then_some(())?;
                }
                _ => return None,
            }
        }
        Some(Ok(manifest))
    }
}

/// The name of a log.
pub fn log_name(generation: u64) -> String {
    format!("log-{generation}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_comes_back_or_is_refused() {
        let bases = vec![(1, "base-3-1.gox".to_owned()), (7, "base-3-7.gox".to_owned())];
        let manifest = Manifest { generation: 3, socket: "/run/a b.sock".to_owned(), bases };
        let bytes = manifest.to_bytes();
        assert_eq!(Manifest::read(&bytes), Ok(manifest));
        for length in 0..bytes.len() {
            assert_eq!(Manifest::read(&bytes[..length]), Err(BadManifest::Damaged));
        }
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            assert!(Manifest::read(&changed).is_err(), "{place}");
        }
    }
}
