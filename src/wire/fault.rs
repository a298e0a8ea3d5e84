//! What a decoder finds wrong, with the numbers in it.

use std::fmt;

/// A fault in the framing or syntax of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A byte that cannot stand where it stands.
    Syntax {
        /// The offset of the byte in its message.
        position: usize,
        /// What could stand there.
        expected: &'static str,
        /// What stands there, or `None` for the end of the input.
        found: Option<u8>,
    },
    /// A message longer than the limit.
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// A message that there is no memory for.
    NoRoom {
        /// Bytes of it that had come.
        received: usize,
    },
    /// A frame without content.
    Empty,
    /// A message that was begun and not finished in time.
    Unfinished {
        /// The time allowed, in seconds.
        seconds: u64,
    },
    /// A header block that cannot be understood.
    BadHeaders {
        /// What is wrong.
        problem: &'static str,
    },
    /// The input ended inside a frame.
    CutOff {
        /// Bytes announced.
        announced: usize,
        /// Bytes that came.
        received: usize,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Syntax { position, expected, found } => {
                write!(out, "Parse error: expected {expected}, found ")?;
                match found {
                    Some(byte @ 0x21..=0x7e) => write!(out, "'{}'", *byte as char)?,
                    Some(byte) => write!(out, "byte 0x{byte:02x}")?,
                    None => write!(out, "the end of the input")?,
                }
                write!(out, " at byte {position} of the message")
            }
            // These words are what old clients look for.
            Fault::TooLarge { .. } => write!(out, "Parse error: JSON message too large"),
            Fault::NoRoom { received } => write!(
                out,
                "Parse error: there is no memory for the message; {received} bytes of it had come"
            ),
            Fault::Empty => write!(out, "Parse error: the message is empty"),
            Fault::Unfinished { seconds } => {
                write!(out, "Parse error: the message was not finished within {seconds} s")
            }
            Fault::BadHeaders { problem } => write!(out, "Parse error: {problem}"),
            Fault::CutOff { announced, received } => write!(
                out,
                "Parse error: the input ended after {received} of {announced} announced bytes"
            ),
        }
    }
}

impl Fault {
    /// What the sender can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Fault::Syntax { .. } => {
                "Send one complete JSON value a message; reading goes on at the next line."
            }
            Fault::TooLarge { .. } => {
                "Send the work in several smaller calls, or raise the daemon's --max-message-bytes."
            }
            Fault::NoRoom { .. } => {
                "Send the work in several smaller calls, or let the daemon have more memory (ulimit -v)."
            }
            Fault::Empty => "Send a JSON-RPC request as the content of the message.",
            Fault::Unfinished { .. } => "Send each message in one go; connect again to go on.",
            Fault::BadHeaders { .. } => {
                "Send 'Content-Length: N', an empty line, then N bytes of JSON."
            }
            Fault::CutOff { .. } => "Send as many bytes as the header announces.",
        }
    }
}
