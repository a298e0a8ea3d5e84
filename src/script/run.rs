//! A script from its text to what it came to, in slices: a place among those that run, a process,
//! what it reads of the document sent to it, and what comes back.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::crew::{self, Place, Process, Received};
use super::difference::Difference;
use super::frame::{self, Frames, Kind};
use super::reading::{self, Sending, Wanted};
use super::{Confinement, Limits};
use crate::document::Document;
use crate::job::{Progress, Slice};
use crate::journal::frame as frame_of;

/// What a script is and how it runs, as its process is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// Its text.
    pub script: String,
    /// What errors call it.
    pub name: String,
    /// What the caller gives it.
    pub params: Box<RawValue>,
    /// Where its chance begins.
    pub seed: u64,
    /// Whether it may see the clock.
    pub allow_time: bool,
    /// How long it may run.
    pub time: Duration,
    /// Bytes of its values.
    pub memory: u64,
    /// Bytes of its stack.
    pub stack: u64,
    /// Bytes of its output, and of its result.
    pub output: u64,
    /// The revision of the project.
    pub revision: u64,
    /// Blocks of the document, beside whose memory the script has its own.
    pub blocks: u64,
}

/// An error of a script.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ScriptError {
    /// What went wrong.
    pub message: String,
    /// The script.
    pub file: String,
    /// Where in it, from 1; 0 if nobody knows.
    pub line: u32,
    /// See `line`.
    pub column: u32,
    /// That line.
    pub text: String,
}

/// What the process of a script tells at the end.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Report {
    /// Why it failed, if it did.
    pub error: Option<ScriptError>,
    /// Whether that was because its time was over.
    pub is_late: bool,
    /// Its value in JSON, if it has one.
    pub result: Option<Box<RawValue>>,
    /// What it wrote.
    pub output: String,
    /// Voxels that it changed.
    pub changed: u64,
    /// The box around them, the upper corner outside.
    pub bounds: Option<[[i64; 3]; 2]>,
    /// Bytes that its values took when it ended.
    pub memory: u64,
}

/// A script that came to its end.
pub struct Ended {
    /// What it told.
    pub report: Report,
    /// What it changed.
    pub difference: Difference,
    /// How long it took, from the moment in which it had a process.
    pub took: Duration,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Its time is over, and it did not say so by itself.
    #[error("Script execution timeout")]
    Late,
    /// No process.
    #[error("Failed to submit script execution request: {0}")]
    NoProcess(std::io::Error),
    /// The process ended before the script did.
    #[error("the engine of the script ended before its script ({0})")]
    Crashed(String),
    /// It changed more than is taken.
    #[error("the script changed more than fits into {0} bytes (--script-memory)")]
    TooMuch(u64),
}

/// Time between two looks for messages, at first and at most.
const FIRST_REST: Duration = Duration::from_micros(200);
const LONGEST_REST: Duration = Duration::from_millis(2);
/// What a process has beyond the script's time to say so by itself.
const GRACE: Duration = Duration::from_millis(500);
/// Bytes that are made ready to be sent before they are.
const READY: usize = 256 << 10;
/// How often it is asked how a process ended.
const LOOKS_AT_THE_END: u32 = 50;
/// Progress is told in so many parts.
const WHOLE: u64 = 1000;

/// Runs a script on a copy of a document.
pub async fn run(
    request: Request,
    document: Document,
    limits: Limits,
    slice: &Slice,
) -> Result<Ended, Failure> {
    let mut place = Place::join();
    while !place.has_come(limits.at_once) {
        slice.rest(LONGEST_REST).await;
    }
    let process = crew::take().map_err(Failure::NoProcess)?;
    let (began, most) = (Instant::now(), request.memory);
    let end = began + request.time + GRACE;
    let frames = Frames::default();
    let mut talk =
        Talk { process, document, frames, wanted: Vec::new(), rest: FIRST_REST, most, end };
    talk.send(request, slice).await?;
    crew::keep_ready(began);
    talk.listen(began, slice).await
}

/// What is said to a process, and what it says.
struct Talk {
    process: Process,
    /// What it reads, bit by bit.
    document: Document,
    frames: Frames,
    /// What it asked for and has not got yet.
    wanted: Vec<Wanted>,
    rest: Duration,
    /// Bytes of a difference that are taken.
    most: u64,
    /// When it has to be over.
    end: Instant,
}

impl Talk {
    async fn send(&mut self, mut request: Request, slice: &Slice) -> Result<(), Failure> {
        let mut out = Vec::new();
        let (sent, kept) = reading::parted(&self.document);
        let sent: Vec<Sending> = sent.into_iter().map(Sending::all).collect();
        let layers = self.document.layers().iter();
        request.blocks = layers.map(|layer| layer.volume.block_count() as u64).sum();
        let json = serde_json::to_vec(&request).unwrap_or_default();
        frame::put(Kind::Job, &mut out, |out| out.extend_from_slice(&json));
        let pieces = frame_of(None, &self.document);
        frame::put(Kind::Document, &mut out, |out| out.extend_from_slice(&pieces));
        for sending in sent {
            self.send_blocks(sending, &mut out, slice).await?;
        }
        reading::put_run(&kept, &mut out);
        self.flush(&mut out, slice).await
    }

