//! The scene graph: which models stand where.
//!
//! A model turns and moves about the cell floor(size / 2) of its own. Cells turn by their centres,
//! so that an axis that is reversed lands on whole cells again.

use std::ops::Range;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::chunks::Content;
use super::record::Record;
use crate::document::Matrix;
use crate::format::{FormatError, too_many_layers};
use crate::job::Slice;

/// A node of the graph.
pub(super) enum Node {
    Transform {
        child: i32,
        layer: i32,
        name: Option<Rc<str>>,
        hidden: bool,
        transform: Transform,
    },
    /// Where the numbers of its children are in the file, four bytes each.
    Group(Range<usize>),
    /// Its models, and of which frame each is.
    Shape {
        models: Vec<(i32, i32)>,
    },
}

/// A rotation by quarter turns and reflections, then a translation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Transform {
    /// For each row the column of its only entry.
    pub(super) columns: [usize; 3],
    /// For each row the sign of its only entry.
    pub(super) signs: [i64; 3],
    pub(super) translation: [i64; 3],
}

impl Transform {
    pub(super) const IDENTITY: Transform =
        Transform { columns: [0, 1, 2], signs: [1; 3], translation: [0; 3] };

    /// Reads `_r` and `_t`; `None` if they make no sense.
    pub(super) fn from_frame(frame: Option<&Record<'_>>) -> Option<Transform> {
        let mut transform = Transform::IDENTITY;
        let Some(frame) = frame else { return Some(transform) };
        if let Some(rotation) = frame.get("_r") {
            let bits: u8 = rotation.trim().parse().ok()?;
            let first = usize::from(bits & 3);
            let second = usize::from(bits >> 2 & 3);
            if first == second || first > 2 || second > 2 {
                return None;
            }
            transform.columns = [first, second, 3 - first - second];
            transform.signs = [4, 5, 6].map(|bit| if bits >> bit & 1 == 1 { -1 } else { 1 });
        }
        if let Some(translation) = frame.get("_t") {
            let numbers: Option<Vec<i64>> =
                translation.split_ascii_whitespace().map(|v| v.parse().ok()).collect();
            transform.translation = numbers?.try_into().ok()?;
            if transform.translation.iter().any(|value| value.abs() > 1 << 32) {
                return None;
            }
        }
        Some(transform)
    }

    /// This transform after one of a child.
    fn then_child(&self, child: &Transform) -> Transform {
        let rotated = |row: usize| self.signs[row] * child.translation[self.columns[row]];
        Transform {
            columns: [0, 1, 2].map(|row| child.columns[self.columns[row]]),
            signs: [0, 1, 2].map(|row| self.signs[row] * child.signs[self.columns[row]]),
            translation: [0, 1, 2].map(|row| self.translation[row].saturating_add(rotated(row))),
        }
    }

    /// What takes a model of this size from this place to another one, in cells.
    pub(super) fn way_to(&self, other: &Transform, size: [i64; 3]) -> Matrix {
        let (from, to) = (self.base(size), other.base(size));
        let mut matrix = Matrix::IDENTITY;
        matrix.0 = [[0.0; 4]; 4];
        matrix.0[3][3] = 1.0;
        for (row, &place) in to.iter().enumerate() {
            // Both rows take the same column of the model.
            let mine = (0..3).find(|&mine| self.columns[mine] == other.columns[row]).unwrap_or(row);
            let sign = self.signs[mine] * other.signs[row];
            matrix.0[mine][row] = sign as f32;
            matrix.0[3][row] = (place - sign * from[mine]) as f32;
        }
        matrix
    }

