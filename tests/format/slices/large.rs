//! Large files in the smallest slices: the more there is of something, the more slices it takes, so
//! that none of them does an unbounded part of the work.

use goxel_daemon::document::{
    Document, Layer, LayerContent, LayerId, Palette, PreservedChunk, canvas_for_size,
};
use goxel_daemon::format::{self, FormatError, LoadJob, Loaded, Written};
use goxel_daemon::job::{Budget, Job, Step};
use goxel_daemon::voxel::{Bounds, Point, Rgba, Volume};

use super::told;
use crate::support::made::File;

/// Runs a job in slices of one unit each; how many there were.
fn in_slices<T>(
    mut job: impl Job<Output = Result<T, FormatError>>,
) -> (Result<T, FormatError>, usize) {
    let mut slices = 1;
    loop {
        match job.step(&mut Budget::units(1)) {
            Step::More => slices += 1,
            Step::Done(result) => return (result, slices),
        }
    }
}

fn read(name: &str, bytes: Vec<u8>) -> (Result<Loaded, FormatError>, usize) {
    let format = format::by_name(name).expect("a known format");
    let job = |bytes| LoadJob::of_bytes(bytes, Some(format), Default::default());
    let whole = job(bytes.clone()).finish();
    let (sliced, slices) = in_slices(job(bytes));
    assert!(told(&sliced) == told(&whole), "{name}");
    (sliced, slices)
}

fn write(name: &str, document: &Document) -> (Vec<u8>, usize) {
    let format = format::by_name(name).expect("a known format");
    let whole = format::encode(document.clone(), format, Default::default()).expect("encodes");
    let job = format.writer(document.clone(), Default::default()).expect("a writer");
    let (written, slices) = in_slices(job);
    let Written { content, warnings, .. } = written.expect("encodes");
    assert!(warnings == whole.warnings && content.into_vec() == whole.bytes, "{name}");
    (whole.bytes, slices)
}

/// Asserts that there are `per_unit` or fewer of the added things for each added slice.
fn assert_bounded(what: &str, counts: [usize; 2], slices: [usize; 2], per_unit: usize) {
    let (things, added) = (counts[1] - counts[0], slices[1].saturating_sub(slices[0]));
    assert!(added * per_unit >= things, "{what}: {added} more slices for {things} more");
}

/// Asserts that a file with more of something is read in as many more slices.
fn assert_read(
    what: &str,
    format: &str,
    counts: [usize; 2],
    per_unit: usize,
    make: impl Fn(usize) -> Vec<u8>,
) {
    let slices = counts.map(|count| {
        let (result, slices) = read(format, make(count));
        assert!(result.is_ok(), "{what}: {}", told(&result));
        slices
    });
    assert_bounded(what, counts, slices, per_unit);
}

/// Asserts that a document with more of something is written and read in as many more slices, and
/// survives that.
fn assert_both(
    what: &str,
    format: &str,
    counts: [usize; 2],
    per_unit: [usize; 2],
    make: impl Fn(usize) -> Document,
    same: impl Fn(&Document, &Document) -> bool,
) {
    let slices = counts.map(|count| {
        let document = make(count);
        let (bytes, written) = write(format, &document);
        let (loaded, read) = read(format, bytes);
        let loaded = loaded.expect("a file");
        assert!(same(&document, &loaded.document), "{what} of {count}");
        [written, read]
    });
    assert_bounded(what, counts, slices.map(|slices| slices[0]), per_unit[0]);
    assert_bounded(what, counts, slices.map(|slices| slices[1]), per_unit[1]);
}

impl File {
    /// A chunk of a `.vox` file.
    fn chunk(self, kind: &[u8; 4], data: &File) -> Self {
        self.raw(kind).le(&[data.0.len() as u32, 0]).raw(&data.0)
    }
    /// A record of texts of a `.vox` file.
    fn record(self, entries: &[(&str, &str)]) -> Self {
        entries.iter().fold(self.le(&[entries.len() as u32]), |file, (key, value)| {
            let file = file.le(&[key.len() as u32]).raw(key.as_bytes());
            file.le(&[value.len() as u32]).raw(value.as_bytes())
        })
    }
}

/// A `.vox` file of one voxel and a scene of many shapes without a model.
fn vox_scene(shapes: usize) -> Vec<u8> {
    let none = u32::MAX;
    let size = File::default().le(&[1, 1, 1]);
    let voxels = File::default().le(&[1]).raw(&[0, 0, 0, 5]);
    let root = File::default().le(&[0]).record(&[]).le(&[1, none, none, 1]).record(&[]);
    let nodes = (0..shapes as u32).map(|shape| 2 + 2 * shape);
    let group = File::default().le(&[1]).record(&[]).le(&[shapes as u32]);
    let group = group.le(&nodes.clone().collect::<Vec<_>>());
    let file =
        File::default().raw(b"VOX ").le(&[150]).raw(b"MAIN").le(&[0, 0]).chunk(b"SIZE", &size);
    let file = file.chunk(b"XYZI", &voxels).chunk(b"nTRN", &root).chunk(b"nGRP", &group);
    let file = nodes.fold(file, |file, node| {
        let name = format!("part {node}");
        let place = File::default().le(&[node]).record(&[("_name", &name)]);
        let place = place.le(&[node + 1, none, 0, 1]).record(&[("_t", "1 2 3")]);
        let shape = File::default().le(&[node + 1]).record(&[]).le(&[1, none]).record(&[]);
        file.chunk(b"nTRN", &place).chunk(b"nSHP", &shape)
    });
    file.0
}

