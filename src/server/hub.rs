//! All connections and what concerns them together; what calls see of the server ([`Host`]).

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use std::time::{Duration, Instant};

use slab::Slab;

use super::clock::Clock;
use super::config::Loaded;
use super::connection::{Connection, Keepalive, Key, Peer, Phase};
use super::limits::Limits;
use super::listener::Refusal;
use super::logging::context::{self, CallContext};
use super::metrics::{End, Metrics};
use super::observer::Observer;
use super::process_facts;
use super::serve::ANSWER_ROOM;
use super::spare::Spare;
use super::timers::Timers;
use super::transport::Transport;
use crate::api::methods::health::{ConnectionHealth, JobHealth, LoopHealth};
use crate::disk;
use crate::job::{Budget, Ticket};
use crate::memory;
use crate::rpc::error::REQUEST_CANCELLED;
use crate::rpc::server_facts::{ServerFacts, SettingList, SlowCalls};
use crate::rpc::{ConnectionId, ConnectionInfo, EndedCall, Host, JobInfo};
use crate::wire::buffer::READ_ROOM;
use crate::wire::{Framing, Protocol, Stamp};

/// Memory for reading that waits to be used again: few connections have half a message at a time.
const SPARE_INBOUND: Spare = Spare::new(16, READ_ROOM / 4..=READ_ROOM * 4);

/// Memory for answers that waits to be used again: all connections of a turn may have some.
const SPARE_OUTBOUND: Spare = Spare::new(64, ANSWER_ROOM..=READ_ROOM / 4);

/// How old a reading of the time of day may be: nobody is told more than seconds.
const WALL_CLOCK_AGE: Duration = Duration::from_millis(1);

/// The connections.
pub struct Hub<T, C> {
    pub(super) connections: Slab<Connection<T>>,
    pub(super) places: HashMap<ConnectionId, usize>,
    pub(super) clock: C,
    /// The clock, read once a turn and after each message.
    pub(super) now: Instant,
    /// The time of day in seconds since 1970, and when it was read.
    wall: (Instant, u64),
    pub(super) started: Instant,
    pub(super) limits: Limits,
    pub(super) metrics: Metrics,
    pub(super) timers: Timers,
    /// Connections that have something to do.
    pub(super) ready: VecDeque<Key>,
    /// Connections with bytes to send.
    pub(super) dirty: VecDeque<Key>,
    /// Connections whose answers wait for the journal.
    pub(super) held: Vec<Key>,
    /// Connections to be removed at the end of the turn.
    pub(super) gone: Vec<Key>,
    /// Connections whose message takes more than one slice.
    pub(super) working: VecDeque<Key>,
    /// Until when calls that begin now may work at once.
    pub(super) at_once_until: Instant,
    /// The slice of long work of this turn: its method, if it is one, and its time.
    pub(super) slice: Option<(&'static str, Duration)>,
    /// Connections whose message rests until a moment, in no order.
    pub(super) resting: Vec<(Instant, Key)>,
    /// Connections whose message waits for a file call.
    pub(super) awaiting: HashMap<Ticket, Key>,
    /// Memory of empty buffers, to be used again: for reading, ...
    pub(super) spare_inbound: Spare,
    /// ... and for answers. They are kept apart because room to read into must be initialised.
    pub(super) spare_outbound: Spare,
    /// Since when the server stops.
    pub(super) draining: Option<Instant>,
    pub(super) allow_shutdown: bool,
    /// Whether nothing is read any more, since another daemon may take over.
    pub(super) is_standing: bool,
    /// The connection of the daemon that takes over.
    pub(super) successor: Option<Key>,
    pub(super) last_id: u64,
    /// Bytes in all buffers, as of the last look at each connection.
    pub(super) buffered: usize,
    /// What is kept about calls and turns.
    pub(super) observer: Observer,
}

impl<T: Transport, C: Clock> Hub<T, C> {
    /// No connections yet.
    pub fn new(limits: Limits, clock: C) -> Self {
        let now = clock.now();
        let wall = (now, wall_seconds(&clock));
        Hub {
            connections: Slab::new(),
            places: HashMap::new(),
            clock,
            now,
            wall,
            started: now,
            limits,
            metrics: Metrics::default(),
            timers: Timers::default(),
            ready: VecDeque::new(),
            dirty: VecDeque::new(),
            held: Vec::new(),
            gone: Vec::new(),
            working: VecDeque::new(),
            at_once_until: now,
            slice: None,
            resting: Vec::new(),
            awaiting: HashMap::new(),
            spare_inbound: SPARE_INBOUND,
            spare_outbound: SPARE_OUTBOUND,
            draining: None,
            allow_shutdown: false,
            is_standing: false,
            successor: None,
            last_id: 0,
            buffered: 0,
            observer: Observer::new(Loaded::default(), now),
        }
    }

