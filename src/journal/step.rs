//! A step of any kind as pieces of bytes: what it changed and no more, however much there is.

use super::bytes::Put;
use super::document::{
    ACTIVE, FROM_LAYER, LIST, MASK, PART_OF_CAMERAS, PART_OF_MATERIALS, VOXELS, is_same_frame,
    piece, write_changed, write_difference, write_frame_of, write_volume,
};
use super::parts::{write_camera, write_material, write_part};
use crate::document::history::{ListChange, NewStep};
use crate::voxel::stored;

pub(super) const INSERT: u8 = 0;
pub(super) const REMOVE: u8 = 1;
pub(super) const MOVE: u8 = 2;

/// Writes what a step changed.
pub(super) fn write(step: &NewStep<'_>, out: &mut Vec<u8>) {
    let after = step.document();
    if step.is_replacement() {
        return write_difference(&step.document_before(), after, out);
    }
    let before = step.before();
    let [name, palette, preserved] = before.has_changed();
    let [canvas, active_camera, light, selection, active] = before.differs_from(after);
    // Of long lists the part that changed is enough.
    let changed = [name, canvas, false, false, active_camera, light, palette, selection, preserved];
    write_changed(changed, after, out);
    if let Some(part) = before.materials(after) {
        piece(PART_OF_MATERIALS, out, |out| write_part(&part, out, write_material));
    }
    if let Some(part) = before.cameras(after) {
        piece(PART_OF_CAMERAS, out, |out| write_part(&part, out, write_camera));
    }
    let list = step.list_changes();
    if !list.is_empty() {
        piece(LIST, out, |out| list.iter().for_each(|change| write_list_change(*change, out)));
    }
    if active {
        piece(ACTIVE, out, |out| out.put_i32(after.active().0));
    }
    let layers = step.changed_layers();
    for layer in &layers {
        if layer.before.is_none_or(|before| !is_same_frame(before, layer.now)) {
            write_frame_of(layer.now, out);
        }
    }
    for layer in layers.iter().filter(|layer| layer.has_voxels) {
        let (now, old) = (&layer.now.volume, layer.before.map(|before| &before.volume));
        if old.is_some_and(|old| old.is_same_storage(now)) || (old.is_none() && now.is_empty()) {
            continue;
        }
        piece(VOXELS, out, |out| {
            out.put_i32(layer.now.id.0);
            if let Some(old) = old.filter(|old| stored::is_like(now, old)) {
                return write_volume(Some(old), now, out);
            }
            match step.sources().find(|(_, source)| stored::is_like(now, source)) {
                Some((id, source)) => {
                    out.put_u8(FROM_LAYER);
                    out.put_i32(id.0);
                    stored::write_difference(source, now, out);
                }
                None => write_volume(None, now, out),
            }
        });
    }
    if let Some(mask) = before.mask() {
        let source = Some(mask).filter(|mask| stored::is_like(&after.mask, mask));
        piece(MASK, out, |out| write_volume(source, &after.mask, out));
    }
}

fn write_list_change(change: ListChange, out: &mut Vec<u8>) {
    match change {
        ListChange::Insert(id, place) => {
            out.put_u8(INSERT);
            out.put_i32(id.0);
            out.put_u32(place as u32);
        }
        ListChange::Remove(id) => {
            out.put_u8(REMOVE);
            out.put_i32(id.0);
        }
        ListChange::Move(from, to) => {
            out.put_u8(MOVE);
            out.put_u32(from as u32);
            out.put_u32(to as u32);
        }
    }
}
