//! Greedy meshes beside three crates. The peers' time includes what it takes to fill their cubes
//! from the volume and to make their quads ours: the crates' own memory is not what an editor
//! keeps.

use std::collections::HashMap;

use goxel_daemon::mesh::{Face, Quad, faces, greedy};
use goxel_daemon::voxel::{Rgba, Volume};

use crate::harness::{Bench, Row, Scale, Target};
use crate::meshers::{BinaryGreedy, BlockMesh};
use crate::scenes;

pub fn rows(bench: &mut Bench) {
    if !bench.wants("mesh/") {
        return;
    }
    let terrain = scenes::terrain(256);
    agree(&terrain, 256);
    terrain_rows(bench, &terrain);
    chunk_rows(bench);
    cliff_rows(bench, &terrain);
}

fn row(name: &'static str, peer: &'static str, target: Target, scale: Scale) -> Row {
    Row { name, unit: "mesh", work: 1.0, peer, target, scale }
}

/// The visible faces that quads cover, by side and colour.
fn areas(quads: &[Quad]) -> HashMap<(Face, Rgba), u64> {
    let mut areas = HashMap::new();
    for quad in quads {
        let [width, height] = quad.size.map(u64::from);
        *areas.entry((quad.face, quad.color)).or_default() += width * height;
    }
    areas
}

/// Stops unless everybody covers the same faces with quads.
fn agree(volume: &Volume, size: i32) {
    let expected = areas(&greedy(volume));
    assert!(expected == areas(&BlockMesh::new().greedy(volume, size)), "block-mesh differs");
    assert!(expected == areas(&BlockMesh::new().binary(volume, size)), "block-mesh-bgm differs");
    assert!(expected == areas(&BinaryGreedy::new().greedy(volume, size)), "the third differs");
}

fn terrain_rows(bench: &mut Bench, terrain: &Volume) {
    let (mut block_mesh, mut binary) = (BlockMesh::new(), BinaryGreedy::new());
    let scale = Scale::Milliseconds;
    bench.row(
        row("mesh/terrain 256^3", "block-mesh, greedy_quads", Target::Both(10.0, 10.0), scale),
        |clock| _ = clock.time(|| greedy(terrain)),
        |clock| _ = clock.time(|| block_mesh.greedy(terrain, 256)),
    );
    bench.row(
        row("mesh/terrain 256^3 (2)", "block-mesh-bgm", Target::Ratio(1.0), scale),
        |clock| _ = clock.time(|| greedy(terrain)),
        |clock| _ = clock.time(|| block_mesh.binary(terrain, 256)),
    );
    bench.row(
        row("mesh/terrain 256^3 (3)", "binary-greedy-meshing", Target::Ratio(1.0), scale),
        |clock| _ = clock.time(|| greedy(terrain)),
        |clock| _ = clock.time(|| binary.greedy(terrain, 256)),
    );
    let ours = greedy(terrain).len() as f64;
    for (name, peer, theirs) in [
        ("mesh/quads", "block-mesh, greedy_quads", block_mesh.greedy(terrain, 256).len()),
        ("mesh/quads (2)", "block-mesh-bgm", block_mesh.binary(terrain, 256).len()),
        ("mesh/quads (3)", "binary-greedy-meshing", binary.greedy(terrain, 256).len()),
    ] {
        let row = Row { unit: "", ..row(name, peer, Target::Share(1.01), Scale::Number) };
        bench.value(row, ours, theirs as f64);
    }
}

fn chunk_rows(bench: &mut Bench) {
    let volume = scenes::terrain(62);
    let mut packed = volume.clone();
    packed.compact();
    let mut binary = BinaryGreedy::new();
    binary.load(&volume, [0; 3]);
    let scale = Scale::Microseconds;
    bench.row(
        row(
            "mesh/chunk 62^3, masks kept",
            "binary-greedy-meshing, cube given",
            Target::Ratio(1.0),
            scale,
        ),
        |clock| _ = clock.time(|| greedy(&volume)),
        |clock| _ = clock.time(|| binary.mesh_loaded()),
    );
    bench.row(
        row(
            "mesh/chunk 62^3, cold",
            "binary-greedy-meshing, cube filled",
            Target::Ratio(1.0),
            scale,
        ),
        |clock| _ = clock.time(|| greedy(&packed)),
        |clock| {
            clock.time(|| {
                binary.load(&packed, [0; 3]);
                binary.mesh_cold()
            });
        },
    );
}

/// Scenes that are all edges: time must grow with the visible faces alone.
fn cliff_rows(bench: &mut Bench, terrain: &Volume) {
    let mut binary = BinaryGreedy::new();
    for (name, volume, size) in [
        ("mesh/noise 50 %, a face", scenes::noise(128), 128),
        ("mesh/checkerboard, a face", scenes::checkerboard(128), 128),
        ("mesh/terrain, a face", terrain.clone(), 256),
    ] {
        let count = faces(&volume).len() as f64;
        bench.row(
            Row {
                name,
                unit: "face",
                work: count,
                peer: "binary-greedy-meshing",
                target: Target::Ratio(1.0),
                scale: Scale::Nanoseconds,
            },
            |clock| _ = clock.time(|| greedy(&volume)),
            |clock| _ = clock.time(|| binary.greedy(&volume, size)),
        );
    }
}