    /// The connection of a daemon that asked to take over.
    pub(super) fn successor(&self) -> Option<Key> {
        self.successor
    }

    /// Forgets the memory that waits to be used again.
    pub(super) fn forget_spare(&mut self) {
        self.spare_inbound = SPARE_INBOUND;
        self.spare_outbound = SPARE_OUTBOUND;
    }

    /// Why there is no room for another connection of this peer; `None` if there is. Of the
    /// connections that may be open some are kept back for the user of the daemon, and no process
    /// may have more than its share.
    pub fn no_room_for(&self, peer: Peer, own_uid: u32) -> Option<Refusal> {
        let Limits { connections: limit, reserve, of_peer, .. } = self.limits;
        let open = self.connections.len();
        if open >= limit {
            let reason = format!("{limit} connections are open, and no more are allowed");
            return Some(Refusal { reason, limit: Some("--max-connections") });
        }
        // Where the system does not tell the user, nothing can be kept back.
        let is_own = peer.uid.is_none_or(|uid| uid == own_uid);
        let reserve = reserve.min(limit / 2);
        if !is_own && open >= limit - reserve {
            let reason = format!(
                "{open} connections are open, and {reserve} of {limit} are kept for the user of the daemon"
            );
            return Some(Refusal { reason, limit: Some("--reserve-connections") });
        }
        let own = || self.connections.iter().filter(|(_, other)| other.peer == peer).count();
        if of_peer > 0 && peer.pid.is_some() && open >= of_peer && own() >= of_peer {
            let reason = format!("{of_peer} connections of this process are open, its share");
            return Some(Refusal { reason, limit: Some("--max-connections-per-peer") });
        }
        None
    }

    /// Takes a connection in. `make` gets the key under which events of its socket have to come.
    pub fn admit(
        &mut self,
        peer: Peer,
        make: impl FnOnce(Key) -> io::Result<T>,
    ) -> io::Result<Key> {
        let id = ConnectionId(self.last_id + 1);
        let place = self.connections.vacant_entry();
        let key = Key { index: place.key(), id };
        let transport = make(key)?;
        place.insert(Connection::new(id, transport, peer, self.now));
        self.last_id = id.0;
        self.places.insert(id, key.index);
        self.metrics.accepted += 1;
        self.metrics.peak_connections = self.metrics.peak_connections.max(self.connections.len());
        self.make_ready(key);
        self.rearm(key);
        Ok(key)
    }

    /// The connection of a key, if it is still there.
    pub fn get(&mut self, key: Key) -> Option<&mut Connection<T>> {
        self.connections.get_mut(key.index).filter(|connection| connection.id == key.id)
    }

    pub(super) fn key_of(&self, id: ConnectionId) -> Option<Key> {
        self.places.get(&id).map(|index| Key { index: *index, id })
    }

    /// Puts a connection into the ready queue.
    pub(super) fn make_ready(&mut self, key: Key) {
        if let Some(connection) = self.get(key)
            && !connection.queued
        {
            connection.queued = true;
            self.ready.push_back(key);
        }
    }

    /// Has a connection flushed at the end of the turn.
    pub(super) fn make_dirty(&mut self, key: Key) {
        if let Some(connection) = self.get(key)
            && !connection.dirty
        {
            connection.dirty = true;
            self.dirty.push_back(key);
        }
    }

    /// Has the work of a connection looked at in the next slices, whatever it waits for.
    pub(super) fn hurry(&mut self, key: Key) {
        self.resting.retain(|(_, other)| *other != key);
        self.awaiting.retain(|_, other| *other != key);
        if !self.working.contains(&key) {
            self.working.push_back(key);
        }
    }

