//! Volume to pixels: cameras, light, and a renderer that runs in slices on the CPU.
//!
//! [`drawing`] takes a snapshot of a volume and [`RenderSettings`] and ends with a [`Picture`].
//! Pictures are deterministic: the same model and settings give the same bytes on every machine.
//! Colours are stored sRGB; light is added up in linear light, and the brightest side of the model
//! that can be seen shows its stored colours unchanged.

mod draw;
mod drawing;
mod font;
mod light;
mod look;
mod march;
mod picture;
mod png_file;
mod projector;
mod quads;
mod raster;
mod scene;
mod settings;
mod shade;
mod silhouette;
mod srgb;
mod surface;
mod vector;
mod viewpoint;

pub use drawing::drawing;
#[cfg(feature = "server")]
pub(crate) use font::dots as letter_dots;
#[cfg(feature = "mcp")]
pub(crate) use font::write as write_label;
pub use look::{Backdrop, Look};
pub use march::{Hit, first_hit, raycast};
pub use picture::Picture;
pub use png_file::PngFile;
pub use projector::{MARGIN, Ray};
pub use settings::{
    KeyLight, Lighting, MAX_PIXELS, MAX_SAMPLES, MAX_SIDE, Method, RenderError, RenderSettings,
    Shading,
};
pub use viewpoint::{Lens, Viewpoint, ViewpointError};
