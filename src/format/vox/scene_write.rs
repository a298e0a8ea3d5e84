//! The scene graph of a file that is written: a root, groups, and each model with its place.

use rustc_hash::FxHashMap;

use super::material::Entries;
use super::model::put_chunk;
use super::scene::Transform;
use crate::format::Pieces;
use crate::format::bytes::Put;
use crate::job::{Slice, leftovers};

/// Places that MagicaVoxel accepts are between minus this and this.
pub(super) const SCENE_EDGE: i64 = 1000;
/// Models whose nodes are written in one unit of work.
const PARTS_A_UNIT: usize = 256;

/// A model's node in the scene graph.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) hidden: bool,
    pub(super) layer: i32,
    /// The names of the groups that it is in, with slashes between.
    pub(super) group: String,
    pub(super) model: usize,
    pub(super) transform: Transform,
}

/// The scene graph in the making.
#[derive(Default)]
pub(super) struct Scene {
    parts: Vec<Part>,
    /// Whether a part lies beyond [`SCENE_EDGE`].
    pub(super) is_far: bool,
}

/// A group: its name, and what is in it as numbers of parts and groups.
#[derive(Default)]
struct Group {
    path: String,
    parts: Vec<usize>,
    groups: Vec<usize>,
    node: i32,
}

impl Drop for Scene {
    fn drop(&mut self) {
        leftovers::leave(std::mem::take(&mut self.parts).into_iter());
    }
}

impl Scene {
    pub(super) fn add(&mut self, part: Part) {
        self.is_far |= part.transform.translation.iter().any(|value| value.abs() > SCENE_EDGE);
        self.parts.push(part);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// All groups, each behind the one that it is in; the first one holds everything.
    async fn groups(&self, slice: &Slice) -> Vec<Group> {
        let mut groups = vec![Group::default()];
        let mut known: FxHashMap<&str, usize> = FxHashMap::default();
        for (index, part) in self.parts.iter().enumerate() {
            let mut inside = 0;
            let ends = part.group.match_indices('/').map(|(at, _)| at);
            for end in ends.chain([part.group.len()]).filter(|&end| end > 0) {
                let path = &part.group[..end];
                inside = *known.entry(path).or_insert_with(|| {
                    let new = groups.len();
                    groups[inside].groups.push(new);
                    groups.push(Group { path: path.to_owned(), ..Group::default() });
                    new
                });
            }
            groups[inside].parts.push(index);
            if index % PARTS_A_UNIT == 0 {
                slice.spend(1).await;
            }
        }
        groups
    }

    /// Writes the graph. Each part and each group has a node for its place and one for itself
    /// behind it.
    pub(super) async fn write(&self, out: &mut Pieces, slice: &Slice) {
        let mut groups = self.groups(slice).await;
        let count = groups.len();
        (0..count).for_each(|index| groups[index].node = 2 * index as i32);
        let part_node = |index: usize| 2 * (count + index) as i32;
        for group in &groups {
            let name = group.path.rsplit('/').next().unwrap_or_default();
            put_transform(out, group.node, &node_entries(name, false), group.node + 1, -1, None);
            let mut data = Vec::new();
            data.put_i32(group.node + 1);
            put_dict::<&str>(&mut data, &[]);
            data.put_i32((group.parts.len() + group.groups.len()) as i32);
            group.groups.iter().for_each(|&inner| data.put_i32(groups[inner].node));
            group.parts.iter().for_each(|&part| data.put_i32(part_node(part)));
            put_chunk(out, b"nGRP", &data);
        }
        for (index, part) in self.parts.iter().enumerate() {
            let node = part_node(index);
            let entries = node_entries(&part.name, part.hidden);
            put_transform(out, node, &entries, node + 1, part.layer, Some(part.transform));
            let mut shape = Vec::new();
            shape.put_i32(node + 1);
            put_dict::<&str>(&mut shape, &[]);
            shape.put_i32(1);
            shape.put_i32(part.model as i32);
            put_dict::<&str>(&mut shape, &[]);
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
    place: Option<Transform>,
) {
    let mut data = Vec::new();
    data.put_i32(node);
    put_dict(&mut data, entries);
    [child, -1, layer, 1].into_iter().for_each(|value| data.put_i32(value));
    let mut frame = Vec::new();
    if let Some(transform) = place {
        let [x, y, z] = transform.translation;
        if Transform::IDENTITY.rotation() != transform.rotation() {
            frame.push(("_r", transform.rotation().to_string()));
        }
        frame.push(("_t", format!("{x} {y} {z}")));
    }
    put_dict(&mut data, &frame);
    put_chunk(out, b"nTRN", &data);
}

pub(super) fn put_dict<K: AsRef<str>>(out: &mut Vec<u8>, entries: &[(K, String)]) {
    out.put_i32(entries.len() as i32);
    for (key, value) in entries {
        out.put_sized(key.as_ref().as_bytes());
        out.put_sized(value.as_bytes());
    }
}

/// A number and a record, as materials and cameras are written.
pub(super) fn record_bytes(number: i32, entries: &Entries) -> Vec<u8> {
    let mut data = Vec::new();
    data.put_i32(number);
    put_dict(&mut data, entries);
    data
}
