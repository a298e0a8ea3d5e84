//! Faces of one slice joined to rectangles: the longest run in a row, then as many rows as hold it.
//!
//! Works on words of bits. Where colours matter, two more words a row tell which faces have the
//! colour of the face before them and of the face in the row before; the rest is the same.

use super::region::{Plane, REGION};

/// A rectangle in a slice: column, row, width and height.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Rectangle {
    pub(crate) u: u8,
    pub(crate) v: u8,
    pub(crate) width: u8,
    pub(crate) height: u8,
}

/// Which neighbouring faces may be joined.
pub(crate) struct Joins {
    /// Bit u of row v: the faces u-1 and u of row v.
    pub(crate) across: Plane,
    /// Bit u of row v: the faces u of rows v-1 and v.
    pub(crate) down: Plane,
}

/// `count` ones from bit `start` up.
#[inline]
fn run(start: u32, count: u32) -> u64 {
    (u64::MAX >> (64 - count)) << start
}

/// Covers the faces of a plane with rectangles, whatever their colours. Empties the plane.
pub(crate) fn cover(plane: &mut Plane, mut emit: impl FnMut(Rectangle)) {
    for v in 0..REGION {
        while plane[v] != 0 {
            let start = plane[v].trailing_zeros();
            let width = (plane[v] >> start).trailing_ones();
            let wanted = run(start, width);
            let mut end = v;
            while end < REGION && plane[end] & wanted == wanted {
                plane[end] &= !wanted;
                end += 1;
            }
            emit(rectangle(start, v, width, end - v));
        }
    }
}

/// Covers the faces of a plane with rectangles of faces that may be joined. Empties the plane.
pub(crate) fn cover_joined(plane: &mut Plane, joins: &Joins, mut emit: impl FnMut(Rectangle)) {
    for v in 0..REGION {
        while plane[v] != 0 {
            let start = plane[v].trailing_zeros();
            // The face after bit 63 is none: shifting in two steps keeps the shift below 64.
            let more = (plane[v] & joins.across[v]) >> start >> 1;
            let width = 1 + more.trailing_ones();
            let wanted = run(start, width);
            plane[v] &= !wanted;
            let mut end = v + 1;
            while end < REGION && plane[end] & joins.down[end] & wanted == wanted {
                plane[end] &= !wanted;
                end += 1;
            }
            emit(rectangle(start, v, width, end - v));
        }
    }
}

/// Every face a rectangle of its own. Empties the plane.
pub(crate) fn cover_singly(plane: &mut Plane, mut emit: impl FnMut(Rectangle)) {
    for (v, row) in plane.iter_mut().enumerate() {
        while *row != 0 {
            emit(rectangle(row.trailing_zeros(), v, 1, 1));
            *row &= *row - 1;
        }
    }
}

fn rectangle(u: u32, v: usize, width: u32, height: usize) -> Rectangle {
    Rectangle { u: u as u8, v: v as u8, width: width as u8, height: height as u8 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_plane_is_one_rectangle() {
        let mut found = Vec::new();
        cover(&mut [u64::MAX; 64], |rectangle| found.push(rectangle));
        assert_eq!(found, [Rectangle { u: 0, v: 0, width: 64, height: 64 }]);
        let joins = Joins { across: [u64::MAX; 64], down: [u64::MAX; 64] };
        cover_joined(&mut [u64::MAX; 64], &joins, |rectangle| found.push(rectangle));
        assert_eq!(found[0], found[1]);
    }

    #[test]
    fn rectangles_stop_where_faces_may_not_be_joined() {
        let mut joins = Joins { across: [u64::MAX; 64], down: [u64::MAX; 64] };
        joins.across[0] &= !(1 << 3);
        joins.down[2] = 0;
        let mut plane = [0; 64];
        plane[..4].fill(0b11_1111);
        let mut found = Vec::new();
        cover_joined(&mut plane, &joins, |r| found.push([r.u, r.v, r.width, r.height]));
        assert_eq!(found, [[0, 0, 3, 2], [3, 0, 3, 2], [0, 2, 6, 2]]);
        assert_eq!(plane, [0; 64]);
    }
}
