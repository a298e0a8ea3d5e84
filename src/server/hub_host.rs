//! What calls see of the server: the connections behind the [`Host`] of the room of calls.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::clock::Clock;
use super::connection::{Keepalive, Key, Phase};
use super::hub::{Hub, WALL_CLOCK_AGE, wall_seconds};
use super::logging::context::{self, CallContext};
use super::metrics::End;
use super::process_facts;
use super::transport::Transport;
use crate::api::methods::health::{ConnectionHealth, JobHealth, LoopHealth};
use crate::disk;
use crate::job::Budget;
use crate::memory;
use crate::rpc::error::REQUEST_CANCELLED;
use crate::rpc::server_facts::{ServerFacts, SettingList, SlowCalls};
use crate::rpc::{ConnectionId, ConnectionInfo, EndedCall, Host, JobInfo};
use crate::wire::{Framing, Protocol};

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
