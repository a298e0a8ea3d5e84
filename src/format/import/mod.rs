//! Formats that are only read, or that are simple enough to be read in one go: older engines, Qubicle,
//! Minecraft and others. Each file decodes bytes into a [`Sink`]; what follows is common.
//!
//! Axes: z is up here. Formats with y up are turned (x, y, z) to (x, -z, y), so that models are not
//! mirrored, unless the format's own rule says otherwise. Models without a place of their own are put
//! with the middle of their base at the origin.

mod binvox;
mod cub;
mod kv6;
mod kvx;
mod minecraft;
mod qb_read;
mod qb_write;
mod qbt;
mod qef;
mod vxl;

use super::builder::{Allowance, VolumeBuilder};
use super::steps::{Advance, Steps};
use super::{FormatError, Loaded, ReadJob, ReadOptions, WriteJob, WriteOptions, canvas_around};
use crate::document::{Document, Layer, LayerId, Palette};
use crate::format::bytes::FileBytes;
use crate::voxel::{Point, Rgba, Volume};

/// What a decoder puts a file's content into.
pub(super) struct Sink {
    pub(super) allowance: Allowance,
    layers: Vec<(Layer, VolumeBuilder)>,
    pub(super) palette: Option<Palette>,
    pub(super) warnings: Vec<String>,
    /// Voxels at places that 32 bits cannot tell.
    outside: u64,
}

impl Sink {
    /// Begins a layer; voxels go into the one begun last.
    fn layer(&mut self, name: &str, visible: bool) -> Result<(), FormatError> {
        self.allowance.take(size_of::<Layer>() as u64)?;
        let number = self.layers.len() as i32 + 1;
        let name = if name.is_empty() { format!("Layer.{number}") } else { name.to_owned() };
        let mut layer = Layer::new(LayerId(number), &name);
        layer.visible = visible;
        self.layers.push((layer, VolumeBuilder::new()));
        Ok(())
    }

    /// Sets a voxel. One at a place that 32 bits cannot tell is left out and counted.
    fn set(&mut self, at: [i64; 3], color: Rgba) -> Result<(), FormatError> {
        if self.layers.is_empty() {
            self.layer("", true)?;
        }
        let [Ok(x), Ok(y), Ok(z)] = at.map(i32::try_from) else {
            self.outside += 1;
            return Ok(());
        };
        match self.layers.last_mut() {
            Some((_, builder)) => builder.set(Point::new(x, y, z), color, &mut self.allowance),
            None => Ok(()),
        }
    }
}

/// Turns a cell from y up to z up.
fn turned([x, y, z]: [i64; 3]) -> [i64; 3] {
    [x, -1 - z, y]
}

/// Where a box of this size begins that stands with the middle of its base at the origin.
fn standing([width, depth, _]: [i64; 3]) -> [i64; 3] {
    [-(width / 2), -(depth / 2), 0]
}

fn add(a: [i64; 3], b: [i64; 3]) -> [i64; 3] {
    [0, 1, 2].map(|axis| a[axis] + b[axis])
}

type Decode = fn(&[u8], &mut Sink) -> Result<(), FormatError>;

/// A reader at work: decoding is one unit of work, then each block.
struct Reader {
    format: &'static str,
    decode: Decode,
    bytes: FileBytes,
    decoded: bool,
    sink: Sink,
    volumes: Vec<Volume>,
    options: ReadOptions,
}

fn reader(format: &'static str, decode: Decode, bytes: FileBytes, options: ReadOptions) -> ReadJob {
    let allowance = Allowance::new(options.limits);
    let sink =
        Sink { allowance, layers: Vec::new(), palette: None, warnings: Vec::new(), outside: 0 };
    let (decoded, volumes) = (false, Vec::new());
    Box::new(Steps(Reader { format, decode, bytes, decoded, sink, volumes, options }))
}

impl Reader {
    /// Moves a block of a layer into its volume; false when all are.
    fn move_block(&mut self) -> bool {
        for (index, (_, builder)) in self.sink.layers.iter_mut().enumerate() {
            if builder.move_block(&mut self.volumes[index]) {
                return true;
            }
        }
        false
    }
}

impl Advance for Reader {
    type Output = Loaded;

    fn advance(&mut self) -> Result<Option<Loaded>, FormatError> {
        if !self.decoded {
            (self.decode)(&self.bytes, &mut self.sink)?;
            self.decoded = true;
            self.volumes.resize_with(self.sink.layers.len(), Volume::new);
        } else if !self.move_block() {
            let volumes = std::mem::take(&mut self.volumes);
            let layers = std::mem::take(&mut self.sink.layers).into_iter().zip(volumes);
            let layers: Vec<Layer> =
                layers.map(|((layer, _), volume)| Layer { volume, ..layer }).collect();
            let canvas = canvas_around(layers.iter().map(|layer| &layer.volume));
            let name = self.options.name.take().unwrap_or_default();
            let mut document = Document::with_layers(&name, canvas, layers);
            document.palette = self.sink.palette.take().unwrap_or_default();
            let mut warnings = std::mem::take(&mut self.sink.warnings);
            if self.sink.outside > 0 {
                let count = self.sink.outside;
                warnings.push(format!("{count} voxels beyond 32-bit coordinates are left out"));
            }
            return Ok(Some(Loaded { document, format: self.format, warnings, version: None }));
        }
        Ok(None)
    }

    fn units(&self) -> (u64, u64) {
        (u64::from(self.decoded), 2)
    }
}

macro_rules! readers {
    ($($name:ident, $format:expr, $decode:path;)*) => {$(
        pub(super) fn $name(bytes: FileBytes, options: ReadOptions) -> ReadJob {
            reader($format, $decode, bytes, options)
        }
    )*};
}

readers! {
    binvox_reader, binvox::NAME, binvox::decode;
    cub_reader, cub::NAME, cub::decode;
    kv6_reader, kv6::NAME, kv6::decode;
    kvx_reader, kvx::NAME, kvx::decode;
    luanti_reader, minecraft::mts::NAME, minecraft::mts::decode;
    qb_reader, qb_read::NAME, qb_read::decode;
    qbt_reader, qbt::NAME, qbt::decode;
    qef_reader, qef::NAME, qef::decode;
    schem_reader, minecraft::schem::NAME, minecraft::schem::decode;
    vxl_reader, vxl::NAME, vxl::decode;
}

pub(super) use cub::detect as cub_detect;

pub(super) fn qb_writer(document: Document, _options: WriteOptions) -> WriteJob {
    Box::new(Steps(qb_write::Writer::new(&document)))
}

/// Inflates a zlib stream of known length.
fn inflate(data: &[u8], length: usize) -> Result<Vec<u8>, String> {
    use std::io::Read;
    // Deflate makes at most about a thousand bytes from one.
    if length > 1100 * data.len() + 1100 {
        return Err(format!("{length} bytes from {} compressed ones", data.len()));
    }
    let mut out = Vec::with_capacity(length);
    let read = flate2::read::ZlibDecoder::new(data).take(length as u64).read_to_end(&mut out);
    match read {
        Ok(count) if count == length => Ok(out),
        Ok(count) => Err(format!("{count} bytes instead of {length}")),
        Err(error) => Err(error.to_string()),
    }
}
