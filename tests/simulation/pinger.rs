//! A client that pings now and then beside all others: how many turns it waits is bounded.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::Value;

use crate::simulation::network::Pipe;
use crate::simulation::random::Random;

/// The pinger.
pub struct Pinger {
    pub pipe: Rc<RefCell<Pipe>>,
    random: Random,
    sent: u64,
    inbox: Vec<u8>,
    /// Turns since the ping that is under way.
    waits: Option<u64>,
    /// The longest wait so far.
    pub longest: u64,
}

impl Pinger {
    pub fn new(mut random: Random) -> Self {
        let pipe = Pipe::new(Random::new(random.next()), 1 << 20);
        // A ping in many pieces would wait for as many turns.
        pipe.borrow_mut().in_pieces = false;
        Pinger { pipe, random, sent: 0, inbox: Vec::new(), waits: None, longest: 0 }
    }

    /// Sends a ping, perhaps, if none is under way.
    pub fn before_turn(&mut self) {
        if self.waits.is_none() && self.random.once_in(4) {
            self.sent += 1;
            let ping = format!(r#"{{"jsonrpc":"2.0","id":{},"method":"ping"}}"#, self.sent);
            self.pipe.borrow_mut().client_writes(ping.as_bytes());
            self.waits = Some(0);
        }
    }

    /// Looks for the answer, which must not take more turns than `most`.
    pub fn after_turn(&mut self, most: u64) -> Result<(), String> {
        let Some(waits) = &mut self.waits else { return Ok(()) };
        *waits += 1;
        self.longest = self.longest.max(*waits);
        if *waits > most {
            return Err(format!("a ping has waited for {waits} turns; {most} is the bound"));
        }
        self.inbox.extend(self.pipe.borrow_mut().client_reads(usize::MAX));
        if !self.inbox.ends_with(b"\n") {
            return Ok(());
        }
        let answer: Value = serde_json::from_slice(&self.inbox).unwrap_or_default();
        if answer["id"] != self.sent || answer["result"]["pong"] != true {
            return Err(format!("the answer to ping {} is {answer}", self.sent));
        }
        self.inbox.clear();
        self.waits = None;
        Ok(())
    }
}
