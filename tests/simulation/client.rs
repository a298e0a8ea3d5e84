//! One simulated client: how it sends, how it reads, how it ends, and whether it got what it was
//! owed.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use serde_json::Value;

use crate::simulation::answers::{self, Answer};
use crate::simulation::messages::{ANSWER_LIMIT, Author, Color, Expect, Framing, Voxel};
use crate::simulation::network::Pipe;
use crate::simulation::probes::Probes;
use crate::simulation::random::Random;
use crate::simulation::script::Script;

/// How long a client waits for nothing before it goes: longer than any time-out of the daemon.
const PATIENCE: Duration = Duration::from_secs(100);
/// How long it sleeps at most between two looks.
const MOST_WAIT: Duration = Duration::from_secs(1);

/// Bytes that may be sent before a probe: a full pipe, and answers that wait.
const MOST_AHEAD: usize = (64 << 10) + 3 * ANSWER_LIMIT;

/// How a client ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// It ends its input after the last message, and reads to the end.
    HalfClose,
    /// It goes when everything is answered.
    Goes,
    /// It goes after so many bytes, without a look at the answers.
    Vanishes(usize),
    /// Like that, and what is under way is lost.
    Resets(usize),
    /// It stops sending after so many bytes and waits.
    Stops(usize),
    /// It sends everything and never reads.
    NeverReads,
}

/// How fast a client is.
#[derive(Clone, Debug)]
pub struct Pace {
    pub write: usize,
    pub read: usize,
    pub most_gap: Duration,
    /// Messages that may wait for their answers.
    pub window: usize,
}

pub struct Client {
    pub framing: Framing,
    pub ending: Ending,
    pub pace: Pace,
    pub script: Script,
    pub pipe: Rc<RefCell<Pipe>>,
    pub next_at: Duration,
    pub finished: bool,
    random: Random,
    sent: usize,
    inbox: Vec<u8>,
    /// Marks that are answered, or need no answer.
    settled: usize,
    waited: Duration,
    last_progress: Duration,
    /// Why the daemon may end the connection before everything is answered.
    pub excused: bool,
    /// Keepalive, if it asks for it in its first message.
    probes: Option<Probes>,
}

impl Client {
    pub fn new(mut random: Random, number: usize) -> Self {
        let framings = [Framing::Text, Framing::Text, Framing::Headers, Framing::Binary];
        let framing = if random.once_in(12) { Framing::Http } else { *random.pick(&framings) };
        let mut author = Author::new(Random::new(random.next()), number);
        let messages = random.size(30);
        let probes = framing != Framing::Http && random.once_in(4);
        let probes = probes.then(|| Probes::new(&mut random));
        let interval = probes.as_ref().map(|probes| probes.interval);
        let script = Script::write(&mut author, framing, messages, interval);
        let somewhere = random.between(0, script.bytes.len() as u64) as usize;
        let ending = match random.between(0, 11) {
            0..=4 => Ending::HalfClose,
            5..=6 => Ending::Goes,
            7..=8 => Ending::Vanishes(somewhere),
            9 => Ending::Resets(somewhere),
            10 => Ending::Stops(somewhere),
            _ => Ending::NeverReads,
        };
        let gaps = [0, 1, 1000, 100_000, 5_000_000, 25_000_000, 600_000_000];
        let pace = Pace {
            // Not so slow that one client costs more than a few hundred steps.
            write: random.size(64 << 10).max(script.bytes.len() / 300),
            read: random.size(64 << 10).max(script.bytes.len() / 300),
            most_gap: Duration::from_micros(*random.pick(&gaps)),
            window: if random.once_in(2) { 1 } else { random.size(1000) },
        };
        let pipe = Pipe::new(Random::new(random.next()), script.bytes.len() / 300);
        // Only one that answers, sees a probe in time behind all that may be ahead of it, and can
        // still say something is never dropped.
        let step = pace.read.min(pipe.borrow().room_to_client);
        let sees_within = pace.most_gap * (MOST_AHEAD / step + 2) as u32 + 2 * MOST_WAIT;
        let is_heard = |probes: &Probes| {
            probes.answers && ending == Ending::Goes && sees_within < probes.interval
        };
        let excused = probes.as_ref().is_some_and(|probes| !is_heard(probes));
        Client {
            framing,
            ending,
            pace,
            script,
            pipe,
            next_at: Duration::from_micros(random.between(0, 2_000_000)),
            finished: false,
            random,
            sent: 0,
            inbox: Vec::new(),
            settled: 0,
            waited: Duration::ZERO,
            last_progress: Duration::ZERO,
            excused,
            probes,
        }
    }

