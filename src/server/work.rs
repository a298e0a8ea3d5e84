//! Long messages: one slice of one of them a turn, round robin. Then a short slice for what has
//! been left behind.

use std::mem;

use super::clock::Clock;
use super::connection::{Key, Phase, Running};
use super::outbound::Outbound;
use super::reactor::Reactor;
use super::transport::Transport;
use crate::disk;
use crate::job::{Rest, leftovers};
use crate::journal::Journal;
use crate::rpc::SHORT_ANSWER;

/// What part of a slice of work the freeing of leftovers takes in a turn.
const LEFTOVERS_SHARE: u32 = 4;

impl<T: Transport, C: Clock> Reactor<T, C> {
    /// Gives a slice to the message that has waited longest.
    pub(super) fn step_work(&mut self) {
        let now = self.hub.now;
        let (resting, working) = (&mut self.hub.resting, &mut self.hub.working);
        working.extend(resting.extract_if(.., |(until, _)| *until <= now).map(|(_, key)| key));
        let late = self.hub.deadlines_of_waiting().filter(|(end, _)| *end <= now);
        let late: Vec<Key> = late.map(|(_, key)| key).collect();
        late.into_iter().for_each(|key| self.hub.hurry(key));
        let working = &mut self.hub.working;
        disk::tick(now);
        let awaiting = &mut self.hub.awaiting;
        working.extend(disk::take_finished().iter().filter_map(|ticket| awaiting.remove(ticket)));
        if let Some(key) = self.hub.working.pop_front() {
            self.guarded(key, |reactor| reactor.step(key));
        }
    }

    /// Whether a turn has more to do than to answer what is ready.
    pub(super) fn has_work(&self) -> bool {
        let hub = &self.hub;
        let are_waiting = !hub.resting.is_empty() || !hub.awaiting.is_empty();
        !hub.working.is_empty() || are_waiting || leftovers::are_left()
    }

    /// Frees some of what work has left behind.
    pub(super) fn free_leftovers(&mut self) {
        if leftovers::are_left() {
            let slice = self.hub.limits.slice / LEFTOVERS_SHARE;
            leftovers::free_some(&mut self.hub.clock.slice(slice));
            self.hub.now = self.hub.clock.now();
        }
    }

    fn step(&mut self, key: Key) {
        let Some(connection) = self.hub.get(key) else { return };
        if matches!(connection.phase, Phase::Gone(_)) {
            return;
        }
        let Some(mut running) = connection.running.take() else { return };
        if connection.output_dead {
            log::debug!("conn={} its work is taken back: nobody waits for the answer", key.id.0);
            self.hub.metrics.cancelled += 1;
            self.service.cancel(*running.exchange, &mut self.hub);
            self.hub.make_ready(key);
            return;
        }
        let mut outbound = mem::take(&mut connection.outbound);
        let mut budget = self.hub.clock.slice(self.hub.limits.slice);
        let (method, began) = (running.exchange.method(), self.hub.clock.now());
        self.hub.at_once_until = began + self.hub.limits.slice;
        let log_end = self.service.journal().map(Journal::position);
        let finished = self.service.advance(&mut running.exchange, &mut self.hub, &mut budget);
        self.hub.metrics.slices += 1;
        let took = self.hub.clock.now().saturating_duration_since(began);
        self.hub.slice = Some((method.unwrap_or("a batch"), took));
        if finished {
            self.hold(key, log_end);
            self.finish_work(key, &mut running, &mut outbound);
            self.hub.make_ready(key);
        } else {
            self.hub.now = self.hub.clock.now();
            match budget.rest_asked_for() {
                Some(Rest::For(time)) => self.hub.resting.push((self.hub.now + time, key)),
                Some(Rest::Until(ticket)) => {
                    self.hub.awaiting.insert(ticket, key);
                }
                None => self.hub.working.push_back(key),
            }
        }
        if let Some(connection) = self.hub.get(key) {
            if !connection.output_dead {
                connection.outbound = outbound;
            }
            if !finished {
                connection.running = Some(running);
                self.hub.account(key);
            }
        }
    }

    /// Puts the answer of a message into what is sent.
    fn finish_work(&mut self, key: Key, running: &mut Running, outbound: &mut Outbound) {
        let answer = running.exchange.take_answer();
        if answer.len() >= SHORT_ANSWER {
            return self.finish_long(key, running, answer, outbound);
        }
        let (framing, before) = (running.framing, outbound.len());
        let (stamp, kind) = (self.hub.stamp(framing), running.exchange.answer_type());
        outbound.append_with(|out| {
            framing.encode(stamp, out, |out| {
                answer.iter().for_each(|piece| out.extend_from_slice(piece));
                (kind, ())
            });
        });
        let id = || running.request_id.to_string();
        self.finish_message(key, running.since, before, framing, &id, outbound);
    }
}
