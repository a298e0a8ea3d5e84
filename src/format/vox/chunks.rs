//! The chunks of a file: models, palette, and the nodes of the scene graph. Some of them are a unit
//! of work, or some voxels of a compressed model.

use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use super::NAME;
use super::material::Entries;
use super::palette::{Colors, default_colors};
use super::record::Record;
use super::scene::{Node, Transform};
use crate::document::PreservedChunk;
use crate::format::FormatError;
use crate::format::builder::Allowance;
use crate::format::bytes::{Bytes, FileBytes};
use crate::format::fidelity::{Kind, Report};
use crate::format::unpack::{Unpacking, most_from};
use crate::job::Slice;
use crate::plain_words::in_words;
use crate::voxel::Rgba;

/// Bytes of chunks that are read in one unit of work, and what a chunk costs besides.
const BYTES_A_UNIT: usize = 1 << 15;
const CHUNK_COST: usize = 128;
/// The most frames of one node.
const FRAMES_MAX: i32 = 1 << 12;

/// The content of a file.
pub(super) struct Content {
    pub(super) models: Vec<Model>,
    pub(super) colors: Colors,
    pub(super) has_colors: bool,
    /// No hash table, as one that grows is copied as a whole.
    pub(super) nodes: BTreeMap<i32, Node>,
    pub(super) layers: BTreeMap<i32, LayerInfo>,
    /// What is said of the material of each colour.
    pub(super) materials: BTreeMap<i32, Entries>,
    pub(super) cameras: Vec<Entries>,
    /// How many models a file of frames without a graph has.
    pub(super) frames: u32,
    /// Chunks that are only kept.
    pub(super) preserved: Vec<PreservedChunk>,
    /// Chunks that are not understood.
    unknown: u64,
    /// Whether a node has several places, one a frame.
    pub(super) moves: bool,
    pub(super) report: Report,
}

/// One model.
pub(super) struct Model {
    pub(super) size: [i64; 3],
    pub(super) voxels: ModelVoxels,
}

pub(super) enum ModelVoxels {
    /// Bytes x, y, z and colour index of each voxel: where they are in the file.
    List(Range<usize>),
    /// A colour index for each cell, x fastest, then y, z.
    Dense(FileBytes),
}

/// What MagicaVoxel calls a layer: a name and visibility that nodes share.
#[derive(Default)]
pub(super) struct LayerInfo {
    pub(super) name: Option<Rc<str>>,
    pub(super) hidden: bool,
}

/// A file whose chunks are read.
struct Chunks {
    file: FileBytes,
    content: Content,
    /// The size of the next model.
    size: Option<RawSize>,
    dense: Option<DenseModel>,
}

type RawSize = [Result<i64, FormatError>; 3];

/// A compressed model that is unpacked.
struct DenseModel {
    size: [i64; 3],
    cells: usize,
    /// Where it is in the file, for errors.
    start: u64,
    voxels: Unpacking,
}

/// Reads the chunks of a file that begins with "VOX ".
pub(super) async fn read_chunks(
    file: &FileBytes,
    allowance: &mut Allowance,
    slice: &Slice,
) -> Result<Content, FormatError> {
    let content = Content::default();
    let mut chunks = Chunks { file: file.clone(), content, size: None, dense: None };
    let mut bytes = Bytes::new(file, NAME);
    read_head(&mut bytes)?;
    let mut left = BYTES_A_UNIT;
    while bytes.remaining() >= 12 {
        let cost = CHUNK_COST + chunks.read_chunk(&mut bytes, allowance)?;
        if let Some(dense) = chunks.dense.take() {
            chunks.content.unpack(dense, slice).await?;
        }
        left = left.saturating_sub(cost);
        if left == 0 {
            slice.spend(1).await;
            left = BYTES_A_UNIT;
        }
    }
    let mut content = chunks.content;
    let said = ["chunk is not understood", "chunks are not understood"];
    let note = in_words(content.unknown, said) + " and left out";
    content.report.lose(Kind::Unknown, content.unknown, note);
    Ok(content)
}

/// What the content of a `MATL` chunk says, and of which number.
pub(super) fn read_material(data: &[u8]) -> Option<(i32, Entries)> {
    let mut data = Bytes::new(data, NAME);
    let id = data.i32("a material's number").ok()?;
    Some((id, Record::read(&mut data).ok()?.texts()))
}

