//! Files of the formats that are only read, made here: a few thousand voxels each, in every form
//! that the format has.

use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

/// A file in the making.
#[derive(Default)]
pub struct File(pub Vec<u8>);

impl File {
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }
    pub fn le(mut self, numbers: &[u32]) -> Self {
        numbers.iter().for_each(|number| self.0.extend(number.to_le_bytes()));
        self
    }
    fn be16(mut self, number: usize) -> Self {
        self.0.extend((number as u16).to_be_bytes());
        self
    }
    fn be32(mut self, number: usize) -> Self {
        self.0.extend((number as u32).to_be_bytes());
        self
    }
}

pub fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

/// Whether a cell of a made model is solid, and its colour's number from 0 to 15.
fn cell(x: usize, y: usize, z: usize) -> Option<usize> {
    let number = x * 7 + y * 13 + z * 29 + x * y % 5;
    (!number.is_multiple_of(3)).then_some(number % 16)
}

fn cub() -> Vec<u8> {
    let (width, depth, height) = (31, 23, 19);
    let mut file = File::default().le(&[width, depth, height]);
    for index in 0..width as usize * depth as usize * height as usize {
        let at = (index % 31, index / 31 % 23, index / 31 / 23);
        let color = cell(at.0, at.1, at.2).map_or([0; 3], |n| [n as u8 * 9 + 1, n as u8, 200]);
        file = file.raw(&color);
    }
    file.0
}

/// Columns of two slabs each with a hidden run between them.
fn kvx() -> Vec<u8> {
    let (width, depth, height) = (40u32, 33u32, 60u32);
    let mut columns = Vec::new();
    let mut rows = Vec::new();
    let mut starts = Vec::new();
    let head = (width + 1) * 4 + width * (depth + 1) * 2;
    for x in 0..width {
        starts.push(head + columns.len() as u32);
        let begin = columns.len();
        for y in 0..depth {
            rows.push((columns.len() - begin) as u16);
            let (top, colors) = ((x + y) as u8 % 20, [x as u8, y as u8, 7]);
            if !(x + 3 * y).is_multiple_of(11) {
                columns.extend([top, 3, 16 | 1]);
                columns.extend(colors);
                columns.extend([top + 20, 2, 32 | 2, 9, 10]);
            }
        }
        rows.push((columns.len() - begin) as u16);
    }
    starts.push(head + columns.len() as u32);
    let mut model =
        File::default().le(&[width, depth, height, 256 * 5, 256 * 6, 256 * 7]).le(&starts);
    rows.iter().for_each(|offset| model.0.extend(offset.to_le_bytes()));
    let model = model.raw(&columns).0;
    let palette: Vec<u8> = (0..768u32).map(|n| (n % 64) as u8).collect();
    File::default().le(&[model.len() as u32]).raw(&model).raw(&palette).0
}

fn matrix(name: &str, place: i32, size: [usize; 3], indexed: bool) -> Vec<u8> {
    let [width, height, depth] = size;
    let mut raw = Vec::new();
    for index in 0..width * height * depth {
        let at = (index / height / depth, index % height, index / height % depth);
        match cell(at.0, at.1, at.2) {
            Some(n) if indexed => raw.extend([n as u8 % 4, 0, 0, 1]),
            Some(n) => raw.extend([n as u8, 100, 200, 127]),
            None => raw.extend([0; 4]),
        }
    }
    let packed = zlib(&raw);
    let file = File::default().le(&[name.len() as u32]).raw(name.as_bytes());
    let file = file.le(&[place as u32, 2, (-place) as u32]).le(&[1; 3]).le(&[0; 3]);
    let file = file.le(&[width as u32, height as u32, depth as u32, packed.len() as u32]);
    file.raw(&packed).0
}

fn node(kind: u32, body: &[u8]) -> Vec<u8> {
    File::default().le(&[kind, body.len() as u32]).raw(body).0
}

