//! The formats that are known, and how one is found by name, ending or content.

use std::path::Path;

use super::builder::measure;
use super::bytes::FileBytes;
use super::export::{Axes, ExportOptions, MeshColors, MeshKind, Origin, Prepared, prepare};
use super::fidelity::{Holds, Report};
use super::rows::FORMATS;
use super::surface::{self, VoxeliseOptions};
use super::{FormatError, ReadJob, ReadOptions, WriteJob, WriteOptions, Written};
use crate::document::Document;
use crate::job::{Slice, Work};
use crate::voxel::Bounds;

/// One file format.
pub struct Format {
    /// Its name on the wire.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// Endings without the dot, the usual one first.
    pub extensions: &'static [&'static str],
    /// Further names that are understood.
    pub aliases: &'static [&'static str],
    /// What a file of it can hold.
    pub holds: Holds,
    /// Which way its axes point.
    pub axes: Axes,
    /// The options of export that it heeds, besides those of all.
    pub options: &'static [&'static str],
    /// The values of the option `colors` that it knows a way of, if it heeds that.
    pub ways: &'static [MeshColors],
    /// Whether its files may hold frames.
    pub moves: bool,
    /// Whether places are floating-point numbers of 32 bits.
    pub has_short_floats: bool,
    /// Whether a file's first bytes (and its length, for formats without a magic number) are of
    /// this format. False where the content cannot tell.
    pub(super) detect: fn(&[u8]) -> bool,
    pub(super) read: Option<fn(FileBytes, ReadOptions) -> ReadJob>,
    pub(super) write: Option<fn(Document, WriteOptions) -> WriteJob>,
}

impl Format {
    /// Whether an option of export changes anything about files of this format.
    pub fn heeds(&self, option: &str) -> bool {
        // Meshes of the reference, whose options are older than those of all meshes.
        let is_older = ["y_up", "merge_faces"].contains(&option);
        OF_ALL.contains(&option)
            || self.options.contains(&option)
            || is_older && ["obj", "ply"].contains(&self.name)
    }

