//! Formats of other programs: real files against the truth of an independent parser.

use crate::support::samples::{Sample, samples, sha_xyz, sha_xyz_rgba};
use goxel_daemon::document::{Document, Layer, LayerId, canvas_for_size};
use goxel_daemon::format::{self, WriteOptions};
use goxel_daemon::voxel::{Point, Rgba, Volume};
use proptest::prelude::*;
use serde_json::Value;

fn load(sample: &Sample) -> Document {
    let loaded = format::load(&sample.path, Default::default());
    loaded.unwrap_or_else(|error| panic!("{}: {error}", sample.name)).document
}

fn moved(volume: &Volume, to: impl Fn([i32; 3]) -> [i32; 3]) -> Volume {
    let mut result = Volume::new();
    for (point, color) in volume.voxels() {
        result.set(Point::from(to(point.array())), color);
    }
    result
}

fn numbers(value: &Value) -> Vec<i32> {
    let all = value.as_array().expect("numbers");
    all.iter().map(|number| number.as_f64().expect("a number") as i32).collect()
}

fn assert_count(sample: &Sample, document: &Document, key: &str) {
    let all: u64 = document.layers().iter().map(|layer| layer.volume.count()).sum();
    assert_eq!(Some(all), sample.truth[key].as_u64(), "{}", sample.name);
}

#[test]
fn samples_of_dense_boxes_and_schematics_have_their_counts() {
    for (folder, key) in [
        ("cub", "voxels"),
        ("binvox", "voxels"),
        ("qef", "voxels"),
        ("schem", "solid"),
        ("mts", "solid"),
    ] {
        for sample in samples(folder) {
            assert_count(&sample, &load(&sample), key);
        }
    }
}

#[test]
fn samples_of_qubicle_have_their_matrices() {
    for sample in samples("qb") {
        let document = load(&sample);
        let right_handed = sample.truth["orientation"] == 1;
        let matrices = sample.truth["layers"].as_array().expect("layers");
        assert_eq!(document.layers().len(), matrices.len(), "{}", sample.name);
        for (layer, truth) in document.layers().iter().zip(matrices) {
            let corner = numbers(&truth["pos"]);
            let local = moved(&layer.volume, |[x, y, z]| {
                let [x, y, z] = if right_handed { [x, z, y] } else { [x, z, -1 - y] };
                [x - corner[0], y - corner[1], z - corner[2]]
            });
            assert_eq!(Some(local.count()), truth["voxels"].as_u64(), "{}", sample.name);
            // Masks in the alpha channel become opaque here; the truth may hold them as they are.
            let opaque = sample.truth["vismask"] == 0 || local.count() == 0;
            let sha = sha_xyz_rgba(&local);
            let equal = Some(sha.as_str()) == truth["sha_local_xyz_rgba"].as_str();
            assert!(equal || !opaque, "{} {}", sample.name, layer.name);
        }
    }
}

#[test]
fn the_knight_is_the_same_in_qubicles_formats() {
    let find = |folder: &str, part: &str| {
        samples(folder).into_iter().find(|sample| sample.name.contains(part)).map(|s| load(&s))
    };
    let (Some(qb), Some(qbt)) = (find("qb", "chr_knight"), find("qbt", "qubicle")) else { return };
    assert_eq!(qb.merged().count(), qbt.merged().count());
    assert_eq!(sha_xyz(&qb.merged()), sha_xyz(&qbt.merged()));
}

#[test]
fn samples_of_qubicle_trees_have_their_matrices() {
    for sample in samples("qbt") {
        let document = load(&sample);
        let matrices = sample.truth["layers"].as_array().expect("layers");
        for (layer, truth) in document.layers().iter().zip(matrices) {
            assert_eq!(layer.name, truth["name"].as_str().unwrap_or_default(), "{}", sample.name);
            assert_eq!(Some(layer.volume.count()), truth["solid"].as_u64(), "{}", layer.name);
        }
        assert_eq!(document.layers().len(), matrices.len());
    }
}

