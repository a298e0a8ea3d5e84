//! Short and long messages of every framing come out the same however their bytes are cut.

use goxel_daemon::wire::long_text::LONG_MESSAGE;
use goxel_daemon::wire::{
    Buffer, Content, Decoded, Decoder, Item, LOOKED_AT_ONCE, LongContent, MessageLimits,
};

const LIMITS: MessageLimits = MessageLimits { message: 400_000, ceiling: 1 << 20, headers: 8192 };

fn text_of(body: &[u8]) -> String {
    match std::str::from_utf8(body) {
        Ok(text) => text.to_owned(),
        Err(error) => format!("not UTF-8 at {}", error.valid_up_to()),
    }
}

fn shown(item: Item, unread: &[u8]) -> String {
    match item {
        Item::Message { body, content: Content::Bulk(kind), framing } => {
            format!("{framing:?} {kind:x} {:?}", &unread[body])
        }
        Item::Message { body, framing, .. } => format!("{framing:?} {}", text_of(&unread[body])),
        Item::LongMessage { content, framing } => match content {
            LongContent::Text(text) => format!("{framing:?} {}", text.as_str()),
            LongContent::NotUtf8(offset) => format!("{framing:?} not UTF-8 at {offset}"),
            LongContent::Bulk(kind, payload) => format!("{framing:?} {kind:x} {payload:?}"),
        },
        Item::Fault { fault, framing, fatal } => format!("{framing:?} fault {fatal} {fault}"),
        Item::Http(_) | Item::Pause => unreachable!("neither was sent"),
    }
}

/// What a decoder finds in bytes that come in pieces of these lengths.
fn found(bytes: &[u8], mut piece: impl FnMut() -> usize) -> Vec<String> {
    let (mut decoder, mut buffer, mut found) = (Decoder::default(), Buffer::default(), Vec::new());
    let (mut rest, mut is_fatal) = (bytes, false);
    while !is_fatal {
        let length = piece().clamp(1, usize::MAX).min(rest.len());
        buffer.extend(&rest[..length]);
        rest = &rest[length..];
        loop {
            let looked_at = decoder.examined();
            let decoded = decoder.decode(buffer.unread(), rest.is_empty(), &LIMITS);
            let Decoded { consumed, item } = decoded;
            let looked_at = decoder.examined() - looked_at;
            assert!(looked_at <= 2 * LOOKED_AT_ONCE as u64, "{looked_at} bytes in one call");
            let is_over = item.is_none();
            if let Some(item) = item.filter(|item| *item != Item::Pause) {
                is_fatal |= matches!(item, Item::Fault { fatal: true, .. });
                found.push(shown(item, buffer.unread()));
            }
            buffer.consume(consumed);
            if is_over {
                break;
            }
        }
        if rest.is_empty() {
            break;
        }
    }
    assert!(decoder.examined() <= 2 * bytes.len() as u64 + 64);
    found
}

/// Checks that all cuts give the same, and returns it.
fn however_cut(bytes: &[u8]) -> Vec<String> {
    let whole = found(bytes, || usize::MAX);
    for fixed in [1, 1000, 65_535, 65_536, 65_537] {
        assert!(found(bytes, || fixed) == whole, "in pieces of {fixed}");
    }
    for seed in 1..7u64 {
        let mut state = seed;
        let cuts = found(bytes, || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let most = [9, 300, 20_000, 200_000][(state >> 60) as usize % 4];
            (state >> 33) as usize % most
        });
        assert!(cuts == whole, "in pieces of seed {seed}");
    }
    whole
}

fn rows(count: usize, between: &str) -> String {
    let row = |n: usize| format!("[{n},-3, {},\"\u{e4}\",1.5]", n * 7);
    (0..count).map(row).collect::<Vec<_>>().join(between)
}

fn call(id: usize, rows: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"a","params":[{rows}]}}"#)
}

/// Contents of frames: which are right, and where the others are wrong.
fn contents() -> Vec<(Vec<u8>, Result<(), &'static str>)> {
    let long = call(1, &rows(8000, ","));
    assert!(long.len() > 2 * LONG_MESSAGE && long.len() < LIMITS.message);
    let broken = |at: usize, byte: u8| {
        let mut bytes = long.clone().into_bytes();
        bytes[at] = byte;
        bytes
    };
    let word = long.find(",\"\u{e4}\"").unwrap() + 2;
    vec![
        (call(2, "1").into_bytes(), Ok(())),
        (long.clone().into_bytes(), Ok(())),
        (format!(" \n{}{long}\r\n ", " ".repeat(70_000)).into_bytes(), Ok(())),
        (format!("\"{}\"", "\u{20ac}\\n".repeat(30_000)).into_bytes(), Ok(())),
        (call(3, &rows(7000, ",\n")).into_bytes(), Ok(())),
        (vec![b' '; 70_000], Err("the message is empty")),
        (broken(word, 0xff), Err("not UTF-8")),
        (broken(5, b'\x01'), Err("at byte 5 of")),
        (broken(long.len() - 1, b'5'), Err("found '5' at")),
        (format!("{long} {{}}").into_bytes(), Err("expected the end of the message, found '{'")),
        (long.as_bytes()[..long.len() - 1].to_vec(), Err("found the end of the input")),
        (vec![b'['; 90_000], Err("at byte 128 of")),
        ("1".repeat(LIMITS.message + 1).into_bytes(), Err("too large")),
        ("7".repeat(70_000).into_bytes(), Ok(())),
        (call(4, "").into_bytes(), Ok(())),
    ]
}

