//! Pictures for terminals that show them.

use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::render::Picture;

/// Letters of base64 in one piece of a picture of kitty.
const PIECE: usize = 4096;

/// A PNG in the way of kitty: pieces of base64, all but the last marked as not the last.
pub(super) fn kitty(png: &[u8]) -> String {
    let encoded = STANDARD.encode(png);
    let mut text = String::new();
    let count = encoded.len().div_ceil(PIECE);
    for (index, piece) in encoded.as_bytes().chunks(PIECE).enumerate() {
        let head = if index == 0 { "a=T,f=100," } else { "" };
        let more = u8::from(index + 1 < count);
        let piece = String::from_utf8_lossy(piece);
        // Writing to memory cannot fail.
        let _ = write!(text, "\x1b_G{head}m={more};{piece}\x1b\\");
    }
    text.push('\n');
    text
}

/// A PNG in the way of iTerm2.
pub(super) fn iterm(png: &[u8]) -> String {
    let (length, encoded) = (png.len(), STANDARD.encode(png));
    format!("\x1b]1337;File=inline=1;size={length}:{encoded}\x07\n")
}

/// Steps of each channel in the colours of sixels.
const STEPS: u32 = 6;
/// Rows of one band of sixels.
const BAND: u32 = 6;

/// A picture in sixels: bands of six rows, drawn once for each of 216 colours that is in them.
pub(super) fn sixel(picture: &Picture) -> String {
    let (width, height) = (picture.width(), picture.height());
    let mut text = format!("\x1bP0;1;0q\"1;1;{width};{height}");
    for index in 0..STEPS * STEPS * STEPS {
        let part = |step: u32| step * 100 / (STEPS - 1);
        let [r, g, b] = [index / 36, index / 6 % 6, index % 6].map(part);
        let _ = write!(text, "#{index};2;{r};{g};{b}");
    }
    let color = |x: u32, y: u32| {
        let color = picture.get(x, y).filter(|color| color.a >= 128)?;
        // Mixed dots: each second pixel is rounded another way.
        let odd = (x + y) % 2 * 24;
        let step = |part: u8| ((u32::from(part) * (STEPS - 1) + 115 + odd) / 255).min(STEPS - 1);
        Some(step(color.r) * 36 + step(color.g) * 6 + step(color.b))
    };
    for top in (0..height).step_by(BAND as usize) {
        let mut bands: Vec<Option<Vec<u8>>> = vec![None; (STEPS * STEPS * STEPS) as usize];
        for (row, x) in (0..BAND).flat_map(|row| (0..width).map(move |x| (row, x))) {
            if let Some(color) = color(x, top + row) {
                let band = bands[color as usize].get_or_insert_with(|| vec![0; width as usize]);
                band[x as usize] |= 1 << row;
            }
        }
        for (index, band) in bands.iter().enumerate() {
            let Some(band) = band else { continue };
            let _ = write!(text, "#{index}");
            for run in band.chunk_by(|a, b| a == b) {
                let sign = char::from(63 + run[0]);
                match run.len() {
                    1..=3 => text.extend(std::iter::repeat_n(sign, run.len())),
                    length => _ = write!(text, "!{length}{sign}"),
                }
            }
            text.push('$');
        }
        text.push('-');
    }
    text.push_str("\x1b\\\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voxel::Rgba;

    #[test]
    fn a_picture_of_kitty_comes_in_pieces() {
        let text = kitty(&[7; 7000]);
        let pieces: Vec<&str> = text.trim_end().split("\x1b\\").filter(|p| !p.is_empty()).collect();
        assert_eq!(pieces.len(), 3);
        assert!(
            pieces[0].starts_with("\x1b_Ga=T,f=100,m=1;") && pieces[2].starts_with("\x1b_Gm=0;")
        );
        let body: String = pieces.iter().map(|piece| piece.split_once(';').unwrap().1).collect();
        assert_eq!(STANDARD.decode(body).unwrap(), [7; 7000]);
        assert!(iterm(&[1, 2]).contains("inline=1;size=2:AQI="));
    }

    #[test]
    fn sixels_hold_six_rows_a_sign() {
        let mut picture = Picture::filled(5, 7, Rgba::EMPTY);
        (0..7).for_each(|y| picture.set(1, y, Rgba::opaque(255, 0, 0)));
        let text = sixel(&picture);
        assert!(text.contains("#180?~???$-#180?@???$-"), "{text}");
    }
}
