//! All connections and what concerns them together; what calls see of the server ([`Host`]).

use std::collections::{HashMap, VecDeque};
use std::io;
use std::time::{Duration, Instant};

use slab::Slab;

use super::clock::Clock;
use super::connection::{Connection, Keepalive, Key, Peer, Phase};
use super::limits::Limits;
use super::metrics::{End, Metrics};
use super::status::Facts;
use super::timers::Timers;
use super::transport::Transport;
use crate::rpc::{ConnectionId, ConnectionInfo, Host};
use crate::wire::buffer::READ_ROOM;
use crate::wire::{Framing, Protocol, Stamp};

/// How many blocks of memory wait to be used again.
const SPARE_BLOCKS: usize = 16;

/// The connections.
pub struct Hub<T, C> {
    pub(super) connections: Slab<Connection<T>>,
    pub(super) places: HashMap<ConnectionId, usize>,
    pub(super) clock: C,
    /// The clock, read once a turn and after each message.
    pub(super) now: Instant,
    pub(super) started: Instant,
    pub(super) limits: Limits,
    pub(super) metrics: Metrics,
    pub(super) timers: Timers,
    /// Connections that have something to do.
    pub(super) ready: VecDeque<Key>,
    /// Connections with bytes to send.
    pub(super) dirty: Vec<Key>,
    /// Connections to be removed at the end of the turn.
    pub(super) gone: Vec<Key>,
    /// Connections whose message takes more than one slice.
    pub(super) working: VecDeque<Key>,
    pub(super) spare: Vec<Vec<u8>>,
    /// Since when the server stops.
    pub(super) draining: Option<Instant>,
    pub(super) allow_shutdown: bool,
    pub(super) last_id: u64,
    /// Bytes in all buffers, as of the last look at each connection.
    pub(super) buffered: usize,
}

impl<T: Transport, C: Clock> Hub<T, C> {
    /// No connections yet.
    pub fn new(limits: Limits, clock: C) -> Self {
        let now = clock.now();
        Hub {
            connections: Slab::new(),
            places: HashMap::new(),
            clock,
            now,
            started: now,
            limits,
            metrics: Metrics::default(),
            timers: Timers::default(),
            ready: VecDeque::new(),
            dirty: Vec::new(),
            gone: Vec::new(),
            working: VecDeque::new(),
            spare: Vec::new(),
            draining: None,
            allow_shutdown: false,
            last_id: 0,
            buffered: 0,
        }
    }

    /// Whether there is room for another connection.
    pub fn has_room(&self) -> bool {
        self.connections.len() < self.limits.connections
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
            self.dirty.push(key);
        }
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

    /// Facts about the whole server.
    pub fn facts(&self) -> Facts {
        Facts {
            uptime: self.now.saturating_duration_since(self.started),
            connections: self.connections.len(),
            connection_limit: self.limits.connections,
            buffered: self.buffered,
            working: self.working.len(),
            draining: self.draining.is_some(),
            metrics: self.metrics.clone(),
        }
    }

    pub(super) fn recycle(&mut self, block: Option<Vec<u8>>) {
        let Some(block) = block else { return };
        let fits = (READ_ROOM / 4..=READ_ROOM * 4).contains(&block.len());
        if fits && self.spare.len() < SPARE_BLOCKS {
            self.spare.push(block);
        }
    }

    pub(super) fn stamp(&self) -> Stamp {
        Stamp::of_micros(self.clock.wall_micros())
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

impl<T: Transport, C: Clock> Host for Hub<T, C> {
    fn now(&self) -> Instant {
        self.now
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

    fn close(&mut self, id: ConnectionId) -> bool {
        let Some(key) = self.key_of(id) else { return false };
        let Some(connection) = self.get(key) else { return false };
        let open = connection.phase == Phase::Open;
        connection.begin_close(End::Killed);
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
        let (stamp, hard, all) = (self.stamp(), self.limits.outbound_hard, self.limits.buffers);
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
        framing.encode_json(stamp, &mut connection.notices, message);
        self.make_dirty(key);
        true
    }

    fn shut_down(&mut self) -> bool {
        if self.allow_shutdown && self.draining.is_none() {
            self.draining = Some(self.now);
        }
        self.allow_shutdown
    }
}
