//! Formats of older engines, Qubicle, Minecraft and others. Each file decodes bytes into a [`Sink`], part by
//! part; what follows is common.
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
use super::{
    FormatError, Limits, Loaded, ReadJob, ReadOptions, WriteJob, WriteOptions, canvas_around,
};
use crate::document::{Document, Layer, LayerId, Palette};
use crate::format::bytes::FileBytes;
use crate::voxel::{Bounds, Point, Rgba, Volume};

/// What a decoder puts a file's content into.
pub(super) struct Sink {
    pub(super) allowance: Allowance,
    limits: Limits,
    layers: Vec<(Layer, VolumeBuilder)>,
    pub(super) palette: Option<Palette>,
    pub(super) warnings: Vec<String>,
    /// How much of the file is decoded, and how much there is, in whatever the decoder counts.
    progress: (usize, usize),
    /// Voxels at places that 32 bits cannot tell.
    outside: u64,
}

impl Sink {
    fn new(limits: Limits) -> Self {
        let (layers, palette, warnings) = Default::default();
        let allowance = Allowance::new(limits);
        Sink { allowance, limits, layers, palette, warnings, progress: (0, 0), outside: 0 }
    }

    /// How many blocks are not moved into volumes.
    fn blocks(&self) -> u64 {
        self.layers.iter().map(|(_, builder)| builder.blocks() as u64).sum()
    }

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

/// Decodes the next part of a file; false once it is done.
type Parts = Box<dyn FnMut(&[u8], &mut Sink) -> Result<bool, FormatError>>;

/// How a format is decoded: the head at once, then a part with each call.
type Start = fn(&FileBytes, &mut Sink) -> Result<Parts, FormatError>;

/// The most colours of a file's palette.
const COLORS_MAX: usize = 1 << 20;

/// About how many cells of a file are decoded in one unit of work; each sixteen of them may get the memory for a block.
const CELLS_A_UNIT: i64 = 1 << 11;

/// A reader at work: a part of the file is a unit of work, then each block.
struct Reader {
    format: &'static str,
    start: Start,
    parts: Option<Parts>,
    bytes: FileBytes,
    decoded: bool,
    sink: Sink,
    volumes: Vec<Volume>,
    /// The layer whose blocks are moved into its volume, and how many blocks of all are.
    moving: usize,
    moved: u64,
    options: ReadOptions,
}

fn reader(format: &'static str, start: Start, bytes: FileBytes, options: ReadOptions) -> ReadJob {
    Box::new(Steps(Reader {
        format,
        start,
        parts: None,
        bytes,
        decoded: false,
        sink: Sink::new(options.limits),
        volumes: Vec::new(),
        moving: 0,
        moved: 0,
        options,
    }))
}

impl Reader {
    /// Decodes the next part; false once all is decoded.
    fn decode_some(&mut self) -> Result<bool, FormatError> {
        if let Some(parts) = &mut self.parts {
            return parts(&self.bytes, &mut self.sink);
        }
        self.parts = Some((self.start)(&self.bytes, &mut self.sink)?);
        Ok(true)
    }

    /// Moves a block of a layer into its volume; false when all are.
    fn move_block(&mut self) -> bool {
        while let Some((_, builder)) = self.sink.layers.get_mut(self.moving) {
            if builder.move_block(&mut self.volumes[self.moving]) {
                self.moved += 1;
                return true;
            }
            self.moving += 1;
        }
        false
    }

    fn finish(&mut self) -> Loaded {
        let volumes = std::mem::take(&mut self.volumes);
        let layers = std::mem::take(&mut self.sink.layers);
        let bounds = layers.iter().map(|(_, builder)| builder.bounds());
        let canvas = canvas_around(bounds.fold(None, Bounds::union_of));
        let layers = layers.into_iter().zip(volumes);
        let layers = layers.map(|((layer, _), volume)| Layer { volume, ..layer }).collect();
        let name = self.options.name.take().unwrap_or_default();
        let mut document = Document::with_layers(&name, canvas, layers);
        document.palette = self.sink.palette.take().unwrap_or_default();
        let mut warnings = std::mem::take(&mut self.sink.warnings);
        if self.sink.outside > 0 {
            let count = self.sink.outside;
            warnings.push(format!("{count} voxels beyond 32-bit coordinates are left out"));
        }
        Loaded { document, format: self.format, warnings, version: None }
    }
}

impl Advance for Reader {
    type Output = Loaded;

