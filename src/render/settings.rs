//! What a picture should be: size, viewpoint, light, shading; the limits and their errors.

use super::finish::Materials;
use super::viewpoint::{Viewpoint, ViewpointError};
use crate::document::Light;
use crate::mesh::Occupancy;
use crate::voxel::{Bounds, Rgba, Volume};

/// The largest width and height of a picture in pixels: what PNG viewers and GPUs take.
pub const MAX_SIDE: u32 = 8192;
/// The most pixels in a picture: 128 MiB of RGBA.
pub const MAX_PIXELS: u64 = 1 << 25;
/// The most samples across a pixel.
pub const MAX_SAMPLES: u32 = 4;

/// The most samples of a pixel that is traced.
pub const MAX_TRACED: u32 = 65536;
/// The most bounces of light.
pub const MAX_BOUNCES: u32 = 64;

/// Where the main light comes from.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub enum KeyLight {
    /// Over the left shoulder of the camera: what faces the viewer is lit in every view.
    #[default]
    Shoulder,
    /// From a direction of the model. Angles in radians.
    Fixed {
        /// Angle from straight up.
        pitch: f64,
        /// Turn around z, from +x towards +y.
        yaw: f64,
    },
    /// From where a vector of length 1 points.
    Direction([f64; 3]),
}

/// The light. The brightest side that can be seen shows its stored colour unchanged.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Lighting {
    /// Where the main light comes from.
    pub key: KeyLight,
    /// The share of light that comes from everywhere, 0 to 1.
    pub ambient: f32,
    /// How much of the main light a shadow takes away, 0 to 1.
    pub shadow: f32,
    /// Light from straight below, as a share of that from straight above, 0 to 1.
    pub ground: f32,
    /// How wide the sun is, in degrees above 0 and up to 90: the wider, the softer shadows are.
    pub sun_size: f32,
}

impl Default for Lighting {
    fn default() -> Self {
        Lighting {
            key: KeyLight::Shoulder,
            ambient: 0.42,
            shadow: 0.75,
            ground: 0.6,
            sun_size: 5.0,
        }
    }
}

impl From<&Light> for Lighting {
    fn from(light: &Light) -> Self {
        let key = if light.fixed {
            KeyLight::Shoulder
        } else {
            KeyLight::Fixed { pitch: light.pitch.into(), yaw: light.yaw.into() }
        };
        Lighting { key, ambient: light.ambient, shadow: light.shadow, ..Lighting::default() }
    }
}

/// How surfaces are drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shading {
    /// Whether light is computed at all; without it every pixel has its voxel's stored colour.
    pub lit: bool,
    /// Whether corners between voxels are darker.
    pub occlusion: bool,
    /// Whether voxels throw shadows.
    pub shadows: bool,
}

impl Shading {
    /// Stored colours, nothing else.
    pub const FLAT: Shading = Shading { lit: false, occlusion: false, shadows: false };
}

impl Default for Shading {
    fn default() -> Self {
        Shading { lit: true, occlusion: true, shadows: false }
    }
}

/// A picture by paths of light, as a camera would take it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Tracing {
    /// Samples of each pixel, 1 to [`MAX_TRACED`].
    pub samples: u32,
    /// Another seed gives other noise.
    pub seed: u64,
    /// How often light may go on from a surface, 0 to [`MAX_BOUNCES`].
    pub bounces: u32,
    /// Half of the width of the lens in voxels: what is not at the focus is blurred. 0 for none.
    /// Perspective only.
    pub aperture: f64,
    /// How far away things are sharp, in voxels; `None` for the middle of the model.
    pub focus: Option<f64>,
    /// When to end with fewer samples, but for the first.
    pub max_seconds: Option<f64>,
    /// Whether noise is filtered.
    pub denoise: bool,
    /// Threads that work at once; they change no byte.
    pub threads: usize,
}

impl Default for Tracing {
    fn default() -> Self {
        Tracing {
            samples: 32,
            seed: 0,
            bounces: 8,
            aperture: 0.0,
            focus: None,
            max_seconds: None,
            denoise: true,
            threads: 1,
        }
    }
}

