//! The form of an answer: JSON-RPC, the older tool form, or none.

use super::error::PARSE_ERROR;
use super::error::{INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, RpcError};
use crate::api::json::write as write_json;

/// How a call is answered. `I` holds the raw id: borrowed from the message, or owned by a call that
/// goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum AnswerForm<I> {
    /// By JSON-RPC, with this raw id.
    Rpc(I),
    /// As a tool answer, which has no id.
    Tool,
    /// As a payload of the binary bulk lane; an error is one by JSON-RPC.
    Bulk,
    /// Not at all: a notification.
    Silent,
}

impl AnswerForm<&str> {
    /// The same, independent of the message.
    pub fn to_owned(&self) -> AnswerForm<String> {
        match self {
            AnswerForm::Rpc(id) => AnswerForm::Rpc((*id).to_owned()),
            AnswerForm::Tool => AnswerForm::Tool,
            AnswerForm::Bulk => AnswerForm::Bulk,
            AnswerForm::Silent => AnswerForm::Silent,
        }
    }
}

impl<I: AsRef<str>> AnswerForm<I> {
    /// Begins a good answer: the caller appends the result and calls [`AnswerForm::end`].
    pub fn begin(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(match self {
            AnswerForm::Rpc(_) => br#"{"jsonrpc":"2.0","result":"#,
            AnswerForm::Tool => br#"{"success":true,"content":"#,
            AnswerForm::Bulk | AnswerForm::Silent => b"",
        });
    }

    /// Ends a good answer that began at `start`; of a silent call nothing stays.
    pub fn end(&self, start: usize, out: &mut Vec<u8>) {
        match self {
            AnswerForm::Rpc(id) => end_with_id(id.as_ref(), out),
            AnswerForm::Tool => out.push(b'}'),
            AnswerForm::Bulk => {}
            AnswerForm::Silent => out.truncate(start),
        }
    }

    /// The whole answer of a failed call.
    pub fn error(&self, error: &RpcError, out: &mut Vec<u8>) {
        match self {
            AnswerForm::Rpc(id) => error.write_answer(id.as_ref(), out),
            AnswerForm::Tool => tool_error(error, out),
            AnswerForm::Bulk => error.write_answer("null", out),
            AnswerForm::Silent => {}
        }
    }

    /// An answer kept from an earlier call: its part behind `"jsonrpc":"2.0",` and before the id.
    pub fn kept(&self, part: &[u8], out: &mut Vec<u8>) {
        if let AnswerForm::Rpc(id) = self {
            out.extend_from_slice(br#"{"jsonrpc":"2.0","#);
            out.extend_from_slice(part);
            end_with_id(id.as_ref(), out);
        }
    }

    /// The part of a finished JSON-RPC answer that [`AnswerForm::kept`] takes.
    pub fn keep<'o>(&self, answer: &'o [u8]) -> &'o [u8] {
        match self {
            AnswerForm::Rpc(id) => {
                let head = br#"{"jsonrpc":"2.0","#.len();
                let tail = br#","id":}"#.len() + id.as_ref().len();
                answer.get(head..answer.len().saturating_sub(tail)).unwrap_or_default()
            }
            AnswerForm::Tool | AnswerForm::Bulk | AnswerForm::Silent => answer,
        }
    }
}

fn end_with_id(id: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(br#","id":"#);
    out.extend_from_slice(id.as_bytes());
    out.push(b'}');
}

/// The tool dialect has few codes of its own; `error_data` keeps what the JSON-RPC error says.
fn tool_error(error: &RpcError, out: &mut Vec<u8>) {
    let code = match error.code {
        METHOD_NOT_FOUND => -1001,
        PARSE_ERROR | INVALID_REQUEST | INVALID_PARAMS => -1002,
        super::error::NOT_BUILT_IN => -1004,
        _ => -1003,
    };
    out.extend_from_slice(br#"{"success":false,"error_code":"#);
    out.extend_from_slice(itoa::Buffer::new().format(code).as_bytes());
    out.extend_from_slice(br#","error_message":"#);
    write_json(&error.message, out);
    let mut data = error.data.as_deref().cloned().unwrap_or_default();
    data.insert("code".to_owned(), error.code.into());
    out.extend_from_slice(br#","error_data":"#);
    write_json(&data, out);
    out.push(b'}');
}
