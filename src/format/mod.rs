//! Documents to and from files.
//!
//! One [`Format`] describes each format; [`formats`] lists them. Reading and writing are
//! [jobs](crate::job): [`LoadJob`] and [`SaveJob`] work in slices, and [`load`] and [`save`] run
//! them to their end. Whatever a format cannot hold is told in warnings, never dropped in silence.
//! Loading is bounded by [`Limits`]: damaged or hostile files give a [`FormatError`], never a panic
//! and never more memory than the limit.

mod adapt;
mod ascii;
mod beside;
mod builder;
mod bytes;
mod dense;
mod error;
mod export;
mod fidelity;
mod file;
#[cfg(test)]
mod file_tests;
mod gox;
mod heightmap;
mod image;
mod import;
mod job;
mod long_list;
mod merged;
mod pack;
mod palette;
mod pictures;
mod place;
mod png;
mod quantise;
mod registry;
mod replace_job;
mod replacement;
mod rows;
mod surface;
mod temporary;
mod text;
mod unpack;
mod vox;
mod whole;
mod zip;

pub use adapt::ImportOptions;
pub use error::FormatError;
pub use export::{Axes, ExportOptions, LayerChoice, MeshColors, MeshKind, OPTION_NAMES, Origin};
pub use fidelity::{Holds, Kind, Lost, Report};
pub(crate) use file::read_file;
pub use gox::SaveCache;
pub use job::{LoadJob, SaveJob};
pub use palette::{PaletteJob, PaletteLimits, decode_palette, encode_palette};
pub use registry::{
    Format, by_content, by_extension, by_name, find_for_writing, formats, guide_table,
};
pub use replace_job::{ReplaceJob, Replaced};
pub use replacement::replace_file;
#[doc(hidden)]
pub use surface::GltfVertices;
pub use surface::{SurfaceOptions, VoxeliseOptions};
pub use temporary::{end_notes, note_in, sweep};
pub(crate) use whole::is_same;

use std::path::{Path, PathBuf};

use crate::document::{DEFAULT_SIZE, Document, canvas_for_size};
use crate::file_access::{FileIdentity, FilePath};
use crate::job::Job;
pub use crate::job::pieces::Pieces;
use crate::voxel::Bounds;

/// What loading may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest file, in bytes.
    pub max_file_bytes: u64,
    /// The most memory for voxels, in bytes; a block of 16x16x16 counts 16 KiB however it is
    /// stored.
    pub max_voxel_bytes: u64,
    /// The most bytes that a schematic may have when it is unpacked.
    pub max_unpacked_bytes: u64,
    /// The most pixels of a picture that is read.
    pub max_picture_pixels: u64,
    /// The most columns of the grid that the triangles of a file may cross together.
    pub max_surface_columns: u64,
    /// The most layers of a file of another program. Those that a .gox spells out are bounded by
    /// memory alone.
    pub max_file_layers: usize,
}

impl Default for Limits {
    /// A file of 1 GiB, voxels of 2 GiB, 64 MiB unpacked, 64 Mi pixels, 256 Mi columns, 4,096
    /// layers.
    fn default() -> Self {
        Limits {
            max_file_bytes: 1 << 30,
            max_voxel_bytes: 2 << 30,
            max_unpacked_bytes: 1 << 26,
            max_picture_pixels: 1 << 26,
            max_surface_columns: 1 << 28,
            max_file_layers: 4096,
        }
    }
}

/// The refusal of a file with too many layers.
fn too_many_layers(got: u64, limit: usize) -> FormatError {
    let what = "the number of the file's layers".to_owned();
    FormatError::Limit { what, limit_name: "max_file_layers", limit: limit as u64, got }
}

/// How to read.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// What it may cost.
    pub limits: Limits,
    /// The document's name if the file holds none; by default the file's name without its ending.
    pub name: Option<String>,
    /// How surfaces (`.obj`, `.ply`, `.stl`, `.glb`) become voxels.
    pub voxelise: VoxeliseOptions,
    /// Where the file lies, for files that belong to it; none of them is read without.
    pub directory: Option<FilePath>,
    /// Each frame of an animation as a hidden layer, not the first one alone.
    pub frames: bool,
    /// What is done with the document that was read.
    pub import: ImportOptions,
}

/// How to write.
#[derive(Default)]
pub struct WriteOptions {
    /// A small PNG picture of the document, put into formats that can show one to file managers.
    pub preview: Option<Vec<u8>>,
    /// What the last save of this document left behind; makes the next one faster.
    pub cache: SaveCache,
    /// How surfaces (`.obj`, `.ply`) are written.
    pub surface: SurfaceOptions,
    /// What people chose.
    pub export: ExportOptions,
    /// The file's name without its ending, for formats that put further files beside it; without it
    /// there are none.
    pub stem: Option<String>,
    /// Whether meshes are looked at once more, to tell whether they are closed.
    pub report: bool,
}

/// A file that belongs to another one and lies beside it.
pub struct Beside {
    /// Its name.
    pub name: String,
    /// Its content.
    pub content: Pieces,
}

/// What a look at a mesh tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MeshCheck {
    /// Whether each edge is used equally often in both directions.
    pub is_closed: bool,
    /// Vertices that lie within edges of other polygons.
    pub t_junctions: u64,
}

