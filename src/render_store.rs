//! Pictures that the daemon keeps for its clients: a managed directory with a size cap and a life
//! time.
//!
//! A picture drawn without a path of its own goes here, is listed, and is removed when its time is
//! over, when the store is full (the oldest goes first), when a client asks for it, or when the
//! daemon stops. Helpers remove it. The directory is ours alone: nobody else may write to it. What
//! ended daemons left in it is removed at the start. The clock is the caller's.

use std::collections::VecDeque;
use std::collections::hash_map::RandomState;
use std::fs::File;
use std::hash::{BuildHasher, Hasher};
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{FlockOperation, flock};
use sha2::Sha256;
use sha2::digest::Output;

use crate::disk::{self, Lane};
use crate::file_access::check_private;
use crate::file_access::own::make_private;
use crate::format::FormatError;
use crate::job::Work;
use crate::memory;

/// Where pictures go, how long they live and how much room they have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderStoreSettings {
    /// The directory; created when the first picture is stored.
    pub directory: PathBuf,
    /// How long a picture lives.
    pub time_to_live: Duration,
    /// Bytes of all pictures together.
    pub max_bytes: u64,
    /// Time between two looks for what is over.
    pub cleanup_interval: Duration,
}

impl Default for RenderStoreSettings {
    /// An hour, 1 GiB, a look every 5 minutes.
    fn default() -> Self {
        let temporary = if cfg!(target_os = "macos") { "/var/tmp" } else { "/tmp" };
        let user = rustix::process::geteuid().as_raw();
        RenderStoreSettings {
            directory: PathBuf::from(format!("{temporary}/goxel_renders-{user}")),
            time_to_live: Duration::from_secs(3600),
            max_bytes: 1 << 30,
            cleanup_interval: Duration::from_secs(300),
        }
    }
}

/// A stored picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRender {
    /// Its file.
    pub path: PathBuf,
    /// Its length in bytes.
    pub bytes: u64,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// `sha256:` and 64 hexadecimal digits.
    pub checksum: String,
    /// The number by which it was asked for.
    pub session_id: String,
    /// When it was stored.
    pub created_at: SystemTime,
    /// When it will be removed.
    pub expires_at: SystemTime,
}

/// A picture that is about to be written.
#[derive(Debug)]
pub struct NewRender {
    /// Where.
    pub path: PathBuf,
    bytes: u64,
    session_id: String,
}

/// What the store has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RenderStoreTotals {
    /// Pictures stored.
    pub renders: u64,
    /// Looks for what is over.
    pub cleanups: u64,
    /// Files removed.
    pub files_cleaned: u64,
    /// Bytes of the files removed.
    pub bytes_freed: u64,
    /// Paths asked for that are not the store's.
    pub violations: u64,
}

/// A picture is larger than the whole store.
#[derive(Debug, thiserror::Error)]
#[error(
    "a picture of {bytes} bytes does not fit a store of {max_bytes}; raise GOXEL_RENDER_MAX_SIZE"
)]
pub struct TooLarge {
    /// The picture's size.
    bytes: u64,
    /// The store's.
    max_bytes: u64,
}

/// Pictures that the store has given up. When this is dropped a helper removes their files.
#[must_use]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Gone {
    /// How many.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    paths: Vec<PathBuf>,
}

impl Gone {
    /// Waits until the files are removed.
    pub fn removed(mut self) -> Work<()> {
        let paths = std::mem::take(&mut self.paths);
        Work::new(|slice| async move {
            let Some(first) = paths.first().cloned() else { return };
            let removing = disk::run(&slice, &first, move |note| {
                note.step("unlink")?;
                remove_files(&paths);
                Ok(())
            });
            // A disk that does not answer is told by its health; the store has given the pictures
            // up all the same.
            let _ = removing.await;
        })
    }
}

impl Drop for Gone {
    fn drop(&mut self) {
        let paths = std::mem::take(&mut self.paths);
        if let Some(first) = paths.first().cloned() {
            disk::post(Lane::Own, &first, move |_| remove_files(&paths));
        }
    }
}

fn remove_files(paths: &[PathBuf]) {
    for path in paths {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                log::warn!("cannot remove {}: {error}", path.display());
            }
            _ => {}
        }
    }
}

/// A number from the system's random source.
fn random() -> u32 {
    // Each RandomState is seeded by it.
    RandomState::new().build_hasher().finish() as u32
}

