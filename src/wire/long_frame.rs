//! The content of a long frame, taken in while it comes.

use super::json_check::JsonCheck;
use super::long_text::{Gathered, LONG_MESSAGE, payload_room};
use super::{Decoded, Fault, Framing, Item, LongContent};
use crate::job::leftovers;

/// The content of one frame.
#[derive(Clone, Debug)]
pub(super) struct LongFrame {
    framing: Framing,
    length: usize,
    /// Bytes that have come.
    received: usize,
    content: Partial,
}

#[derive(Clone, Debug)]
enum Partial {
    Json(Box<JsonCheck>, Gathered),
    Bulk(u32, Vec<u8>),
    /// There is no memory for it: so many bytes had come. The others are passed over.
    NoRoom(usize),
}

impl LongFrame {
    /// Whether a frame of this length is taken in while it comes.
    pub(super) fn is_long(length: usize) -> bool {
        length > LONG_MESSAGE
    }

    /// A frame of which nothing has come: a payload of the bulk lane if it has a type, and JSON if
    /// not.
    pub(super) fn new(framing: Framing, length: usize, bulk: Option<u32>) -> Box<Self> {
        let content = match bulk {
            Some(kind) => match payload_room(length) {
                Some(room) => Partial::Bulk(kind, room),
                None => Partial::NoRoom(0),
            },
            None => Partial::Json(Box::default(), Gathered::with_room(length)),
        };
        Box::new(LongFrame { framing, length, received: 0, content })
    }

    /// How many bytes are held.
    pub(super) fn held(&self) -> usize {
        match &self.content {
            Partial::Json(_, gathered) => gathered.len(),
            Partial::Bulk(_, bytes) => bytes.len(),
            Partial::NoRoom(_) => 0,
        }
    }

    /// How many bytes are still to come.
    pub(super) fn left(&self) -> usize {
        self.length - self.received
    }

    /// Takes in what has come of it, which lies behind `start`. If more is to come, it goes to
    /// `rest`.
    pub(super) fn go_on(
        mut self: Box<Self>,
        unread: &[u8],
        start: usize,
        ended: bool,
        rest: &mut Option<Box<Self>>,
    ) -> Decoded {
        let end = unread.len().min(start + self.left());
        self.take(&unread[start..end]);
        if self.left() == 0 {
            return self.finish(end);
        }
        if ended {
            let fault = Fault::CutOff { announced: self.length, received: self.received };
            return Decoded::fault(end, fault, self.framing, true);
        }
        *rest = Some(self);
        Decoded::more(end)
    }

    fn take(&mut self, bytes: &[u8]) {
        self.received += bytes.len();
        match &mut self.content {
            Partial::NoRoom(_) => {}
            // There is room for all of it.
            Partial::Bulk(_, payload) => payload.extend_from_slice(bytes),
            Partial::Json(check, gathered) => {
                check.push(bytes);
                // What is wrong is told at its end, as of any frame; its bytes are of no use.
                if check.is_wrong() {
                    drop(std::mem::take(gathered))
                } else {
                    gathered.push(bytes)
                }
                if let Some(received) = gathered.out_of_room() {
                    self.content = Partial::NoRoom(received);
                }
            }
        }
    }

    fn finish(&mut self, consumed: usize) -> Decoded {
        let framing = self.framing;
        let content = match &mut self.content {
            Partial::NoRoom(received) => {
                let fault = Fault::NoRoom { received: *received };
                return Decoded::fault(consumed, fault, framing, false);
            }
            Partial::Bulk(kind, payload) => LongContent::Bulk(*kind, std::mem::take(payload)),
            Partial::Json(check, gathered) => match (*std::mem::take(check)).finish() {
                Err(fault) => return Decoded::fault(consumed, fault, framing, false),
                Ok(values) => std::mem::take(gathered).finish(values).into(),
            },
        };
        Decoded { consumed, item: Some(Item::LongMessage { content, framing }) }
    }
}

impl Drop for LongFrame {
    fn drop(&mut self) {
        if let Partial::Bulk(_, payload) = &mut self.content {
            leftovers::leave_buffer(std::mem::take(payload));
        }
    }
}