    fn advance(&mut self) -> Result<Option<Loaded>, FormatError> {
        if !self.decoded {
            self.decoded = !self.decode_some()?;
            if self.decoded {
                self.volumes.resize_with(self.sink.layers.len(), Volume::new);
            }
        } else if !self.move_block() {
            return Ok(Some(self.finish()));
        }
        Ok(None)
    }

    /// The file is the first half of the work, the blocks are the second.
    fn units(&self) -> (u64, u64) {
        if self.decoded {
            let blocks = self.sink.blocks();
            return (blocks + 2 * self.moved, 2 * (blocks + self.moved));
        }
        let (done, total) = self.sink.progress;
        (done as u64, 2 * total as u64)
    }
}

macro_rules! readers {
    ($($name:ident: $($format:ident)::+;)*) => {$(
        pub(super) fn $name(bytes: FileBytes, options: ReadOptions) -> ReadJob {
            reader($($format)::+::NAME, $($format)::+::start, bytes, options)
        }
    )*};
}

readers! {
    binvox_reader: binvox;
    cub_reader: cub;
    kv6_reader: kv6;
    kvx_reader: kvx;
    luanti_reader: minecraft::mts;
    qb_reader: qb_read;
    qbt_reader: qbt;
    qef_reader: qef;
    schem_reader: minecraft::schem;
    vxl_reader: vxl;
}

pub(super) use cub::detect as cub_detect;

pub(super) fn qb_writer(document: Document, _options: WriteOptions) -> WriteJob {
    Box::new(Steps(qb_write::Writer::new(&document)))
}

#[cfg(test)]
mod tests {
    use crate::format::{LoadJob, Loaded, by_name, decode};
    use crate::job::{Budget, Job, Step};

    /// Loads in the smallest slices; how many there were.
    fn in_slices(bytes: Vec<u8>, name: &str) -> (Loaded, usize) {
        let mut job = LoadJob::from_bytes(bytes, by_name(name).ok(), Default::default()).unwrap();
        let mut slices = 1;
        loop {
            match job.step(&mut Budget::units(1)) {
                Step::More => slices += 1,
                Step::Done(loaded) => return (loaded.unwrap(), slices),
            }
        }
    }

    #[test]
    fn large_models_are_decoded_part_by_part() {
        let mut binvox = b"#binvox 1\ndim 64 64 64\ndata\n".to_vec();
        (0..64 * 64 * 64 / 128).for_each(|run| binvox.extend([u8::from(run % 3 > 0), 128]));
        let mut kv6 = b"Kvxl".to_vec();
        [64u32, 64, 256, 0, 0, 0, 64 * 64].iter().for_each(|n| kv6.extend(n.to_le_bytes()));
        (0..64 * 64).for_each(|column| kv6.extend([1, 2, 3, 128, column as u8, 0, 63, 0]));
        (0..64).for_each(|_| kv6.extend(64u32.to_le_bytes()));
        (0..64 * 64).for_each(|_| kv6.extend(1u16.to_le_bytes()));
        let mut qb = Vec::new();
        [257u32, 0, 1, 0, 0, 1].iter().for_each(|n| qb.extend(n.to_le_bytes()));
        qb.extend([1, b'm']);
        [64u32, 64, 64, 0, 0, 0].iter().for_each(|n| qb.extend(n.to_le_bytes()));
        (0..64u32 * 64 * 64).for_each(|n| qb.extend([n as u8, 2, 3, 255]));
        for (name, bytes, voxels, parts) in [
            ("binvox", binvox, 64 * 64 * 64 / 3 * 2, 30),
            ("kv6", kv6, 64 * 64, 100),
            ("qubicle", qb, 64 * 64 * 64, 30),
        ] {
            let whole = decode(bytes.clone(), by_name(name).ok(), Default::default()).unwrap();
            let (sliced, slices) = in_slices(bytes, name);
            let [whole, sliced] = [whole, sliced].map(|loaded| loaded.document.merged());
            assert_eq!(whole.state_hash(), sliced.state_hash(), "{name}");
            assert!(whole.count().abs_diff(voxels) < 200, "{name}: {}", whole.count());
            assert!(slices > parts + whole.block_count(), "{name}: {slices} slices");
        }
    }
}
