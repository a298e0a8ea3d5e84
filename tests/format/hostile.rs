//! Damaged and hostile files: always an error or a document, never a panic, never much memory.

use std::sync::OnceLock;

use goxel_daemon::document::{Document, Layer, LayerId};
use goxel_daemon::format::{self, Format, FormatError, Limits, ReadOptions, WriteOptions};
use goxel_daemon::voxel::{Bounds, Rgba};
use proptest::collection::vec;
use proptest::prelude::*;

fn limits() -> Limits {
    Limits { max_file_bytes: 16 << 20, max_voxel_bytes: 64 << 20, ..Limits::default() }
}

fn options() -> ReadOptions {
    ReadOptions { limits: limits(), ..ReadOptions::default() }
}

/// Whole files to damage: one that each writer makes, and small samples where there are some.
fn seeds() -> &'static [(&'static Format, Vec<u8>)] {
    static SEEDS: OnceLock<Vec<(&'static Format, Vec<u8>)>> = OnceLock::new();
    SEEDS.get_or_init(|| {
        let mut seeds = Vec::new();
        for format in format::formats() {
            if !format.can_read() {
                continue;
            }
            if format.can_write()
                && let Ok(encoded) = format::encode(model(), format, WriteOptions::default())
                && encoded.bytes.len() < 100_000
            {
                seeds.push((format, encoded.bytes));
            }
            if std::env::var("GOXEL_SAMPLES").is_ok() {
                let folder = format.extensions.first().copied().unwrap_or("-");
                let root = std::env::var("GOXEL_SAMPLES").unwrap_or_default();
                if std::path::Path::new(&root).join(folder).is_dir() {
                    let small =
                        crate::support::samples::samples(folder).into_iter().filter_map(|sample| {
                            let bytes = std::fs::read(sample.path).ok()?;
                            (bytes.len() < 8_000).then_some((format, bytes))
                        });
                    seeds.extend(small);
                }
            }
        }
        seeds
    })
}

/// A small model with two layers and several colours.
fn model() -> Document {
    let mut document = Document::default();
    document.push_layer(goxel_daemon::document::Layer::new(
        goxel_daemon::document::LayerId(2),
        "second",
    ));
    for (index, layer) in document.layers_mut().enumerate() {
        let at = 10 * index as i64;
        let bounds = Bounds { min: [at, 0, -3], max: [at + 7, 9, 4] };
        layer.volume.fill(bounds, Rgba::opaque(200, 10 + index as u8, 30));
        layer.volume.set([3, 3, 3].into(), Rgba::opaque(1, 2, 3));
    }
    document
}

/// One way to damage a file. Places are parts of the file's length.
#[derive(Clone, Debug)]
enum Damage {
    Flip { at: f64, bit: u8 },
    Number { at: f64, value: u32 },
    Cut { at: f64 },
    Remove { at: f64, count: usize },
    Insert { at: f64, bytes: Vec<u8> },
    Repeat { at: f64, count: usize },
}

fn damage() -> impl Strategy<Value = Damage> {
    let extreme = prop_oneof![
        Just(0u32),
        Just(u32::MAX),
        Just(i32::MAX as u32),
        Just(i32::MIN as u32),
        Just(0x0fff_ffff),
        any::<u32>(),
        0u32..300,
    ];
    prop_oneof![
        4 => (0f64..1.0, 0u8..8).prop_map(|(at, bit)| Damage::Flip { at, bit }),
        4 => (0f64..1.0, extreme).prop_map(|(at, value)| Damage::Number { at, value }),
        1 => (0f64..1.0).prop_map(|at| Damage::Cut { at }),
        1 => (0f64..1.0, 1usize..64).prop_map(|(at, count)| Damage::Remove { at, count }),
        1 => (0f64..1.0, vec(any::<u8>(), 1..16)).prop_map(|(at, bytes)| Damage::Insert { at, bytes }),
        1 => (0f64..1.0, 1usize..400).prop_map(|(at, count)| Damage::Repeat { at, count }),
    ]
}

fn apply(bytes: &mut Vec<u8>, damage: &Damage) {
    let place = |at: f64, bytes: &[u8]| (at * bytes.len() as f64) as usize;
    match damage {
        _ if bytes.is_empty() => {}
        Damage::Flip { at, bit } => {
            let at = place(*at, bytes);
            bytes[at] ^= 1 << bit;
        }
        Damage::Number { at, value } => {
            // Most numbers in files are at multiples of four, counted from somewhere.
            let at = place(*at, bytes);
            let end = bytes.len().min(at + 4);
            bytes[at..end].copy_from_slice(&value.to_le_bytes()[..end - at]);
        }
        Damage::Cut { at } => bytes.truncate(place(*at, bytes)),
        Damage::Remove { at, count } => {
            let at = place(*at, bytes);
            let end = bytes.len().min(at + count);
            bytes.drain(at..end);
        }
        Damage::Insert { at, bytes: more } => {
            let at = place(*at, bytes);
            bytes.splice(at..at, more.iter().copied());
        }
        Damage::Repeat { at, count } => {
            let at = place(*at, bytes);
            let end = bytes.len().min(at + count);
            let part = bytes[at..end].to_vec();
            bytes.splice(at..at, part);
        }
    }
}

/// The most address space that the process has had, in bytes; `None` where the system does not
/// tell.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmPeak:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib << 10)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_file_gives_an_error_or_a_document(
        which in any::<prop::sample::Index>(),
        damages in vec(damage(), 1..4),
    ) {
        let before = peak_memory();
        let (format, bytes) = which.get(seeds());
        let mut bytes = bytes.clone();
        damages.iter().for_each(|damage| apply(&mut bytes, damage));
        match format::decode(bytes, Some(format), options()) {
            Ok(loaded) => drop(loaded.document.merged().count()),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
        if let (Some(before), Some(after)) = (before, peak_memory()) {
            prop_assert!(after - before < 512 << 20, "{} more bytes", after - before);
        }
    }

    #[test]
    fn any_bytes_at_all_give_an_error_or_a_document(
        which in any::<prop::sample::Index>(),
        bytes in vec(any::<u8>(), 0..300),
        keep in 0usize..32,
    ) {
        let (format, seed) = which.get(seeds());
        let mut file = seed[..keep.min(seed.len())].to_vec();
        file.extend(bytes);
        drop(format::decode(file, Some(format), options()));
    }
}

