//! Samples in rows, each with the nearest quad that covers it: what quads are drawn into.
//!
//! A sample is one number, so that drawing is taking the larger of two: nearness first, then the
//! quad that was drawn first. Quads are drawn in the order of their numbers.

/// Samples emptied in one go.
const CLEARED_A_PART: usize = 1 << 16;

/// No quad: what stands for the number of one in empty samples.
pub(crate) const NO_QUAD: u32 = u32::MAX;

/// What lies under a sample: in the upper half how near it is, larger is nearer; in the lower one
/// the number of its quad, counted downward.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sample(u64);

impl Sample {
    const EMPTY: Sample = Sample(0);

    /// The number of the quad.
    #[inline]
    pub(crate) fn id(self) -> u32 {
        !(self.0 as u32)
    }

    /// Whether this is nearer than another.
    #[inline]
    pub(crate) fn is_before(self, other: Sample) -> bool {
        self.0 >> 32 > other.0 >> 32
    }

    /// Puts a quad here if it is nearer than what is here, and if `outside` is not negative.
    /// Without a branch: neither is to be foreseen.
    #[inline]
    pub(super) fn draw(&mut self, near: f32, id: u32, outside: i32) {
        // The bits of floats in an order that whole numbers have too; there is one zero only.
        let bits = (near + 0.0).to_bits();
        let order = bits ^ ((bits as i32 >> 31) as u32 | 1 << 31);
        let covered = !i64::from(outside >> 31) as u64;
        self.0 = self.0.max((u64::from(order) << 32 | u64::from(!id)) & covered);
    }
}

/// Some rows of samples.
pub(crate) struct Band {
    pub(super) width: i64,
    /// The first row, and the row after the last.
    pub(crate) top: i64,
    pub(crate) bottom: i64,
    samples: Vec<Sample>,
}

impl Band {
    pub(crate) fn new(width: u32) -> Self {
        Band { width: width.into(), top: 0, bottom: 0, samples: Vec::new() }
    }

    /// Moves the band to other rows, to be emptied by [`Band::clear`].
    pub(crate) fn reset(&mut self, top: u32, bottom: u32) {
        (self.top, self.bottom) = (top.into(), bottom.into());
        self.samples.clear();
    }

    /// Empties a part of the band. False once all of it is empty.
    pub(crate) fn clear(&mut self) -> bool {
        let samples = (self.width * (self.bottom - self.top)) as usize;
        let end = (self.samples.len() + CLEARED_A_PART).min(samples);
        self.samples.resize(end, Sample::EMPTY);
        end < samples
    }

    /// The samples of one row.
    #[inline]
    pub(crate) fn row(&self, y: u32) -> &[Sample] {
        let start = (i64::from(y) - self.top) * self.width;
        &self.samples[start as usize..][..self.width as usize]
    }

    /// The samples of a row from one to another, which is one of them, to be drawn into.
    #[inline]
    pub(super) fn span(&mut self, y: i64, [left, right]: [i64; 2]) -> &mut [Sample] {
        let start = (y - self.top) * self.width;
        &mut self.samples[(start + left) as usize..=(start + right) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_show_the_nearest_quad_and_the_first_of_equals() {
        let drawn = |quads: &[(f32, i32)]| {
            let mut sample = Sample::EMPTY;
            for (id, &(near, outside)) in (0..).zip(quads) {
                sample.draw(near, id, outside);
            }
            sample.id()
        };
        assert_eq!(drawn(&[]), NO_QUAD);
        assert_eq!(drawn(&[(1.0, -1), (f32::MAX, i32::MIN)]), NO_QUAD);
        let rising = [f32::MIN, -3.5, -1e-30, 0.0, 1e-30, 2.0, f32::MAX];
        for pair in rising.windows(2) {
            assert_eq!(drawn(&[(pair[0], 0), (pair[1], 7)]), 1, "{pair:?}");
            assert_eq!(drawn(&[(pair[1], 0), (pair[0], 0), (pair[1], 0)]), 0, "{pair:?}");
        }
        assert_eq!(drawn(&[(-0.0, 0), (0.0, 0)]), 0);
    }
}
