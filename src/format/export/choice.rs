//! The options that people choose from.

use super::Axes;
use crate::document::{Document, Layer};
use crate::voxel::Bounds;

/// Which layers are written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LayerChoice {
    /// Those that are visible.
    Visible,
    /// All of them; hidden ones become visible where the format merges layers.
    All,
    /// Those of these names or ids.
    Named(Vec<String>),
}

impl LayerChoice {
    /// Whether a layer is among them.
    pub fn holds(&self, layer: &Layer) -> bool {
        match self {
            LayerChoice::Visible => layer.visible,
            LayerChoice::All => true,
            LayerChoice::Named(names) => {
                names.iter().any(|name| *name == layer.name || *name == layer.id.0.to_string())
            }
        }
    }
}

impl ExportOptions {
    /// What was given and says nothing without something else.
    pub fn idle(&self) -> Option<&'static str> {
        let is_idle = self.dither && self.quantize.is_none();
        is_idle.then_some("'dither' has no effect without 'quantize'")
    }

    /// A layer that is named and is not there.
    pub fn missing_layer(&self, document: &Document) -> Option<&str> {
        let Some(LayerChoice::Named(names)) = &self.layers else { return None };
        let is_there = |name: &str| {
            let mut all = document.layers().iter();
            all.any(|layer| layer.name == name || layer.id.0.to_string() == name)
        };
        names.iter().map(String::as_str).find(|name| !is_there(name))
    }
}

/// Where the file's origin is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Origin {
    /// Where it is in the document.
    #[default]
    Keep,
    /// In the middle of what is written.
    Center,
    /// At the lowest corner of what is written.
    Corner,
    /// At the pivot of the first layer that is written.
    Pivot,
}

/// How surfaces are made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MeshKind {
    /// A quad for each visible face of a voxel.
    Faces,
    /// Neighbouring faces of one colour joined to rectangles.
    Greedy,
    /// The same without T-junctions: closed, for slicers.
    GreedyClosed,
    /// Marching cubes with flat colours.
    Marching,
    /// Marching cubes on a smoothed field.
    MarchingSmooth,
}

/// How a surface gets its colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MeshColors {
    /// A colour at each vertex.
    Vertex,
    /// A small texture of all colours.
    Texture,
    /// Both.
    Both,
    /// One material for each colour.
    Materials,
    /// Indices of a palette.
    Palette,
    /// None.
    None,
}

impl MeshColors {
    /// All of them.
    pub const ALL: [MeshColors; 6] = [
        MeshColors::Vertex,
        MeshColors::Texture,
        MeshColors::Both,
        MeshColors::Materials,
        MeshColors::Palette,
        MeshColors::None,
    ];

    /// Its name among the options.
    pub fn name(self) -> &'static str {
        match self {
            MeshColors::Vertex => "vertex",
            MeshColors::Texture => "texture",
            MeshColors::Both => "both",
            MeshColors::Materials => "materials",
            MeshColors::Palette => "palette",
            MeshColors::None => "none",
        }
    }
}

/// How a document is written. What is `None` is chosen by the format.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ExportOptions {
    /// Which layers.
    pub layers: Option<LayerChoice>,
    /// Only the voxels in this box.
    pub region: Option<Bounds>,
    /// Where the file's origin is.
    pub origin: Origin,
    /// How long a voxel's edge is, in units of the file.
    pub scale: Option<f64>,
    /// The file's axes.
    pub axes: Option<Axes>,
    /// One mesh for all layers instead of one for each.
    pub merge: Option<bool>,
    /// How surfaces are made.
    pub mesh: Option<MeshKind>,
    /// How they get their colours.
    pub colors: Option<MeshColors>,
    /// Darker corners at vertices.
    pub ao: bool,
    /// At most so many colours.
    pub quantize: Option<u32>,
    /// Mixed dots where colours were quantised.
    pub dither: bool,
    /// Small numbers in glTF (KHR_mesh_quantization).
    pub compact: bool,
    /// A single old-style model in `.vox`.
    pub plain: bool,
    /// Sets of Minecraft blocks to choose from, such as `concrete,wool`.
    pub blocks: Option<String>,
    /// The document's name.
    pub name: Option<String>,
}

/// The names of all options.
pub const OPTION_NAMES: [&str; 15] = [
    "layers", "region", "origin", "scale", "axes", "merge", "mesh", "colors", "ao", "quantize",
    "dither", "compact", "plain", "blocks", "name",
];