/// What a mesh that was written consists of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MeshCounts {
    /// Vertices of the file.
    pub vertices: u64,
    /// Triangles; a polygon of four corners is two.
    pub triangles: u64,
    /// Materials.
    pub materials: u64,
    /// What a look at it tells, if that was asked for.
    pub check: Option<MeshCheck>,
}

/// A document read from a file.
pub struct Loaded {
    /// The document.
    pub document: Document,
    /// The format it was in.
    pub format: &'static str,
    /// What could not be understood or had to be changed.
    pub warnings: Vec<String>,
    /// What of it was lost, for programs.
    pub lost: Vec<Lost>,
    /// The version of the format that the file is of, where the reader tells it.
    pub version: Option<i32>,
}

/// A document as bytes.
pub struct Encoded {
    /// The file's content.
    pub bytes: Vec<u8>,
    /// Of what the mesh consists, if it is one.
    pub mesh: Option<MeshCounts>,
    /// What the format could not hold.
    pub warnings: Vec<String>,
    /// The same for programs.
    pub lost: Vec<Lost>,
    /// For the next save of the same document.
    pub cache: SaveCache,
}

/// A document as the content of a file, as writers make it.
pub struct Written {
    /// The file's content.
    pub content: Pieces,
    /// Files that belong to it.
    pub beside: Vec<Beside>,
    /// Of what the mesh consists, if it is one.
    pub mesh: Option<MeshCounts>,
    /// What the format could not hold.
    pub warnings: Vec<String>,
    /// The same for programs.
    pub lost: Vec<Lost>,
    /// For the next save of the same document.
    pub cache: SaveCache,
}

impl Loaded {
    fn new(document: Document, format: &'static str, report: Report) -> Self {
        let Report { warnings, lost } = report;
        Loaded { document, format, warnings, lost, version: None }
    }
}

impl Written {
    fn new(content: Pieces, report: Report) -> Self {
        let Report { warnings, lost } = report;
        let (beside, mesh, cache) = Default::default();
        Written { content, beside, mesh, warnings, lost, cache }
    }
}

/// A document on disk.
pub struct Saved {
    /// The format it is in.
    pub format: &'static str,
    /// The file's length in bytes.
    pub bytes: u64,
    /// Paths of further files that belong to it.
    pub beside: Vec<PathBuf>,
    /// Of what the mesh consists, if it is one.
    pub mesh: Option<MeshCounts>,
    /// What the file is like, so that a change by others can be seen.
    pub identity: FileIdentity,
    /// What the format could not hold.
    pub warnings: Vec<String>,
    /// The same for programs.
    pub lost: Vec<Lost>,
    /// For the next save of the same document.
    pub cache: SaveCache,
}

/// Reads a file. Its format is told by its content, and by its ending where the content does not
/// tell.
pub fn load(path: &Path, options: ReadOptions) -> Result<Loaded, FormatError> {
    LoadJob::of_file(path, None, options).finish()
}

/// Reads a document from bytes. Without a format, the content has to tell it.
///
/// ```
/// use goxel_daemon::{document::Document, format};
/// let document = Document::default();
/// let gox = format::by_name("gox")?;
/// let encoded = format::encode(document, gox, Default::default())?;
/// let loaded = format::decode(encoded.bytes, None, Default::default())?;
/// assert_eq!(loaded.format, "gox");
/// # Ok::<(), format::FormatError>(())
/// ```
pub fn decode(
    bytes: Vec<u8>,
    format: Option<&'static Format>,
    options: ReadOptions,
) -> Result<Loaded, FormatError> {
    LoadJob::of_bytes(bytes, format, options).finish()
}

/// Writes a document as bytes.
pub fn encode(
    document: Document,
    format: &'static Format,
    options: WriteOptions,
) -> Result<Encoded, FormatError> {
    let written = format.writer(document, options)?.finish_boxed()?;
    let Written { content, mesh, warnings, lost, cache, .. } = written;
    Ok(Encoded { bytes: content.into_vec(), mesh, warnings, lost, cache })
}

/// Writes a document to a file, atomically (see [`SaveJob`]). Without a format name, the path's
/// ending tells it.
pub fn save(
    document: Document,
    path: &Path,
    format: Option<&str>,
    options: WriteOptions,
) -> Result<Saved, FormatError> {
    SaveJob::new(document, path, find_for_writing(path, format)?, options)?.finish()
}

/// A reader at work.
pub type ReadJob = Box<dyn Job<Output = Result<Loaded, FormatError>>>;
/// A writer at work.
pub type WriteJob = Box<dyn Job<Output = Result<Written, FormatError>>>;

/// The canvas of a document whose voxels fill this box; that of a new document if there are none.
fn canvas_around(voxels: Option<Bounds>) -> Bounds {
    voxels.unwrap_or_else(|| canvas_for_size(DEFAULT_SIZE))
}

/// Runs a boxed job to its end.
trait FinishBoxed<T> {
    fn finish_boxed(self) -> T;
}

impl<T> FinishBoxed<T> for Box<dyn Job<Output = T>> {
    fn finish_boxed(mut self) -> T {
        loop {
            if let crate::job::Step::Done(output) = self.step(&mut crate::job::Budget::unlimited())
            {
                return output;
            }
        }
    }
}
