//! Which framing does a connection speak? Decided once, on its first bytes.

use super::Protocol;
use super::scanner::{Scan, Scanner};

/// How many bytes decide at the latest.
pub const DETECTION_BYTES: usize = 8;

/// The starts of HTTP requests. All but GET and HEAD are answered with 405.
const HTTP_METHODS: [&[u8]; 9] = [
    b"GET ",
    b"HEAD ",
    b"POST ",
    b"PUT ",
    b"DELETE ",
    b"OPTIONS ",
    b"PATCH ",
    b"TRACE ",
    b"CONNECT ",
];

const HEADER_NAMES: [&[u8]; 2] = [b"content-length:", b"content-type:"];

/// The framing that the first bytes of a connection announce; `None` while more bytes are needed.
/// `ended` tells that no more will come.
pub fn detect(bytes: &[u8], ended: bool) -> Option<Protocol> {
    let first = *bytes.first()?;
    let seen = &bytes[..bytes.len().min(DETECTION_BYTES)];
    if first == 0 || seen.contains(&0) {
        return Some(Protocol::Binary);
    }
    let complete = seen.len() == DETECTION_BYTES
        || ended
        || (first.is_ascii_graphic() && seen.contains(&b'\n'))
        || is_complete_value(seen);
    complete.then(|| classify(seen))
}

fn classify(seen: &[u8]) -> Protocol {
    if HTTP_METHODS.iter().any(|method| agree(seen, method, false)) {
        Protocol::Http
    } else if HEADER_NAMES.iter().any(|name| agree(seen, name, true)) {
        Protocol::Headers
    } else {
        Protocol::JsonText
    }
}

/// Whether the bytes agree with a start as far as both reach, and at least its first word is there.
fn agree(seen: &[u8], start: &[u8], any_case: bool) -> bool {
    let length = start.len().min(DETECTION_BYTES);
    let Some(seen) = seen.get(..length) else { return false };
    if any_case { seen.eq_ignore_ascii_case(&start[..length]) } else { seen == &start[..length] }
}

fn is_complete_value(seen: &[u8]) -> bool {
    let value = seen.trim_ascii_start();
    !value.is_empty() && matches!(Scanner::default().scan(value), Scan::End(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_framings_holds() {
        for (bytes, protocol) in [
            (&b"{\"jsonrpc"[..], Protocol::JsonText),
            (b"[{\"jsonr", Protocol::JsonText),
            (b"\n\n  {\"js", Protocol::JsonText),
            (b"garbage!", Protocol::JsonText),
            (b"hi\n", Protocol::JsonText),
            (b"[1]", Protocol::JsonText),
            (b"{}", Protocol::JsonText),
            (b"\xef\xbb\xbf{\"id\"", Protocol::JsonText),
            (b"Content-Length: 3", Protocol::Headers),
            (b"content-type: x", Protocol::Headers),
            (b"GET /hea", Protocol::Http),
            (b"HEAD / H", Protocol::Http),
            (b"POST / H", Protocol::Http),
            (b"GET /\n", Protocol::Http),
            (b"\0", Protocol::Binary),
            (b"{\"\0", Protocol::Binary),
            (b"\x7b\x22\0\0\0\0\0\0", Protocol::Binary),
            (b"ab\nc\0\0\0\0", Protocol::Binary),
        ] {
            assert_eq!(detect(bytes, false), Some(protocol), "{:?}", bytes.escape_ascii());
        }
    }

    #[test]
    fn case_31_white_space_or_a_bracket_first_is_still_text() {
        assert_eq!(detect(b"[", false), None);
        assert_eq!(detect(b"[", true), Some(Protocol::JsonText));
        assert_eq!(detect(b"\n", true), Some(Protocol::JsonText));
        assert_eq!(detect(b"\n\n\n\n\n\n\n\n", false), Some(Protocol::JsonText));
    }

    #[test]
    fn case_33_a_binary_id_that_looks_like_json_is_binary() {
        assert_eq!(detect(b"\x7b\x22\0\0", false), Some(Protocol::Binary));
        assert_eq!(detect(b"\x7b\x22", false), None);
        assert_eq!(detect(b"\x7b\x22\x01\x02", false), None);
        assert_eq!(detect(b"\x7b\x22\x01\x02\0\0\0\0", false), Some(Protocol::Binary));
    }

    #[test]
    fn too_few_bytes_decide_nothing() {
        for bytes in [&b""[..], b"{", b"GET", b"12", b"\n\n", b"Content"] {
            assert_eq!(detect(bytes, false), None, "{:?}", bytes.escape_ascii());
        }
    }
}
