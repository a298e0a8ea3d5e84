//! One turn after the other: timers, ready connections, a slice of long work, answers sent.
//!
//! It knows neither the poll nor real sockets nor the real clock, so the daemon and the simulator
//! run the same code. Order of a turn: timers that are due; ready connections round robin, each
//! within its budget, until none is left or the turn is long enough; one flush for each connection
//! with answers (a flush for each answer would cost a factor of 6 to 8); one slice of long work,
//! and a short one of freeing what work has left behind, with another flush for what they answer;
//! removal of those that ended.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::clock::Clock;
use super::config::Loaded;
use super::connection::{Key, Phase};
use super::hub::Hub;
use super::idle_exit::IdleExit;
use super::limits::Limits;
use super::memory::Memory;
use super::metrics::End;
use super::packing::IdlePacking;
use super::projects;
use super::transport::{News, Transport};
use crate::api::methods::health::HealthResult;
use crate::disk;
use crate::job::leftovers;
use crate::journal::Journal;
use crate::memory::{free_with, set_memory_limit, set_resident_limit};
use crate::render_store::RenderStore;
use crate::rpc::methods::health;
use crate::rpc::{Host, Service};

/// What the disk gets at least when unsaved work is saved at the end.
const SHORTEST_DISK_TIMEOUT: Duration = Duration::from_secs(1);
/// Who calls turns slow that are no longer than this gets their processor time, too.
const CLOSE_LOOK: Duration = Duration::from_millis(10);

/// The server without its sockets.
pub struct Reactor<T, C> {
    pub(super) hub: Hub<T, C>,
    pub(super) service: Service,
    pub(super) packing: IdlePacking,
    pub(super) idle_exit: IdleExit,
    pub(super) memory: Memory,
    /// Messages, slices, bytes in and bytes out when the turn began.
    before_turn: [u64; 4],
}

/// What the turn has to wait for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wait {
    /// There is work: look for events without waiting.
    None,
    /// Until an event, at most until this moment.
    Until(Instant),
    /// Until an event.
    Forever,
}

impl<T: Transport, C: Clock> Reactor<T, C> {
    /// A server without connections.
    pub fn new(service: Service, limits: Limits, clock: C) -> Self {
        leftovers::collect();
        free_with(|| _ = leftovers::free_all());
        Reactor {
            hub: Hub::new(limits, clock),
            service,
            packing: IdlePacking::default(),
            idle_exit: IdleExit::default(),
            memory: Memory::default(),
            before_turn: [0; 4],
        }
    }

    /// The connections and counters.
    pub fn hub(&self) -> &Hub<T, C> {
        &self.hub
    }

    /// The connections, to take new ones in.
    pub fn hub_mut(&mut self) -> &mut Hub<T, C> {
        &mut self.hub
    }

    /// What calls act on.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// The state of health.
    pub fn health(&self) -> HealthResult {
        let uptime = self.hub.now.saturating_duration_since(self.hub.started);
        let (facts, service) = (self.hub.server_facts(), &self.service);
        health::assemble(facts, service.workspace(), service.instance(), uptime)
    }

    /// The configuration in force.
    pub fn config(&self) -> &Loaded {
        &self.hub.observer.config
    }

    /// Takes a configuration over, as far as it can change while the server runs.
    pub fn configure(&mut self, config: Loaded) {
        let open_limit = self.hub.limits.connections;
        let wanted = config.settings.limits();
        let asked = self.hub.observer.config.settings.limits();
        self.hub.limits = wanted;
        if self.hub.limits.connections == asked.connections {
            // What the system allowed at the start may be less than what was asked for.
            self.hub.limits.connections = open_limit;
        }
        self.hub.allow_shutdown = config.settings.allow_shutdown.0;
        set_memory_limit(config.settings.voxel_memory());
        set_resident_limit(config.settings.process_memory());
        self.hub.observer.config = config;
        let now = self.hub.now;
        self.hub.observer.reconfigure(now);
    }

    /// The kept pictures.
    pub fn renders_mut(&mut self) -> &mut RenderStore {
        self.service.renders_mut()
    }

    /// Names the sockets that are served.
    pub fn set_sockets(&mut self, sockets: Vec<String>) {
        self.hub.observer.sockets = sockets;
    }

