//! A material: how a layer's surface takes light.

/// Material of a layer. Colours are linear, 0 to 1.
#[derive(Clone, PartialEq, Debug)]
pub struct Material {
    /// Its name.
    pub name: String,
    /// Linear RGBA that multiplies the voxels' colours; alpha is the opacity.
    pub color: [f32; 4],
    /// 0 dielectric to 1 metal.
    pub metallic: f32,
    /// 0 mirror to 1 matt.
    pub roughness: f32,
    /// Linear RGB that is added; may exceed 1.
    pub emission: [f32; 3],
    /// Entries of the file's record that this program does not understand, kept for saving.
    pub preserved: Vec<(String, Vec<u8>)>,
}

impl Default for Material {
    fn default() -> Self {
        Material {
            name: "Material.1".to_owned(),
            color: [1.0; 4],
            metallic: 0.2,
            roughness: 0.5,
            emission: [0.0; 3],
            preserved: Vec::new(),
        }
    }
}
