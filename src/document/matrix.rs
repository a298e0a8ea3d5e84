//! A 4x4 matrix as .gox files store it: three axis vectors and a translation, column-major.

use crate::voxel::Bounds;

/// `0[0..3]` are the x, y and z axis vectors, `0[3]` is the translation.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Matrix(pub [[f32; 4]; 4]);

impl Matrix {
    /// Leaves every point where it is.
    pub const IDENTITY: Matrix = Matrix([
        [1.0, 0.0, 0.0, 0.0],
        [0.0, 1.0, 0.0, 0.0],
        [0.0, 0.0, 1.0, 0.0],
        [0.0, 0.0, 0.0, 1.0],
    ]);

    /// The matrix that maps the cube from -1 to 1 onto a box.
    pub fn of_bounds(bounds: &Bounds) -> Matrix {
        let mut matrix = Matrix::IDENTITY;
        for axis in 0..3 {
            let (min, max) = (bounds.min[axis] as f64, bounds.max[axis] as f64);
            matrix.0[axis][axis] = ((max - min) / 2.0) as f32;
            matrix.0[3][axis] = ((max + min) / 2.0) as f32;
        }
        matrix
    }

    /// The box of whole voxels around the image of the cube from -1 to 1, corners rounded to the
    /// nearest integers; `None` if it is empty, not finite or beyond the addressable voxels.
    pub fn to_bounds(&self) -> Option<Bounds> {
        let mut min = [0; 3];
        let mut max = [0; 3];
        for axis in 0..3 {
            let center = f64::from(self.0[3][axis]);
            let half: f64 = (0..3).map(|column| f64::from(self.0[column][axis]).abs()).sum();
            let (low, high) = ((center - half).round(), (center + half).round());
            let addressable = |v: f64| v.is_finite() && v.abs() <= f64::from(1u32 << 31);
            if !addressable(low) || !addressable(high) {
                return None;
            }
            (min[axis], max[axis]) = (low as i64, high as i64);
        }
        Bounds::new(min, max)?.intersect(&Bounds::ALL)
    }

    /// An axis vector (0 to 2) or the translation (3).
    pub fn column(&self, index: usize) -> [f64; 3] {
        std::array::from_fn(|axis| f64::from(self.0[index][axis]))
    }

    /// Where a point goes.
    pub fn transform(&self, point: [f64; 3]) -> [f64; 3] {
        let mut moved = self.column(3);
        for (index, value) in point.into_iter().enumerate() {
            let axis = self.column(index);
            (0..3).for_each(|row| moved[row] += axis[row] * value);
        }
        moved
    }

    /// Whether all entries are finite numbers.
    pub fn is_finite(&self) -> bool {
        self.0.iter().flatten().all(|value| value.is_finite())
    }

    /// The way back, or `None` if the matrix flattens space.
    pub fn inverse(&self) -> Option<Affine> {
        let [x, y, z] = [0, 1, 2].map(|index| self.column(index));
        let rows = [cross(y, z), cross(z, x), cross(x, y)];
        let determinant = dot(x, rows[0]);
        if !determinant.is_finite() || determinant.abs() < 1e-12 {
            return None;
        }
        let rows = rows.map(|row| row.map(|value| value / determinant));
        let origin = self.column(3);
        Some(Affine { rows, offset: rows.map(|row| -dot(row, origin)) })
    }
}

impl Default for Matrix {
    fn default() -> Self {
        Matrix::IDENTITY
    }
}

/// A map of space in double precision, by rows.
#[derive(Clone, Copy, Debug)]
pub struct Affine {
    rows: [[f64; 3]; 3],
    offset: [f64; 3],
}

impl Affine {
    /// Where a point goes.
    pub fn transform(&self, point: [f64; 3]) -> [f64; 3] {
        std::array::from_fn(|row| dot(self.rows[row], point) + self.offset[row])
    }
}

pub(super) fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(super) fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_survives_its_matrix() {
        let bounds = Bounds { min: [-16, -16, 0], max: [17, 16, 33] };
        assert_eq!(Matrix::of_bounds(&bounds).to_bounds(), Some(bounds));
    }

    #[test]
    fn the_inverse_takes_a_point_back() {
        let mut matrix = Matrix::IDENTITY;
        matrix.0[0] = [0.0, 2.0, 0.0, 0.0];
        matrix.0[1] = [-1.0, 0.5, 0.0, 0.0];
        matrix.0[3] = [3.0, -4.0, 5.0, 1.0];
        let back =
            matrix.inverse().map(|inverse| inverse.transform(matrix.transform([7.0, 8.0, 9.0])));
        let error = back.map(|p| (p[0] - 7.0).abs() + (p[1] - 8.0).abs() + (p[2] - 9.0).abs());
        assert!(error.is_some_and(|error| error < 1e-9), "{back:?}");
    }

    #[test]
    fn a_flat_matrix_has_no_inverse() {
        let mut matrix = Matrix::IDENTITY;
        matrix.0[2] = [0.0; 4];
        assert!(matrix.inverse().is_none());
    }
}
