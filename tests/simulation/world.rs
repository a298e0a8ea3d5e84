//! One simulated world: a daemon without sockets, its clients, and what must hold after each turn.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use goxel_daemon::rpc::{Host, Service};
use goxel_daemon::server::connection::{Key, Peer};
use goxel_daemon::server::limits::Limits;
use goxel_daemon::server::metrics::End;
use goxel_daemon::server::reactor::{Reactor, Wait};
use goxel_daemon::server::transport::News;
use serde_json::{Value, json};

use crate::simulation::client::Client;
use crate::simulation::clock::SimulatedClock;
use crate::simulation::messages::{ANSWER_LIMIT, Color, MESSAGE_LIMIT, Voxel};
use crate::simulation::network::{Pipe, SimulatedSocket};
use crate::simulation::pinger::Pinger;
use crate::simulation::random::Random;

/// Turns without anything to do before it counts as spinning.
const MOST_IDLE_TURNS: u32 = 10;
/// Turns that a ping may wait beyond its turn among the others.
const PING_TURNS: u64 = 4;
/// Turns before a world counts as stuck.
const MOST_TURNS: u64 = 500_000;

pub struct World {
    random: Random,
    clock: SimulatedClock,
    reactor: Reactor<SimulatedSocket, SimulatedClock>,
    clients: Vec<Client>,
    keys: Vec<Option<Key>>,
    idle_turns: u32,
    turns: u64,
    limits: Limits,
    pinger: Pinger,
    pinger_key: Option<Key>,
}

/// What a run came to.
#[derive(Default)]
pub struct Outcome {
    pub simulated: Duration,
    pub turns: u64,
    pub messages: u64,
    pub connections: u64,
    /// Connections dropped for unanswered probes.
    pub probed_away: u64,
    /// The most turns that a ping waited.
    pub longest_ping: u64,
}