    async fn send_blocks(
        &mut self,
        mut sending: Sending,
        out: &mut Vec<u8>,
        slice: &Slice,
    ) -> Result<(), Failure> {
        while let Some(count) = sending.put_some(&self.document, out) {
            crew::count_blocks(count);
            slice.spend(1).await;
            if out.len() >= READY {
                self.flush(out, slice).await?;
            }
        }
        Ok(())
    }

    /// Sends what was asked for.
    async fn answer(&mut self, slice: &Slice) -> Result<(), Failure> {
        let mut out = Vec::new();
        for wanted in std::mem::take(&mut self.wanted) {
            if let Some(sending) = Sending::of(&self.document, &wanted) {
                self.send_blocks(sending, &mut out, slice).await?;
            }
            frame::put(Kind::There, &mut out, |_| {});
            self.flush(&mut out, slice).await?;
        }
        Ok(())
    }

    async fn flush(&mut self, out: &mut Vec<u8>, slice: &Slice) -> Result<(), Failure> {
        let mut sent = 0;
        while let Some(rest) = out.get(sent..).filter(|rest| !rest.is_empty()) {
            match self.process.send(rest) {
                Ok(0) if Instant::now() >= self.end => return Err(Failure::Late),
                Ok(0) => slice.rest(FIRST_REST).await,
                Ok(count) => {
                    sent += count;
                    slice.spend(1).await;
                }
                Err(_) => return Err(self.crashed(slice).await),
            }
        }
        out.clear();
        Ok(())
    }

    /// Listens until the script is over.
    async fn listen(&mut self, began: Instant, slice: &Slice) -> Result<Ended, Failure> {
        let mut difference = Difference::default();
        slice.progress(Progress { done: 0, total: WHOLE });
        loop {
            let frames = &mut self.frames;
            let received = self.process.receive(|bytes| frames.add(bytes));
            match received {
                Ok(Received::Bytes(_)) => self.rest = FIRST_REST,
                Ok(Received::Nothing) if Instant::now() >= self.end => return Err(Failure::Late),
                Ok(Received::Nothing) => {
                    slice.rest(self.rest).await;
                    self.rest = (self.rest * 3 / 2).min(LONGEST_REST);
                    continue;
                }
                Ok(Received::End) | Err(_) => return Err(self.crashed(slice).await),
            }
            if let Some(report) = self.take(&mut difference, slice)? {
                return Ok(Ended { report, difference, took: began.elapsed() });
            }
            if !self.wanted.is_empty() {
                self.answer(slice).await?;
            }
            slice.spend(1).await;
        }
    }

    /// Takes the messages that are there; the report if it is among them.
    fn take(
        &mut self,
        difference: &mut Difference,
        slice: &Slice,
    ) -> Result<Option<Report>, Failure> {
        let malformed = |_| Failure::Crashed("it sent what is no message".to_owned());
        let malformed_wish = |_| Failure::Crashed("it asked for what is no box".to_owned());
        while let Some((kind, payload)) = self.frames.take().map_err(malformed)? {
            match kind {
                Kind::Ready => {
                    if let Ok(confinement) = serde_json::from_slice::<Confinement>(payload) {
                        crew::note_confinement(confinement);
                    }
                }
                Kind::Progress => {
                    let part = serde_json::from_slice::<f64>(payload).unwrap_or_default();
                    let done = (part.clamp(0.0, 1.0) * WHOLE as f64) as u64;
                    slice.progress(Progress { done, total: WHOLE });
                }
                Kind::Wanted => self.wanted.push(Wanted::read(payload).map_err(malformed_wish)?),
                Kind::Ended => {
                    let report = serde_json::from_slice(payload);
                    let report =
                        report.map_err(|_| Failure::Crashed("its report is none".to_owned()))?;
                    return Ok(Some(report));
                }
                _ => difference
                    .take(kind, payload)
                    .map_err(|problem| Failure::Crashed(problem.to_string()))?,
            }
            if difference.bytes > self.most {
                return Err(Failure::TooMuch(self.most));
            }
        }
        if self.frames.held() as u64 > self.most.saturating_add(READY as u64) {
            return Err(Failure::TooMuch(self.most));
        }
        Ok(None)
    }

    /// It closes its end a moment before the system knows how it ended.
    async fn crashed(&mut self, slice: &Slice) -> Failure {
        for _ in 0..LOOKS_AT_THE_END {
            if let Some(status) = self.process.status() {
                return Failure::Crashed(status.to_string());
            }
            slice.rest(LONGEST_REST).await;
        }
        Failure::Crashed("it is gone".to_owned())
    }
}