    /// The place of a model of this size whose cell 0 lies at `from`, seen through a matrix of
    /// whole quarter turns.
    pub(super) fn through(matrix: &Matrix, from: [i64; 3], size: [i64; 3]) -> Option<Transform> {
        let mut transform = Transform::IDENTITY;
        for row in 0..3 {
            let column = (0..3).find(|&column| matrix.0[column][row] != 0.0)?;
            let sign = matrix.0[column][row];
            let others = (0..3).filter(|&other| other != column);
            let shift = matrix.0[3][row];
            if sign.abs() != 1.0 || shift.fract() != 0.0 || shift.abs() > 1e6 {
                return None;
            }
            for other in others {
                if matrix.0[other][row] != 0.0 {
                    return None;
                }
            }
            (transform.columns[row], transform.signs[row]) = (column, sign as i64);
            let base = shift as i64 + sign as i64 * from[column];
            let pivot = size[column] / 2;
            transform.translation[row] = base - if sign > 0.0 { -pivot } else { pivot - 1 };
        }
        let [a, b, c] = transform.columns;
        (a != b && b != c && a != c).then_some(transform)
    }

    /// The byte that tells the rotation.
    pub(super) fn rotation(&self) -> u8 {
        let bit = |row: usize| u8::from(self.signs[row] < 0) << (4 + row);
        self.columns[0] as u8 | (self.columns[1] as u8) << 2 | bit(0) | bit(1) | bit(2)
    }

    /// Where cell 0 of a model of this size lands; cell v lands at that plus sign * v of its
    /// column.
    pub(super) fn base(&self, size: [i64; 3]) -> [i64; 3] {
        [0, 1, 2].map(|row| {
            let pivot = size[self.columns[row]] / 2;
            let shift = if self.signs[row] > 0 { -pivot } else { pivot - 1 };
            self.translation[row].saturating_add(shift)
        })
    }
}

/// A model in its place.
pub(super) struct Instance {
    pub(super) model: usize,
    /// The frame it belongs to, if it is not of the first one.
    pub(super) frame: Option<i32>,
    /// The names of the groups that it is in, outermost first, with slashes between.
    pub(super) group: Option<Rc<str>>,
    pub(super) name: Option<Rc<str>>,
    pub(super) hidden: bool,
    pub(super) transform: Transform,
}

/// The most nodes that are visited, those that are visited again counted again.
const VISITS_MAX: usize = 1 << 18;
/// The deepest nesting of nodes.
const DEPTH_MAX: usize = 256;
/// The longest path of names of groups.
const GROUP_NAME_MAX: usize = 200;
/// Nodes visited in one unit of work.
const VISITS_A_UNIT: usize = 256;

/// A walk through the graph.
struct Walk {
    /// The nodes to visit, the next one last.
    stack: Vec<Visit>,
    instances: Vec<Instance>,
    /// Whether some were left out, because the graph runs in circles or is too large.
    left_out: bool,
}

struct Visit {
    node: i32,
    /// Of a group: which child is next.
    child: usize,
    depth: usize,
    name: Option<Rc<str>>,
    group: Option<Rc<str>>,
    /// The name of the node above, if that is a group's.
    own: Option<Rc<str>>,
    hidden: bool,
    transform: Transform,
}

/// How many instances a graph makes: those of a node that is reached again and again count each
/// time, but are counted once. What a circle leads back to counts for nothing.
async fn count(content: &Content, file: &[u8], slice: &Slice) -> u64 {
    let mut known: FxHashMap<i32, u64> = FxHashMap::default();
    // The way to the node under way, each with its next child and what the ones before make.
    let mut way = vec![(0, 0, 0u64)];
    let mut steps = 0usize;
    while let Some((node, child, made)) = way.pop() {
        steps += 1;
        if steps.is_multiple_of(VISITS_A_UNIT) {
            slice.spend(1).await;
        }
        known.entry(node).or_insert(0);
        let next = match content.nodes.get(&node) {
            Some(Node::Transform { child: only, .. }) => (child == 0).then_some(*only),
            Some(Node::Group(places)) => {
                let children = file[places.clone()].as_chunks::<4>().0;
                children.get(child).map(|&node| i32::from_le_bytes(node))
            }
            Some(Node::Shape { models }) => {
                known.insert(node, models.len() as u64);
                continue;
            }
            None => None,
        };
        match next.map(|next| (next, known.get(&next))) {
            None => _ = known.insert(node, made),
            Some((_, Some(count))) => way.push((node, child + 1, made.saturating_add(*count))),
            // It is come back to this child once that is counted.
            Some((next, None)) => way.extend([(node, child, made), (next, 0, 0)]),
        }
    }
    known.get(&0).copied().unwrap_or_default()
}