/// Whether a file is called as a store calls its pictures.
fn is_name(name: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some(name) = name.strip_prefix("render_").and_then(|name| name.strip_suffix(".png")) else {
        return false;
    };
    let parts: Vec<&str> = name.split('_').collect();
    let [seconds, session, unique] = parts[..] else { return false };
    let is_session = session.strip_prefix("auto").is_some_and(is_number);
    let is_unique = unique.len() == 8 && unique.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_number(seconds) && is_session && is_unique
}

/// The stored pictures, oldest first.
#[derive(Default)]
pub struct RenderStore {
    settings: RenderStoreSettings,
    /// Locked, once there is one, so that other daemons know of this one.
    directory: Option<File>,
    renders: VecDeque<StoredRender>,
    totals: RenderStoreTotals,
    last_cleanup: Option<SystemTime>,
}

impl RenderStore {
    /// An empty store.
    pub fn new(settings: RenderStoreSettings) -> Self {
        let (renders, totals) = Default::default();
        RenderStore { settings, directory: None, renders, totals, last_cleanup: None }
    }

    /// What it was set up with.
    pub fn settings(&self) -> &RenderStoreSettings {
        &self.settings
    }

    /// Makes room for a picture of so many bytes and tells where it goes, once the directory is
    /// [prepared]. Whoever has written it there calls [`RenderStore::keep`].
    ///
    /// # Errors
    /// A picture larger than the whole store.
    ///
    /// [prepared]: RenderStore::directory
    pub fn make_room(&mut self, bytes: u64, now: SystemTime) -> Result<NewRender, TooLarge> {
        let max_bytes = self.settings.max_bytes;
        if bytes > max_bytes {
            return Err(TooLarge { bytes, max_bytes });
        }
        let mut gone = self.clean_up(now);
        while self.bytes() + bytes > max_bytes {
            self.drop_oldest(&mut gone);
        }
        self.totals.renders += 1;
        let seconds = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let session_id = format!("auto{seconds}");
        // Nobody can know the name beforehand, and no two daemons choose the same.
        let name = format!("render_{seconds}_{session_id}_{:08x}.png", random());
        let path = self.settings.directory.join(name);
        Ok(NewRender { path, bytes, session_id })
    }

    /// Takes a picture into the store that was written to where [`RenderStore::make_room`] told.
    pub fn keep(
        &mut self,
        new: NewRender,
        [width, height]: [u32; 2],
        digest: &Output<Sha256>,
        now: SystemTime,
    ) -> &StoredRender {
        let NewRender { path, bytes, session_id } = new;
        self.renders.push_back(StoredRender {
            path,
            bytes,
            width,
            height,
            checksum: format!("sha256:{digest:x}"),
            session_id,
            created_at: now,
            expires_at: now + self.settings.time_to_live,
        });
        // Several may have been written at a time.
        let mut gone = Gone::default();
        while self.bytes() > self.settings.max_bytes && self.renders.len() > 1 {
            self.drop_oldest(&mut gone);
        }
        self.count_memory();
        &self.renders[self.renders.len() - 1]
    }

    /// A stored picture by its path. A path outside the store counts as a violation.
    pub fn find(&mut self, path: &Path) -> Option<&StoredRender> {
        let index = self.position(path)?;
        Some(&self.renders[index])
    }

    fn position(&mut self, path: &Path) -> Option<usize> {
        let found = self.renders.iter().position(|render| render.path == path);
        let leads_up = || path.components().any(|part| part == Component::ParentDir);
        if found.is_none() && (!path.starts_with(&self.settings.directory) || leads_up()) {
            self.totals.violations += 1;
        }
        found
    }

    /// Gives a picture up, or `None` if it is not the store's.
    pub fn remove(&mut self, path: &Path) -> Option<Gone> {
        let index = self.position(path)?;
        let render = self.renders.remove(index)?;
        let mut gone = Gone::default();
        self.give_up(render, &mut gone);
        Some(gone)
    }

    /// All pictures, oldest first.
    pub fn renders(&self) -> impl ExactSizeIterator<Item = &StoredRender> {
        self.renders.iter()
    }

    /// Bytes of all pictures.
    pub fn bytes(&self) -> u64 {
        self.renders.iter().map(|render| render.bytes).sum()
    }

    /// What has been done so far.
    pub fn totals(&self) -> RenderStoreTotals {
        self.totals
    }

    /// When it was looked for what is over last, and when it will be next.
    pub fn cleanup_times(&self, now: SystemTime) -> (Option<SystemTime>, SystemTime) {
        let next = self.last_cleanup.unwrap_or(now) + self.settings.cleanup_interval;
        (self.last_cleanup, next)
    }

