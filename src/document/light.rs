//! The light of a document.

/// One directional light with ambient. Angles in radians.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Light {
    /// Angle from straight up.
    pub pitch: f32,
    /// Turn around z.
    pub yaw: f32,
    /// Strength.
    pub intensity: f32,
    /// Whether it follows the view.
    pub fixed: bool,
    /// Share of light that comes from everywhere.
    pub ambient: f32,
    /// Strength of shadows, 0 to 1.
    pub shadow: f32,
}

impl Default for Light {
    fn default() -> Self {
        Light {
            pitch: 20f32.to_radians(),
            yaw: 120f32.to_radians(),
            intensity: 2.0,
            fixed: false,
            ambient: 0.3,
            shadow: 0.3,
        }
    }
}
