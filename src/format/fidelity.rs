//! What a format could not hold: told in every answer, never lost in silence.
//!
//! Each format's row says what it can hold ([`Holds`]). From that and the document follows most of
//! what is lost; what only a writer or a reader can count, it adds itself.

use crate::document::{BlendMode, Camera, Document, Layer, LayerContent, Material};
use crate::plain_words::in_words;

/// What is said of cameras that a format does not hold.
pub(crate) const CAMERAS_LEFT_OUT: [&str; 2] = ["camera is left out", "cameras are left out"];
/// What is said of colours inside of what is written as a surface.
pub(crate) const HIDDEN_COLORS: [&str; 2] =
    ["colour of a hidden voxel is left out", "colours of hidden voxels are left out"];

/// What is lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Kind {
    /// Materials other than the plain one.
    Material,
    /// Cameras.
    Camera,
    /// Layers that became one.
    Layer,
    /// That layers are hidden.
    Hidden,
    /// Blend modes.
    Mode,
    /// Opacity of layers.
    Opacity,
    /// Voxels that let light through, or are left out.
    Alpha,
    /// Colours that became others.
    Color,
    /// Names.
    Name,
    /// Clones and shapes that became plain voxels.
    Instance,
    /// Frames of an animation.
    Frame,
    /// What is not understood.
    Unknown,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 12] = [
        Kind::Material,
        Kind::Camera,
        Kind::Layer,
        Kind::Hidden,
        Kind::Mode,
        Kind::Opacity,
        Kind::Alpha,
        Kind::Color,
        Kind::Name,
        Kind::Instance,
        Kind::Frame,
        Kind::Unknown,
    ];

    /// The kind's name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Material => "material",
            Kind::Camera => "camera",
            Kind::Layer => "layer",
            Kind::Hidden => "hidden",
            Kind::Mode => "mode",
            Kind::Opacity => "opacity",
            Kind::Alpha => "alpha",
            Kind::Color => "color",
            Kind::Name => "name",
            Kind::Instance => "instance",
            Kind::Frame => "frame",
            Kind::Unknown => "unknown",
        }
    }
}

/// Things of one kind that were lost.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lost {
    /// What they are.
    pub kind: Kind,
    /// How many.
    pub count: u64,
    /// What became of them.
    pub note: String,
}

/// What is told about a file besides its content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// For people; each loss is among them.
    pub warnings: Vec<String>,
    /// What was lost, for programs.
    pub lost: Vec<Lost>,
}

impl Report {
    /// Tells something that is no loss.
    pub(crate) fn warn(&mut self, note: impl Into<String>) {
        self.warnings.push(note.into());
    }

    /// Tells of a loss, if there is one.
    pub(crate) fn lose(&mut self, kind: Kind, count: u64, note: impl Into<String>) {
        if count > 0 {
            let note = note.into();
            self.warnings.push(note.clone());
            self.lost.push(Lost { kind, count, note });
        }
    }

    /// Tells programs of a loss that nobody needs to read.
    pub(crate) fn lose_quietly(&mut self, kind: Kind, count: u64, note: impl Into<String>) {
        self.lost.extend((count > 0).then(|| Lost { kind, count, note: note.into() }));
    }

    /// Tells how many voxels are covered by others, where a surface is all that is written.
    pub(crate) fn lose_inside(&mut self, count: u64) {
        let said = ["voxel inside is left out", "voxels inside are left out"];
        let note = in_words(count, said) + ": the surface is written";
        self.lose_quietly(Kind::Alpha, count, note);
    }

    /// Tells how many voxels lose their alpha.
    pub(crate) fn lose_alpha(&mut self, count: u64) {
        let said = ["voxel with alpha below 255 is", "voxels with alpha below 255 are"];
        let note = in_words(count, said) + " written opaque";
        self.lose(Kind::Alpha, count, note);
    }

    /// Adds what another one tells.
    pub(crate) fn extend(&mut self, other: Report) {
        self.warnings.extend(other.warnings);
        self.lost.extend(other.lost);
    }
}

