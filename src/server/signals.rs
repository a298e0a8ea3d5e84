//! Signals, delivered into the loop: a flag for each says which came, one pipe wakes the poll.
//!
//! A second SIGTERM or SIGINT ends the process at once, whatever it is doing. SIGPIPE is ignored by
//! the runtime of every Rust program.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mio::net::UnixStream;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGXFSZ};
use signal_hook::{flag, low_level::pipe};

/// The exit code of a process that a second signal ended.
const FORCED_EXIT: i32 = 1;

/// A signal that the loop acts on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signal {
    /// SIGTERM or SIGINT: answer what has come, then exit.
    Stop,
    /// SIGHUP: read the configuration and open the log again.
    Reload,
    /// SIGUSR1: write the state to the log.
    Dump,
}

/// The receiving end.
pub struct Signals {
    pipe: UnixStream,
    flags: Vec<(Signal, Arc<AtomicBool>)>,
}

impl Signals {
    /// Installs the handlers.
    pub fn install() -> io::Result<Self> {
        let (receiver, sender) = UnixStream::pair()?;
        let sender = std::os::fd::OwnedFd::from(sender);
        let mut flags = Vec::new();
        let stop = Arc::new(AtomicBool::new(false));
        let numbers = [
            (SIGTERM, Signal::Stop),
            (SIGINT, Signal::Stop),
            (SIGHUP, Signal::Reload),
            (SIGUSR1, Signal::Dump),
        ];
        for (number, signal) in numbers {
            if signal == Signal::Stop {
                // Before the flag is set: it acts on what an earlier signal set.
                flag::register_conditional_shutdown(number, FORCED_EXIT, Arc::clone(&stop))?;
                flag::register(number, Arc::clone(&stop))?;
            }
            let came = Arc::new(AtomicBool::new(false));
            flag::register(number, Arc::clone(&came))?;
            pipe::register(number, sender.try_clone()?)?;
            flags.push((signal, came));
        }
        // A limit of the length of files is an error of a write, and no reason to end.
        flag::register(SIGXFSZ, Arc::default())?;
        Ok(Signals { pipe: receiver, flags })
    }

    /// What to register with the poll, for reading.
    pub fn source(&mut self) -> &mut UnixStream {
        &mut self.pipe
    }

    /// The signals that came since the last call.
    pub fn take(&mut self) -> Vec<Signal> {
        let mut bytes = [0; 64];
        while matches!(self.pipe.read(&mut bytes), Ok(count) if count > 0) {}
        let came = |(_, flag): &&(Signal, Arc<AtomicBool>)| flag.swap(false, Ordering::SeqCst);
        self.flags.iter().filter(came).map(|(signal, _)| *signal).collect()
    }
}