    /// Does something at its time.
    pub fn act(&mut self, now: Duration) -> Result<(), String> {
        let before = (self.sent, self.settled, self.inbox.len());
        self.read()?;
        self.settle_silent();
        self.write();
        if before == (self.sent, self.settled, self.inbox.len()) {
            self.waited = (self.waited * 2).clamp(Duration::from_micros(1), MOST_WAIT);
        } else {
            self.waited = Duration::ZERO;
            // Probes alone, which never end, are no progress.
            if before.0 != self.sent || before.1 != self.settled || self.is_owed() {
                self.last_progress = now;
            }
        }
        self.end(now)?;
        self.next_at = now + self.gap() + self.waited;
        Ok(())
    }

    fn gap(&mut self) -> Duration {
        // A slow client is slow between messages: inside one it has only so much time.
        let most = self.pace.most_gap.as_micros() as u64;
        let inside = !self.is_between_messages() || self.is_answering();
        let most = if inside { most.min(500_000 / self.steps_a_message()) } else { most };
        Duration::from_micros(self.random.between(1, most.max(1)))
    }

    /// Whether it waits for an answer.
    fn is_owed(&self) -> bool {
        self.script.marks.get(self.settled).is_some_and(|mark| mark.end <= self.sent)
    }

    /// Whether an answer to a probe is under way.
    fn is_answering(&self) -> bool {
        self.probes.as_ref().is_some_and(|probes| !probes.unsent.is_empty())
    }

    /// Sends an answer to a probe, between messages.
    fn write_alive(&mut self) {
        let between = self.is_between_messages();
        let Some(probes) = self.probes.as_mut().filter(|_| between) else { return };
        let most = probes.unsent.len().min(self.pace.write);
        let count = self.pipe.borrow_mut().client_writes(&probes.unsent[..most]);
        probes.unsent.drain(..count);
    }

    fn steps_a_message(&self) -> u64 {
        (80_000 / self.pace.write.min(self.pipe.borrow().room_to_server)).max(1) as u64
    }

    fn is_between_messages(&self) -> bool {
        self.sent == 0 || self.script.marks.iter().any(|mark| mark.end == self.sent && !mark.open)
    }

    fn limit(&self) -> usize {
        match self.ending {
            Ending::Vanishes(at) | Ending::Resets(at) | Ending::Stops(at) => at,
            _ => self.script.bytes.len(),
        }
    }

    fn write(&mut self) {
        if self.pipe.borrow().client_ended {
            return;
        }
        self.write_alive();
        if self.is_answering() && self.is_between_messages() {
            return;
        }
        // Up to the end of the last message that may go out before an answer comes.
        let marks = &self.script.marks;
        let unread = self.ending == Ending::NeverReads;
        let window = if unread { usize::MAX } else { self.pace.window };
        let mut waiting = 0;
        let mut until = self.limit();
        for mark in marks.iter().skip(self.settled) {
            until = mark.end;
            waiting += usize::from(mark.expect.is_some());
            if waiting >= window && !mark.open {
                break;
            }
        }
        let until = until.min(self.limit()).min(self.sent + self.pace.write);
        if until > self.sent {
            let bytes = &self.script.bytes[self.sent..until];
            self.sent += self.pipe.borrow_mut().client_writes(bytes);
        }
    }

