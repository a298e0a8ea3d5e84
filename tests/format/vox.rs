//! `.vox` files: real ones against the truth of an independent parser, and round trips.

use crate::support::documents::{assert_same_voxels, color};
use crate::support::samples::{bounds, samples, sha_xyz};
use goxel_daemon::document::{Document, Layer, LayerId, Palette, canvas_for_size};
use goxel_daemon::format::{self, Encoded, WriteOptions};
use goxel_daemon::voxel::{Bounds, Point, Rgba, Volume};
use proptest::prelude::*;

fn union<'a>(volumes: impl Iterator<Item = &'a Volume>) -> Volume {
    let mut all = Volume::new();
    for volume in volumes {
        volume.voxels().for_each(|(point, color)| {
            all.set(point, color);
        });
    }
    all
}

fn encode(document: &Document) -> Encoded {
    let vox = format::by_name("VOX").expect("vox is known");
    format::encode(document.clone(), vox, WriteOptions::default()).expect("encodes")
}

fn decode(encoded: Encoded) -> Document {
    format::decode(encoded.bytes, None, Default::default()).expect("decodes").document
}

#[test]
fn every_scene_sample_has_exactly_its_cells() {
    for sample in samples("vox") {
        if sample.truth["format"] != "vox" || sample.truth["world_all"].is_null() {
            continue;
        }
        let loaded = format::load(&sample.path, Default::default());
        let document = loaded.unwrap_or_else(|error| panic!("{}: {error}", sample.name)).document;
        let layers = sample.truth["layers"].as_array().expect("layers");
        assert_eq!(document.layers().len(), layers.len().max(1), "{}", sample.name);
        for (layer, truth) in document.layers().iter().zip(layers) {
            let at = format!("{} {}", sample.name, layer.name);
            assert_eq!(layer.visible, truth["hidden"] == false, "{at}");
            assert_eq!(layer.volume.bounds(), bounds(&truth["bbox"]), "{at}");
        }
        let check = |volume: Volume, truth: &serde_json::Value| {
            assert_eq!(Some(volume.count()), truth["cells"].as_u64(), "{}", sample.name);
            assert_eq!(volume.bounds(), bounds(&truth["bbox"]), "{}", sample.name);
            assert_eq!(Some(sha_xyz(&volume).as_str()), truth["sha_xyz"].as_str());
        };
        let all = document.layers().iter();
        check(union(all.clone().map(|layer| &layer.volume)), &sample.truth["world_all"]);
        let visible = all.filter(|layer| layer.visible);
        check(union(visible.map(|layer| &layer.volume)), &sample.truth["world_visible"]);
    }
}

#[test]
fn headerless_samples_have_exactly_their_cells() {
    for sample in samples("vox") {
        if sample.truth["format"] != "vox-slab6" {
            continue;
        }
        let document = format::load(&sample.path, Default::default()).expect("loads").document;
        let size: Vec<i32> = (0..3)
            .map(|axis| sample.truth["size_xyz"][axis].as_i64().expect("size") as i32)
            .collect();
        // Back to the file's own axes: y and z run the other way, and the middle is the origin.
        let mut raw = Volume::new();
        document.merged().voxels().for_each(|(point, color)| {
            let at = [0, 1, 2].map(|axis| point.array()[axis] + size[axis] / 2);
            raw.set(Point::new(at[0], size[1] - 1 - at[1], size[2] - 1 - at[2]), color);
        });
        assert_eq!(Some(raw.count()), sample.truth["voxels"].as_u64(), "{}", sample.name);
        assert_eq!(Some(sha_xyz(&raw).as_str()), sample.truth["sha_xyz"].as_str());
    }
}

#[test]
fn what_is_no_vox_file_is_refused() {
    for sample in samples("vox").iter().filter(|sample| sample.name.contains("not_a")) {
        assert!(format::load(&sample.path, Default::default()).is_err());
    }
}

