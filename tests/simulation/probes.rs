//! Keepalive on the client's side: what it asked for, what came, and what it says in return.

use std::time::Duration;

use serde_json::{Value, json};

use crate::simulation::messages::Framing;
use crate::simulation::random::Random;

/// A client that asked for probes.
#[derive(Debug)]
pub struct Probes {
    pub interval: Duration,
    /// Whether it answers.
    pub answers: bool,
    /// The number of the last one that came.
    last: u64,
    /// Of answers, what is not sent yet.
    pub unsent: Vec<u8>,
}

impl Probes {
    pub fn new(random: &mut Random) -> Self {
        let intervals = [1, 50, 1000, 15_000];
        let interval = Duration::from_millis(*random.pick(&intervals));
        Probes { interval, answers: random.once_in(2), last: 0, unsent: Vec::new() }
    }

    /// Takes a message if it is a probe.
    pub fn take(
        &mut self,
        framing: Framing,
        frame_id: u32,
        message: &Value,
    ) -> Result<bool, String> {
        if message["method"] != "connection.probe" {
            return Ok(false);
        }
        let number = message["params"]["seq"].as_u64().unwrap_or_default();
        if number <= self.last || frame_id != 0 || message.get("id").is_some() {
            return Err(format!("a wrong probe after {}: {frame_id} {message}", self.last));
        }
        self.last = number;
        // One answer is a sign of life for all that came.
        if self.answers && self.unsent.is_empty() {
            self.answer(framing, number);
        }
        Ok(true)
    }

    fn answer(&mut self, framing: Framing, number: u64) {
        let note = json!({"jsonrpc": "2.0", "method": "connection.alive", "params": [number]});
        let note = note.to_string().into_bytes();
        match framing {
            Framing::Text | Framing::Http => {}
            Framing::Headers => {
                self.unsent = format!("Content-Length: {}\r\n\r\n", note.len()).into_bytes();
            }
            Framing::Binary => {
                let fields = [9, 0, note.len() as u32, 0];
                self.unsent = fields.iter().flat_map(|field| field.to_be_bytes()).collect();
            }
        }
        self.unsent.extend_from_slice(&note);
    }
}
