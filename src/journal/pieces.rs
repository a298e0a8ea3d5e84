//! A log, read from its disk in pieces of whole calls that check: by a helper, ahead of what is
//! made of them, and into the same few buffers again and again. So it takes little memory however
//! long it is, and the time of the slower of the two.
//!
//! Invariants: the first piece begins behind the head, each further one where the one before ends,
//! and only the last one has an end.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::mpsc;
use std::thread;

use super::reader::{End, Good, NoCall, Reader};
use super::record::{BadHead, LOG_HEAD, NoRecord, read_log_head};

/// Bytes that are read at a time, unless a call is longer: so few that they are still in the cache
/// of a core when they are looked at.
const PIECE: usize = 192 << 10;
/// Pieces at a time: one is made use of, one is read, and one lies ready.
const BUFFERS: usize = 3;
/// Bytes of the stack of the helper.
const STACK: usize = 256 << 10;

/// Where the bytes of a log come from; they can be read more than once.
pub trait Log {
    /// All of them, from the first one on.
    fn begin(&self) -> io::Result<Box<dyn Read + Send + '_>>;
}

impl Log for &[u8] {
    fn begin(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(*self))
    }
}

impl Log for File {
    fn begin(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(FromStart { file: self, at: 0 }))
    }
}

struct FromStart<'f> {
    file: &'f File,
    at: u64,
}

impl Read for FromStart<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

/// Why a log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Its head.
    #[error("its log cannot be read ({0:?})")]
    Head(BadHead),
    /// The system.
    #[error("its log cannot be read: {0}")]
    Io(#[from] io::Error),
}

/// Whole calls of a log, one behind the other.
pub(super) struct Piece {
    /// Where they begin in the log.
    begin: Good,
    bytes: Vec<u8>,
    /// How the log ends, if it does behind these.
    pub(super) end: Option<End>,
}

impl Piece {
    /// Where the piece begins.
    pub(super) fn begin(&self) -> Good {
        self.begin
    }

    /// Reads the calls. Ends are told in bytes of the piece.
    pub(super) fn calls(&self) -> Reader<'_> {
        Reader::of_checked(&self.bytes, self.begin)
    }
}

/// The pieces of a log.
pub(super) struct Pieces<'l> {
    source: Box<dyn Read + Send + 'l>,
    /// The version that the head names.
    version: u32,
    /// Where the next piece begins.
    next: Good,
    /// The bytes of it that were read with the piece before.
    ahead: Vec<u8>,
}

impl<'l> Pieces<'l> {
    /// Reads the head of a log.
    pub(super) fn of(log: &'l dyn Log) -> Result<Self, Unreadable> {
        let (mut source, mut head) = (log.begin()?, Vec::new());
        source.by_ref().take(LOG_HEAD as u64).read_to_end(&mut head)?;
        let (version, chain) = read_log_head(&head).map_err(Unreadable::Head)?;
        Ok(Pieces { source, version, next: Good::behind_head(chain), ahead: Vec::new() })
    }

    /// The version of the format that the head names.
    pub(super) fn version(&self) -> u32 {
        self.version
    }

    /// Where the next piece begins.
    pub(super) fn place(&self) -> Good {
        self.next
    }