    /// Tells which of the options of export that were given have no effect on files of this
    /// format.
    pub fn without_effect<'a>(&self, given: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let idle = given.into_iter().filter(|option| !self.heeds(option));
        idle.map(|option| format!("'{option}' has no effect on the format {}", self.name)).collect()
    }

    /// Tells which options of reading have no effect on files of this format.
    pub(super) fn idle_in_reading(&self, voxelise: &VoxeliseOptions, frames: bool) -> Vec<String> {
        let usual = VoxeliseOptions::default();
        let of_surfaces = [
            ("y_up", voxelise.y_up != usual.y_up),
            ("voxel_size", voxelise.voxel_size != usual.voxel_size),
            ("fit", voxelise.fit.is_some()),
        ];
        let of_surfaces = of_surfaces.map(|(name, is)| (name, is && !self.holds.is_surface));
        let idle = of_surfaces.into_iter().chain([("frames", frames && !self.moves)]);
        let told = |name| format!("'{name}' has no effect on what is read as {}", self.name);
        idle.filter(|(_, is_idle)| *is_idle).map(|(name, _)| told(name)).collect()
    }

    /// What the values of options come to that files of this format know no way of.
    fn otherwise(&self, options: &ExportOptions) -> Vec<String> {
        let mut told = Vec::new();
        if let Some(colors) = options.colors.filter(|colors| !self.ways.contains(colors))
            && self.heeds("colors")
        {
            let (name, format) = (colors.name(), self.name);
            let others: Vec<&str> = self.ways.iter().map(|colors| colors.name()).collect();
            let others = others.join(", ");
            told.push(format!(
                "colors '{name}' is not known to the format {format}; it knows {others}"
            ));
        }
        let is_merged = options.mesh.is_some_and(|mesh| mesh != MeshKind::Faces);
        if options.ao && is_merged && self.heeds("ao") {
            told.push("'mesh' has no effect with 'ao', which needs each face".to_owned());
        }
        told
    }

    /// Whether files of this format can be loaded.
    pub fn can_read(&self) -> bool {
        self.read.is_some()
    }

    /// Whether documents can be saved in this format.
    pub fn can_write(&self) -> bool {
        self.write.is_some()
    }

    /// Whether a file's content is of this format, as far as its bytes can tell.
    pub fn matches(&self, bytes: &[u8]) -> bool {
        (self.detect)(bytes)
    }

    /// Starts to read bytes of this format.
    pub fn reader(&self, bytes: Vec<u8>, options: ReadOptions) -> Result<ReadJob, FormatError> {
        let read = self.read.ok_or_else(|| self.one_way("read", &readable()))?;
        Ok(read(bytes.into(), options))
    }

    /// Starts to write a document in this format.
    pub fn writer(
        &self,
        document: Document,
        options: WriteOptions,
    ) -> Result<WriteJob, FormatError> {
        let write = self.write.ok_or_else(|| self.one_way("written", &writable()))?;
        let Format { holds, axes, name, has_short_floats, .. } = *self;
        let is_mesh = self.options.contains(&"mesh");
        let otherwise = self.otherwise(&options.export);
        Ok(Box::new(Work::new(move |slice| async move {
            let Prepared { document, mut report } =
                prepare(document, holds, axes, &options.export, &slice).await?;
            otherwise.into_iter().for_each(|note| report.warn(note));
            if has_short_floats {
                tell_of_rounding(&document, options.export.origin, &mut report, &slice).await;
            }
            let mut check = None;
            if options.report && is_mesh {
                check = Some(surface::check(&document, name, &options, &slice).await);
            }
            let mut written = slice.run(write(document, options)).await?;
            if let Some(mesh) = &mut written.mesh {
                mesh.check = check;
            }
            report.extend(Report { warnings: written.warnings, lost: written.lost });
            Ok(Written { warnings: report.warnings, lost: report.lost, ..written })
        })))
    }

    fn one_way(&self, direction: &'static str, possible: &str) -> FormatError {
        let known = format!("those that can are {possible}");
        FormatError::OneWay { format: self.name, direction, known }
    }

    fn has_name(&self, name: &str) -> bool {
        let names = [self.name].into_iter();
        let mut all =
            names.chain(self.aliases.iter().copied()).chain(self.extensions.iter().copied());
        all.any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// The farthest place up to which 32-bit floating-point numbers know each whole number.
const EXACT: i64 = 1 << 24;

/// Tells if places are so far out that a format with 32-bit numbers cannot tell voxels apart.
async fn tell_of_rounding(document: &Document, origin: Origin, report: &mut Report, slice: &Slice) {
    let mut bounds = None;
    for layer in document.layers().iter().filter(|layer| layer.visible) {
        bounds = Bounds::union_of(bounds, measure(&layer.volume, slice).await);
    }
    let Some(bounds) = bounds else { return };
    let is_far = (0..3).any(|axis| match origin {
        Origin::Keep | Origin::Pivot => bounds.min[axis].abs().max(bounds.max[axis].abs()) > EXACT,
        Origin::Center | Origin::Corner => bounds.max[axis] - bounds.min[axis] > EXACT,
    });
    if is_far {
        let text = format!(
            "places beyond {EXACT} are rounded: the format has 32-bit numbers; an origin at a \
             corner or in the center keeps smaller ones"
        );
        report.warn(text);
    }
}

/// The table of all formats, for the guide.
pub fn guide_table() -> String {
    let mut table =
        "| format | endings | read | write | what is kept |\n| --- | --- | --- | --- | --- |\n"
            .to_owned();
    let yes_no = |is: bool| if is { "yes" } else { "no" };
    for format in FORMATS {
        let Holds { colors, is_surface, .. } = format.holds;
        let read =
            if is_surface && format.can_read() { "as voxels" } else { yes_no(format.can_read()) };
        let mut kept = format.holds.words();
        kept.extend(is_surface.then_some("the surface"));
        let limit = colors.map(|most| match most {
            0 => "no colours".to_owned(),
            most => format!("{most} colours"),
        });
        kept.extend(limit.as_deref());
        let (endings, write) = (format.extensions.join(", "), yes_no(format.can_write()));
        let (name, title, kept) = (format.name, format.title, kept.join(", "));
        let endings = if endings.is_empty() { "-" } else { &endings };
        let between = if kept.is_empty() { "" } else { ": " };
        table.push_str(&format!(
            "| `{name}` | {endings} | {read} | {write} | {title}{between}{kept} |\n"
        ));
    }
    table
}

/// The options of export that every format heeds.
const OF_ALL: [&str; 6] = ["layers", "region", "origin", "quantize", "dither", "name"];

/// All formats.
pub fn formats() -> &'static [Format] {
    FORMATS
}

/// A format by its name, one of its other names or one of its endings, in any case, with or without
/// a leading dot.
pub fn by_name(name: &str) -> Result<&'static Format, FormatError> {
    let wanted = name.trim().trim_start_matches('.');
    let found = FORMATS.iter().find(|format| format.has_name(wanted));
    found.ok_or_else(|| FormatError::UnknownFormat { name: name.to_owned(), known: list(|_| true) })
}

/// The format that a path's ending names, in any case.
pub fn by_extension(path: &Path) -> Option<&'static Format> {
    let extension = path.extension()?.to_str()?;
    let names = |format: &&Format| {
        format.extensions.iter().any(|known| known.eq_ignore_ascii_case(extension))
    };
    FORMATS.iter().find(names)
}

/// The format that a file's content shows.
pub fn by_content(bytes: &[u8]) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.matches(bytes))
}

/// The format to write a path in: the one named, else the one of its ending.
pub fn find_for_writing(path: &Path, name: Option<&str>) -> Result<&'static Format, FormatError> {
    if let Some(name) = name {
        return by_name(name).map_err(|error| match error {
            FormatError::UnknownFormat { name, .. } => {
                FormatError::UnknownFormat { name, known: writable() }
            }
            error => error,
        });
    }
    by_extension(path).ok_or_else(|| FormatError::UnknownFormat {
        name: path.extension().unwrap_or_default().to_string_lossy().into_owned(),
        known: writable(),
    })
}

/// Names of the formats that can be read.
pub(super) fn readable() -> String {
    list(Format::can_read)
}

/// Names of the formats that can be written.
pub(super) fn writable() -> String {
    list(Format::can_write)
}

fn list(wanted: impl Fn(&Format) -> bool) -> String {
    let names: Vec<_> = FORMATS.iter().filter(|format| wanted(format)).map(|f| f.name).collect();
    names.join(", ")
}
