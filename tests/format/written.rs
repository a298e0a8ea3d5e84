//! What writers make of options: meshes with files beside them, formats of older engines, pictures,
//! imports.

use std::collections::HashMap;
use std::path::Path;

use goxel_daemon::document::{Document, Layer, LayerId, canvas_for_size};
use goxel_daemon::format::{self, FormatError, Loaded, ReadOptions, WriteOptions};
use goxel_daemon::voxel::{Bounds, Rgba, Volume};

use crate::support::samples::samples;

/// Two layers of three colours.
fn model() -> Document {
    let layers = (0..2).map(|number| {
        let mut layer = Layer::new(LayerId(number + 1), &format!("part {number}"));
        let at = 5 * i64::from(number);
        let bounds = Bounds { min: [at - 4, -7, -3], max: [at + 1, -2, at + 2] };
        layer.volume.fill(bounds, Rgba::opaque(40 * number as u8 + 20, 8, 200));
        layer.volume.set([at as i32, -3, 1].into(), Rgba::opaque(255, 128, 0));
        layer
    });
    Document::with_layers("model", canvas_for_size([16; 3]), layers.collect())
}

fn options(options: &[(&str, &str)]) -> WriteOptions {
    let mut write = WriteOptions::default();
    for (name, value) in options {
        assert_eq!(write.export.set(name, value), Ok(true), "{name}");
    }
    write
}

fn encode(document: &Document, name: &str, chosen: &[(&str, &str)]) -> Vec<u8> {
    let format = format::by_name(name).expect("a format");
    format::encode(document.clone(), format, options(chosen)).expect("encodes").bytes
}

fn decode(bytes: Vec<u8>, name: &str, read: ReadOptions) -> Result<Loaded, FormatError> {
    format::decode(bytes, format::by_name(name).ok(), read)
}

/// The outer voxels of what is seen.
fn shell(document: &Document) -> Volume {
    let (merged, mut shell) = (document.merged(), Volume::new());
    for (at, color) in merged.voxels() {
        let covered = [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]];
        let is_covered = covered.iter().all(|side| {
            let beside = [0, 1, 2].map(|axis| at.array()[axis] + side[axis]);
            !merged.get(beside.into()).is_empty()
        });
        if !is_covered {
            shell.set(at, color);
        }
    }
    shell
}

#[test]
fn an_obj_has_its_colours_in_a_picture_or_in_materials_beside_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let document = model();
    for (colors, files) in [("texture", 3), ("materials", 2), ("both", 3), ("vertex", 1)] {
        let path = directory.path().join(format!("{colors}.obj"));
        let saved = format::save(document.clone(), &path, None, options(&[("colors", colors)]));
        let saved = saved.unwrap_or_else(|error| panic!("{colors}: {error}"));
        assert_eq!(1 + saved.beside.len(), files, "{colors}");
        assert!(saved.beside.iter().all(|path| path.exists()));
        let loaded = format::load(&path, ReadOptions::default()).expect("loads");
        assert!(loaded.warnings.is_empty(), "{colors}: {:?}", loaded.warnings);
        let volume = loaded.document.merged();
        assert_eq!(volume.state_hash(), shell(&document).state_hash(), "{colors}");
    }
    // Where nothing can lie beside it, colours are told in the file.
    let format = format::by_name("obj").expect("obj");
    let encoded = format::encode(document, format, options(&[("colors", "texture")]));
    let encoded = encoded.expect("encodes");
    assert!(encoded.warnings.iter().any(|warning| warning.contains(".mtl")));
    assert!(encoded.bytes.windows(2).any(|window| window == b"v "));
}

/// How often each edge of an `.obj` is used, by the numbers of its vertices.
fn edges(obj: &[u8]) -> HashMap<(u64, u64), i32> {
    let text = String::from_utf8_lossy(obj);
    let mut edges = HashMap::new();
    for line in text.lines().filter(|line| line.starts_with("f ")) {
        let corner = |word: &str| word.split('/').next().and_then(|n| n.parse().ok()).expect("n");
        let corners: Vec<u64> = line.split(' ').skip(1).map(corner).collect();
        for (index, &from) in corners.iter().enumerate() {
            *edges.entry((from, corners[(index + 1) % corners.len()])).or_default() += 1;
        }
    }
    edges
}