impl Tracing {
    fn check(&self) -> Result<(), RenderError> {
        let within = |name, value: f64, range: std::ops::RangeInclusive<f64>, expected| {
            if range.contains(&value) {
                Ok(())
            } else {
                Err(RenderError::Tracing { name, value, expected })
            }
        };
        let samples = f64::from(self.samples);
        within("samples", samples, 1.0..=f64::from(MAX_TRACED), "1 to 65536")?;
        within("bounces", f64::from(self.bounces), 0.0..=f64::from(MAX_BOUNCES), "0 to 64")?;
        within("aperture", self.aperture, 0.0..=1e6, "0 to 1000000 voxels")?;
        within("focus", self.focus.unwrap_or(1.0), 1e-3..=1e10, "a distance above 0")?;
        within("max_seconds", self.max_seconds.unwrap_or(1.0), 0.0..=86400.0, "0 to 86400")
    }
}

/// How the surface under a pixel is found. All ways give the same picture.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Method {
    /// Whichever is expected to be faster for the model and the size.
    #[default]
    Automatic,
    /// Rectangles of faces drawn into a depth buffer.
    Quads,
    /// One ray a sample.
    Rays,
}

/// What a picture should be.
#[derive(Clone, PartialEq, Debug)]
pub struct RenderSettings {
    /// Pixels across, 1 to [`MAX_SIDE`].
    pub width: u32,
    /// Pixels down, 1 to [`MAX_SIDE`].
    pub height: u32,
    /// Where it is taken from.
    pub viewpoint: Viewpoint,
    /// What is behind the model; its alpha is kept.
    pub background: Rgba,
    /// The light.
    pub lighting: Lighting,
    /// How surfaces are drawn.
    pub shading: Shading,
    /// Samples across and down each pixel, 1 to [`MAX_SAMPLES`]: 2 gives smooth edges, 1 is fast.
    pub samples: u32,
    /// Only voxels in this box are drawn; the frame is fitted to them.
    pub crop: Option<Bounds>,
    /// The colour that all voxels are drawn in, instead of their own: only the form is seen.
    pub clay: Option<Rgba>,
    /// The materials of what is drawn. Without light, and in clay, they are not seen.
    pub materials: Materials,
    /// Draws by paths of light instead, for which the samples and the shading above do not count.
    pub tracing: Option<Tracing>,
    /// Whether views are fitted to the box around the model rather than to what of it is seen.
    pub fits_box: bool,
    /// How surfaces are found.
    pub method: Method,
}

impl Default for RenderSettings {
    fn default() -> Self {
        RenderSettings {
            width: 512,
            height: 512,
            viewpoint: Viewpoint::default(),
            background: Rgba::new(240, 240, 240, 255),
            lighting: Lighting::default(),
            shading: Shading::default(),
            samples: 2,
            crop: None,
            clay: None,
            materials: Materials::default(),
            tracing: None,
            fits_box: false,
            method: Method::Automatic,
        }
    }
}