    /// Says which sockets nobody can reach any more, and why.
    pub fn set_lost_sockets(&mut self, lost: Vec<String>) {
        self.hub.observer.lost_sockets = lost;
    }

    /// Saves unsaved work, if the configuration asks for it; false if something could not be saved.
    pub fn save_on_exit(&mut self) -> bool {
        let settings = &self.hub.observer.config.settings;
        // Nobody waits for a disk that does not answer longer than for a client.
        disk::set_time_out(self.hub.limits.drain.max(SHORTEST_DISK_TIMEOUT));
        let (save, state) = (settings.save_on_exit.0, settings.state_dir.as_deref());
        let has_journal = self.service.journal().is_some_and(|journal| journal.trouble().is_none());
        projects::finish(self.service.workspace_mut(), save, state, has_journal)
    }

    /// Ends the journal of a clean run.
    pub fn finish_journal(&mut self) {
        if let Err(error) = self.service.finish_journal() {
            log::error!("the journal cannot be ended in good order: {error}");
        }
    }

    fn compact_journal(&mut self) {
        if self.service.journal().is_some() {
            let mut budget = self.hub.clock.slice(self.hub.limits.slice);
            self.service.compact_journal(self.hub.now, &mut budget);
        }
    }

    /// Lets calls stop the server.
    pub fn allow_shutdown(&mut self, allow: bool) {
        self.hub.allow_shutdown = allow;
    }

    /// Tells that the socket of a connection has news.
    pub fn event(&mut self, key: Key, news: News) {
        let Some(connection) = self.hub.get(key) else { return };
        connection.readable |= news.readable;
        connection.input_ending |= news.ended;
        if news.hang_up {
            connection.output_lost();
            if connection.running.is_some() {
                self.hub.hurry(key);
            }
        }
        if news.writable {
            self.hub.make_dirty(key);
        }
        if news.readable {
            self.hub.make_ready(key);
        }
    }

    /// Reads the clock; call it after waiting and before anything else.
    pub fn wake(&mut self) {
        self.hub.now = self.hub.clock.now();
    }

    /// Does what is to be done now, and tells what to wait for.
    pub fn turn(&mut self) -> Wait {
        let started = self.hub.now;
        self.before_turn = self.work_done();
        self.hub.metrics.turns += 1;
        self.hub.slice = None;
        self.expire();
        self.mind_memory();
        self.serve_ready(started);
        if self.has_work() {
            // What is answered does not wait for a slice.
            self.write_journal();
            self.flush_all();
        }
        self.step_work();
        self.free_leftovers();
        self.pack_idle();
        self.compact_journal();
        self.write_journal();
        self.give_back_at_rest();
        self.flush_all();
        let now = self.hub.now;
        self.service.tick(now, &mut self.hub);
        self.remove_gone();
        self.end_if_idle();
        self.end_drain();
        self.what_to_wait_for()
    }

    fn serve_ready(&mut self, started: Instant) {
        while let Some(key) = self.hub.ready.pop_front() {
            if let Some(connection) = self.hub.get(key) {
                connection.queued = false;
                let before = self.hub.now;
                self.guarded(key, |reactor| reactor.serve(key));
                if self.hub.now == before {
                    // Bytes without a call take time too.
                    self.hub.now = self.hub.clock.now();
                }
            }
            if self.hub.now.saturating_duration_since(started) >= self.hub.limits.turn_total {
                break;
            }
        }
    }

    /// Runs a part of a turn. A panic in it costs the connection, not the server.
    pub(super) fn guarded(&mut self, key: Key, part: impl FnOnce(&mut Self)) {
        if catch_unwind(AssertUnwindSafe(|| part(self))).is_err() {
            self.hub.metrics.panics += 1;
            log::error!("conn={} closed: a fault of the server, see the panic above", key.id.0);
            self.hub.end(key, End::Fault);
        }
    }

