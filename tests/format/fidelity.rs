//! Never silent: whatever is not the same after a round trip is named among what was lost.

use std::collections::BTreeSet;

use goxel_daemon::document::{Document, LayerContent};
use goxel_daemon::format::{
    self, Encoded, Format, FormatError, Kind, Loaded, ReadOptions, WriteOptions,
};
use goxel_daemon::voxel::{Bounds, Point, Rgba, Volume};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::support::documents::document;

/// A difference, and the kinds of loss that may stand for it.
struct Difference {
    what: String,
    kinds: &'static [Kind],
}

fn bounds(volume: &Volume) -> Option<Bounds> {
    volume.bounds()
}

/// The voxels of a volume moved.
fn moved(volume: &Volume, by: [i64; 3]) -> Option<Volume> {
    let mut moved = Volume::new();
    for (at, color) in volume.voxels() {
        let at = at.array();
        let to = [0, 1, 2].map(|axis| i32::try_from(i64::from(at[axis]) + by[axis]).ok());
        let [Some(x), Some(y), Some(z)] = to else { return None };
        moved.set(Point::new(x, y, z), color);
    }
    Some(moved)
}

fn seen(before: &Volume, after: &Volume, found: &mut Vec<Difference>) {
    let mut tell = |what: String, kinds| found.push(Difference { what, kinds });
    let places =
        |volume: &Volume| volume.voxels().map(|(at, _)| at.array()).collect::<BTreeSet<_>>();
    let mut after = after.clone();
    if let (Some(a), Some(b)) = (bounds(before), bounds(&after))
        && a.min != b.min
        && a.dimensions() == b.dimensions()
        && places(before) != places(&after)
    {
        tell(format!("lies at {:?} instead of {:?}", b.min, a.min), &[Kind::Layer]);
        let by = [0, 1, 2].map(|axis| a.min[axis] - b.min[axis]);
        after = moved(&after, by).expect("a place");
    }
    let (old, new) = (places(before), places(&after));
    if old != new {
        let (gone, come) = (old.difference(&new).count(), new.difference(&old).count());
        tell(format!("{gone} voxels are gone, {come} have come"), &[Kind::Alpha]);
    }
    let both = before.voxels().map(|(at, color)| (color, after.get(at)));
    let both: Vec<(Rgba, Rgba)> = both.filter(|(_, new)| !new.is_empty()).collect();
    let rgb = |color: Rgba| [color.r, color.g, color.b];
    let colors = both.iter().filter(|(a, b)| rgb(*a) != rgb(*b)).count();
    if colors > 0 {
        tell(format!("{colors} voxels have another colour"), &[Kind::Color]);
    }
    let alphas = both.iter().filter(|(a, b)| a.a != b.a).count();
    if alphas > 0 {
        tell(format!("{alphas} voxels have another alpha"), &[Kind::Alpha]);
    }
}

