//! How two colours become one: the nine blend modes, in exact integer maths.
//!
//! All functions map empty results to [`Rgba::EMPTY`], so that equal volumes are equal bytes.

use super::Rgba;

/// How a new colour combines with what is there. The numbers are those of `.gox` files.
///
/// In the formulas `a` is what is there with alpha A, `b` the new colour with alpha B; divisions
/// round towards zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(i32)]
pub enum BlendMode {
    /// Drawn over with alpha.
    #[default]
    Over = 0,
    /// Takes its alpha away: A - B.
    Subtract = 1,
    /// Limits alpha to what it leaves: min(A, 255 - B).
    SubtractClamp = 2,
    /// Recolours what is there and keeps A.
    Paint = 3,
    /// The larger alpha, in the new colour. An empty `b` changes nothing.
    Max = 4,
    /// Keeps only what both have: min(A, B).
    Intersect = 5,
    /// Intersect, in the new colour.
    IntersectFill = 6,
    /// Multiplies all four channels by B / 255.
    MultiplyAlpha = 7,
    /// Replaces.
    Replace = 8,
}

impl BlendMode {
    /// Every mode, in the order of their numbers.
    pub const ALL: [BlendMode; 9] = [
        BlendMode::Over,
        BlendMode::Subtract,
        BlendMode::SubtractClamp,
        BlendMode::Paint,
        BlendMode::Max,
        BlendMode::Intersect,
        BlendMode::IntersectFill,
        BlendMode::MultiplyAlpha,
        BlendMode::Replace,
    ];

    /// Combines a new colour with what is there.
    ///
    /// ```
    /// use goxel_daemon::voxel::{BlendMode, Rgba};
    /// let over = BlendMode::Over.blend(Rgba::opaque(255, 0, 0), Rgba::new(0, 255, 0, 128));
    /// assert_eq!(over, Rgba::new(127, 128, 0, 255));
    /// ```
    pub fn blend(self, there: Rgba, new: Rgba) -> Rgba {
        let result = match self {
            BlendMode::Over => over(there, new),
            BlendMode::Subtract => with_alpha(there, there.a.saturating_sub(new.a)),
            BlendMode::SubtractClamp => with_alpha(there, there.a.min(255 - new.a)),
            BlendMode::Paint => paint(there, new),
            BlendMode::Max if new.is_empty() => there,
            BlendMode::Max => with_alpha(new, there.a.max(new.a)),
            BlendMode::Intersect => with_alpha(there, there.a.min(new.a)),
            BlendMode::IntersectFill => with_alpha(new, there.a.min(new.a)),
            BlendMode::MultiplyAlpha => scale(there, new.a),
            BlendMode::Replace => new,
        };
        if result.is_empty() { Rgba::EMPTY } else { result }
    }

    /// Whether the mode can put a voxel where none was.
    pub const fn adds(self) -> bool {
        matches!(self, BlendMode::Over | BlendMode::Max | BlendMode::Replace)
    }

    /// Whether an empty new colour changes what is there.
    pub const fn erases_outside(self) -> bool {
        matches!(
            self,
            BlendMode::Intersect
                | BlendMode::IntersectFill
                | BlendMode::MultiplyAlpha
                | BlendMode::Replace
        )
    }
}

const fn with_alpha(color: Rgba, a: u8) -> Rgba {
    Rgba { a, ..color }
}

fn channels(a: Rgba, b: Rgba, f: impl Fn(u32, u32) -> u32) -> [u8; 3] {
    let channel = |a: u8, b: u8| f(u32::from(a), u32::from(b)) as u8;
    [channel(a.r, b.r), channel(a.g, b.g), channel(a.b, b.b)]
}

fn over(a: Rgba, b: Rgba) -> Rgba {
    if b.a == 255 || a.is_empty() {
        return b;
    }
    if b.is_empty() {
        return a;
    }
    let (alpha_a, alpha_b) = (u32::from(a.a), u32::from(b.a));
    let shown = alpha_a * (255 - alpha_b);
    let total = 255 * alpha_b + shown;
    let [r, g, blue] = channels(a, b, |ca, cb| (255 * cb * alpha_b + ca * shown) / total);
    Rgba::new(r, g, blue, (alpha_b + shown / 255) as u8)
}

fn paint(a: Rgba, b: Rgba) -> Rgba {
    let alpha = u32::from(b.a);
    let [r, g, blue] = channels(a, b, |ca, cb| (ca * (255 - alpha) + cb * alpha) / 255);
    Rgba::new(r, g, blue, a.a)
}

fn scale(a: Rgba, by: u8) -> Rgba {
    let channel = |c: u8| (u32::from(c) * u32::from(by) / 255) as u8;
    Rgba::new(channel(a.r), channel(a.g), channel(a.b), channel(a.a))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Rgba = Rgba::new(200, 100, 50, 180);
    const B: Rgba = Rgba::new(20, 240, 99, 77);

    #[test]
    fn every_mode_does_the_documented_maths() {
        let expected = [
            Rgba::new(131, 153, 68, 202),
            Rgba::new(200, 100, 50, 103),
            Rgba::new(200, 100, 50, 178),
            Rgba::new(145, 142, 64, 180),
            Rgba::new(20, 240, 99, 180),
            Rgba::new(200, 100, 50, 77),
            Rgba::new(20, 240, 99, 77),
            Rgba::new(60, 30, 15, 54),
            B,
        ];
        for (mode, expected) in BlendMode::ALL.into_iter().zip(expected) {
            assert_eq!(mode.blend(A, B), expected, "{mode:?}");
        }
    }

    #[test]
    fn an_empty_new_colour_changes_what_is_there_only_in_the_modes_that_say_so() {
        for mode in BlendMode::ALL {
            let changed = mode.blend(A, Rgba::EMPTY) != A;
            assert_eq!(changed, mode.erases_outside(), "{mode:?}");
        }
    }

    #[test]
    fn only_the_modes_that_say_so_put_a_voxel_where_none_was() {
        for mode in BlendMode::ALL {
            assert_eq!(!mode.blend(Rgba::EMPTY, B).is_empty(), mode.adds(), "{mode:?}");
        }
    }
}