/// What a format can hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Holds {
    /// Several layers; else what is seen is written as one.
    pub layers: bool,
    /// Names of layers.
    pub names: bool,
    /// That a layer is hidden.
    pub hidden: bool,
    /// Blend modes and opacity of layers.
    pub modes: bool,
    /// Alpha between 0 and 255.
    pub alpha: bool,
    /// Materials.
    pub materials: bool,
    /// Cameras.
    pub cameras: bool,
    /// Layers that are clones of others.
    pub instances: bool,
    /// The most colours of a file, where there is such a limit; 0 for no colours at all.
    pub colors: Option<u32>,
    /// Only the surface, not what is inside.
    pub is_surface: bool,
    /// Only visible layers.
    pub only_visible: bool,
    /// No layers without voxels.
    pub drops_empty: bool,
    /// Layers that are shapes or pictures.
    pub shapes: bool,
    /// Where voxels lie.
    pub places: Places,
}

/// What a file tells of where its model lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Places {
    /// All of it.
    #[default]
    Kept,
    /// Nothing: whoever reads it puts the middle of the model's base at the origin.
    Standing,
    /// Nothing: it may come back anywhere.
    Unknown,
}

impl Holds {
    /// Everything that a document has.
    pub(crate) const ALL: Holds = Holds {
        layers: true,
        names: true,
        hidden: true,
        modes: true,
        alpha: true,
        materials: true,
        cameras: true,
        instances: true,
        colors: None,
        is_surface: false,
        only_visible: false,
        drops_empty: false,
        shapes: true,
        places: Places::Kept,
    };
    /// Voxels of any colour in one layer.
    pub(crate) const VOXELS: Holds = Holds {
        layers: false,
        names: false,
        hidden: false,
        modes: false,
        alpha: false,
        materials: false,
        cameras: false,
        instances: false,
        colors: None,
        is_surface: false,
        only_visible: false,
        drops_empty: false,
        shapes: false,
        places: Places::Kept,
    };
    /// The same with alpha.
    pub(crate) const RGBA: Holds = Holds { alpha: true, ..Holds::VOXELS };

    /// Voxels of at most so many colours in one layer.
    pub(crate) const fn palette(colors: u32) -> Holds {
        Holds { colors: Some(colors), ..Holds::VOXELS }
    }

