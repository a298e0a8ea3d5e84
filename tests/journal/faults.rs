//! The journal on a simulated disk: each call failing at each place, and power cuts that lose any
//! sectors and names since the last sync. `GOXEL_POWER_CUTS` sets how many cuts there are.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Read};
use std::rc::Rc;
use std::time::{Duration, Instant};

use goxel_daemon::job::Budget;
use goxel_daemon::journal::{Disk, DiskFile, JournalError, Log, MANIFEST, SyncPolicy};
use serde_json::json;

use crate::client::random::{Random, setting};
use crate::support::service::Daemon;

const EDITS: u64 = 24;
const SECTOR: usize = 512;

/// ENOSPC, EIO, EDQUOT, EMFILE, EINTR.
const ERRORS: [i32; 5] = [28, 5, 122, 24, 4];

#[derive(Clone, Default)]
struct Inode {
    now: Vec<u8>,
    /// What a power cut leaves for sure.
    synced: Vec<u8>,
}

#[derive(Clone)]
enum NameChange {
    Link(String, usize),
    Rename(String, String),
    Remove(String),
}

#[derive(Clone, Default)]
pub struct State {
    inodes: Vec<Inode>,
    names: BTreeMap<String, usize>,
    synced_names: BTreeMap<String, usize>,
    unsynced: Vec<NameChange>,
    /// Calls so far, the one that fails, and with what.
    calls: u64,
    fault: Option<(u64, i32)>,
    /// How it was at a call.
    photograph_at: Option<u64>,
    photograph: Option<Box<State>>,
}

fn change(names: &mut BTreeMap<String, usize>, change: &NameChange) {
    match change {
        NameChange::Link(name, inode) => drop(names.insert(name.clone(), *inode)),
        NameChange::Rename(from, to) => {
            if let Some(inode) = names.remove(from) {
                names.insert(to.clone(), inode);
            }
        }
        NameChange::Remove(name) => drop(names.remove(name)),
    }
}

impl State {
    fn call(&mut self) -> io::Result<()> {
        if self.photograph_at == Some(self.calls) {
            self.photograph_at = None;
            self.photograph = Some(Box::new(self.clone()));
        }
        self.calls += 1;
        match self.fault {
            Some((at, error)) if at + 1 == self.calls => Err(io::Error::from_raw_os_error(error)),
            _ => Ok(()),
        }
    }

    fn rename(&mut self, name_change: NameChange) {
        change(&mut self.names, &name_change);
        self.unsynced.push(name_change);
    }

    fn sync(&mut self, inode: usize) {
        self.inodes[inode].synced = self.inodes[inode].now.clone();
    }

    fn sync_names(&mut self) {
        self.synced_names = self.names.clone();
        self.unsynced.clear();
    }

    /// What is left when the power goes.
    fn after_a_power_cut(mut self, random: &mut Random) -> State {
        let mut names = self.synced_names.clone();
        for name_change in &self.unsynced {
            if random.below(2) == 0 {
                change(&mut names, name_change);
            }
        }
        for inode in &mut self.inodes {
            let Inode { now, synced } = inode;
            if now.len() < synced.len() {
                if random.below(2) == 0 {
                    *synced = now.clone();
                }
            } else {
                let length =
                    synced.len() as u64 + random.below((now.len() - synced.len()) as u64 + 1);
                let mut left = now[..length as usize].to_vec();
                for start in (0..left.len()).step_by(SECTOR) {
                    let end = (start + SECTOR).min(left.len());
                    if random.below(2) == 0 {
                        for (at, byte) in left.iter_mut().enumerate().take(end).skip(start) {
                            *byte = synced.get(at).copied().unwrap_or(0);
                        }
                    }
                }
                *synced = left;
            }
            *now = synced.clone();
        }
        State { synced_names: names.clone(), names, inodes: self.inodes, ..State::default() }
    }
}

#[derive(Clone, Default)]
pub struct SimDisk(Rc<RefCell<State>>);

struct SimFile {
    disk: SimDisk,
    inode: usize,
    /// Whether a sync has brought the names to the disk.
    is_named: bool,
    is_syncing: bool,
}

