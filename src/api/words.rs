//! Params that are one of a few words.

use super::json::string;
use super::schema::Schema;
use super::value::Value;
use crate::voxel;

/// Declares an enum whose values are words on the wire, in any case. The first word of a value is
/// the canonical one.
macro_rules! words {
    (
        $(#[doc = $about:literal])*
        pub enum $type:ident {
            $( $(#[doc = $doc:literal])+ $value:ident = $word:literal $(| $other:literal)* ),* $(,)?
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $type { $( $(#[doc = $doc])+ $value, )* }

        impl $type {
            /// All values.
            pub const ALL: &'static [$type] = &[$($type::$value),*];
            /// The canonical words.
            pub const WORDS: &'static [&'static str] = &[$($word),*];

            /// The canonical word.
            pub const fn word(self) -> &'static str {
                match self { $( $type::$value => $word, )* }
            }

            /// The value of a word.
            pub fn from_word(word: &str) -> Option<Self> {
                let is = |known: &str| known.eq_ignore_ascii_case(word);
                $( if is($word) $(|| is($other))* { return Some($type::$value); } )*
                None
            }
        }

        impl $crate::api::Value<'_> for $type {
            const SCHEMA: $crate::api::schema::Schema =
                $crate::api::schema::Schema::Word(Self::WORDS);
            fn parse(raw: &str) -> Option<Self> {
                $type::from_word(&$crate::api::json::string(raw)?)
            }
        }

        impl $crate::api::schema::Describe for $type {
            const SCHEMA: $crate::api::schema::Schema =
                $crate::api::schema::Schema::Word(Self::WORDS);
        }
    };
}

pub(crate) use words;

words! {
    /// How an operation combines with what is there.
    pub enum Mode {
        /// Drawn over with alpha.
        Add = "add" | "over",
        /// Takes away.
        Subtract = "subtract" | "sub" | "erase",
        /// Recolours what is there.
        Paint = "paint",
        /// Keeps only what both have.
        Intersect = "intersect",
        /// Replaces what is there, alpha and all.
        Replace = "replace" | "set",
    }
}

impl Mode {
    /// The engine's mode.
    pub const fn blend(self) -> voxel::BlendMode {
        match self {
            Mode::Add => voxel::BlendMode::Over,
            Mode::Subtract => voxel::BlendMode::Subtract,
            Mode::Paint => voxel::BlendMode::Paint,
            Mode::Intersect => voxel::BlendMode::Intersect,
            Mode::Replace => voxel::BlendMode::Replace,
        }
    }

    /// Whether it shows the operation's colour.
    pub const fn shows_color(self) -> bool {
        matches!(self, Mode::Add | Mode::Paint | Mode::Replace)
    }
}

/// The names of the axes.
pub const AXES: [&str; 3] = ["x", "y", "z"];

impl Value<'_> for voxel::Axis {
    const SCHEMA: Schema = Schema::Word(&AXES);
    fn parse(raw: &str) -> Option<Self> {
        let name = string(raw)?;
        let index = AXES.iter().position(|axis| axis.eq_ignore_ascii_case(&name))?;
        Some(voxel::Axis::ALL[index])
    }
}

words! {
    /// A way along an axis.
    pub enum Direction {
        /// To the right.
        Right = "+x" | "x" | "right",
        /// To the left.
        Left = "-x" | "left",
        /// Away from the viewer of the front.
        Back = "+y" | "y" | "back",
        /// Towards the viewer of the front.
        Front = "-y" | "front",
        /// Up.
        Up = "+z" | "z" | "up" | "top",
        /// Down.
        Down = "-z" | "down" | "bottom",
    }
}

impl Direction {
    /// The axis (0 to 2) and 1 or -1.
    pub const fn axis_and_sign(self) -> (usize, i64) {
        match self {
            Direction::Right => (0, 1),
            Direction::Left => (0, -1),
            Direction::Back => (1, 1),
            Direction::Front => (1, -1),
            Direction::Up => (2, 1),
            Direction::Down => (2, -1),
        }
    }
}
