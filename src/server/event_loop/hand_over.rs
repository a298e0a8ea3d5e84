//! Giving everything to a daemon that takes over, or going on.

use std::io;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use mio::Events;

use super::EventLoop;
use crate::server::clock::{Clock, SystemClock};
use crate::server::connection::Key;
use crate::server::listener::Listener;
use crate::server::metrics::End;
use crate::server::ownership::OwnedPath;
use crate::server::takeover::give::{self, Files};

/// The longest wait between two looks whether everything is answered.
const GLANCE: Duration = Duration::from_millis(5);

impl EventLoop {
    /// Hands everything over to the daemon on a connection; true if that one has it all now.
    pub(super) fn hand_over(&mut self, successor: Key, events: &mut Events) -> bool {
        let hub = self.reactor.hub_mut();
        hub.successor = None;
        let Some(connection) = hub.get(successor) else { return false };
        let pid = connection.peer.pid.unwrap_or(-1);
        let stream = connection.transport.give_away();
        hub.end(successor, End::PeerClosed);
        let stream = match stream {
            Ok(stream) => stream,
            Err(error) => {
                log::error!("cannot talk to the daemon that takes over: {error}");
                return false;
            }
        };
        log::info!("pid {pid} takes over: standing still");
        self.become_quiet(events);
        match self.offer(&stream) {
            Ok(()) => {
                log::info!("everything belongs to pid {pid} now");
                true
            }
            Err(error) => {
                log::warn!("pid {pid} did not take over: {error}; going on");
                self.go_on();
                false
            }
        }
    }

    /// Answers what has come, for at most the time that a stop would take for it.
    fn become_quiet(&mut self, events: &mut Events) {
        self.reactor.stand_still(true);
        let until = SystemClock.now() + self.reactor.hub().limits().drain;
        loop {
            self.reactor.wake();
            self.reactor.turn();
            if self.reactor.is_quiet() || SystemClock.now() >= until {
                return;
            }
            // An error shows again in the next turn of the loop.
            if self.poll.poll(events, Some(GLANCE)).is_ok() {
                events.iter().for_each(|event| self.dispatch(event));
            }
        }
    }

    fn offer(&mut self, stream: &UnixStream) -> io::Result<()> {
        let refused = |why: String| {
            give::refuse(stream, &why);
            io::Error::other(why)
        };
        let has_journal = self.reactor.settle_journal();
        let has_journal = has_journal
            .map_err(|error| refused(format!("its journal cannot be written: {error}")))?;
        let unsaved = self.reactor.unsaved_projects();
        if !has_journal && unsaved > 0 {
            let why = "it has no journal, and unsaved changes; save them first, or stop it";
            return Err(refused(why.to_owned()));
        }
        let place = self.reactor.service().journal().and_then(|journal| journal.place());
        let pid_file = self.watch.pid_file();
        let files = Files {
            pid_file: pid_file.map(|file| (file.path().to_owned(), file.file())),
            journal: place.map(|place| (place.directory().to_owned(), place.lock())),
        };
        give::offer(stream, &self.listeners, &files)
    }

    fn go_on(&mut self) {
        self.reactor.stand_still(false);
        // What has come meanwhile was told already.
        self.listeners.iter_mut().for_each(|listener| listener.ready = true);
        self.reactor.wake();
    }

    /// Ends without a trace: all files belong to the other daemon.
    pub(super) fn leave(self) {
        let owned = self.listeners.into_iter().filter_map(Listener::close);
        owned.chain(self.held).for_each(OwnedPath::leave);
        self.watch.leave();
    }
}