impl SimDisk {
    /// The content of a file.
    pub fn content(&self, name: &str) -> Vec<u8> {
        let state = self.0.borrow();
        state.inodes[state.names[name]].now.clone()
    }

    fn of(state: State) -> SimDisk {
        SimDisk(Rc::new(RefCell::new(state)))
    }

    fn file(&self, inode: usize) -> Box<dyn DiskFile> {
        let disk = self.clone();
        Box::new(SimFile { disk, inode, is_named: false, is_syncing: false })
    }
}

fn missing() -> io::Error {
    io::ErrorKind::NotFound.into()
}

/// A log of the simulated disk. Its second half cannot be read at the first try if that is the call
/// that fails.
struct SimLog {
    bytes: Vec<u8>,
    fails_with: Option<i32>,
}

impl Log for SimLog {
    fn begin(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        let (first, second) = self.bytes.split_at(self.bytes.len() / 2);
        Ok(Box::new(first.chain(Failing(self.fails_with)).chain(second)))
    }
}

struct Failing(Option<i32>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), |error| Err(io::Error::from_raw_os_error(error)))
    }
}

impl Disk for SimDisk {
    fn read(&mut self, name: &str) -> io::Result<Vec<u8>> {
        let mut state = self.0.borrow_mut();
        state.call()?;
        let inode = *state.names.get(name).ok_or_else(missing)?;
        Ok(state.inodes[inode].now.clone())
    }
    fn log(&mut self, name: &str) -> io::Result<Box<dyn Log>> {
        let mut state = self.0.borrow_mut();
        state.call()?;
        let inode = *state.names.get(name).ok_or_else(missing)?;
        let fails_with = state.call().err().and_then(|error| error.raw_os_error());
        Ok(Box::new(SimLog { bytes: state.inodes[inode].now.clone(), fails_with }))
    }
    fn names(&mut self) -> io::Result<Vec<String>> {
        let mut state = self.0.borrow_mut();
        state.call()?;
        Ok(state.names.keys().cloned().collect())
    }
    fn create(&mut self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let inode = {
            let mut state = self.0.borrow_mut();
            state.call()?;
            match state.names.get(name).copied() {
                Some(inode) => {
                    state.inodes[inode].now.clear();
                    inode
                }
                None => {
                    state.inodes.push(Inode::default());
                    let inode = state.inodes.len() - 1;
                    state.rename(NameChange::Link(name.to_owned(), inode));
                    inode
                }
            }
        };
        Ok(self.file(inode))
    }
    fn open(&mut self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let inode = {
            let mut state = self.0.borrow_mut();
            state.call()?;
            *state.names.get(name).ok_or_else(missing)?
        };
        Ok(self.file(inode))
    }
    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        state.call()?;
        state.names.get(from).ok_or_else(missing)?;
        state.rename(NameChange::Rename(from.to_owned(), to.to_owned()));
        Ok(())
    }
    fn remove(&mut self, name: &str) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        state.call()?;
        state.names.get(name).ok_or_else(missing)?;
        state.rename(NameChange::Remove(name.to_owned()));
        Ok(())
    }
    fn sync_names(&mut self) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        state.call()?;
        if let Some(manifest) = state.names.get(MANIFEST).copied() {
            state.sync(manifest);
        }
        state.sync_names();
        Ok(())
    }
}