/// Runs the world of a seed to its end.
pub fn run(seed: u64) -> Result<Outcome, String> {
    let mut world = World::new(seed);
    world.live()?;
    world.settle()?;
    world.check_document()?;
    world.stop()?;
    let metrics = world.reactor.hub().metrics();
    Ok(Outcome {
        simulated: world.clock.passed(),
        turns: world.turns,
        messages: metrics.messages,
        connections: metrics.accepted,
        probed_away: metrics.ended(End::Keepalive),
        longest_ping: world.pinger.longest,
    })
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let clock = SimulatedClock::new(Random::new(random.next()));
        let limits = Limits {
            connections: 1000,
            messages: goxel_daemon::wire::MessageLimits {
                message: MESSAGE_LIMIT,
                ceiling: 256 << 20,
                headers: 8 << 10,
            },
            inbound: random.size(16 << 10).max(1),
            outbound_soft: random.size(ANSWER_LIMIT),
            outbound_hard: ANSWER_LIMIT,
            turn_requests: random.size(64),
            turn_bytes: random.size(64 << 10).max(64),
            turn_time: Duration::from_micros(random.size(2000) as u64),
            turn_total: Duration::from_micros(random.size(5000) as u64),
            ..Limits::default()
        };
        let reactor = Reactor::new(Service::default(), limits.clone(), clock.clone());
        let count = random.size(24);
        let clients =
            (0..count).map(|number| Client::new(Random::new(random.next()), number)).collect();
        let keys = vec![None; count];
        let mut clients: Vec<Client> = clients;
        // One that reads rarely may take no byte for so long that the daemon is right to drop it.
        let rare = limits.stalled.mul_f64(0.4);
        for client in &mut clients {
            client.excused |= client.pace.most_gap >= rare;
        }
        let pinger = Pinger::new(Random::new(random.next()));
        World {
            random,
            clock,
            reactor,
            clients,
            keys,
            idle_turns: 0,
            turns: 0,
            limits,
            pinger,
            pinger_key: None,
        }
    }

    /// Until every client has ended.
    fn live(&mut self) -> Result<(), String> {
        loop {
            let now = self.clock.passed();
            for number in 0..self.clients.len() {
                if self.clients[number].next_at <= now && !self.clients[number].finished {
                    self.connect(number)?;
                    let acted = self.clients[number].act(now);
                    acted.map_err(|problem| self.report(number, &problem))?;
                }
            }
            if self.clients.iter().all(|client| client.finished) {
                return Ok(());
            }
            let wait = self.turn_with_pinger()?;
            self.pass_time(wait);
            self.turns += 1;

            if self.turns > MOST_TURNS {
                let waiting = self.clients.iter().position(|client| !client.finished);
                return Err(self.report(waiting.unwrap_or(0), "the world is stuck"));
            }
        }
    }

    fn turn_with_pinger(&mut self) -> Result<Wait, String> {
        let key = match self.pinger_key {
            Some(key) => key,
            None => self.admit(self.pinger.pipe.clone())?,
        };
        self.pinger_key = Some(key);
        self.pinger.before_turn();
        if std::mem::take(&mut self.pinger.pipe.borrow_mut().news_readable) {
            self.reactor.event(key, News { readable: true, ..News::default() });
        }
        let wait = self.turn()?;
        // Each turn serves at least one of those that are ready, in their order; a ping that came
        // in two pieces may wait for its turn twice.
        let round = self.clients.len() as u64 + 1;
        self.pinger.after_turn(2 * round + PING_TURNS)?;
        Ok(wait)
    }

    fn report(&self, number: usize, problem: &str) -> String {
        let at = self.clock.passed();
        let client = self.clients[number].describe();
        let info = self.reactor.hub().connections();
        let own = self.keys[number].and_then(|key| info.iter().find(|info| info.id == key.id.0));
        format!("client {number} after {at:?}: {problem}\n  {client}\n  {own:?}")
    }

    fn connect(&mut self, number: usize) -> Result<(), String> {
        if self.keys[number].is_some() {
            return Ok(());
        }
        let pipe = self.clients[number].pipe.clone();
        self.reactor.wake();
        self.keys[number] = Some(self.admit(pipe)?);
        Ok(())
    }

    fn admit(&mut self, pipe: Rc<RefCell<Pipe>>) -> Result<Key, String> {
        let hub = self.reactor.hub_mut();
        let admitted = hub.admit(Peer::default(), |_| Ok(SimulatedSocket(pipe)));
        admitted.map_err(|error| error.to_string())
    }

    /// Tells the daemon the news and lets it have a turn.
    fn turn(&mut self) -> Result<Wait, String> {
        self.reactor.wake();
        let mut told = 0;
        for number in 0..self.clients.len() {
            let Some(key) = self.keys[number] else { continue };
            let pipe = &mut *self.clients[number].pipe.borrow_mut();
            // News may come late, all at once, or about nothing.
            let late = self.random.once_in(5);
            let spurious = self.random.once_in(200);
            if (pipe.has_news() && !late) || spurious {
                let news = News {
                    readable: pipe.news_readable || spurious,
                    writable: pipe.news_writable,
                    ended: pipe.client_ended,
                    hang_up: pipe.news_hang_up,
                };
                pipe.news_readable = false;
                pipe.news_writable = false;
                pipe.news_hang_up = false;
                self.reactor.event(key, news);
                told += 1;
            }
        }
        let before = self.progress();
        let wait = self.reactor.turn();
        let idle = told == 0 && before == self.progress() && wait == Wait::None;
        self.idle_turns = if idle { self.idle_turns + 1 } else { 0 };
        if self.idle_turns > MOST_IDLE_TURNS {
            return Err(format!("spinning: {MOST_IDLE_TURNS} turns with nothing to do"));
        }
        if self.turns.is_multiple_of(8) {
            self.check_bounds()?;
        }
        Ok(wait)
    }

    /// Something that changes whenever the daemon gets on.
    fn progress(&self) -> [u64; 6] {
        let metrics = self.reactor.hub().metrics();
        let ended = End::ALL.iter().map(|end| metrics.ended(*end)).sum();
        [
            metrics.bytes_in,
            metrics.bytes_out,
            metrics.messages,
            metrics.errors,
            metrics.slices,
            ended,
        ]
    }

    fn check_bounds(&self) -> Result<(), String> {
        let metrics = self.reactor.hub().metrics();
        let ended: u64 = End::ALL.iter().map(|end| metrics.ended(*end)).sum();
        if metrics.accepted != ended + self.reactor.hub().open() as u64 {
            return Err(format!("connections do not add up: {metrics:?}"));
        }
        if metrics.panics > 0 {
            return Err("a panic in the loop".to_string());
        }
        // One message that is being received, what was read ahead of one that waits, and
        // answers up to the soft cap plus the one that crossed it.
        let inbound = MESSAGE_LIMIT + self.limits.inbound + (128 << 10);
        let most = inbound + self.limits.outbound_soft + 2 * ANSWER_LIMIT;
        for info in self.reactor.hub().connections() {
            if info.buffered > most as u64 {
                return Err(format!("{} bytes for one connection: {info:?}", info.buffered));
            }
        }
        Ok(())
    }

    fn pass_time(&mut self, wait: Wait) {
        let now = self.clock.passed();
        let news = self.clients_have_news() || self.pinger.pipe.borrow().has_news();
        let acting = self.clients.iter().filter(|client| !client.finished);
        let next_act = acting.map(|client| client.next_at).min();
        let until = match wait {
            Wait::None => now,
            _ if news => now,
            Wait::Until(moment) => {
                let moment = self.clock.since_start(moment);
                next_act.map_or(moment, |act| act.min(moment))
            }
            Wait::Forever => next_act.unwrap_or(now),
        };
        let latest = Duration::from_micros(self.random.between(1, 50));
        self.clock.advance(until.saturating_sub(now) + latest);
        // A laptop that was asleep.
        if self.random.once_in(100_000) {
            self.clock.advance(Duration::from_secs(self.random.between(1, 20)));
        }
    }

    fn clients_have_news(&self) -> bool {
        self.clients.iter().any(|client| client.pipe.borrow().has_news())
    }

    /// Lets the daemon finish what it has: the carrying out of what came from clients that are
    /// gone.
    fn settle(&mut self) -> Result<(), String> {
        for _ in 0..MOST_TURNS {
            let wait = self.turn()?;
            let news = self.clients_have_news();
            match wait {
                _ if news => self.clock.advance(Duration::from_micros(10)),
                Wait::None => self.clock.advance(Duration::from_micros(10)),
                Wait::Until(moment) => {
                    let now = self.clock.passed();
                    self.clock.advance(self.clock.since_start(moment).saturating_sub(now));
                }
                Wait::Forever => return Ok(()),
            }
        }
        Err("the daemon does not come to rest".to_string())
    }

    /// Asks for every voxel whose colour is known.
    fn check_document(&mut self) -> Result<(), String> {
        let mut drawn: BTreeMap<Voxel, Color> = BTreeMap::new();
        for client in &self.clients {
            drawn.extend(client.drawing().into_iter().flatten());
        }
        let pipe = Pipe::new(Random::new(1), 1);
        pipe.borrow_mut().room_to_server = usize::MAX;
        pipe.borrow_mut().room_to_client = usize::MAX;
        let key = self.admit(pipe.clone())?;
        for (voxel, color) in drawn {
            let call = json!({"id": 1, "method": "goxel.get_voxel", "params": voxel}).to_string();
            pipe.borrow_mut().client_writes(call.as_bytes());
            let mut answer = Vec::new();
            for _ in 0..100 {
                if std::mem::take(&mut pipe.borrow_mut().news_readable) {
                    self.reactor.event(key, News { readable: true, ..News::default() });
                }
                self.turn()?;
                answer.extend(pipe.borrow_mut().client_reads(usize::MAX));
                if answer.ends_with(b"\n") {
                    break;
                }
            }
            let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
            if answer["result"]["color"] != json!(color) {
                return Err(format!("voxel {voxel:?} should be {color:?}: {answer}"));
            }
        }
        Ok(())
    }

    /// A stop closes everything within its time.
    fn stop(&mut self) -> Result<(), String> {
        self.reactor.wake();
        self.reactor.begin_drain();
        let begin = self.clock.passed();
        while !self.reactor.is_drained() {
            if self.clock.passed() > begin + self.limits.drain + Duration::from_secs(1) {
                return Err("a stop takes too long".to_string());
            }
            if let Wait::Until(moment) = self.turn()? {
                let left = self.clock.since_start(moment).saturating_sub(self.clock.passed());
                self.clock.advance(left);
            }
            self.clock.advance(Duration::from_micros(10));
        }
        Ok(())
    }
}