/// Voxels so far apart that each has a block of its own.
fn scattered(count: usize) -> Volume {
    let mut volume = Volume::new();
    for number in 0..count as i32 {
        let at = Point::new(number % 10 * 16, number / 10 % 10 * 16, number / 100 * 16);
        volume.set(at, Rgba::opaque(number as u8, 1, 2));
    }
    volume
}

fn document_of(volume: Volume) -> Document {
    let mut document = Document::default();
    document.layers_mut().for_each(|layer| layer.volume = volume.clone());
    document
}

#[test]
fn a_large_selection_is_written_and_read_block_by_block() {
    let make = |count| {
        let mut document = Document::default();
        document.mask = scattered(count);
        document
    };
    let same = |a: &Document, b: &Document| a.mask.state_hash() == b.mask.state_hash();
    assert_both("a selection", "gox", [200, 800], [1, 1], make, same);
}

#[test]
fn a_long_chunk_that_is_not_understood_is_written_and_read_part_by_part() {
    let make = |count| {
        let mut document = Document::default();
        document.preserved.push(PreservedChunk { kind: *b"SOME", data: vec![7; 1000].into() });
        let mut file = write("gox", &document).0;
        for (kind, length) in [(b"LONG", count), (b"LONG", 3), (b"PREV", count), (b"LAST", 1)] {
            file.extend(kind);
            file.extend((length as u32).to_le_bytes());
            file.extend((0..length).map(|n| (n % 251) as u8));
            file.extend([0; 4]);
        }
        read("gox", file).0.expect("a file").document
    };
    let same = |a: &Document, b: &Document| {
        let order = |document: &Document| {
            let mut chunks = document.preserved.clone();
            chunks.sort_by_key(|chunk| chunk.kind != *b"PREV");
            chunks
        };
        order(a) == order(b)
    };
    let counts = [1 << 20, 1 << 22];
    assert_both("a chunk", "gox", counts, [1 << 18, 1 << 18], make, same);
}

#[test]
fn a_large_palette_is_written_and_read_some_colours_at_a_time() {
    let make = |count: usize| {
        let color = |n: usize| Rgba::from((n as u32).to_le_bytes());
        let named = |n: usize| (color(n), (n.is_multiple_of(3)).then(|| format!("colour {n}")));
        let palette = Palette { name: "many".to_owned(), colors: (0..count).map(named).collect() };
        let mut document = Document::default();
        document.palette = palette;
        document
    };
    let same = |a: &Document, b: &Document| a.palette == b.palette;
    assert_both("a palette", "gox", [9000, 36_000], [1024, 1024], make, same);
}

#[test]
fn many_layers_and_long_records_are_written_and_read_one_after_the_other() {
    let make = |count| {
        let layer = |number: usize| {
            let mut layer = Layer::new(LayerId(number as i32 + 1), &"name ".repeat(70));
            if number % 2 == 1 {
                layer.content = LayerContent::Clone { base: LayerId(number as i32) };
            }
            layer
        };
        Document::with_layers("", canvas_for_size([9; 3]), (0..count).map(layer).collect())
    };
    let same = |a: &Document, b: &Document| {
        let told = |d: &Document| {
            d.layers().iter().map(|l| (l.id, l.name.clone(), l.content.clone())).collect::<Vec<_>>()
        };
        told(a) == told(b)
    };
    assert_both("layers", "gox", [50, 200], [1, 1], make, same);
    let make = |count| {
        let mut document = Document::default();
        let entries = (0..count).map(|number| (format!("key {number}"), vec![1, 2, 3]));
        document.materials[0].preserved = entries.collect();
        write("gox", &document).0
    };
    assert_read("entries", "gox", [5000, 20_000], 1024, make);
}

#[test]
fn a_scene_of_many_nodes_is_read_some_nodes_at_a_time() {
    // Nodes without models are only read and visited.
    assert_read("nodes", "vox", [1000, 4000], 300, vox_scene);
}

#[test]
fn a_compressed_model_is_unpacked_piece_by_piece() {
    let make = |cells: usize| {
        let data = File::default().le(&[64, 64, cells as u32 / 4096]);
        let data = data.raw(&crate::support::made::zlib(&vec![0; cells]));
        File::default().raw(b"VOX ").le(&[150]).raw(b"MAIN").le(&[0, 0]).chunk(b"TDCZ", &data).0
    };
    // Cells are unpacked, then looked at.
    assert_read("cells", "vox", [1 << 18, 1 << 20], 13_200, make);
}

