//! Noise: numbers from -1 to 1 that depend on a place and a seed and on nothing else. Only sums and
//! products, so that they are the same on every machine.

/// Spreads the bits of a place and a seed.
fn hash(place: [i64; 3], seed: u64) -> u64 {
    // The seed is spread first: otherwise another seed would only exchange neighbouring places.
    let mut state = seed.wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state ^= state >> 27;
    for value in place {
        state = (state ^ value as u64).wrapping_mul(0xff51_afd7_ed55_8ccd);
        state ^= state >> 32;
        state = state.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        state ^= state >> 29;
    }
    state
}

/// From -1 to 1.
fn unit(hash: u64) -> f64 {
    (hash >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

fn fade(t: f64) -> f64 {
    t * t * t * (t * (t * 6.0 - 15.0) + 10.0)
}

fn mix(a: f64, b: f64, t: f64) -> f64 {
    a + (b - a) * t
}

/// What eight corners of a cell come to at a place inside.
fn blend(point: [f64; 3], corner: impl Fn([i64; 3], [f64; 3]) -> f64) -> f64 {
    let base = point.map(f64::floor);
    let inside: [f64; 3] = std::array::from_fn(|axis| point[axis] - base[axis]);
    let base = base.map(|value| value as i64);
    let at = |dx: i64, dy: i64, dz: i64| {
        let offset = [dx, dy, dz];
        let place = std::array::from_fn(|axis| base[axis].wrapping_add(offset[axis]));
        corner(place, std::array::from_fn(|axis| inside[axis] - offset[axis] as f64))
    };
    let [u, v, w] = inside.map(fade);
    let row = |dy, dz| mix(at(0, dy, dz), at(1, dy, dz), u);
    let plane = |dz| mix(row(0, dz), row(1, dz), v);
    mix(plane(0), plane(1), w)
}

/// Values at whole places, and between them smoothly.
pub(super) fn value(point: [f64; 3], seed: u64) -> f64 {
    blend(point, |place, _| unit(hash(place, seed)))
}

/// Slopes at whole places: nothing at them, hills and hollows between.
pub(super) fn gradient(point: [f64; 3], seed: u64) -> f64 {
    let slope = |place, from: [f64; 3]| {
        let bits = hash(place, seed);
        let sign = |bit: u64| if bits >> bit & 1 == 0 { 1.0 } else { -1.0 };
        // One of the twelve middles of a cube's edges.
        let left_out = (bits >> 8) % 3;
        let axes = (0..3u64).filter(|axis| *axis != left_out);
        axes.map(|axis| sign(axis) * from[axis as usize]).sum::<f64>()
    };
    blend(point, slope).clamp(-1.0, 1.0)
}

/// Gradient noise of several sizes, each half as large and as strong as the one before unless told
/// otherwise.
pub(super) fn fbm(point: [f64; 3], octaves: u32, lacunarity: f64, gain: f64, seed: u64) -> f64 {
    let (mut sum, mut weights, mut weight, mut scale) = (0.0, 0.0, 1.0, 1.0);
    for octave in 0..octaves.clamp(1, 32) {
        let scaled = point.map(|value| value * scale);
        sum += weight * gradient(scaled, seed.wrapping_add(u64::from(octave)));
        weights += weight;
        weight *= gain;
        scale *= lacunarity;
    }
    if weights > 0.0 { sum / weights } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_depends_on_place_and_seed_alone_and_stays_within_its_bounds() {
        let mut seen = [f64::MAX, f64::MIN];
        for step in 0..2000 {
            let point = [f64::from(step) * 0.37 - 300.0, f64::from(step % 17) * 0.21, 5.5];
            for noise in [value(point, 1), gradient(point, 1), fbm(point, 5, 2.0, 0.5, 1)] {
                assert!((-1.0..=1.0).contains(&noise), "{noise}");
                seen = [seen[0].min(noise), seen[1].max(noise)];
            }
            assert_eq!(value(point, 1), value(point, 1));
            assert_ne!(value(point, 1), value(point, 2));
        }
        assert!(seen[0] < -0.5 && seen[1] > 0.5, "{seen:?}");
        assert_eq!(gradient([3.0, -2.0, 7.0], 9), 0.0);
    }

    #[test]
    fn places_without_end_are_no_fault() {
        for point in [[1e300; 3], [-1e300, 0.0, 5e15], [f64::NAN; 3]] {
            let _ = (value(point, 0), gradient(point, 0), fbm(point, 4, 2.0, 0.5, 0));
        }
    }
}