    /// Those whose work waits for something outside, and when it is stopped if that does not come.
    pub(super) fn deadlines_of_waiting(&self) -> impl Iterator<Item = (Instant, Key)> + '_ {
        let waiting = self.resting.iter().map(|(_, key)| key).chain(self.awaiting.values());
        waiting.filter_map(|&key| {
            let running = self.connections.get(key.index)?.running.as_ref()?;
            Some((running.exchange.deadline()?, key))
        })
    }

    pub(super) fn end(&mut self, key: Key, end: End) {
        if let Some(connection) = self.get(key)
            && !matches!(connection.phase, Phase::Gone(_))
        {
            connection.phase = Phase::Gone(end);
            self.gone.push(key);
        }
    }

    /// Keeps the timer of a connection up to date.
    pub(super) fn rearm(&mut self, key: Key) {
        let limits = &self.limits;
        let Some(connection) = self.connections.get_mut(key.index) else { return };
        let deadline = connection.deadline(limits);
        // An entry that comes too early re-arms itself; one that comes too late must be replaced.
        match (connection.armed, deadline) {
            (_, None) => connection.armed = None,
            (Some(armed), Some(deadline)) if armed <= deadline => {}
            (_, Some(deadline)) => {
                connection.armed = Some(deadline);
                self.timers.arm(deadline, key);
            }
        }
    }

    /// The next moment at which a timer is due.
    pub(super) fn next_deadline(&mut self) -> Option<Instant> {
        let connections = &self.connections;
        self.timers.next(|at, key| {
            connections
                .get(key.index)
                .is_some_and(|connection| connection.id == key.id && connection.armed == Some(at))
        })
    }

    /// The keys of all connections.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        self.connections.iter().map(|(index, connection)| Key { index, id: connection.id })
    }

    /// Brings the sum of all buffers up to date, and drops the largest holder if it is too much.
    pub(super) fn account(&mut self, key: Key) {
        let Some(connection) = self.get(key) else { return };
        let (before, after) = (connection.accounted, connection.buffered());
        connection.accounted = after;
        self.buffered = (self.buffered + after).saturating_sub(before);
        if self.buffered <= self.limits.buffers {
            return;
        }
        let open =
            self.connections.iter().filter(|(_, other)| !matches!(other.phase, Phase::Gone(_)));
        let largest = open.max_by_key(|(_, other)| other.accounted);
        if let Some((index, other)) = largest {
            let key = Key { index, id: other.id };
            log::warn!(
                "conn={} dropped: it holds {} of {} buffered bytes, and {} are allowed for all",
                key.id.0,
                other.accounted,
                self.buffered,
                self.limits.buffers
            );
            self.end(key, End::Buffers);
        }
    }

    /// The stamp of an answer, where its framing carries one.
    pub(super) fn stamp(&self, framing: Framing) -> Stamp {
        match framing {
            Framing::Binary { .. } => Stamp::of_micros(self.clock.wall_micros()),
            Framing::Line | Framing::Headers => Stamp::default(),
        }
    }

    /// Who has a place.
    pub fn id_at(&self, index: usize) -> Option<ConnectionId> {
        self.connections.get(index).map(|connection| connection.id)
    }

    /// Counts a newcomer that was turned away.
    pub fn count_refused(&mut self) {
        self.metrics.refused += 1;
    }

    /// The counters.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The limits.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.connections.len()
    }
}

fn wall_seconds(clock: &impl Clock) -> u64 {
    clock.wall_micros() / 1_000_000
}

impl<T: Transport, C: Clock> Hub<T, C> {
    fn connection_health(&self) -> ConnectionHealth {
        let metrics = &self.metrics;
        let mut by_protocol = BTreeMap::new();
        for (_, connection) in &self.connections {
            let protocol = connection.decoder.protocol().map_or("undecided", Protocol::name);
            *by_protocol.entry(protocol.to_owned()).or_default() += 1;
        }
        let ended = End::ALL.iter().map(|end| (end.name().to_owned(), metrics.ended(*end)));
        ConnectionHealth {
            active: self.connections.len(),
            limit: self.limits.connections,
            peak: metrics.peak_connections,
            accepted: metrics.accepted,
            refused: metrics.refused,
            dropped: metrics.dropped(),
            by_protocol,
            ended: ended.filter(|(_, count)| *count > 0).collect(),
        }
    }
}

