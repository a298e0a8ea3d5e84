//! Whether a format holds all of a document.
//!
//! A document that came from a file in some format may have got more than that format has room for:
//! layers, alpha, names. Instead of a list of what each format lacks, the file is read again and
//! compared.

use std::path::Path;

use super::{Format, ReadOptions, WriteOptions, decode, encode};
use crate::document::{Document, Layer, LayerContent};

/// The one format that holds everything.
const HOLDS_ALL: &str = "gox";

impl Format {
    /// Whether it holds everything that a document may have.
    pub fn holds_all(&self) -> bool {
        self.name == HOLDS_ALL
    }

    /// Whether a file of this format, which will be called like this, holds all of a document.
    /// Reads it again from memory unless the format holds everything anyway.
    pub fn holds_all_of(&'static self, document: &Document, path: &Path) -> bool {
        self.holds_all()
            || self.read_again(document, path).is_some_and(|again| is_same(document, &again))
    }

    fn read_again(&'static self, document: &Document, path: &Path) -> Option<Document> {
        let encoded = encode(document.clone(), self, WriteOptions::default()).ok()?;
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let options = ReadOptions { name, ..ReadOptions::default() };
        Some(decode(encoded.bytes, Some(self), options).ok()?.document)
    }
}

/// Whether a document that was read again has all that the first one had. Canvas, palette and what
/// is active or selected are no content: readers make them of the voxels or begin with none.
pub(crate) fn is_same(document: &Document, again: &Document) -> bool {
    let same_layers = || {
        let mut pairs = document.layers().iter().zip(again.layers());
        pairs.all(|(layer, again)| is_same_layer(layer, again))
    };
    document.name == again.name
        && document.materials == again.materials
        && document.cameras == again.cameras
        && document.light == again.light
        && document.preserved == again.preserved
        && document.mask.is_empty()
        && document.layers().len() == again.layers().len()
        && same_layers()
}

/// The matrix of a voxel layer is only its pivot, which readers make of the voxels.
fn is_same_layer(layer: &Layer, again: &Layer) -> bool {
    layer.content == LayerContent::Voxels
        && layer.content == again.content
        && layer.name == again.name
        && layer.visible == again.visible
        && layer.opacity == again.opacity
        && layer.mode == again.mode
        && layer.material == again.material
        && layer.bounds == again.bounds
        && layer.preserved == again.preserved
        && layer.volume.count() == again.volume.count()
        && layer.volume.voxels().all(|(at, color)| again.volume.get(at) == color)
}

#[cfg(test)]
mod tests {
    use super::super::by_name;
    use super::*;
    use crate::voxel::{Point, Rgba};

    fn holds(format: &str, document: &Document) -> bool {
        by_name(format).is_ok_and(|format| format.holds_all_of(document, Path::new("x.vox")))
    }

    #[test]
    fn what_a_format_read_it_holds_until_something_is_added_that_it_has_no_room_for() {
        let mut made = Document::default();
        let active = made.active();
        made.layer_mut(active).unwrap().volume.set(Point::new(1, 2, 3), Rgba::WHITE);
        assert!(holds("gox", &made));
        let mut read = by_name("vox").unwrap().read_again(&made, Path::new("x.vox")).unwrap();
        assert!(holds("vox", &read));
        let active = read.active();
        read.layer_mut(active).unwrap().volume.set(Point::new(2, 2, 3), Rgba::new(9, 8, 7, 255));
        assert!(holds("vox", &read), "another voxel of another colour");
        let mut clear = read.clone();
        clear.layer_mut(active).unwrap().volume.set(Point::new(3, 2, 3), Rgba::new(1, 2, 3, 9));
        assert!(!holds("vox", &clear), "alpha");
        read.name = "another".to_owned();
        assert!(!holds("vox", &read) && holds("gox", &read), "a name");
    }
}
