//! Framing, sans-IO: bytes in, messages out, and answers back into bytes.
//!
//! A [`Decoder`] belongs to one connection. It settles the framing on the first bytes ([`detect`])
//! and keeps it for life. It is shown everything that waits, says how many bytes are done with, and
//! names the range of a complete message. Only of a long message ([`long_text`]) it takes the bytes
//! as they come, and gives them away as one text in the end. However the input is cut, each byte is
//! looked at once, and once more if it does not belong to a usual call ([`call`]) or stands on the
//! line of a syntax error; no call looks at more than [`LOOKED_AT_ONCE`]. [`Framing`] puts an
//! answer into the framing of its request.

pub mod binary;
pub mod buffer;
pub mod call;
pub mod detect;
mod encode;
mod fault;
mod header_block;
pub mod headers;
pub mod http;
mod json_check;
pub mod json_text;
mod long_frame;
pub mod long_text;
mod long_values;
mod number_lists;
pub mod scanner;
mod tokens;
pub mod window;

use std::ops::Range;

pub use buffer::Buffer;
pub use call::CallParts;
pub use encode::{Framing, Stamp};
pub use fault::Fault;
pub use long_text::LongText;
pub use long_values::{LONG, LongValues};

/// How a connection frames its messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Protocol {
    /// JSON values one after the other; answers on one line each.
    JsonText,
    /// JSON behind `Content-Length` header blocks.
    Headers,
    /// One HTTP request.
    Http,
    /// 16-byte headers.
    Binary,
}

impl Protocol {
    /// The name that lists, logs and metrics use.
    pub fn name(self) -> &'static str {
        match self {
            Protocol::JsonText => "json",
            Protocol::Headers => "header",
            Protocol::Http => "http",
            Protocol::Binary => "binary",
        }
    }
}

/// How long messages may be, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageLimits {
    /// The longest message that is handled.
    pub message: usize,
    /// The longest frame whose bytes are skipped instead of closing the connection.
    pub ceiling: usize,
    /// The longest header block.
    pub headers: usize,
}

impl Default for MessageLimits {
    fn default() -> Self {
        MessageLimits { message: 16 << 20, ceiling: 256 << 20, headers: 8 << 10 }
    }
}

/// What a complete message contains.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Content {
    /// One JSON value, with its long parts as far as they are known.
    Json(LongValues),
    /// One JSON value that is a call, with its parts.
    Call(CallParts),
    /// A payload of the binary bulk lane, with its type.
    Bulk(u32),
}

/// What a complete long message contains.
#[derive(PartialEq, Eq, Debug)]
pub enum LongContent {
    /// One JSON value.
    Text(LongText),
    /// What would be one JSON value, but is UTF-8 only up to this byte.
    NotUtf8(usize),
    /// A payload of the binary bulk lane, with its type.
    Bulk(u32, Vec<u8>),
}

impl From<Result<LongText, usize>> for LongContent {
    fn from(text: Result<LongText, usize>) -> Self {
        text.map_or_else(LongContent::NotUtf8, LongContent::Text)
    }
}

/// The most bytes that a decoder looks at in one call.
pub const LOOKED_AT_ONCE: usize = 64 << 10;

/// Something complete.
#[derive(PartialEq, Eq, Debug)]
pub enum Item {
    /// A message.
    Message {
        /// Where it lies in the bytes that were shown.
        body: Range<usize>,
        /// What it is.
        content: Content,
        /// How its answer is framed.
        framing: Framing,
    },
    /// A long message, whose bytes were taken as they came.
    LongMessage {
        /// What it is.
        content: LongContent,
        /// How its answer is framed.
        framing: Framing,
    },
    /// Nothing yet, but enough was looked at for once: others may have their turn before the next
    /// call.
    Pause,
    /// Something that needs an error answer.
    Fault {
        /// What is wrong.
        fault: Fault,
        /// How the answer is framed.
        framing: Framing,
        /// Whether nothing after it can be understood, so that the connection has to close.
        fatal: bool,
    },
    /// The one request of an HTTP connection.
    Http(http::Request),
}

/// What a decoder found.
#[derive(PartialEq, Eq, Debug)]
pub struct Decoded {
    /// Bytes from the front that are done with once the item is handled.
    pub consumed: usize,
    /// The next complete thing, or `None` while more bytes are needed.
    pub item: Option<Item>,
}

impl Decoded {
    fn more(consumed: usize) -> Self {
        Decoded { consumed, item: None }
    }

    fn message(consumed: usize, body: Range<usize>, content: Content, framing: Framing) -> Self {
        Decoded { consumed, item: Some(Item::Message { body, content, framing }) }
    }

    fn fault(consumed: usize, fault: Fault, framing: Framing, fatal: bool) -> Self {
        Decoded { consumed, item: Some(Item::Fault { fault, framing, fatal }) }
    }
}

