//! The floor: the same bytes to a bare echo over socket pairs, one echoing thread for all clients.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};

use super::{Arguments, Floor};
use crate::client::Histogram;

/// At most this much is under way on a pair, so that two blocking ends never wait for each other.
const MOST_BYTES: usize = 64 << 10;

/// Measures for a while.
pub fn measure(arguments: &Arguments, message: &[u8], time: Duration) -> io::Result<Floor> {
    let pairs: io::Result<Vec<_>> = (0..arguments.clients).map(|_| UnixStream::pair()).collect();
    let (near, far): (Vec<_>, Vec<_>) = pairs?.into_iter().unzip();
    let depth = (arguments.depth as usize).clamp(1, (MOST_BYTES / message.len().max(1)).max(1));
    let start = Instant::now();
    let until = start + time;
    let latencies: Vec<io::Result<Histogram>> = std::thread::scope(|scope| {
        scope.spawn(move || echo(far));
        let clients: Vec<_> = near
            .into_iter()
            .map(|end| scope.spawn(move || drive(end, message, depth, until)))
            .collect();
        let panicked = |_| Err(io::Error::other("a client panicked"));
        clients.into_iter().map(|client| client.join().unwrap_or_else(panicked)).collect()
    });
    let mut latency = Histogram::default();
    for part in latencies {
        latency.merge(&part?);
    }
    let per_second = latency.count() as f64 / start.elapsed().as_secs_f64();
    Ok(Floor { per_second, latency })
}

fn drive(
    mut end: UnixStream,
    message: &[u8],
    depth: usize,
    until: Instant,
) -> io::Result<Histogram> {
    let bytes = message.repeat(depth);
    let mut answer = vec![0; bytes.len()];
    let mut latency = Histogram::default();
    while Instant::now() < until {
        let start = Instant::now();
        end.write_all(&bytes)?;
        let mut got = 0;
        while got < bytes.len() {
            let before = got / message.len();
            match end.read(&mut answer[got..])? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => got += count,
            }
            let took = start.elapsed();
            (before..got / message.len()).for_each(|_| latency.record(took));
        }
    }
    Ok(latency)
}

/// Sends everything back until all clients are gone.
fn echo(mut ends: Vec<UnixStream>) {
    let mut buffer = vec![0; MOST_BYTES];
    while !ends.is_empty() {
        let mut interest: Vec<PollFd<'_>> =
            ends.iter().map(|end| PollFd::new(end, PollFlags::IN)).collect();
        if poll(&mut interest, None).is_err() {
            continue;
        }
        let ready: Vec<bool> = interest.iter().map(|fd| !fd.revents().is_empty()).collect();
        let mut index = 0;
        ends.retain_mut(|end| {
            let is_ready = ready[index];
            index += 1;
            !is_ready || pass_on(end, &mut buffer).is_ok()
        });
    }
}

fn pass_on(end: &mut UnixStream, buffer: &mut [u8]) -> io::Result<()> {
    match end.read(buffer)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        count => end.write_all(&buffer[..count]),
    }
}
