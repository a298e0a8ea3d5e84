//! Pictures as letters: the upper half of a letter is one pixel, the lower half another one.

use std::fmt::Write;

use crate::render::Picture;
use crate::voxel::Rgba;

/// Alpha from which a pixel is drawn.
const THERE: u8 = 64;

/// A picture of half blocks, in 24-bit colour or in the 256 of all terminals.
pub(super) fn blocks(picture: &Picture, has_all: bool) -> String {
    let mut text = String::new();
    let pixel = |x: u32, y: u32| picture.get(x, y).filter(|color| color.a >= THERE);
    for y in (0..picture.height()).step_by(2) {
        // What is written now, so that it need not be said again.
        let mut now: [Option<Rgba>; 2] = [None; 2];
        let last = (0..picture.width()).rev().find(|&x| pixel(x, y).or(pixel(x, y + 1)).is_some());
        for x in 0..last.map_or(0, |last| last + 1) {
            let (upper, lower) = (pixel(x, y), pixel(x, y + 1));
            let (letter, wanted) = match (upper, lower) {
                (None, None) => (' ', [now[0], None]),
                (Some(upper), None) => ('▀', [Some(upper), None]),
                (None, Some(lower)) => ('▄', [Some(lower), None]),
                (Some(upper), Some(lower)) => ('▀', [Some(upper), Some(lower)]),
            };
            if wanted[0] != now[0]
                && let Some(color) = wanted[0]
            {
                paint(&mut text, 38, color, has_all);
            }
            if wanted[1] != now[1] {
                match wanted[1] {
                    Some(color) => paint(&mut text, 48, color, has_all),
                    None => text.push_str("\x1b[49m"),
                }
            }
            now = wanted;
            text.push(letter);
        }
        text.push_str("\x1b[0m\n");
    }
    text
}

fn paint(text: &mut String, what: u8, Rgba { r, g, b, .. }: Rgba, has_all: bool) {
    // Writing to memory cannot fail.
    let _ = if has_all {
        write!(text, "\x1b[{what};2;{r};{g};{b}m")
    } else {
        write!(text, "\x1b[{what};5;{}m", nearest_of_256(r, g, b))
    };
}

/// The nearest of the 256 colours: a cube of six steps a channel, and 24 greys.
fn nearest_of_256(r: u8, g: u8, b: u8) -> u8 {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let nearest = |value: u8| {
        let away = |index: &usize| STEPS[*index].abs_diff(value);
        (0..6).min_by_key(away).unwrap_or(0)
    };
    let away = |other: [u8; 3]| -> u32 {
        [r, g, b].iter().zip(other).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
    };
    let [x, y, z] = [r, g, b].map(nearest);
    let mean = (u32::from(r) + u32::from(g) + u32::from(b)) / 3;
    let grey = (mean.saturating_sub(3) / 10).min(23) as u8;
    let is_grey = away([8 + 10 * grey; 3]) < away([STEPS[x], STEPS[y], STEPS[z]]);
    if is_grey { 232 + grey } else { (16 + 36 * x + 6 * y + z) as u8 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_pixels_are_one_letter() {
        let mut picture = Picture::filled(3, 3, Rgba::EMPTY);
        picture.set(0, 0, Rgba::opaque(255, 0, 0));
        picture.set(1, 1, Rgba::opaque(0, 255, 0));
        picture.set(0, 2, Rgba::opaque(0, 0, 255));
        let text = blocks(&picture, true);
        assert_eq!(
            text,
            "\x1b[38;2;255;0;0m▀\x1b[38;2;0;255;0m▄\x1b[0m\n\x1b[38;2;0;0;255m▀\x1b[0m\n"
        );
        assert!(blocks(&picture, false).starts_with("\x1b[38;5;196m▀"));
    }

    #[test]
    fn greys_are_nearer_than_the_cube() {
        assert_eq!(nearest_of_256(0, 0, 0), 16);
        assert_eq!(nearest_of_256(255, 255, 255), 231);
        assert_eq!(nearest_of_256(118, 118, 118), 243);
    }
}
