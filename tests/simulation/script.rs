//! The bytes that a client sends, message by message, in its framing.

use std::time::Duration;

use serde_json::Value;

use crate::simulation::messages::{Author, Color, Expect, Framing, Message, Voxel};

/// Where a message is complete in the bytes, and what follows from it.
pub struct Mark {
    pub end: usize,
    pub expect: Option<Expect>,
    pub draws: Vec<(Voxel, Color)>,
    /// Whether only what follows shows that it is broken.
    pub open: bool,
    /// The id in the binary header of the answer.
    pub frame_id: u32,
}

/// Everything that a client will send if nothing stops it.
#[derive(Default)]
pub struct Script {
    pub bytes: Vec<u8>,
    pub marks: Vec<Mark>,
}

impl Script {
    /// So many messages, after one that asks for probes if that is wanted.
    pub fn write(
        author: &mut Author,
        framing: Framing,
        messages: usize,
        probes: Option<Duration>,
    ) -> Self {
        let mut script = Script::default();
        if framing == Framing::Http {
            script.http(author);
            return script;
        }
        if let Some(interval) = probes {
            let message = author.keepalive(interval);
            script.add(author, framing, message);
        }
        let mut last_is_garbage = false;
        for _ in 0..messages {
            let message = author.message(framing);
            last_is_garbage = message.is_garbage;
            script.add(author, framing, message);
        }
        // Text that stops after a comma is only known to be broken by what follows.
        if last_is_garbage {
            let message = author.ping();
            script.add(author, framing, message);
        }
        if framing != Framing::Text && author.random.once_in(6) {
            script.absurd(author, framing);
        }
        script
    }

    fn add(&mut self, author: &mut Author, framing: Framing, message: Message) {
        let random = &mut author.random;
        let frame_id = *random.pick(&[1, 0x7B22_0000, 0xFFFF_FFFF, 77]);
        match framing {
            Framing::Text if message.body.is_empty() => return,
            Framing::Text => {
                self.bytes.extend_from_slice(&message.body);
                if !message.is_garbage {
                    let breaks = ["\n", "\n", "\r\n", " ", "", "\n\n  \t\n"];
                    self.bytes.extend_from_slice(random.pick(&breaks).as_bytes());
                    // What is broken is skipped to the end of its line.
                    if matches!(message.expect, Some(Expect::Error(Value::Null, -32700))) {
                        self.bytes.push(b'\n');
                    }
                }
            }
            Framing::Headers => {
                let name = *random.pick(&["Content-Length", "content-length", "CONTENT-LENGTH"]);
                let line_end = *random.pick(&["\r\n", "\n"]);
                let length = message.body.len();
                let head = format!("{name}: {length}{line_end}{line_end}");
                self.bytes.extend_from_slice(head.as_bytes());
                self.bytes.extend_from_slice(&message.body);
            }
            Framing::Binary => {
                self.header(frame_id, message.kind, message.body.len() as u32);
                self.bytes.extend_from_slice(&message.body);
            }
            Framing::Http => {}
        }
        let open = message.is_garbage && message.body.ends_with(b",\n");
        let Message { expect, draws, .. } = message;
        self.marks.push(Mark { end: self.bytes.len(), expect, draws, open, frame_id });
    }

    fn header(&mut self, id: u32, kind: u32, length: u32) {
        for field in [id, kind, length, 0] {
            self.bytes.extend_from_slice(&field.to_be_bytes());
        }
    }

    /// A frame that cannot be skipped: an error and the end.
    fn absurd(&mut self, author: &mut Author, framing: Framing) {
        let frame_id = 5;
        if framing == Framing::Binary {
            self.header(frame_id, 0, *author.random.pick(&[u32::MAX, (256 << 20) + 1]));
        } else {
            let heads = ["Content-Length: many\r\n\r\n", "Content-Type: x\n\n", "nonsense\n\n"];
            self.bytes.extend_from_slice(author.random.pick(&heads).as_bytes());
        }
        let expect = Some(Expect::Error(Value::Null, -32700));
        let (end, draws) = (self.bytes.len(), Vec::new());
        self.marks.push(Mark { end, expect, draws, open: false, frame_id });
    }

    fn http(&mut self, author: &mut Author) {
        let (request, status) = *author.random.pick(&[
            ("GET /health HTTP/1.1\r\nHost: x\r\n\r\n", 200),
            ("HEAD /ready HTTP/1.1\r\n\r\n", 200),
            ("GET /metrics HTTP/1.0\n\n", 200),
            ("GET /nowhere HTTP/1.1\r\n\r\n", 404),
            ("POST /health HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", 405),
            ("GET /\r\n\r\n", 400),
        ]);
        self.bytes = request.as_bytes().to_vec();
        let end = self.bytes.len();
        let expect = Some(Expect::Http(status));
        self.marks.push(Mark { end, expect, draws: Vec::new(), open: false, frame_id: 0 });
    }
}
