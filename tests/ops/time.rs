//! Time that passes in no time: the server on a made-up clock and a made-up socket.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use goxel_daemon::job::Budget;
use goxel_daemon::rpc::Service;
use goxel_daemon::server::clock::Clock;
use goxel_daemon::server::connection::{Key, Peer};
use goxel_daemon::server::limits::Limits;
use goxel_daemon::server::reactor::Reactor;
use goxel_daemon::server::transport::{News, Transport};

#[derive(Clone)]
struct MadeUpClock(Rc<Cell<Instant>>);

impl Clock for MadeUpClock {
    fn now(&self) -> Instant {
        self.0.get()
    }
    fn wall_micros(&self) -> u64 {
        0
    }
    fn slice(&self, _: Duration) -> Budget {
        Budget::units(1000)
    }
}

#[derive(Clone, Default)]
struct Wire(Rc<RefCell<(VecDeque<u8>, Vec<u8>)>>);

impl Transport for Wire {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let input = &mut self.0.borrow_mut().0;
        if input.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = room.len().min(input.len());
        for (byte, from) in room.iter_mut().zip(input.drain(..count)) {
            *byte = from;
        }
        Ok(count)
    }
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().1.extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn finish_writing(&mut self) {}
    fn watch_writable(&mut self, _: bool) {}
}

struct World {
    clock: Rc<Cell<Instant>>,
    wire: Wire,
    key: Key,
    reactor: Reactor<Wire, MadeUpClock>,
}

impl World {
    fn new() -> World {
        let clock = Rc::new(Cell::new(Instant::now()));
        let made_up = MadeUpClock(Rc::clone(&clock));
        let mut reactor = Reactor::new(Service::default(), Limits::default(), made_up);
        let wire = Wire::default();
        let key = reactor.hub_mut().admit(Peer::default(), |_| Ok(wire.clone())).unwrap();
        World { clock, wire, key, reactor }
    }

    fn pass(&mut self, time: Duration) {
        self.clock.set(self.clock.get() + time);
        self.turn();
    }

    fn turn(&mut self) {
        self.reactor.wake();
        for _ in 0..50 {
            self.reactor.turn();
        }
    }

    fn ask(&mut self, call: &str) -> String {
        self.wire.0.borrow_mut().0.extend(call.bytes());
        self.reactor.wake();
        self.reactor.event(self.key, News { readable: true, ..News::default() });
        self.turn();
        String::from_utf8(std::mem::take(&mut self.wire.0.borrow_mut().1)).unwrap()
    }
}

#[test]
fn the_daemon_and_the_project_are_alive_300_seconds_after_create_project() {
    let mut world = World::new();
    let created = world.ask(r#"{"id":1,"method":"create_project","params":["keep",8,8,8]}"#);
    assert!(created.contains("\"success\":true"), "{created}");
    world.ask(r#"{"id":2,"method":"add_voxel","params":[1,2,3,9,8,7]}"#);
    for _ in 0..100 {
        world.pass(Duration::from_secs(10));
    }
    let voxel = world.ask(r#"{"id":3,"method":"get_voxel","params":[1,2,3]}"#);
    assert!(voxel.contains("[9,8,7,255]"), "{voxel}");
    world.pass(Duration::from_secs(86_400));
    let status = world.ask(r#"{"id":4,"method":"get_status"}"#);
    assert!(status.contains("\"name\":\"keep\""), "{status}");
}
