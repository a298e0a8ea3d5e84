//! Messages to and from the daemon, over the process's standard input.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;

use crate::document::{Document, LayerId};
use crate::journal::apply_document;
use crate::script::difference::read_blocks;
use crate::script::frame::{self, Frames, Kind};
use crate::script::reading::{Wanted, read_run};
use crate::script::{Confinement, Report, Request};

/// The connection.
pub(super) struct Line {
    stream: UnixStream,
    frames: Frames,
    bytes: Vec<u8>,
}

/// A script, its document, and the layers of which no block is there yet, with how many they have.
pub(super) type Job = (Request, Document, Vec<(LayerId, u64)>);

/// Bytes that are read at once.
const READ: usize = 64 << 10;

fn malformed(problem: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem.to_string())
}

impl From<UnixStream> for Line {
    fn from(stream: UnixStream) -> Line {
        Line { stream, frames: Frames::default(), bytes: vec![0; READ] }
    }
}

impl Line {
    /// The standard input is one end of it.
    pub(super) fn open() -> Option<Line> {
        use std::os::fd::AsFd;
        // A second number for the same socket; whoever starts the process made sure that it is one.
        let own = io::stdin().as_fd().try_clone_to_owned().ok()?;
        Some(UnixStream::from(own).into())
    }

    pub(super) fn tell_ready(&mut self, confinement: Confinement) -> io::Result<()> {
        self.tell(Kind::Ready, &serde_json::to_vec(&confinement)?)
    }

    pub(super) fn tell_progress(&mut self, part: f64) -> io::Result<()> {
        self.tell(Kind::Progress, &serde_json::to_vec(&part)?)
    }

    pub(super) fn tell_end(&mut self, report: &Report) -> io::Result<()> {
        self.tell(Kind::Ended, &serde_json::to_vec(report)?)
    }

    fn tell(&mut self, kind: Kind, payload: &[u8]) -> io::Result<()> {
        let mut out = Vec::new();
        frame::put(kind, &mut out, |out| out.extend_from_slice(payload));
        self.hand_over(&mut out)
    }

    /// Sends messages that are whole.
    pub(super) fn hand_over(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        self.stream.write_all(out)?;
        out.clear();
        Ok(())
    }

    /// Waits for a script and its document.
    pub(super) fn listen(&mut self) -> io::Result<Job> {
        let (mut job, mut document) = (None, Document::new("", [1, 1, 1]));
        let mut kept = None;
        while kept.is_none() {
            self.read_some()?;
            while let Some((kind, payload)) = self.frames.take().map_err(malformed)? {
                match kind {
                    Kind::Job => job = Some(serde_json::from_slice(payload)?),
                    Kind::Document => apply_document(&mut document, payload).map_err(malformed)?,
                    Kind::Blocks => read_blocks(&mut document, payload).map_err(malformed)?,
                    Kind::Run => kept = Some(read_run(payload).map_err(malformed)?),
                    _ => return Err(malformed("kind")),
                }
            }
        }
        let job = job.ok_or_else(|| malformed("no script"))?;
        Ok((job, document, kept.unwrap_or_default()))
    }

    /// Asks for blocks, and hands over each message with some.
    pub(super) fn ask(&mut self, wanted: Wanted, mut take: impl FnMut(&[u8])) -> io::Result<()> {
        let mut out = Vec::new();
        wanted.put(&mut out);
        self.hand_over(&mut out)?;
        loop {
            while let Some((kind, payload)) = self.frames.take().map_err(malformed)? {
                match kind {
                    Kind::Blocks => take(payload),
                    Kind::There => return Ok(()),
                    _ => return Err(malformed("kind")),
                }
            }
            self.read_some()?;
        }
    }

    /// Reads some bytes.
    fn read_some(&mut self) -> io::Result<()> {
        match self.stream.read(&mut self.bytes)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                self.frames.add(&self.bytes[..count]);
                Ok(())
            }
        }
    }
}
