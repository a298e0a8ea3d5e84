//! The scene graph: which models stand where.
//!
//! A model turns and moves about the cell floor(size / 2) of its own. Cells turn by their centres, so
//! that an axis that is reversed lands on whole cells again.

use std::collections::HashMap;

use super::chunks::{Content, Dict};

/// A node of the graph.
pub(super) enum Node {
    Transform { child: i32, layer: i32, name: Option<String>, hidden: bool, transform: Transform },
    Group(Vec<i32>),
    Shape { model: i32 },
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
    pub(super) fn from_frame(frame: Option<&Dict>) -> Option<Transform> {
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

    /// Where cell 0 of a model of this size lands; cell v lands at that plus sign * v of its column.
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
    pub(super) name: Option<String>,
    pub(super) hidden: bool,
    pub(super) transform: Transform,
}

/// The most instances that a file may have.
pub(super) const INSTANCES_MAX: usize = 1 << 16;
/// The deepest nesting of nodes.
const DEPTH_MAX: usize = 256;

struct Visit {
    node: i32,
    depth: usize,
    name: Option<String>,
    hidden: bool,
    transform: Transform,
}

/// All instances in the order of the graph, or every model at the origin if there is no graph.
/// The second value tells whether some were left out, because the graph runs in circles or is too large.
pub(super) fn instances(content: &Content) -> (Vec<Instance>, bool) {
    if content.nodes.is_empty() {
        let instance =
            |model| Instance { model, name: None, hidden: false, transform: Transform::IDENTITY };
        return ((0..content.models.len()).map(instance).collect(), false);
    }
    let mut found = Vec::new();
    let mut left_out = false;
    let mut visits = 0;
    let start =
        Visit { node: 0, depth: 0, name: None, hidden: false, transform: Transform::IDENTITY };
    let mut stack = vec![start];
    while let Some(visit) = stack.pop() {
        visits += 1;
        if visit.depth > DEPTH_MAX || visits > 4 * INSTANCES_MAX || found.len() >= INSTANCES_MAX {
            left_out = true;
            continue;
        }
        enter(visit, &content.nodes, content, &mut stack, &mut found);
    }
    (found, left_out)
}

fn enter(
    visit: Visit,
    nodes: &HashMap<i32, Node>,
    content: &Content,
    stack: &mut Vec<Visit>,
    found: &mut Vec<Instance>,
) {
    let depth = visit.depth + 1;
    match nodes.get(&visit.node) {
        Some(Node::Transform { child, layer, name, hidden, transform }) => {
            let layer = content.layers.get(layer);
            let hidden = visit.hidden || *hidden || layer.is_some_and(|layer| layer.hidden);
            let own = name.clone().or_else(|| layer.and_then(|layer| layer.name.clone()));
            let name = name.clone().or(visit.name).or(own);
            let transform = visit.transform.then_child(transform);
            stack.push(Visit { node: *child, depth, name, hidden, transform });
        }
        Some(Node::Group(children)) => {
            // The last one pushed is visited first.
            for &child in children.iter().rev().take(INSTANCES_MAX) {
                let Visit { name, hidden, transform, .. } = &visit;
                let (name, hidden, transform) = (name.clone(), *hidden, *transform);
                stack.push(Visit { node: child, depth, name, hidden, transform });
            }
        }
        Some(Node::Shape { model }) => {
            let model = usize::try_from(*model).ok().filter(|&model| model < content.models.len());
            let Visit { name, hidden, transform, .. } = visit;
            found.extend(model.map(|model| Instance { model, name, hidden, transform }));
        }
        None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