    fn read(&mut self) -> Result<(), String> {
        if self.ending == Ending::NeverReads || self.finished {
            return Ok(());
        }
        let bytes = self.pipe.borrow_mut().client_reads(self.pace.read);
        self.inbox.extend(bytes);
        let ended = self.pipe.borrow().client_sees_end();
        loop {
            match answers::take(self.framing, &mut self.inbox, ended) {
                Ok(Some(answer)) if self.is_probe(&answer)? => {}
                Ok(Some(answer)) => self.check(&answer)?,
                Ok(None) => return Ok(()),
                // Dropped in the middle of an answer.
                Err(_) if self.excused && ended => return Ok(()),
                // The first word of a request is text until its space has come.
                Err(_) if self.framing == Framing::Http && self.sent < 8 => return Ok(()),
                Err(problem) => return Err(problem),
            }
        }
    }

    fn is_probe(&mut self, answer: &Answer) -> Result<bool, String> {
        match (answer, &mut self.probes) {
            (Answer::Json { frame_id, value }, Some(probes)) => {
                probes.take(self.framing, *frame_id, value)
            }
            _ => Ok(false),
        }
    }

    fn settle_silent(&mut self) {
        while let Some(mark) = self.script.marks.get(self.settled)
            && mark.expect.is_none()
            && mark.end <= self.sent
        {
            self.settled += 1;
        }
    }

    fn check(&mut self, answer: &Answer) -> Result<(), String> {
        self.settle_silent();
        let mark = self.script.marks.get(self.settled);
        let sent = self.sent;
        let last_words = |value: &Value| {
            // Half a message at the end, or one not finished in time, has its error too.
            value["error"]["code"] == -32700 && value["id"].is_null()
        };
        let problem = match (answer, mark) {
            (Answer::Http(status), Some(mark)) => {
                let fits = matches!(mark.expect, Some(Expect::Http(known)) if known == *status)
                    || [400, 408].contains(status) && mark.end > sent;
                (!fits).then(|| format!("HTTP {status}"))
            }
            (Answer::Json { value, .. }, None) if last_words(value) => None,
            (Answer::Json { value, .. }, Some(mark)) if mark.end > sent && last_words(value) => {
                None
            }
            (Answer::Json { frame_id, value }, Some(mark)) => {
                let wrong_frame = self.framing == Framing::Binary && *frame_id != mark.frame_id;
                let mismatch = mark.expect.as_ref().map(|expect| expect.mismatch(value));
                match mismatch {
                    Some(Some(problem)) => Some(problem),
                    Some(None) => wrong_frame.then(|| format!("frame id {frame_id}")),
                    None => Some(format!("an answer that nobody asked for: {value}")),
                }
            }
            (Answer::Bulk { frame_id, kind, payload }, Some(mark)) => {
                let fits = *frame_id == mark.frame_id
                    && matches!(&mark.expect, Some(Expect::Bulk(known, wanted))
                        if known == kind && wanted.as_ref().is_none_or(|wanted| wanted == payload));
                (!fits).then(|| format!("a frame of type {kind:x} with {} bytes", payload.len()))
            }
            (_, None) => Some("more answers than questions".to_string()),
        };
        if let Some(problem) = problem {
            return Err(format!("message {}: {problem}", self.settled));
        }
        self.settled += 1;
        Ok(())
    }

