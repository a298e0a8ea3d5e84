//! Operations of `goxel.edit` on a whole layer, against our own loop over its voxels. The loop
//! counts nothing, asks for no memory and does all of it in one go.

use goxel_daemon::api::operations::read_operations;
use goxel_daemon::document::{Document, Layer, LayerId, canvas_for_size};
use goxel_daemon::edit::{Limits, Runner};
use goxel_daemon::job::{Budget, Step};
use goxel_daemon::voxel::{Point, Rgba, Volume};

use crate::harness::{Bench, Row, Scale, Target};

const EDGE: i32 = 128;
const EARTH: Rgba = Rgba::opaque(118, 84, 52);
const GRASS: Rgba = Rgba::opaque(92, 150, 62);

/// Hills of two colours, moved by an odd offset so that no block is aligned with anything.
fn hills(shift: i32) -> Volume {
    let mut volume = Volume::new();
    let wave = |v: i32, length: i32| {
        let at = v.rem_euclid(length);
        at.min(length - at)
    };
    for y in 0..EDGE {
        for x in 0..EDGE {
            let top = 30 + wave(x + y / 2, 90) + wave(y - x / 3, 61);
            for z in 0..top {
                let color = if z + 2 < top { EARTH } else { GRASS };
                volume.set(Point::new(x + shift, y - shift, z + shift), color);
            }
        }
    }
    volume
}

fn document() -> Document {
    let layers = [(1, "hills", 3), (2, "others", 20)].map(|(id, name, shift)| {
        let mut layer = Layer::new(LayerId(id), name);
        layer.volume = hills(shift);
        layer
    });
    Document::with_layers("hills", canvas_for_size([256; 3]), layers.to_vec())
}

/// Carries out operations on a copy of a document.
fn edit(document: &Document, operations: &str) -> Document {
    let mut document = document.clone();
    let operations = read_operations(operations, |_| None).expect("good operations");
    let mut runner = Runner::new(operations, Limits::default()).expect("few operations");
    let step = runner.step(&mut document, &mut Budget::unlimited());
    assert!(matches!(step, Ok(Step::Done(_))), "the operation is carried out");
    document
}

fn layer(document: &Document) -> &Volume {
    &document.layers()[0].volume
}

/// Every voxel of one volume looked at, some put into another one.
fn each_voxel(from: &Volume, to: &mut Volume, rule: impl Fn(Point, Rgba) -> Option<(Point, Rgba)>) {
    for (at, color) in from.voxels() {
        if let Some((at, color)) = rule(at, color) {
            to.set(at, color);
        }
    }
}

fn beside(at: Point) -> [Point; 6] {
    let Point { x, y, z } = at;
    [[x - 1, y, z], [x + 1, y, z], [x, y - 1, z], [x, y + 1, z], [x, y, z - 1], [x, y, z + 1]]
        .map(Point::from)
}

fn hollow_plainly(volume: &Volume) -> Volume {
    let mut result = volume.clone();
    each_voxel(volume, &mut result, |at, _| {
        let inside = beside(at).into_iter().all(|at| !volume.get(at).is_empty());
        inside.then_some((at, Rgba::EMPTY))
    });
    result
}

fn shell_plainly(volume: &Volume) -> Volume {
    let mut result = volume.clone();
    for (at, color) in volume.voxels() {
        for at in beside(at) {
            if volume.get(at).is_empty() {
                result.set(at, color);
            }
        }
    }
    result
}

fn smooth_plainly(volume: &Volume) -> Volume {
    let mut result = volume.clone();
    each_voxel(volume, &mut result, |at, _| {
        let around = (0..27).filter(|number| {
            let [x, y, z] = at.array();
            let offset = [number % 3 - 1, number / 3 % 3 - 1, number / 9 - 1];
            let there = Point::new(x + offset[0], y + offset[1], z + offset[2]);
            !volume.get(there).is_empty()
        });
        (around.count() < 14).then_some((at, Rgba::EMPTY))
    });
    result
}

type Plainly = fn(&Document) -> Volume;

pub fn rows(bench: &mut Bench) {
    if !bench.wants("operation/") {
        return;
    }
    let document = document();
    let voxels = layer(&document).count() as f64;
    let cases: [(&'static str, &str, f64, Plainly); 9] = [
        (
            "operation/replace colour",
            r##"[{"layer":1,"op":"replace_color","from":"#765434","to":"#010203"}]"##,
            2.0,
            |d| {
                let mut result = layer(d).clone();
                let new = Rgba::opaque(1, 2, 3);
                each_voxel(layer(d), &mut result, |at, color| {
                    (color == EARTH).then_some((at, new))
                });
                result
            },
        ),
        ("operation/hollow", r#"[{"layer":1,"op":"hollow"}]"#, 4.0, |d| hollow_plainly(layer(d))),
        ("operation/shell", r#"[{"layer":1,"op":"shell"}]"#, 4.0, |d| shell_plainly(layer(d))),
        ("operation/smooth", r#"[{"layer":1,"op":"smooth"}]"#, 4.0, |d| smooth_plainly(layer(d))),
        (
            "operation/mirror",
            r#"[{"layer":1,"op":"mirror","axis":"x","at":7,"both":false}]"#,
            1.0,
            |d| {
                let mut result = Volume::new();
                each_voxel(layer(d), &mut result, |at, color| {
                    Some((Point::new(14 - at.x, at.y, at.z), color))
                });
                result
            },
        ),
        (
            "operation/rotate",
            r#"[{"layer":1,"op":"rotate","axis":"z","turns":1,"center":[0,0,0]}]"#,
            1.0,
            |d| {
                let mut result = Volume::new();
                each_voxel(layer(d), &mut result, |at, color| {
                    Some((Point::new(-at.y, at.x, at.z), color))
                });
                result
            },
        ),
        (
            "operation/unite layers",
            r#"[{"layer":1,"op":"combine","source":2,"mode":"add"}]"#,
            2.0,
            |d| {
                let mut result = layer(d).clone();
                each_voxel(&d.layers()[1].volume, &mut result, |at, color| Some((at, color)));
                result
            },
        ),
        (
            "operation/subtract a layer",
            r#"[{"layer":1,"op":"combine","source":2,"mode":"subtract"}]"#,
            1.5,
            |d| {
                let mut result = layer(d).clone();
                each_voxel(&d.layers()[1].volume, &mut result, |at, _| Some((at, Rgba::EMPTY)));
                result
            },
        ),
        (
            "operation/intersect layers",
            r#"[{"layer":1,"op":"combine","source":2,"mode":"intersect"}]"#,
            1.0,
            |d| {
                let mut result = layer(d).clone();
                let other = &d.layers()[1].volume;
                each_voxel(layer(d), &mut result, |at, _| {
                    other.get(at).is_empty().then_some((at, Rgba::EMPTY))
                });
                result
            },
        ),
    ];
    for (name, operations, target, plainly) in cases {
        let ours = edit(&document, operations);
        let theirs = plainly(&document);
        // Smoothing also adds voxels; the plain loop leaves those out.
        let alike = layer(&ours).state_hash() == theirs.state_hash();
        assert!(alike || name.ends_with("smooth") || name.ends_with("shell"), "{name} differs");
        bench.row(
            Row {
                name,
                unit: "voxel",
                work: voxels,
                peer: "our own loop over voxels",
                target: Target::Ratio(target),
                scale: Scale::Nanoseconds,
            },
            |clock| {
                clock.time(|| edit(&document, operations));
            },
            |clock| {
                clock.time(|| plainly(&document));
            },
        );
    }
}
