//! A proxy between a client and the daemon that delays, cuts, splits and closes, driven by a seed.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::client::random::Random;

/// What is going to happen to one connection.
#[derive(Clone, Debug)]
struct Plan {
    /// Close it at once, before anything is passed on.
    refuse: bool,
    /// Close both sides after this many bytes to the daemon, or from it.
    cut_up: Option<u64>,
    cut_down: Option<u64>,
    /// The longest piece that is passed on at once.
    piece: usize,
    /// Pause before a piece, this often in a hundred, up to this many microseconds.
    pause_percent: u64,
    pause_micros: u64,
    seed: u64,
}

impl Plan {
    fn draw(random: &mut Random) -> Plan {
        let mut cut = |percent| random.chance(percent).then(|| random.below(1500));
        let (cut_up, cut_down) = (cut(35), cut(35));
        Plan {
            refuse: random.chance(5),
            cut_up,
            cut_down,
            piece: [1, 3, 17, 200, 65536][random.below(5) as usize],
            pause_percent: [0, 0, 2, 20][random.below(4) as usize],
            pause_micros: 1 + random.below(400),
            seed: random.next(),
        }
    }
}

pub struct Proxy {
    pub path: PathBuf,
    pub connections: Arc<AtomicU64>,
    pub cuts: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Proxy {
    pub fn start(path: &Path, daemon: &Path, seed: u64) -> Proxy {
        let listener = UnixListener::bind(path).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let (connections, cuts) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (stopped, count, cut) = (stop.clone(), connections.clone(), cuts.clone());
        let daemon = daemon.to_owned();
        let thread = std::thread::spawn(move || {
            let mut random = Random::new(seed);
            for client in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                count.fetch_add(1, Ordering::SeqCst);
                let plan = Plan::draw(&mut random);
                if !plan.refuse {
                    pass(client.unwrap(), UnixStream::connect(&daemon).unwrap(), &plan, &cut);
                }
            }
        });
        Proxy { path: path.to_owned(), connections, cuts, stop, thread: Some(thread) }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the accepting thread, which then sees that it is over.
        let _ = UnixStream::connect(&self.path);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Passes bytes both ways, each way in a thread of its own.
fn pass(client: UnixStream, daemon: UnixStream, plan: &Plan, cuts: &Arc<AtomicU64>) {
    for stream in [&client, &daemon] {
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    }
    let ways = [
        (client.try_clone().unwrap(), daemon.try_clone().unwrap(), plan.cut_up, 1),
        (daemon, client, plan.cut_down, 2),
    ];
    for (from, to, cut, way) in ways {
        let (plan, cuts) = (plan.clone(), cuts.clone());
        std::thread::spawn(move || one_way(from, to, cut, way, &plan, &cuts));
    }
}

fn one_way(
    mut from: UnixStream,
    mut to: UnixStream,
    cut: Option<u64>,
    way: u64,
    plan: &Plan,
    cuts: &AtomicU64,
) {
    let mut random = Random::new(plan.seed ^ way);
    let mut left = cut.unwrap_or(u64::MAX);
    let mut buffer = vec![0; plan.piece];
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        if random.chance(plan.pause_percent) {
            std::thread::sleep(Duration::from_micros(random.below(plan.pause_micros)));
        }
        let passed = (count as u64).min(left) as usize;
        let written = to.write_all(&buffer[..passed]).is_ok();
        left -= passed as u64;
        if left == 0 {
            cuts.fetch_add(1, Ordering::SeqCst);
        }
        if left == 0 || !written {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
