//! glTF: what is written comes back, and files of others are read as they mean it.

use base64::Engine;
use goxel_daemon::document::{Document, Layer, LayerId, Material};
use goxel_daemon::format::{self, FormatError, Kind, Loaded, ReadOptions, WriteOptions};
use goxel_daemon::voxel::{Bounds, Rgba};
use serde_json::{Value, json};

fn encode(document: &Document, name: &str, options: &[(&str, &str)]) -> Vec<u8> {
    let mut write = WriteOptions::default();
    for (name, value) in options {
        assert_eq!(write.export.set(name, value), Ok(true), "{name}");
    }
    let format = format::by_name(name).expect("a format");
    format::encode(document.clone(), format, write).expect("encodes").bytes
}

fn decode(bytes: Vec<u8>) -> Result<Loaded, FormatError> {
    format::decode(bytes, None, ReadOptions::default())
}

/// Two layers apart from each other, one with a material, a translucent voxel among them.
fn model() -> Document {
    let layers = (0..2).map(|number| {
        let mut layer = Layer::new(LayerId(number + 1), &format!("part \"{number}\""));
        let at = 9 * i64::from(number);
        let bounds = Bounds { min: [at - 1, 2, -3], max: [at + 1, 4, -1] };
        layer.volume.fill(bounds, Rgba::opaque(40 * number as u8 + 20, 7, 200));
        layer.volume.set([at as i32 + 1, 3, -2].into(), Rgba::new(1, 2, 3, 100));
        layer.matrix.0[3][1] = 5.0;
        layer
    });
    let canvas = Bounds { min: [-9; 3], max: [20; 3] };
    let mut document = Document::with_layers("model", canvas, layers.collect());
    let emission = [0.0, 2.0, 0.5];
    let gold =
        Material { color: [1.0, 0.5, 0.25, 1.0], metallic: 1.0, emission, ..Material::default() };
    document.materials.push(Material { name: "gold".to_owned(), ..gold });
    let last = document.materials.len() - 1;
    document.layers_mut().nth(1).expect("a layer").material = Some(last);
    document
}

#[test]
fn layers_names_colours_materials_and_places_come_back() {
    let document = model();
    for name in ["glb", "gltf"] {
        for options in [
            &[][..],
            &[("colors", "vertex")],
            &[("colors", "both")],
            &[("mesh", "faces")],
            &[("mesh", "greedy-closed")],
            &[("compact", "true")],
            &[("compact", "true"), ("colors", "vertex")],
        ] {
            let loaded = decode(encode(&document, name, options)).expect("decodes");
            assert_eq!((loaded.format, loaded.warnings.len()), (name, 0), "{:?}", loaded.warnings);
            assert_eq!(loaded.document.layers().len(), 2);
            for (layer, again) in document.layers().iter().zip(loaded.document.layers()) {
                assert_eq!((&again.name, again.matrix), (&layer.name, layer.matrix));
                assert_eq!(again.volume.state_hash(), layer.volume.state_hash(), "{options:?}");
            }
            let of = |layer: usize| {
                let index = loaded.document.layers()[layer].material.expect("a material");
                &loaded.document.materials[index]
            };
            let gold = of(1);
            assert_eq!((&*gold.name, gold.metallic, gold.emission), ("gold", 1.0, [0.0, 2.0, 0.5]));
            assert_eq!((gold.color, of(0).color), ([1.0, 0.5, 0.25, 1.0], [1.0; 4]));
        }
    }
}

fn address(bytes: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(bytes);
    format!("data:application/octet-stream;base64,{text}")
}

