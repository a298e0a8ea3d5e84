//! Formats of older engines, Qubicle, Minecraft and others. Each file decodes bytes into a
//! [`Sink`], part by part; what follows is common.
//!
//! Axes: z is up here. Formats with y up are turned (x, y, z) to (x, -z, y), so that models are not
//! mirrored, unless the format's own rule says otherwise. Models without a place of their own are
//! put with the middle of their base at the origin.

mod binvox;
mod cnc;
mod cub;
mod kv6;
mod kv6_write;
mod kvx;
mod kvx_write;
mod minecraft;
mod qb_read;
mod qb_write;
mod qbcl;
mod qbt;
mod qbt_write;
mod qef;
mod qef_write;
mod vxl;
mod vxl_write;
mod vxm;

use super::builder::{Allowance, VolumeBuilder};
use super::fidelity::{Kind, Report};
use super::{FormatError, Limits, Loaded, ReadOptions, canvas_around, too_many_layers};
use crate::document::{Document, Layer, LayerId, Palette};
use crate::format::bytes::FileBytes;
use crate::job::{Progress, Slice};
use crate::plain_words::in_words;
use crate::voxel::{Bounds, Point, Rgba};
pub(in crate::format) use binvox::COLOR as BINVOX_COLOR;

/// What a decoder puts a file's content into.
pub(super) struct Sink {
    pub(super) allowance: Allowance,
    limits: Limits,
    layers: Vec<(Layer, VolumeBuilder)>,
    pub(super) palette: Option<Palette>,
    pub(super) report: Report,
    /// How much of the file is decoded, and how much there is, in whatever the decoder counts.
    progress: (usize, usize),
    /// Voxels at places that 32 bits cannot tell.
    outside: u64,
}

/// The document of what a decoder outside of this room has put into a sink.
pub(super) async fn finish_read(
    sink: Sink,
    format: &'static str,
    options: ReadOptions,
    slice: &Slice,
) -> Result<Loaded, FormatError> {
    sink.finish(format, options.name.unwrap_or_default(), slice).await
}

impl Sink {
    pub(super) fn of(options: &ReadOptions) -> Self {
        Sink::new(options.limits)
    }

    fn new(limits: Limits) -> Self {
        let (layers, palette, report) = Default::default();
        let allowance = Allowance::new(limits);
        Sink { allowance, limits, layers, palette, report, progress: (0, 0), outside: 0 }
    }

    /// How many blocks are not moved into volumes.
    fn blocks(&self) -> u64 {
        self.layers.iter().map(|(_, builder)| builder.blocks() as u64).sum()
    }

    /// Begins a layer; voxels go into the one begun last.
    pub(super) fn layer(&mut self, name: &str, visible: bool) -> Result<(), FormatError> {
        let most = self.limits.max_file_layers;
        if self.layers.len() >= most {
            return Err(too_many_layers(most as u64 + 1, most));
        }
        self.allowance.take(size_of::<Layer>() as u64)?;
        let most = self.limits.max_file_layers;
        if self.layers.len() >= most {
            return Err(too_many_layers(most as u64 + 1, most));
        }
        let number = self.layers.len() as i32 + 1;
        let name = if name.is_empty() { format!("Layer.{number}") } else { name.to_owned() };
        let mut layer = Layer::new(LayerId(number), &name);
        layer.visible = visible;
        self.layers.push((layer, VolumeBuilder::new()));
        Ok(())
    }

