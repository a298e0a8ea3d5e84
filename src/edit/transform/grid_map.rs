//! Maps of the grid onto itself: moves, mirrors and quarter turns.

use crate::voxel::{Bounds, Point};

/// A map of the grid onto itself: the new coordinate i is `sign[i]` times the old coordinate
/// `from[i]`, plus `offset[i]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::edit) struct GridMap {
    pub(in crate::edit) from: [usize; 3],
    pub(in crate::edit) sign: [i64; 3],
    pub(in crate::edit) offset: [i64; 3],
}

impl GridMap {
    /// Moves by an offset.
    pub(in crate::edit) fn translation(offset: [i64; 3]) -> Self {
        GridMap { from: [0, 1, 2], sign: [1; 3], offset }
    }

    /// Mirrors at `plane / 2` along an axis.
    pub(in crate::edit) fn mirror(axis: usize, plane: i64) -> Self {
        let mut map = GridMap::translation([0; 3]);
        map.sign[axis] = -1;
        map.offset[axis] = plane;
        map
    }

    /// Quarter turns about an axis through `center / 2`, counter-clockwise seen with the axis
    /// pointing at the viewer.
    pub(in crate::edit) fn rotation(axis: usize, turns: i64, center: [i64; 3]) -> Self {
        let (u, v) = ((axis + 1) % 3, (axis + 2) % 3);
        let mut map = GridMap::translation([0; 3]);
        let (cos, sin) = [(1, 0), (0, 1), (-1, 0), (0, -1)][turns.rem_euclid(4) as usize];
        if sin == 0 {
            (map.sign[u], map.sign[v]) = (cos, cos);
        } else {
            (map.from[u], map.from[v]) = (v, u);
            (map.sign[u], map.sign[v]) = (-sin, sin);
        }
        for i in [u, v] {
            map.offset[i] = (center[i] - map.sign[i] * center[map.from[i]]) / 2;
        }
        map
    }

    pub(in crate::edit) fn apply(&self, point: Point) -> [i64; 3] {
        let p = point.array();
        std::array::from_fn(|i| self.sign[i] * i64::from(p[self.from[i]]) + self.offset[i])
    }

    /// The box that a box goes to.
    pub(in crate::edit) fn apply_to_box(&self, bounds: &Bounds) -> Bounds {
        let ends = |i: usize| {
            let (low, high) = (bounds.min[self.from[i]], bounds.max[self.from[i]] - 1);
            [low, high].map(|end| self.sign[i] * end + self.offset[i])
        };
        let ends = [ends(0), ends(1), ends(2)];
        Bounds { min: ends.map(|[a, b]| a.min(b)), max: ends.map(|[a, b]| a.max(b) + 1) }
    }

    /// The map that takes everything back.
    pub(in crate::edit) fn inverse(&self) -> GridMap {
        let mut map = *self;
        for i in 0..3 {
            let axis = self.from[i];
            map.from[axis] = i;
            map.sign[axis] = self.sign[i];
            map.offset[axis] = -self.sign[i] * self.offset[i];
        }
        map
    }

    pub(in crate::edit) fn is_translation(&self) -> bool {
        self.from == [0, 1, 2] && self.sign == [1; 3]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_quarter_turns_are_none_and_one_goes_counter_clockwise() {
        let quarter = GridMap::rotation(2, 1, [0; 3]);
        assert_eq!(quarter.apply(Point::new(3, 0, 7)), [0, 3, 7]);
        let mut point = Point::new(3, -2, 7);
        for _ in 0..4 {
            let [x, y, z] = quarter.apply(point);
            point = Point::new(x as i32, y as i32, z as i32);
        }
        assert_eq!(point, Point::new(3, -2, 7));
        for axis in 0..3 {
            for turns in 0..4 {
                let once = GridMap::rotation(axis, 1, [3, 5, 7]);
                let mut stepped = [4, -9, 2];
                for _ in 0..turns {
                    stepped = once.apply(Point::from(stepped.map(|value: i64| value as i32)));
                }
                let at_once = GridMap::rotation(axis, turns, [3, 5, 7]);
                assert_eq!(at_once.apply(Point::new(4, -9, 2)), stepped, "{axis} {turns}");
            }
        }
    }

    #[test]
    fn a_mirror_between_two_voxels_swaps_them() {
        let mirror = GridMap::mirror(0, 11);
        assert_eq!(mirror.apply(Point::new(5, 1, 1)), [6, 1, 1]);
        assert_eq!(GridMap::mirror(0, 10).apply(Point::new(5, 1, 1)), [5, 1, 1]);
    }
}
