//! What a document is, and what a step made of it, as pieces of bytes.
//!
//! A piece is its number (1 byte), its length (4) and what it says. Only pieces that changed are
//! written; voxels as the blocks that changed ([`crate::voxel::stored`]). They are put in place in
//! the order in which they are written.

use std::collections::HashMap;

use super::bytes::{Malformed, Put, Take, put_measured};
use super::parts::*;
use super::step;
use crate::document::{Document, Layer, LayerId};
use crate::voxel::{Volume, stored};

const NAME: u8 = 1;
const CANVAS: u8 = 2;
const MATERIALS: u8 = 3;
const CAMERAS: u8 = 4;
const ACTIVE_CAMERA: u8 = 5;
const LIGHT: u8 = 6;
const PALETTE: u8 = 7;
const SELECTION: u8 = 8;
const PRESERVED: u8 = 9;
const LAYERS: u8 = 10;
const LAYER: u8 = 11;
pub(super) const VOXELS: u8 = 12;
pub(super) const MASK: u8 = 13;
pub(super) const LIST: u8 = 14;
pub(super) const ACTIVE: u8 = 15;
pub(super) const PART_OF_MATERIALS: u8 = 16;
pub(super) const PART_OF_CAMERAS: u8 = 17;

/// Where a volume's list of blocks begins: with nothing, with what it was, or with what another
/// layer was.
const FROM_NOTHING: u8 = 0;
const FROM_ITSELF: u8 = 1;
pub(super) const FROM_LAYER: u8 = 2;

/// Writes a whole document.
pub(super) fn write_whole(document: &Document, out: &mut Vec<u8>) {
    let nothing = Document::new("", [1, 1, 1]);
    write_pieces(None, document, out);
    write_volumes(&nothing, document, true, out);
}

/// Writes a whole document but for its layers' voxels.
pub(super) fn write_frame(document: &Document, out: &mut Vec<u8>) {
    write_pieces(None, document, out);
    piece(MASK, out, |out| write_volume(None, &document.mask, out));
}

/// Writes what differs between two documents but for their layers' voxels.
pub(super) fn write_frame_difference(before: &Document, after: &Document, out: &mut Vec<u8>) {
    write_pieces(Some(before), after, out);
    write_mask(before, after, false, out);
}

/// Writes what a step changed.
pub(super) fn write_difference(before: &Document, after: &Document, out: &mut Vec<u8>) {
    write_pieces(Some(before), after, out);
    write_volumes(before, after, false, out);
}

pub(super) fn piece(number: u8, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.put_u8(number);
    put_measured(out, write);
}