impl ExportOptions {
    /// Sets an option from its text; false if there is none of this name.
    ///
    /// # Errors
    /// What is expected instead of the text.
    pub fn set(&mut self, name: &str, text: &str) -> Result<bool, String> {
        let wrong = |expected: &str| format!("{name} is '{text}'; expected {expected}");
        match name {
            "layers" => self.layers = Some(layers(text)),
            "region" => {
                let expected = "six whole numbers x,y,z,x,y,z, the first and the last voxel";
                self.region = Some(region(text).ok_or_else(|| wrong(expected))?);
            }
            "origin" => {
                self.origin = match text {
                    "keep" => Origin::Keep,
                    "center" | "centre" => Origin::Center,
                    "corner" => Origin::Corner,
                    "pivot" => Origin::Pivot,
                    _ => return Err(wrong("keep, center, corner or pivot")),
                }
            }
            "scale" => {
                let scale = text.parse().ok().filter(|s: &f64| (1e-6..=1e6).contains(s));
                self.scale = Some(scale.ok_or_else(|| wrong("a number from 0.000001 to 1000000"))?);
            }
            "axes" => {
                let axes = Axes::parse(text);
                let expected = "y-up, z-up or a signed permutation such as +x+z-y";
                self.axes = Some(axes.ok_or_else(|| wrong(expected))?);
            }
            "merge" => self.merge = Some(flag(text).ok_or_else(|| wrong("true or false"))?),
            "mesh" => {
                self.mesh = Some(mesh_kind(text).ok_or_else(|| {
                    wrong("faces, greedy, greedy-closed, marching or marching-smooth")
                })?)
            }
            "colors" => {
                self.colors =
                    Some(mesh_colors(text).ok_or_else(|| {
                        wrong("vertex, texture, both, materials, palette or none")
                    })?)
            }
            "ao" => self.ao = flag(text).ok_or_else(|| wrong("true or false"))?,
            "quantize" => {
                let count = text.parse().ok().filter(|count| (1..=256).contains(count));
                self.quantize = Some(count.ok_or_else(|| wrong("a number of colours, 1 to 256"))?);
            }
            "dither" => self.dither = flag(text).ok_or_else(|| wrong("true or false"))?,
            "compact" => self.compact = flag(text).ok_or_else(|| wrong("true or false"))?,
            "plain" => self.plain = flag(text).ok_or_else(|| wrong("true or false"))?,
            "blocks" => self.blocks = Some(text.to_owned()),
            "name" => self.name = Some(text.to_owned()),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The document's layers that are chosen are all there are.
    pub(crate) fn choose(&self, document: &Document) -> Option<Vec<Layer>> {
        let choice = self.layers.as_ref()?;
        let chosen = document.layers().iter().filter(|layer| choice.holds(layer)).cloned();
        Some(chosen.map(|layer| Layer { visible: true, ..layer }).collect())
    }
}

fn flag(text: &str) -> Option<bool> {
    match text {
        "true" | "yes" | "1" | "" => Some(true),
        "false" | "no" | "0" => Some(false),
        _ => None,
    }
}

fn layers(text: &str) -> LayerChoice {
    match text {
        "visible" => LayerChoice::Visible,
        "all" => LayerChoice::All,
        names => LayerChoice::Named(names.split(',').map(|name| name.trim().to_owned()).collect()),
    }
}

fn region(text: &str) -> Option<Bounds> {
    let numbers: Option<Vec<i32>> =
        text.split([',', ' ']).filter(|word| !word.is_empty()).map(|w| w.parse().ok()).collect();
    let [a, b, c, d, e, f] = numbers?.try_into().ok()?;
    let (low, high) = ([a, b, c], [d, e, f]);
    (0..3).all(|axis| low[axis] <= high[axis]).then(|| Bounds::inclusive(low, high))
}

fn mesh_kind(text: &str) -> Option<MeshKind> {
    Some(match text {
        "faces" => MeshKind::Faces,
        "greedy" => MeshKind::Greedy,
        "greedy-closed" | "greedy_closed" => MeshKind::GreedyClosed,
        "marching" => MeshKind::Marching,
        "marching-smooth" | "marching_smooth" => MeshKind::MarchingSmooth,
        _ => return None,
    })
}

fn mesh_colors(text: &str) -> Option<MeshColors> {
    MeshColors::ALL.into_iter().find(|colors| colors.name() == text)
}
