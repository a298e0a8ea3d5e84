//! The poll: tokens, listeners and signals on one side, the reactor on the other.

mod hand_over;

use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::{Events, Interest, Poll, Registry, Token, Waker};
use rustix::process::{Resource, getrlimit, setrlimit};

use super::clock::{Clock, SystemClock};
use super::connection::Key;
use super::inherited;
use super::keeping::Keeping;
use super::limits::Limits;
use super::listener::{
    ACCEPTS_A_TURN, Accepted, Listener, RETRY_AFTER, Refusal, RefusalLog, Reserve, refuse,
};
use super::newcomers::{MOST_HELD, Newcomers};
use super::ownership::{self, OwnedPath, OwnershipError, Permissions, Presence};
use super::peer;
use super::reactor::{Reactor, Wait};
use super::signals::{Signal, Signals};
use super::takeover::Handed;
use super::transport::{News, Socket};
use super::watch::Watch;
use crate::disk;
use crate::rpc::Service;
use crate::socket_path::socket_path;

/// How the server is to run.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Where to listen. If it is empty, at inherited sockets, or else at the path of the rule.
    pub sockets: Vec<PathBuf>,
    /// Who may open the sockets.
    pub permissions: Permissions,
    /// The user ids that are served; empty for all that can open the socket.
    pub allowed_users: Vec<u32>,
    /// The limits.
    pub limits: Limits,
    /// Whether a call may stop the server.
    pub allow_shutdown: bool,
    /// Where the journal goes.
    pub keeping: Keeping,
}

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A socket path.
    #[error(transparent)]
    Path(#[from] OwnershipError),
    /// A descriptor from the service manager.
    #[error("{0}")]
    Inherited(String),
    /// The user check cannot be kept here.
    #[error("--allow-uid: this system does not tell the user of a connection")]
    NoPeerUser,
    /// The journal or the health file.
    #[error("{0}")]
    Files(String),
    /// The daemon that was to be replaced.
    #[error("cannot take over: {0}")]
    TakeOver(String),
    /// The system refused.
    #[error("cannot {action}: {error}")]
    System {
        /// What was tried.
        action: &'static str,
        /// The reason.
        error: io::Error,
    },
}

/// Descriptors that are not connections: standard streams, poll, pipes, listeners, files in work.
const OTHER_DESCRIPTORS: u64 = 64;

const SIGNAL_TOKEN: Token = Token(usize::MAX);
/// A file call is over. There is nothing to do but to have a turn.
const DISK_TOKEN: Token = Token(usize::MAX - 1);
/// Listeners count down from here.
const LAST_LISTENER_TOKEN: usize = usize::MAX - 2;
const MOST_LISTENERS: usize = 1024;
/// Newcomers that are held count up from here.
const FIRST_NEWCOMER_TOKEN: usize = LAST_LISTENER_TOKEN - MOST_LISTENERS - MOST_HELD;

/// Bits of a token that hold the place in the slab; the others hold the number of the connection,
/// so that an event for a place cannot reach its next owner.
const PLACE_BITS: u32 = 24;

fn token(key: Key) -> Token {
    let number = key.id.0 as usize & (usize::MAX >> (PLACE_BITS + 1));
    Token(number << PLACE_BITS | key.index)
}

/// Serves until a signal or a call stops it, with what another daemon hands over if one does. False
/// if unsaved work could not be saved at the end.
pub fn run(
    config: Config,
    service: Service,
    watch: Watch,
    signals: Signals,
    handed: Option<Handed>,
) -> Result<bool, StartError> {
    EventLoop::start(config, service, watch, signals, handed)?.serve()
}

struct EventLoop {
    poll: Poll,
    registry: Rc<Registry>,
    listeners: Vec<Listener>,
    signals: Signals,
    reactor: Reactor<Socket, SystemClock>,
    reserve: Reserve,
    refusals: RefusalLog,
    /// Those for whom there is no room.
    newcomers: Newcomers,
    allowed_users: Vec<u32>,
    /// Whom connections are kept back for.
    own_uid: u32,
    watch: Watch,
    /// The paths that were served, locked until the exit.
    held: Vec<OwnedPath>,
}

/// The processor time of this thread.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

fn system(action: &'static str) -> impl FnOnce(io::Error) -> StartError {
    move |error| StartError::System { action, error }
}