fn differences(before: &Document, after: &Document) -> Vec<Difference> {
    let mut found = Vec::new();
    seen(&before.merged(), &after.merged(), &mut found);
    let mut tell = |what: String, kinds| found.push(Difference { what, kinds });
    let (old, new) = (before.layers(), after.layers());
    if old.len() != new.len() {
        let what = format!("{} layers instead of {}", new.len(), old.len());
        tell(what, &[Kind::Layer, Kind::Hidden]);
        return found;
    }
    let count = |wanted: &dyn Fn(usize) -> bool| (0..old.len()).filter(|&i| wanted(i)).count();
    let is_voxels = |content: &LayerContent| matches!(content, LayerContent::Voxels);
    let all: [(&str, usize, &'static [Kind]); 6] = [
        // A layer that is left out, as hidden ones may be, leaves with its name.
        ("names", count(&|i| old[i].name != new[i].name), &[Kind::Name, Kind::Layer, Kind::Hidden]),
        ("hidden", count(&|i| old[i].visible != new[i].visible), &[Kind::Hidden, Kind::Layer]),
        ("modes", count(&|i| old[i].mode != new[i].mode), &[Kind::Mode]),
        ("opacities", count(&|i| old[i].opacity != new[i].opacity), &[Kind::Opacity]),
        (
            "contents",
            count(&|i| is_voxels(&old[i].content) != is_voxels(&new[i].content)),
            &[Kind::Instance],
        ),
        (
            "materials",
            count(&|i| {
                let look = |document: &Document, layer: Option<usize>| {
                    let material = layer.and_then(|index| document.materials.get(index).cloned());
                    let material = material.unwrap_or_default();
                    let bits = |value: f32| (value * 100.0).round();
                    (material.color.map(bits), bits(material.metallic), bits(material.roughness))
                };
                look(before, old[i].material) != look(after, new[i].material)
            }),
            &[Kind::Material, Kind::Layer],
        ),
    ];
    for (what, count, kinds) in all.into_iter().filter(|(_, count, _)| *count > 0) {
        tell(format!("{count} {what} differ"), kinds);
    }
    if before.cameras.len() != after.cameras.len() {
        let what = format!("{} cameras instead of {}", after.cameras.len(), before.cameras.len());
        tell(what, &[Kind::Camera]);
    }
    found
}

/// A document written and read again; `None` if the format refuses it.
fn round_trip(
    document: &Document,
    format: &'static Format,
) -> Option<Result<(Encoded, Loaded), FormatError>> {
    let encoded = format::encode(document.clone(), format, WriteOptions::default()).ok()?;
    let read = format::decode(encoded.bytes.clone(), Some(format), ReadOptions::default());
    Some(read.map(|loaded| (encoded, loaded)))
}

/// What differs and is not named.
fn silent(document: &Document) -> BTreeSet<String> {
    let both = format::formats().iter().filter(|format| format.can_read() && format.can_write());
    let mut silent = BTreeSet::new();
    for format in both {
        let Some(done) = round_trip(document, format) else { continue };
        let (encoded, loaded) = match done {
            Ok(both) => both,
            Err(error) => {
                silent.insert(format!("{}: {error}", format.name));
                continue;
            }
        };
        let lost = encoded.lost.iter().chain(&loaded.lost).map(|lost| lost.kind);
        let lost: Vec<Kind> = lost.collect();
        for Difference { what, kinds } in differences(document, &loaded.document) {
            if !kinds.iter().any(|kind| lost.contains(kind)) {
                silent.insert(format!("{}: {what}; lost are {lost:?}", format.name));
            }
        }
    }
    silent
}

#[test]
fn what_differs_after_a_round_trip_is_named() {
    const DOCUMENTS: usize = 12;
    let (mut runner, mut silent_ones) = (TestRunner::deterministic(), BTreeSet::new());
    for _ in 0..DOCUMENTS {
        let document = document().new_tree(&mut runner).expect("a document").current();
        silent_ones.extend(silent(&document));
    }
    assert!(silent_ones.is_empty(), "{silent_ones:#?}");
}

/// The real files, each to all formats and back; a file of many voxels takes long.
#[test]
fn what_differs_of_real_files_is_named() {
    let mut silent_ones = BTreeSet::new();
    for kind in ["qb", "qbt", "kv6", "kvx", "cub", "qef", "binvox", "mts", "gox", "vox"] {
        for sample in crate::support::samples::samples(kind) {
            let small = std::fs::metadata(&sample.path).is_ok_and(|facts| facts.len() < 3_000);
            if !small {
                continue;
            }
            let loaded = format::load(&sample.path, ReadOptions::default());
            let loaded = loaded.unwrap_or_else(|error| panic!("{}: {error}", sample.name));
            for one in silent(&loaded.document) {
                silent_ones.insert(format!("{} to {one}", sample.name));
            }
        }
    }
    assert!(silent_ones.is_empty(), "{silent_ones:#?}");
}