/// The inbound side of one connection.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    state: State,
}

#[derive(Clone, Debug, Default)]
enum State {
    #[default]
    Undecided,
    JsonText(json_text::JsonText),
    Headers(headers::Headers),
    Http(http::Http),
    Binary(binary::Binary),
}

impl Decoder {
    /// The framing, once it is settled.
    pub fn protocol(&self) -> Option<Protocol> {
        match self.state {
            State::Undecided => None,
            State::JsonText(_) => Some(Protocol::JsonText),
            State::Headers(_) => Some(Protocol::Headers),
            State::Http(_) => Some(Protocol::Http),
            State::Binary(_) => Some(Protocol::Binary),
        }
    }

    /// The framing of messages that no request asked for; text until the framing is settled.
    pub fn unsolicited(&self) -> Framing {
        match self.state {
            State::Undecided | State::JsonText(_) | State::Http(_) => Framing::Line,
            State::Headers(_) => Framing::Headers,
            State::Binary(_) => Framing::Binary { id: 0 },
        }
    }

    /// The next complete thing in `unread`, which starts where the last call's `consumed` ended.
    /// `ended` tells that no more bytes will come.
    #[inline]
    pub fn decode(&mut self, unread: &[u8], ended: bool, limits: &MessageLimits) -> Decoded {
        if let State::Undecided = self.state {
            match detect::detect(unread, ended) {
                None => return Decoded::more(0),
                Some(protocol) => self.settle(protocol),
            }
        }
        // Mostly there is little, and then what was seen of it does not matter.
        let shown = if unread.len() <= LOOKED_AT_ONCE {
            unread
        } else {
            &unread[..unread.len().min(self.seen(limits) + LOOKED_AT_ONCE)]
        };
        let is_all = shown.len() == unread.len();
        let mut decoded = self.decode_shown(shown, ended && is_all, limits);
        if !is_all && decoded.item.is_none() {
            decoded.item = Some(Item::Pause);
        }
        decoded
    }

    #[inline]
    fn decode_shown(&mut self, shown: &[u8], ended: bool, limits: &MessageLimits) -> Decoded {
        match &mut self.state {
            State::Undecided => Decoded::more(0),
            State::JsonText(decoder) => decoder.decode(shown, ended, limits),
            State::Headers(decoder) => decoder.decode(shown, ended, limits),
            State::Http(decoder) => decoder.decode(shown, ended, limits),
            State::Binary(decoder) => decoder.decode(shown, ended, limits),
        }
    }

    /// Bytes at the front that were looked at before, or that have to be there before anything is
    /// looked at.
    fn seen(&self, limits: &MessageLimits) -> usize {
        match &self.state {
            State::Undecided => 0,
            State::JsonText(decoder) => decoder.seen(),
            State::Headers(_) | State::Http(_) | State::Binary(_) => limits.headers,
        }
    }

    /// Bytes of a long message that the decoder has taken.
    pub fn held(&self) -> usize {
        match &self.state {
            State::Undecided | State::Http(_) => 0,
            State::JsonText(decoder) => decoder.held(),
            State::Headers(decoder) => decoder.held(),
            State::Binary(decoder) => decoder.held(),
        }
    }

    /// Settles the framing on too few bytes, because no more come in time.
    pub fn settle_on(&mut self, unread: &[u8]) {
        if let (State::Undecided, Some(protocol)) = (&self.state, detect::detect(unread, true)) {
            self.settle(protocol);
        }
    }

    fn settle(&mut self, protocol: Protocol) {
        self.state = match protocol {
            Protocol::JsonText => State::JsonText(Default::default()),
            Protocol::Headers => State::Headers(Default::default()),
            Protocol::Http => State::Http(Default::default()),
            Protocol::Binary => State::Binary(Default::default()),
        };
    }

    /// Whether something was begun and is not complete, apart from waiting bytes: a long message,
    /// the rest of an oversized one, or of a line that is being skipped.
    pub fn is_inside(&self) -> bool {
        match &self.state {
            State::Undecided | State::Http(_) => false,
            State::JsonText(decoder) => decoder.is_inside(),
            State::Headers(decoder) => decoder.is_inside(),
            State::Binary(decoder) => decoder.is_inside(),
        }
    }

    /// How many bytes were looked at so far: the measure of the decoder's work. A look for a usual
    /// call that was in vain does not count; it takes at most 4 KiB of a message.
    pub fn examined(&self) -> u64 {
        match &self.state {
            State::Undecided => 0,
            State::JsonText(decoder) => decoder.examined(),
            State::Headers(decoder) => decoder.examined(),
            State::Http(decoder) => decoder.examined(),
            State::Binary(decoder) => decoder.examined(),
        }
    }
}