    fn end(&mut self, now: Duration) -> Result<(), String> {
        let out_of_patience = now > self.last_progress + PATIENCE;
        let all_sent = self.sent >= self.limit();
        let all_answered = self.settled >= self.script.marks.len();
        let sees_end = self.pipe.borrow().client_sees_end();
        match self.ending {
            _ if self.finished => {}
            Ending::Vanishes(_) | Ending::Resets(_) if all_sent => {
                let reset = matches!(self.ending, Ending::Resets(_));
                self.pipe.borrow_mut().client_goes(reset);
                self.finished = true;
            }
            Ending::Goes if all_answered && all_sent => {
                self.pipe.borrow_mut().client_goes(false);
                self.finished = true;
            }
            Ending::HalfClose if all_sent && !self.pipe.borrow().client_ended => {
                self.pipe.borrow_mut().client_ends();
            }
            _ if sees_end && self.ending != Ending::NeverReads => {
                self.finished = true;
                if matches!(self.ending, Ending::HalfClose | Ending::Goes) && !all_answered {
                    self.must_be_excused()?;
                }
                self.pipe.borrow_mut().client_goes(false);
            }
            Ending::NeverReads if self.pipe.borrow().server_gone => self.finished = true,
            Ending::NeverReads | Ending::Stops(_) if out_of_patience => {
                self.must_not_be_owed()?;
                self.pipe.borrow_mut().client_goes(false);
                self.finished = true;
            }
            _ => {}
        }
        Ok(())
    }

    /// After so long the daemon has closed a connection with half a message, or one whose
    /// answers do not fit into the pipe.
    fn must_not_be_owed(&self) -> Result<(), String> {
        let pipe = self.pipe.borrow();
        let half = self.framing != Framing::Text
            && self.sent > 0
            && self.settled < self.script.marks.len()
            && self.script.marks.iter().all(|mark| mark.end != self.sent);
        let reads = self.ending != Ending::NeverReads;
        // Four intervals are less than its patience.
        let is_silent = self.probes.as_ref().is_some_and(|probes| !probes.answers);
        if is_silent && reads && self.settled > 0 && !pipe.server_gone && !pipe.server_ended {
            return Err("one that answers no probe is still there".to_string());
        }
        if half && reads && !pipe.server_gone && !pipe.server_ended {
            return Err("half a message is still waited for".to_string());
        }
        if !pipe.server_gone && !reads && pipe.refused {
            return Err("a client that does not read is still waited for".to_string());
        }
        Ok(())
    }

    fn must_be_excused(&self) -> Result<(), String> {
        if self.excused {
            return Ok(());
        }
        let (settled, all) = (self.settled, self.script.marks.len());
        Err(format!("closed after {settled} of {all} answers ({} bytes sent)", self.sent))
    }

    /// The voxels of messages that reached the daemon whole; `None` if that is not certain.
    pub fn drawing(&self) -> Option<Vec<(Voxel, Color)>> {
        if matches!(self.ending, Ending::Resets(_) | Ending::NeverReads) || self.excused {
            return None;
        }
        let arrived = self.script.marks.iter().filter(|mark| mark.end <= self.sent);
        let mut drawn: Vec<_> = arrived.flat_map(|mark| mark.draws.iter().copied()).collect();
        if matches!(self.ending, Ending::Vanishes(_)) {
            // Long work is taken back when nobody waits for its answer any more.
            let long = self.script.marks.iter().filter(|mark| mark.draws.len() > 1);
            let unsure: BTreeSet<_> = long.flat_map(|mark| &mark.draws).map(|it| it.0).collect();
            drawn.retain(|(voxel, _)| !unsure.contains(voxel));
        }
        Some(drawn)
    }

    /// How it behaves, for reports.
    pub fn describe(&self) -> String {
        let (sent, settled) = (self.sent, self.settled);
        let last = &self.script.bytes[sent.saturating_sub(200)..sent];
        let last = last.escape_ascii();
        format!(
            "{:?} {:?} {:?} {:?} last=\"{last}\" sent={sent}/{} settled={settled}/{} ended={} gone={} to_server={} to_client={}",
            self.framing,
            self.ending,
            self.pace,
            self.probes,
            self.script.bytes.len(),
            self.script.marks.len(),
            self.pipe.borrow().server_ended,
            self.pipe.borrow().server_gone,
            self.pipe.borrow().to_server.len(),
            self.pipe.borrow().to_client.len(),
        )
    }
}
