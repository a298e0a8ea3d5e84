//! Answers that no call has given: to what cannot be understood, to what is too long, to HTTP.

use super::clock::Clock;
use super::connection::Key;
use super::metrics::End;
use super::outbound::Outbound;
use super::reactor::Reactor;
use super::transport::Transport;
use super::{pages, status};
use crate::rpc::RpcError;
use crate::rpc::error::{OVER_LIMIT, PARSE_ERROR};
use crate::wire::http::Request;
use crate::wire::{Fault, Framing, http};

impl<T: Transport, C: Clock> Reactor<T, C> {
    /// Answers that an answer of this many bytes is too long.
    pub(super) fn refuse_answer(
        &self,
        length: usize,
        id: &str,
        framing: Framing,
        outbound: &mut Outbound,
    ) {
        let hard = self.hub.limits.outbound_hard;
        let mut error = RpcError::new(
            OVER_LIMIT,
            format!(
                "The answer has {length} bytes, more than the {hard} that are kept for one. \
                     Ask for it in pages: a smaller box or a lower limit."
            ),
        );
        let facts = serde_json::json!({ "bytes": length, "limit": hard });
        error.data = facts.as_object().cloned().map(Box::new);
        self.write_error(&error, id, framing, outbound);
    }

    fn write_error(&self, error: &RpcError, id: &str, framing: Framing, outbound: &mut Outbound) {
        outbound.append_with(|out| {
            framing.encode(self.hub.stamp(framing), out, |out| {
                error.write_answer(id, out);
                (0, ())
            });
        });
    }

    /// Answers what a decoder could not understand.
    pub(super) fn answer_fault(
        &mut self,
        key: Key,
        fault: &Fault,
        framing: Framing,
        fatal: bool,
        outbound: &mut Outbound,
    ) {
        log::debug!("conn={} {fault}", key.id.0);
        let mut error = RpcError::new(PARSE_ERROR, fault.to_string());
        error.data = fault_data(fault).map(Box::new);
        self.write_error(&error, "null", framing, outbound);
        self.hub.metrics.errors += 1;
        if let Some(connection) = self.hub.get(key) {
            connection.errors += 1;
            if fatal {
                connection.begin_close(End::Fault);
            }
        }
        self.hub.make_dirty(key);
    }

    pub(super) fn answer_http(
        &mut self,
        key: Key,
        request: &http::Request,
        outbound: &mut Outbound,
    ) {
        let reactor = &*self;
        let page = |path: &str| pages::page(path, || reactor.health(), &reactor.hub);
        outbound.append_with(|out| status::respond(request, page, out));
        self.hub.metrics.messages += 1;
        if let Some(connection) = self.hub.get(key) {
            connection.calls += 1;
            connection.begin_close(End::HttpDone);
        }
        self.hub.make_dirty(key);
    }

    /// The response to a probe that has no connection.
    pub fn probe_page(&self, path: &str) -> Vec<u8> {
        let request = Request::Get { path: path.to_owned(), head_only: false };
        let mut out = Vec::new();
        let page = |path: &str| pages::page(path, || self.health(), &self.hub);
        status::respond(&request, page, &mut out);
        out
    }
}

/// Whether a framed answer is an error. Answers are written by this crate, so their start is known.
pub(super) fn is_error(answer: &[u8], framing: Framing) -> bool {
    let body = match framing {
        Framing::Line => answer,
        Framing::Binary { .. } if answer.get(4..8) != Some(&[0; 4]) => return false,
        Framing::Binary { .. } => answer.get(16..).unwrap_or_default(),
        Framing::Headers => {
            let end = answer.windows(4).position(|window| window == b"\r\n\r\n");
            end.map_or(answer, |end| &answer[end + 4..])
        }
    };
    is_error_text(body)
}

pub(super) fn is_error_text(body: &[u8]) -> bool {
    body.starts_with(br#"{"jsonrpc":"2.0","error":"#) || body.starts_with(br#"{"success":false"#)
}

fn fault_data(fault: &Fault) -> Option<serde_json::Map<String, serde_json::Value>> {
    let mut data = match fault {
        Fault::Syntax { position, expected, found } => serde_json::json!({
            "position": position,
            "expected": expected,
            "got": found.map_or("the end of the input".into(), |byte| {
                std::ascii::escape_default(byte).to_string()
            }),
        }),
        Fault::TooLarge { limit } => serde_json::json!({ "limit": limit }),
        Fault::NoRoom { received } => serde_json::json!({ "received": received }),
        Fault::Unfinished { seconds } => serde_json::json!({ "seconds": seconds }),
        Fault::CutOff { announced, received } => {
            serde_json::json!({ "expected": announced, "got": received })
        }
        Fault::Empty | Fault::BadHeaders { .. } => serde_json::json!({}),
    };
    data["hint"] = fault.hint().into();
    data.as_object().cloned()
}
