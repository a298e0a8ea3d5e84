//! Vectors of three: the few operations that cameras and rays need. Only operations that IEEE 754
//! rounds exactly are used on the way to a pixel, so pictures are the same on every machine.

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

/// Sine and cosine of an angle in radians, the same on every machine: reduction to an eighth of a
/// turn and the Taylor series, good to 1e-15 for angles of a few turns.
pub(crate) fn sin_cos(angle: f64) -> (f64, f64) {
    use std::f64::consts::FRAC_PI_2;
    let quarter = (angle / FRAC_PI_2).round();
    let x = angle - quarter * FRAC_PI_2;
    let square = x * x;
    let (mut sin, mut cos, mut term) = (0.0, 0.0, 1.0);
    for n in (0..20).step_by(2) {
        cos += term;
        sin += term * x / f64::from(n + 1);
        term = -term * square / f64::from((n + 1) * (n + 2));
    }
    match (quarter as i64).rem_euclid(4) {
        0 => (sin, cos),
        1 => (cos, -sin),
        2 => (-sin, -cos),
        _ => (-cos, sin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sine_and_cosine_agree_with_the_platform() {
        for step in -2000..2000 {
            let angle = f64::from(step) * 0.01;
            let (sin, cos) = sin_cos(angle);
            assert!((sin - angle.sin()).abs() < 1e-13, "{angle}");
            assert!((cos - angle.cos()).abs() < 1e-13, "{angle}");
        }
        assert_eq!(sin_cos(0.0), (0.0, 1.0));
    }

    #[test]
    fn a_vector_without_length_has_no_direction() {
        assert!(unit([0.0; 3]).is_none() && unit([f64::NAN, 0.0, 0.0]).is_none());
        assert_eq!(unit([0.0, -2.0, 0.0]), Some([0.0, -1.0, 0.0]));
    }
}
