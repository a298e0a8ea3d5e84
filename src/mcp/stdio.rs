//! The session on a pair of pipes.
//!
//! One thread reads; a request that takes work gets a thread of its own, so that nothing hangs
//! behind it. Tool calls see the world in the order in which they came: each waits for its turn.
//! The output carries messages only, each written at once under one lock. When the input ends, so
//! does the program: what is under way has a moment left.

use std::collections::HashMap;
use std::io::{self, BufRead, Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::line::{Line, Step};
use super::questions::Asked;
use super::session::Pending;
use super::{Fault, Offer, Reaction, Session};
use crate::client::CallProgress;
use crate::plain_words::without_numbers;

/// Longest message that is read, in bytes.
const MAX_MESSAGE: u64 = 16 << 20;
/// Requests at work at once; beyond, one is refused.
const MAX_AT_WORK: usize = 64;
/// How long requests under way may go on when the input has ended.
const GRACE: Duration = Duration::from_millis(500);
/// Time between two notes on how far a call is.
const NOTE_EVERY: Duration = Duration::from_millis(500);

/// A session being served.
pub struct Service<O, D> {
    session: Session<O>,
    daemon: D,
    output: Mutex<Box<dyn Write + Send>>,
    at_work: Mutex<AtWork>,
    one_less: Condvar,
    turns: Turns,
}

/// The requests under way, by their ids as JSON text.
#[derive(Default)]
struct AtWork {
    cancelled: HashMap<String, Arc<AtomicBool>>,
    count: usize,
}

/// Tool calls in the order in which they came.
#[derive(Default)]
struct Turns {
    given: AtomicU64,
    now: Mutex<u64>,
    next: Condvar,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<O: Offer, D: Asked> Service<O, D> {
    /// A session that writes to `output`.
    pub fn new(session: Session<O>, daemon: D, output: impl Write + Send + 'static) -> Arc<Self> {
        Arc::new(Service {
            session,
            daemon,
            output: Mutex::new(Box::new(output)),
            at_work: Mutex::default(),
            one_less: Condvar::new(),
            turns: Turns::default(),
        })
    }

    /// The session.
    pub fn session(&self) -> &Session<O> {
        &self.session
    }

    /// The daemon.
    pub fn daemon(&self) -> &D {
        &self.daemon
    }

    /// Serves until the input ends.
    pub fn serve(self: &Arc<Self>, mut input: impl BufRead) -> io::Result<()> {
        let mut line = Vec::new();
        loop {
            line.clear();
            let count = input.by_ref().take(MAX_MESSAGE).read_until(b'\n', &mut line)?;
            if count == 0 {
                break;
            }
            if !line.ends_with(b"\n") && count as u64 == MAX_MESSAGE {
                log(&format!("a message over {MAX_MESSAGE} bytes was skipped"));
                skip_line(&mut input)?;
                continue;
            }
            // A byte order mark says nothing.
            let said = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
            match std::str::from_utf8(said) {
                Ok(text) if text.trim().is_empty() => {}
                Ok(text) => self.react(self.session.receive(text.trim())),
                Err(_) => log("a message that is not UTF-8 was skipped"),
            }
        }
        self.finish();
        Ok(())
    }

    /// Lets what is under way end, for a moment, and takes leave of those who listen.
    fn finish(&self) {
        let deadline = Instant::now() + GRACE;
        let mut at_work = lock(&self.at_work);
        while at_work.count > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.one_less.wait_timeout(at_work, left);
            at_work = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(at_work);
        self.send_all(&self.session.end());
    }

    fn react(self: &Arc<Self>, reaction: Reaction) {
        match reaction {
            Reaction::Nothing => {}
            Reaction::Send(messages) => self.send_all(&messages),
            Reaction::Cancel(id) => {
                if let Some(flag) = lock(&self.at_work).cancelled.get(&id.to_string()) {
                    flag.store(true, Ordering::Relaxed);
                }
            }
            Reaction::Garbage(reason) => {
                log(&format!("a line that is no JSON was skipped: {reason}"))
            }
            Reaction::Work(pending) => self.employ(vec![Reaction::Work(pending)], false),
            Reaction::Batch(reactions) => self.employ(reactions, true),
        }
    }

    /// Gives requests a thread.
    fn employ(self: &Arc<Self>, reactions: Vec<Reaction>, is_batch: bool) {
        let mut at_work = lock(&self.at_work);
        if at_work.count >= MAX_AT_WORK {
            drop(at_work);
            return self.refuse(&reactions, "too many requests at once");
        }
        at_work.count += 1;
        let flags: Vec<Arc<AtomicBool>> = reactions
            .iter()
            .map(|reaction| {
                let flag = Arc::<AtomicBool>::default();
                if let Reaction::Work(pending) = reaction {
                    at_work.cancelled.insert(pending.id().to_string(), Arc::clone(&flag));
                }
                flag
            })
            .collect();
        drop(at_work);
        let has_turn = reactions
            .iter()
            .any(|reaction| matches!(reaction, Reaction::Work(pending) if pending.is_tool_call()));
        let turn = has_turn.then(|| self.turns.given.fetch_add(1, Ordering::Relaxed));
        let service = Arc::clone(self);
        let work = move || {
            let mut answers = Vec::new();
            for (reaction, flag) in reactions.into_iter().zip(flags) {
                match reaction {
                    Reaction::Work(pending) => {
                        answers.extend(service.work(&pending, &flag, turn));
                        lock(&service.at_work).cancelled.remove(&pending.id().to_string());
                    }
                    Reaction::Send(messages) => answers.extend(messages),
                    _ => {}
                }
            }
            if let Some(turn) = turn {
                service.turns.pass(turn);
            }
            if is_batch && !answers.is_empty() {
                service.send(&Value::Array(answers))
            } else {
                service.send_all(&answers)
            }
            lock(&service.at_work).count -= 1;
            service.one_less.notify_all();
        };
        if let Err(error) = std::thread::Builder::new().name("request".to_owned()).spawn(work) {
            log(&format!("a request gets no thread: {error}"));
            lock(&self.at_work).count -= 1;
        }
    }

    fn refuse(&self, reactions: &[Reaction], reason: &str) {
        for reaction in reactions {
            if let Reaction::Work(pending) = reaction {
                let fault = Fault::new(super::fault::INTERNAL_ERROR, reason);
                self.send(&self.session.answer(pending, Err(fault)));
            }
        }
    }

    /// Does the work of one request; its answer, if it is still wanted.
    fn work(&self, pending: &Pending, flag: &Arc<AtomicBool>, turn: Option<u64>) -> Option<Value> {
        let mut job = self.session.start(pending, Arc::clone(flag));
        let mut notes = Notes::new(job.line().clone());
        if let Some(turn) = turn.filter(|_| pending.is_tool_call()) {
            self.turns.wait_for(turn, || self.note(&mut notes, None));
        }
        if flag.load(Ordering::Relaxed) {
            return None;
        }
        let result = loop {
            match job.step() {
                Step::Send(message) => self.send(&message),
                Step::Done(result) => break result,
                Step::Ask(question) => {
                    let mut watch = |progress| {
                        self.note(&mut notes, progress);
                        !flag.load(Ordering::Relaxed)
                    };
                    let reply = self.daemon.ask(question, &mut watch);
                    job.reply(reply);
                }
            }
        };
        let is_wanted = !flag.load(Ordering::Relaxed);
        is_wanted.then(|| self.session.answer(pending, result))
    }

    /// Tells how far a call is, when the time has come.
    fn note(&self, notes: &mut Notes, progress: Option<CallProgress>) {
        notes.latest = progress.or(notes.latest);
        if notes.told.elapsed() < NOTE_EVERY {
            return;
        }
        notes.told = Instant::now();
        let message = match notes.latest {
            Some(CallProgress { done, total }) if total > 0 => {
                format!("{} %", (done.min(total) * 100) / total)
            }
            _ => "at work".to_owned(),
        };
        notes.line.progress(notes.began.elapsed().as_secs_f64(), None, &message);
        while let Some(message) = notes.line.take_outgoing() {
            self.send(&message);
        }
    }

    /// Sends messages, one after the other.
    pub fn send_all(&self, messages: &[Value]) {
        messages.iter().for_each(|message| self.send(message));
    }

    /// Sends a message in one piece.
    pub fn send(&self, message: &Value) {
        let mut line = message.to_string();
        line.push('\n');
        let mut output = lock(&self.output);
        if output.write_all(line.as_bytes()).and_then(|()| output.flush()).is_err() {
            // Nobody reads any more: there is nothing left to do, and nobody to tell.
            std::process::exit(0);
        }
    }
}

/// How far a call is, as far as it was told.
struct Notes {
    line: Line,
    began: Instant,
    told: Instant,
    latest: Option<CallProgress>,
}

impl Notes {
    fn new(line: Line) -> Self {
        Notes { line, began: Instant::now(), told: Instant::now(), latest: None }
    }
}

impl Turns {
    fn wait_for(&self, turn: u64, mut meanwhile: impl FnMut()) {
        let mut now = lock(&self.now);
        while *now < turn {
            let waited = self.next.wait_timeout(now, NOTE_EVERY);
            now = waited.unwrap_or_else(PoisonError::into_inner).0;
            if *now < turn {
                drop(now);
                meanwhile();
                now = lock(&self.now);
            }
        }
    }

    /// Ends a turn, when it has come.
    fn pass(&self, turn: u64) {
        self.wait_for(turn, || ());
        *lock(&self.now) = turn + 1;
        self.next.notify_all();
    }
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let room = input.fill_buf()?;
        if room.is_empty() {
            return Ok(());
        }
        let end = room.iter().position(|&byte| byte == b'\n');
        let used = end.map_or(room.len(), |end| end + 1);
        input.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}

/// Tells the person who looks at the host's log.
pub fn log(text: &str) {
    eprintln!("goxel-mcp: {}", without_numbers(text));
}
