//! The chunks of a file: models, palette, and the nodes of the scene graph.

use std::collections::HashMap;
use std::io::Read;
use std::ops::Range;

use super::NAME;
use super::palette::{Colors, default_colors};
use super::scene::{Node, Transform};
use crate::format::FormatError;
use crate::format::builder::Allowance;
use crate::format::bytes::Bytes;
use crate::voxel::Rgba;

/// The content of a file.
pub(super) struct Content {
    pub(super) models: Vec<Model>,
    pub(super) colors: Colors,
    pub(super) has_colors: bool,
    pub(super) nodes: HashMap<i32, Node>,
    pub(super) layers: HashMap<i32, LayerInfo>,
    pub(super) warnings: Vec<String>,
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
    Dense(Vec<u8>),
}

/// What MagicaVoxel calls a layer: a name and visibility that nodes share.
#[derive(Default)]
pub(super) struct LayerInfo {
    pub(super) name: Option<String>,
    pub(super) hidden: bool,
}

/// A record of texts.
pub(super) struct Dict(Vec<(String, String)>);

impl Dict {
    fn read(bytes: &mut Bytes<'_>) -> Result<Dict, FormatError> {
        let count = bytes.length("a record's length")?;
        let mut entries = Vec::new();
        for _ in 0..count {
            let key = string(bytes)?;
            entries.push((key, string(bytes)?));
        }
        Ok(Dict(entries))
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    fn is_hidden(&self) -> bool {
        self.get("_hidden") == Some("1")
    }

    fn name(&self) -> Option<String> {
        self.get("_name").filter(|name| !name.is_empty()).map(str::to_owned)
    }
}

fn string(bytes: &mut Bytes<'_>) -> Result<String, FormatError> {
    let length = bytes.length("a text's length")?;
    Ok(String::from_utf8_lossy(bytes.take(length, "a text")?).into_owned())
}

/// Reads all chunks of a file that begins with "VOX ".
pub(super) fn read(file: &[u8], allowance: &mut Allowance) -> Result<Content, FormatError> {
    let mut bytes = Bytes::new(file, NAME);
    if bytes.take(4, "the magic")? != b"VOX " {
        return Err(bytes.invalid_at(0, "another magic", "\"VOX \""));
    }
    bytes.i32("the version")?;
    let mut content = Content {
        models: Vec::new(),
        colors: default_colors(),
        has_colors: false,
        nodes: HashMap::new(),
        layers: HashMap::new(),
        warnings: Vec::new(),
    };
    let mut size = None;
    let mut materials = false;
    while bytes.remaining() >= 12 {
        let kind = bytes.take(4, "a chunk's type")?;
        let start = bytes.offset();
        let [length, children] = [bytes.u32("a chunk's length")?, bytes.u32("a chunk's length")?];
        if kind == b"MAIN" {
            // Its children follow as if they were its brothers.
            bytes.take(length as usize, "the main chunk")?;
            continue;
        }
        let room = bytes.remaining() as u64;
        if u64::from(length) + u64::from(children) > room {
            let expected = format!("at most the {room} bytes that follow");
            let what = format!("a chunk of {length} + {children} bytes");
            return Err(bytes.invalid_at(start, what, expected));
        }
        let mut data = bytes.sub(length as usize, "a chunk")?;
        bytes.take(children as usize, "a chunk's children")?;
        match kind {
            b"SIZE" => size = Some([0; 3].map(|_| data.i32("a model's size").map(i64::from))),
            b"XYZI" => {
                let size = model_size(size.take(), &data)?;
                content.models.push(Model { size, voxels: voxel_list(&mut data)? });
            }
            b"TDCZ" => content.read_dense(&mut data, allowance)?,
            b"RGBA" => content.read_colors(&mut data),
            b"nTRN" | b"nGRP" | b"nSHP" => content.read_node(kind, &mut data)?,
            b"LAYR" => {
                let id = data.i32("a layer's number")?;
                let dict = Dict::read(&mut data)?;
                let info = LayerInfo { name: dict.name(), hidden: dict.is_hidden() };
                content.layers.insert(id, info);
            }
            b"MATL" => {
                data.i32("a material's number")?;
                let dict = Dict::read(&mut data)?;
                materials |= dict.get("_type").is_some_and(|kind| kind != "_diffuse");
            }
            _ => {}
        }
    }
    if materials {
        content
            .warnings
            .push("materials of single colours (metal, glass, light) are left out".into());
    }
    Ok(content)
}

type RawSize = Option<[Result<i64, FormatError>; 3]>;

fn model_size(size: RawSize, data: &Bytes<'_>) -> Result<[i64; 3], FormatError> {
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

impl Content {
    /// A compressed model, as Teardown writes them. The stream may lack its end.
    fn read_dense(
        &mut self,
        data: &mut Bytes<'_>,
        allowance: &mut Allowance,
    ) -> Result<(), FormatError> {
        let start = data.offset();
        let [x, y, z] = [0; 3].map(|_| data.u32("a model's size"));
        let size = [i64::from(x?), i64::from(y?), i64::from(z?)];
        let cells = size.iter().try_fold(1i64, |cells, &length| cells.checked_mul(length));
        // Deflate makes at most about a thousand bytes from one.
        let possible = 1100 * data.remaining() as i64 + 1100;
        let cells = cells.filter(|&cells| cells <= possible).ok_or_else(|| {
            let expected = "a size that the compressed bytes can fill";
            data.invalid_at(start, format!("a model of {size:?} voxels"), expected)
        })?;
        allowance.take(cells as u64)?;
        let mut indexes = Vec::with_capacity(cells as usize);
        let inflated = flate2::read::ZlibDecoder::new(data.rest());
        let complete = inflated.take(cells as u64).read_to_end(&mut indexes);
        if indexes.len() < cells as usize {
            if let Err(error) = complete {
                return Err(data.invalid_at(start, error.to_string(), "a zlib stream"));
            }
            self.warnings.push("a compressed model ends early; the rest of it is empty".into());
        }
        self.models.push(Model { size, voxels: ModelVoxels::Dense(indexes) });
        Ok(())
    }

    /// Entry k of the chunk is colour k + 1. The chunk may be one entry short.
    fn read_colors(&mut self, data: &mut Bytes<'_>) {
        let entries = data.rest().as_chunks::<4>().0;
        for (color, &[r, g, b, _]) in self.colors[1..].iter_mut().zip(entries) {
            *color = Rgba::opaque(r, g, b);
        }
        self.has_colors = true;
    }

    fn read_node(&mut self, kind: &[u8], data: &mut Bytes<'_>) -> Result<(), FormatError> {
        let id = data.i32("a node's number")?;
        let dict = Dict::read(data)?;
        let node = match kind {
            b"nTRN" => {
                let child = data.i32("a node's child")?;
                data.i32("a node's reserved number")?;
                let layer = data.i32("a node's layer")?;
                let frames = data.i32("a node's number of frames")?;
                let frame = if frames > 0 { Some(Dict::read(data)?) } else { None };
                if frames > 1 {
                    self.warn_frames();
                }
                let transform = Transform::from_frame(frame.as_ref()).ok_or_else(|| {
                    let expected = "_r of 3 different axes and _t of 3 numbers";
                    data.invalid("a node's place that is none", expected)
                })?;
                let (name, hidden) = (dict.name(), dict.is_hidden());
                Node::Transform { child, layer, name, hidden, transform }
            }
            b"nGRP" => {
                let count = data.length("a node's number of children")?;
                let mut children = Vec::new();
                for _ in 0..count {
                    children.push(data.i32("a node's child")?);
                }
                Node::Group(children)
            }
            _ => {
                let count = data.i32("a node's number of models")?;
                if count > 1 {
                    self.warn_frames();
                }
                Node::Shape { model: if count > 0 { data.i32("a node's model")? } else { -1 } }
            }
        };
        self.nodes.insert(id, node);
        Ok(())
    }

    fn warn_frames(&mut self) {
        let warning = "the file is animated; only its first frame is loaded";
        if !self.warnings.iter().any(|known| known == warning) {
            self.warnings.push(warning.to_owned());
        }
    }
}