impl DiskFile for SimFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.disk.0.borrow_mut();
        let failed = state.call();
        // A write that fails may have written some of it before.
        let is_short = failed.is_err() && bytes.len() > 8 && state.calls.is_multiple_of(2);
        let count = if is_short { bytes.len() / 2 } else { bytes.len() };
        if !is_short {
            failed?;
        }
        state.inodes[self.inode].now.extend_from_slice(&bytes[..count]);
        if is_short {
            // The rest fails at the next call.
            let (at, error) = state.fault.unwrap_or_default();
            state.fault = Some((at + 1, error));
        }
        Ok(count)
    }
    fn cut(&mut self, length: u64) -> io::Result<()> {
        let mut state = self.disk.0.borrow_mut();
        state.call()?;
        state.inodes[self.inode].now.truncate(length as usize);
        Ok(())
    }
    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.disk.0.borrow_mut();
        state.call()?;
        state.sync(self.inode);
        Ok(())
    }
    fn start_sync(&mut self) {
        self.is_syncing = true;
    }
    fn ended_sync(&mut self) -> Option<io::Result<()>> {
        if !std::mem::take(&mut self.is_syncing) {
            return None;
        }
        if !std::mem::replace(&mut self.is_named, true)
            && let Err(error) = self.disk.sync_names()
        {
            return Some(Err(error));
        }
        Some(self.sync())
    }
}

/// A daemon whose edits each set one voxel more, and what is known of them.
struct Run {
    daemon: Daemon,
    now: Instant,
    /// Edits that were carried out, and those whose answers were sent.
    applied: u64,
    answered: u64,
    /// What waits for the journal.
    held: VecDeque<(u64, u64)>,
}

impl Run {
    fn start(disk: &SimDisk, policy: SyncPolicy) -> Result<Run, JournalError> {
        let mut daemon = Daemon::default();
        daemon.service.compact_bytes = 1500;
        daemon.service.recover(Box::new(disk.clone()), policy, "s", &mut || {})?;
        if let Some(journal) = daemon.service.journal_mut() {
            journal.begin_run();
        }
        let applied = daemon.call("goxel.get_status", json!({}))["revision"].as_u64().unwrap();
        let count = daemon.call("goxel.get_status", json!({}))["voxel_count"].as_u64().unwrap();
        assert_eq!(count, applied, "each edit is there whole");
        // What came back is not on the disk for sure, so nobody is told of it before that is so.
        let position = daemon.service.journal().map_or(0, |journal| journal.position());
        let held = VecDeque::from([(position, applied)]);
        Ok(Run { daemon, now: Instant::now(), applied, answered: 0, held })
    }

    fn edit(&mut self) {
        let x = self.applied;
        let answer = self.daemon.reply("goxel.add_voxel", json!([x * 3, 0, 0, 255, 0, 0]));
        match answer["error"]["code"].as_i64() {
            None => self.applied += 1,
            Some(code) => assert_eq!(code, 1009, "{answer}"),
        }
        let position = self.daemon.service.journal().map_or(0, |journal| journal.position());
        self.held.push_back((position, self.applied));
        self.turn(Duration::from_millis(300));
    }

    fn turn(&mut self, pause: Duration) {
        self.now += pause;
        let mut budget = Budget::units(2);
        self.daemon.service.compact_journal(self.now, &mut budget);
        let Some(journal) = self.daemon.service.journal_mut() else { return };
        journal.turn(self.now);
        let safe = journal.safe_position();
        while self.held.front().is_some_and(|(position, _)| *position <= safe) {
            self.answered = self.held.pop_front().map_or(0, |(_, revision)| revision);
        }
    }

    /// Lets time pass until everything is in order again.
    fn rest(&mut self) {
        (0..60).for_each(|_| self.turn(Duration::from_secs(1)));
        let journal = self.daemon.service.journal().unwrap();
        assert_eq!(journal.trouble(), None);
        assert_eq!(self.answered, self.applied);
    }
}

/// A whole run with a fault at a call; false if there were fewer calls.
fn run_with_fault(policy: SyncPolicy, at: u64, error: i32) -> bool {
    let disk = SimDisk::of(State { fault: Some((at, error)), ..State::default() });
    let is_reached = || disk.0.borrow().calls > at;
    let before = match Run::start(&disk, policy) {
        Err(_) => 0,
        Ok(mut run) => {
            (0..EDITS).for_each(|_| run.edit());
            run.rest();
            run.edit();
            run.rest();
            run.applied
        }
    };
    let reached = is_reached();
    disk.0.borrow_mut().fault = None;
    let again = Run::start(&disk, policy).unwrap_or_else(|error| panic!("{at}: {error}"));
    assert_eq!(again.applied, before, "call {at} failed with {error}");
    reached
}

