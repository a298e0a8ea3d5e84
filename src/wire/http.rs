//! One HTTP/1.1 request and its response: enough for `curl` and for scrapers, and no more.

use super::header_block::block_length;
use super::{Decoded, Item, MessageLimits};

/// The decoder of one connection.
#[derive(Clone, Debug, Default)]
pub struct Http {
    searched: usize,
    answered: bool,
    examined: u64,
}

/// The request of a connection, as far as it matters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Request {
    /// `GET`, or `HEAD` if no body is wanted.
    Get {
        /// The path without its query.
        path: String,
        /// Whether only the header is wanted.
        head_only: bool,
    },
    /// A method that changes something.
    OtherMethod,
    /// Not an HTTP request.
    Bad,
    /// A header block over the limit.
    HeadersTooLong,
}

impl Http {
    /// Bytes looked at so far.
    pub fn examined(&self) -> u64 {
        self.examined
    }

    /// See [`super::Decoder::decode`].
    pub fn decode(&mut self, unread: &[u8], ended: bool, limits: &MessageLimits) -> Decoded {
        if self.answered || unread.is_empty() {
            return Decoded::more(unread.len());
        }
        let before = self.searched;
        let found = block_length(unread, &mut self.searched);
        self.examined += self.searched.saturating_sub(before) as u64;
        let request = match found {
            _ if found.unwrap_or(unread.len()) > limits.headers => Request::HeadersTooLong,
            Some(_) => parse(unread),
            None if ended => Request::Bad,
            None => return Decoded::more(0),
        };
        self.answered = true;
        let consumed = found.unwrap_or(unread.len());
        Decoded { consumed, item: Some(Item::Http(request)) }
    }
}

fn parse(block: &[u8]) -> Request {
    let line = block.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let Ok(line) = std::str::from_utf8(line) else { return Request::Bad };
    let mut words = line.trim_end().split(' ');
    match (words.next(), words.next(), words.next(), words.next()) {
        (Some(method), Some(target), Some(version), None) if version.starts_with("HTTP/1.") => {
            let path = target.split(['?', '#']).next().unwrap_or_default().to_string();
            match method {
                "GET" | "HEAD" => Request::Get { path, head_only: method == "HEAD" },
                _ => Request::OtherMethod,
            }
        }
        _ => Request::Bad,
    }
}

/// Appends a response that ends the connection.
pub fn write_response(
    out: &mut Vec<u8>,
    status: u16,
    content_type: &str,
    body: &[u8],
    head_only: bool,
) {
    let reason = match status {
        200 => "OK",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        _ => "Error",
    };
    let allow = if status == 405 { "Allow: GET, HEAD\r\n" } else { "" };
    let length = body.len();
    out.extend_from_slice(
        format!(
            "HTTP/1.1 {status} {reason}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\
             {allow}Cache-Control: no-store\r\nConnection: close\r\n\r\n"
        )
        .as_bytes(),
    );
    if !head_only {
        out.extend_from_slice(body);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(bytes: &[u8]) -> Option<Request> {
        match Http::default().decode(bytes, true, &Default::default()).item {
            Some(Item::Http(request)) => Some(request),
            _ => None,
        }
    }

    #[test]
    fn requests_are_understood_as_far_as_they_matter() {
        let get = |path: &str, head_only| Some(Request::Get { path: path.into(), head_only });
        assert_eq!(request(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"), get("/health", false));
        assert_eq!(request(b"HEAD /metrics?x=1 HTTP/1.0\n\n"), get("/metrics", true));
        assert_eq!(request(b"POST / HTTP/1.1\r\n\r\nbody"), Some(Request::OtherMethod));
        assert_eq!(request(b"GET /\r\n\r\n"), Some(Request::Bad));
        assert_eq!(request(b"GET / HTTP/1.1\r\nHost"), Some(Request::Bad));
        let long = [b"GET / HTTP/1.1\r\nX: ".to_vec(), vec![b'x'; 9000]].concat();
        assert_eq!(request(&long), Some(Request::HeadersTooLong));
    }

    #[test]
    fn only_one_request_is_answered() {
        let mut decoder = Http::default();
        let bytes = b"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n";
        let first = decoder.decode(bytes, false, &Default::default());
        assert!(first.item.is_some());
        let second = decoder.decode(&bytes[first.consumed..], false, &Default::default());
        assert_eq!(second, Decoded::more(bytes.len() - first.consumed));
    }
}
