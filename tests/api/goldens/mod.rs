//! Golden pictures: scenes that were looked at once, and whose pixels stay as they were.
//!
//! `GOXEL_PICTURES=DIR` draws them large into a folder, to be looked at, and compares nothing.
//! `GOXEL_UPDATE_GOLDENS=1` takes what is drawn as right and writes `hashes.txt` anew.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::service::Daemon;
use crate::support::skip::skip;

mod models;
mod scenes;

/// One picture and what it is of.
struct Scene {
    /// The name in `hashes.txt` and of the file that is looked at.
    name: String,
    model: Model,
    method: &'static str,
    params: Value,
}

#[derive(Clone, Copy)]
enum Model {
    Made(fn() -> Daemon),
    /// A file below the folder that `GOXEL_SAMPLES` names.
    Sample(&'static str),
}

impl Scene {
    /// The model, or nothing if there are no samples here.
    fn daemon(&self) -> Option<Daemon> {
        match self.model {
            Model::Made(make) => Some(make()),
            Model::Sample(file) => {
                let path = PathBuf::from(std::env::var_os("GOXEL_SAMPLES")?).join(file);
                let mut daemon = Daemon::default();
                daemon.call("goxel.load_project", json!({"path": path}));
                Some(daemon)
            }
        }
    }

    /// The files of the picture in order: several if they are maps.
    fn files(&self, daemon: &mut Daemon, params: Value) -> Vec<Vec<u8>> {
        let answer = daemon.call(self.method, params);
        let decoded = |holder: &Value| {
            let text = holder["image_data"].as_str();
            STANDARD.decode(text.unwrap_or_else(|| panic!("{}: no picture", self.name))).unwrap()
        };
        match answer["maps"].as_array() {
            Some(maps) => maps.iter().map(decoded).collect(),
            None => vec![decoded(&answer)],
        }
    }
}

/// A hash that everybody can compute: FNV-1a with 64 bits.
struct Fnv(u64);

impl Fnv {
    fn take(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn frame(&mut self, width: u32, height: u32, pixels: &[u8]) {
        self.take(&width.to_le_bytes());
        self.take(&height.to_le_bytes());
        self.take(pixels);
    }
}

/// Hashes the decoded pixels, so that a better compression changes nothing.
fn hash(files: &[Vec<u8>]) -> String {
    let mut fnv = Fnv(0xcbf2_9ce4_8422_2325);
    for file in files {
        match &file[..4] {
            b"RIFF" => webp(file, &mut fnv),
            b"GIF8" => gif(file, &mut fnv),
            _ => png(file, &mut fnv),
        }
    }
    format!("{:016x}", fnv.0)
}

/// All frames of a PNG or an APNG.
fn png(file: &[u8], fnv: &mut Fnv) {
    let mut decoder = png::Decoder::new(Cursor::new(file));
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::ALPHA);
    let mut reader = decoder.read_info().unwrap();
    let frames = reader.info().animation_control.map_or(1, |control| control.num_frames);
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    for _ in 0..frames {
        let info = reader.next_frame(&mut bytes).unwrap();
        fnv.frame(info.width, info.height, &bytes[..info.buffer_size()]);
    }
}

fn webp(file: &[u8], fnv: &mut Fnv) {
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(file)).unwrap();
    let (width, height) = decoder.dimensions();
    let mut bytes = vec![0; decoder.output_buffer_size().unwrap()];
    decoder.read_image(&mut bytes).unwrap();
    fnv.frame(width, height, &bytes);
}

fn gif(file: &[u8], fnv: &mut Fnv) {
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    let mut decoder = options.read_info(Cursor::new(file)).unwrap();
    while let Some(frame) = decoder.read_next_frame().unwrap() {
        fnv.frame(frame.width.into(), frame.height.into(), &frame.buffer);
    }
}

/// The same params for a picture that is 512 pixels wide or high.
fn enlarged(params: &Value) -> Value {
    const LARGE: u64 = 512;
    let mut params = params.clone();
    let scaled = |value: &Value, from: u64| json!(value.as_u64().unwrap() * LARGE / from);
    if let Some(sides) = params["size"].as_array().cloned() {
        let most = sides.iter().filter_map(Value::as_u64).max().unwrap();
        params["size"] = sides.iter().map(|side| scaled(side, most)).collect();
    } else {
        params["size"] = json!(LARGE);
    }
    params
}

fn keep(files: &[Vec<u8>], name: &str, directory: &Path) {
    for (index, file) in files.iter().enumerate() {
        let ending = match &file[..4] {
            b"RIFF" => "webp",
            b"GIF8" => "gif",
            _ => "png",
        };
        let number = if files.len() > 1 { format!("-{index}") } else { String::new() };
        let path = directory.join(format!("{name}{number}.{ending}"));
        std::fs::write(path, file).expect("a picture is written");
    }
}

fn table() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/goldens/hashes.txt")
}

/// The hashes that are kept, by the names of their scenes.
fn kept() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(table()).unwrap_or_default();
    let pair = |line: &str| line.split_once(' ').map(|(name, hash)| (name.into(), hash.into()));
    text.lines().filter_map(pair).collect()
}

fn update(mut hashes: BTreeMap<String, String>, drawn: Vec<(String, String)>) {
    // Without samples their lines stay.
    hashes.retain(|name, _| scenes::all().iter().any(|scene| scene.name == *name));
    hashes.extend(drawn);
    let lines: Vec<String> = hashes.iter().map(|(name, hash)| format!("{name} {hash}\n")).collect();
    std::fs::write(table(), lines.concat()).expect("hashes.txt is written");
}

#[test]
fn golden_pictures_stay_as_they_were_looked_at() {
    let directory = std::env::var_os("GOXEL_PICTURES").map(PathBuf::from);
    let hashes = kept();
    let mut drawn = Vec::new();
    for scene in scenes::all() {
        let Some(mut daemon) = scene.daemon() else {
            skip(&format!("GOXEL_SAMPLES is not set: golden picture {}", scene.name));
            continue;
        };
        match &directory {
            Some(directory) => {
                let files = scene.files(&mut daemon, enlarged(&scene.params));
                keep(&files, &scene.name, directory);
            }
            None => {
                let files = scene.files(&mut daemon, scene.params.clone());
                drawn.push((scene.name, hash(&files)));
            }
        }
    }
    if std::env::var_os("GOXEL_UPDATE_GOLDENS").is_some() && directory.is_none() {
        return update(hashes, drawn);
    }
    let none = String::from("none");
    let differs = drawn.iter().filter_map(|(name, got)| {
        let expected = hashes.get(name).unwrap_or(&none);
        (expected != got).then(|| format!("{name}: expected {expected}, got {got}\n"))
    });
    let differs: Vec<String> = differs.collect();
    assert!(
        differs.is_empty(),
        "{} golden pictures differ; GOXEL_PICTURES=DIR draws them, and if they are right, \
         GOXEL_UPDATE_GOLDENS=1 keeps them:\n{}",
        differs.len(),
        differs.concat()
    );
}

#[test]
fn each_hash_is_that_of_one_scene_and_there_are_enough() {
    if std::env::var_os("GOXEL_UPDATE_GOLDENS").is_some() {
        return;
    }
    let mut names: Vec<String> = scenes::all().into_iter().map(|scene| scene.name).collect();
    names.sort();
    let hashes = kept();
    assert!(names.iter().eq(hashes.keys()), "GOXEL_UPDATE_GOLDENS=1 writes hashes.txt anew");
    assert!(names.len() >= 40);
}
