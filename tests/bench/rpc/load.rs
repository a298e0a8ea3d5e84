//! The load generator: many clients on one thread, each with a fixed number of requests in flight.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use mio::net::UnixStream;
use mio::{Events, Interest, Poll, Token};

use super::peers::Peer;

/// How much load.
#[derive(Clone, Copy)]
pub struct Load {
    /// Connections.
    pub clients: usize,
    /// Requests in flight on each.
    pub depth: usize,
    /// How long.
    pub seconds: f64,
    /// How many different requests are sent, one after the other.
    pub requests: u64,
}

/// What one run came to.
pub struct Sample {
    /// Answers received.
    pub answers: u64,
    /// Wall time.
    pub seconds: f64,
    /// Processor seconds of the server.
    pub server_cpu: f64,
    /// Median latency, with one request in flight only.
    pub p50_micros: f64,
    /// 99th percentile, with one request in flight only.
    pub p99_micros: f64,
}

struct Client {
    stream: UnixStream,
    unsent: Vec<u8>,
    sent: usize,
    asked_at: Instant,
}

impl Client {
    /// Sends what waits, as far as it goes.
    fn flush(&mut self) {
        while self.sent < self.unsent.len() {
            match self.stream.write(&self.unsent[self.sent..]) {
                Ok(count) => self.sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => panic!("the server hung up: {error}"),
            }
        }
        self.unsent.clear();
        self.sent = 0;
    }

    /// Reads what is there; how many lines it ends. Every answer of either protocol is one line
    /// here.
    fn answers(&mut self, buffer: &mut [u8]) -> u64 {
        let mut lines = 0;
        loop {
            match self.stream.read(buffer) {
                Ok(0) => panic!("the server closed a connection"),
                Ok(count) => {
                    lines += buffer[..count].iter().filter(|&&byte| byte == b'\n').count() as u64
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return lines,
                Err(error) => panic!("the server hung up: {error}"),
            }
        }
    }
}

impl Load {
    /// Runs it against a server.
    pub fn run(&self, peer: &Peer, request: fn(u64) -> String) -> Sample {
        // Requests are written beforehand, so that their making is not measured.
        let prepared: Vec<Vec<u8>> =
            (0..self.requests).map(|number| request(number).into_bytes()).collect();
        let mut next = 0usize;
        let mut poll = Poll::new().expect("a poll");
        let mut clients: Vec<Client> = (0..self.clients)
            .map(|index| {
                let mut stream = peer.connect();
                let both = Interest::READABLE | Interest::WRITABLE;
                poll.registry().register(&mut stream, Token(index), both).expect("registered");
                Client { stream, unsent: Vec::new(), sent: 0, asked_at: Instant::now() }
            })
            .collect();
        let cpu_before = peer.cpu_seconds();
        let begun = Instant::now();
        let end = begun + Duration::from_secs_f64(self.seconds);
        let mut ask = |client: &mut Client, count: u64| {
            for _ in 0..count {
                client.unsent.extend_from_slice(&prepared[next % prepared.len()]);
                next += 1;
            }
            client.asked_at = Instant::now();
            client.flush();
        };
        clients.iter_mut().for_each(|client| ask(client, self.depth as u64));
        let mut events = Events::with_capacity(256);
        let mut buffer = vec![0; 1 << 18];
        let (mut answers, mut latencies) = (0, Vec::new());
        while Instant::now() < end {
            match poll.poll(&mut events, Some(Duration::from_millis(100))) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                other => other.expect("polled"),
            }
            for event in &events {
                let client = &mut clients[event.token().0];
                client.flush();
                let got = client.answers(&mut buffer);
                if got > 0 {
                    answers += got;
                    if self.depth == 1 {
                        latencies.push(client.asked_at.elapsed().as_secs_f64() * 1e6);
                    }
                    ask(client, got);
                }
            }
        }
        let seconds = begun.elapsed().as_secs_f64();
        let server_cpu = peer.cpu_seconds() - cpu_before;
        latencies.sort_by(f64::total_cmp);
        let percentile = |share: f64| {
            let index = (latencies.len() as f64 * share) as usize;
            latencies.get(index.min(latencies.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
        };
        let (p50_micros, p99_micros) = (percentile(0.5), percentile(0.99));
        Sample { answers, seconds, server_cpu, p50_micros, p99_micros }
    }
}