impl EventLoop {
    fn start(
        mut config: Config,
        mut service: Service,
        mut watch: Watch,
        mut signals: Signals,
        mut handed: Option<Handed>,
    ) -> Result<Self, StartError> {
        if !config.allowed_users.is_empty() && !cfg!(target_os = "linux") {
            return Err(StartError::NoPeerUser);
        }
        let mut listeners = listen(&mut config, handed.as_mut())?;
        let poll = Poll::new().map_err(system("make a poll"))?;
        let registry = poll.registry().try_clone().map_err(system("share the poll"))?;
        let read = Interest::READABLE;
        registry
            .register(signals.source(), SIGNAL_TOKEN, read)
            .map_err(system("wait for signals"))?;
        for (index, listener) in listeners.iter_mut().enumerate().take(MOST_LISTENERS) {
            let token = Token(LAST_LISTENER_TOKEN - index);
            registry
                .register(listener.source(), token, read)
                .map_err(system("wait for connections"))?;
        }
        let waker = Waker::new(&registry, DISK_TOKEN).map_err(system("make a waker"))?;
        disk::install(config.limits.disk_timeout, move || {
            // It fails only if there is no poll any more, and so nobody to wake.
            let _ = waker.wake();
        });
        // From here on connections wait in the queues of the listeners.
        let socket = listeners.iter().find_map(Listener::path);
        let claimed = watch.claim_health_file(socket.as_deref(), handed.is_some());
        claimed.map_err(StartError::Files)?;
        let kept = config.keeping.start(&mut service, socket.as_deref(), handed.as_mut());
        kept.map_err(StartError::Files)?;
        if let Some(handed) = handed {
            handed.take(&mut listeners, &mut watch).map_err(StartError::TakeOver)?;
        }
        let mut reactor = Reactor::new(service, config.limits, SystemClock);
        reactor.allow_shutdown(config.allow_shutdown);
        Ok(EventLoop {
            poll,
            registry: Rc::new(registry),
            listeners,
            signals,
            reactor,
            reserve: Reserve::new(),
            refusals: RefusalLog::default(),
            newcomers: Newcomers::new(FIRST_NEWCOMER_TOKEN),
            allowed_users: config.allowed_users,
            own_uid: rustix::process::geteuid().as_raw(),
            watch,
            held: Vec::new(),
        })
    }

