//! A voxel's colour.

use std::hash::{Hash, Hasher};

/// A colour with straight alpha, 8 bits a channel, in sRGB as files and the wire have it.
///
/// A voxel is empty if its alpha is 0, whatever its other channels are.
#[derive(Clone, Copy, Eq, Default, PartialOrd, Ord)]
#[repr(C, align(4))]
pub struct Rgba {
    /// Red.
    pub r: u8,
    /// Green.
    pub g: u8,
    /// Blue.
    pub b: u8,
    /// Alpha: 0 is empty, 255 opaque.
    pub a: u8,
}

impl Rgba {
    /// The empty voxel.
    pub const EMPTY: Rgba = Rgba::new(0, 0, 0, 0);
    /// Opaque white.
    pub const WHITE: Rgba = Rgba::new(255, 255, 255, 255);

    /// A colour from its channels.
    pub const fn new(r: u8, g: u8, b: u8, a: u8) -> Self {
        Rgba { r, g, b, a }
    }

    /// An opaque colour.
    pub const fn opaque(r: u8, g: u8, b: u8) -> Self {
        Rgba::new(r, g, b, 255)
    }

    /// Whether a voxel of this colour is empty.
    pub const fn is_empty(self) -> bool {
        self.a == 0
    }

    /// All channels as one number, red lowest.
    #[inline]
    pub(crate) const fn number(self) -> u32 {
        u32::from_le_bytes(self.bytes())
    }

    /// The channels in the order r, g, b, a.
    pub const fn bytes(self) -> [u8; 4] {
        [self.r, self.g, self.b, self.a]
    }
}

/// As one number: channel by channel, as a derived comparison does it, takes four times as long,
/// and every edit compares.
impl PartialEq for Rgba {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.number() == other.number()
    }
}

impl Hash for Rgba {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u32(self.number());
    }
}

impl From<[u8; 4]> for Rgba {
    fn from([r, g, b, a]: [u8; 4]) -> Self {
        Rgba { r, g, b, a }
    }
}

impl std::fmt::Debug for Rgba {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}{:02x}", self.r, self.g, self.b, self.a)
    }
}
