//! Numbers that look like chance and are the same on every machine: each path has its own, whoever
//! draws it and when.

/// What the first places of a path take: pixel, sun and first bounce, two each.
const SPREAD: usize = 6;
/// Steps that spread any number of points evenly over a cube of six dimensions (after Roberts
/// 2018): the first six powers of 1/x, where x^7 = x + 1.
const STEPS: [f64; SPREAD] = [
    0.898_653_712_6,
    0.807_578_495_2,
    0.725_733_413_0,
    0.652_183_025_9,
    0.586_086_697_6,
    0.526_688_986_7,
];

/// The numbers of one path.
pub(crate) struct Random {
    state: u64,
    pixel: u64,
    sample: u32,
}

/// Mixes the bits of a number (Steele, Lea and Flood 2014).
fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

fn fraction(bits: u64) -> f64 {
    (bits >> 40) as f64 / f64::from(1u32 << 24)
}

impl Random {
    /// Those of a sample of a pixel.
    pub(crate) fn new(seed: u64, [x, y]: [u32; 2], sample: u32) -> Self {
        let place = u64::from(y) << 32 | u64::from(x);
        let pixel = mix(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ mix(place.wrapping_add(1)));
        Random { state: pixel ^ mix(u64::from(sample).wrapping_add(1 << 40)), pixel, sample }
    }

    /// The next one, from 0 to below 1.
    #[inline]
    pub(crate) fn next(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        fraction(mix(self.state))
    }

    /// Two that the samples of a pixel spread evenly.
    #[inline]
    pub(crate) fn spread(&self, pair: usize) -> [f64; 2] {
        [0, 1].map(|part| {
            let place = 2 * pair + part;
            let start = fraction(mix(self.pixel ^ (place as u64 + 1)));
            let at = start + f64::from(self.sample) * STEPS[place];
            at - (at as u64) as f64
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_even_and_those_of_another_pixel_or_seed_are_others() {
        let mut random = Random::new(0, [3, 4], 0);
        let mean = (0..10_000).map(|_| random.next()).sum::<f64>() / 1e4;
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
        let first = |seed, pixel, sample| Random::new(seed, pixel, sample).next();
        assert_ne!(first(0, [3, 4], 0), first(1, [3, 4], 0));
        assert_ne!(first(0, [3, 4], 0), first(0, [4, 3], 0));
        assert_ne!(first(0, [3, 4], 0), first(0, [3, 4], 1));
        assert_eq!(first(7, [3, 4], 5), first(7, [3, 4], 5));
    }

    #[test]
    fn a_few_samples_cover_the_pixel() {
        for pair in 0..3 {
            let mut cells = [false; 16];
            for sample in 0..64 {
                let [x, y] = Random::new(0, [9, 9], sample).spread(pair);
                cells[(x * 4.0) as usize + 4 * (y * 4.0) as usize] = true;
            }
            assert!(cells.iter().all(|&hit| hit), "{pair}");
        }
    }
}
