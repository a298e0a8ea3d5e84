//! Round trips at a steady pace on threads of their own, while something else happens.
//!
//! Requests are sent when they are due, whether or not the ones before are answered, as by clients
//! that know nothing of each other: so a wait of a tenth of a second is seen by every request of
//! that time.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::daemon::Client;

/// Between two requests of a kind.
const PACE: Duration = Duration::from_millis(1);
/// A latency from which on it counts as a stall.
const STALL: Duration = Duration::from_millis(5);

/// What one kind of request came to.
#[derive(Default)]
pub struct Latencies {
    sorted: Vec<Duration>,
    /// When each stall began, counted from the start, and how long it lasted, in milliseconds.
    pub stalls: Vec<(f64, f64)>,
}

impl Latencies {
    /// Of pairs of when a request was sent, counted from the start, and how long its answer took.
    fn of(mut taken: Vec<(Duration, Duration)>) -> Self {
        let mut stalls = Vec::new();
        let mut end = Duration::ZERO;
        for &(sent, took) in taken.iter().filter(|(_, took)| *took >= STALL) {
            if sent >= end {
                stalls.push((sent.as_secs_f64() * 1000.0, took.as_secs_f64() * 1000.0));
            }
            end = end.max(sent + took);
        }
        taken.sort_unstable_by_key(|&(_, took)| took);
        Latencies { sorted: taken.into_iter().map(|(_, took)| took).collect(), stalls }
    }

    /// The latency that this share of requests did not exceed, in milliseconds; 1.0 is the longest.
    pub fn at(&self, share: f64) -> f64 {
        let last = self.sorted.len().saturating_sub(1);
        let index = ((self.sorted.len() as f64 * share) as usize).min(last);
        self.sorted.get(index).map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0)
    }

    /// All of it.
    pub fn json(&self) -> Value {
        json!({
            "count": self.sorted.len(), "p50_ms": self.at(0.5), "p99_ms": self.at(0.99),
            "p999_ms": self.at(0.999), "max_ms": self.at(1.0), "stalls_ms": self.stalls,
        })
    }
}

/// A probe at work.
pub struct Probe {
    stop: Arc<AtomicBool>,
    sender: JoinHandle<()>,
    receiver: JoinHandle<Vec<(Duration, Duration)>>,
}

impl Probe {
    /// Starts to send what `request` makes of a number.
    pub fn start(client: Client, request: fn(u64) -> String) -> Probe {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, began) = (Arc::clone(&stop), Instant::now());
        let (sent, awaited) = channel::<Instant>();
        let stream = client.stream();
        let sender = std::thread::spawn(move || send(stream, request, &stopped, &sent));
        let receiver = std::thread::spawn(move || {
            let mut client = client;
            let answered = |at: Instant| {
                client.read_line();
                (at - began, at.elapsed())
            };
            awaited.into_iter().map(answered).collect()
        });
        Probe { stop, sender, receiver }
    }

    /// Stops, and tells what was seen.
    pub fn finish(self) -> Latencies {
        self.stop.store(true, Ordering::Relaxed);
        self.sender.join().expect("the probe sends to the end");
        Latencies::of(self.receiver.join().expect("the probe reads to the end"))
    }
}

/// Sends requests until told to stop. On a busy machine this thread oversleeps; what it misses is
/// left out.
fn send(
    mut stream: UnixStream,
    request: fn(u64) -> String,
    stopped: &AtomicBool,
    sent: &Sender<Instant>,
) {
    let mut due = Instant::now();
    for number in 0.. {
        if stopped.load(Ordering::Relaxed) {
            return;
        }
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let now = Instant::now();
        due = now.max(due) + PACE;
        if sent.send(now).is_err() || stream.write_all(request(number).as_bytes()).is_err() {
            return;
        }
    }
}

/// The longest turn of the loop, asked for again and again while something happens.
pub struct Turns {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<u64>,
}

impl Turns {
    /// Starts to ask.
    pub fn start(mut client: Client) -> Turns {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut longest = 0;
            loop {
                let is_last = stopped.load(Ordering::Relaxed);
                longest = client.recent_longest_turn().max(longest);
                if is_last {
                    return longest;
                }
                std::thread::sleep(Duration::from_millis(500));
            }
        });
        Turns { stop, thread }
    }

    /// The longest, in milliseconds.
    pub fn finish(self) -> f64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the thread asks to the end") as f64 / 1000.0
    }
}

/// A ping.
pub fn ping(number: u64) -> String {
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{number},\"method\":\"ping\"}}\n")
}

/// A voxel for the project "small"; positions walk through a box of 64x64x64.
pub fn edit(number: u64) -> String {
    let (x, y, z) = (number & 63, number >> 6 & 63, number >> 12 & 63);
    let red = number & 255;
    format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":{number},\"method\":\"goxel.add_voxel\",\"params\":{{\"project\":\"small\",\
         \"position\":[{x},{y},{z}],\"color\":[{red},9,7]}}}}\n"
    )
}
