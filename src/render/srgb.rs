//! Between stored sRGB bytes and linear light, through tables that are the same on every machine:
//! the fifth root in the sRGB curve is found by Newton's method with plain arithmetic.

use std::sync::LazyLock;

/// Entries of the first guess of [`Srgb::encode`]: fine enough to be at most a few codes off.
const GUESSES: usize = 4096;

/// The tables.
pub(crate) struct Srgb {
    linear: [f32; 256],
    /// From which linear value on a code is the nearest one.
    starts: [f32; 256],
    guesses: Box<[u8; GUESSES + 1]>,
}

static TABLES: LazyLock<Srgb> = LazyLock::new(Srgb::new);

/// The tables, built on first use.
pub(crate) fn srgb() -> &'static Srgb {
    &TABLES
}

fn fifth_root(value: f64) -> f64 {
    let mut root = 1.0;
    for _ in 0..60 {
        let fourth = (root * root) * (root * root);
        root = (4.0 * root + value / fourth) / 5.0;
    }
    root
}

/// The linear light of an encoded value, both 0 to 1 (IEC 61966-2-1).
fn decode(encoded: f64) -> f64 {
    if encoded <= 0.04045 {
        return encoded / 12.92;
    }
    let base = (encoded + 0.055) / 1.055;
    (base * base) * fifth_root(base * base)
}

impl Srgb {
    fn new() -> Self {
        let linear = std::array::from_fn(|code| decode(code as f64 / 255.0) as f32);
        let starts = std::array::from_fn(|code| match code {
            0 => f32::NEG_INFINITY,
            _ => decode((code as f64 - 0.5) / 255.0) as f32,
        });
        let guesses = (0..=GUESSES).map(|step| {
            let light = step as f32 / GUESSES as f32;
            starts.partition_point(|&start: &f32| start <= light) - 1
        });
        let guesses: Vec<u8> = guesses.map(|code| code as u8).collect();
        let guesses = guesses.into_boxed_slice().try_into().unwrap_or_else(|_| unreachable!());
        Srgb { linear, starts, guesses }
    }

    /// The linear light of a stored byte.
    #[inline]
    pub(crate) fn decode(&self, code: u8) -> f32 {
        self.linear[usize::from(code)]
    }

    /// The code of a linear light with its fraction, 0 to 255: straight lines between the bytes.
    #[inline]
    pub(crate) fn code(&self, light: f32) -> f32 {
        if light.is_nan() {
            return 0.0;
        }
        let near = self.encode(light);
        let low =
            if self.linear[usize::from(near)] > light { near.saturating_sub(1) } else { near };
        let high = low.saturating_add(1);
        let [from, to] = [low, high].map(|code| self.linear[usize::from(code)]);
        let share = if to > from { (light - from) / (to - from) } else { 0.0 };
        f32::from(low) + share.clamp(0.0, 1.0)
    }

    /// The linear light of a code with a fraction.
    #[inline]
    pub(crate) fn light(&self, code: f32) -> f32 {
        let code = code.clamp(0.0, 255.0);
        let low = code as u8;
        let [from, to] = [low, low.saturating_add(1)].map(|code| self.linear[usize::from(code)]);
        from + (to - from) * (code - f32::from(low))
    }

    /// The byte nearest to a linear light, as an eye sees nearness.
    #[inline]
    pub(crate) fn encode(&self, light: f32) -> u8 {
        if light.is_nan() || light <= 0.0 {
            return 0;
        }
        if light >= 1.0 {
            return 255;
        }
        let mut code = self.guesses[(light * GUESSES as f32) as usize];
        while code < 255 && light >= self.starts[usize::from(code) + 1] {
            code += 1;
        }
        code
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives_the_way_to_light_and_back() {
        for code in 0..=255 {
            assert_eq!(srgb().encode(srgb().decode(code)), code);
        }
    }

    #[test]
    fn the_curve_has_its_known_values() {
        let close = |code, light: f32| (srgb().decode(code) - light).abs() < 1e-6;
        assert!(
            close(0, 0.0) && close(255, 1.0) && close(128, 0.215_860_5) && close(10, 0.003_035_3)
        );
    }

    #[test]
    fn codes_with_fractions_pass_through_the_bytes_and_come_back() {
        for code in 0..=255u8 {
            assert_eq!(srgb().code(srgb().decode(code)), f32::from(code));
            assert_eq!(srgb().light(f32::from(code)), srgb().decode(code));
        }
        for step in 0..=1000 {
            let light = step as f32 / 1000.0;
            assert!((srgb().light(srgb().code(light)) - light).abs() < 1e-5, "{light}");
        }
        assert_eq!((srgb().code(9.0), srgb().code(f32::NAN)), (255.0, 0.0));
    }

    #[test]
    fn encoding_never_falls_and_takes_anything() {
        let codes: Vec<u8> = (0..=100_000).map(|i| srgb().encode(i as f32 / 1e5)).collect();
        assert!(codes.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!(srgb().encode(f32::NAN), 0);
        assert_eq!(srgb().encode(-1.0), 0);
        assert_eq!(srgb().encode(7.0), 255);
    }
}
