//! What people exchange: small files that were read wrongly once, and what every row says it holds.

use std::path::{Path, PathBuf};

use goxel_daemon::document::{BlendMode, Document, Layer, LayerId};
use goxel_daemon::format::{self, Kind, Loaded, ReadOptions, WriteOptions};
use goxel_daemon::voxel::{Bounds, Rgba};

use crate::support::samples::samples;

/// A small file of a kind that was read wrongly; skipped where there are none.
fn case(name: &str) -> Option<PathBuf> {
    let Some(cases) = std::env::var_os("GOXEL_CASES") else {
        println!("skipped: GOXEL_CASES names no directory");
        return None;
    };
    Some(Path::new(&cases).join("formats").join(name))
}

fn load(path: &Path) -> Loaded {
    format::load(path, ReadOptions::default()).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn encode(document: &Document, name: &str) -> format::Encoded {
    let format = format::by_name(name).expect("a format");
    format::encode(document.clone(), format, WriteOptions::default()).expect("encodes")
}

fn colors(document: &Document) -> usize {
    document.color_counts().len()
}

#[test]
fn wool_of_old_schematics_has_sixteen_dyes() {
    let Some(path) = case("wool16.schematic") else { return };
    let document = load(&path).document;
    assert_eq!((document.merged().count(), colors(&document)), (16, 16));
}

#[test]
fn schematics_are_read_plain_and_packed_and_those_of_litematica_too() {
    let Some(path) = case("schem_v2_plain.schem") else { return };
    assert_eq!(load(&path).document.merged().count(), 6);
    let Some(path) = case("litemapy.litematic") else { return };
    let loaded = load(&path);
    assert_eq!((loaded.format, loaded.document.merged().count()), ("litematic", 2));
    let voxels: Vec<u64> =
        samples("litematic").iter().map(|s| load(&s.path).document.merged().count()).collect();
    assert!(voxels.iter().all(|&count| count == 11_722), "{voxels:?}");
}

#[test]
fn a_file_without_its_main_chunk_and_one_of_too_many_layers_are_refused() {
    for (name, told) in [("nomain.vox", "MAIN"), ("expo.vox", "max_file_layers")] {
        let Some(path) = case(name) else { return };
        let error = format::load(&path, ReadOptions::default()).err().expect("refused");
        assert!(error.to_string().contains(told), "{error}");
    }
}

#[test]
fn materials_and_cameras_of_magicavoxel_come_back() {
    let Some(path) = case("glass.vox") else { return };
    let document = load(&path).document;
    assert!(document.materials.iter().any(|material| material.color[3] < 1.0));
    assert!(document.materials.iter().any(|material| material.emission[1] > 0.0));
    let bytes = encode(&document, "vox").bytes;
    for part in [&b"_glass"[..], b"_emit", b"_trans"] {
        assert!(bytes.windows(part.len()).any(|window| window == part));
    }
    let Some(path) = case("rcam.vox") else { return };
    let document = load(&path).document;
    assert_eq!(document.cameras[0].distance, 50.0);
    let bytes = encode(&document, "vox").bytes;
    assert!(bytes.windows(4).any(|window| window == b"rCAM"));
    let again = format::decode(bytes, None, ReadOptions::default()).expect("decodes").document;
    assert_eq!(again.cameras, document.cameras);
}

#[test]
fn a_stack_that_a_format_cannot_hold_is_merged_and_told() {
    let Some(path) = case("subtract_layer.gox") else { return };
    let document = load(&path).document;
    for name in ["qubicle", "vox", "glb", "obj", "schem"] {
        let encoded = encode(&document, name);
        assert!(encoded.lost.iter().any(|lost| lost.kind == Kind::Mode), "{name}");
        if ["qubicle", "vox", "schem"].contains(&name) {
            let format = format::by_name(name).ok();
            let again = format::decode(encoded.bytes, format, ReadOptions::default());
            assert_eq!(again.expect("decodes").document.merged().count(), 48, "{name}");
        }
    }
}

#[test]
fn textures_of_surfaces_colour_their_voxels() {
    let Some(path) = case("tex.obj") else { return };
    let loaded = load(&path);
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    let blue = loaded.document.merged().voxels().all(|(_, c)| c == Rgba::opaque(0, 0, 255));
    assert!(blue && loaded.document.merged().count() == 296);
}

#[test]
fn samples_of_qubicle_projects_have_all_their_matrices() {
    for sample in samples("qbcl") {
        let truth = sample.truth["layers"].as_array().expect("layers");
        let document = load(&sample.path).document;
        assert_eq!(document.layers().len(), truth.len(), "{}", sample.name);
        for (layer, truth) in document.layers().iter().zip(truth) {
            assert_eq!(Some(layer.volume.count()), truth["solid"].as_u64(), "{}", layer.name);
        }
    }
}

/// Layers of plain colours, one of them hidden.
fn model() -> Document {
    let layers = (0..3).map(|number| {
        let mut layer = Layer::new(LayerId(number + 1), &format!("part {number}"));
        let at = 5 * i64::from(number);
        let bounds = Bounds { min: [at - 4, 2, -3], max: [at + 3, 9, at + 2] };
        layer.volume.fill(bounds, Rgba::opaque(40 * number as u8 + 20, 7, 200));
        layer.volume.set([at as i32, 3, 1].into(), Rgba::opaque(1, 2, 3));
        layer.visible = number != 2;
        layer
    });
    Document::with_layers("model", Bounds { min: [-9; 3], max: [20; 3] }, layers.collect())
}

#[test]
fn what_a_row_says_it_holds_comes_back() {
    let document = model();
    let seen = document.merged();
    for format in format::formats().iter().filter(|f| f.can_read() && f.can_write()) {
        let encoded = encode(&document, format.name);
        let again = format::decode(encoded.bytes, Some(format), ReadOptions::default());
        let again = again.unwrap_or_else(|error| panic!("{}: {error}", format.name)).document;
        let (merged, holds) = (again.merged(), format.holds);
        if holds.is_surface {
            assert!(merged.count() > 100, "{}", format.name);
            continue;
        }
        let shown = if holds.layers && !holds.hidden { document.layers().len() } else { 2 };
        if shown == 2 {
            assert_eq!(merged.count(), seen.count(), "{}", format.name);
        }
        let blocks = [
            "schem",
            "litematic",
            "structure",
            "luanti",
            "binvox",
            "kv6",
            "kvx",
            "vxl",
            "heightmap",
        ];
        if !blocks.contains(&format.name) && shown == 2 {
            assert_eq!(again.color_counts(), document.color_counts(), "{}", format.name);
        }
        if holds.layers && holds.names && holds.hidden {
            let told = |d: &Document| {
                d.layers().iter().map(|l| (l.name.clone(), l.visible)).collect::<Vec<_>>()
            };
            assert_eq!(told(&again), told(&document), "{}", format.name);
        }
    }
}

#[test]
fn every_loss_has_a_kind_a_count_and_a_note() {
    let mut document = model();
    document.layers_mut().skip(1).for_each(|layer| layer.mode = BlendMode::Paint);
    document.materials[0].metallic = 1.0;
    for format in format::formats().iter().filter(|f| f.can_write() && f.name != "gox") {
        let encoded = encode(&document, format.name);
        assert!(!encoded.lost.is_empty(), "{}", format.name);
        for lost in &encoded.lost {
            assert!(lost.count > 0 && !lost.note.is_empty(), "{}", format.name);
            assert!(Kind::ALL.contains(&lost.kind));
        }
    }
}