/// A model of matrices, a model in the model, and a compound with a child that does not count.
fn qbt(indexed: bool) -> Vec<u8> {
    let first = node(0, &matrix("first", -40, [20, 25, 30], indexed));
    let second = node(0, &matrix("second", 0, [33, 2, 65], indexed));
    let child = node(0, &matrix("child", 3, [2, 2, 2], indexed));
    let inner = node(1, &File::default().le(&[1]).raw(&second).0);
    let body =
        File::default().raw(&matrix("compound", 50, [9, 40, 9], indexed)).le(&[1]).raw(&child);
    let compound = node(2, &body.0);
    let root = File::default().le(&[3]).raw(&first).raw(&inner).raw(&compound).0;
    let file = File::default().raw(b"QB 2").raw(&[1, 0]).le(&[0x3f80_0000; 3]).raw(b"COLORMAP");
    let file = match indexed {
        true => file.le(&[3]).raw(&[250, 0, 0, 255, 0, 250, 0, 255, 0, 0, 250, 255]),
        false => file.le(&[0]),
    };
    file.raw(b"DATATREE").raw(&node(1, &root)).0
}

fn qef() -> Vec<u8> {
    let mut text =
        "Qubicle Exchange Format\r\nVersion 0.2\r\n\r\nwww.minddesk.com\r\n40 30 20\r\n16\r\n"
            .to_owned();
    (0..16).for_each(|n| text += &format!("{} {:.3} 1\r\n", f64::from(n) / 16.0, 0.25));
    for index in 0..40 * 30 * 20 {
        let at = (index % 40, index / 40 % 30, index / 40 / 30);
        if let Some(n) = cell(at.0, at.1, at.2) {
            text += &format!("{} {} {} {n} 126\r\n", at.0, at.1, at.2);
        }
    }
    text.into_bytes()
}

const NAMES: [&str; 6] = [
    "air",
    "default:stone",
    "minecraft:oak_log[axis=y]",
    "mod:thing",
    "minecraft:cave_air",
    "sand",
];

fn luanti(version: usize) -> Vec<u8> {
    let (width, height, depth) = (37, 21, 18);
    let mut file = File::default().raw(b"MTSM").be16(version).be16(width).be16(height).be16(depth);
    if version >= 3 {
        file = file.raw(&vec![127; height]);
    }
    file = file.be16(NAMES.len());
    for name in NAMES {
        file = file.be16(name.len()).raw(name.as_bytes());
    }
    let cells = width * height * depth;
    let mut data = File::default();
    for index in 0..cells {
        let at = (index % width, index / width / height, index / width % height);
        data = data.be16(cell(at.0, at.1, at.2).map_or(0, |n| 1 + n % 5));
    }
    let data = data.raw(&vec![127; cells]).raw(&vec![0; cells]);
    file.raw(&zlib(&data.0)).0
}

/// Named binary tags.
impl File {
    fn tag(self, kind: u8, name: &str) -> Self {
        self.raw(&[kind]).be16(name.len()).raw(name.as_bytes())
    }
    fn end(self) -> Self {
        self.raw(&[0])
    }
    /// Tags of every kind that a reader has to pass over.
    fn clutter(mut self) -> Self {
        self = self.tag(1, "a").raw(&[1]).tag(2, "b").be16(2).tag(3, "c").be32(3);
        self = self.tag(4, "d").be32(0).be32(4).tag(5, "e").be32(0).tag(6, "f").be32(0).be32(0);
        self = self.tag(8, "g").be16(2).raw(b"hi").tag(11, "h").be32(2).be32(1).be32(2);
        self = self.tag(12, "i").be32(1).be32(0).be32(9).tag(9, "empty").raw(&[0]).be32(0);
        // A list of compounds, and one of lists.
        self = self.tag(9, "Entities").raw(&[10]).be32(300);
        for number in 0..300 {
            self =
                self.tag(3, "id").be32(number).tag(10, "inner").tag(1, "x").raw(&[7]).end().end();
        }
        self = self.tag(9, "Lists").raw(&[9]).be32(2);
        self.raw(&[1]).be32(3).raw(&[1, 2, 3]).raw(&[0]).be32(0)
    }
    fn edges(self, [width, height, length]: [usize; 3]) -> Self {
        self.tag(2, "Width").be16(width).tag(2, "Height").be16(height).tag(2, "Length").be16(length)
    }
    fn palette(mut self) -> Self {
        self = self.tag(10, "Palette");
        for (number, name) in NAMES.iter().enumerate() {
            self = self.tag(3, name).be32(number * 70);
        }
        self.end()
    }
}

const SIZE: [usize; 3] = [33, 20, 25];

fn blocks() -> impl Iterator<Item = usize> {
    let [width, height, length] = SIZE;
    (0..width * height * length).map(move |index| {
        let at = (index % width, index / width / length, index / width % length);
        cell(at.0, at.1, at.2).map_or(0, |n| 1 + n % 5)
    })
}

