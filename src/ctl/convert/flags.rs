//! The options of export and import as flags.

use crate::ctl::exit::Failure;
use crate::format::{ExportOptions, Format, ReadOptions, decode_palette};
use std::path::PathBuf;

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
    frames: bool,
    /// Turn what is read by so many quarters, counter-clockwise seen from above
    #[arg(long, value_name = "QUARTERS", allow_hyphen_values = true, default_value_t = 0)]
    turns: i64,
    /// Move what is read: x,y,z
    #[arg(long, allow_hyphen_values = true)]
    position: Option<String>,
    /// Fill the inside of what is read, as for surfaces
    #[arg(long)]
    fill: bool,
    /// One layer of what is read (one), or its own (layers)
    #[arg(long)]
    into: Option<String>,
    /// A palette file (.gpl, .dat, .png): each colour becomes the nearest of it
    #[arg(long, value_name = "FILE")]
    palette: Option<PathBuf>,
    /// Of surfaces that are read: the edge of a voxel in the file's units
    #[arg(long, value_name = "SIZE")]
    voxel_size: Option<f64>,
    /// Of surfaces that are read: how many voxels the longest edge shall have
    #[arg(long, value_name = "VOXELS", value_parser = clap::value_parser!(u32).range(1..=4096))]
    fit: Option<u32>,
    /// Of surfaces that are read: z is up in the file
    #[arg(long)]
    from_z_up: bool,
}

impl Flags {
    /// The options of import, checked.
    pub(super) fn read_options(&self) -> Result<ReadOptions, Failure> {
        let wrong = |text: String| Failure::Usage(text);
        let mut options = ReadOptions { frames: self.frames, ..ReadOptions::default() };
        options.voxelise.y_up = !self.from_z_up;
        options.voxelise.fit = self.fit;
        if let Some(size) = self.voxel_size {
            if !(1e-6..=1e6).contains(&size) {
                let text = format!("voxel-size is {size}; expected 0.000001 to 1000000");
                return Err(wrong(text));
            }
            options.voxelise.voxel_size = size;
        }
        let import = &mut options.import;
        (import.turns, import.fill) = (self.turns, self.fill);
        if let Some(text) = &self.position {
            let numbers: Option<Vec<i64>> = text
                .split([',', ' '])
                .map(|word| word.parse::<i32>().ok().map(i64::from))
                .collect();
            let place = numbers.and_then(|numbers| numbers.try_into().ok());
            let expected =
                || wrong(format!("position is '{text}'; expected three whole numbers x,y,z"));
            import.position = place.ok_or_else(expected)?;
        }
        import.into_one = match self.into.as_deref() {
            None | Some("layers") => false,
            Some("one") => true,
            Some(text) => return Err(wrong(format!("into is '{text}'; expected layers or one"))),
        };
        if let Some(path) = &self.palette {
            let bytes =
                std::fs::read(path).map_err(|error| Failure::NoInput(path.clone(), error))?;
            let palette = decode_palette(&bytes, "");
            let palette =
                palette.map_err(|error| Failure::Data(format!("{}: {error}", path.display())))?;
            import.palette = palette.colors.into_iter().map(|(color, _)| color).collect();
        }
        Ok(options)
    }

    /// The options of export that were given, and their texts.
    fn given(&self) -> impl Iterator<Item = (&'static str, String)> {
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
        all.into_iter().filter_map(|(name, value)| Some((name, value?)))
    }

    /// The options of export, checked.
    pub(super) fn options(&self) -> Result<ExportOptions, Failure> {
        let mut options = ExportOptions::default();
        for (name, value) in self.given() {
            options.set(name, &value).map_err(Failure::Usage)?;
        }
        Ok(options)
    }

    /// What was given and changes nothing about files of a format.
    pub(super) fn without_effect(&self, format: &Format, export: &ExportOptions) -> Vec<String> {
        let given: Vec<_> = self.given().map(|(name, _)| name).collect();
        let mut idle = format.without_effect(given);
        idle.extend(export.idle().map(str::to_owned));
        idle
    }
}