impl<T: Transport, C: Clock> Host for Hub<T, C> {
    fn now(&self) -> Instant {
        self.now
    }

    fn unix_time(&mut self) -> u64 {
        if self.now.saturating_duration_since(self.wall.0) >= WALL_CLOCK_AGE {
            self.wall = (self.now, wall_seconds(&self.clock));
        }
        self.wall.1
    }

    fn at_once(&self) -> Budget {
        self.clock.until(self.at_once_until)
    }

    fn started(&self) -> Instant {
        self.started
    }

    fn connections(&self) -> Vec<ConnectionInfo> {
        let now = self.now;
        let mut list: Vec<_> =
            self.connections.iter().map(|(_, connection)| connection.info(now)).collect();
        list.sort_by_key(|info| info.id);
        list
    }

    fn jobs(&self) -> Vec<JobInfo> {
        let running = self.connections.iter().filter_map(|(_, known)| known.running.as_ref());
        running.filter_map(|running| running.exchange.job(self.now)).collect()
    }

    fn cancel_job(&mut self, job: u64) -> bool {
        let now = self.now;
        let found = self.connections.iter_mut().find_map(|(index, connection)| {
            let exchange = &mut connection.running.as_mut()?.exchange;
            exchange.job(now).filter(|info| info.job == job)?;
            exchange.stop_call();
            Some(Key { index, id: connection.id })
        });
        found.inspect(|key| self.hurry(*key)).is_some()
    }

    fn close(&mut self, id: ConnectionId) -> bool {
        let Some(key) = self.key_of(id) else { return false };
        let Some(connection) = self.get(key) else { return false };
        let open = connection.phase == Phase::Open;
        connection.begin_close(End::Killed);
        if let Some(running) = &mut connection.running {
            running.exchange.stop_all();
            self.hurry(key);
        }
        self.make_dirty(key);
        open
    }

    fn set_name(&mut self, id: ConnectionId, name: &str) {
        if let Some(key) = self.key_of(id)
            && let Some(connection) = self.get(key)
        {
            connection.name = (!name.is_empty()).then(|| name.into());
        }
    }

    fn set_keepalive(&mut self, id: ConnectionId, interval: Option<Duration>) {
        let now = self.now;
        if let Some(key) = self.key_of(id)
            && let Some(connection) = self.get(key)
        {
            connection.keepalive =
                interval.filter(|interval| !interval.is_zero()).map(|interval| {
                    Box::new(Keepalive {
                        interval,
                        due: now + interval,
                        sequence: 0,
                        unanswered: 0,
                    })
                });
            self.rearm(key);
        }
    }

    fn notify(&mut self, id: ConnectionId, message: &[u8]) -> bool {
        let (hard, all) = (self.limits.outbound_hard, self.limits.buffers);
        let full = self.buffered > all;
        let Some(key) = self.key_of(id) else { return false };
        let Some(connection) = self.get(key) else { return false };
        let unsent = connection.outbound.len() + connection.notices.len() + message.len();
        let framing: Framing = connection.decoder.unsolicited();
        if full
            || unsent > hard
            || connection.output_dead
            || connection.phase != Phase::Open
            || connection.decoder.protocol() == Some(Protocol::Http)
        {
            return false;
        }
        let stamp = self.stamp(framing);
        let Some(connection) = self.get(key) else { return false };
        framing.encode_json(stamp, &mut connection.notices, message);
        self.make_dirty(key);
        true
    }

    fn has_unsent(&self, id: ConnectionId) -> bool {
        self.places
            .get(&id)
            .and_then(|&index| self.connections.get(index))
            .is_some_and(|known| !known.outbound.is_empty() || !known.notices.is_empty())
    }

    fn shut_down(&mut self) -> bool {
        if self.allow_shutdown && self.draining.is_none() {
            self.draining = Some(self.now);
        }
        self.allow_shutdown
    }