/// Numbers of variable length; a palette's numbers are multiples of 70, so that some take two
/// bytes.
fn varints() -> Vec<u8> {
    let mut bytes = Vec::new();
    for block in blocks() {
        let number = block * 70;
        if number > 127 {
            bytes.extend([(number & 127) as u8 | 128, (number >> 7) as u8]);
        } else {
            bytes.push(number as u8);
        }
    }
    bytes
}

fn sponge(version: usize) -> Vec<u8> {
    let data = varints();
    let file = match version {
        3 => {
            let file = File::default().tag(10, "").tag(10, "Schematic").tag(3, "Version").be32(3);
            let file = file.edges(SIZE).clutter().tag(10, "Blocks").palette();
            file.tag(7, "Data").be32(data.len()).raw(&data).end().end().end()
        }
        _ => {
            let file = File::default().tag(10, "Schematic").tag(3, "Version").be32(version);
            let file = file.clutter().edges(SIZE).palette();
            file.tag(7, "BlockData").be32(data.len()).raw(&data).end()
        }
    };
    gzip(&file.0)
}

fn mcedit() -> Vec<u8> {
    let numbers: Vec<u8> = blocks().map(|block| block as u8 * 3).collect();
    let high: Vec<u8> = (0..numbers.len() / 2).map(|n| n as u8 & 0x10).collect();
    let file = File::default().tag(10, "Schematic").edges(SIZE).clutter();
    let file = file.tag(7, "Blocks").be32(numbers.len()).raw(&numbers);
    let file = file.tag(7, "AddBlocks").be32(high.len()).raw(&high).end();
    gzip(&file.0)
}

fn binvox() -> Vec<u8> {
    let mut file = b"#binvox 1\ndim 40 30 20\ntranslate 0 0 0\nscale 1\ndata\n".to_vec();
    (0..40 * 30 * 20 / 100).for_each(|run| file.extend([u8::from(run % 3 > 0), 100]));
    file
}

fn kv6() -> Vec<u8> {
    let mut file = File::default().raw(b"Kvxl").le(&[50, 40, 256, 0, 0, 0, 2 * 50 * 40]);
    for column in 0..50 * 40u32 {
        let top = column as u8 % 100;
        file = file.raw(&[1, 2, column as u8, 128, top, 0, 16, 0]);
        file = file.raw(&[9, 2, column as u8, 128, top + 30, 0, 32, 0]);
    }
    file = file.le(&[80; 50]);
    (0..50 * 40).for_each(|_| file.0.extend(2u16.to_le_bytes()));
    file.0
}

/// A dense and a compressed matrix.
fn qb(compressed: u32) -> Vec<u8> {
    let mut file = File::default().le(&[257, 1, 0, compressed, 1, 2]);
    for (name, size) in [("one", [30u32, 20, 10]), ("two", [200, 150, 2])] {
        file = file.raw(&[3]).raw(name.as_bytes()).le(&size).le(&[5, 0, (-7i32) as u32]);
        for z in 0..size[2] {
            for index in 0..size[0] * size[1] {
                let solid = cell(index as usize, 0, z as usize);
                file = match (compressed, solid) {
                    (0, None) => file.le(&[0]),
                    (0, Some(n)) => file.le(&[n as u32 | 0x7f00_0000]),
                    (_, _) if index % 100 == 0 => {
                        file.le(&[2, 100.min(size[0] * size[1] - index), 0x0400_0000 | index])
                    }
                    _ => file,
                };
            }
            if compressed == 1 {
                file = file.le(&[6]);
            }
        }
    }
    file.0
}

/// A map whose columns have a span of air over a deeper one.
fn vxl() -> Vec<u8> {
    let mut file = Vec::new();
    for column in 0..512 * 512u32 {
        let top = column as u8 % 20;
        file.extend([3, top, top, 0, 1, 2, 3, 255, 4, 5, 6, 255]);
        file.extend([0, top + 30, top + 31, top + 20]);
        file.extend([7; 8]);
    }
    file
}

/// A PNG of a colour type.
pub fn png(color: png::ColorType, width: u32, height: u32) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(color);
    encoder.set_depth(png::BitDepth::Eight);
    let length = width as usize * height as usize * color.samples();
    let pixels: Vec<u8> = (0..length).map(|n| (n * 31 % 251) as u8).collect();
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&pixels).expect("pixels");
    writer.finish().expect("an end");
    out
}

