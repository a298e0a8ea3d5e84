//! A complete message on its way to the service, and the id that it has.

use std::borrow::Cow;
use std::sync::Arc;

use crate::api::json::{MOST_MEMBERS, Members, compact, reading, with_long_values};
use crate::rpc::{ConnectionId, Handled, Host, Service};
use crate::wire::{Content, LongContent, LongText};

/// A message.
pub(super) enum Received<'a> {
    /// One that lies among the bytes that wait.
    Short(&'a [u8], Content),
    /// A long text.
    Long(Arc<LongText>),
    /// What is UTF-8 only up to an offset.
    NotUtf8(usize),
    /// A long payload of the bulk lane, with its type.
    Bulk(u32, Vec<u8>),
}

impl Received<'_> {
    /// A long message.
    pub(super) fn long(content: LongContent) -> Self {
        match content {
            LongContent::Text(text) => Received::Long(Arc::new(text)),
            LongContent::NotUtf8(offset) => Received::NotUtf8(offset),
            LongContent::Bulk(kind, payload) => Received::Bulk(kind, payload),
        }
    }

    /// Has it handled. Of a long payload nothing is left then.
    pub(super) fn handle(
        &mut self,
        service: &mut Service,
        caller: ConnectionId,
        host: &mut dyn Host,
        out: &mut Vec<u8>,
    ) -> Handled {
        match self {
            Received::Short(message, Content::Json(long)) => {
                service.handle_checked(message, long, caller, host, out)
            }
            Received::Short(message, Content::Call(parts)) => {
                service.handle_call(message, parts, caller, host, out)
            }
            Received::Short(message, Content::Bulk(kind)) => {
                service.handle_bulk(*kind, Cow::Borrowed(message), caller, host, out)
            }
            Received::Long(text) => service.handle_long(text, caller, host, out),
            Received::NotUtf8(offset) => service.refuse_bytes(*offset, caller, host, out),
            Received::Bulk(kind, payload) => {
                let payload = Cow::Owned(std::mem::take(payload));
                service.handle_bulk(*kind, payload, caller, host, out)
            }
        }
    }

    /// Its id as compact JSON text; `null` for a batch or whatever has none.
    pub(super) fn request_id(&self) -> String {
        let find = |text| {
            let mut members = Members::new(text).take(MOST_MEMBERS);
            members.find(|(name, _)| name == "id").map(|(_, value)| value)
        };
        let id = match self {
            Received::Short(message, content) => match (std::str::from_utf8(message), content) {
                (Ok(text), Content::Json(long)) => with_long_values(message, long, || find(text)),
                (Ok(text), Content::Call(parts)) => parts.id.of(text),
                (Ok(_), Content::Bulk(_)) | (Err(_), _) => None,
            },
            Received::Long(text) => reading(text, || find(text.as_str())),
            Received::NotUtf8(_) | Received::Bulk(..) => None,
        };
        let mut compacted = Vec::new();
        compact(id.unwrap_or("null"), &mut compacted);
        String::from_utf8(compacted).unwrap_or_else(|_| "null".to_owned())
    }
}
