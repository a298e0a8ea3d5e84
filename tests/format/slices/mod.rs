//! Reading in slices: whatever the length of a slice, the document, the warnings and the errors are
//! those of reading in one go. That holds for whole files, cut ones and damaged ones of every
//! format.
//!
//! With `GOXEL_TOLD=file` all that is told goes there instead, so that two versions of the program
//! can be compared.

mod large;
mod shares;
use std::io::Write;

use goxel_daemon::format::{self, Format, FormatError, LoadJob, Loaded, ReadOptions, WriteOptions};
use goxel_daemon::job::{Budget, Job, Step};
use goxel_daemon::voxel::{Point, Rgba, Volume};

/// Bytes of files that are not damaged, as that would take too long.
const LONG: usize = 40_000;

/// A file and what to call it.
struct Case {
    name: String,
    format: &'static Format,
    bytes: Vec<u8>,
}

fn case(name: String, format: &str, bytes: Vec<u8>) -> Case {
    Case { name, format: format::by_name(format).expect("a known format"), bytes }
}

/// Voxels of many colours in some blocks.
fn hills() -> Volume {
    let mut volume = Volume::new();
    for (x, y) in (0..40).flat_map(|x| (0..40).map(move |y| (x, y))) {
        for z in 0..(x * y % 9 + 3) {
            let color = Rgba::opaque(x as u8 * 6, y as u8 * 3, z as u8 * 20);
            volume.set(Point::new(x - 20, y - 20, z), color);
        }
    }
    volume
}

/// Files made here, files that the writers make, and all samples.
fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = crate::support::made::all()
        .into_iter()
        .map(|(format, what, bytes)| case(format!("{format}, {what}"), format, bytes))
        .collect();
    for format in format::formats().iter().filter(|format| format.can_read() && format.can_write())
    {
        let mut document = goxel_daemon::document::Document::default();
        document.layers_mut().for_each(|layer| layer.volume = hills());
        let encoded = format::encode(document, format, WriteOptions::default()).expect("encodes");
        cases.push(case(format!("{}, written", format.name), format.name, encoded.bytes));
    }
    if std::env::var("GOXEL_SAMPLES").is_ok() {
        for (folder, name) in [
            ("gox", "gox"),
            ("vox", "vox"),
            ("qb", "qubicle"),
            ("qbt", "qbt"),
            ("qef", "qef"),
            ("kvx", "kvx"),
            ("kv6", "kv6"),
            ("vxl", "vxl"),
            ("cub", "cub"),
            ("binvox", "binvox"),
            ("schem", "schem"),
            ("mts", "luanti"),
        ] {
            cases.extend(crate::support::samples::samples(folder).into_iter().map(|sample| {
                case(sample.name, name, std::fs::read(sample.path).expect("a sample"))
            }));
        }
    } else {
        crate::support::skip::skip("GOXEL_SAMPLES is not set");
    }
    cases
}

/// All that a reader tells, as text.
fn told(result: &Result<Loaded, FormatError>) -> String {
    match result {
        Ok(Loaded { document, format, warnings, version, .. }) => {
            let layers: Vec<String> = document
                .layers()
                .iter()
                .map(|l| {
                    format!("{} {} {:?} {:?}", l.name, l.visible, l.volume.state_hash(), l.matrix)
                })
                .collect();
            let palette = &document.palette;
            let canvas = document.canvas;
            format!("{format} {version:?} {canvas:?} {layers:?} {palette:?} {warnings:?}")
        }
        Err(error) => format!("{error} ({})", error.hint()),
    }
}

fn read(case: &Case, bytes: &[u8], units: Option<u64>) -> (Result<Loaded, FormatError>, usize) {
    let options = ReadOptions::default();
    let mut job = LoadJob::of_bytes(bytes.to_vec(), Some(case.format), options);
    let mut slices = 1;
    loop {
        let mut budget = units.map_or(Budget::unlimited(), Budget::units);
        match job.step(&mut budget) {
            Step::More => slices += 1,
            Step::Done(result) => return (result, slices),
        }
    }
}

/// Compares reading in slices of several lengths with reading in one go.
fn assert_same(case: &Case, bytes: &[u8], what: &str) {
    let whole = told(&read(case, bytes, None).0);
    if let Ok(path) = std::env::var("GOXEL_TOLD") {
        let open = std::fs::OpenOptions::new().append(true).create(true).open(path);
        let mut file = open.expect("a file to tell it in");
        return writeln!(file, "{} {what}: {whole}", case.name).expect("the file takes it");
    }
    for units in [1, 17] {
        let sliced = told(&read(case, bytes, Some(units)).0);
        assert!(
            sliced == whole,
            "{} {what}, slices of {units}: {sliced} instead of {whole}",
            case.name
        );
    }
}

#[test]
fn a_file_read_in_slices_of_any_length_is_the_file_read_in_one_go() {
    for case in cases() {
        assert_same(&case, &case.bytes, "whole");
    }
}

#[test]
fn a_file_cut_at_any_place_gives_the_same_error_in_slices_of_any_length() {
    for case in cases().iter().filter(|case| case.bytes.len() < LONG) {
        for part in 0..12 {
            let end = case.bytes.len() * part / 12;
            assert_same(case, &case.bytes[..end], &format!("cut at {end}"));
        }
    }
}

#[test]
fn a_damaged_file_gives_the_same_error_in_slices_of_any_length() {
    for case in cases().iter().filter(|case| case.bytes.len() < LONG) {
        let mut seed = 12_345u32;
        for round in 0..12 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // Heads are damaged as often as all that follows.
            let range = if round % 2 == 0 { case.bytes.len().min(80) } else { case.bytes.len() };
            let at = (seed >> 8) as usize % range.max(1);
            let mut bytes = case.bytes.clone();
            bytes[at] ^= 1 << (seed & 7);
            assert_same(case, &bytes, &format!("with a flipped bit at {at}"));
        }
    }
}

#[test]
fn a_picture_whose_rows_come_in_passes_is_the_same_picture() {
    let find = |what: &str| {
        let (_, _, bytes) = crate::support::made::all()
            .into_iter()
            .find(|(_, known, _)| *known == what)
            .expect("made");
        let loaded = format::decode(bytes, None, Default::default()).expect("a picture");
        loaded.document.merged()
    };
    let (passes, plain) = (find("in passes"), find("colours and alpha"));
    assert!(passes.count() > 5000 && passes.state_hash() == plain.state_hash());
}
