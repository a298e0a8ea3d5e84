//! The six faces of a voxel, and rectangles of them.

use crate::voxel::Rgba;

/// A side of a voxel, named by the axis it faces.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
#[repr(u8)]
pub enum Face {
    /// Faces -x.
    NegX = 0,
    /// Faces +x.
    PosX = 1,
    /// Faces -y.
    NegY = 2,
    /// Faces +y.
    PosY = 3,
    /// Faces -z.
    NegZ = 4,
    /// Faces +z.
    PosZ = 5,
}

impl Face {
    /// All faces, in the order of their numbers.
    pub const ALL: [Face; 6] =
        [Face::NegX, Face::PosX, Face::NegY, Face::PosY, Face::NegZ, Face::PosZ];

    /// The face of an axis (0 x, 1 y, 2 z) that looks along it or against it.
    pub const fn new(axis: usize, positive: bool) -> Face {
        match (axis, positive) {
            (0, false) => Face::NegX,
            (0, true) => Face::PosX,
            (1, false) => Face::NegY,
            (1, true) => Face::PosY,
            (_, false) => Face::NegZ,
            (_, true) => Face::PosZ,
        }
    }

    /// The axis it faces: 0 x, 1 y, 2 z.
    #[inline]
    pub const fn axis(self) -> usize {
        self as usize >> 1
    }

    /// Whether it looks along its axis rather than against it.
    #[inline]
    pub const fn is_positive(self) -> bool {
        self as u8 & 1 == 1
    }

    /// The axis along which the first side of a quad runs.
    #[inline]
    pub const fn u_axis(self) -> usize {
        if self.axis() == 0 { 1 } else { 0 }
    }

    /// The axis along which the second side of a quad runs.
    #[inline]
    pub const fn v_axis(self) -> usize {
        if self.axis() == 2 { 1 } else { 2 }
    }

    /// The step to the neighbour that this face looks at.
    #[inline]
    pub const fn normal(self) -> [i32; 3] {
        let mut normal = [0; 3];
        normal[self.axis()] = if self.is_positive() { 1 } else { -1 };
        normal
    }
}

/// A rectangle of voxel faces that lie in one plane and look the same way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quad {
    /// The voxel at its lowest corner.
    pub voxel: [i32; 3],
    /// How many voxels it covers along [`Face::u_axis`] and [`Face::v_axis`], each 1 to 64.
    pub size: [u8; 2],
    /// The side of the voxels that is covered.
    pub face: Face,
    /// The colour of all its voxels, as stored; [`Rgba::EMPTY`] where colours were not looked at.
    pub color: Rgba,
}

impl Quad {
    /// How many voxel faces it covers.
    pub fn area(&self) -> u32 {
        u32::from(self.size[0]) * u32::from(self.size[1])
    }

    /// Where its plane lies on its axis.
    #[inline]
    pub fn plane(&self) -> i64 {
        i64::from(self.voxel[self.face.axis()]) + i64::from(self.face.is_positive())
    }

    /// Its corners in voxel units, counter-clockwise seen from outside.
    pub fn corners(&self) -> [[i64; 3]; 4] {
        let (u, v) = (self.face.u_axis(), self.face.v_axis());
        let mut low = self.voxel.map(i64::from);
        low[self.face.axis()] = self.plane();
        let corner = |along_u: bool, along_v: bool| {
            let mut corner = low;
            corner[u] += i64::from(self.size[0]) * i64::from(along_u);
            corner[v] += i64::from(self.size[1]) * i64::from(along_v);
            corner
        };
        let (right, left) = (corner(true, false), corner(false, true));
        // u x v points along the axis for x and z, against it for y.
        let turns_outward = (self.face.axis() != 1) == self.face.is_positive();
        let [second, fourth] = if turns_outward { [right, left] } else { [left, right] };
        [corner(false, false), second, corner(true, true), fourth]
    }

    /// The voxels whose faces it covers.
    pub fn voxels(&self) -> impl Iterator<Item = [i32; 3]> + '_ {
        let (u, v) = (self.face.u_axis(), self.face.v_axis());
        (0..i32::from(self.size[1])).flat_map(move |dv| {
            (0..i32::from(self.size[0])).map(move |du| {
                let mut voxel = self.voxel;
                voxel[u] += du;
                voxel[v] += dv;
                voxel
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_run_counter_clockwise_seen_from_outside() {
        for face in Face::ALL {
            let quad = Quad { voxel: [3, -4, 5], size: [2, 3], face, color: Rgba::WHITE };
            let [a, b, c, _] = quad.corners();
            let side = |from: [i64; 3], to: [i64; 3]| [0, 1, 2].map(|i| to[i] - from[i]);
            let (p, q) = (side(a, b), side(b, c));
            let cross =
                [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]];
            assert_eq!(cross, face.normal().map(|n| i64::from(n) * 6), "{face:?}");
        }
    }

    #[test]
    fn a_quad_lists_as_many_voxels_as_its_area() {
        let quad = Quad { voxel: [0, 0, 0], size: [4, 7], face: Face::PosX, color: Rgba::WHITE };
        assert_eq!(quad.voxels().count() as u32, quad.area());
        assert!(quad.voxels().all(|v| v[0] == 0 && v[1] < 4 && v[2] < 7));
    }
}
