//! Newcomers for whom there is no room: told so, unless all they want is to know whether the daemon
//! lives.
//!
//! A probe that is turned away because clients hold all connections would have a healthy daemon
//! killed. So a newcomer beyond every limit is held for a moment: if its first bytes ask for
//! `/live`, `/ready` or `/health` it gets that page, else the line that says why there is no room.
//! Few are held at a time, and none for long.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use mio::net::UnixStream;
use mio::{Interest, Registry, Token};

use super::listener::{Refusal, refuse};

/// Newcomers that are held at a time.
pub const MOST_HELD: usize = 16;
/// How long one is held.
const PATIENCE: Duration = Duration::from_millis(100);
/// The pages that a newcomer beyond every limit may ask for.
const PAGES: [&str; 3] = ["/live", "/ready", "/health"];

struct Newcomer {
    stream: UnixStream,
    until: Instant,
    refusal: Refusal,
}

/// Those that are held.
pub struct Newcomers {
    held: [Option<Newcomer>; MOST_HELD],
    first_token: usize,
}

/// What became of a newcomer.
enum Fate {
    /// It asks for a page.
    Page(&'static str),
    /// It has not said anything.
    Silent,
    /// It wants something else, or is gone.
    Refused,
}

impl Newcomers {
    /// Nobody yet. Events of those that come have tokens from here on, [`MOST_HELD`] of them.
    pub fn new(first_token: usize) -> Self {
        Newcomers { held: [const { None }; MOST_HELD], first_token }
    }

    /// Takes one in; it is answered at once if it has said what it wants already, or if too many
    /// are held.
    pub fn admit(
        &mut self,
        mut stream: UnixStream,
        refusal: Refusal,
        now: Instant,
        registry: &Registry,
        page: impl FnOnce(&str) -> Vec<u8>,
    ) {
        match fate(&mut stream) {
            Fate::Page(path) => return answer(stream, &page(path)),
            Fate::Refused => return refuse(stream, &refusal),
            Fate::Silent => {}
        }
        let Some(place) = self.held.iter().position(Option::is_none) else {
            return refuse(stream, &refusal);
        };
        let token = Token(self.first_token + place);
        match registry.register(&mut stream, token, Interest::READABLE) {
            Ok(()) => self.held[place] = Some(Newcomer { stream, until: now + PATIENCE, refusal }),
            Err(_) => refuse(stream, &refusal),
        }
    }

    /// An event has this token; whether it is one of these.
    pub fn has_token(&self, Token(token): Token) -> bool {
        (self.first_token..self.first_token + MOST_HELD).contains(&token)
    }

    /// Answers those that have spoken or waited long enough.
    pub fn act(&mut self, now: Instant, mut page: impl FnMut(&str) -> Vec<u8>) {
        for place in &mut self.held {
            let Some(newcomer) = place else { continue };
            let fate = match fate(&mut newcomer.stream) {
                Fate::Silent if now < newcomer.until => continue,
                fate => fate,
            };
            if let Some(Newcomer { stream, refusal, .. }) = place.take() {
                match fate {
                    Fate::Page(path) => answer(stream, &page(path)),
                    Fate::Silent | Fate::Refused => refuse(stream, &refusal),
                }
            }
        }
    }

    /// When somebody has waited long enough.
    pub fn next(&self) -> Option<Instant> {
        self.held.iter().flatten().map(|newcomer| newcomer.until).min()
    }
}

fn fate(stream: &mut UnixStream) -> Fate {
    let mut bytes = [0; 256];
    match stream.read(&mut bytes) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Fate::Silent,
        Err(error) if error.kind() == ErrorKind::Interrupted => Fate::Silent,
        Err(_) => Fate::Refused,
        Ok(count) => asked_page(&bytes[..count]).map_or(Fate::Refused, Fate::Page),
    }
}

/// The page that the first bytes of an HTTP request ask for.
fn asked_page(bytes: &[u8]) -> Option<&'static str> {
    let path = bytes.strip_prefix(b"GET ")?;
    let end = path.iter().position(|byte| b" ?\r\n".contains(byte)).unwrap_or(path.len());
    PAGES.into_iter().find(|page| page.as_bytes() == &path[..end])
}

fn answer(mut stream: UnixStream, page: &[u8]) {
    // What is left unread when a socket closes may cost the peer the answer.
    let mut rest = [0; 4096];
    while stream.read(&mut rest).is_ok_and(|count| count > 0) {}
    // A fresh socket has room for a page; whoever is gone already needs none.
    let _ = stream.write(page);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_pages_of_probes_are_served() {
        for (bytes, page) in [
            (&b"GET /live HTTP/1.1\r\n"[..], Some("/live")),
            (b"GET /health?verbose HTTP/1.1\r\n", Some("/health")),
            (b"GET /ready", Some("/ready")),
            (b"GET /metrics HTTP/1.1\r\n", None),
            (b"POST /live HTTP/1.1\r\n", None),
            (b"{\"method\":\"ping\"}", None),
            (b"", None),
        ] {
            assert_eq!(asked_page(bytes), page, "{}", bytes.escape_ascii());
        }
    }
}