    /// Gives up what is over.
    pub fn clean_up(&mut self, now: SystemTime) -> Gone {
        let mut gone = Gone::default();
        while self.renders.front().is_some_and(|oldest| oldest.expires_at <= now) {
            self.drop_oldest(&mut gone);
        }
        self.last_cleanup = Some(now);
        self.totals.cleanups += 1;
        gone
    }

    /// How long until something is over, if anything is stored.
    pub fn time_to_cleanup(&self, now: SystemTime) -> Option<Duration> {
        let oldest = self.renders.front()?;
        let left = oldest.expires_at.duration_since(now).unwrap_or_default();
        Some(left.min(self.settings.cleanup_interval))
    }

    /// Looks at the directory, if it is there already: it has to be ours alone. Removes the
    /// pictures that ended daemons have left there; while another daemon uses it as well, only
    /// those whose time is over.
    ///
    /// # Errors
    /// Why the directory cannot be used.
    pub fn open(&mut self, now: SystemTime) -> Result<(), FormatError> {
        let failed = self.failed("use the directory");
        if let Err(error) = std::fs::symlink_metadata(&self.settings.directory) {
            return match error.kind() {
                ErrorKind::NotFound => Ok(()),
                _ => Err(failed(error)),
            };
        }
        let directory = lock(&self.settings.directory).map_err(failed)?;
        // Who gets the whole lock is alone.
        let alone = flock(&directory, FlockOperation::NonBlockingLockExclusive).is_ok();
        self.sweep(now, alone);
        let _ = flock(&directory, FlockOperation::NonBlockingLockShared);
        self.directory = Some(directory);
        Ok(())
    }

    /// The directory, made if need be and opened, to be [held](RenderStore::hold); `None` if it is
    /// held already. It makes file calls.
    pub fn directory(&self) -> Option<impl FnOnce() -> io::Result<File> + Send + use<>> {
        let path = self.settings.directory.clone();
        let make = move || {
            make_private(&path)?;
            lock(&path)
        };
        self.directory.is_none().then_some(make)
    }

    /// Holds the directory that [`RenderStore::directory`] has opened: other daemons see that it is
    /// used.
    pub fn hold(&mut self, directory: File) {
        self.directory = Some(directory);
    }

    fn sweep(&self, now: SystemTime, all: bool) {
        let is_over = |facts: std::fs::Metadata| {
            let age = facts.modified().ok().and_then(|written| now.duration_since(written).ok());
            all || age.is_some_and(|age| age > self.settings.time_to_live)
        };
        let entries = std::fs::read_dir(&self.settings.directory).into_iter().flatten().flatten();
        let pictures = entries.filter(|entry| is_name(&entry.file_name().to_string_lossy()));
        for picture in pictures.filter(|picture| picture.metadata().is_ok_and(is_over)) {
            let _ = std::fs::remove_file(picture.path());
        }
    }

    fn failed(&self, action: &'static str) -> impl Fn(io::Error) -> FormatError + use<> {
        let path = self.settings.directory.clone();
        move |source| FormatError::Io { action, path: path.clone(), source }
    }

    fn drop_oldest(&mut self, gone: &mut Gone) {
        if let Some(oldest) = self.renders.pop_front() {
            self.give_up(oldest, gone);
        }
    }

    fn give_up(&mut self, render: StoredRender, gone: &mut Gone) {
        self.totals.files_cleaned += 1;
        self.totals.bytes_freed += render.bytes;
        gone.files += 1;
        gone.bytes += render.bytes;
        gone.paths.push(render.path);
        self.count_memory();
    }

    fn count_memory(&self) {
        let texts = self.renders.iter().map(|render| render.path.as_os_str().len());
        let rows = self.renders.capacity() * size_of::<StoredRender>();
        memory::note(memory::Kind::Pictures, (rows + texts.sum::<usize>()) as u64);
    }
}

/// Opens a directory, which tells other daemons that it is used.
fn lock(path: &Path) -> io::Result<File> {
    check_private(path)?;
    let directory = File::open(path)?;
    let _ = flock(&directory, FlockOperation::NonBlockingLockShared);
    Ok(directory)
}

