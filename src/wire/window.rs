//! A window of 64 bytes: where in it certain bytes are, as the bits of one word.
//!
//! Long lists are most of the bytes that this program reads. A look at one window costs about as
//! much as a look at six single bytes; the words of several looks are then combined with shifts.
//! The idea is the first stage of simdjson (Langdale and Lemire, "Parsing Gigabytes of JSON per
//! Second", 2019).

use wide::u8x16;

/// How many bytes a window has.
pub const WINDOW: usize = 64;

/// The places of some bytes of a window: bit 0 stands for the first byte.
pub type Places = u64;

/// The places before a place, which may be 64.
pub const fn before(place: u32) -> Places {
    if place < WINDOW as u32 { (1 << place) - 1 } else { Places::MAX }
}

/// For every place whether the number of set places up to it, itself included, is odd.
pub const fn parity(mut places: Places) -> Places {
    let mut step = 1;
    while step < WINDOW {
        places ^= places << step;
        step *= 2;
    }
    places
}

/// 64 bytes that are looked at together.
#[derive(Clone, Copy)]
pub struct Window([u8x16; 4]);

impl Window {
    /// The window at `at`, if there are 64 bytes.
    #[inline]
    pub fn at(bytes: &[u8], at: usize) -> Option<Self> {
        let chunk: &[u8; WINDOW] = bytes.get(at..)?.first_chunk()?;
        let (lanes, _) = chunk.as_chunks::<16>();
        Some(Window(std::array::from_fn(|lane| u8x16::from(lanes[lane]))))
    }

    #[inline]
    fn places(self, look: impl Fn(u8x16) -> u8x16) -> Places {
        let [a, b, c, d] = self.0.map(|lane| Places::from(look(lane).to_bitmask()));
        a | b << 16 | c << 32 | d << 48
    }

    /// Where this byte is.
    #[inline]
    pub fn like(self, byte: u8) -> Places {
        self.places(|lane| lane.simd_eq(u8x16::splat(byte)))
    }

    /// Where this curly bracket is, or the square one like it, which differs in bit 5 only.
    #[inline]
    pub fn bracket(self, curly: u8) -> Places {
        self.places(|lane| (lane | u8x16::splat(0x20)).simd_eq(u8x16::splat(curly)))
    }

    /// Where the decimal digits are.
    #[inline]
    pub fn digits(self) -> Places {
        self.places(|lane| {
            let value = lane - u8x16::splat(b'0');
            value.min(u8x16::splat(9)).simd_eq(value)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(bytes: &[u8], look: impl Fn(u8) -> bool) -> Places {
        (0..WINDOW).filter(|&place| look(bytes[place])).map(|place| 1 << place).sum()
    }

    #[test]
    fn every_byte_is_seen_at_every_place() {
        for first in 0..=255_u8 {
            // An odd step takes each value through all places.
            let bytes: Vec<u8> =
                (0..WINDOW as u8 + 1).map(|i| first.wrapping_add(i.wrapping_mul(37))).collect();
            let window = Window::at(&bytes, 1).unwrap();
            let looked = &bytes[1..];
            assert_eq!(window.like(b','), places(looked, |byte| byte == b','));
            assert_eq!(window.bracket(b'{'), places(looked, |byte| matches!(byte, b'[' | b'{')));
            assert_eq!(window.bracket(b'}'), places(looked, |byte| matches!(byte, b']' | b'}')));
            assert_eq!(window.digits(), places(looked, |byte| byte.is_ascii_digit()));
        }
        assert!(Window::at(&[0; 65], 2).is_none());
        assert!(Window::at(&[0; 65], 66).is_none());
    }

    #[test]
    fn places_are_counted_and_cut() {
        assert_eq!((before(0), before(3), before(63), before(64)), (0, 7, u64::MAX >> 1, u64::MAX));
        assert_eq!(parity(0b1001), 0b0111);
        assert_eq!(parity(1), u64::MAX);
        assert_eq!(parity(1 << 63), 1 << 63);
    }
}