    fn remove_gone(&mut self) {
        while let Some(key) = self.hub.gone.pop() {
            let Some(connection) = self.hub.get(key) else { continue };
            let Phase::Gone(end) = connection.phase else { continue };
            let protocol = connection.decoder.protocol().map_or("undecided", |known| known.name());
            let facts = (connection.calls, connection.bytes_in, connection.bytes_out);
            let running = connection.running.take();
            let level = if end.is_drop() { log::Level::Warn } else { log::Level::Debug };
            log::log!(
                level,
                "conn={} closed reason={} protocol={protocol} calls={} in={} out={}",
                key.id.0,
                end.name(),
                facts.0,
                facts.1,
                facts.2
            );
            self.hub.metrics.count_end(end);
            if let Some(running) = running {
                self.hub.metrics.cancelled += 1;
                self.service.cancel(*running.exchange, &mut self.hub);
            }
            self.service.connection_closed(key.id);
            let now = self.hub.now;
            self.hub.observer.monitors.set(key.id, None, now);
            self.hub.places.remove(&key.id);
            let removed = self.hub.connections.remove(key.index);
            self.hub.buffered = self.hub.buffered.saturating_sub(removed.accounted);
        }
    }

    /// Begins to stop: what has arrived is answered, then each connection is closed.
    pub fn begin_drain(&mut self) {
        let now = self.hub.now;
        self.hub.draining.get_or_insert(now);
        let keys: Vec<Key> = self.hub.keys().collect();
        for key in keys {
            // One more look at the socket: what was sent before the stop is served.
            if let Some(connection) = self.hub.get(key) {
                connection.readable = true;
            }
            self.hub.make_ready(key);
        }
    }

    /// Reads nothing from now on, so that what has come can be answered; or reads again.
    pub fn stand_still(&mut self, is_standing: bool) {
        self.hub.is_standing = is_standing;
        let keys: Vec<Key> = self.hub.keys().collect();
        keys.into_iter().filter(|_| !is_standing).for_each(|key| self.hub.make_ready(key));
    }

    /// Whether everything that was read is answered, and sent as far as anybody takes it.
    pub fn is_quiet(&self) -> bool {
        let hub = &self.hub;
        let is_working =
            !hub.working.is_empty() || !hub.resting.is_empty() || !hub.awaiting.is_empty();
        !is_working && hub.ready.is_empty() && hub.dirty.is_empty() && hub.held.is_empty()
    }

    /// Brings the journal to the disk; false if there is none.
    pub fn settle_journal(&mut self) -> std::io::Result<bool> {
        self.service.settle_journal()
    }

    /// The projects with changes that are saved nowhere.
    pub fn unsaved_projects(&self) -> usize {
        self.service.workspace().projects().filter(|(_, project)| project.is_dirty()).count()
    }

    fn end_drain(&mut self) {
        let Some(since) = self.hub.draining else { return };
        if self.hub.now.saturating_duration_since(since) < self.hub.limits.drain {
            return;
        }
        let keys: Vec<Key> = self.hub.keys().collect();
        for key in keys {
            log::warn!("conn={} had no answer in time for the stop", key.id.0);
            self.hub.end(key, End::Shutdown);
        }
        self.remove_gone();
    }

    /// Since when the server stops.
    pub fn draining(&self) -> Option<Instant> {
        self.hub.draining
    }

    /// Whether a stop is complete.
    pub fn is_drained(&self) -> bool {
        self.hub.draining.is_some() && self.hub.connections.is_empty()
    }

    /// Whether nobody has anything to do.
    pub(super) fn is_at_rest(&self) -> bool {
        let is_busy = !self.hub.ready.is_empty() || !self.hub.working.is_empty();
        !is_busy && self.hub.dirty.is_empty() && !leftovers::are_left()
    }

    fn what_to_wait_for(&mut self) -> Wait {
        let is_stopping = self.hub.draining.is_some();
        if self.service.is_carrying() && !is_stopping {
            return Wait::None;
        }
        if !self.is_at_rest() || (self.packing.is_running() && !is_stopping) {
            return Wait::None;
        }
        let stop = self.hub.draining.map(|since| since + self.hub.limits.drain);
        let next = self.hub.next_deadline();
        let tell = self.service.next_wake(self.hub.now);
        let rested = self.hub.resting.iter().map(|&(until, _)| until).min();
        let (pack, give_back) = (self.packing.next(), self.memory.due());
        let file_calls = disk::next_tick();
        let journal = self.service.journal().and_then(Journal::next);
        let end = self.idle_exit.next();
        let late = self.hub.deadlines_of_waiting().map(|(end, _)| end).min();
        let moments = [stop, next, tell, rested, pack, give_back, file_calls, journal, end, late];
        match moments.into_iter().flatten().min() {
            Some(moment) => Wait::Until(moment),
            None => Wait::Forever,
        }
    }

