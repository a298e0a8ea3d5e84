//! Smooth surfaces beside fast-surface-nets, which is given its field as numbers and colours
//! nothing, and Minecraft's schematics beside what their compression alone takes.

use std::hint::black_box;
use std::io::{Read, Write};

use fast_surface_nets::ndshape::{RuntimeShape, Shape};
use fast_surface_nets::{SurfaceNetsBuffer, surface_nets};
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use goxel_daemon::format::{self, GltfVertices};
use goxel_daemon::mesh::{Marching, Triangles};
use goxel_daemon::voxel::{Point, Rgba, Volume};

use crate::harness::{Bench, Row, Scale, Target};
use crate::scenes;
use crate::vox_rows::document;

pub fn rows(bench: &mut Bench) {
    if bench.wants("marching/") {
        marching_rows(bench);
    }
    if bench.wants("schem/") {
        schematic_rows(bench);
    }
    if bench.wants("glb/") {
        layout_row(bench);
    }
}

fn march(volume: &Volume, is_smooth: bool) -> Triangles {
    let mut marching = Marching::new(volume.clone(), is_smooth);
    let mut out = Triangles::default();
    while marching.advance(&mut out) {}
    out
}

fn marching_rows(bench: &mut Bench) {
    const SIDE: i32 = 128;
    let volume = scenes::terrain(SIDE);
    let shape = RuntimeShape::<u32, 3>::new([SIDE as u32 + 2; 3]);
    let mut field = vec![1.0; shape.usize()];
    for (point, _) in volume.voxels() {
        let at = [point.x, point.y, point.z].map(|axis| (axis + 1) as u32);
        field[shape.linearize(at) as usize] = -1.0;
    }
    let nets = || {
        let mut buffer = SurfaceNetsBuffer::default();
        surface_nets(&field, &shape, [0; 3], [SIDE as u32 + 1; 3], &mut buffer);
        buffer
    };
    let (ours, theirs) = (march(&volume, true).triangles.len(), nets().indices.len() / 3);
    assert!(ours > theirs / 4 && theirs > ours / 4, "{ours} and {theirs} triangles");
    for (name, is_smooth) in [("marching/flat 128^3", false), ("marching/smooth 128^3", true)] {
        let row = Row {
            name,
            unit: "mesh",
            work: 1.0,
            peer: "fast-surface-nets, field given, no colours",
            target: Target::Ratio(0.8),
            scale: Scale::Milliseconds,
        };
        bench.row(
            row,
            |clock| _ = clock.time(|| march(&volume, is_smooth)),
            |clock| _ = clock.time(nets),
        );
    }
}

fn schematic_rows(bench: &mut Bench) {
    const SIDE: i32 = 100;
    let palette = [0xe9ecec, 0xf07613, 0xbd44b3, 0x3aafd9, 0xf8c627, 0x70b919];
    let palette = palette.map(|rgb: u32| {
        let [_, red, green, blue] = rgb.to_be_bytes();
        Rgba::opaque(red, green, blue)
    });
    let mut volume = Volume::new();
    for (z, y, x) in (0..SIDE.pow(3)).map(|n| (n / SIDE / SIDE, n / SIDE % SIDE, n % SIDE)) {
        let mixed = (x * 7 + y * 13 + z * 29) >> 3;
        volume.set(Point::new(x, y, z), palette[mixed as usize % palette.len()]);
    }
    let document = document(volume);
    let schem = format::by_name("schem").expect("known");
    let encode =
        || format::encode(document.clone(), schem, Default::default()).expect("encodes").bytes;
    let file = encode();
    let decode = || format::decode(file.clone(), None, Default::default()).expect("decodes");
    assert!(decode().document.layers()[0].volume.count() == 1_000_000);
    let inflate = || {
        let mut bytes = Vec::new();
        GzDecoder::new(&*file).read_to_end(&mut bytes).expect("inflates");
        bytes
    };
    let plain = inflate();
    let deflate = || {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(&plain).expect("deflates");
        encoder.finish().expect("deflates")
    };
    let row = |name, peer| Row {
        name,
        unit: "file",
        work: 1.0,
        peer,
        target: Target::AtMost(50.0),
        scale: Scale::Milliseconds,
    };
    bench.row(
        row("schem/read 100^3", "the same bytes inflated by flate2"),
        |clock| _ = clock.time(decode),
        |clock| _ = clock.time(|| black_box(inflate())),
    );
    bench.row(
        row("schem/write 100^3", "the same bytes deflated by flate2"),
        |clock| _ = clock.time(encode),
        |clock| _ = clock.time(deflate),
    );
}

/// The finished vertices of a `.glb` laid out, beside a copy of as many bytes.
fn layout_row(bench: &mut Bench) {
    let mut vertices = Some(GltfVertices::new(scenes::terrain(256)));
    let mut lay_out = || {
        let (rest, bytes) = vertices.take()?.lay_out();
        vertices = Some(rest);
        Some(bytes)
    };
    let length = lay_out().expect("vertices").len() as usize;
    let (bytes, mut copy) = (vec![7; length], vec![0; length]);
    let row = Row {
        name: "glb/vertices laid out",
        unit: "byte",
        work: length as f64,
        peer: "memcpy of as many bytes into memory at hand",
        target: Target::Ratio(0.34),
        scale: Scale::Nanoseconds,
    };
    bench.row(
        row,
        |clock| _ = clock.time(&mut lay_out),
        |clock| clock.time(|| black_box(&mut copy).copy_from_slice(&bytes)),
    );
}
