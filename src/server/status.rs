//! The one-shot HTTP framing: what a request for a page is answered.

use crate::wire::http::{Request, write_response};

/// One page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The HTTP status.
    pub status: u16,
    /// The media type.
    pub content_type: &'static str,
    /// The content.
    pub body: String,
}

/// The media type of words for a person.
pub const TEXT: &str = "text/plain; charset=utf-8";
const PATHS: &str = "/live, /ready, /health and /metrics";

/// Appends the response to a request; `page` makes the page of a path, if there is one.
pub fn respond(request: &Request, page: impl FnOnce(&str) -> Option<Page>, out: &mut Vec<u8>) {
    let note = |status, text: &str| Page { status, content_type: TEXT, body: format!("{text}\n") };
    let (page, head_only) = match request {
        Request::Get { path, head_only } => {
            let missing = || note(404, &format!("No such page. There are {PATHS}."));
            (page(path).unwrap_or_else(missing), *head_only)
        }
        Request::OtherMethod => {
            let advice = "Only GET and HEAD are served. For calls send JSON-RPC without HTTP.";
            (note(405, advice), false)
        }
        Request::Bad => (note(400, "This is not a complete HTTP/1.1 request."), false),
        Request::HeadersTooLong => (note(431, "The header block is longer than 8 KiB."), false),
    };
    write_response(out, page.status, page.content_type, page.body.as_bytes(), head_only);
}

/// Appends the response to a request that was not finished in time.
pub fn time_out(out: &mut Vec<u8>) {
    write_response(out, 408, TEXT, b"The request was not finished in time.\n", false);
}
