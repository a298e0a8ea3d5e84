//! What clients say, what they expect to hear, and what it does to the document.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::simulation::random::Random;

/// The longest message that the simulated daemon takes.
pub const MESSAGE_LIMIT: usize = 32 << 10;
/// The longest answer that it gives.
pub const ANSWER_LIMIT: usize = 24 << 10;

/// How a client frames its messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    Text,
    Headers,
    Binary,
    Http,
}

/// What must come back.
#[derive(Clone, Debug)]
pub enum Expect {
    /// A result with this id, and this value if it is known.
    Result(Value, Option<Value>),
    /// An error with this id and code.
    Error(Value, i64),
    /// An answer to a tool object.
    Tool(bool),
    /// An array of answers.
    Batch(Vec<Expect>),
    /// An HTTP response with this status.
    Http(u16),
    /// A frame of the bulk lane of this type, and its payload if it is known.
    Bulk(u32, Option<Vec<u8>>),
}

impl Expect {
    /// What is wrong with an answer, if something is.
    pub fn mismatch(&self, answer: &Value) -> Option<String> {
        let fits = match self {
            Expect::Result(id, value) => {
                answer["id"] == *id
                    && answer.get("result").is_some_and(|result| {
                        value.as_ref().is_none_or(|value| includes(result, value))
                    })
            }
            Expect::Error(id, code) => answer["id"] == *id && answer["error"]["code"] == *code,
            Expect::Tool(success) => answer["success"] == *success,
            Expect::Batch(parts) => {
                let answers = answer.as_array().map(Vec::as_slice).unwrap_or_default();
                answers.len() == parts.len()
                    && parts.iter().zip(answers).all(|(part, one)| part.mismatch(one).is_none())
            }
            Expect::Http(_) | Expect::Bulk(..) => false,
        };
        (!fits).then(|| format!("expected {self:?}, got {}", shorten(&answer.to_string())))
    }
}

fn includes(result: &Value, wanted: &Value) -> bool {
    match wanted {
        Value::Object(members) => members.iter().all(|(name, value)| result[name] == *value),
        _ => result == wanted,
    }
}

pub fn shorten(text: &str) -> String {
    text.chars().take(300).collect()
}

pub type Voxel = [i64; 3];
pub type Color = [u8; 4];
/// What one client has drawn; it draws where nobody else does.
pub type Drawing = BTreeMap<Voxel, Color>;

/// One message with its consequences.
pub struct Message {
    /// Without framing.
    pub body: Vec<u8>,
    pub expect: Option<Expect>,
    /// Voxels that it sets.
    pub draws: Vec<(Voxel, Color)>,
    /// Text that is no JSON: it needs its own line.
    pub is_garbage: bool,
    /// The type of its binary frame; 0 for JSON.
    pub kind: u32,
}

/// Makes the messages of one client.
pub struct Author {
    pub random: Random,
    pub drawing: Drawing,
    pub home: i64,
    last_id: u64,
}

impl Author {
    pub fn new(random: Random, client: usize) -> Self {
        Author { random, drawing: Drawing::new(), home: client as i64 * 100, last_id: 0 }
    }

    fn id(&mut self) -> Value {
        self.last_id += 1;
        match self.random.between(0, 3) {
            0 => json!(format!("id \"{}\"", self.last_id)),
            _ => json!(self.last_id),
        }
    }

    pub fn message(&mut self, framing: Framing) -> Message {
        if framing == Framing::Binary && self.random.once_in(4) {
            return self.bulk();
        }
        match self.random.between(0, 15) {
            0..=2 => self.call("ping", json!({}), Some(json!({"pong": true}))),
            3..=4 => self.echo(),
            5..=7 => self.draw(),
            8..=9 => self.look(),
            10 => self.batch(),
            11 => self.notification(),
            12 => self.tool(),
            13 => self.refused(),
            14 if framing == Framing::Text => self.garbage(),
            14 => self.broken_payload(),
            _ => self.too_long(),
        }
    }

    fn plain(body: String, expect: Option<Expect>) -> Message {
        Message { body: body.into_bytes(), expect, draws: Vec::new(), is_garbage: false, kind: 0 }
    }

    fn call(&mut self, method: &str, params: Value, result: Option<Value>) -> Message {
        let id = self.id();
        let call = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let spaced = self.random.once_in(4);
        let body = if spaced { format!("{call:#}") } else { call.to_string() };
        Self::plain(body, Some(Expect::Result(id, result)))
    }

