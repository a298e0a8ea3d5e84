//! Vectors of three: the few operations that cameras and rays need. Only operations that IEEE 754
//! rounds exactly are used on the way to a pixel, so pictures are the same on every machine.

pub(crate) use crate::voxel::sin_cos;

pub(crate) type Vec3 = [f64; 3];

#[inline]
pub(crate) fn add(a: Vec3, b: Vec3) -> Vec3 {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

#[inline]
pub(crate) fn sub(a: Vec3, b: Vec3) -> Vec3 {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

#[inline]
pub(crate) fn scale(a: Vec3, factor: f64) -> Vec3 {
    [a[0] * factor, a[1] * factor, a[2] * factor]
}

#[inline]
pub(crate) fn dot(a: Vec3, b: Vec3) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[inline]
pub(crate) fn cross(a: Vec3, b: Vec3) -> Vec3 {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

#[inline]
pub(crate) fn length(a: Vec3) -> f64 {
    dot(a, a).sqrt()
}

/// The direction of a vector, or `None` if it has none.
pub(crate) fn unit(a: Vec3) -> Option<Vec3> {
    let length = length(a);
    (length.is_finite() && length > 1e-12).then(|| scale(a, 1.0 / length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_without_length_has_no_direction() {
        assert!(unit([0.0; 3]).is_none() && unit([f64::NAN, 0.0, 0.0]).is_none());
        assert_eq!(unit([0.0, -2.0, 0.0]), Some([0.0, -1.0, 0.0]));
    }
}
