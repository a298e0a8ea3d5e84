//! The form of a box on the wire: `{"min":[x,y,z],"max":[x,y,z]}`, both corners inside, in params
//! and results.

use super::macros::result;
use crate::voxel::Bounds;

result! {
    /// A box; both corners are inside.
    pub struct Corners {
        /// The lowest corner.
        min: [i64; 3],
        /// The highest corner.
        max: [i64; 3],
    }
}

impl From<Bounds> for Corners {
    fn from(bounds: Bounds) -> Self {
        Corners { min: bounds.min, max: bounds.max_inside() }
    }
}

/// A box param; its corners may come in any order.
pub use super::operations::values::BoxValue as BoxParam;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Value;

    #[test]
    fn a_box_has_both_corners_inside_and_takes_them_in_any_order() {
        let raw = r#"{"max":[0,0,0],"min":[2,1,0]}"#;
        let BoxParam(bounds) = BoxParam::parse(raw).unwrap();
        assert_eq!(bounds.dimensions(), [3, 2, 1]);
        let corners = Corners::from(bounds);
        assert_eq!((corners.min, corners.max), ([0, 0, 0], [2, 1, 0]));
    }

    #[test]
    fn a_box_needs_both_corners_and_nothing_else() {
        for raw in [
            "{}",
            r#"{"min":[0,0,0]}"#,
            r#"{"min":[0,0,0],"max":[1,1,1],"x":1}"#,
            "[]",
            "[[0,0,0]]",
        ] {
            assert_eq!(BoxParam::parse(raw), None, "{raw}");
        }
    }
}
