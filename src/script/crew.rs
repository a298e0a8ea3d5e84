//! The processes of scripts: started, kept ready, ended, and waited for.
//!
//! All of it belongs to the thread that calls: the daemon's loop. One process is kept ready once
//! scripts are used, and let go of when nobody has needed it for a minute. A process that is let go
//! of is killed and then waited for, a look at a time, so that none is left behind and nobody waits
//! for it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{Confinement, Limits, WORKER_NAME, confinement};

/// How long a process is kept ready.
const SPARE_LIFE: Duration = Duration::from_secs(60);
/// Time between two looks for processes that are ending.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// Bytes that are read at once.
const READ: usize = 64 << 10;

/// Whether this program can be the process of a script itself.
static CAN_BE_ONE: AtomicBool = AtomicBool::new(false);

thread_local! {
    static CREW: RefCell<Crew> = RefCell::default();
}

#[derive(Default)]
struct Crew {
    spare: Option<(Process, Instant)>,
    ending: Vec<Child>,
    running: usize,
    waiting: VecDeque<u64>,
    last: u64,
    limits: Limits,
    /// Blocks of documents that scripts got.
    blocks_read: u64,
    /// What processes gave up, once one has told.
    confinement: Option<Confinement>,
}

/// Says that this program becomes the process of a script when it is started under the name of one.
pub fn can_be_one() {
    CAN_BE_ONE.store(true, Ordering::Relaxed);
}

/// The program that is started for a script.
fn program() -> Option<PathBuf> {
    if CAN_BE_ONE.load(Ordering::Relaxed) {
        // Also after the file was replaced by a newer one.
        let own = Path::new("/proc/self/exe");
        return if own.exists() { Some(own.to_owned()) } else { std::env::current_exe().ok() };
    }
    let own = std::env::current_exe().ok()?;
    let beside = own.parent().into_iter().chain(own.parent().and_then(Path::parent)).take(2);
    let names = [WORKER_NAME, "goxel-daemon"];
    beside.flat_map(|place| names.map(|name| place.join(name))).find(|path| path.is_file())
}

/// The process of one script.
pub struct Process {
    child: Option<Child>,
    stream: UnixStream,
}

/// What was received at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Received {
    /// So many bytes.
    Bytes(usize),
    /// Nothing yet.
    Nothing,
    /// There will be no more.
    End,
}

impl Process {
    fn start() -> io::Result<Process> {
        let not_found =
            || io::Error::new(ErrorKind::NotFound, "there is no goxel-daemon beside this program");
        let program = program().ok_or_else(not_found)?;
        let (stream, other) = UnixStream::pair()?;
        stream.set_nonblocking(true)?;
        let child = Command::new(program)
            .arg0(WORKER_NAME)
            .arg(OsString::from(std::process::id().to_string()))
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(other)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Process { child: Some(child), stream })
    }

    fn is_alive(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// Sends as much as there is room for; how much that was.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.stream.write(bytes) {
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) =>
            {
                Ok(0)
            }
            result => result,
        }
    }

    /// Hands over what has come.
    pub fn receive(&mut self, mut take: impl FnMut(&[u8])) -> io::Result<Received> {
        let mut bytes = [0; READ];
        match self.stream.read(&mut bytes) {
            Ok(0) => Ok(Received::End),
            Ok(count) => {
                take(&bytes[..count]);
                Ok(Received::Bytes(count))
            }
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) =>
            {
                Ok(Received::Nothing)
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(Received::End),
            Err(error) => Err(error),
        }
    }

    /// How it ended, if it has.
    pub fn status(&mut self) -> Option<std::process::ExitStatus> {
        self.child.as_mut()?.try_wait().ok()?
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let _ = child.kill();
        if !matches!(child.try_wait(), Ok(Some(_))) {
            // While the thread ends there is no crew any more; the system waits for its children
            // then.
            let _ = CREW.try_with(|crew| crew.borrow_mut().ending.push(child));
        }
    }
}

