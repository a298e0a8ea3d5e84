//! The files of a journal, behind a seam: the real ones here, simulated ones in the tests.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::pieces::Log;
use crate::disk::{self, Lane, Pending};

/// The directory of a journal.
pub trait Disk {
    /// The whole content of a file.
    fn read(&mut self, name: &str) -> io::Result<Vec<u8>>;
    /// Opens a file to read a log from it, piece by piece.
    fn log(&mut self, name: &str) -> io::Result<Box<dyn Log>>;
    /// The names of all files.
    fn names(&mut self) -> io::Result<Vec<String>>;
    /// Makes a new, empty file, in the place of one with that name.
    fn create(&mut self, name: &str) -> io::Result<Box<dyn DiskFile>>;
    /// Opens a file to append to it.
    fn open(&mut self, name: &str) -> io::Result<Box<dyn DiskFile>>;
    /// Gives a file another name, in the place of one with that name.
    fn rename(&mut self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file.
    fn remove(&mut self, name: &str) -> io::Result<()>;
    /// Waits until names are on the disk.
    fn sync_names(&mut self) -> io::Result<()>;
}

/// A file that only grows.
pub trait DiskFile {
    /// Appends some of the bytes; how many.
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize>;
    /// Cuts it to a length.
    fn cut(&mut self, length: u64) -> io::Result<()>;
    /// Waits until all that was appended is on the disk.
    fn sync(&mut self) -> io::Result<()>;
    /// Begins to bring all that was appended to the disk, and does not wait.
    fn start_sync(&mut self);
    /// How the sync that was begun ended, if one has.
    fn ended_sync(&mut self) -> Option<io::Result<()>>;
}

/// A real directory.
pub struct RealDisk {
    directory: PathBuf,
}

impl RealDisk {
    /// The directory, which must exist.
    pub fn new(directory: PathBuf) -> Self {
        RealDisk { directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn file(&self, options: &mut OpenOptions, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let no_links = rustix::fs::OFlags::NOFOLLOW.bits() as i32;
        let file = options.mode(0o600).custom_flags(no_links).open(self.path(name))?;
        let (file, directory) = (Arc::new(file), self.directory.clone());
        Ok(Box::new(RealFile { file, directory, is_named: false, sync: None }))
    }
}

impl Disk for RealDisk {
    fn read(&mut self, name: &str) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        open_to_read(&self.path(name))?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
    fn log(&mut self, name: &str) -> io::Result<Box<dyn Log>> {
        let file = open_to_read(&self.path(name))?;
        if !file.metadata()?.is_file() {
            let what = "it is no regular file; move it away, or begin anew with --fresh";
            return Err(io::Error::other(what));
        }
        Ok(Box::new(file))
    }
    fn names(&mut self) -> io::Result<Vec<String>> {
        let entries = std::fs::read_dir(&self.directory)?;
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }
    fn create(&mut self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        self.file(OpenOptions::new().append(true).create(true).truncate(false), name)
            .and_then(|mut file| file.cut(0).map(|()| file))
    }
    fn open(&mut self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        self.file(OpenOptions::new().append(true), name)
    }
    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.path(from), self.path(to))
    }
    fn remove(&mut self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.path(name))
    }
    fn sync_names(&mut self) -> io::Result<()> {
        sync_directory(&self.directory)
    }
}

/// Neither a link nor a pipe in the place of one of our files is followed or waited for.
fn open_to_read(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(path)
}

fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Brings a manifest to the disk that was put in place a moment ago, and its name.
fn sync_manifest(directory: &Path) -> io::Result<()> {
    open_to_read(&directory.join(super::MANIFEST))?.sync_all()?;
    sync_directory(directory)
}

struct RealFile {
    file: Arc<File>,
    directory: PathBuf,
    /// Whether a sync has brought the names of the files to the disk.
    is_named: bool,
    /// The sync under way.
    sync: Option<Pending<()>>,
}

impl DiskFile for RealFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.file).write(bytes)
    }
    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.file.set_len(length)
    }
    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn start_sync(&mut self) {
        let (file, directory) = (Arc::clone(&self.file), self.directory.clone());
        let is_named = std::mem::replace(&mut self.is_named, true);
        self.sync = Some(disk::start(Lane::Journal, &self.directory, move |note| {
            note.step("fdatasync")?;
            if !is_named {
                sync_manifest(&directory)?;
            }
            file.sync_data()
        }));
    }

    fn ended_sync(&mut self) -> Option<io::Result<()>> {
        let ended = self.sync.as_mut()?.take();
        if ended.is_some() {
            self.sync = None;
        }
        ended
    }
}