#[test]
fn closed_meshes_have_two_faces_at_every_edge_by_the_numbers_of_their_vertices() {
    let directory = tempfile::tempdir().expect("a directory");
    for mesh in ["greedy-closed", "marching", "marching-smooth"] {
        let path = directory.path().join(format!("{mesh}.obj"));
        let mut write = options(&[("mesh", mesh)]);
        write.report = true;
        let saved = format::save(model(), &path, None, write).expect("saves");
        let mesh_counts = saved.mesh.expect("a mesh");
        let check = mesh_counts.check.expect("a check");
        assert!(check.is_closed && check.t_junctions == 0, "{mesh}: {check:?}");
        let edges = edges(&std::fs::read(&path).expect("reads"));
        for (&(from, to), &count) in &edges {
            assert_eq!((count, edges.get(&(to, from))), (1, Some(&1)), "{mesh}");
        }
        assert_eq!(mesh_counts.triangles, edges.len() as u64 / 3, "{mesh}");
    }
    let mut write = options(&[("mesh", "greedy")]);
    write.report = true;
    let obj = format::by_name("obj").expect("obj");
    let encoded = format::encode(model(), obj, write).expect("encodes");
    let check = encoded.mesh.and_then(|mesh| mesh.check).expect("a check");
    assert!(check.t_junctions > 0, "{check:?}");
}

#[test]
fn a_ply_is_binary_unless_it_shall_be_text() {
    let document = model();
    let (binary, text) =
        (encode(&document, "ply", &[]), encode(&document, "ply", &[("plain", "true")]));
    assert!(binary.starts_with(b"ply\nformat binary_little_endian 1.0\n"));
    assert!(text.starts_with(b"ply\nformat ascii 1.0\n"));
    for bytes in [binary, text] {
        let volume =
            decode(bytes, "ply", ReadOptions::default()).expect("decodes").document.merged();
        assert_eq!(volume.state_hash(), shell(&document).state_hash());
    }
    let text = encode(&document, "stl", &[("plain", "true")]);
    assert!(text.starts_with(b"solid ") && text.ends_with(b"endsolid goxel-daemon\n"));
    let again = decode(text, "stl", ReadOptions::default()).expect("decodes").document.merged();
    assert_eq!(again.count(), shell(&document).count());
}

#[test]
fn scale_origin_and_axes_are_those_of_the_file() {
    let mut volume = Volume::new();
    volume.set([1, 2, 3].into(), Rgba::WHITE);
    let mut layer = Layer::new(LayerId(1), "one");
    layer.volume = volume;
    let document = Document::with_layers("", canvas_for_size([8; 3]), vec![layer]);
    let has = |chosen: &[(&str, &str)], line: &str| {
        let text = String::from_utf8(encode(&document, "obj", chosen)).expect("text");
        assert!(text.lines().any(|own| own.starts_with(line)), "{chosen:?}: {line}\n{text}");
    };
    has(&[], "v 1 3 -2 ");
    has(&[("axes", "z-up")], "v 1 2 3 ");
    has(&[("axes", "-z+x+y")], "v -3 1 2 ");
    has(&[("scale", "0.25")], "v 0.25 0.75 -0.5 ");
    has(&[("origin", "center"), ("axes", "z-up")], "v -0.5 0.5 0.5 ");
    has(&[("origin", "corner"), ("axes", "z-up"), ("scale", "3")], "v 3 0 3 ");
    // In arrays, too.
    let shape = |axes| {
        let mut document = document.clone();
        let far = Bounds { min: [0; 3], max: [2, 3, 5] };
        document.layers_mut().for_each(|layer| _ = layer.volume.fill(far, Rgba::WHITE));
        let bytes = encode(&document, "npy", &[("axes", axes)]);
        String::from_utf8_lossy(&bytes[10..100]).into_owned()
    };
    assert!(shape("z-up").contains("(2, 3, 5, 4"), "{}", shape("z-up"));
    assert!(shape("+z-x+y").contains("(5, 2, 3, 4"), "{}", shape("+z-x+y"));
}