    fn serve(mut self) -> Result<bool, StartError> {
        let mut events = Events::with_capacity(1024);
        let sockets = self.listeners.iter().filter_map(Listener::path).collect();
        self.watch.ready(sockets, &mut self.reactor);
        let mut wait = Wait::None;
        loop {
            let time_out = self.time_out(wait);
            match self.poll.poll(&mut events, time_out) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => events.clear(),
                Err(error) => return Err(system("wait for events")(error)),
            }
            self.reactor.wake();
            let started = self.reactor.hub().now;
            let worked = self.reactor.wants_processor_time().then(processor_time);
            for event in events.iter() {
                self.dispatch(event);
            }
            let reactor = &self.reactor;
            self.newcomers.act(started, |path| reactor.probe_page(path));
            self.accept_newcomers();
            wait = self.reactor.turn();
            if let Some(successor) = self.reactor.hub().successor() {
                wait = Wait::None;
                if self.hand_over(successor, &mut events) {
                    self.leave();
                    return Ok(true);
                }
            }
            if self.reactor.draining().is_some() && !self.listeners.is_empty() {
                self.stop_listening();
                wait = Wait::None;
            }
            if self.reactor.is_drained() {
                let saved = self.reactor.save_on_exit();
                self.reactor.finish_journal();
                self.watch.stopped(&self.reactor);
                log::info!("stopped");
                return Ok(saved);
            }
            if self.watch.is_snapshot_due(started) {
                self.look_after_sockets();
            }
            self.watch.act(started, &mut self.reactor);
            let took = SystemClock.now().saturating_duration_since(started);
            self.reactor.turn_took(took, worked.map(|before| processor_time() - before));
        }
    }

    fn time_out(&self, wait: Wait) -> Option<Duration> {
        let now = SystemClock.now();
        let retry = self.listeners.iter().filter_map(|listener| listener.retry_at).min();
        let more =
            self.listeners.iter().any(|listener| listener.ready && listener.retry_at.is_none());
        let next = match wait {
            _ if more => return Some(Duration::ZERO),
            Wait::None => return Some(Duration::ZERO),
            Wait::Until(moment) => Some(moment),
            Wait::Forever => None,
        };
        let until =
            [next, retry, self.watch.next(), self.newcomers.next()].into_iter().flatten().min();
        // Rounded up: a poll that ends too early would only be repeated.
        until.map(|moment| {
            let left = moment.saturating_duration_since(now);
            Duration::from_millis(left.as_micros().div_ceil(1000) as u64)
        })
    }

    fn dispatch(&mut self, event: &Event) {
        let Token(number) = event.token();
        if event.token() == SIGNAL_TOKEN {
            return self.act_on_signals();
        }
        if event.token() == DISK_TOKEN || self.newcomers.has_token(event.token()) {
            return;
        }
        if number > LAST_LISTENER_TOKEN - MOST_LISTENERS {
            if let Some(listener) = self.listeners.get_mut(LAST_LISTENER_TOKEN - number) {
                listener.ready = true;
            }
            return;
        }
        let index = number & ((1 << PLACE_BITS) - 1);
        let Some(id) = self.reactor.hub().id_at(index) else { return };
        let key = Key { index, id };
        if token(key) == event.token() {
            let news = News {
                readable: event.is_readable() || event.is_read_closed(),
                writable: event.is_writable(),
                ended: event.is_read_closed(),
                hang_up: event.is_write_closed() || event.is_error(),
            };
            self.reactor.event(key, news);
        }
    }

    fn act_on_signals(&mut self) {
        for signal in self.signals.take() {
            match signal {
                Signal::Stop => {
                    log::info!("stopping: answering what has come");
                    self.reactor.begin_drain();
                }
                Signal::Reload => {
                    self.watch.reload();
                    self.look_after_sockets();
                }
                Signal::Dump => self.reactor.dump(),
            }
        }
    }

    /// Listens again where a socket was removed, as cleaners of temporary directories do.
    fn look_after_sockets(&mut self) {
        let mut lost = Vec::new();
        for (index, listener) in self.listeners.iter_mut().enumerate() {
            let path = listener.path().unwrap_or_default();
            let problem = match listener.look_after() {
                Presence::There => continue,
                Presence::Lost(error) => error.to_string(),
                Presence::Again(socket) => {
                    log::warn!("the socket {} was removed; it is bound anew", path.display());
                    let mut old = listener.replace(socket);
                    // Whoever still waits at the old one is served no more, and may connect again.
                    let _ = self.registry.deregister(&mut old);
                    let token = Token(LAST_LISTENER_TOKEN - index);
                    match self.registry.register(listener.source(), token, Interest::READABLE) {
                        Ok(()) => continue,
                        Err(error) => format!("cannot wait for connections: {error}"),
                    }
                }
            };
            log::error!("the socket {} is lost: {problem}", path.display());
            lost.push(format!("{}: {problem}", path.display()));
        }
        self.reactor.set_lost_sockets(lost);
    }

    /// Closes the listeners and removes their sockets. The paths stay locked until the exit, so
    /// that the next daemon finds what this one saves.
    fn stop_listening(&mut self) {
        self.watch.stopping();
        self.reactor.begin_drain();
        for mut listener in self.listeners.drain(..) {
            // It is closed right after; an error changes nothing.
            let _ = self.registry.deregister(listener.source());
            let owned = listener.close();
            self.held.extend(owned.inspect(OwnedPath::remove_socket));
        }
    }

    fn accept_newcomers(&mut self) {
        let now = self.reactor.hub().now;
        for index in 0..self.listeners.len() {
            let listener = &mut self.listeners[index];
            if listener.retry_at.is_some_and(|at| at <= now) {
                listener.retry_at = None;
                listener.ready = true;
            }
            let mut budget = ACCEPTS_A_TURN;
            while self.listeners[index].ready && budget > 0 {
                budget -= 1;
                self.accept_one(index, now);
            }
        }
    }

    fn accept_one(&mut self, index: usize, now: Instant) {
        let listener = &mut self.listeners[index];
        match listener.accept() {
            Accepted::Stream(stream) => self.welcome(stream, now),
            Accepted::Nobody => listener.ready = false,
            Accepted::Again => {}
            Accepted::Exhausted(error) => {
                self.reserve.refuse_one(listener);
                listener.ready = false;
                listener.retry_at = Some(now + RETRY_AFTER);
                self.reactor.hub_mut().count_refused();
                self.refusals.report(now, &error.to_string());
            }
        }
    }

    fn welcome(&mut self, stream: mio::net::UnixStream, now: Instant) {
        let peer = peer::of(&stream);
        if !self.allowed_users.is_empty()
            && !peer.uid.is_some_and(|uid| self.allowed_users.contains(&uid))
        {
            self.reactor.hub_mut().count_refused();
            self.refusals.report(now, "their user is not among those of --allow-uid");
            return refuse(stream, &Refusal::because("your user is not served here"));
        }
        if let Some(refusal) = self.reactor.hub().no_room_for(peer, self.own_uid) {
            self.reactor.hub_mut().count_refused();
            self.refusals.report(now, &refusal.reason);
            let reactor = &self.reactor;
            let page = |path: &str| reactor.probe_page(path);
            return self.newcomers.admit(stream, refusal, now, &self.registry, page);
        }
        let registry = Rc::clone(&self.registry);
        let made = self
            .reactor
            .hub_mut()
            .admit(peer, |key| Socket::register(stream, registry, token(key)));
        match made {
            Ok(key) => log::debug!(
                "conn={} accepted pid={} uid={}",
                key.id.0,
                peer.pid.unwrap_or(-1),
                peer.uid.map_or(-1, i64::from)
            ),
            Err(error) => log::error!("cannot wait for a newcomer: {error}"),
        }
    }
}