    /// Sets a voxel. One at a place that 32 bits cannot tell is left out and counted.
    pub(super) fn set(&mut self, at: [i64; 3], color: Rgba) -> Result<(), FormatError> {
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
pub(super) fn standing([width, depth, _]: [i64; 3]) -> [i64; 3] {
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

/// About how many cells of a file are decoded in one unit of work; each sixteen of them may get the
/// memory for a block.
const CELLS_A_UNIT: i64 = 1 << 11;

/// Reads a file: its parts are decoded, then blocks move into volumes. Each is a unit of work.
async fn read(
    format: &'static str,
    start: Start,
    bytes: FileBytes,
    options: ReadOptions,
    slice: Slice,
) -> Result<Loaded, FormatError> {
    let mut sink = Sink::new(options.limits);
    let mut parts = start(&bytes, &mut sink)?;
    slice.spend(1).await;
    while parts(&bytes, &mut sink)? {
        // The file is the first half of the work, the blocks are the second.
        let (done, total) = sink.progress;
        slice.progress(Progress { done: done as u64, total: 2 * total as u64 });
        slice.spend(1).await;
    }
    drop(parts);
    sink.finish(format, options.name.unwrap_or_default(), &slice).await
}

impl Sink {
    /// The document of all layers.
    async fn finish(
        self,
        format: &'static str,
        name: String,
        slice: &Slice,
    ) -> Result<Loaded, FormatError> {
        let blocks = self.blocks();
        slice.progress(Progress { done: blocks, total: 2 * blocks });
        let (mut layers, mut bounds) = (Vec::new(), None);
        for (mut layer, mut builder) in self.layers {
            while builder.move_block(&mut layer.volume) {
                slice.advance(1).await;
            }
            bounds = Bounds::union_of(bounds, builder.bounds());
            layers.push(layer);
        }
        let mut document = Document::with_layers(&name, canvas_around(bounds), layers);
        document.palette = self.palette.unwrap_or_default();
        let (mut report, outside) = (self.report, self.outside);
        let said = ["voxel beyond 32-bit coordinates is", "voxels beyond 32-bit coordinates are"];
        let note = in_words(outside, said) + " left out";
        report.lose(Kind::Alpha, outside, note);
        Ok(Loaded::new(document, format, report))
    }
}

macro_rules! readers {
    ($($name:ident: $($format:ident)::+;)*) => {$(
        pub(super) async fn $name(
            bytes: FileBytes,
            options: ReadOptions,
            slice: Slice,
        ) -> Result<Loaded, FormatError> {
            read($($format)::+::NAME, $($format)::+::start, bytes, options, slice).await
        }
    )*};
}

readers! {
    read_binvox: binvox;
    read_cub: cub;
    read_kv6: kv6;
    read_kvx: kvx;
    read_luanti: minecraft::mts;
    read_qb: qb_read;
    read_qbt: qbt;
    read_qef: qef;
    read_vxl: vxl;
}

/// The same for decoders that are written straight down. A decoder may tell that the file is of
/// another format of its family.
async fn decoded<D>(
    decode: D,
    bytes: FileBytes,
    options: ReadOptions,
    slice: Slice,
) -> Result<Loaded, FormatError>
where
    D: AsyncFnOnce(&FileBytes, &mut Sink, &Slice) -> Result<&'static str, FormatError>,
{
    let mut sink = Sink::new(options.limits);
    let format = decode(&bytes, &mut sink, &slice).await?;
    sink.finish(format, options.name.unwrap_or_default(), &slice).await
}

macro_rules! decoders {
    ($($name:ident: $decode:path;)*) => {$(
        pub(super) async fn $name(
            bytes: FileBytes,
            options: ReadOptions,
            slice: Slice,
        ) -> Result<Loaded, FormatError> {
            decoded($decode, bytes, options, slice).await
        }
    )*};
}

decoders! {
    read_cnc: cnc::decode;
    read_qbcl: qbcl::decode;
    read_schem: minecraft::schem::decode;
    read_vxm: vxm::decode;
}

pub(super) use cub::detect as cub_detect;
pub(super) use minecraft::schem::detect_plain as detect_plain_tags;
pub(super) use minecraft::schem_write::{write_litematic, write_mts, write_schem, write_structure};

pub(super) use kv6_write::write as write_kv6;
pub(super) use kvx_write::write as write_kvx;
pub(super) use qb_write::write as write_qb;
pub(super) use qbt_write::write as write_qbt;
pub(super) use qef_write::write as write_qef;
pub(super) use vxl_write::write as write_vxl;
pub(super) use vxm::detect as vxm_detect;

/// Whether bytes begin like a model of Command & Conquer.
pub(super) fn cnc_detect(bytes: &[u8]) -> bool {
    bytes.starts_with(cnc::MAGIC)
}

#[cfg(test)]
mod tests {
    use crate::format::{LoadJob, Loaded, by_name, decode};
    use crate::job::{Budget, Job, Step};

    /// Loads in the smallest slices; how many there were.
    fn in_slices(bytes: Vec<u8>, name: &str) -> (Loaded, usize) {
        let mut job = LoadJob::of_bytes(bytes, by_name(name).ok(), Default::default());
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