/// A PNG of the same pixels whose rows come in seven passes.
fn png_in_passes(width: usize, height: usize) -> Vec<u8> {
    let starts = [(0, 0), (4, 0), (0, 4), (2, 0), (0, 2), (1, 0), (0, 1)];
    let steps = [(8, 8), (8, 8), (4, 8), (4, 4), (2, 4), (2, 2), (1, 2)];
    let mut rows = Vec::new();
    for ((left, top), (across, down)) in starts.into_iter().zip(steps) {
        for y in (top..height).step_by(down).take_while(|_| left < width) {
            rows.push(0);
            for x in (left..width).step_by(across) {
                let first = 4 * (y * width + x);
                rows.extend((first..first + 4).map(|n| (n * 31 % 251) as u8));
            }
        }
    }
    let chunk = |kind: &[u8; 4], data: &[u8]| {
        let mut sum = flate2::Crc::new();
        sum.update(kind);
        sum.update(data);
        let file = File::default().be32(data.len()).raw(kind).raw(data);
        file.be32(sum.sum() as usize).0
    };
    let head = File::default().be32(width).be32(height).raw(&[8, 6, 0, 0, 1]).0;
    let file = File::default().raw(b"\x89PNG\r\n\x1a\n").raw(&chunk(b"IHDR", &head));
    file.raw(&chunk(b"IDAT", &zlib(&rows))).raw(&chunk(b"IEND", &[])).0
}

/// Surfaces of a few large and many small triangles.
fn obj(large: u32) -> Vec<u8> {
    let mut text = format!("v 0 0 0\nv {large} 0 0 1 0 0\nv 0 {large} 5 0 0 1\nf 1 2 3\n");
    for n in 0..2000u32 {
        let (x, y) = (n % 50, n / 50);
        text += &format!("v {x} {y} 3 0.{} 0.5 1\n", n % 10);
        if n >= 2 {
            text += "f -1 -2 -3\n";
        }
    }
    text.into_bytes()
}

fn ply(faces: bool) -> Vec<u8> {
    let mut file = format!(
        "ply\nformat binary_little_endian 1.0\nelement vertex 3000\nproperty float x\nproperty float y\n\
         property float z\nproperty uchar red\nelement face {}\n\
         property list uchar int vertex_indices\nend_header\n",
        if faces { 1000 } else { 0 }
    )
    .into_bytes();
    for n in 0..3000u32 {
        [n % 60, n / 60, n % 7].iter().for_each(|&v| file.extend((v as f32).to_le_bytes()));
        file.push(n as u8);
    }
    if faces {
        for n in 0..1000u32 {
            file.push(3);
            [n, n + 61, n + 2].iter().for_each(|index| file.extend(index.to_le_bytes()));
        }
    }
    file
}

/// Every file: the format's name, what is special about it, and its bytes.
pub fn all() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    use png::ColorType::{Grayscale, GrayscaleAlpha, Rgb, Rgba};
    vec![
        ("cub", "dense", cub()),
        ("kvx", "hidden runs", kvx()),
        ("qbt", "direct colours", qbt(false)),
        ("qbt", "a colour map", qbt(true)),
        ("qef", "blank lines", qef()),
        ("luanti", "version 4", luanti(4)),
        ("luanti", "version 2", luanti(2)),
        ("schem", "version 1", sponge(1)),
        ("schem", "version 2", sponge(2)),
        ("schem", "version 3", sponge(3)),
        ("schem", "numbered", mcedit()),
        ("binvox", "runs", binvox()),
        ("kv6", "hidden runs", kv6()),
        ("qubicle", "dense", qb(0)),
        ("qubicle", "runs", qb(1)),
        ("vxl", "two spans", vxl()),
        ("png", "grey", png(Grayscale, 90, 70)),
        ("png", "grey and alpha", png(GrayscaleAlpha, 90, 70)),
        ("png", "colours", png(Rgb, 90, 70)),
        ("png", "colours and alpha", png(Rgba, 90, 70)),
        ("png", "in passes", png_in_passes(90, 70)),
        ("png", "in passes, small", png_in_passes(3, 5)),
        ("png slices", "guessed", png(Rgba, 160, 20)),
        ("obj", "triangles", obj(300)),
        ("ply", "faces", ply(true)),
        ("ply", "points", ply(false)),
    ]
}
