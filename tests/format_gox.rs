//! `.gox` files: real ones against the truth of an independent parser, and round trips.

mod samples;

use goxel_daemon::document::Document;
use goxel_daemon::format::{self, WriteOptions};
use samples::{Sample, bounds, samples, sha_xyz_rgba};

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

/// Everything that a document holds is equal.
fn assert_same(a: &Document, b: &Document, of: &str) {
    assert_eq!(a.name, b.name, "{of}");
    assert_eq!(a.canvas, b.canvas, "{of}");
    assert_eq!(a.materials, b.materials, "{of}");
    assert_eq!(a.cameras, b.cameras, "{of}");
    assert_eq!(a.active_camera, b.active_camera, "{of}");
    assert_eq!(a.light, b.light, "{of}");
    assert_eq!(a.palette, b.palette, "{of}");
    assert_eq!(a.selection, b.selection, "{of}");
    assert_eq!(sha_xyz_rgba(&a.mask), sha_xyz_rgba(&b.mask), "{of}");
    assert_eq!(a.preserved, b.preserved, "{of}");
    assert_eq!(a.active(), b.active(), "{of}");
    assert_eq!(a.layers().len(), b.layers().len(), "{of}");
    for (a, b) in a.layers().iter().zip(b.layers()) {
        assert_eq!(a.id, b.id, "{of}");
        assert_eq!(a.name, b.name, "{of}");
        assert_eq!((a.visible, a.mode, a.opacity), (b.visible, b.mode, b.opacity), "{of}");
        assert_eq!((a.material, a.bounds, a.matrix), (b.material, b.bounds, b.matrix), "{of}");
        assert_eq!((&a.content, &a.preserved), (&b.content, &b.preserved), "{of}");
        assert_eq!(sha_xyz_rgba(&a.volume), sha_xyz_rgba(&b.volume), "{of}");
    }
}
