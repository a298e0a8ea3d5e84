//! Surfaces: what is written, and that it becomes the same surface of voxels again.

use crate::support::documents::volume;
use goxel_daemon::document::{Document, Layer, LayerId, canvas_for_size};
use goxel_daemon::format::{self, FormatError, ReadOptions, SurfaceOptions, WriteOptions};
use goxel_daemon::voxel::{Bounds, Point, Rgba, Volume};
use proptest::prelude::*;

fn one_layer(volume: Volume) -> Document {
    let mut layer = Layer::new(LayerId(1), "one");
    layer.volume = volume;
    Document::with_layers("", canvas_for_size([8; 3]), vec![layer])
}

fn encode(document: &Document, format: &str, surface: SurfaceOptions) -> Vec<u8> {
    let format = format::by_name(format).expect("known");
    let options = WriteOptions { surface, ..WriteOptions::default() };
    format::encode(document.clone(), format, options).expect("encodes").bytes
}

fn decode(bytes: &[u8], options: ReadOptions) -> Result<Volume, FormatError> {
    Ok(format::decode(bytes.to_vec(), None, options)?.document.merged())
}

/// The voxels with at least one face that can be seen, opaque.
fn shell(volume: &Volume, alpha: bool) -> Volume {
    let mut shell = Volume::new();
    for (Point { x, y, z }, color) in volume.voxels() {
        let open = |dx: i32, dy: i32, dz: i32| {
            let near = [x.checked_add(dx), y.checked_add(dy), z.checked_add(dz)];
            let [Some(x), Some(y), Some(z)] = near else { return true };
            volume.get(Point::new(x, y, z)).is_empty()
        };
        let sides = [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)];
        if sides.into_iter().any(|(x, y, z)| open(x, y, z)) {
            let color = if alpha { color } else { Rgba { a: 255, ..color } };
            shell.set(Point::new(x, y, z), color);
        }
    }
    shell
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_surface_survives(volume in volume(), merge in any::<bool>()) {
        // Coordinates that floats in files hold exactly.
        let mut near = Volume::new();
        for (at, color) in volume.voxels().filter(|(at, _)| at.array().iter().all(|v| v.abs() < 9999)) {
            near.set(at, color);
        }
        let document = one_layer(near);
        for format in ["obj", "ply", "glb", "gltf"] {
            let surface = SurfaceOptions { merge, ..SurfaceOptions::default() };
            let bytes = encode(&document, format, surface);
            let again = decode(&bytes, ReadOptions::default());
            if document.merged().is_empty() && format != "ply" {
                continue;
            }
            let again = again.expect("decodes");
            let expected = shell(&document.merged(), format != "obj");
            crate::support::documents::assert_same_voxels(&expected, &again, format);
        }
    }
}

fn one_voxel() -> Document {
    let mut volume = Volume::new();
    volume.set([1, 2, 3].into(), Rgba::opaque(255, 128, 0));
    one_layer(volume)
}

#[test]
fn an_obj_has_shared_coloured_vertices_normals_and_quads() {
    let text = String::from_utf8(encode(&one_voxel(), "obj", SurfaceOptions::default()));
    let text = text.expect("text");
    let count = |start: &str| text.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!((count("v "), count("vn "), count("f ")), (24 / 3, 6, 6));
    assert!(text.contains("v 1 3 -2 1 0.502 0\n"), "{text}");
    let z_up = SurfaceOptions { y_up: false, ..SurfaceOptions::default() };
    let text = String::from_utf8(encode(&one_voxel(), "obj", z_up)).expect("text");
    assert!(text.contains("v 1 2 3 1 0.502 0\n"), "{text}");
}

#[test]
fn obj_faces_look_outwards() {
    let text = String::from_utf8(encode(&one_voxel(), "obj", SurfaceOptions::default()));
    let text = text.expect("text");
    let numbers = |line: &str| -> Vec<f64> {
        line.split(' ').skip(1).map(|word| word.parse().expect("a number")).collect()
    };
    let rows = |start: &str| -> Vec<Vec<f64>> {
        text.lines().filter(|line| line.starts_with(start)).map(numbers).collect()
    };
    let (vertices, normals) = (rows("v "), rows("vn "));
    for face in text.lines().filter(|line| line.starts_with("f ")) {
        let corners: Vec<(usize, usize)> = face
            .split(' ')
            .skip(1)
            .map(|corner| {
                let (vertex, normal) = corner.split_once("//").expect("a//b");
                (vertex.parse().expect("a number"), normal.parse().expect("a number"))
            })
            .collect();
        let at = |index: usize| &vertices[corners[index].0 - 1];
        let side = |a: usize, b: usize| [0, 1, 2].map(|axis| at(b)[axis] - at(a)[axis]);
        let (p, q) = (side(0, 1), side(1, 2));
        let cross =
            [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]];
        assert_eq!(cross.to_vec(), normals[corners[0].1 - 1], "{face}");
    }
}

