//! Cameras of a file (`rCAM`) as cameras of a document, and back. At angles 0 a camera looks along
//! +y; pitch looks down, yaw turns to the left about z. What the file says is kept and written
//! again while the camera stands where it stood.

use super::material::{Entries, kept, unkept};
use crate::document::Camera;

fn numbers(entries: &Entries, key: &str) -> Vec<f32> {
    let text = entries.iter().find(|(known, _)| known == key).map_or("", |(_, text)| text.as_str());
    text.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect()
}

pub(super) fn camera_of(number: usize, entries: &Entries) -> Camera {
    let axis = |values: &[f32], axis: usize| {
        values.get(axis).copied().filter(|value| value.is_finite()).unwrap_or(0.0)
    };
    let (focus, angle) = (numbers(entries, "_focus"), numbers(entries, "_angle"));
    let (pitch, yaw) = (axis(&angle, 0).to_radians(), axis(&angle, 1).to_radians());
    let distance = axis(&numbers(entries, "_radius"), 0).max(0.0);
    let right = [yaw.cos(), yaw.sin(), 0.0];
    let ahead = [-yaw.sin() * pitch.cos(), yaw.cos() * pitch.cos(), -pitch.sin()];
    let up = [-yaw.sin() * pitch.sin(), yaw.cos() * pitch.sin(), pitch.cos()];
    let eye = [0, 1, 2].map(|i| axis(&focus, i) - ahead[i] * distance);
    let mut camera = Camera { name: format!("Camera.{number}"), distance, ..Camera::default() };
    let mode = entries.iter().find(|(key, _)| key == "_mode").map(|(_, mode)| mode.as_str());
    camera.orthographic = matches!(mode, Some("orth" | "iso"));
    camera.matrix.0 = [
        [right[0], right[1], right[2], 0.0],
        [up[0], up[1], up[2], 0.0],
        [-ahead[0], -ahead[1], -ahead[2], 0.0],
        [eye[0], eye[1], eye[2], 1.0],
    ];
    camera.preserved = kept(entries);
    camera
}

pub(super) fn entries_of(camera: &Camera) -> Entries {
    let known = unkept(&camera.preserved);
    if !known.is_empty() {
        let same = camera_of(0, &known);
        let pairs = same.matrix.0.iter().flatten().zip(camera.matrix.0.iter().flatten());
        let stands = pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-3);
        if stands && (same.distance - camera.distance).abs() < 1e-3 {
            return known;
        }
    }
    let matrix = &camera.matrix.0;
    let ahead = [0, 1, 2].map(|axis| -matrix[2][axis]);
    let focus = [0, 1, 2].map(|axis| matrix[3][axis] + ahead[axis] * camera.distance);
    let pitch = (-ahead[2]).clamp(-1.0, 1.0).asin().to_degrees();
    // Straight down, the way up tells where the camera is turned to.
    let level = if ahead[0].hypot(ahead[1]) > 1e-4 {
        [ahead[0], ahead[1]]
    } else {
        [matrix[1][0], matrix[1][1]].map(|value| value * -ahead[2].signum())
    };
    let yaw = (-level[0]).atan2(level[1]).to_degrees();
    let mode = if camera.orthographic { "orth" } else { "pers" };
    let [x, y, z] = focus;
    [
        ("_mode", mode.to_owned()),
        ("_focus", format!("{x} {y} {z}")),
        ("_angle", format!("{pitch} {yaw} 0")),
        ("_radius", camera.distance.to_string()),
        ("_frustum", "0.414214".to_owned()),
        ("_fov", "45".to_owned()),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_camera_of_ours_comes_back() {
        for (pitch, yaw) in [(0.0f32, 0.0f32), (30.0, 45.0), (-20.0, -100.0), (90.0, 30.0)] {
            let told = vec![
                ("_focus".to_owned(), "1 2 3".to_owned()),
                ("_angle".to_owned(), format!("{pitch} {yaw} 0")),
                ("_radius".to_owned(), "50".to_owned()),
            ];
            let camera = Camera { preserved: Vec::new(), ..camera_of(1, &told) };
            let again = camera_of(1, &entries_of(&camera));
            for (a, b) in camera.matrix.0.iter().flatten().zip(again.matrix.0.iter().flatten()) {
                assert!((a - b).abs() < 1e-3, "{pitch} {yaw}: {camera:?} {again:?}");
            }
        }
    }
}
