//! Which layer of a document somebody means.

use crate::api::LayerRef;
use crate::document::{Document, LayerId};

/// Why a layer is not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotFound {
    /// There is none.
    None,
    /// Several have the name: their ids.
    Several(Vec<i32>),
}

/// The layer that is meant: the active one unless another is named by id or name.
pub fn find(document: &Document, wanted: &LayerRef) -> Result<LayerId, NotFound> {
    match wanted {
        LayerRef::Active => Ok(document.active()),
        LayerRef::Id(id) => document.layer(LayerId(*id)).map(|l| l.id).ok_or(NotFound::None),
        LayerRef::Named(name) => {
            let named: Vec<_> =
                document.layers().iter().filter(|layer| layer.name == *name).collect();
            match named[..] {
                [one] => Ok(one.id),
                [] => Err(NotFound::None),
                _ => Err(NotFound::Several(named.iter().map(|layer| layer.id.0).collect())),
            }
        }
    }
}