#[test]
fn merged_faces_are_fewer() {
    let mut volume = Volume::new();
    volume.fill(Bounds { min: [0; 3], max: [10; 3] }, Rgba::WHITE);
    let document = one_layer(volume);
    let count = |merge| {
        let bytes = encode(&document, "obj", SurfaceOptions { merge, y_up: true });
        bytes.split(|&byte| byte == b'\n').filter(|line| line.starts_with(b"f ")).count()
    };
    assert_eq!((count(false), count(true)), (600, 6));
}

#[test]
fn a_ply_counts_what_it_holds() {
    let mut options = WriteOptions::default();
    assert_eq!(options.export.set("plain", "true"), Ok(true));
    let ply = format::by_name("ply").expect("known");
    let text = format::encode(one_voxel(), ply, options).expect("encodes").bytes;
    let text = String::from_utf8(text).expect("text");
    assert!(text.starts_with("ply\nformat ascii 1.0\n"));
    assert!(text.contains("element vertex 8\n") && text.contains("element face 6\n"), "{text}");
    assert!(text.contains("\n1 3 -2 255 128 0 255\n"), "{text}");
    assert_eq!(text.lines().skip_while(|line| *line != "end_header").count(), 1 + 8 + 6);
}

#[test]
fn binary_ply_of_both_orders_and_point_clouds_load() {
    for order in ["little", "big"] {
        let mut file = format!(
            "ply\nformat binary_{order}_endian 1.0\nelement vertex 2\nproperty double x\n\
             property float y\nproperty short z\nproperty uchar red\nproperty uchar green\n\
             property uchar blue\nend_header\n"
        )
        .into_bytes();
        for (x, y, z, red) in [(1.5f64, 2.5f32, -3i16, 7u8), (4.0, 5.0, 6, 8)] {
            let little = order == "little";
            file.extend(if little { x.to_le_bytes() } else { x.to_be_bytes() });
            file.extend(if little { y.to_le_bytes() } else { y.to_be_bytes() });
            file.extend(if little { z.to_le_bytes() } else { z.to_be_bytes() });
            file.extend([red, 0, 0]);
        }
        let volume = decode(&file, ReadOptions::default()).expect("decodes");
        assert_eq!(volume.count(), 2);
        // y up becomes z up: (x, y, z) to (x, -z, y).
        assert_eq!(volume.get([1, 3, 2].into()), Rgba::opaque(7, 0, 0));
        assert_eq!(volume.get([4, -6, 5].into()), Rgba::opaque(8, 0, 0));
    }
}

#[test]
fn a_model_can_be_fitted_to_a_number_of_voxels() {
    let file = b"v 0 0 0\nv 2 0 0\nv 2 0.5 0\nv 0 0.5 0\nf 1 2 3 4\n";
    let mut options = ReadOptions::default();
    options.voxelise.fit = Some(40);
    let volume = decode(file, options).expect("decodes");
    assert_eq!(volume.bounds().map(|bounds| bounds.dimensions()), Some([40, 1, 10]));
    assert_eq!(volume.count(), 400);
}

#[test]
fn bad_lines_are_told_with_their_place() {
    let expect = |file: &[u8], offset: u64| {
        let error = decode(file, ReadOptions::default()).map(|_| ()).expect_err("bad");
        assert_eq!(error.offset(), Some(offset), "{error}");
    };
    expect(b"v 0 0 0\nv 1 x 0\n", 12);
    expect(b"v 0 0 0\nf 1 2 3\n", 12);
    expect(b"v 0 0 0\nf 1 1\n", 8);
    expect(b"v 0 0 0\nf 0 1 1\n", 10);
    expect(b"ply\nformat ascii 1.0\nelement vertex x\nend_header\n", 21);
    expect(b"ply\nformat ascii 1.0\n", 21);
}

#[test]
fn twice_as_many_voxels_far_from_each_other_take_about_twice_as_many_looks() {
    let looks = |count: i32, name: &str| {
        let mut layer = Layer::new(LayerId(1), "far");
        for x in 0..count {
            layer.volume.set(Point::new(1000 * x, 0, 0), Rgba::WHITE);
        }
        let document = Document::with_layers("far", canvas_for_size([8; 3]), vec![layer]);
        goxel_daemon::job::effort::take();
        encode(&document, name, SurfaceOptions::default());
        goxel_daemon::job::effort::take()
    };
    for name in ["ply", "obj", "glb"] {
        let (some, twice) = (looks(100, name), looks(200, name));
        assert!(twice <= 3 * some, "{name}: {some}, {twice}");
    }
}
