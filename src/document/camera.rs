//! Cameras, and the views that have names.

use super::Matrix;

/// A camera kept in a document.
#[derive(Clone, PartialEq, Debug)]
pub struct Camera {
    /// Its name.
    pub name: String,
    /// Distance from the eye to the point it turns around, in voxels.
    pub distance: f32,
    /// Whether the projection is orthographic; then `distance` is half the width of the view.
    pub orthographic: bool,
    /// Camera to world; the camera looks along its -z with +y up.
    pub matrix: Matrix,
    /// Entries of the file's record that this program does not understand, kept for saving.
    pub preserved: Vec<(String, Vec<u8>)>,
}

impl Default for Camera {
    fn default() -> Self {
        let mut matrix = Matrix::IDENTITY;
        matrix.0[3] = [0.0, 0.0, 96.0, 1.0];
        Camera {
            name: "Camera.1".to_owned(),
            distance: 96.0,
            orthographic: false,
            matrix,
            preserved: Vec::new(),
        }
    }
}

/// A view with a name. z is up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum View {
    /// Eye at -y, looking along +y; right of the picture is +x.
    Front,
    /// Eye at +y.
    Back,
    /// Eye at -x.
    Left,
    /// Eye at +x.
    Right,
    /// Looking down; up in the picture is +y.
    Top,
    /// Looking up.
    Bottom,
    /// Eye in direction (1,-1,1) from the centre, orthographic.
    Isometric,
    /// The same from behind: eye in direction (-1,1,1).
    IsoBack,
    /// The same from the left: eye in direction (-1,-1,1).
    IsoLeft,
    /// The same from the right of the back: eye in direction (1,1,1).
    IsoRight,
}

impl View {
    /// All named views.
    pub const ALL: [View; 10] = [
        View::Front,
        View::Back,
        View::Left,
        View::Right,
        View::Top,
        View::Bottom,
        View::Isometric,
        View::IsoBack,
        View::IsoLeft,
        View::IsoRight,
    ];

    /// Whether it looks along a diagonal of space.
    pub fn is_isometric(self) -> bool {
        matches!(self, View::Isometric | View::IsoBack | View::IsoLeft | View::IsoRight)
    }

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            View::Front => "front",
            View::Back => "back",
            View::Left => "left",
            View::Right => "right",
            View::Top => "top",
            View::Bottom => "bottom",
            View::Isometric => "isometric",
            View::IsoBack => "iso_back",
            View::IsoLeft => "iso_left",
            View::IsoRight => "iso_right",
        }
    }

    /// The view with a name; "iso" is short for isometric.
    pub fn from_name(name: &str) -> Option<View> {
        if name.eq_ignore_ascii_case("iso") {
            return Some(View::Isometric);
        }
        View::ALL.into_iter().find(|view| view.name().eq_ignore_ascii_case(name))
    }
}