    fn echo(&mut self) -> Message {
        let length = self.random.size(MESSAGE_LIMIT - 2000);
        let letter = *self.random.pick(&["x", "\\u0041", "\u{e4}", "{", "\\n"]);
        let text = letter.repeat(length / letter.len());
        let id = self.id();
        let body = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"echo","params":["{text}"]}}"#);
        let text: Value = serde_json::from_str(&format!("[\"{text}\"]")).unwrap_or_default();
        let expect = match body.len() {
            // Far from the limit on both sides: what the answer adds is not worth counting here.
            length if length < ANSWER_LIMIT - 200 => Expect::Result(id, Some(text)),
            length if length > ANSWER_LIMIT + 200 => Expect::Error(id, 1004),
            _ => return self.call("ping", json!({}), None),
        };
        Self::plain(body, Some(expect))
    }

    pub fn voxel(&mut self) -> Voxel {
        let mut axis = || self.random.between(0, 20) as i64;
        let (x, y, z) = (axis(), axis(), axis());
        [self.home + x, y, z - 10]
    }

    fn draw(&mut self) -> Message {
        let voxel = self.voxel();
        let color = [0; 3].map(|_| self.random.between(0, 255) as u8);
        let color = [color[0], color[1], color[2], 255];
        let params = json!({"position": voxel, "color": color});
        let mut message = self.call("goxel.add_voxel", params, None);
        self.drawing.insert(voxel, color);
        message.draws.push((voxel, color));
        message
    }

    fn look(&mut self) -> Message {
        let known = self.drawing.len();
        let nth = self.random.between(0, known as u64) as usize;
        let Some((voxel, color)) = self.drawing.iter().nth(nth).map(|(v, c)| (*v, *c)) else {
            return self.call("goxel.get_voxel", json!([self.home, 0, 50]), None);
        };
        self.call("goxel.get_voxel", json!(voxel), Some(json!({"color": color})))
    }

    /// A batch; many are so long that they go on in slices.
    fn batch(&mut self) -> Message {
        let length = self.random.size(200);
        let mut parts = Vec::new();
        let mut expects = Vec::new();
        let mut draws = Vec::new();
        for _ in 0..length {
            let part = match self.random.between(0, 3) {
                0 => self.draw(),
                1 => self.look(),
                2 => self.notification(),
                _ => self.call("version", json!([]), None),
            };
            parts.push(String::from_utf8_lossy(&part.body).into_owned());
            expects.extend(part.expect);
            draws.extend(part.draws);
        }
        let body = format!("[{}]", parts.join(",\n "));
        let expect = (!expects.is_empty()).then_some(Expect::Batch(expects));
        Message { draws, ..Self::plain(body, expect) }
    }

    /// A plain call.
    pub fn ping(&mut self) -> Message {
        self.call("ping", json!({}), None)
    }

    /// Asks for probes.
    pub fn keepalive(&mut self, interval: Duration) -> Message {
        let params = json!({"interval_ms": interval.as_millis() as u64});
        self.call("connection.keepalive", params, Some(json!({"success": true})))
    }

    fn notification(&mut self) -> Message {
        let mut message = self.draw();
        let mut call: Value = serde_json::from_slice(&message.body).unwrap_or_default();
        if let Some(members) = call.as_object_mut() {
            members.remove("id");
        }
        message.body = call.to_string().into_bytes();
        message.expect = None;
        message
    }

    fn tool(&mut self) -> Message {
        let known = self.random.once_in(2);
        let name = if known { "ping" } else { "no_such_tool" };
        let body = json!({"tool": name, "arguments": {}}).to_string();
        Self::plain(body, Some(Expect::Tool(known)))
    }

    fn refused(&mut self) -> Message {
        let null = Value::Null;
        let (body, expect) = match self.random.between(0, 5) {
            0 => ("[]".to_string(), Expect::Error(null, -32600)),
            1 => ("[1,2]".to_string(), Expect::Batch(vec![Expect::Error(null, -32600); 2])),
            2 => (r#"{"jsonrpc":"2.0","method":1}"#.to_string(), Expect::Error(null, -32600)),
            3 => {
                let id = self.id();
                let body = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"nope"}}"#);
                (body, Expect::Error(id, -32601))
            }
            4 => {
                let id = self.id();
                let body = format!(
                    r#"{{"jsonrpc":"2.0","id":{id},"method":"goxel.add_voxel","params":["a"]}}"#
                );
                (body, Expect::Error(id, -32602))
            }
            _ => ("true".to_string(), Expect::Error(null, -32600)),
        };
        Self::plain(body, Some(expect))
    }

    fn garbage(&mut self) -> Message {
        let lines = [
            "hello there\n",
            "}{}{}{\n",
            "{\"a\":tru}\n",
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pi\n",
            "{\"a\":1,\n",
            "[[[[{\"a\":[1,2,}\n",
            "\u{1}\u{2}\u{3}\u{ff} and more\n",
            "nul \n",
            "[0123]\n",
        ];
        let line = self.random.pick(&lines).to_string();
        let expect = Expect::Error(Value::Null, -32700);
        Message { is_garbage: true, ..Self::plain(line, Some(expect)) }
    }

    fn broken_payload(&mut self) -> Message {
        let bodies = ["", "{", "{}{}", "{\"a\":1,}", "nonsense", " ", "[\"\u{1}\"]"];
        let body = self.random.pick(&bodies).to_string();
        Self::plain(body, Some(Expect::Error(Value::Null, -32700)))
    }

    fn too_long(&mut self) -> Message {
        let length = MESSAGE_LIMIT + self.random.size(MESSAGE_LIMIT);
        let body = format!("[\"{}\"]", "y".repeat(length));
        Self::plain(body, Some(Expect::Error(Value::Null, -32700)))
    }
}
