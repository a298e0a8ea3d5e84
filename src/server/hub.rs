//! All connections and what concerns them together.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::time::{Duration, Instant};

use slab::Slab;

use super::clock::Clock;
use super::config::Loaded;
use super::connection::{Connection, Key, Peer, Phase};
use super::limits::Limits;
use super::listener::Refusal;
use super::metrics::{End, Metrics};
use super::observer::Observer;
use super::serve::ANSWER_ROOM;
use super::spare::Spare;
use super::timers::Timers;
use super::transport::Transport;
use crate::job::Ticket;
use crate::rpc::ConnectionId;
use crate::wire::buffer::READ_ROOM;
use crate::wire::{Framing, Stamp};

/// Memory for reading that waits to be used again: few connections have half a message at a time.
const SPARE_INBOUND: Spare = Spare::new(16, READ_ROOM / 4..=READ_ROOM * 4);

/// Memory for answers that waits to be used again: all connections of a turn may have some.
const SPARE_OUTBOUND: Spare = Spare::new(64, ANSWER_ROOM..=READ_ROOM / 4);

/// How old a reading of the time of day may be: nobody is told more than seconds.
pub(super) const WALL_CLOCK_AGE: Duration = Duration::from_millis(1);

/// The connections.
pub struct Hub<T, C> {
    pub(super) connections: Slab<Connection<T>>,
    pub(super) places: HashMap<ConnectionId, usize>,
    pub(super) clock: C,
    /// The clock, read once a turn and after each message.
    pub(super) now: Instant,
    /// The time of day in seconds since 1970, and when it was read.
    pub(super) wall: (Instant, u64),
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

pub(super) fn wall_seconds(clock: &impl Clock) -> u64 {
    clock.wall_micros() / 1_000_000
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
