//! The scene graph of a file that is written: a root, a group, and each model with its place.

use super::model::put_chunk;
use crate::format::Pieces;
use crate::format::bytes::Put;
use crate::job::Slice;

/// Places that MagicaVoxel accepts are between minus this and this.
pub(super) const SCENE_EDGE: i64 = 1000;
/// Models whose nodes are written in one unit of work.
const PARTS_A_UNIT: i32 = 256;

/// The scene graph in the making.
#[derive(Default)]
pub(super) struct Scene {
    parts: Vec<Part>,
    /// Whether a part lies beyond [`SCENE_EDGE`].
    pub(super) is_far: bool,
}

/// A model's node in the scene graph.
struct Part {
    name: String,
    hidden: bool,
    layer: i32,
    place: [i64; 3],
}

impl Scene {
    pub(super) fn add(&mut self, name: &str, hidden: bool, layer: i32, place: [i64; 3]) {
        self.is_far |= place.iter().any(|value| value.abs() > SCENE_EDGE);
        self.parts.push(Part { name: name.to_owned(), hidden, layer, place });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Writes the graph.
    pub(super) async fn write(&self, out: &mut Pieces, slice: &Slice) {
        put_transform(out, 0, &[], 1, -1, None);
        let mut group = Vec::new();
        group.put_i32(1);
        put_dict(&mut group, &[]);
        group.put_i32(self.parts.len() as i32);
        (0..self.parts.len()).for_each(|index| group.put_i32(2 + 2 * index as i32));
        put_chunk(out, b"nGRP", &group);
        for (index, part) in (0i32..).zip(&self.parts) {
            let node = 2 + 2 * index;
            let entries = node_entries(&part.name, part.hidden);
            put_transform(out, node, &entries, node + 1, part.layer, Some(part.place));
            let mut shape = Vec::new();
            shape.put_i32(node + 1);
            put_dict(&mut shape, &[]);
            shape.put_i32(1);
            shape.put_i32(index);
            put_dict(&mut shape, &[]);
            put_chunk(out, b"nSHP", &shape);
            if index % PARTS_A_UNIT == 0 {
                slice.spend(1).await;
            }
        }
    }
}

pub(super) fn node_entries(name: &str, hidden: bool) -> Vec<(&'static str, String)> {
    let mut entries = Vec::new();
    if !name.is_empty() {
        entries.push(("_name", name.to_owned()));
    }
    if hidden {
        entries.push(("_hidden", "1".to_owned()));
    }
    entries
}

fn put_transform(
    out: &mut Pieces,
    node: i32,
    entries: &[(&str, String)],
    child: i32,
    layer: i32,
    place: Option<[i64; 3]>,
) {
    let mut data = Vec::new();
    data.put_i32(node);
    put_dict(&mut data, entries);
    [child, -1, layer, 1].into_iter().for_each(|value| data.put_i32(value));
    match place {
        Some([x, y, z]) => put_dict(&mut data, &[("_t", format!("{x} {y} {z}"))]),
        None => put_dict(&mut data, &[]),
    }
    put_chunk(out, b"nTRN", &data);
}

pub(super) fn put_dict(out: &mut Vec<u8>, entries: &[(&str, String)]) {
    out.put_i32(entries.len() as i32);
    for (key, value) in entries {
        out.put_sized(key.as_bytes());
        out.put_sized(value.as_bytes());
    }
}