/// Writes what is true of: name, canvas, materials, cameras, active camera, light, palette,
/// selection, preserved parts.
pub(super) fn write_changed(changed: [bool; 9], document: &Document, out: &mut Vec<u8>) {
    type Writer<'w> = &'w dyn Fn(&mut Vec<u8>);
    let writers: [(u8, Writer<'_>); 9] = [
        (NAME, &|out| out.put(document.name.as_bytes())),
        (CANVAS, &|out| write_bounds(&document.canvas, out)),
        (MATERIALS, &|out| write_list(&document.materials, out, write_material)),
        (CAMERAS, &|out| write_list(&document.cameras, out, write_camera)),
        (ACTIVE_CAMERA, &|out| write_index(document.active_camera, out)),
        (LIGHT, &|out| write_light(&document.light, out)),
        (PALETTE, &|out| write_palette(&document.palette, out)),
        (SELECTION, &|out| write_box(&document.selection, out)),
        (PRESERVED, &|out| write_list(&document.preserved, out, write_chunk)),
    ];
    for ((number, write), _) in writers.iter().zip(changed).filter(|(_, changed)| *changed) {
        piece(*number, out, write);
    }
}

fn write_pieces(before: Option<&Document>, after: &Document, out: &mut Vec<u8>) {
    let changed = before.map_or([true; 9], |before| {
        [
            before.name != after.name,
            before.canvas != after.canvas,
            before.materials != after.materials,
            before.cameras != after.cameras,
            before.active_camera != after.active_camera,
            before.light != after.light,
            before.palette != after.palette,
            before.selection != after.selection,
            before.preserved != after.preserved,
        ]
    });
    write_changed(changed, after, out);
    let order = |document: &Document| {
        let ids = document.layers().iter().map(|layer| layer.id.0);
        ids.chain([document.active().0]).collect::<Vec<i32>>()
    };
    let now = order(after);
    if before.is_none_or(|before| order(before) != now) {
        piece(LAYERS, out, |out| now.iter().for_each(|&id| out.put_i32(id)));
    }
    for (place, layer) in after.layers().iter().enumerate() {
        let old = before.and_then(|before| before.layer_near(layer.id, place));
        if old.is_none_or(|old| !is_same_frame(old, layer)) {
            write_frame_of(layer, out);
        }
    }
}

/// Writes all of a layer but its voxels.
pub(super) fn write_frame_of(layer: &Layer, out: &mut Vec<u8>) {
    piece(LAYER, out, |out| write_layer(layer, out));
}

/// Whether two layers differ in their voxels at most.
pub(super) fn is_same_frame(a: &Layer, b: &Layer) -> bool {
    a.name == b.name
        && a.visible == b.visible
        && a.opacity.to_bits() == b.opacity.to_bits()
        && a.mode == b.mode
        && a.material == b.material
        && a.matrix == b.matrix
        && a.bounds == b.bounds
        && a.content == b.content
        && a.preserved == b.preserved
}

fn write_volumes(before: &Document, after: &Document, is_whole: bool, out: &mut Vec<u8>) {
    for (place, layer) in after.layers().iter().enumerate() {
        let itself = before.layer_near(layer.id, place).filter(|_| !is_whole);
        if itself.is_some_and(|old| old.volume.is_same_storage(&layer.volume))
            || (itself.is_none() && layer.volume.is_empty())
        {
            continue;
        }
        let source = itself.filter(|old| stored::is_like(&layer.volume, &old.volume));
        let source = source.or_else(|| {
            let mut others = before.layers().iter().filter(|_| !is_whole);
            others.find(|other| stored::is_like(&layer.volume, &other.volume))
        });
        piece(VOXELS, out, |out| {
            out.put_i32(layer.id.0);
            match source {
                Some(source) if source.id == layer.id => {
                    write_volume(Some(&source.volume), &layer.volume, out);
                }
                Some(source) => {
                    out.put_u8(FROM_LAYER);
                    out.put_i32(source.id.0);
                    stored::write_difference(&source.volume, &layer.volume, out);
                }
                None => write_volume(None, &layer.volume, out),
            }
        });
    }
    write_mask(before, after, is_whole, out);
}

fn write_mask(before: &Document, after: &Document, is_whole: bool, out: &mut Vec<u8>) {
    if is_whole || !before.mask.is_same_storage(&after.mask) {
        let source = Some(&before.mask).filter(|mask| stored::is_like(&after.mask, mask));
        piece(MASK, out, |out| write_volume(source, &after.mask, out));
    }
}

pub(super) fn write_volume(before: Option<&Volume>, after: &Volume, out: &mut Vec<u8>) {
    match before {
        Some(before) => {
            out.put_u8(FROM_ITSELF);
            stored::write_difference(before, after, out);
        }
        None => {
            out.put_u8(FROM_NOTHING);
            stored::write_all(after, out);
        }
    }
}

/// What pieces are about: the number of each, and the layer if it is about one.
pub fn subjects(bytes: &[u8]) -> Result<Vec<(u8, i32)>, Malformed> {
    let (mut found, mut pieces) = (Vec::new(), Take::new(bytes, "document"));
    while !pieces.is_empty() {
        let (number, mut body) = (pieces.u8()?, Take::new(pieces.counted()?, "document"));
        found.push((number, if number == LAYER { body.i32()? } else { 0 }));
    }
    Ok(found)
}

/// Voxels that a document had before pieces changed it.
#[derive(Default)]
struct Past {
    /// All of it, once the layers were arranged anew.
    whole: Option<Document>,
    /// Else of the layers that were changed or that went.
    gone: HashMap<LayerId, Volume>,
}

impl Past {
    fn volume(&self, id: LayerId, document: &Document) -> Option<Volume> {
        let of = |document: &Document| document.layer(id).map(|layer| layer.volume.clone());
        match &self.whole {
            Some(whole) => of(whole),
            None => self.gone.get(&id).cloned().or_else(|| of(document)),
        }
    }
}

/// Changes a document as pieces say.
pub fn apply(document: &mut Document, bytes: &[u8]) -> Result<(), Malformed> {
    let mut past = Past::default();
    let mut pieces = Take::new(bytes, "document");
    while !pieces.is_empty() {
        let (number, body) = (pieces.u8()?, pieces.counted()?);
        apply_piece(document, &mut past, number, body)?;
    }
    if document.layer(document.active()).is_some() { Ok(()) } else { Err(Malformed("layers")) }
}

fn apply_piece(
    document: &mut Document,
    past: &mut Past,
    number: u8,
    body: &[u8],
) -> Result<(), Malformed> {
    let mut take = Take::new(body, "document");
    match number {
        NAME => {
            let name = std::str::from_utf8(take.rest()).map_err(|_| Malformed("name"))?;
            document.name = name.to_owned();
        }
        CANVAS => document.canvas = bounds(&mut take)?,
        MATERIALS => document.materials = take.list(material)?,
        CAMERAS => document.cameras = take.list(camera)?,
        ACTIVE_CAMERA => document.active_camera = index(&mut take)?,
        LIGHT => document.light = light(&mut take)?,
        PALETTE => document.palette = palette(&mut take)?,
        SELECTION => document.selection = optional_box(&mut take)?,
        PRESERVED => document.preserved = take.list(chunk)?,
        LAYERS => {
            let mut ids = Vec::new();
            while !take.is_empty() {
                ids.push(LayerId(take.i32()?));
            }
            let active = ids.pop().ok_or(Malformed("layers"))?;
            past.whole.get_or_insert_with(|| document.clone());
            let is_arranged = document.arrange_layers(&ids, active);
            return if is_arranged { Ok(()) } else { Err(Malformed("layers")) };
        }
        LAYER => {
            let id = LayerId(take.i32()?);
            let layer = document.layer_mut(id).ok_or(Malformed("layer"))?;
            read_layer(&mut take, layer)?;
        }
        VOXELS => {
            let id = LayerId(take.i32()?);
            let volume = read_volume(&mut take, |from| past.volume(from.unwrap_or(id), document))?;
            let layer = document.layer_mut(id).ok_or(Malformed("layer"))?;
            let old = std::mem::replace(&mut layer.volume, volume);
            past.gone.entry(id).or_insert(old);
        }
        MASK => {
            document.mask = read_volume(&mut take, |from| match from {
                Some(id) => past.volume(id, document),
                None => Some(document.mask.clone()),
            })?;
        }
        LIST => {
            while !take.is_empty() {
                apply_list_change(document, past, &mut take)?;
            }
        }
        PART_OF_MATERIALS => read_part(&mut take, &mut document.materials, material)?,
        PART_OF_CAMERAS => read_part(&mut take, &mut document.cameras, camera)?,
        ACTIVE => document.put_active(LayerId(take.i32()?)),
        _ => return Err(Malformed("piece")),
    }
    if take.is_empty() { Ok(()) } else { Err(take.malformed()) }
}

fn apply_list_change(
    document: &mut Document,
    past: &mut Past,
    take: &mut Take<'_>,
) -> Result<(), Malformed> {
    let is_done = match take.u8()? {
        step::INSERT => {
            let (id, place) = (LayerId(take.i32()?), take.u32()?);
            document.insert_layer(id, place as usize)
        }
        step::REMOVE => {
            let removed =
                document.withdraw_layer(LayerId(take.i32()?)).ok_or(Malformed("layers"))?;
            past.gone.entry(removed.id).or_insert(removed.volume);
            true
        }
        step::MOVE => document.shift(take.u32()? as usize, take.u32()? as usize),
        _ => false,
    };
    if is_done { Ok(()) } else { Err(Malformed("layers")) }
}

/// Reads voxels. `from` has those that they begin with: of a layer, or else what they were.
fn read_volume(
    take: &mut Take<'_>,
    from: impl FnOnce(Option<LayerId>) -> Option<Volume>,
) -> Result<Volume, Malformed> {
    let begin = match take.u8()? {
        FROM_NOTHING => Some(Volume::new()),
        FROM_ITSELF => from(None),
        FROM_LAYER => from(Some(LayerId(take.i32()?))),
        _ => None,
    };
    let mut volume = begin.ok_or(Malformed("voxels"))?;
    stored::read_into(&mut volume, take.rest()).map_err(|_| Malformed("voxels"))?;
    Ok(volume)
}