/// All instances in the order of the graph, and whether some were left out, because it runs in
/// circles or is too deep. Without a graph, every model is at the origin. Refused before they are
/// made if they are more than `most`.
pub(super) async fn gather(
    content: &Content,
    file: &[u8],
    most: usize,
    slice: &Slice,
) -> Result<(Vec<Instance>, bool), FormatError> {
    let models = content.models.len();
    let wanted =
        if content.nodes.is_empty() { models as u64 } else { count(content, file, slice).await };
    if wanted > most as u64 {
        return Err(too_many_layers(wanted, most));
    }
    let transform = Transform::IDENTITY;
    if content.nodes.is_empty() {
        let (count, name) = (content.models.len(), None);
        let is_animated = content.frames > 1;
        let instance = |model| Instance {
            model,
            frame: (is_animated && model > 0).then_some(model as i32),
            group: None,
            name: name.clone(),
            hidden: false,
            transform,
        };
        return Ok(((0..count).map(instance).collect(), false));
    }
    let (name, group, own) = (None, None, None);
    let root = Visit { node: 0, child: 0, depth: 0, name, group, own, hidden: false, transform };
    let mut walk = Walk { stack: vec![root], instances: Vec::new(), left_out: false };
    let mut visits = 0;
    while let Some(visit) = walk.stack.pop() {
        visits += usize::from(visit.child == 0);
        if visits > VISITS_MAX {
            walk.left_out = true;
            break;
        }
        if visit.depth > DEPTH_MAX {
            walk.left_out = true
        } else {
            walk.enter(visit, content, file)
        }
        if visits.is_multiple_of(VISITS_A_UNIT) {
            slice.spend(1).await;
        }
    }
    Ok((walk.instances, walk.left_out))
}