impl Drop for RenderStore {
    fn drop(&mut self) {
        let mut gone = Gone::default();
        while !self.renders.is_empty() {
            self.drop_oldest(&mut gone);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use sha2::Digest;

    use super::*;
    use crate::format::replace_file;

    fn store(max_bytes: u64) -> (tempfile::TempDir, RenderStore) {
        let directory = tempfile::tempdir().unwrap();
        let settings = RenderStoreSettings {
            directory: directory.path().join("renders"),
            max_bytes,
            ..Default::default()
        };
        (directory, RenderStore::new(settings))
    }

    impl RenderStore {
        fn prepare(&mut self) -> io::Result<()> {
            let made = self.directory().map(|make| make()).transpose()?;
            made.into_iter().for_each(|directory| self.hold(directory));
            Ok(())
        }

        fn add(
            &mut self,
            png: &[u8],
            size: [u32; 2],
            now: SystemTime,
        ) -> Result<&StoredRender, TooLarge> {
            self.prepare().unwrap();
            let new = self.make_room(png.len() as u64, now)?;
            replace_file(&new.path, png).unwrap();
            Ok(self.keep(new, size, &Sha256::digest(png), now))
        }
    }

    #[test]
    fn pictures_that_were_written_at_the_same_time_share_the_room() {
        let (_directory, mut store) = store(10);
        let now = SystemTime::now();
        store.prepare().unwrap();
        let first = store.make_room(7, now).unwrap();
        let second = store.make_room(7, now).unwrap();
        for new in [first, second] {
            replace_file(&new.path, b"1234567").unwrap();
            store.keep(new, [1, 1], &Sha256::digest(b"1234567"), now);
        }
        assert_eq!((store.bytes(), store.renders().len()), (7, 1));
    }

    #[test]
    fn a_picture_lives_until_its_time_is_over() {
        let (_directory, mut store) = store(1000);
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let stored = store.add(b"picture", [1, 1], now).unwrap().clone();
        assert_eq!(std::fs::read(&stored.path).unwrap(), b"picture");
        assert_eq!(stored.checksum.len(), "sha256:".len() + 64);
        assert_eq!(store.clean_up(now + Duration::from_secs(3599)), Gone::default());
        let gone = store.clean_up(now + Duration::from_secs(3600));
        assert_eq!((gone.files, gone.bytes), (1, 7));
        drop(gone);
        assert!(!stored.path.exists());
    }

    #[test]
    fn a_full_store_gives_up_its_oldest() {
        let (_directory, mut store) = store(10);
        let first = store.add(b"1234567", [1, 1], SystemTime::now()).unwrap().path.clone();
        let second = store.add(b"1234567", [1, 1], SystemTime::now()).unwrap().path.clone();
        assert_ne!(first, second);
        assert!(!first.exists() && second.exists());
        assert!(store.add(b"12345678901", [1, 1], SystemTime::now()).is_err());
        assert!(second.exists());
        drop(store);
        assert!(!second.exists(), "nothing is left when the daemon stops");
    }

    #[test]
    fn only_its_own_files_are_removed() {
        let (directory, mut store) = store(100);
        let other = directory.path().join("other.png");
        std::fs::write(&other, "mine").unwrap();
        assert_eq!(store.remove(&other), None);
        assert!(store.find(&other).is_none());
        assert!(other.exists());
        assert_eq!(store.totals().violations, 2);
        let up = store.settings().directory.join("../other.png");
        assert!(store.find(&up).is_none());
        assert_eq!(store.totals().violations, 3, "a path that leads out again");
        let unknown = store.settings().directory.join("none.png");
        assert_eq!(store.remove(&unknown), None);
        assert_eq!(store.totals().violations, 3, "a picture whose time is over is no violation");
    }

    #[test]
    fn pictures_of_ended_daemons_are_swept_and_those_of_living_ones_kept() {
        let (directory, mut store) = store(1000);
        let left = directory.path().join("renders/render_5_auto5_00c0ffee.png");
        let other = directory.path().join("renders/render_mine.png");
        store.add(b"picture", [1, 1], SystemTime::now()).unwrap();
        for path in [&left, &other] {
            std::fs::write(path, "x").unwrap();
        }
        assert_eq!(std::fs::metadata(left.parent().unwrap()).unwrap().mode() & 0o777, 0o700);
        let settings = store.settings().clone();
        let mut second = RenderStore::new(settings.clone());
        second.open(SystemTime::now()).unwrap();
        assert!(left.exists(), "another daemon may have made it");
        drop((store, second));
        RenderStore::new(settings).open(SystemTime::now()).unwrap();
        assert!(!left.exists() && other.exists());
    }

    #[test]
    fn a_directory_that_others_can_write_to_is_refused() {
        let (directory, mut store) = store(1000);
        let path = directory.path().join("renders");
        std::fs::create_dir(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o777)).unwrap();
        assert!(store.open(SystemTime::now()).unwrap_err().to_string().contains("0777"));
        assert!(store.prepare().is_err());
    }
}
