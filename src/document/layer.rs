//! A layer: a volume with a name, a blend mode and a place in the stack.

use super::Matrix;
pub use crate::voxel::BlendMode;
use crate::voxel::{Bounds, Rgba, Volume};

/// A layer's number: at least 1, unique in its document.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct LayerId(pub i32);

/// The shape of a shape layer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ShapeKind {
    /// An ellipsoid that fills the layer's matrix.
    Sphere,
    /// A cuboid.
    Cube,
    /// An elliptic cylinder along the local z axis.
    Cylinder,
}

impl ShapeKind {
    /// All shapes.
    pub const ALL: [ShapeKind; 3] = [ShapeKind::Sphere, ShapeKind::Cube, ShapeKind::Cylinder];

    /// The shape's name, as files and the wire have it.
    pub fn name(self) -> &'static str {
        match self {
            ShapeKind::Sphere => "sphere",
            ShapeKind::Cube => "cube",
            ShapeKind::Cylinder => "cylinder",
        }
    }

    /// The shape with a name.
    pub fn from_name(name: &str) -> Option<ShapeKind> {
        ShapeKind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Where a layer's voxels come from.
#[derive(Clone, Debug, PartialEq)]
pub enum LayerContent {
    /// Its own voxels.
    Voxels,
    /// The voxels of another layer, resampled through the layer's matrix.
    Clone {
        /// The layer it copies.
        base: LayerId,
    },
    /// A shape that fills the layer's matrix.
    Shape {
        /// Which shape.
        kind: ShapeKind,
        /// Its colour.
        color: Rgba,
    },
    /// A picture placed by the layer's matrix; it has no voxels.
    Image {
        /// The picture's path as the file has it.
        path: String,
    },
}

/// One layer of a document.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Its number.
    pub id: LayerId,
    /// Its name.
    pub name: String,
    /// Whether it is drawn.
    pub visible: bool,
    /// 0 transparent to 1 opaque; scales alpha when layers are merged.
    pub opacity: f32,
    /// How it combines with the layers below.
    pub mode: BlendMode,
    /// Index into the document's materials.
    pub material: Option<usize>,
    /// Placement: see [`LayerContent`]; for voxel layers only the pivot.
    pub matrix: Matrix,
    /// The box that the layer is bounded by, if any.
    pub bounds: Option<Bounds>,
    /// Where the voxels come from.
    pub content: LayerContent,
    /// The voxels. For clone and shape layers: as evaluated last.
    pub volume: Volume,
    /// Entries of the file's layer record that this program does not understand, kept for saving.
    pub preserved: Vec<(String, Vec<u8>)>,
}

impl Layer {
    /// An empty visible layer.
    pub fn new(id: LayerId, name: &str) -> Self {
        Layer {
            id,
            name: name.to_owned(),
            visible: true,
            opacity: 1.0,
            mode: BlendMode::Over,
            material: Some(0),
            matrix: Matrix::IDENTITY,
            bounds: None,
            content: LayerContent::Voxels,
            volume: Volume::new(),
            preserved: Vec::new(),
        }
    }

    /// Whether its voxels are computed from something else.
    pub fn is_computed(&self) -> bool {
        matches!(self.content, LayerContent::Clone { .. } | LayerContent::Shape { .. })
    }

    /// Whether all but the voxels is as in another layer.
    pub(super) fn has_settings_of(&self, other: &Layer) -> bool {
        (&self.name, self.visible, self.opacity, self.mode, self.material)
            == (&other.name, other.visible, other.opacity, other.mode, other.material)
            && (&self.matrix, &self.bounds, &self.content, &self.preserved)
                == (&other.matrix, &other.bounds, &other.content, &other.preserved)
    }

    /// Bytes that it takes but for its voxels.
    pub fn own_bytes(&self) -> u64 {
        let preserved = self.preserved.iter().map(|(key, value)| 64 + key.len() + value.len());
        let path = match &self.content {
            LayerContent::Image { path } => path.capacity(),
            _ => 0,
        };
        (size_of::<Layer>() + self.name.capacity() + path + preserved.sum::<usize>()) as u64
    }
}