#[test]
fn a_file_cut_at_any_byte_gives_an_error_or_a_document() {
    for (format, bytes) in seeds() {
        let step = (bytes.len() / 200).max(1);
        for end in (0..bytes.len()).step_by(step) {
            drop(format::decode(bytes[..end].to_vec(), Some(format), options()));
        }
    }
}

#[test]
fn limits_are_kept_and_named() {
    let gox = format::by_name("gox").expect("gox is known");
    let encoded = format::encode(model(), gox, WriteOptions::default()).expect("encodes");
    let limits = Limits { max_voxel_bytes: 16 << 10, ..limits() };
    let options = ReadOptions { limits, ..ReadOptions::default() };
    match format::decode(encoded.bytes, None, options).map(|loaded| loaded.format) {
        Err(error @ FormatError::Limit { limit_name: "max_voxel_bytes", .. }) => {
            assert!(error.hint().contains("max_voxel_bytes"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_error_tells_place_and_expectation() {
    let mut bytes = b"GOX \x02\0\0\0LAYR".to_vec();
    bytes.extend(1_000_000i32.to_le_bytes());
    let error = format::decode(bytes, None, options()).map(|_| ()).expect_err("too short");
    assert_eq!(error.offset(), Some(12));
    let text = "not a valid gox file: a chunk's length is 1000000 at byte 12; \
                expected a length of 0 to 0";
    assert_eq!(error.to_string(), text);
}

#[test]
fn a_million_placements_of_one_block_share_it() {
    let gox = format::by_name("gox").expect("gox is known");
    let mut document = Document::default();
    let layer = document.layers_mut().next().expect("a layer");
    layer.volume.set([0, 0, 0].into(), Rgba::WHITE);
    let encoded = format::encode(document, gox, WriteOptions::default()).expect("encodes");
    let at = encoded.bytes.windows(4).position(|window| window == b"LAYR").expect("a layer");
    let mut bytes = encoded.bytes[..at].to_vec();
    let count = 100_000i32;
    let mut layer = count.to_le_bytes().to_vec();
    for index in 0..count {
        for value in [0, 16 * index, 0, 0, 0] {
            layer.extend(value.to_le_bytes());
        }
    }
    bytes.extend(b"LAYR");
    bytes.extend((layer.len() as i32).to_le_bytes());
    bytes.extend(layer);
    bytes.extend([0; 4]);
    // The rest of the file follows: our own files are not taken as complete without it.
    let length = i32::from_le_bytes([4, 5, 6, 7].map(|n| encoded.bytes[at + n])) as usize;
    bytes.extend(&encoded.bytes[at + 12 + length..]);
    let loaded = format::decode(bytes, None, options()).expect("decodes");
    assert_eq!(loaded.document.merged().count(), count as u64);
}

#[test]
fn our_own_file_cut_between_two_chunks_is_refused() {
    let gox = format::by_name("gox").expect("gox is known");
    let mut document = Document::default();
    document.layers_mut().for_each(|layer| _ = layer.volume.set([0, 0, 0].into(), Rgba::WHITE));
    document.push_layer(Layer::new(LayerId(2), "second"));
    let bytes = format::encode(document, gox, WriteOptions::default()).expect("encodes").bytes;
    let mut at = 8;
    while at < bytes.len() {
        let error = format::decode(bytes[..at].to_vec(), None, options()).err();
        assert!(error.is_some_and(|e| e.to_string().contains("the end of the file")), "at {at}");
        at += 12 + i32::from_le_bytes([4, 5, 6, 7].map(|n| bytes[at + n])) as usize;
    }
}
