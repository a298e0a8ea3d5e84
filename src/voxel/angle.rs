//! Angles, the same on every machine: the functions of the system differ by processor.

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
}
