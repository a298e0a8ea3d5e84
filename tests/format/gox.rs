//! `.gox` files: real ones against the truth of an independent parser, and round trips.

use crate::support::documents::{assert_same, document};
use crate::support::samples::{Sample, bounds, samples, sha_xyz_rgba};
use goxel_daemon::document::Document;
use goxel_daemon::format::{self, WriteOptions};
use proptest::prelude::*;

fn load(sample: &Sample) -> Document {
    let loaded = format::load(&sample.path, Default::default());
    let loaded = loaded.unwrap_or_else(|error| panic!("{}: {error}", sample.name));
    assert_eq!(loaded.format, "gox");
    assert_eq!(loaded.warnings, Vec::<String>::new(), "{}", sample.name);
    loaded.document
}

fn save_and_load(document: &Document) -> Document {
    let gox = format::by_name("gox").expect("gox is known");
    let encoded = format::encode(document.clone(), gox, WriteOptions::default()).expect("encodes");
    format::decode(encoded.bytes, None, Default::default()).expect("decodes").document
}

#[test]
fn every_sample_loads_with_exactly_its_voxels() {
    for sample in samples("gox") {
        let document = load(&sample);
        let layers = sample.truth["layers"].as_array().expect("layers");
        assert_eq!(document.layers().len(), layers.len(), "{}", sample.name);
        for (layer, truth) in document.layers().iter().zip(layers) {
            let truth = if truth["derived"].is_object() { &truth["derived"] } else { truth };
            let at = format!("{} layer {}", sample.name, layer.name);
            assert_eq!(layer.volume.count(), truth["voxels"].as_u64().expect("voxels"), "{at}");
            assert_eq!(layer.volume.bounds(), bounds(&truth["bbox"]), "{at}");
            if let Some(sha) = truth["sha_xyz_rgba"].as_str() {
                assert_eq!(sha_xyz_rgba(&layer.volume), sha, "{at}");
            }
        }
        let merged = &sample.truth["merged_visible_over"];
        let volume = document.merged();
        assert_eq!(volume.count(), merged["voxels"].as_u64().expect("voxels"), "{}", sample.name);
        assert_eq!(sha_xyz_rgba(&volume), merged["sha_xyz_rgba"].as_str().unwrap_or_default());
    }
}

#[test]
fn every_sample_has_its_layers_materials_cameras_and_light() {
    for sample in samples("gox") {
        let document = load(&sample);
        let near = |a: f32, b: &serde_json::Value| {
            (f64::from(a) - b.as_f64().expect("a number")).abs() < 1e-3
        };
        for (layer, truth) in
            document.layers().iter().zip(sample.truth["layers"].as_array().unwrap())
        {
            let name = truth["name"].as_str().expect("name");
            assert_eq!(layer.name, name.split('\0').next().unwrap_or(""), "{}", sample.name);
            assert_eq!(layer.visible, truth["visible"].as_bool().expect("visible"));
            assert_eq!(layer.mode as i64, truth["mode"].as_i64().expect("mode"));
        }
        let materials = sample.truth["materials"].as_array().expect("materials");
        assert_eq!(document.materials.len(), materials.len().max(1), "{}", sample.name);
        for (material, truth) in document.materials.iter().zip(materials) {
            assert!(near(material.metallic, &truth["metallic"]), "{}", sample.name);
            assert!(near(material.roughness, &truth["roughness"]), "{}", sample.name);
        }
        let cameras = sample.truth["cameras"].as_array().expect("cameras");
        assert_eq!(document.cameras.len(), cameras.len().max(1), "{}", sample.name);
        for (index, truth) in cameras.iter().enumerate() {
            assert!(near(document.cameras[index].distance, &truth["dist"]), "{}", sample.name);
            if truth["active"].as_bool() == Some(true) {
                assert_eq!(document.active_camera, Some(index), "{}", sample.name);
            }
        }
        if sample.truth["light"].is_object() {
            assert!(near(document.light.yaw, &sample.truth["light"]["yaw"]), "{}", sample.name);
        }
    }
}