/// A square of 4 by 4 that faces +z, with indices, a node and whatever else is given.
fn square() -> Value {
    let places = [[0f32, 0.0, 0.0], [4.0, 0.0, 0.0], [4.0, 4.0, 0.0], [0.0, 4.0, 0.0]];
    let mut bytes: Vec<u8> = places.iter().flatten().flat_map(|v| v.to_le_bytes()).collect();
    bytes.extend([0, 1, 2, 0, 2, 3, 0, 0]);
    let colors = [[255u8, 0, 0, 255]; 4];
    bytes.extend(colors.as_flattened());
    let places = [[0f32, 1.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]];
    bytes.extend(places.iter().flatten().flat_map(|v| v.to_le_bytes()));
    json!({
        "asset": { "version": "2.0" },
        "scenes": [{ "nodes": [0] }],
        "nodes": [{ "mesh": 0, "name": "square" }],
        "meshes": [{ "primitives": [{ "attributes": { "POSITION": 0 }, "indices": 1 }] }],
        "accessors": [
            { "bufferView": 0, "componentType": 5126, "count": 4, "type": "VEC3" },
            { "bufferView": 1, "componentType": 5121, "count": 6, "type": "SCALAR" },
            { "bufferView": 2, "componentType": 5121, "normalized": true, "count": 4, "type": "VEC4" },
            { "bufferView": 3, "componentType": 5126, "count": 4, "type": "VEC2" },
        ],
        "bufferViews": [
            { "buffer": 0, "byteLength": 48 },
            { "buffer": 0, "byteOffset": 48, "byteLength": 8 },
            { "buffer": 0, "byteOffset": 56, "byteLength": 16 },
            { "buffer": 0, "byteOffset": 72, "byteLength": 32 },
        ],
        "buffers": [{ "byteLength": 104, "uri": address(&bytes) }],
    })
}

fn read(file: &Value) -> Result<Loaded, FormatError> {
    decode(serde_json::to_vec(file).expect("text"))
}

fn bounds(file: &Value) -> [[i64; 3]; 2] {
    let bounds = read(file).expect("decodes").document.merged().bounds().expect("voxels");
    [bounds.min, bounds.dimensions()]
}

fn only_color(file: &Value) -> Rgba {
    let counts = read(file).expect("decodes").document.color_counts();
    assert_eq!(counts.len(), 1, "{counts:?}");
    counts.into_iter().next().expect("one").0
}

#[test]
fn nodes_move_turn_and_scale_what_is_below_them() {
    let mut file = square();
    // y up in the file: its z is our -y, and voxels are those just inside.
    assert_eq!(bounds(&file), [[0, 0, 0], [4, 1, 4]]);
    file["nodes"] = json!([
        { "translation": [10, 0, 0], "children": [1], "scale": [2, 2, 2] },
        { "mesh": 0, "translation": [0, 3, 0] },
    ]);
    assert_eq!(bounds(&file), [[10, 0, 6], [8, 1, 8]]);
    let half = std::f64::consts::FRAC_1_SQRT_2;
    file["nodes"] = json!([{ "mesh": 0, "rotation": [half, 0, 0, half] }]);
    assert_eq!(bounds(&file), [[0, -4, 0], [4, 4, 1]]);
    file["nodes"] = json!([{ "mesh": 0, "matrix": [1,0,0,0, 0,1,0,0, 0,0,1,0, 7,8,9,1] }]);
    assert_eq!(bounds(&file), [[7, -9, 8], [4, 1, 4]]);
    // Seen from behind the inside is on the other side; a mirror turns the faces along.
    file["nodes"] = json!([{ "mesh": 0, "scale": [1, 1, -1] }]);
    assert_eq!(bounds(&file), [[0, -1, 0], [4, 1, 4]]);
    file.as_object_mut().expect("an object").remove("scenes");
    assert_eq!(bounds(&file), [[0, -1, 0], [4, 1, 4]]);
}