#[test]
fn whichever_call_fails_nothing_answered_is_lost_and_service_goes_on() {
    for (policy, error) in [SyncPolicy::Second, SyncPolicy::Always]
        .into_iter()
        .flat_map(|policy| ERRORS.map(|error| (policy, error)))
    {
        let mut at = 0;
        while run_with_fault(policy, at, error) {
            at += 1;
        }
        assert!(at > 40, "{at} calls");
    }
}

#[test]
fn a_kill_at_any_call_loses_nothing_that_was_answered() {
    for policy in [SyncPolicy::Second, SyncPolicy::Always] {
        let (mut at, mut renamed) = (0, 0);
        while let Some((killed, answered)) = photographed(&SimDisk::default(), policy, at, EDITS) {
            // Some of them are steps of a log that is written anew.
            renamed +=
                u64::from(killed.names.keys().filter(|name| name.starts_with("log-")).count() > 1);
            let again = Run::start(&SimDisk::of(killed), policy);
            let again = again.unwrap_or_else(|error| panic!("call {at}: {error}"));
            assert!(again.applied >= answered, "call {at}: {} of {answered}", again.applied);
            at += 1;
        }
        assert!(at > 30 && renamed > 4, "{at} calls, {renamed} beside a new log");
    }
}

#[test]
fn a_failing_start_leaves_what_there_was() {
    let disk = SimDisk::default();
    let mut first = Run::start(&disk, SyncPolicy::Second).unwrap();
    (0..EDITS).for_each(|_| first.edit());
    first.rest();
    let state = disk.0.borrow().clone();
    for at in 0.. {
        let calls = state.calls;
        let disk = SimDisk::of(State { fault: Some((calls + at, 5)), ..state.clone() });
        let started = Run::start(&disk, SyncPolicy::Second);
        let is_over = disk.0.borrow().calls <= calls + at;
        assert_eq!(started.map_or(first.applied, |run| run.applied), first.applied, "{at}");
        disk.0.borrow_mut().fault = None;
        assert_eq!(Run::start(&disk, SyncPolicy::Second).unwrap().applied, first.applied, "{at}");
        if is_over {
            break;
        }
    }
}

/// A run on a disk that is photographed at a call; the photograph, and what was answered before.
fn photographed(disk: &SimDisk, policy: SyncPolicy, at: u64, edits: u64) -> Option<(State, u64)> {
    let calls = disk.0.borrow().calls;
    disk.0.borrow_mut().photograph_at = Some(calls + at);
    let taken = || disk.0.borrow_mut().photograph.take().map(|state| *state);
    let mut run = Run::start(disk, policy).unwrap();
    for _ in 0..edits {
        let answered = run.answered;
        if let Some(state) = taken() {
            return Some((state, answered));
        }
        run.edit();
        if let Some(state) = taken() {
            return Some((state, answered));
        }
    }
    None
}

#[test]
fn a_power_cut_loses_nothing_that_was_answered_after_a_sync() {
    let (mut random, mut cuts) = (Random::new(7), 0);
    while cuts < setting("GOXEL_POWER_CUTS", 200) {
        let disk = SimDisk::default();
        let at = random.below(160);
        let Some((killed, answered)) = photographed(&disk, SyncPolicy::Always, at, 2 * EDITS)
        else {
            continue;
        };
        // The process dies at one moment, and the power goes some time after the next start.
        let is_killed_first = random.below(2) == 0;
        let (state, answered) = if is_killed_first {
            let next = SimDisk::of(killed);
            match photographed(&next, SyncPolicy::Always, random.below(40), EDITS) {
                None => continue,
                Some((state, later)) => (state, later.max(answered)),
            }
        } else {
            (killed, answered)
        };
        let left = state.after_a_power_cut(&mut random);
        let again = Run::start(&SimDisk::of(left), SyncPolicy::Always);
        let again = again.unwrap_or_else(|error| panic!("cut {cuts}: {error}"));
        assert!(again.applied >= answered, "cut {cuts}: {} of {answered}", again.applied);
        cuts += 1;
    }
}
