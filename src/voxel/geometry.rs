//! Points and boxes on the integer grid. z is up; voxel (i,j,k) fills [i,i+1) x [j,j+1) x [k,k+1).

/// The position of a voxel.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Point {
    /// To the right, seen from the front.
    pub x: i32,
    /// Away from the viewer, seen from the front.
    pub y: i32,
    /// Up.
    pub z: i32,
}

impl Point {
    /// A point from its coordinates.
    pub const fn new(x: i32, y: i32, z: i32) -> Self {
        Point { x, y, z }
    }

    /// The coordinates as an array.
    pub const fn array(self) -> [i32; 3] {
        [self.x, self.y, self.z]
    }
}

impl From<[i32; 3]> for Point {
    fn from([x, y, z]: [i32; 3]) -> Self {
        Point { x, y, z }
    }
}

/// A box of voxels, half open: `min` is inside, `max` is not. Never empty in a valid value.
///
/// Corners have 64 bits so that the voxel at 2^31-1 has a box too.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Bounds {
    /// The lowest corner, inside.
    pub min: [i64; 3],
    /// The highest corner, outside.
    pub max: [i64; 3],
}

impl Bounds {
    /// The largest box of addressable voxels.
    pub const ALL: Bounds = Bounds { min: [i32::MIN as i64; 3], max: [i32::MAX as i64 + 1; 3] };

    /// A half-open box, or `None` if it would hold nothing.
    pub fn new(min: [i64; 3], max: [i64; 3]) -> Option<Self> {
        (0..3).all(|axis| min[axis] < max[axis]).then_some(Bounds { min, max })
    }

    /// The box with both corners inside, as the wire has it; the corners may come in any order.
    pub fn inclusive(a: [i32; 3], b: [i32; 3]) -> Self {
        let min = std::array::from_fn(|axis| i64::from(a[axis].min(b[axis])));
        let max = std::array::from_fn(|axis| i64::from(a[axis].max(b[axis])) + 1);
        Bounds { min, max }
    }

    /// The box of one voxel.
    pub fn of_point(point: Point) -> Self {
        Bounds::inclusive(point.array(), point.array())
    }

    /// The box of a size about a voxel: from `center` - floor(size / 2), exactly `size` voxels in
    /// each direction. `None` if a size is 0.
    pub fn centered(center: Point, size: [u32; 3]) -> Option<Self> {
        let center = center.array().map(i64::from);
        let min: [i64; 3] = std::array::from_fn(|axis| center[axis] - i64::from(size[axis] / 2));
        Bounds::new(min, std::array::from_fn(|axis| min[axis] + i64::from(size[axis])))
    }

    /// The highest corner that is inside.
    pub fn max_inside(&self) -> [i64; 3] {
        self.max.map(|value| value - 1)
    }

    /// Width, depth and height in voxels.
    pub fn dimensions(&self) -> [i64; 3] {
        std::array::from_fn(|axis| self.max[axis] - self.min[axis])
    }

    /// How many voxels the box has room for.
    pub fn capacity(&self) -> u128 {
        self.dimensions().iter().map(|&length| length as u128).product()
    }

    /// Whether a voxel lies inside.
    pub fn contains(&self, point: Point) -> bool {
        let p = point.array().map(i64::from);
        (0..3).all(|axis| self.min[axis] <= p[axis] && p[axis] < self.max[axis])
    }

    /// The common part of two boxes, if there is one.
    pub fn intersect(&self, other: &Bounds) -> Option<Bounds> {
        Bounds::new(
            std::array::from_fn(|axis| self.min[axis].max(other.min[axis])),
            std::array::from_fn(|axis| self.max[axis].min(other.max[axis])),
        )
    }

    /// The smallest box around both.
    pub fn union(&self, other: &Bounds) -> Bounds {
        Bounds {
            min: std::array::from_fn(|axis| self.min[axis].min(other.min[axis])),
            max: std::array::from_fn(|axis| self.max[axis].max(other.max[axis])),
        }
    }

    /// The smallest box around two optional boxes.
    pub fn union_of(a: Option<Bounds>, b: Option<Bounds>) -> Option<Bounds> {
        match (a, b) {
            (Some(a), Some(b)) => Some(a.union(&b)),
            (one, other) => one.or(other),
        }
    }
}
