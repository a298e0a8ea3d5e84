//! Which way a file's axes point.

/// For each axis of the file the one of ours that it runs along, and whether against it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Axes {
    /// Ours: 0 x, 1 y, 2 z.
    pub from: [usize; 3],
    /// 1 along it, -1 against it.
    pub signs: [i64; 3],
}

impl Axes {
    /// Our own axes: z is up.
    pub const Z_UP: Axes = Axes { from: [0, 1, 2], signs: [1, 1, 1] };
    /// y is up: (x, y, z) becomes (x, z, -y).
    pub const Y_UP: Axes = Axes { from: [0, 2, 1], signs: [1, 1, -1] };

    /// Reads `y-up`, `z-up` or a signed permutation such as `+x+z-y`.
    pub fn parse(text: &str) -> Option<Axes> {
        match text {
            "y-up" | "y_up" => return Some(Axes::Y_UP),
            "z-up" | "z_up" => return Some(Axes::Z_UP),
            _ => {}
        }
        let (mut axes, mut seen) = (Axes::Z_UP, [false; 3]);
        let mut letters = text.bytes().peekable();
        for place in 0..3 {
            axes.signs[place] = match letters.next_if(|&byte| byte == b'+' || byte == b'-') {
                Some(b'-') => -1,
                _ => 1,
            };
            let axis = b"xyz".iter().position(|&axis| letters.peek() == Some(&axis))?;
            letters.next();
            if std::mem::replace(&mut seen[axis], true) {
                return None;
            }
            axes.from[place] = axis;
        }
        letters.next().is_none().then_some(axes)
    }

    /// Whether they turn left into right, so that faces must be turned too.
    pub fn is_mirror(&self) -> bool {
        let [a, b, c] = self.from;
        let odd = (a > b) ^ (a > c) ^ (b > c);
        odd ^ (self.signs.iter().product::<i64>() < 0)
    }

    /// A vector of ours in the file.
    pub fn apply<T: Copy + std::ops::Neg<Output = T>>(&self, vector: [T; 3]) -> [T; 3] {
        [0, 1, 2].map(|axis| {
            let value = vector[self.from[axis]];
            if self.signs[axis] < 0 { -value } else { value }
        })
    }

    /// A vector of the file in ours.
    pub fn undo<T: Copy + std::ops::Neg<Output = T>>(&self, vector: [T; 3]) -> [T; 3] {
        let mut ours = vector;
        for axis in 0..3 {
            let value = vector[axis];
            ours[self.from[axis]] = if self.signs[axis] < 0 { -value } else { value };
        }
        ours
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_read_applied_and_undone() {
        assert_eq!(Axes::parse("+x+z-y"), Some(Axes::Y_UP));
        assert_eq!(Axes::parse("xyz"), Some(Axes::Z_UP));
        assert_eq!(Axes::Y_UP.apply([1, 2, 3]), [1, 3, -2]);
        assert_eq!(Axes::Y_UP.undo([1, 3, -2]), [1, 2, 3]);
        assert!(!Axes::Y_UP.is_mirror());
        for (text, is_mirror) in [("-x+y+z", true), ("+y+x+z", true), ("+y+z+x", false)] {
            assert_eq!(Axes::parse(text).map(|axes| axes.is_mirror()), Some(is_mirror), "{text}");
        }
        for wrong in ["", "x", "xxy", "+x+y+z+", "up", "+-xyz"] {
            assert_eq!(Axes::parse(wrong), None, "{wrong}");
        }
    }
}