/// The listeners: inherited, handed over, or made.
fn listen(
    config: &mut Config,
    mut handed: Option<&mut Handed>,
) -> Result<Vec<Listener>, StartError> {
    let inherited = inherited::listeners().map_err(StartError::Inherited)?;
    let mut listeners: Vec<Listener> =
        inherited.into_iter().map(|socket| Listener::new(socket, None)).collect();
    if let (true, Some(handed)) = (listeners.is_empty(), handed.as_deref_mut()) {
        listeners = handed.inherited();
    }
    raise_descriptor_limit(&mut config.limits);
    if config.sockets.is_empty() && listeners.is_empty() {
        config.sockets.push(socket_path(None));
    }
    if !listeners.is_empty() {
        log::info!("listening on {} inherited sockets", listeners.len());
    }
    for path in &config.sockets {
        let listener = match handed.as_deref_mut().and_then(|handed| handed.listener(path)) {
            Some(listener) => listener,
            None => {
                let (owned, socket) = ownership::take(path, &config.permissions)?;
                Listener::new(socket, Some(owned))
            }
        };
        listener.owned().inspect(|owned| owned.protect());
        log::info!("listening on {}", path.display());
        listeners.push(listener);
    }
    Ok(listeners)
}

/// Raises the limit of open descriptors to what the connections need, or lowers the connections to
/// what the system allows.
fn raise_descriptor_limit(limits: &mut Limits) {
    let wanted = limits.connections as u64 + OTHER_DESCRIPTORS;
    let mut limit = getrlimit(Resource::Nofile);
    let allowed = limit.maximum.unwrap_or(u64::MAX);
    let current = limit.current.unwrap_or(u64::MAX);
    if current < wanted {
        limit.current = Some(wanted.min(allowed));
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            log::warn!("cannot raise the limit of open files: {error}");
        }
    }
    let got = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    if got < wanted {
        limits.connections = connections_within(got);
        log::warn!(
            "{got} open files are allowed, so at most {} connections are served",
            limits.connections
        );
    }
}

/// How many connections so many descriptors leave room for: where they are few, two thirds of them.
fn connections_within(descriptors: u64) -> usize {
    let others = OTHER_DESCRIPTORS.min(descriptors / 3);
    usize::try_from(descriptors - others).unwrap_or(usize::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::ConnectionId;

    #[test]
    fn few_descriptors_leave_most_of_them_to_clients() {
        for (descriptors, connections) in [(64, 43), (30, 20), (1024, 1024 - OTHER_DESCRIPTORS)] {
            assert_eq!(connections_within(descriptors) as u64, connections, "{descriptors}");
        }
    }

    #[test]
    fn tokens_tell_the_owners_of_one_place_apart() {
        let key = |id| Key { index: 7, id: ConnectionId(id) };
        assert_ne!(token(key(1)), token(key(2)));
        assert_eq!(token(key(u64::MAX)).0 & ((1 << PLACE_BITS) - 1), 7);
        assert!(token(key(u64::MAX)).0 < LAST_LISTENER_TOKEN - MOST_LISTENERS);
    }
}