/// The process that is kept ready, or a new one.
pub fn take() -> io::Result<Process> {
    let spare = CREW.with(|crew| crew.borrow_mut().spare.take());
    if let Some((mut spare, _)) = spare
        && spare.is_alive()
    {
        return Ok(spare);
    }
    Process::start()
}

/// Keeps a process ready for the next script. Failing to is no failure: the next script starts its
/// own.
pub fn keep_ready(now: Instant) {
    if CREW.with(|crew| crew.borrow().spare.is_none())
        && let Ok(spare) = Process::start()
    {
        CREW.with(|crew| crew.borrow_mut().spare = Some((spare, now)));
    }
}

/// Lets go of the process that is kept ready.
pub fn let_go() {
    let spare = CREW.with(|crew| crew.borrow_mut().spare.take());
    drop(spare);
}

/// Looks after processes that are ending and one that nobody needs; when to look again.
pub fn tick(now: Instant) -> Option<Instant> {
    let old = CREW.with(|crew| {
        let mut crew = crew.borrow_mut();
        crew.ending.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
        crew.spare.take_if(|(_, since)| now.saturating_duration_since(*since) >= SPARE_LIFE)
    });
    drop(old);
    next_look(now)
}

/// When [`tick`] has something to do.
pub fn next_look(now: Instant) -> Option<Instant> {
    CREW.with(|crew| {
        let crew = crew.borrow();
        let ending = (!crew.ending.is_empty()).then_some(now + LOOK_AGAIN);
        let spare = crew.spare.as_ref().map(|(_, since)| *since + SPARE_LIFE);
        ending.into_iter().chain(spare).min()
    })
}

/// Takes note of what a process gave up.
pub fn note_confinement(confinement: Confinement) {
    CREW.with(|crew| crew.borrow_mut().confinement = Some(confinement));
}

/// What processes give up: as one has told, or as it is to be expected.
pub fn confinement() -> Confinement {
    CREW.with(|crew| *crew.borrow_mut().confinement.get_or_insert_with(confinement::expected))
}

/// Takes note of blocks that a script got.
pub fn count_blocks(count: usize) {
    CREW.with(|crew| crew.borrow_mut().blocks_read += count as u64);
}

/// Sets what scripts may take, for whoever asks.
pub fn set_limits(limits: Limits) {
    CREW.with(|crew| crew.borrow_mut().limits = limits);
}

/// How scripts are.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    /// Scripts that run.
    pub running: usize,
    /// Scripts that wait for others to end.
    pub waiting: usize,
    /// Blocks of documents that scripts got so far, of 16x16x16 voxels.
    pub blocks_read: u64,
    /// What they may take.
    pub limits: Limits,
}

/// How many scripts run, and how many wait.
pub fn counts() -> Counts {
    CREW.with(|crew| {
        let crew = crew.borrow();
        let (running, waiting) = (crew.running, crew.waiting.len());
        Counts { running, waiting, blocks_read: crew.blocks_read, limits: crew.limits }
    })
}

/// A place in the queue of scripts, and then among those that run.
pub struct Place {
    number: u64,
    runs: bool,
}

impl Place {
    /// The last place in the queue.
    pub fn join() -> Place {
        CREW.with(|crew| {
            let mut crew = crew.borrow_mut();
            crew.last += 1;
            let number = crew.last;
            crew.waiting.push_back(number);
            Place { number, runs: false }
        })
    }

    /// Whether its script may run, of which so many run at once.
    pub fn has_come(&mut self, at_once: usize) -> bool {
        CREW.with(|crew| {
            let mut crew = crew.borrow_mut();
            if !self.runs && crew.running < at_once && crew.waiting.front() == Some(&self.number) {
                crew.waiting.pop_front();
                crew.running += 1;
                self.runs = true;
            }
            self.runs
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let (number, runs) = (self.number, self.runs);
        let _ = CREW.try_with(|crew| {
            let mut crew = crew.borrow_mut();
            if runs {
                crew.running -= 1;
            } else {
                crew.waiting.retain(|other| *other != number);
            }
        });
    }
}