    fn hand_over(&mut self, id: ConnectionId) -> Result<(), &'static str> {
        let key = self.key_of(id).ok_or("the connection is gone")?;
        let peer = self.get(key).and_then(|connection| connection.peer.uid);
        if peer != Some(rustix::process::geteuid().as_raw()) {
            return Err("only the user of this daemon may take over");
        }
        if self.draining.is_some() || self.successor.is_some() {
            return Err("the daemon is stopping, or another one takes over");
        }
        self.successor = Some(key);
        Ok(())
    }

    fn working_on(&mut self, call: Option<(ConnectionId, &'static str)>) {
        context::set(call.map(|(id, method)| CallContext { connection: id.0, method }));
    }

    fn call_ended(&mut self, call: &EndedCall<'_>) {
        self.now = self.clock.now();
        let took = self.now.saturating_duration_since(call.began);
        let is_cancelled = call.error.is_some_and(|error| error.code == REQUEST_CANCELLED);
        self.metrics.cancelled += u64::from(is_cancelled);
        self.observer.calls.record(call, took);
        self.observer.slow_log.note(call, took);
        if !self.observer.monitors.is_empty() {
            let caller = self.key_of(call.caller).and_then(|key| self.get(key));
            let peer_pid = caller.and_then(|caller| caller.peer.pid);
            for (id, notice) in self.observer.monitors.notices(call, peer_pid, took, self.now) {
                if !self.notify(id, notice.as_bytes()) {
                    self.observer.monitors.missed(id);
                }
            }
        }
    }

    fn server_facts(&self) -> ServerFacts {
        let metrics = &self.metrics;
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        ServerFacts {
            sockets: self.observer.sockets.clone(),
            lost_sockets: self.observer.lost_sockets.clone(),
            is_draining: self.draining.is_some(),
            resident_bytes: memory::resident_bytes(),
            buffer_bytes: self.buffered as u64,
            buffer_limit: self.limits.buffers as u64,
            connections: self.connection_health(),
            calls: self.observer.calls.health(),
            event_loop: LoopHealth {
                turns: metrics.turns,
                longest_turn_us: micros(metrics.longest_turn),
                recent_longest_turn_us: micros(self.observer.turns.longest(self.now)),
                slow_turns: metrics.slow_turns,
                slices: metrics.slices,
                panics: metrics.panics,
            },
            jobs: JobHealth {
                running: self.working.len() + self.resting.len() + self.awaiting.len(),
                waiting: 0,
                cancelled: metrics.cancelled,
            },
            stuck_file_calls: disk::stuck().len(),
            descriptors: process_facts::descriptors(),
            last_error: self.observer.calls.last_error(),
            thresholds: self.observer.thresholds(),
        }
    }

    fn slow_calls(&mut self, reset: bool) -> SlowCalls {
        self.observer.slow_log.take(reset)
    }

    fn monitor(&mut self, id: ConnectionId, filter: Option<String>) -> u64 {
        self.observer.monitors.set(id, filter, self.now);
        self.observer.monitors.rate()
    }

    fn set_log_level(&mut self, level: log::LevelFilter) {
        self.observer.set_log_level(level);
    }

    fn setting_list(&self) -> SettingList {
        self.observer.setting_list()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::clock::SystemClock;

    /// A peer that never says anything.
    struct Silent;

    impl Transport for Silent {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::WouldBlock.into())
        }
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }
        fn finish_writing(&mut self) {}
        fn watch_writable(&mut self, _: bool) {}
    }

    const OWN: u32 = 7;

    /// How many connections a peer gets of those that are left.
    fn admitted(hub: &mut Hub<Silent, SystemClock>, peer: Peer) -> (usize, Option<&'static str>) {
        let mut count = 0;
        loop {
            if let Some(refusal) = hub.no_room_for(peer, OWN) {
                return (count, refusal.limit);
            }
            assert!(hub.admit(peer, |_| Ok(Silent)).is_ok());
            count += 1;
        }
    }

    #[test]
    fn connections_are_kept_for_the_owner_and_none_takes_more_than_its_share() {
        let limits = Limits { connections: 20, reserve: 8, of_peer: 10, ..Limits::default() };
        let mut hub = Hub::new(limits, SystemClock);
        let peer = |pid, uid| Peer { pid: Some(pid), uid: Some(uid) };
        let share = Some("--max-connections-per-peer");
        assert_eq!(admitted(&mut hub, peer(1, 9)), (10, share));
        assert_eq!(admitted(&mut hub, peer(2, 9)), (2, Some("--reserve-connections")));
        assert_eq!(admitted(&mut hub, peer(3, OWN)), (8, Some("--max-connections")));
    }
}