    fn work_done(&self) -> [u64; 4] {
        let metrics = &self.hub.metrics;
        [metrics.messages, metrics.slices, metrics.bytes_in, metrics.bytes_out]
    }

    /// Whether the processor time of turns is to be measured, which costs a system call for each:
    /// only for those who look for turns that are not slow by usual measures.
    pub fn wants_processor_time(&self) -> bool {
        self.hub.limits.slow_turn <= CLOSE_LOOK
    }

    /// Adds the length of a turn to the counters; `worked` is the processor time that it took,
    /// where that was measured.
    pub fn turn_took(&mut self, time: Duration, worked: Option<Duration>) {
        let metrics = &mut self.hub.metrics;
        metrics.longest_turn = metrics.longest_turn.max(time);
        self.hub.observer.turns.note(time, self.hub.now);
        if time > self.hub.limits.slow_turn {
            metrics.slow_turns += 1;
            let mut work = self.work_done();
            work.iter_mut().zip(self.before_turn).for_each(|(now, before)| *now -= before);
            let [messages, slices, bytes_in, bytes_out] = work;
            let slice = match self.hub.slice {
                Some((method, took)) => format!(" slice_of={method} slice_us={}", took.as_micros()),
                None => String::new(),
            };
            let worked = match worked {
                Some(worked) => format!(" ({} us of the processor)", worked.as_micros()),
                None => String::new(),
            };
            log::warn!(
                "a turn of the loop took {} ms{worked}: messages={messages} slices={slices} in={bytes_in} \
                 out={bytes_out}{slice}",
                time.as_millis()
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::io;
    use std::rc::Rc;

    use super::*;
    use crate::server::clock::SystemClock;
    use crate::server::connection::Peer;

    /// A peer that has sent some bytes, or whose socket is broken in a way that nobody foresaw.
    struct Fake {
        inbound: Vec<u8>,
        outbound: Rc<RefCell<Vec<u8>>>,
        panics: bool,
    }

    impl Transport for Fake {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            assert!(!self.panics, "a fault made for this test");
            let bytes = std::mem::take(&mut self.inbound);
            room[..bytes.len()].copy_from_slice(&bytes);
            if bytes.is_empty() { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(bytes.len()) }
        }
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.outbound.borrow_mut().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn finish_writing(&mut self) {}
        fn watch_writable(&mut self, _: bool) {}
    }

    /// A peer whose bytes come as fast as they are read.
    struct Flood(&'static [u8]);

    impl Transport for Flood {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            room.iter_mut().zip(self.0.iter().cycle()).for_each(|(slot, byte)| *slot = *byte);
            Ok(room.len())
        }
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }
        fn finish_writing(&mut self) {}
        fn watch_writable(&mut self, _: bool) {}
    }

    #[test]
    fn a_peer_that_sends_without_end_does_not_make_a_turn_without_end() {
        for bytes in [&b"nonsense }{\n"[..], b"[", b"{\"a"] {
            let mut reactor = Reactor::new(Service::default(), Limits::default(), SystemClock);
            reactor.hub_mut().admit(Peer::default(), |_| Ok(Flood(bytes))).unwrap();
            for _ in 0..5 {
                assert_eq!(reactor.turn(), Wait::None);
                reactor.wake();
            }
        }
    }

    #[test]
    fn a_panic_while_serving_costs_the_connection_and_not_the_server() {
        let mut reactor = Reactor::new(Service::default(), Limits::default(), SystemClock);
        let outbound = Rc::new(RefCell::new(Vec::new()));
        for panics in [true, false] {
            let inbound = br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#.to_vec();
            let fake = Fake { inbound, outbound: Rc::clone(&outbound), panics };
            reactor.hub_mut().admit(Peer::default(), |_| Ok(fake)).unwrap();
        }
        // Unwinding may take longer than a turn lasts.
        while reactor.turn() == Wait::None {
            reactor.wake();
        }
        assert_eq!(reactor.hub().metrics().panics, 1);
        assert_eq!(reactor.hub().open(), 1);
        let answers = String::from_utf8(outbound.take()).unwrap();
        assert!(answers.contains("\"pong\":true") && answers.lines().count() == 1, "{answers}");
    }
}