impl Default for Content {
    fn default() -> Self {
        Content {
            models: Vec::new(),
            colors: default_colors(),
            has_colors: false,
            nodes: BTreeMap::new(),
            layers: BTreeMap::new(),
            materials: BTreeMap::new(),
            cameras: Vec::new(),
            frames: 0,
            preserved: Vec::new(),
            unknown: 0,
            moves: false,
            report: Report::default(),
        }
    }
}

impl Chunks {
    /// Reads a chunk; how many bytes were looked at.
    fn read_chunk(
        &mut self,
        bytes: &mut Bytes<'_>,
        allowance: &mut Allowance,
    ) -> Result<usize, FormatError> {
        let kind = bytes.take(4, "a chunk's type")?;
        let start = bytes.offset();
        let [length, children] = [bytes.u32("a chunk's length")?, bytes.u32("a chunk's length")?];
        if kind == b"MAIN" {
            // Its children follow as if they were its brothers.
            bytes.take(length as usize, "the main chunk")?;
            return Ok(0);
        }
        let room = bytes.remaining() as u64;
        if u64::from(length) + u64::from(children) > room {
            let expected = format!("at most the {room} bytes that follow");
            let what = format!("a chunk of {length} + {children} bytes");
            return Err(bytes.invalid_at(start, what, expected));
        }
        let mut data = bytes.sub(length as usize, "a chunk")?;
        bytes.take(children as usize, "a chunk's children")?;
        let content = &mut self.content;
        match kind {
            b"SIZE" => self.size = Some([0; 3].map(|_| data.i32("a model's size").map(i64::from))),
            b"XYZI" => {
                let size = model_size(self.size.take(), &data)?;
                content.models.push(Model { size, voxels: voxel_list(&mut data)? });
            }
            b"TDCZ" => self.dense = Some(start_dense(&self.file, data.clone(), allowance)?),
            b"RGBA" => content.read_colors(&mut data),
            b"nTRN" | b"nGRP" | b"nSHP" => content.read_node(kind, &mut data)?,
            b"LAYR" => {
                let id = data.i32("a layer's number")?;
                let record = Record::read(&mut data)?;
                let name = record.name().map(Rc::from);
                content.layers.insert(id, LayerInfo { name, hidden: record.is_hidden() });
            }
            b"MATL" => {
                allowance.take(u64::from(length))?;
                let id = data.i32("a material's number")?;
                content.materials.insert(id, Record::read(&mut data)?.texts());
            }
            b"rCAM" => {
                allowance.take(u64::from(length))?;
                data.i32("a camera's number")?;
                content.cameras.push(Record::read(&mut data)?.texts());
            }
            b"PACK" => content.frames = data.u32("the number of frames")?,
            b"IMAP" | b"NOTE" | b"rOBJ" | b"META" | b"MATT" | b"rLIT" | b"rAIR" | b"rLEN"
            | b"POST" | b"rDIS" => {
                allowance.take(u64::from(length))?;
                let mut chunk = [0; 4];
                chunk.copy_from_slice(kind);
                let data = data.rest().into();
                content.preserved.push(PreservedChunk { kind: chunk, data });
            }
            _ => content.unknown += 1,
        }
        Ok(data.position())
    }
}

fn read_head(bytes: &mut Bytes<'_>) -> Result<(), FormatError> {
    if bytes.take(4, "the magic")? != b"VOX " {
        return Err(bytes.invalid_at(0, "another magic", "\"VOX \""));
    }
    bytes.i32("the version")?;
    if bytes.clone().take(4, "the main chunk")? != b"MAIN" {
        return Err(bytes.invalid("another chunk", "\"MAIN\", in which all others are"));
    }
    Ok(())
}

fn model_size(size: Option<RawSize>, data: &Bytes<'_>) -> Result<[i64; 3], FormatError> {
    let Some([x, y, z]) = size else {
        return Err(data.invalid("a model without a size", "a SIZE chunk before it"));
    };
    Ok([x?, y?, z?])
}