    /// Shows the pieces in order, as long as `show` wants another one.
    pub(super) fn each(
        mut self,
        mut show: impl FnMut(&Piece) -> io::Result<bool>,
    ) -> io::Result<()> {
        let mut take = |piece: io::Result<Piece>| {
            let piece = piece?;
            let is_over = !show(&piece)? || piece.end.is_some();
            Ok((!is_over).then_some(piece.bytes))
        };
        // A short log needs no helper.
        let Some(mut buffer) = take(self.read(Vec::new()))? else { return Ok(()) };
        let reader = &mut self;
        let helped = thread::scope(|scope| {
            let (give, pieces) = mpsc::channel();
            let (give_back, buffers) = mpsc::channel();
            let read_ahead = move || {
                // Either end of a channel is gone when no more is wanted.
                let read = buffers.into_iter().map(|buffer| reader.read(buffer));
                read.map_while(|piece| give.send(piece).ok()).for_each(drop);
            };
            let helper = thread::Builder::new().name("journal".to_owned()).stack_size(STACK);
            helper.spawn_scoped(scope, read_ahead).ok()?;
            for _ in 0..BUFFERS {
                let _ = give_back.send(Vec::new());
            }
            pieces.into_iter().map(&mut take).find_map(|taken| match taken {
                Ok(Some(buffer)) => {
                    let _ = give_back.send(buffer);
                    None
                }
                Ok(None) => Some(Ok(())),
                Err(error) => Some(Err(error)),
            })
        });
        if let Some(result) = helped {
            return result;
        }
        // No helper is to be had.
        while let Some(returned) = take(self.read(buffer))? {
            buffer = returned;
        }
        Ok(())
    }

    /// The next piece, in a buffer that may have been one before.
    fn read(&mut self, buffer: Vec<u8>) -> io::Result<Piece> {
        let (mut bytes, begin, mut wanted) = (buffer, self.next, PIECE);
        bytes.clear();
        bytes.try_reserve(PIECE.max(self.ahead.len()))?;
        bytes.append(&mut self.ahead);
        loop {
            let is_all = self.fill(&mut bytes, wanted)?;
            let (mut reader, mut call) = (Reader::of_piece(&bytes, begin), Vec::new());
            let why = loop {
                if let Err(why) = reader.try_next_call(&mut call) {
                    break why;
                }
            };
            let good = reader.good_end();
            // What is not whole may be so with more bytes; what is whole and wrong stays so.
            let is_wrong = matches!(why, NoCall::Gap | NoCall::NoRecord(_, NoRecord::Unknown));
            let end = (is_all || is_wrong).then(|| reader.end(why));
            if end.is_none() && good.end == 0 {
                wanted = bytes.len().saturating_mul(2);
                continue;
            }
            let rest = &bytes[good.end..];
            self.ahead.try_reserve_exact(rest.len())?;
            self.ahead.extend_from_slice(rest);
            bytes.truncate(good.end);
            self.next = Good { end: begin.end + good.end, ..good };
            return Ok(Piece { begin, bytes, end });
        }
    }

