//! `.vox` files beside dot_vox. An editor needs the voxels in a volume and writes them from one, so
//! the peer sets each voxel of its list in our volume, and makes its list from it.

use std::collections::HashMap;
use std::hint::black_box;

use dot_vox::{DotVoxData, Model, Size, Voxel};
use goxel_daemon::document::{Document, Layer, LayerId, canvas_for_size};
use goxel_daemon::format::{self, Encoded};
use goxel_daemon::voxel::{Point, Rgba, Volume};

use crate::harness::{Bench, Row, Scale, Target};
use crate::scenes;

pub fn document(volume: Volume) -> Document {
    let mut layer = Layer::new(LayerId(1), "terrain");
    layer.volume = volume;
    Document::with_layers("terrain", canvas_for_size([256; 3]), vec![layer])
}

pub fn encode(document: &Document) -> Encoded {
    let vox = format::by_name("vox").expect("known");
    format::encode(document.clone(), vox, Default::default()).expect("encodes")
}

fn decode(bytes: &[u8]) -> Document {
    format::decode(bytes.to_vec(), None, Default::default()).expect("decodes").document
}

pub fn rows(bench: &mut Bench) {
    if !bench.wants("vox/") {
        return;
    }
    let scenes = [
        (
            ["vox/load terrain", "vox/save terrain", "vox/save terrain, list given"],
            scenes::terrain(256),
        ),
        (["vox/load noise", "vox/save noise", "vox/save noise, list given"], scenes::noise(192)),
    ];
    for (names, volume) in scenes {
        scene_rows(bench, names, volume);
    }
}

fn scene_rows(bench: &mut Bench, names: [&'static str; 3], volume: Volume) {
    let voxels = volume.count() as f64;
    let document = document(volume);
    let bytes = encode(&document).bytes;
    let loaded = load_and_set(&bytes);
    let ours = decode(&bytes).layers()[0].volume.count();
    assert!(loaded.count() == ours, "dot_vox reads other voxels");
    let row = |name, peer, target| Row {
        name,
        unit: "voxel",
        work: voxels,
        peer,
        target: Target::Ratio(target),
        scale: Scale::Nanoseconds,
    };
    bench.row(
        row(names[0], "dot_vox::load_bytes, then Volume::set", 2.0),
        |clock| _ = clock.time(|| decode(&bytes)),
        |clock| _ = clock.time(|| load_and_set(&bytes)),
    );
    let volume = &document.layers()[0].volume;
    let back = dot_vox::load_bytes(&save(volume)).expect("dot_vox reads its own file");
    assert!(back.models[0].voxels.len() as f64 == voxels);
    bench.row(
        row(names[1], "Volume::voxels to a list, write_vox", 1.7),
        |clock| _ = clock.time(|| encode(&document)),
        |clock| _ = clock.time(|| save(volume)),
    );
    let data = data_of(volume);
    bench.row(
        // Whoever keeps such a list looks no colours up and skips no empty voxels.
        row(names[2], "write_vox of a list that is there", 0.5),
        |clock| _ = clock.time(|| encode(&document)),
        |clock| _ = clock.time(|| write(&data)),
    );
}

fn load_and_set(bytes: &[u8]) -> Volume {
    let data = dot_vox::load_bytes(bytes).expect("dot_vox reads the file");
    let colors: Vec<Rgba> =
        data.palette.iter().map(|color| Rgba::opaque(color.r, color.g, color.b)).collect();
    let mut volume = Volume::new();
    for voxel in data.models.iter().flat_map(|model| &model.voxels) {
        let at = Point::new(voxel.x.into(), voxel.y.into(), voxel.z.into());
        volume.set(at, colors[usize::from(voxel.i)]);
    }
    black_box(volume)
}

/// A volume of up to 256^3 voxels and 255 colours, as dot_vox has it.
fn data_of(volume: &Volume) -> DotVoxData {
    let mut palette = Vec::new();
    let mut numbers = HashMap::new();
    let mut last = (Rgba::EMPTY, 0);
    let voxels = volume.voxels().map(|(at, color)| {
        if color != last.0 {
            let number = *numbers.entry(color).or_insert_with(|| {
                palette.push(dot_vox::Color { r: color.r, g: color.g, b: color.b, a: 255 });
                palette.len() as u8 - 1
            });
            last = (color, number);
        }
        Voxel { x: at.x as u8, y: at.y as u8, z: at.z as u8, i: last.1 }
    });
    let model = Model { size: Size { x: 256, y: 256, z: 256 }, voxels: voxels.collect() };
    DotVoxData {
        version: 150,
        index_map: (1..=255).chain([0]).collect(),
        models: vec![model],
        palette,
        materials: Vec::new(),
        scenes: Vec::new(),
        layers: Vec::new(),
    }
}

fn write(data: &DotVoxData) -> Vec<u8> {
    let mut out = Vec::new();
    data.write_vox(&mut out).expect("writes to memory");
    out
}

fn save(volume: &Volume) -> Vec<u8> {
    write(&data_of(volume))
}