#[test]
fn samples_of_columns_have_their_cells_and_are_filled() {
    let mut solids = Vec::new();
    for sample in samples("kvx").into_iter().chain(samples("kv6")) {
        let document = load(&sample);
        let size = numbers(&sample.truth["size"]);
        let pivot = numbers(&sample.truth["pivot"]);
        let raw = moved(&document.merged(), |[x, y, z]| {
            [x + pivot[0], size[1] - 1 - (y + pivot[1]), pivot[2] - 1 - z]
        });
        if sample.truth["voxels_filled"].is_u64() {
            assert_count(&sample, &document, "voxels_filled");
        }
        let mut bounds = raw.bounds().expect("voxels");
        bounds.max = bounds.max.map(|value| value.min(i64::from(i32::MAX)));
        assert_eq!(
            Some(bounds),
            crate::support::samples::bounds(&sample.truth["bbox"]),
            "{}",
            sample.name
        );
        if sample.name.contains("slab6_vox_test") {
            solids.push(raw);
        }
    }
    // The same model comes as a solid .vox too.
    for sample in samples("vox").iter().filter(|sample| sample.name.contains("slab6_vox_test")) {
        let truth = sample.truth["sha_xyz"].as_str();
        assert_eq!(solids.len(), 2);
        assert!(solids.iter().all(|solid| Some(sha_xyz(solid).as_str()) == truth));
    }
}

#[test]
fn samples_of_maps_have_their_solids() {
    for sample in samples("vxl") {
        if sample.truth["format"] != "vxl-aos" {
            let loaded = format::load(&sample.path, Default::default()).expect("loads");
            assert_eq!((loaded.format, loaded.document.merged().count()), ("cnc vxl", 99));
            continue;
        }
        assert_count(&sample, &load(&sample), "solid");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_volumes_survive_as_qubicle(volumes in proptest::collection::vec(crate::support::documents::volume(), 1..4)) {
        let layers = volumes.iter().enumerate().map(|(index, volume)| {
            let mut layer = Layer::new(LayerId(index as i32 + 1), &format!("layer {index}"));
            for (at, color) in volume.voxels().filter(|(at, _)| at.array().iter().all(|v| v.abs() < 200)) {
                layer.volume.set(at, color);
            }
            layer
        });
        let layers: Vec<Layer> = layers.collect();
        let document = Document::with_layers("", canvas_for_size([8; 3]), layers);
        let qb = format::by_name("qb").expect("qb is known");
        let encoded = format::encode(document.clone(), qb, WriteOptions::default()).expect("encodes");
        let again = format::decode(encoded.bytes, Some(qb), Default::default()).expect("decodes");
        let used = document.layers().iter().filter(|layer| !layer.volume.is_empty());
        for (a, b) in used.zip(again.document.layers()) {
            if !a.volume.is_empty() {
                prop_assert_eq!(&a.name, &b.name);
                crate::support::documents::assert_same_voxels(&a.volume, &b.volume, "qubicle");
            }
        }
    }
}

#[test]
fn a_wide_thin_layer_is_refused_by_name() {
    let mut layer = Layer::new(LayerId(1), "wide");
    for at in [[i32::MIN; 3], [i32::MAX; 3]] {
        layer.volume.set(at.into(), Rgba::WHITE);
    }
    let document = Document::with_layers("", canvas_for_size([8; 3]), vec![layer]);
    let qb = format::by_name("qubicle").expect("qb is known");
    let error = format::encode(document, qb, WriteOptions::default()).map(|_| ());
    assert!(error.is_err_and(|error| error.to_string().contains("wide")));
}

/// Files that look like another format's, which they are taken for.
const NAMED_ONLY: [(&str, &str, Option<&str>); 1] = [("png slices", "guessed", Some("png"))];

#[test]
fn what_a_file_is_shows_without_its_name() {
    let folder = tempfile::tempdir().expect("a directory");
    let mut taken_for = Vec::new();
    for (name, what, bytes) in crate::support::made::all() {
        let endings = format::by_name(name).expect(name).extensions;
        let ending = endings.first().unwrap_or(&"png");
        let path = folder.path().join(format!("file.{ending}"));
        std::fs::write(&path, bytes).expect("writes");
        let loaded = format::load(&path, Default::default()).map(|loaded| loaded.format);
        if loaded.as_ref().ok() != Some(&name) {
            taken_for.push((name, what, loaded.ok()));
        }
    }
    assert_eq!(taken_for, NAMED_ONLY);
}