    /// Reads until there are so many bytes; true if the log ends before.
    fn fill(&mut self, bytes: &mut Vec<u8>, wanted: usize) -> io::Result<bool> {
        let missing = wanted.saturating_sub(bytes.len());
        bytes.try_reserve(missing)?;
        let got = self.source.by_ref().take(missing as u64).read_to_end(bytes)?;
        Ok(got < missing)
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::{Chain, Kind, Record, log_head, write};
    use super::*;

    /// Numbers that look random, the same each time.
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, end: usize) -> usize {
            self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            ((self.0 >> 33) % end as u64) as usize
        }
    }

    /// A log of calls of one record and of several, most of them short and some longer than a
    /// piece.
    fn log(numbers: &mut Numbers) -> Vec<u8> {
        let (salt, bytes) = ([3; 16], vec![5; 2 * PIECE]);
        let (mut log, mut chain) = (log_head(1, salt).to_vec(), Chain::new(salt));
        let count = [0, 3, 40, 4000][numbers.below(4)];
        for sequence in 1..=count {
            let length = match numbers.below(count as usize / 8 + 8) {
                0 => numbers.below(bytes.len()),
                _ => numbers.below(90),
            };
            let record = Record {
                sequence,
                kind: Kind::ALL[numbers.below(Kind::ALL.len())],
                project: 1,
                revision: sequence,
                is_continued: numbers.below(4) == 0,
                tag: None,
                payload: &bytes[..length],
            };
            write(&record, &mut chain, &mut log);
        }
        log
    }

    type Seen = (Vec<(u64, Kind, usize, bool)>, Good, End);

    fn seen_by(mut calls: Reader<'_>, seen: &mut Seen, before: usize) -> Option<End> {
        let mut call = Vec::new();
        loop {
            if let Err(end) = calls.next_call(&mut call) {
                let good = calls.good_end();
                seen.1 = Good { end: before + good.end, ..good };
                return Some(end);
            }
            seen.0.extend(call.iter().map(|record| {
                (record.sequence, record.kind, record.payload.len(), record.is_continued)
            }));
        }
    }

    fn at_once(log: &[u8]) -> Seen {
        let reader = Reader::new(log).unwrap();
        let mut seen = (Vec::new(), reader.good_end(), End::Clean);
        seen.2 = seen_by(reader, &mut seen, 0).unwrap();
        seen
    }

    fn in_pieces(log: &[u8]) -> Seen {
        let pieces = Pieces::of(&log).unwrap();
        let mut seen = (Vec::new(), pieces.place(), End::Clean);
        let show = |piece: &Piece| {
            assert_eq!(piece.begin().end, seen.1.end);
            seen_by(piece.calls(), &mut seen, piece.begin().end);
            seen.2 = piece.end.unwrap_or(End::Clean);
            Ok(true)
        };
        pieces.each(show).unwrap();
        seen
    }

    #[test]
    fn pieces_tell_the_same_as_the_whole_wherever_it_is_cut_or_damaged() {
        let mut numbers = Numbers(1);
        let mut ends = [0; 4];
        for _ in 0..120 {
            let mut log = log(&mut numbers);
            match numbers.below(4) {
                0 => log.truncate(LOG_HEAD + numbers.below(log.len() - LOG_HEAD + 1)),
                1 if log.len() > LOG_HEAD => {
                    let at = LOG_HEAD + numbers.below(log.len() - LOG_HEAD);
                    log[at] ^= 1 << numbers.below(8);
                }
                2 if log.len() > LOG_HEAD => {
                    let from = LOG_HEAD + numbers.below((log.len() - LOG_HEAD) / 8) * 8;
                    log.drain(from..from + 8);
                }
                _ => {}
            }
            let (whole, pieces) = (at_once(&log), in_pieces(&log));
            assert!(whole == pieces, "{:?} and {:?}", (whole.1, whole.2), (pieces.1, pieces.2));
            ends[match whole.2 {
                End::Clean => 0,
                End::Torn(_) => 1,
                End::Damaged => 2,
                End::Unknown => 3,
            }] += 1;
        }
        assert!(ends[..3].iter().all(|count| *count > 3), "{ends:?}");
    }

    #[test]
    fn who_has_seen_enough_gets_no_further_piece() {
        let mut numbers = Numbers(2);
        let log = std::iter::repeat_with(|| log(&mut numbers)).find(|log| log.len() > 4 * PIECE);
        let (log, mut shown) = (log.unwrap(), 0);
        let show = |_: &Piece| {
            shown += 1;
            Ok(shown < 2)
        };
        Pieces::of(&&log[..]).unwrap().each(show).unwrap();
        assert_eq!(shown, 2);
    }

    #[test]
    fn what_cannot_be_read_is_an_error_wherever_it_is() {
        struct Failing(Vec<u8>);
        impl Log for Failing {
            fn begin(&self) -> io::Result<Box<dyn Read + Send + '_>> {
                struct Fails;
                impl Read for Fails {
                    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                        Err(io::ErrorKind::TimedOut.into())
                    }
                }
                Ok(Box::new(self.0.chain(Fails)))
            }
        }
        let mut numbers = Numbers(3);
        for length in [0, LOG_HEAD - 1, LOG_HEAD, LOG_HEAD + 9, usize::MAX] {
            let mut log = log(&mut numbers);
            log.truncate(length);
            let log = Failing(log);
            let read = Pieces::of(&log)
                .and_then(|pieces| pieces.each(|_| Ok(true)).map_err(Unreadable::Io));
            assert!(matches!(read, Err(Unreadable::Io(_))), "{length}");
        }
    }
}
