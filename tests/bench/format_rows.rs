//! Files: reading and writing against plain ways to do the same, a second save against a first one.

use std::fmt::Write as _;
use std::hint::black_box;

use goxel_daemon::document::{Document, Layer, LayerId, canvas_for_size};
use goxel_daemon::format::{self, SaveCache, WriteOptions};
use goxel_daemon::mesh::faces;
use goxel_daemon::voxel::{Point, Rgba, Volume};

use crate::harness::{Bench, Clock, Row, Scale, Target};

/// Hills of 256 x 256 columns, solid, coloured by height.
fn hills() -> Document {
    let mut layer = Layer::new(LayerId(1), "hills");
    let wave = |v: i32, length: i32, high: i32| {
        let at = v.rem_euclid(length);
        let half = length / 2;
        (if at < half { at } else { length - at }) * high / half
    };
    for y in 0..256 {
        for x in 0..256 {
            let top =
                20 + wave(x + y / 2, 90, 40) + wave(y - x / 3, 60, 25) + wave(3 * x + y, 17, 4);
            for z in 0..top {
                let color = Rgba::opaque((z * 2) as u8, (60 + z) as u8, 40);
                layer.volume.set(Point::new(x, y, z), color);
            }
        }
    }
    layer.volume.compact();
    Document::with_layers("hills", canvas_for_size([256; 3]), vec![layer])
}

fn encode(document: &Document, name: &str, cache: SaveCache) -> format::Encoded {
    let format = format::by_name(name).expect("known");
    let options = WriteOptions { cache, ..WriteOptions::default() };
    format::encode(document.clone(), format, options).expect("encodes")
}

fn load(bytes: &[u8]) -> Document {
    format::decode(bytes.to_vec(), None, Default::default()).expect("decodes").document
}

pub fn rows(bench: &mut Bench) {
    if !bench.wants("format/") {
        return;
    }
    let document = hills();
    vox_rows(bench, &document);
    gox_rows(bench, &document);
    text_rows(bench, &document);
}

fn vox_rows(bench: &mut Bench, document: &Document) {
    let vox = encode(document, "vox", SaveCache::default()).bytes;
    let voxels = document.merged().count() as f64;
    let row = |name, peer, target| Row {
        name,
        unit: "voxel",
        work: voxels,
        peer,
        target: Target::Ratio(target),
        scale: Scale::Nanoseconds,
    };
    bench.row(
        row("format/vox load", "a list of voxels, then Volume::set of each", 2.0),
        |clock| {
            clock.time(|| load(&vox));
        },
        |clock| {
            clock.time(|| load_plainly(&vox));
        },
    );
    bench.row(
        row("format/vox save", "Volume::voxels into a list, then bytes", 1.0),
        |clock| {
            clock.time(|| encode(document, "vox", SaveCache::default()));
        },
        |clock| {
            clock.time(|| save_plainly(document));
        },
    );
}

/// The first model of a .vox file as a list of voxels, set one by one.
fn load_plainly(file: &[u8]) -> Volume {
    let at = file.windows(4).position(|window| window == b"XYZI").expect("a model") + 12;
    let count = u32::from_le_bytes(file[at..at + 4].try_into().expect("4 bytes")) as usize;
    let list: Vec<[u8; 4]> = file[at + 4..at + 4 + 4 * count].as_chunks::<4>().0.to_vec();
    let mut volume = Volume::new();
    for [x, y, z, color] in black_box(list) {
        let point = Point::new(x.into(), y.into(), z.into());
        volume.set(point, Rgba::opaque(color, color, color));
    }
    volume
}

fn save_plainly(document: &Document) -> Vec<u8> {
    let list: Vec<(Point, Rgba)> = document.layers()[0].volume.voxels().collect();
    let mut out = Vec::with_capacity(4 * list.len());
    for (point, color) in black_box(list) {
        out.extend([point.x as u8, point.y as u8, point.z as u8, color.r]);
    }
    out
}

fn gox_rows(bench: &mut Bench, document: &Document) {
    let blocks = document.layers()[0].volume.block_count() as f64;
    let row = |name, peer, target| Row {
        name,
        unit: "block",
        work: blocks,
        peer,
        target,
        scale: Scale::Microseconds,
    };
    let saved = encode(document, "gox", SaveCache::default());
    let bytes = saved.bytes;
    bench.row(
        row("format/gox load", "saving the same document", Target::AtMost(45.0)),
        |clock| {
            clock.time(|| load(&bytes));
        },
        |clock| {
            clock.time(|| encode(document, "gox", SaveCache::default()));
        },
    );
    let mut edited = document.clone();
    let mut cache = Some(saved.cache);
    let mut step = 0;
    bench.row(
        row("format/gox second save", "the first save", Target::Ratio(20.0)),
        |clock: &mut Clock| {
            step += 1;
            let layer = edited.layers_mut().next().expect("a layer");
            layer.volume.set(Point::new(step & 255, 7, 5), Rgba::opaque(step as u8, 0, 0));
            let old = cache.take().unwrap_or_default();
            cache = Some(clock.time(|| encode(&edited, "gox", old)).cache);
        },
        |clock| {
            clock.time(|| encode(document, "gox", SaveCache::default()));
        },
    );
}

fn text_rows(bench: &mut Bench, document: &Document) {
    let obj = encode(document, "obj", SaveCache::default()).bytes;
    let row = |name, bytes: usize, peer, target| Row {
        name,
        unit: "byte",
        work: bytes as f64,
        peer,
        target,
        scale: Scale::Nanoseconds,
    };
    // 300 MB/s are 3.3 ns a byte.
    bench.row(
        row("format/obj", obj.len(), "write! of the same quads", Target::Both(3.3, 2.0)),
        |clock| {
            clock.time(|| encode(document, "obj", SaveCache::default()));
        },
        |clock| {
            clock.time(|| obj_plainly(document));
        },
    );
    let text = encode(document, "text", SaveCache::default()).bytes;
    bench.row(
        row("format/text", text.len(), "write! of the same voxels", Target::Both(3.3, 2.0)),
        |clock| {
            clock.time(|| encode(document, "text", SaveCache::default()));
        },
        |clock| {
            clock.time(|| text_plainly(document));
        },
    );
}

fn obj_plainly(document: &Document) -> String {
    let mut out = String::new();
    let mut numbers = std::collections::HashMap::new();
    for quad in faces(&document.layers()[0].volume) {
        let corners = quad.corners().map(|corner| {
            let next = numbers.len() + 1;
            *numbers.entry((corner, quad.color)).or_insert_with(|| {
                let [x, y, z] = corner;
                let [r, g, b, _] = quad.color.bytes().map(|channel| f32::from(channel) / 255.0);
                let _ = writeln!(out, "v {x} {z} {} {r:.4} {g:.4} {b:.4}", -y);
                next
            })
        });
        let normal = quad.face as u8 + 1;
        let [a, b, c, d] = corners;
        let _ = writeln!(out, "f {a}//{normal} {b}//{normal} {c}//{normal} {d}//{normal}");
    }
    out
}

fn text_plainly(document: &Document) -> String {
    let mut out = String::new();
    for (Point { x, y, z }, color) in document.layers()[0].volume.voxels() {
        let _ = writeln!(out, "{x} {y} {z} {:02x}{:02x}{:02x}", color.r, color.g, color.b);
    }
    out
}