#[test]
fn a_saved_sample_has_the_same_layers_places_and_colours() {
    for sample in samples("vox") {
        let Ok(loaded) = format::load(&sample.path, Default::default()) else { continue };
        let document = loaded.document;
        let again = decode(encode(&document));
        let used = || document.layers().iter().filter(|layer| !layer.volume.is_empty());
        assert_eq!(used().count().max(1), again.layers().len(), "{}", sample.name);
        for (a, b) in used().zip(again.layers()) {
            assert_eq!((&a.name, a.visible), (&b.name, b.visible), "{}", sample.name);
            assert_same_voxels(&a.volume, &b.volume, &sample.name);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_volume_of_few_opaque_colours_survives(
        voxels in proptest::collection::vec(
            ((-300i32..300, -40i32..40, -300i32..300), color()), 1..200),
    ) {
        let mut layer = Layer::new(LayerId(1), "one");
        for ((x, y, z), color) in voxels {
            layer.volume.set(Point::new(x, y, z), Rgba { a: 255, ..color });
        }
        let document = Document::with_layers("", canvas_for_size([8; 3]), vec![layer]);
        let encoded = encode(&document);
        prop_assert_eq!(&encoded.warnings, &Vec::<String>::new());
        assert_same_voxels(&document.merged(), &decode(encoded).merged(), "few colours");
    }
}

fn one_layer(volume: Volume) -> Document {
    let mut layer = Layer::new(LayerId(1), "one");
    layer.volume = volume;
    Document::with_layers("", canvas_for_size([8; 3]), vec![layer])
}

#[test]
fn a_layer_larger_than_a_model_is_split_and_whole_again() {
    let mut volume = Volume::new();
    volume.fill(Bounds { min: [-5, 0, 0], max: [600, 3, 2] }, Rgba::opaque(1, 2, 3));
    let document = one_layer(volume);
    let encoded = encode(&document);
    let models = encoded.bytes.windows(4).filter(|window| window == b"XYZI").count();
    assert_eq!(models, 4);
    let again = decode(encoded);
    assert_same_voxels(&document.merged(), &again.merged(), "split");
}

#[test]
fn too_many_colours_become_near_ones_with_a_warning() {
    let mut volume = Volume::new();
    for index in 0..1000 {
        let color = Rgba::opaque((index % 250) as u8, (index / 250 * 60) as u8, 100);
        volume.set([index, 0, 0].into(), color);
    }
    let document = one_layer(volume);
    let encoded = encode(&document);
    assert!(encoded.warnings[0].starts_with("1000 colours are written as the nearest of 255"));
    let again = decode(encoded).merged();
    for (point, color) in document.merged().voxels() {
        let other = again.get(point);
        let off = color.bytes().iter().zip(other.bytes()).map(|(a, b)| a.abs_diff(b)).max();
        assert!(off.is_some_and(|off| off <= 8), "{color:?} became {other:?}");
    }
}

#[test]
fn a_palette_keeps_its_order() {
    let mut document = one_layer(Volume::new());
    let colors = [[9, 9, 9], [200, 0, 0], [1, 1, 1]];
    let colors = colors.map(|[r, g, b]| (Rgba::opaque(r, g, b), None)).to_vec();
    document.palette = Palette { name: "mine".to_owned(), colors };
    document.layers_mut().for_each(|layer| {
        layer.volume.set([0, 0, 0].into(), Rgba::opaque(1, 1, 1));
    });
    let again = decode(encode(&document));
    assert_eq!(again.palette.colors[..3], document.palette.colors[..]);
}

#[test]
fn what_the_format_cannot_hold_is_told() {
    let mut document = one_layer(Volume::new());
    document.materials[0].color = [0.5, 1.0, 1.0, 1.0];
    document.layers_mut().for_each(|layer| {
        layer.volume.set([5000, 0, 0].into(), Rgba::new(1, 1, 1, 100));
        layer.opacity = 0.5;
    });
    let warnings = encode(&document).warnings.join("; ");
    for part in ["tint of a material", "opacity", "alpha below 255", "further out than 1000"] {
        assert!(warnings.contains(part), "{part} in {warnings}");
    }
}

#[test]
fn an_empty_document_gives_a_file_that_loads() {
    assert!(decode(encode(&Document::default())).merged().is_empty());
}