#[test]
fn axes_of_voxels_are_turned_and_back() {
    let document = model();
    for name in ["qubicle", "qbt", "schem", "kv6", "vox", "npy", "text"] {
        // The axes that the format has by itself change nothing.
        let format = format::by_name(name).expect("a format");
        let letters: String = (0..3)
            .map(|place| {
                let sign = if format.axes.signs[place] < 0 { '-' } else { '+' };
                format!("{sign}{}", ['x', 'y', 'z'][format.axes.from[place]])
            })
            .collect();
        let (plain, turned) =
            (encode(&document, name, &[]), encode(&document, name, &[("axes", &letters)]));
        assert!(plain == turned, "{name} with {letters}");
    }
    let text = encode(&document, "text", &[("axes", "-y+x+z")]);
    let turned = decode(text, "text", ReadOptions::default()).expect("decodes").document.merged();
    assert_eq!(turned.get([2, 0, 1].into()), Rgba::opaque(255, 128, 0));
}

#[test]
fn models_of_older_engines_come_back() {
    let document = model();
    let seen = document.merged();
    for name in ["qbt", "qef", "kvx", "vxl"] {
        let bytes = encode(&document, name, &[]);
        let loaded = decode(bytes, name, ReadOptions::default()).expect("decodes");
        let again = loaded.document.merged();
        assert_eq!(again.count(), seen.count(), "{name}");
        if matches!(name, "qbt" | "vxl" | "kvx") {
            assert_eq!(again.bounds(), seen.bounds(), "{name}");
        }
        if matches!(name, "qbt" | "vxl") {
            let outer = shell(&document);
            assert!(outer.voxels().all(|(at, color)| again.get(at) == color), "{name}");
        }
        if name == "qbt" {
            let names = |document: &Document| {
                document.layers().iter().map(|layer| layer.name.clone()).collect::<Vec<_>>()
            };
            assert_eq!(names(&loaded.document), names(&document));
        }
    }
}

#[test]
fn real_columns_maps_and_trees_are_written_as_they_were_read() {
    for (kind, name) in [("kvx", "kvx"), ("vxl", "vxl"), ("qbt", "qbt"), ("qef", "qef")] {
        for sample in samples(kind) {
            let small = std::fs::metadata(&sample.path).is_ok_and(|facts| facts.len() < 300_000);
            let loaded = format::load(&sample.path, ReadOptions::default()).expect("loads");
            if !small || loaded.format != name {
                continue;
            }
            let bytes = encode(&loaded.document, name, &[]);
            let again = decode(bytes, name, ReadOptions::default()).expect("decodes");
            let (old, new) = (loaded.document.merged(), again.document.merged());
            assert_eq!(new.count(), old.count(), "{}", sample.name);
            assert_eq!(
                new.bounds().map(|bounds| bounds.dimensions()),
                old.bounds().map(|bounds| bounds.dimensions()),
                "{}",
                sample.name
            );
        }
    }
}

#[test]
fn a_model_of_voxedit_is_that_of_other_formats() {
    for sample in samples("vxm") {
        let loaded = format::load(&sample.path, ReadOptions::default()).expect("loads");
        assert_eq!(loaded.format, "vxm");
        let volume = loaded.document.merged();
        assert_eq!(volume.count(), 99, "{}", sample.name);
        for other in samples("qb").iter().filter(|other| other.name.ends_with("rgb.qb")) {
            let other = format::load(&other.path, ReadOptions::default()).expect("loads");
            let size = |volume: &Volume| volume.bounds().map(|bounds| bounds.dimensions());
            assert_eq!(size(&other.document.merged()), size(&volume));
        }
    }
}

#[test]
fn a_project_packed_with_gzip_is_read_and_a_damaged_one_refused() {
    use std::io::Write;
    let document = model();
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(&encode(&document, "gox", &[])).expect("packs");
    let mut bytes = packer.finish().expect("packs");
    let loaded = format::decode(bytes.clone(), None, ReadOptions::default()).expect("decodes");
    assert_eq!(loaded.format, "gox");
    assert_eq!(loaded.document.merged().state_hash(), document.merged().state_hash());
    bytes.truncate(bytes.len() - 40);
    assert!(format::decode(bytes, None, ReadOptions::default()).is_err());
}

