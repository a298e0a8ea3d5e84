//! Text, pictures and slices: round trips within what each can hold, and clear errors.

use crate::support::documents::{assert_same_voxels, point, volume};
use goxel_daemon::document::{Document, Layer, LayerId, canvas_for_size};
use goxel_daemon::format::{self, Encoded, FormatError, WriteOptions};
use goxel_daemon::voxel::{Bounds, Rgba, Volume};
use proptest::prelude::*;

fn one_layer(volume: Volume) -> Document {
    let mut layer = Layer::new(LayerId(1), "one");
    layer.volume = volume;
    Document::with_layers("", canvas_for_size([8; 3]), vec![layer])
}

fn encode(document: &Document, format: &str) -> Result<Encoded, FormatError> {
    format::encode(document.clone(), format::by_name(format)?, WriteOptions::default())
}

fn decode(bytes: &[u8], format: Option<&str>) -> Result<Document, FormatError> {
    let format = format.map(format::by_name).transpose()?;
    Ok(format::decode(bytes.to_vec(), format, Default::default())?.document)
}

fn opaque(volume: &Volume) -> Volume {
    let mut opaque = Volume::new();
    volume.voxels().for_each(|(point, color)| {
        opaque.set(point, Rgba { a: 255, ..color });
    });
    opaque
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_volume_survives_as_text(volume in volume()) {
        let document = one_layer(opaque(&volume));
        let encoded = encode(&document, "TXT").expect("encodes");
        prop_assert!(encoded.warnings.is_empty());
        let again = decode(&encoded.bytes, None).expect("decodes");
        assert_same_voxels(&document.merged(), &again.merged(), "text");
    }

    #[test]
    fn any_canvas_survives_as_slices(volume in volume(), corner in point(), size in [1i64..30, 1..30, 1..30]) {
        let min = corner.array().map(|value| i64::from(value).min(i64::from(i32::MAX) - 40));
        let canvas = Bounds { min, max: [0, 1, 2].map(|axis| min[axis] + size[axis]) };
        let mut inside = Volume::new();
        for (at, color) in volume.voxels().filter(|(at, _)| canvas.contains(*at)) {
            inside.set(at, color);
        }
        let mut document = one_layer(inside);
        document.canvas = canvas;
        let encoded = encode(&document, "png slices").expect("encodes");
        prop_assert!(encoded.warnings.is_empty());
        // By its content: the file tells that it holds slices.
        let again = decode(&encoded.bytes, None).expect("decodes");
        prop_assert_eq!(again.canvas, canvas);
        assert_same_voxels(&document.merged(), &again.merged(), "slices");
    }
}

#[test]
fn text_is_written_as_goxel_writes_it() {
    let mut volume = Volume::new();
    volume.set([1, -2, 30].into(), Rgba::opaque(255, 0, 171));
    let encoded = encode(&one_layer(volume), "text").expect("encodes");
    let text = String::from_utf8(encoded.bytes).expect("text");
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("# ")).collect();
    assert_eq!(lines, ["1 -2 30 ff00ab"]);
}

#[test]
fn a_bad_line_is_told_with_its_place_and_changes_nothing() {
    let error = decode(b"# comment\n1 2 3 ffffff\n1 2 ffffff\n", Some("text")).map(|_| ());
    let error = error.expect_err("a bad line");
    assert_eq!(error.offset(), Some(27));
    assert!(error.to_string().contains("a letter in line 3 at byte 27"), "{error}");
    for bad in ["1 2 3000000000 ffffff", "1 2 3 fffff", "1 2 3 ffffff 4", "1.5 2 3 ffffff"] {
        assert!(decode(bad.as_bytes(), Some("text")).is_err(), "{bad}");
    }
}

#[test]
fn text_takes_alpha_and_a_number_sign_too() {
    let volume = decode(b"0 0 0 #FF000080\n1 0 0 #00ff00\n", None).expect("decodes").merged();
    assert_eq!(volume.get([0, 0, 0].into()), Rgba::new(255, 0, 0, 128));
    assert_eq!(volume.get([1, 0, 0].into()), Rgba::opaque(0, 255, 0));
}

#[test]
fn translucent_voxels_are_told_of() {
    let mut volume = Volume::new();
    volume.set([0, 0, 0].into(), Rgba::new(1, 2, 3, 4));
    let encoded = encode(&one_layer(volume), "text").expect("encodes");
    assert_eq!(encoded.warnings, ["1 voxel with alpha below 255 is written opaque"]);
}

#[test]
fn a_picture_becomes_an_upright_layer_seen_from_the_front() {
    // Slices of height 1 are a picture with one row per y.
    let mut document = one_layer(Volume::new());
    document.canvas = Bounds { min: [0, 0, 0], max: [3, 2, 1] };
    document.layers_mut().for_each(|layer| {
        layer.volume.set([0, 0, 0].into(), Rgba::opaque(255, 0, 0));
        layer.volume.set([2, 1, 0].into(), Rgba::opaque(0, 0, 255));
    });
    let mut png = encode(&document, "png slices").expect("encodes").bytes;
    // Without its text chunk it is a picture like any other.
    let at = png.windows(4).position(|window| window == b"tEXt").expect("text") - 4;
    let length = u32::from_be_bytes(png[at..at + 4].try_into().expect("4 bytes")) as usize;
    png.drain(at..at + 12 + length);
    let volume = decode(&png, None).expect("decodes").merged();
    assert_eq!(volume.get([-1, 0, 1].into()), Rgba::opaque(255, 0, 0), "top left");
    assert_eq!(volume.get([1, 0, 0].into()), Rgba::opaque(0, 0, 255), "bottom right");
    assert_eq!(volume.count(), 2);
}

#[test]
fn slices_without_their_text_need_a_width_that_fits() {
    let mut document = one_layer(Volume::new());
    document.canvas = Bounds { min: [0, 0, 0], max: [3, 2, 1] };
    let mut png = encode(&document, "png slices").expect("encodes").bytes;
    let at = png.windows(4).position(|window| window == b"tEXt").expect("text") - 4;
    let length = u32::from_be_bytes(png[at..at + 4].try_into().expect("4 bytes")) as usize;
    png.drain(at..at + 12 + length);
    let error = decode(&png, Some("slices")).map(|_| ()).expect_err("3 is no multiple of 2");
    assert!(error.to_string().contains("multiple"), "{error}");
}

#[test]
fn slices_tell_of_voxels_outside_the_canvas_and_refuse_a_huge_one() {
    let mut document = one_layer(Volume::new());
    document.layers_mut().for_each(|layer| {
        layer.volume.set([1000, 0, 0].into(), Rgba::WHITE);
    });
    let encoded = encode(&document, "png slices").expect("encodes");
    assert_eq!(encoded.warnings, ["1 voxel outside the canvas is left out"]);
    document.canvas = Bounds { min: [0; 3], max: [1 << 20; 3] };
    let error = encode(&document, "png slices").map(|_| ()).expect_err("too large");
    assert!(matches!(error, FormatError::DoesNotFit { .. }), "{error}");
}

#[test]
fn a_picture_is_not_written_as_a_file_format() {
    let error = encode(&one_layer(Volume::new()), "png").map(|_| ()).expect_err("png");
    assert!(error.to_string().contains("cannot be written; those that can are gox"), "{error}");
}
