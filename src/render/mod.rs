//! Volume to pixels: cameras, light, and a renderer that runs in slices on the CPU.
//!
//! [`drawing`] takes a snapshot of a volume and [`RenderSettings`] and ends with a [`Picture`].
//! Pictures are deterministic: the same model and settings give the same bytes on every machine.
//! Colours are stored sRGB; light is added up in linear light, and the brightest side of the model
//! that can be seen shows its stored colours unchanged.

mod corner_light;
mod draw;
mod drawing;
mod edges;
mod even;
mod file;
mod finish;
mod floor;
mod font;
mod framing;
mod furniture;
mod grid;
mod light;
mod look;
mod maps;
mod march;
mod meeting;
mod path;
mod picture;
mod pixels;
mod projector;
mod quads;
mod raster;
mod reflection;
mod scene;
mod settings;
mod shade;
mod silhouette;
mod srgb;
mod sunlight;
mod surface;
mod survey;
mod through;
mod vector;
mod viewpoint;

pub use drawing::drawing;
#[cfg(feature = "server")]
pub(crate) use file::encode_samples;
pub use file::{DEFAULT_QUALITY, FileError, FileKind, FileSettings, FileWriter, PictureFile};
pub use finish::Materials;
#[cfg(feature = "server")]
pub(crate) use font::{dots as letter_dots, has_letter};
pub use look::{Backdrop, Edges, Look};
pub use maps::{LayerVoxels, Map, MapSamples, Picked};
pub(crate) use maps::{maps, pick};
pub use march::{Hit, first_hit, raycast};
pub use picture::Picture;
pub use projector::{MARGIN, Ray};
pub use settings::{
    KeyLight, Lighting, MAX_BOUNCES, MAX_PIXELS, MAX_SAMPLES, MAX_SIDE, MAX_TRACED, Method,
    RenderError, RenderSettings, Shading, Tracing,
};
pub use viewpoint::{Lens, Viewpoint, ViewpointError};