#[test]
fn every_sample_survives_a_save_and_a_load() {
    for sample in samples("gox") {
        let document = load(&sample);
        assert_same(&document, &save_and_load(&document), &sample.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_document_survives_a_save_and_a_load(document in document()) {
        assert_same(&document, &save_and_load(&document), "a random document");
    }
}

#[test]
fn ids_of_the_file_are_kept_for_saving_and_ours_come_back() {
    use goxel_daemon::document::{Layer, LayerId};
    let canvas = goxel_daemon::document::canvas_for_size([8; 3]);
    let layers = (0..3).map(|index| {
        let mut layer = Layer::new(LayerId(0), &format!("layer {index}"));
        layer.preserved.push(("id".to_owned(), 7i32.to_le_bytes().to_vec()));
        layer
    });
    let document = Document::with_layers("equal ids", canvas, layers.collect());
    let again = save_and_load(&document);
    assert_same(&document, &again, "equal ids");
    assert_eq!(again.layers().iter().map(|layer| layer.id.0).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn unknown_chunks_and_entries_survive() {
    use goxel_daemon::document::PreservedChunk;
    let mut document = Document::default();
    document.preserved.push(PreservedChunk { kind: *b"PLAC", data: (*b"anything").into() });
    document.materials[0].preserved.push(("gloss".to_owned(), vec![1, 2, 3]));
    document.cameras[0].preserved.push(("fpv".to_owned(), vec![1]));
    let layer = document.layers_mut().next().expect("a layer");
    layer.preserved.push(("marker_color".to_owned(), vec![9; 4]));
    assert_same(&document, &save_and_load(&document), "unknown parts");
}

#[test]
fn a_block_that_occurs_many_times_is_written_once() {
    use goxel_daemon::voxel::{Bounds, Rgba};
    let mut document = Document::default();
    let layer = document.layers_mut().next().expect("a layer");
    layer.volume.fill(Bounds { min: [0, 0, 0], max: [64, 64, 64] }, Rgba::WHITE);
    let gox = format::by_name(".GOX").expect("gox is known");
    let encoded = format::encode(document.clone(), gox, WriteOptions::default()).expect("encodes");
    let blocks = encoded.bytes.windows(4).filter(|window| window == b"BL16").count();
    assert_eq!(blocks, 1);
    let again = format::decode(encoded.bytes, None, Default::default()).expect("decodes");
    assert_same(&document, &again.document, "a cube");
}

#[test]
fn a_second_save_gives_the_same_bytes_as_a_first_one() {
    use goxel_daemon::voxel::Rgba;
    let mut document = Document::default();
    let gox = format::by_name("gox").expect("gox is known");
    let set = |document: &mut Document, x: i32| {
        let layer = document.layers_mut().next().expect("a layer");
        layer.volume.set([x, 0, 0].into(), Rgba::opaque(x as u8, 1, 2));
    };
    (0..100).for_each(|x| set(&mut document, x));
    let first = format::encode(document.clone(), gox, WriteOptions::default()).expect("encodes");
    set(&mut document, 33);
    set(&mut document, 200);
    let options = WriteOptions { cache: first.cache, ..WriteOptions::default() };
    let second = format::encode(document.clone(), gox, options).expect("encodes");
    let fresh = format::encode(document, gox, WriteOptions::default()).expect("encodes");
    assert!(second.bytes == fresh.bytes);
}

#[test]
fn a_preview_is_written_and_an_old_one_kept_until_then() {
    let mut document = Document::default();
    let gox = format::by_name("gox").expect("gox is known");
    let options = WriteOptions { preview: Some(b"first".to_vec()), ..WriteOptions::default() };
    let encoded = format::encode(document.clone(), gox, options).expect("encodes");
    document = format::decode(encoded.bytes, None, Default::default()).expect("decodes").document;
    let kept = save_and_load(&document);
    let preview = |document: &Document| {
        document.preserved.iter().find(|c| c.kind == *b"PREV").map(|c| c.data.to_vec())
    };
    assert_eq!(preview(&kept), Some(b"first".to_vec()));
    let options = WriteOptions { preview: Some(b"second".to_vec()), ..WriteOptions::default() };
    let encoded = format::encode(kept, gox, options).expect("encodes");
    let last = format::decode(encoded.bytes, None, Default::default()).expect("decodes").document;
    assert_eq!(preview(&last), Some(b"second".to_vec()));
}