/// Why a picture cannot be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RenderError {
    /// The width or height is 0 or above [`MAX_SIDE`].
    #[error("the picture's {side} is {value} pixels; it must be 1 to {MAX_SIDE}")]
    Side {
        /// "width" or "height".
        side: &'static str,
        /// What was asked for.
        value: u32,
    },
    /// Width times height is above [`MAX_PIXELS`].
    #[error(
        "a picture of {width}x{height} has too many pixels; at most {MAX_PIXELS} are drawn: ask for a smaller one"
    )]
    Pixels {
        /// What was asked for.
        width: u32,
        /// What was asked for.
        height: u32,
    },
    /// The number of samples is 0 or above [`MAX_SAMPLES`].
    #[error("{0} samples across a pixel are not possible; it must be 1 to {MAX_SAMPLES}")]
    Samples(u32),
    /// A look without views.
    #[error("a look needs at least one view")]
    EmptySheet,
    /// More views than a picture has room for.
    #[error(
        "{views} views do not fit into {width}x{height} pixels; ask for fewer, or a larger size"
    )]
    Views {
        /// How many there are.
        views: usize,
        /// Pixels of the whole picture.
        width: u32,
        /// Pixels of the whole picture.
        height: u32,
    },
    /// The viewpoint is unusable.
    #[error(transparent)]
    Viewpoint(#[from] ViewpointError),
    /// A number of the light is unusable.
    #[error("the light's {name} is {value}; it must be {expected}")]
    Light {
        /// Which number.
        name: &'static str,
        /// What it is.
        value: f64,
        /// What it should be.
        expected: &'static str,
    },
    /// A number of path tracing is unusable.
    #[error("the {name} of path tracing is {value}; it must be {expected}")]
    Tracing {
        /// Which number.
        name: &'static str,
        /// What it is.
        value: f64,
        /// What it should be.
        expected: &'static str,
    },
    /// There is no memory for it.
    #[error(transparent)]
    Memory(#[from] crate::memory::MemoryLimit),
}

/// What a pixel takes while it is drawn: its colour, its depth, and its part of what is written.
const BYTES_A_PIXEL: usize = 16;
/// What a pixel takes while it is traced: its sums, what it shows, and its light before and after
/// each round of the filter.
const BYTES_A_TRACED_PIXEL: usize = 112;

impl RenderSettings {
    /// The materials that are seen.
    pub(crate) fn seen_materials(&self) -> Materials {
        if (self.shading.lit || self.tracing.is_some()) && self.clay.is_none() {
            self.materials.clone()
        } else {
            Materials::default()
        }
    }

    /// Sees whether there is memory for the pixels, and for what is seen, where that is known.
    pub(crate) fn probe(&self, volume: Option<&Volume>) -> Result<(), RenderError> {
        let each = if self.tracing.is_some() { BYTES_A_TRACED_PIXEL } else { BYTES_A_PIXEL };
        let pixels = self.width as usize * self.height as usize;
        // Opaque voxels and translucent ones.
        let seen = volume.map_or(0, |volume| 2 * Occupancy::most_bytes(volume));
        Ok(crate::memory::probe((pixels * each).saturating_add(seen))?)
    }

    /// Checks everything that can be checked without the model.
    ///
    /// # Errors
    /// What [`super::drawing`] would refuse.
    pub fn check(&self) -> Result<(), RenderError> {
        let (width, height) = (self.width, self.height);
        for (side, value) in [("width", width), ("height", height)] {
            if value == 0 || value > MAX_SIDE {
                return Err(RenderError::Side { side, value });
            }
        }
        if u64::from(width) * u64::from(height) > MAX_PIXELS {
            return Err(RenderError::Pixels { width, height });
        }
        if self.samples == 0 || self.samples > MAX_SAMPLES {
            return Err(RenderError::Samples(self.samples));
        }
        self.lighting.check()?;
        self.tracing.as_ref().map_or(Ok(()), Tracing::check)?;
        self.viewpoint.pose()?;
        Ok(())
    }
}

impl Lighting {
    fn check(&self) -> Result<(), RenderError> {
        let shares = [
            ("ambient share", self.ambient),
            ("shadow strength", self.shadow),
            ("light from the ground", self.ground),
        ];
        for (name, value) in shares {
            if !(0.0..=1.0).contains(&value) {
                let expected = "0 to 1";
                return Err(RenderError::Light { name, value: value.into(), expected });
            }
        }
        if !(0.01..=90.0).contains(&self.sun_size) {
            let (name, value) = ("sun's size", self.sun_size.into());
            return Err(RenderError::Light { name, value, expected: "0.01 to 90 degrees" });
        }
        if let KeyLight::Direction(direction) = self.key {
            let length = direction.iter().map(|part| part * part).sum::<f64>();
            if length.is_nan() || (length - 1.0).abs() >= 1e-6 {
                let (name, value) = ("sun's direction", length.sqrt());
                return Err(RenderError::Light { name, value, expected: "a vector of length 1" });
            }
        }
        if let KeyLight::Fixed { pitch, yaw } = self.key {
            for (name, value) in [("pitch", pitch), ("yaw", yaw)] {
                if value.is_nan() || value.abs() > 1e6 {
                    let expected = "an angle in radians";
                    return Err(RenderError::Light { name, value, expected });
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut RenderSettings)) -> String {
        let mut settings = RenderSettings::default();
        change(&mut settings);
        settings.check().map_err(|error| error.to_string()).expect_err("must be refused")
    }

    #[test]
    fn each_limit_is_named_when_it_is_passed() {
        assert!(refused(|s| s.width = 0).contains("width is 0"));
        assert!(refused(|s| s.height = MAX_SIDE + 1).contains("1 to 8192"));
        assert!(refused(|s| (s.width, s.height) = (8192, 8192)).contains("33554432"));
        assert!(refused(|s| s.samples = 5).contains("1 to 4"));
        assert!(refused(|s| s.lighting.ambient = f32::NAN).contains("ambient share"));
        let key = KeyLight::Fixed { pitch: f64::INFINITY, yaw: 0.0 };
        assert!(refused(|s| s.lighting.key = key).contains("pitch"));
        for direction in [[f64::NAN; 3], [0.0; 3], [0.0, 0.0, 2.0]] {
            let key = KeyLight::Direction(direction);
            assert!(refused(|s| s.lighting.key = key).contains("a vector of length 1"));
        }
        assert!(RenderSettings::default().check().is_ok());
    }
}