/// Checks what came of those contents; `prefix` tells how each is framed.
fn check_contents(found: &[String], prefix: impl Fn(usize) -> String) {
    let contents = contents();
    assert_eq!(found.len(), contents.len());
    for (index, (found, (content, expected))) in found.iter().zip(&contents).enumerate() {
        assert!(found.starts_with(&prefix(index)), "{index}: {}", &found[..60.min(found.len())]);
        match expected {
            Ok(()) => {
                assert!(*found == format!("{} {}", prefix(index), text_of(content)), "{index}")
            }
            Err(word) => assert!(found.contains(word) && found.len() < 300, "{index}: {found}"),
        }
    }
}

#[test]
fn long_header_frames_are_the_same_however_cut() {
    let frame = |(content, _): (Vec<u8>, _)| {
        [format!("Content-Length: {}\r\n\r\n", content.len()).into_bytes(), content].concat()
    };
    let mut bytes = contents().into_iter().map(frame).collect::<Vec<_>>().concat();
    check_contents(&however_cut(&bytes), |_| "Headers".to_owned());
    bytes.extend_from_slice(b"Content-Length: 100000\r\n\r\n[1,2,");
    let found = however_cut(&bytes);
    let told = "Headers fault true Parse error: the input ended after 5 of 100000 announced bytes";
    assert_eq!(found.last().map(String::as_str), Some(told));
}

fn binary_frame(id: u32, kind: u32, payload: &[u8]) -> Vec<u8> {
    let fields = [id, kind, payload.len() as u32, 0];
    let mut frame: Vec<u8> = fields.iter().flat_map(|field| field.to_be_bytes()).collect();
    frame.extend_from_slice(payload);
    frame
}

#[test]
fn long_binary_frames_are_the_same_however_cut() {
    let frames = contents().into_iter().enumerate();
    let frames = frames.map(|(id, (content, _))| binary_frame(id as u32, 0, &content));
    let mut bytes = frames.collect::<Vec<_>>().concat();
    check_contents(&however_cut(&bytes), |id| format!("Binary {{ id: {id} }}"));
    let payload: Vec<u8> = (0..200_000u32).map(|n| (n * 7) as u8).collect();
    bytes.extend(binary_frame(77, 0xB001, &payload));
    bytes.extend(binary_frame(78, 0xB002, &payload[..100]));
    bytes.extend(binary_frame(79, 0xB003, &payload));
    bytes.truncate(bytes.len() - 1);
    let found = however_cut(&bytes);
    let [.., long, short, cut] = found.as_slice() else { panic!("{} messages", found.len()) };
    assert!(*long == format!("Binary {{ id: 77 }} b001 {payload:?}"));
    assert!(*short == format!("Binary {{ id: 78 }} b002 {:?}", &payload[..100]));
    assert!(cut.ends_with("the input ended after 199999 of 200000 announced bytes"), "{cut}");
}

#[test]
fn long_texts_are_the_same_however_cut() {
    let (one_line, lines) = (call(1, &rows(8000, ",")), call(2, &rows(8000, ",\n ")));
    let after_line = format!("{{\n\"a\":[{}", rows(8000, ","));
    let word = one_line.find(",\"\u{e4}\"").unwrap() + 2;
    let mut no_text = one_line.clone().into_bytes();
    no_text[word] = 0xff;
    let (again, good_behind) =
        (format!("{after_line}}}\n"), format!("{{\"a\":[\n{},\n", rows(6000, ",\n")));
    let (not_utf8, too_large) =
        (format!("not UTF-8 at {word}"), format!("\n[{}]", rows(20_000, ",\n")));
    let parts: [(&[u8], &str); 15] = [
        (one_line.as_bytes(), &one_line),
        (lines.as_bytes(), &lines),
        (b"\n[1]", "[1]"),
        // The line of the error is skipped, ...
        (&one_line.as_bytes()[..one_line.len() - 3], ""),
        (b"] nonsense\n", "fault false"),
        // ... or read again if the message began before it.
        (again.as_bytes(), "fault false"),
        (b"", "\"a\""),
        (b"", "fault false"),
        (good_behind.as_bytes(), ""),
        (b"{\"b\":2} 5\n", "fault false"),
        (b"", "{\"b\":2}"),
        (b"", "5"),
        (&no_text, &not_utf8),
        (too_large.as_bytes(), "too large"),
        (b"{\"c\":3}", "{\"c\":3}"),
    ];
    let bytes: Vec<u8> = parts.iter().flat_map(|(bytes, _)| bytes.iter().copied()).collect();
    let found = however_cut(&bytes);
    let expected: Vec<&str> =
        parts.iter().map(|(_, told)| *told).filter(|told| !told.is_empty()).collect();
    for (found, expected) in found.iter().zip(&expected) {
        let told = found.strip_prefix("Line ").unwrap_or_default();
        let is_right = told == *expected || told.starts_with("fault") && told.contains(expected);
        assert!(
            is_right,
            "{} is not {}",
            &told[..80.min(told.len())],
            &expected[..80.min(expected.len())]
        );
    }
    assert_eq!(found.len(), expected.len());
}

#[test]
fn a_long_text_that_ends_with_the_input_is_told_or_taken() {
    let text = call(1, &rows(8000, ","));
    assert_eq!(however_cut(text.as_bytes()), [format!("Line {text}")]);
    let number = "7".repeat(70_000);
    assert_eq!(however_cut(number.as_bytes()), [format!("Line {number}")]);
    let cut = &text.as_bytes()[..text.len() - 2];
    let found = however_cut(cut);
    let place = format!("found the end of the input at byte {} of the message", cut.len());
    assert!(found.len() == 1 && found[0].ends_with(&place), "{found:?}");
}
