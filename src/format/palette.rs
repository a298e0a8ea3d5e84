//! Palettes from files: GIMP's `.gpl`, both ways, and the colours of a `.png`.

use super::ascii::{Lines, integer};
use super::bytes::Bytes;
use super::{FormatError, image};
use crate::document::Palette;
use crate::voxel::Rgba;

const NAME: &str = "palette";
/// The most colours that are taken from a picture.
const COLORS_MAX: usize = 4096;
/// The most pixels of a picture that is looked at.
const PIXELS_MAX: u64 = 1 << 24;

/// Reads a palette: a PNG gives its colours in the order of their first pixel, row by row; everything
/// else is read as GIMP's format. `name` is used if the file has none.
///
/// ```
/// let file = b"GIMP Palette\nName: Two\n#\n255 0 0 red\n  0 0 255\n";
/// let palette = goxel_daemon::format::decode_palette(file, "")?;
/// assert_eq!((palette.name.as_str(), palette.colors.len()), ("Two", 2));
/// assert_eq!(palette.colors[0].1.as_deref(), Some("red"));
/// # Ok::<(), goxel_daemon::format::FormatError>(())
/// ```
pub fn decode_palette(bytes: &[u8], name: &str) -> Result<Palette, FormatError> {
    if image::size(bytes).is_some() { decode_png(bytes, name) } else { decode_gpl(bytes, name) }
}

fn decode_png(bytes: &[u8], name: &str) -> Result<Palette, FormatError> {
    let at = Bytes::new(bytes, NAME);
    let image =
        image::decode(bytes, PIXELS_MAX).map_err(|found| at.invalid(found, "a PNG picture"))?;
    let mut seen = rustc_hash::FxHashSet::default();
    let mut colors = Vec::new();
    for color in image.into_iter().filter(|color| !color.is_empty()) {
        if seen.insert(color) {
            colors.push(color);
        }
        if colors.len() > COLORS_MAX {
            let expected = format!("a picture of at most {COLORS_MAX} colours");
            return Err(at.invalid("a picture of more colours", expected));
        }
    }
    Ok(Palette::of_colors(name, colors))
}

fn decode_gpl(bytes: &[u8], name: &str) -> Result<Palette, FormatError> {
    let mut lines = Lines::new(bytes, 0, NAME);
    let first = lines.next();
    if !first.is_some_and(|line| line.text.starts_with(b"GIMP Palette")) {
        let expected = "'GIMP Palette' or a PNG picture";
        return Err(Bytes::new(bytes, NAME).invalid("another first line", expected));
    }
    let mut palette = Palette { name: name.to_owned(), colors: Vec::new() };
    for line in lines {
        if let Some(name) = line.text.strip_prefix(b"Name:") {
            palette.name = String::from_utf8_lossy(name.trim_ascii()).into_owned();
            continue;
        }
        if line.text.is_empty() || line.text.starts_with(b"#") || line.text.contains(&b':') {
            continue;
        }
        let mut words = line.words();
        let mut channel = || u8::try_from(integer(words.next()?)?).ok();
        let color = (|| Some(Rgba::opaque(channel()?, channel()?, channel()?)))();
        let color = color.ok_or_else(|| line.invalid("R G B from 0 to 255, and a name"))?;
        let words: Vec<_> = words.map(String::from_utf8_lossy).collect();
        let name = words.join(" ");
        palette.colors.push((color, (!name.is_empty() && name != "Untitled").then_some(name)));
    }
    Ok(palette)
}

/// Writes a palette in GIMP's format. Alpha is left out.
pub fn encode_palette(palette: &Palette) -> Vec<u8> {
    let line = |text: &str| text.replace(['\n', '\r'], " ");
    let mut out = format!("GIMP Palette\nName: {}\nColumns: 16\n#\n", line(&palette.name));
    for (color, name) in &palette.colors {
        let name = line(name.as_deref().unwrap_or("Untitled"));
        out.push_str(&format!("{:3} {:3} {:3}\t{name}\n", color.r, color.g, color.b));
    }
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_palettes_survive_a_gpl_file() -> Result<(), FormatError> {
        for palette in Palette::built_in() {
            assert_eq!(decode_palette(&encode_palette(&palette), "")?, palette);
        }
        Ok(())
    }

    #[test]
    fn a_picture_gives_its_colours_once_each() -> Result<(), FormatError> {
        let pixels = [[1, 2, 3, 255], [9, 9, 9, 0], [1, 2, 3, 255], [4, 5, 6, 255]];
        let png = image::encode(2, 2, pixels.as_flattened(), png::Compression::Fast);
        let palette = decode_palette(&png, "picture")?;
        assert_eq!(palette.name, "picture");
        let colors: Vec<Rgba> = palette.colors.iter().map(|(color, _)| *color).collect();
        assert_eq!(colors, [Rgba::opaque(1, 2, 3), Rgba::opaque(4, 5, 6)]);
        Ok(())
    }

    #[test]
    fn what_is_no_palette_is_told_with_its_place() {
        let offset = |bytes: &[u8]| decode_palette(bytes, "").err().and_then(|e| e.offset());
        assert_eq!(offset(b"something"), Some(0));
        assert_eq!(offset(b"GIMP Palette\n1 2 300 x\n"), Some(13));
        assert_eq!(offset(b"GIMP Palette\n1 2\n"), Some(13));
    }
}
