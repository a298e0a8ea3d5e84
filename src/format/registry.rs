//! The formats that are known, and how one is found by name, ending or content.

use std::path::Path;

use super::bytes::FileBytes;
use super::export::{Prepared, prepare};
use super::fidelity::{Holds, Report};
use super::{
    FormatError, ReadJob, ReadOptions, WriteJob, WriteOptions, Written, dense, gox, import, png,
    surface, text, vox,
};
use crate::document::Document;
use crate::job::Work;

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
    /// Whether a file's first bytes (and its length, for formats without a magic number) are of this
    /// format. False where the content cannot tell.
    detect: fn(&[u8]) -> bool,
    read: Option<fn(FileBytes, ReadOptions) -> ReadJob>,
    write: Option<fn(Document, WriteOptions) -> WriteJob>,
}

/// An `async fn` over bytes, or over a document, as the job that a row names.
macro_rules! work {
    ($work:path) => {
        Some(|source, options| Box::new(Work::new(|slice| $work(source, options, slice))))
    };
}

/// What meshes of one colour a vertex hold.
const SURFACE: Holds = Holds { is_surface: true, ..Holds::VOXELS };

static FORMATS: &[Format] = &[
    Format {
        name: "gox",
        title: "Goxel project",
        extensions: &["gox"],
        aliases: &["goxel"],
        holds: Holds::ALL,
        detect: |bytes| bytes.starts_with(b"GOX "),
        read: work!(gox::read),
        write: work!(gox::write),
    },
    Format {
        name: "vox",
        title: "MagicaVoxel",
        extensions: &["vox"],
        aliases: &["magicavoxel", "magica voxel"],
        holds: Holds { alpha: false, modes: false, colors: Some(255), ..Holds::ALL },
        detect: vox::detect,
        read: work!(vox::read),
        write: work!(vox::write),
    },
    Format {
        name: "obj",
        title: "Wavefront surface with vertex colours",
        extensions: &["obj"],
        aliases: &["wavefront"],
        holds: SURFACE,
        detect: surface::obj_detect,
        read: work!(surface::read_obj),
        write: work!(surface::write_obj),
    },
    Format {
        name: "ply",
        title: "Polygon surface or point cloud",
        extensions: &["ply"],
        aliases: &[],
        holds: Holds { alpha: true, ..SURFACE },
        detect: surface::ply_detect,
        read: work!(surface::read_ply),
        write: work!(surface::write_ply),
    },
    Format {
        name: "qubicle",
        title: "Qubicle Binary",
        extensions: &["qb"],
        aliases: &[],
        holds: Holds { layers: true, names: true, ..Holds::RGBA },
        detect: |_| false,
        read: work!(import::read_qb),
        write: work!(import::write_qb),
    },
    Format {
        name: "qbt",
        title: "Qubicle Binary Tree",
        extensions: &["qbt"],
        aliases: &[],
        holds: Holds { layers: true, names: true, ..Holds::VOXELS },
        detect: |bytes| bytes.starts_with(b"QB 2"),
        read: work!(import::read_qbt),
        write: None,
    },
    Format {
        name: "qef",
        title: "Qubicle Exchange Format",
        extensions: &["qef"],
        aliases: &[],
        holds: Holds::VOXELS,
        detect: |bytes| bytes.starts_with(b"Qubicle Exchange Format"),
        read: work!(import::read_qef),
        write: None,
    },
    Format {
        name: "kvx",
        title: "Build engine model",
        extensions: &["kvx"],
        aliases: &[],
        holds: Holds::palette(255),
        detect: |_| false,
        read: work!(import::read_kvx),
        write: None,
    },
    Format {
        name: "kv6",
        title: "Voxlap model",
        extensions: &["kv6"],
        aliases: &[],
        holds: Holds::VOXELS,
        detect: |bytes| bytes.starts_with(b"Kvxl"),
        read: work!(import::read_kv6),
        write: work!(import::write_kv6),
    },
    Format {
        name: "vxl",
        title: "Ace of Spades map",
        extensions: &["vxl"],
        aliases: &[],
        holds: Holds::VOXELS,
        detect: |_| false,
        read: work!(import::read_vxl),
        write: None,
    },
    Format {
        name: "cnc vxl",
        title: "Command & Conquer model",
        extensions: &[],
        aliases: &["cnc"],
        holds: Holds { layers: true, names: true, colors: Some(256), ..Holds::VOXELS },
        detect: import::cnc_detect,
        read: work!(import::read_cnc),
        write: None,
    },
    Format {
        name: "qbcl",
        title: "Qubicle project",
        extensions: &["qbcl"],
        aliases: &[],
        holds: Holds { layers: true, names: true, hidden: true, ..Holds::VOXELS },
        detect: |bytes| bytes.starts_with(b"QBCL"),
        read: work!(import::read_qbcl),
        write: None,
    },
    Format {
        name: "povray",
        title: "POV-Ray scene",
        extensions: &["pov", "povray"],
        aliases: &["pov-ray"],
        holds: Holds::RGBA,
        detect: |_| false,
        read: None,
        write: work!(dense::write_povray),
    },
    Format {
        name: "cub",
        title: "Cube World model",
        extensions: &["cub"],
        aliases: &[],
        holds: Holds::VOXELS,
        detect: import::cub_detect,
        read: work!(import::read_cub),
        write: work!(dense::write_cub),
    },
    Format {
        name: "binvox",
        title: "binvox grid",
        extensions: &["binvox"],
        aliases: &[],
        holds: Holds::palette(0),
        detect: |bytes| bytes.starts_with(b"#binvox"),
        read: work!(import::read_binvox),
        write: work!(dense::write_binvox),
    },
    Format {
        name: "schem",
        title: "Minecraft schematic",
        extensions: &["schem", "schematic"],
        aliases: &["sponge", "mcedit"],
        holds: Holds::VOXELS,
        detect: |bytes| bytes.starts_with(b"\x1f\x8b") || import::detect_plain_tags(bytes),
        read: work!(import::read_schem),
        write: work!(import::write_schem),
    },
    Format {
        name: "litematic",
        title: "Litematica schematic",
        extensions: &["litematic"],
        aliases: &["litematica"],
        holds: Holds { layers: true, names: true, ..Holds::VOXELS },
        detect: |_| false,
        read: work!(import::read_schem),
        write: work!(import::write_litematic),
    },
    Format {
        name: "structure",
        title: "Minecraft structure",
        extensions: &["nbt"],
        aliases: &["minecraft structure"],
        holds: Holds::VOXELS,
        detect: |_| false,
        read: work!(import::read_schem),
        write: work!(import::write_structure),
    },
    Format {
        name: "luanti",
        title: "Luanti schematic",
        extensions: &["mts"],
        aliases: &["minetest"],
        holds: Holds::VOXELS,
        detect: |bytes| bytes.starts_with(b"MTSM"),
        read: work!(import::read_luanti),
        write: work!(import::write_mts),
    },
    Format {
        name: "glb",
        title: "glTF 2.0, binary",
        extensions: &["glb"],
        aliases: &[],
        holds: Holds { layers: true, names: true, alpha: true, materials: true, ..SURFACE },
        detect: |bytes| bytes.starts_with(b"glTF"),
        read: None,
        write: work!(surface::write_glb),
    },
    Format {
        name: "gltf",
        title: "glTF 2.0, text",
        extensions: &["gltf"],
        aliases: &[],
        holds: Holds { layers: true, names: true, alpha: true, materials: true, ..SURFACE },
        detect: |_| false,
        read: None,
        write: work!(surface::write_gltf),
    },
    Format {
        name: "stl",
        title: "surface for slicers, without colours",
        extensions: &["stl"],
        aliases: &["stereolithography"],
        holds: Holds { colors: Some(0), ..SURFACE },
        detect: surface::stl_detect,
        read: work!(surface::read_stl),
        write: work!(surface::write_stl),
    },
    Format {
        name: "3mf",
        title: "3D Manufacturing Format, with colours",
        extensions: &["3mf"],
        aliases: &[],
        holds: Holds { alpha: true, ..SURFACE },
        detect: |_| false,
        read: None,
        write: work!(surface::write_3mf),
    },
    Format {
        name: "npy",
        title: "NumPy array",
        extensions: &["npy"],
        aliases: &["numpy"],
        holds: Holds::RGBA,
        detect: dense::detect_npy,
        read: work!(dense::read_npy),
        write: work!(dense::write_npy),
    },
    Format {
        name: "npz",
        title: "NumPy archive",
        extensions: &["npz"],
        aliases: &[],
        holds: Holds::RGBA,
        detect: |_| false,
        read: work!(dense::read_npz),
        write: work!(dense::write_npz),
    },
    Format {
        name: "xraw",
        title: "MagicaVoxel raw voxels",
        extensions: &["xraw"],
        aliases: &[],
        holds: Holds::RGBA,
        detect: |bytes| bytes.starts_with(b"XRAW"),
        read: work!(dense::read_xraw),
        write: work!(dense::write_xraw),
    },
    Format {
        name: "png",
        title: "picture, as a layer one voxel thick",
        extensions: &["png"],
        aliases: &[],
        holds: Holds::RGBA,
        detect: png::detect,
        read: work!(png::read),
        write: None,
    },
    Format {
        name: "png slices",
        title: "slices side by side in a picture",
        extensions: &[],
        aliases: &["png_slices", "png-slices", "slices"],
        holds: Holds::RGBA,
        detect: |_| false,
        read: work!(png::read_slices),
        write: work!(png::write_slices),
    },
    Format {
        name: "text",
        title: "text, a line per voxel",
        extensions: &["txt"],
        aliases: &[],
        holds: Holds::VOXELS,
        detect: text::detect,
        read: work!(text::read),
        write: work!(text::write),
    },
];

impl Format {
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
        let holds = self.holds;
        Ok(Box::new(Work::new(move |slice| async move {
            let Prepared { document, mut report } =
                prepare(document, holds, &options.export, &slice).await?;
            let written = slice.run(write(document, options)).await?;
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