impl Walk {
    fn enter(&mut self, visit: Visit, content: &Content, file: &[u8]) {
        let (depth, child) = (visit.depth + 1, 0);
        match content.nodes.get(&visit.node) {
            Some(Node::Transform { child: node, layer, name, hidden, transform }) => {
                let layer = content.layers.get(layer);
                let hidden = visit.hidden || *hidden || layer.is_some_and(|layer| layer.hidden);
                let own = name.clone().or_else(|| layer.and_then(|layer| layer.name.clone()));
                let (group, told) = (visit.group, name.clone());
                let name = name.clone().or(visit.name).or(own);
                let transform = visit.transform.then_child(transform);
                let own = told;
                let node = *node;
                self.stack.push(Visit { node, child, depth, name, group, own, hidden, transform });
            }
            Some(Node::Group(places)) => {
                let children = file[places.clone()].as_chunks::<4>().0;
                let Some(&node) = children.get(visit.child) else { return };
                let node = i32::from_le_bytes(node);
                // The group's own name joins those around it when its first child is visited.
                let group = match (&visit.group, &visit.own) {
                    (Some(outer), Some(own)) if outer.len() + own.len() < GROUP_NAME_MAX => {
                        Some(Rc::from(format!("{outer}/{own}")))
                    }
                    (None, own) => own.clone(),
                    (outer, _) => outer.clone(),
                };
                let Visit { ref name, hidden, transform, .. } = visit;
                let (name, inner) = (name.clone(), group.clone());
                let next =
                    Visit { node, child, depth, name, group: inner, own: None, hidden, transform };
                if visit.child + 1 < children.len() {
                    self.stack.push(Visit { child: visit.child + 1, group, own: None, ..visit });
                }
                self.stack.push(next);
            }
            Some(Node::Shape { models }) => {
                let Visit { name, group, hidden, transform, .. } = visit;
                for (number, &(model, frame)) in models.iter().enumerate() {
                    let model = usize::try_from(model).ok();
                    let Some(model) = model.filter(|&m| m < content.models.len()) else { continue };
                    let (name, group) = (name.clone(), group.clone());
                    let frame = (number > 0).then_some(frame);
                    self.instances.push(Instance { model, frame, group, name, hidden, transform });
                }
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::chunks::{Model, ModelVoxels};
    use super::*;
    use crate::job::{Budget, Job, Step, Work};

    const MOST: usize = 4096;

    /// Gathers in the smallest slices; how many there were.
    fn in_slices(
        content: Content,
        file: Vec<u8>,
    ) -> (Result<(Vec<Instance>, bool), FormatError>, usize) {
        let gathering = |slice| async move { gather(&content, &file, MOST, &slice).await };
        let (mut work, mut slices) = (Work::new(gathering), 1);
        loop {
            match work.step(&mut Budget::units(1)) {
                Step::More => slices += 1,
                Step::Done(gathered) => return (gathered, slices),
            }
        }
    }

    #[test]
    fn a_reversed_axis_lands_on_whole_cells() {
        let turned = Transform { columns: [1, 0, 2], signs: [-1, 1, 1], translation: [5, 0, 0] };
        // A model of 4 x 6 x 2: row 0 is y reversed, its pivot 3.
        assert_eq!(turned.base([4, 6, 2]), [5 + 3 - 1, -2, -1]);
    }

    #[test]
    fn a_turn_after_its_reverse_is_no_turn() {
        let turn = Transform { columns: [1, 0, 2], signs: [-1, 1, 1], translation: [0; 3] };
        let back = Transform { columns: [1, 0, 2], signs: [1, -1, 1], translation: [0; 3] };
        assert_eq!(turn.then_child(&back), Transform::IDENTITY);
    }

    /// A file of a group whose children are the nodes from 10 on, all of them the same shape, and
    /// its content.
    fn group_of(children: usize) -> (Content, Vec<u8>) {
        let file = (0..children as u32).flat_map(|child| (10 + child % 3).to_le_bytes());
        let file: Vec<u8> = file.collect();
        let voxels = ModelVoxels::List(0..0);
        let mut content = Content::default();
        content.models.push(Model { size: [1; 3], voxels });
        content.nodes.insert(0, Node::Group(0..file.len()));
        (10..13)
            .for_each(|node| _ = content.nodes.insert(node, Node::Shape { models: vec![(0, 0)] }));
        (content, file)
    }

    #[test]
    fn a_group_of_too_many_is_refused_before_its_instances_are_made() {
        for children in [1, MOST] {
            let (content, file) = group_of(children);
            let (gathered, slices) = in_slices(content, file);
            let (instances, left_out) = gathered.unwrap();
            assert_eq!((instances.len(), left_out), (children, false));
            assert!(slices > children / VISITS_A_UNIT, "{slices}");
        }
        let (content, file) = group_of(MOST + 1);
        let (refused, _) = in_slices(content, file);
        let FormatError::Limit { limit_name, got, .. } = refused.err().unwrap() else {
            panic!("another error");
        };
        assert_eq!((limit_name, got), ("max_file_layers", MOST as u64 + 1));
    }

    #[test]
    fn groups_that_name_a_child_twice_are_counted_without_going_through_them() {
        let mut content = group_of(2).0;
        // Each names the next one twice, and the last one the shape.
        let file: Vec<u8> =
            (1..=40u32).flat_map(|node| [node, node]).flat_map(u32::to_le_bytes).collect();
        (0..40).for_each(|node| {
            let place = node as usize * 8;
            content.nodes.insert(node, Node::Group(place..place + 8));
        });
        content.nodes.insert(40, Node::Shape { models: vec![(0, 0)] });
        let (refused, _) = in_slices(content, file);
        let Err(FormatError::Limit { got, .. }) = refused else { panic!("not refused") };
        assert_eq!(got, 1 << 40);
    }

    #[test]
    fn a_graph_in_circles_comes_to_an_end() {
        let (mut content, file) = group_of(2);
        content.nodes.insert(10, Node::Group(0..file.len()));
        let (gathered, _) = in_slices(content, file);
        let (instances, left_out) = gathered.unwrap();
        assert!(left_out && !instances.is_empty());
    }
}