#[test]
fn a_scene_of_many_models_is_written_some_models_at_a_time() {
    let make = |count| {
        let layer = |number: usize| {
            let mut layer = Layer::new(LayerId(number as i32 + 1), &format!("layer {number}"));
            layer.volume.set(Point::new(number as i32 % 900, 0, 0), Rgba::opaque(1, 2, 3));
            layer
        };
        Document::with_layers("", canvas_for_size([9; 3]), (0..count).map(layer).collect())
    };
    let same = |a: &Document, b: &Document| {
        let told = |d: &Document| d.layers().iter().map(|l| l.name.clone()).collect::<Vec<_>>();
        told(a) == told(b)
    };
    assert_both("models", "vox", [500, 1500], [1, 1], make, same);
}

#[test]
fn palettes_of_a_million_colours_are_read_some_at_a_time() {
    assert_read("qbt colours", "qbt", [20_000, 80_000], 4096, |count| {
        let file = File::default().raw(b"QB 2").raw(&[1, 0]).le(&[0; 3]);
        let colors: Vec<u32> = (0..count as u32).collect();
        let file = file.raw(b"COLORMAP").le(&[count as u32]).le(&colors);
        file.raw(b"DATATREE").le(&[1, 4, 0]).0
    });
    assert_read("qef colours", "qef", [20_000, 80_000], 5000, |count| {
        let head = format!("Qubicle Exchange Format\nVersion 0.2\nx\n4 4 4\n{count}\n");
        (head + &"0.5 0 1\n".repeat(count) + "0 0 0 7 1\n").into_bytes()
    });
    for (name, bytes, told) in [
        (
            "qbt",
            File::default().raw(b"QB 2").raw(&[1, 0]).le(&[0; 3]).raw(b"COLORMAP").le(&[1 << 21]).0,
            "2097152",
        ),
        (
            "qef",
            b"Qubicle Exchange Format\nVersion 0.2\nx\n4 4 4\n2097152\n".to_vec(),
            "a number that does not fit in line 5",
        ),
    ] {
        let (result, _) = read(name, bytes);
        assert!(result.is_err_and(|error| error.to_string().contains(told)), "{name}");
    }
}

#[test]
fn a_picture_wider_than_a_unit_of_work_is_refused() {
    let wide = crate::support::made::png(png::ColorType::Rgba, 140_000, 1);
    let (result, _) = read("png", wide);
    let told = result.err().expect("too wide").to_string();
    assert!(told.contains("140000 pixels wide (at most 131072)"), "{told}");
    let mut document = document_of(scattered(500));
    document.canvas = Bounds { min: [0, 0, 0], max: [512, 2, 300] };
    let error =
        format::by_name("png slices").map(|f| format::encode(document, f, Default::default()));
    let told = error.expect("a format").err().expect("too wide").to_string();
    assert!(told.contains("153600 a row"), "{told}");
}

#[test]
fn slices_of_a_picture_are_written_piece_by_piece() {
    let make = |count: usize| {
        let mut document = document_of(scattered(500));
        document.canvas = Bounds { min: [0, 0, 0], max: [512, 2, count as i64] };
        document
    };
    let outside = |document: &Document| {
        let mut volume = document.merged();
        let all = volume.voxels().filter(|(at, _)| !document.canvas.contains(*at));
        all.map(|(at, _)| at)
            .collect::<Vec<_>>()
            .into_iter()
            .for_each(|at| _ = volume.set(at, Rgba::EMPTY));
        volume.state_hash()
    };
    let slices = [50, 200].map(|count| {
        let document = make(count);
        let (bytes, slices) = write("png slices", &document);
        let again = format::decode(bytes, None, Default::default()).expect("a picture").document;
        assert!(again.canvas == document.canvas);
        assert_eq!(again.merged().state_hash(), outside(&document));
        slices
    });
    assert_bounded("slices", [50, 200], slices, 5);
}

#[test]
fn a_long_line_or_header_is_refused_and_does_not_hold_up_others() {
    let numbers = " 1".repeat(400_000);
    let face = "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nelement face 1\n\
                property list uint int vertex_indices\nend_header\n1\n20000";
    let header = "ply\nformat ascii 1.0\nelement vertex 1\n".to_owned();
    let header = header + &"property float x\n".repeat(50_000) + "end_header\n";
    let binvox = "#binvox 1\n".to_owned() + &"a\n".repeat(200_000) + "dim 1 1 1\ndata\n";
    for (name, bytes, expected) in [
        ("ply", face.to_owned() + &numbers, "0 to 16384"),
        ("ply", header, "end_header"),
        ("binvox", binvox, "'data'"),
    ] {
        let (result, _) = read(name, bytes.into_bytes());
        let told = result.err().expect("an error").to_string();
        assert!(told.contains(expected), "{told}");
    }
    let slices = [1, 4].map(|count| read("obj", format!("v{numbers}\n").repeat(count).into()).1);
    assert_bounded("lines", [800_000, 3_200_000], slices, 1 << 17);
}
