//! A palette: named colours offered for picking.

use crate::voxel::Rgba;

/// A list of colours, each with an optional name.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Palette {
    /// The palette's name.
    pub name: String,
    /// Its colours in order.
    pub colors: Vec<(Rgba, Option<String>)>,
}