#[test]
fn strips_fans_points_and_sparse_places_are_read() {
    let mut file = square();
    let primitive = |file: &mut Value| file["meshes"][0]["primitives"][0].take();
    let mut own = primitive(&mut file);
    own.as_object_mut().expect("an object").remove("indices");
    own["mode"] = json!(6);
    file["meshes"][0]["primitives"][0] = own.clone();
    assert_eq!(bounds(&file), [[0, 0, 0], [4, 1, 4]]);
    own["mode"] = json!(0);
    file["meshes"][0]["primitives"][0] = own.clone();
    assert_eq!(read(&file).expect("decodes").document.merged().count(), 4);
    own["mode"] = json!(1);
    file["meshes"][0]["primitives"][0] = own.clone();
    assert!(read(&file).expect("decodes").lost.iter().any(|lost| lost.kind == Kind::Unknown));
    let mut file = square();
    let far: Vec<u8> =
        [8f32, 0.0, 0.0, 8.0, 4.0, 0.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    let mut push = |list: &str, value| file[list].as_array_mut().expect("a list").push(value);
    push("buffers", json!({ "byteLength": 26, "uri": address(&[far, vec![1, 2]].concat()) }));
    push("bufferViews", json!({ "buffer": 1, "byteLength": 24 }));
    push("bufferViews", json!({ "buffer": 1, "byteOffset": 24, "byteLength": 2 }));
    file["accessors"][0]["sparse"] = json!({
        "count": 2, "indices": { "bufferView": 5, "componentType": 5121 }, "values": { "bufferView": 4 },
    });
    assert_eq!(bounds(&file), [[0, 0, 0], [8, 1, 4]]);
}

#[test]
fn colours_are_those_of_vertices_factors_and_textures() {
    let mut file = square();
    assert_eq!(only_color(&file), Rgba::WHITE);
    file["meshes"][0]["primitives"][0]["attributes"]["COLOR_0"] = json!(2);
    assert_eq!(only_color(&file), Rgba::opaque(255, 0, 0));
    let mut file = square();
    let primitive = &mut file["meshes"][0]["primitives"][0];
    (primitive["material"], primitive["attributes"]["TEXCOORD_0"]) = (json!(0), json!(3));
    let look = json!({ "baseColorFactor": [0, 1, 0, 0.5] });
    file["materials"] = json!([{ "pbrMetallicRoughness": look }]);
    assert_eq!(only_color(&file), Rgba::opaque(0, 255, 0));
    file["materials"][0]["alphaMode"] = json!("BLEND");
    assert_eq!(only_color(&file), Rgba::new(0, 255, 0, 128));
    file["materials"][0]["alphaMode"] = json!("MASK");
    assert_eq!(only_color(&file), Rgba::opaque(0, 255, 0));
    // A picture of four colours: the upper left pixel lies where u and v are least.
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, 2, 2);
    encoder.set_color(png::ColorType::Rgb);
    let pixels = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 9, 9]];
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(pixels.as_flattened()).expect("pixels");
    drop(writer);
    file["images"] = json!([{ "uri": address(&png) }]);
    file["textures"] = json!([{ "source": 0 }]);
    let look = json!({ "baseColorTexture": { "index": 0 } });
    file["materials"] = json!([{ "pbrMetallicRoughness": look }]);
    let volume = read(&file).expect("decodes").document.merged();
    let at = |x: i32, z: i32| volume.get([x, 0, z].into()).bytes();
    assert_eq!([at(0, 3), at(3, 3)], [[255, 0, 0, 255], [0, 255, 0, 255]]);
    assert_eq!([at(0, 0), at(3, 0)], [[0, 0, 255, 255], [9, 9, 9, 255]]);
    file["images"] = json!([{ "uri": "elsewhere.png" }]);
    let loaded = read(&file).expect("decodes");
    assert!(loaded.lost.iter().any(|lost| lost.kind == Kind::Color));
}

#[test]
fn what_cannot_be_is_refused_with_its_reason() {
    let broken: [(&str, Value, &str); 8] = [
        ("/nodes/0/mesh", json!(7), "mesh 7"),
        ("/accessors/0/count", json!(5), "5 elements"),
        ("/bufferViews/1/byteLength", json!(9999), "9999 bytes"),
        ("/accessors/0/type", json!("MAT4"), "MAT4"),
        ("/buffers/0/byteLength", json!(1000), "1000 bytes"),
        ("/buffers/0/uri", json!("../../etc/passwd"), "beside"),
        ("/nodes/0/name", json!(3), "JSON"),
        ("/scenes/0/nodes/0", json!(1), "node 1"),
    ];
    for (path, value, told) in broken {
        let mut file = square();
        *file.pointer_mut(path).expect("a place") = value;
        let error = read(&file).err().expect("refused").to_string();
        assert!(error.contains(told), "{path}: {error}");
    }
    let mut file = square();
    file["extensionsRequired"] = json!(["KHR_draco_mesh_compression"]);
    assert!(read(&file).err().expect("refused").to_string().contains("draco"));
    let mut file = square();
    file["nodes"][0]["children"] = json!([0]);
    assert!(read(&file).err().expect("refused").to_string().contains("below itself"));
    assert!(decode(b"glTF\x01\0\0\0\x0c\0\0\0".to_vec()).err().is_some());
}
