//! Answers into the framing of their requests.

use crate::job::pieces::Pieces;
use crate::lane::{HEADER_BYTES, Header};

/// How an answer is framed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    /// One line.
    Line,
    /// A `Content-Length` header block before it.
    Headers,
    /// A 16-byte header before it.
    Binary {
        /// The id of the request's header; 0 for what nobody asked for.
        id: u32,
    },
}

/// The upper half of the time in microseconds, which binary headers carry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stamp(pub u32);

impl Stamp {
    /// The stamp of a moment, in microseconds since 1970.
    pub fn of_micros(micros: u64) -> Self {
        Stamp((micros >> 32) as u32)
    }
}

/// Answers are capped far below 4 GiB.
fn binary_header(id: u32, kind: u32, length: u64, stamp: Stamp) -> [u8; HEADER_BYTES] {
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    Header { id, kind, length, stamp: stamp.0 }.bytes()
}

impl Framing {
    /// Appends what `write` appends, framed; nothing if it appends nothing. `write` returns the
    /// type for a binary header and whatever the caller wants to know.
    pub fn encode<T>(
        self,
        stamp: Stamp,
        out: &mut Vec<u8>,
        write: impl FnOnce(&mut Vec<u8>) -> (u32, T),
    ) -> T {
        let start = out.len();
        if let Framing::Binary { .. } = self {
            out.extend_from_slice(&[0; HEADER_BYTES]);
        }
        let body = out.len();
        let (kind, result) = write(out);
        if out.len() <= body {
            out.truncate(start);
            return result;
        }
        let length = out.len() - body;
        match self {
            Framing::Line => out.push(b'\n'),
            Framing::Headers => {
                let header = format!("Content-Length: {length}\r\n\r\n");
                out.splice(start..start, header.into_bytes());
            }
            Framing::Binary { id } => {
                let header = binary_header(id, kind, length as u64, stamp);
                out[start..body].copy_from_slice(&header);
            }
        }
        result
    }

    /// Frames a long answer, without copying it; `kind` is its type for a binary header.
    pub fn wrap(self, stamp: Stamp, kind: u32, answer: Pieces) -> Pieces {
        let mut head = Vec::new();
        match self {
            Framing::Line => {}
            Framing::Headers => {
                head.extend_from_slice(
                    format!("Content-Length: {}\r\n\r\n", answer.len()).as_bytes(),
                );
            }
            Framing::Binary { id } => {
                head.extend_from_slice(&binary_header(id, kind, answer.len(), stamp));
            }
        }
        let mut framed = Pieces::from(head);
        framed.append(answer);
        if let Framing::Line = self {
            framed.append(vec![b'\n'].into());
        }
        framed
    }

    /// Appends a complete JSON text, framed.
    pub fn encode_json(self, stamp: Stamp, out: &mut Vec<u8>, json: &[u8]) {
        self.encode(stamp, out, |out| {
            out.extend_from_slice(json);
            (0, ())
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(framing: Framing, json: &str) -> Vec<u8> {
        let mut out = b"before".to_vec();
        framing.encode_json(Stamp(7), &mut out, json.as_bytes());
        out.split_off(6)
    }

    #[test]
    fn each_framing_wraps_an_answer_in_its_way() {
        assert_eq!(encoded(Framing::Line, "{}"), b"{}\n");
        assert_eq!(encoded(Framing::Headers, "{}"), b"Content-Length: 2\r\n\r\n{}");
        let binary = b"\0\0\x01\x02\0\0\0\0\0\0\0\x02\0\0\0\x07{}";
        assert_eq!(encoded(Framing::Binary { id: 0x102 }, "{}"), binary);
    }

    #[test]
    fn a_long_answer_is_wrapped_in_the_same_way() {
        for framing in [Framing::Line, Framing::Headers, Framing::Binary { id: 0x102 }] {
            let mut answer = Pieces::from(b"{\"a\":".to_vec());
            answer.append(b"1}".to_vec().into());
            let wrapped = framing.wrap(Stamp(7), 0, answer).into_vec();
            assert_eq!(wrapped, encoded(framing, "{\"a\":1}"), "{framing:?}");
        }
    }

    #[test]
    fn no_answer_leaves_no_trace() {
        for framing in [Framing::Line, Framing::Headers, Framing::Binary { id: 1 }] {
            assert_eq!(encoded(framing, ""), b"");
        }
    }
}
