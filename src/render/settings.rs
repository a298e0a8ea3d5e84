//! What a picture should be: size, viewpoint, light, shading; the limits and their errors.

use super::viewpoint::{Viewpoint, ViewpointError};
use crate::document::Light;
use crate::voxel::{Bounds, Rgba};

/// The largest width and height of a picture in pixels: what PNG viewers and GPUs take.
pub const MAX_SIDE: u32 = 8192;
/// The most pixels in a picture: 128 MiB of RGBA.
pub const MAX_PIXELS: u64 = 1 << 25;
/// The most samples across a pixel.
pub const MAX_SAMPLES: u32 = 4;

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
}

impl Default for Lighting {
    fn default() -> Self {
        Lighting { key: KeyLight::Shoulder, ambient: 0.42, shadow: 0.75 }
    }
}

impl From<&Light> for Lighting {
    fn from(light: &Light) -> Self {
        let key = match light.fixed {
            true => KeyLight::Shoulder,
            false => KeyLight::Fixed { pitch: light.pitch.into(), yaw: light.yaw.into() },
        };
        Lighting { key, ambient: light.ambient, shadow: light.shadow }
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
    /// There is no memory for it.
    #[error(transparent)]
    Memory(#[from] crate::memory::MemoryLimit),
}

/// What a pixel takes while it is drawn: its colour, its depth, and its part of what is written.
const BYTES_A_PIXEL: usize = 16;

impl RenderSettings {
    /// Sees whether there is memory for the pixels.
    pub(crate) fn probe(&self) -> Result<(), RenderError> {
        let pixels = self.width as usize * self.height as usize;
        Ok(crate::memory::probe(pixels * BYTES_A_PIXEL)?)
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
        self.viewpoint.pose()?;
        Ok(())
    }
}

impl Lighting {
    fn check(&self) -> Result<(), RenderError> {
        for (name, value) in [("ambient share", self.ambient), ("shadow strength", self.shadow)] {
            if !(0.0..=1.0).contains(&value) {
                let expected = "0 to 1";
                return Err(RenderError::Light { name, value: value.into(), expected });
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
        assert!(RenderSettings::default().check().is_ok());
    }
}