#[test]
fn heights_and_their_colours_come_back() {
    let mut layer = Layer::new(LayerId(1), "hills");
    for (x, y) in (-3..4).flat_map(|x| (5..9).map(move |y| (x, y))) {
        let height = 1 + (x * x + y) % 5;
        for z in 0..height {
            layer.volume.set([x, y, z - 2].into(), Rgba::opaque(10 * height as u8, 90, y as u8));
        }
    }
    layer.name = "Layer.1".to_owned();
    let document = Document::with_layers("hills", canvas_for_size([8; 3]), vec![layer]);
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("hills.png");
    let saved = format::save(document.clone(), &path, Some("heightmap"), WriteOptions::default());
    let saved = saved.expect("saves");
    assert_eq!((saved.beside.len(), saved.lost.len()), (1, 0), "{:?}", saved.lost);
    let format = format::by_name("heightmap").ok();
    let loaded = format::LoadJob::of_file(path.as_path(), format, ReadOptions::default());
    let loaded = goxel_daemon::job::Job::finish(loaded).expect("loads");
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    assert_eq!(loaded.document.merged().state_hash(), document.merged().state_hash());
}

/// A picture of two pixels, red and blue, in each kind; made with other programs.
const GIF: &[u8] = b"GIF89a\x02\0\x01\0\x80\0\0\xff\0\0\0\0\xff!\xf9\x04\0\0\0\0\0,\0\0\0\0\x02\0\x01\0\0\x02\x02\x04\x0a\0;";
const WEBP: &[u8] =
    b"RIFF\x22\0\0\0WEBPVP8L\x16\0\0\0\x2f\x01\0\0\0\x07\x10\xfd\x8f\xfe\x07\x22\xa2\xff\x01\0";

#[test]
fn pictures_of_other_kinds_become_layers_too() {
    let loaded = format::decode(GIF.to_vec(), None, ReadOptions::default()).expect("decodes");
    assert_eq!((loaded.format, loaded.document.merged().count()), ("gif", 2));
    assert_eq!(loaded.document.merged().get([-1, 0, 0].into()), Rgba::opaque(255, 0, 0));
    for cut in [GIF, WEBP] {
        for end in 0..cut.len() {
            let _ = format::decode(cut[..end].to_vec(), None, ReadOptions::default());
        }
    }
    let jpeg = [0xff, 0xd8, 0xff, 0xe0, 0, 16, b'J', b'F', b'I', b'F'];
    let error = format::decode(jpeg.to_vec(), None, ReadOptions::default()).err().expect("refused");
    assert!(error.to_string().contains("picture"), "{error}");
}

#[test]
fn what_is_read_is_turned_moved_filled_and_merged_as_told() {
    let document = model();
    let read = |set: &dyn Fn(&mut format::ImportOptions)| {
        let mut options = ReadOptions::default();
        set(&mut options.import);
        decode(encode(&document, "vox", &[]), "vox", options).expect("decodes").document
    };
    assert_eq!(read(&|_| ()).layers().len(), 2);
    let one = read(&|import| import.into_one = true);
    assert_eq!((one.layers().len(), one.merged().count()), (1, document.merged().count()));
    let moved = read(&|import| import.position = [100, 0, -7]);
    assert_eq!(moved.merged().get([100, -3, -6].into()), Rgba::opaque(255, 128, 0));
    let turned = read(&|import| import.turns = 1);
    assert_eq!(turned.merged().get([2, 0, 1].into()), Rgba::opaque(255, 128, 0));
    let red =
        read(&|import| import.palette = vec![Rgba::opaque(255, 0, 0), Rgba::opaque(0, 0, 255)]);
    assert_eq!(red.color_counts().len(), 2);
    let mut options = ReadOptions::default();
    options.import.fill = true;
    let filled = decode(encode(&document, "glb", &[("merge", "true")]), "glb", options);
    assert_eq!(filled.expect("decodes").document.merged().count(), document.merged().count());
}

#[test]
fn what_people_name_is_found_by_content_before_the_ending() {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, wrong) in [("glb", "a.vox"), ("qef", "b.txt"), ("ply", "c.obj"), ("vox", "d.glb")] {
        let path = directory.path().join(wrong);
        std::fs::write(&path, encode(&model(), name, &[])).expect("writes");
        let loaded = format::load(Path::new(&path), ReadOptions::default()).expect("loads");
        assert_eq!(loaded.format, name);
    }
}
