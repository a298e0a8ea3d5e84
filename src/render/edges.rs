//! Lines: around each voxel, or around the model and where its depth jumps.
//!
//! Each sample of the picture is compared with those to its right and below; the nearer of two that
//! differ gets the line.

use super::look::Edges;
use super::march::Hit;
use super::picture::Picture;
use super::survey::Survey;
use crate::job::Slice;

/// Samples looked at in one unit of work.
const SAMPLES_A_UNIT: usize = 64;
/// Voxels that something lies farther away where the depth jumps.
const JUMP: i64 = 3;
/// Pixels of a voxel from which its lines are drawn in full.
const FULL: f64 = 6.0;
/// How much of a line is seen.
const STRENGTH: [f64; 2] = [0.55, 0.9];

/// Draws the lines into a picture of what was surveyed, which looks with so many samples across a
/// pixel.
pub(super) async fn draw(
    picture: &mut Picture,
    survey: &Survey,
    samples: u32,
    edges: Edges,
    slice: &Slice,
) {
    // Lines around voxels of few pixels would leave nothing of their colours.
    let crowd = match edges {
        Edges::Voxels => (survey.pixels_per_voxel() / FULL).clamp(0.2, 1.0),
        _ => 1.0,
    };
    let strength = STRENGTH[usize::from(edges == Edges::Outline)] * crowd;
    let width = (picture.width() * samples) as usize;
    let mut above: Vec<Option<Hit>> = Vec::new();
    // Lines of the row above are known once the row below it is.
    let mut marks = [vec![false; width], vec![false; width]];
    let mut counts = vec![0u32; picture.width() as usize];
    for row in 0..=picture.height() * samples {
        let mut hits = Vec::with_capacity(width);
        for x in 0..width {
            if row < picture.height() * samples {
                let ray = survey.ray(x as f64 + 0.5, f64::from(row) + 0.5);
                hits.push(survey.seen(&ray));
            }
            if x % SAMPLES_A_UNIT == 0 {
                slice.spend(1).await;
            }
        }
        for x in 1..hits.len() {
            mark(&hits[x - 1], &hits[x], edges, |second| marks[1][x - usize::from(!second)] = true);
        }
        for x in 0..hits.len().min(above.len()) {
            mark(&above[x], &hits[x], edges, |second| marks[usize::from(second)][x] = true);
        }
        if row > 0 {
            for (x, _) in marks[0].iter().enumerate().filter(|(_, mark)| **mark) {
                counts[x / samples as usize] += 1;
            }
            if row % samples == 0 {
                let of = f64::from(samples * samples);
                darken(picture, row / samples - 1, &counts, |count| {
                    (2.0 * f64::from(count) / of).min(1.0) * strength
                });
                counts.fill(0);
            }
        }
        marks.swap(0, 1);
        marks[1].fill(false);
        above = hits;
    }
}

/// Marks the first or the second of two neighbours, or both, if there is a line between them.
fn mark(a: &Option<Hit>, b: &Option<Hit>, edges: Edges, mut to: impl FnMut(bool)) {
    match (a, b) {
        (None, None) => {}
        (Some(_), None) => to(false),
        (None, Some(_)) => to(true),
        (Some(a), Some(b)) if edges == Edges::Voxels => {
            if a.voxel != b.voxel || a.face != b.face {
                to(false);
                to(true);
            }
        }
        (Some(a), Some(b)) => {
            let far = (0..3)
                .any(|axis| (i64::from(a.voxel[axis]) - i64::from(b.voxel[axis])).abs() >= JUMP);
            if far {
                to(b.distance < a.distance);
            }
        }
    }
}

/// Draws a row of lines: dark ones on what is light, light ones on what is dark.
fn darken(picture: &mut Picture, y: u32, counts: &[u32], strength: impl Fn(u32) -> f64) {
    let (pixels, _) = picture.row_mut(y).as_chunks_mut::<4>();
    for (pixel, &count) in pixels.iter_mut().zip(counts).filter(|(_, count)| **count > 0) {
        let [r, g, b, _] = *pixel;
        let is_dark = 3 * u32::from(r) + 6 * u32::from(g) + u32::from(b) < 260;
        let (ink, part) = (if is_dark { 235.0 } else { 16.0 }, strength(count));
        for channel in &mut pixel[..3] {
            *channel = (f64::from(*channel) * (1.0 - part) + ink * part + 0.5) as u8;
        }
    }
}
