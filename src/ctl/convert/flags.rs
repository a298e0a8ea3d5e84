//! The options of export and import as flags.

use crate::ctl::exit::Failure;
use crate::format::ExportOptions;

/// Options of export and import; see the guide of formats.
#[derive(clap::Args, Debug, Default)]
pub struct Flags {
    /// Layers to write: names or ids with commas between, visible, or all
    #[arg(long)]
    layers: Option<String>,
    /// Only the voxels from one corner to another: x,y,z,x,y,z
    #[arg(long, allow_hyphen_values = true)]
    region: Option<String>,
    /// The file's origin: keep, center, corner, pivot
    #[arg(long)]
    origin: Option<String>,
    /// The edge of a voxel in units of the file
    #[arg(long)]
    scale: Option<String>,
    /// The file's axes: y-up, z-up, or a signed permutation such as +x+z-y
    #[arg(long, allow_hyphen_values = true)]
    axes: Option<String>,
    /// One mesh for all layers (true), or one for each (false)
    #[arg(long, num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    merge: Option<String>,
    /// Surfaces: faces, greedy, greedy-closed, marching, marching-smooth
    #[arg(long)]
    mesh: Option<String>,
    /// Colours of surfaces: vertex, texture, both, materials, palette, none
    #[arg(long)]
    colors: Option<String>,
    /// Darker corners at vertices
    #[arg(long)]
    ao: bool,
    /// At most so many colours
    #[arg(long)]
    quantize: Option<String>,
    /// Mixed dots where colours are quantised
    #[arg(long)]
    dither: bool,
    /// Small numbers in glTF (KHR_mesh_quantization)
    #[arg(long)]
    compact: bool,
    /// One old-style model in .vox
    #[arg(long)]
    plain: bool,
    /// Minecraft blocks to choose from, such as concrete,wool
    #[arg(long)]
    blocks: Option<String>,
    /// The document's name
    #[arg(long)]
    name: Option<String>,
    /// Each frame of an animation as a hidden layer
    #[arg(long)]
    pub(super) frames: bool,
}

impl Flags {
    /// The options of export, checked.
    pub(super) fn options(&self) -> Result<ExportOptions, Failure> {
        let mut options = ExportOptions::default();
        let flag = |is_set: bool| is_set.then(|| "true".to_owned());
        let all = [
            ("layers", self.layers.clone()),
            ("region", self.region.clone()),
            ("origin", self.origin.clone()),
            ("scale", self.scale.clone()),
            ("axes", self.axes.clone()),
            ("merge", self.merge.clone()),
            ("mesh", self.mesh.clone()),
            ("colors", self.colors.clone()),
            ("ao", flag(self.ao)),
            ("quantize", self.quantize.clone()),
            ("dither", flag(self.dither)),
            ("compact", flag(self.compact)),
            ("plain", flag(self.plain)),
            ("blocks", self.blocks.clone()),
            ("name", self.name.clone()),
        ];
        for (name, value) in all {
            if let Some(value) = value {
                options.set(name, &value).map_err(Failure::Usage)?;
            }
        }
        Ok(options)
    }
}