    /// The words for what is held, for tables.
    pub fn words(&self) -> Vec<&'static str> {
        let all = [
            (self.layers, "layers"),
            (self.names, "names"),
            (self.hidden, "hidden layers"),
            (self.modes, "blend modes"),
            (self.alpha, "alpha"),
            (self.materials, "materials"),
            (self.cameras, "cameras"),
            (self.instances, "instances"),
        ];
        all.into_iter().filter(|(held, _)| *held).map(|(_, word)| word).collect()
    }

    /// What a file of this kind loses of a document, as far as that can be told without a look at
    /// its voxels.
    pub(crate) fn losses(&self, document: &Document) -> Report {
        let mut report = Report::default();
        self.lose_layers(document, &mut report);
        if !self.materials {
            let count = used_materials(document);
            report.lose(Kind::Material, count, "materials of layers are left out");
        }
        if !self.cameras {
            let plain = |camera: &Camera| {
                Camera { name: String::new(), ..camera.clone() }
                    == Camera { name: String::new(), ..Camera::default() }
            };
            let count = document.cameras.iter().filter(|camera| !plain(camera)).count() as u64;
            report.lose(Kind::Camera, count, in_words(count, CAMERAS_LEFT_OUT));
        }
        report
    }

    fn lose_layers(&self, document: &Document, report: &mut Report) {
        let layers = document.layers();
        let count = |wanted: &dyn Fn(&Layer) -> bool| {
            layers.iter().filter(|layer| wanted(layer)).count() as u64
        };
        let shown = count(&|layer| layer.visible);
        if !self.modes {
            self.lose_modes(document, report);
        }
        if !self.layers {
            let note = format!("{shown} layers are merged into one");
            report.lose(Kind::Layer, if shown > 1 { shown } else { 0 }, note);
            let others = if shown > 1 { 0 } else { layers.len() as u64 - 1 };
            report.lose_quietly(
                Kind::Layer,
                others,
                in_words(others, ["layer is not in the file", "layers are not in the file"]),
            );
        } else if self.drops_empty {
            let empty = count(&|layer| layer.volume.is_empty());
            let note = in_words(empty, ["empty layer is left out", "empty layers are left out"]);
            report.lose_quietly(Kind::Layer, empty, note);
        }
        if !self.hidden {
            let hidden = count(&|layer| !layer.visible && !layer.volume.is_empty());
            let note = if self.layers && !self.only_visible {
                in_words(
                    hidden,
                    ["hidden layer is written visible", "hidden layers are written visible"],
                )
            } else {
                in_words(hidden, ["hidden layer is left out", "hidden layers are left out"])
            };
            report.lose(Kind::Hidden, hidden, note);
            let empty = count(&|layer| !layer.visible && layer.volume.is_empty());
            let said = if self.only_visible {
                [
                    "hidden layer without voxels is left out",
                    "hidden layers without voxels are left out",
                ]
            } else {
                ["empty layer is hidden no more", "empty layers are hidden no more"]
            };
            report.lose_quietly(Kind::Hidden, empty, in_words(empty, said));
        }
        if !self.names {
            let named = count(&|layer| layer.name != "Layer.1");
            let note =
                in_words(named, ["name of a layer is left out", "names of layers are left out"]);
            report.lose_quietly(Kind::Name, named, note);
        }
        let made = |layer: &Layer| match layer.content {
            LayerContent::Voxels => false,
            LayerContent::Clone { .. } => !self.instances,
            _ => !self.shapes,
        };
        let (loud, quiet) = (
            count(&|layer| made(layer) && !matches!(layer.content, LayerContent::Image { .. })),
            count(&|layer| made(layer) && matches!(layer.content, LayerContent::Image { .. })),
        );
        report.lose(
            Kind::Instance,
            loud,
            in_words(loud, ["clone or shape is", "clones or shapes are"])
                + " written as plain voxels",
        );
        let note = in_words(quiet, ["picture is plain voxels", "pictures are plain voxels"]);
        report.lose_quietly(Kind::Instance, quiet, note);
    }

    /// Blend modes and opacity.
    fn lose_modes(&self, document: &Document, report: &mut Report) {
        let layers = document.layers();
        let count = |wanted: &dyn Fn(&Layer) -> bool| {
            layers.iter().filter(|layer| wanted(layer)).count() as u64
        };
        let modes = count(&|layer| layer.visible && layer.mode != BlendMode::Over);
        let note = "layers with blend modes are written merged, as they are seen";
        report.lose(Kind::Mode, modes, note);
        let faint = count(&|layer| layer.visible && layer.opacity < 1.0);
        let note = "layers with an opacity below 1 are written merged, as they are seen";
        report.lose(Kind::Opacity, faint, note);
        let shown = count(&|layer| layer.visible);
        if self.layers && modes + faint > 0 && shown > 1 {
            report.lose(Kind::Layer, shown, format!("{shown} layers are merged into one"));
            let looks = |layer: &Layer| {
                let own = layer.material.and_then(|index| document.materials.get(index));
                layer.visible && own.is_some_and(|material| !is_plain(material))
            };
            let count = if self.materials { count(&looks) } else { 0 };
            let note = format!("the materials of {count} merged layers are left out");
            report.lose(Kind::Material, count, note);
        }
        let hidden = count(&|layer| !layer.visible && layer.mode != BlendMode::Over);
        report.lose_quietly(Kind::Mode, hidden, "blend modes of hidden layers are left out");
        let hidden = count(&|layer| !layer.visible && layer.opacity < 1.0);
        report.lose_quietly(Kind::Opacity, hidden, "the opacity of hidden layers is left out");
    }
}

/// Whether a material changes nothing about how voxels look.
pub(crate) fn is_plain(material: &Material) -> bool {
    let plain = Material::default();
    material.color == plain.color
        && material.metallic == plain.metallic
        && material.roughness == plain.roughness
        && material.emission == plain.emission
}

/// How many materials that are not plain a document's layers use.
fn used_materials(document: &Document) -> u64 {
    let used = |index: &usize| document.layers().iter().any(|l| l.material == Some(*index));
    let all = (0..document.materials.len()).filter(used);
    all.filter(|&index| !is_plain(&document.materials[index])).count() as u64
}
