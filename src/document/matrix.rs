//! A 4x4 matrix as .gox files store it: three axis vectors and a translation, column-major.

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
}

impl Default for Matrix {
    fn default() -> Self {
        Matrix::IDENTITY
    }
}