fn voxel_list(data: &mut Bytes<'_>) -> Result<ModelVoxels, FormatError> {
    let start = data.offset();
    let count = data.u32("a model's number of voxels")? as usize;
    let room = data.remaining() / 4;
    if count > room {
        let expected = format!("at most {room}, which is what fits into the chunk");
        return Err(data.invalid_at(start, format!("a model of {count} voxels"), expected));
    }
    let first = data.offset() as usize;
    Ok(ModelVoxels::List(first..first + 4 * count))
}

/// Begins with a compressed model, as Teardown writes them.
fn start_dense(
    file: &FileBytes,
    mut data: Bytes<'_>,
    allowance: &mut Allowance,
) -> Result<DenseModel, FormatError> {
    let start = data.offset();
    let [x, y, z] = [0; 3].map(|_| data.u32("a model's size"));
    let size = [i64::from(x?), i64::from(y?), i64::from(z?)];
    let cells = size.iter().try_fold(1i64, |cells, &length| cells.checked_mul(length));
    let cells = cells.and_then(|cells| usize::try_from(cells).ok());
    let cells = cells.filter(|&cells| cells <= most_from(data.remaining())).ok_or_else(|| {
        let expected = "a size that the compressed bytes can fill";
        data.invalid_at(start, format!("a model of {size:?} voxels"), expected)
    })?;
    allowance.take(cells as u64)?;
    let first = data.offset() as usize;
    let voxels = Unpacking::zlib(file, first..first + data.remaining(), cells);
    Ok(DenseModel { size, cells, start, voxels })
}

impl Content {
    /// Unpacks the voxels of a model. The stream may lack its end.
    async fn unpack(&mut self, mut dense: DenseModel, slice: &Slice) -> Result<(), FormatError> {
        let damaged = |error: std::io::Error| {
            Bytes::new(&[], NAME).invalid_at(dense.start, error.to_string(), "a zlib stream")
        };
        while dense.voxels.advance().map_err(damaged)? {
            slice.spend(1).await;
        }
        if dense.voxels.len() < dense.cells {
            self.report.warn("a compressed model ends early; the rest of it is empty");
        }
        let voxels = ModelVoxels::Dense(dense.voxels.into_bytes());
        self.models.push(Model { size: dense.size, voxels });
        Ok(())
    }

    /// Entry k of the chunk is colour k + 1. The chunk may be one entry short.
    fn read_colors(&mut self, data: &mut Bytes<'_>) {
        let entries = data.clone().rest().as_chunks::<4>().0;
        for (color, &[r, g, b, _]) in self.colors[1..].iter_mut().zip(entries) {
            *color = Rgba::opaque(r, g, b);
        }
        self.has_colors = true;
    }

    fn read_node(&mut self, kind: &[u8], data: &mut Bytes<'_>) -> Result<(), FormatError> {
        let id = data.i32("a node's number")?;
        let record = Record::read(data)?;
        let node = match kind {
            b"nTRN" => {
                let child = data.i32("a node's child")?;
                data.i32("a node's reserved number")?;
                let layer = data.i32("a node's layer")?;
                let frames = data.i32("a node's number of frames")?;
                let frame = if frames > 0 { Some(Record::read(data)?) } else { None };
                // The places of later frames are told apart by nobody: the first one stands.
                self.moves |= frames > 1;
                let transform = Transform::from_frame(frame.as_ref()).ok_or_else(|| {
                    let expected = "_r of 3 different axes and _t of 3 numbers";
                    data.invalid("a node's place that is none", expected)
                })?;
                let (name, hidden) = (record.name().map(Rc::from), record.is_hidden());
                Node::Transform { child, layer, name, hidden, transform }
            }
            b"nGRP" => {
                let count = data.length("a node's number of children")?;
                let first = data.offset() as usize;
                // They are not copied, so they cost nothing yet.
                data.clone().take(count.saturating_mul(4), "a node's children")?;
                Node::Group(first..first + 4 * count)
            }
            _ => {
                let count = data.i32("a node's number of models")?;
                let mut models = Vec::new();
                for _ in 0..count.clamp(0, FRAMES_MAX) {
                    let model = data.i32("a node's model")?;
                    let frame = Record::read(data).ok().and_then(|record| record.get("_f"));
                    models.push((model, frame.and_then(|frame| frame.parse().ok()).unwrap_or(0)));
                    if count == 1 {
                        break;
                    }
                }
                Node::Shape { models }
            }
        };
        self.nodes.insert(id, node);
        Ok(())
    }
}
