//! Palettes from files: GIMP's `.gpl`, both ways, and the colours of a `.png`.

use rustc_hash::FxHashSet;

use super::ascii::{BYTES_A_UNIT, Line, Lines, integer};
use super::bytes::{Bytes, FileBytes};
use super::file::read_file;
use super::image::{self, Decoding};
use super::{FormatError, Limits};
use crate::document::Palette;
use crate::file_access::FilePath;
use crate::job::{Budget, Job, Progress, Slice, Step, Work};
use crate::voxel::Rgba;

const NAME: &str = "palette";

/// What reading a palette may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaletteLimits {
    /// The longest file, in bytes.
    pub max_palette_bytes: u64,
    /// The most colours.
    pub max_palette_colors: usize,
    /// The most pixels of a picture that is looked at.
    pub max_picture_pixels: u64,
}

impl Default for PaletteLimits {
    /// A file of 16 MiB, 4096 colours, 64 Mi pixels.
    fn default() -> Self {
        let max_picture_pixels = Limits::default().max_picture_pixels;
        PaletteLimits { max_palette_bytes: 16 << 20, max_palette_colors: 4096, max_picture_pixels }
    }
}

/// Reads a palette: a PNG gives its colours in the order of their first pixel, row by row;
/// everything else is read as GIMP's format. `name` is used if the file has none.
///
/// ```
/// let file = b"GIMP Palette\nName: Two\n#\n255 0 0 red\n  0 0 255\n";
/// let palette = goxel_daemon::format::decode_palette(file, "")?;
/// assert_eq!((palette.name.as_str(), palette.colors.len()), ("Two", 2));
/// assert_eq!(palette.colors[0].1.as_deref(), Some("red"));
/// # Ok::<(), goxel_daemon::format::FormatError>(())
/// ```
pub fn decode_palette(bytes: &[u8], name: &str) -> Result<Palette, FormatError> {
    PaletteJob::of_bytes(bytes.to_vec(), name, PaletteLimits::default()).finish()
}

/// Reads the palette of a file in slices: a piece of the file, some lines or some rows are a unit
/// of work.
pub struct PaletteJob(Work<Result<Palette, FormatError>>);

/// Pixels that are looked at in one unit of work.
const PIXELS_A_UNIT: usize = 1 << 13;

impl PaletteJob {
    /// Of a file. Its name without ending is the palette's if the file holds none.
    pub fn of_file(file: impl Into<FilePath>, limits: PaletteLimits) -> Self {
        let file = file.into();
        let path = file.path();
        let name = path.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
        let reader = Reader::new(&name, limits);
        PaletteJob(Work::new(|slice| async move {
            let limit = ("max_palette_bytes", limits.max_palette_bytes);
            let bytes = read_file(&file, limit, &slice).await?;
            let read = reader.read(bytes.into(), &slice).await;
            read.map_err(|error| error.in_file(file.path()))
        }))
    }

    /// Of bytes in memory.
    pub fn of_bytes(bytes: Vec<u8>, name: &str, limits: PaletteLimits) -> Self {
        let reader = Reader::new(name, limits);
        PaletteJob(Work::new(|slice| async move { reader.read(bytes.into(), &slice).await }))
    }
}

impl Job for PaletteJob {
    type Output = Result<Palette, FormatError>;

    fn step(&mut self, budget: &mut Budget) -> Step<Self::Output> {
        self.0.step(budget)
    }

    fn progress(&self) -> Progress {
        self.0.progress()
    }
}

/// What has been read of a palette.
struct Reader {
    palette: Palette,
    limits: PaletteLimits,
}

impl Reader {
    fn new(name: &str, limits: PaletteLimits) -> Self {
        Reader { palette: Palette { name: name.to_owned(), colors: Vec::new() }, limits }
    }

    async fn read(mut self, bytes: FileBytes, slice: &Slice) -> Result<Palette, FormatError> {
        match image::size(&bytes) {
            Some(_) => self.read_picture(bytes, slice).await?,
            None => self.read_lines(&bytes, slice).await?,
        }
        Ok(self.palette)
    }

    /// Reads GIMP's format.
    async fn read_lines(&mut self, bytes: &FileBytes, slice: &Slice) -> Result<(), FormatError> {
        let mut lines = Lines::new(bytes, 0, NAME);
        if !lines.next().is_some_and(|line| line.text.starts_with(b"GIMP Palette")) {
            let expected = "'GIMP Palette' or a PNG picture";
            return Err(Bytes::new(bytes, NAME).invalid("another first line", expected));
        }
        let (mut at, length) = (lines.position(), bytes.len());
        while at < length {
            let mut lines = Lines::new(bytes, at, NAME).within(BYTES_A_UNIT);
            lines.by_ref().try_for_each(|line| self.read_line(&line))?;
            at = lines.position();
            slice.progress(Progress { done: (length + at) as u64, total: 2 * length as u64 });
            slice.spend(1).await;
        }
        Ok(())
    }

    /// Gathers the colours of a picture's pixels.
    async fn read_picture(&mut self, bytes: FileBytes, slice: &Slice) -> Result<(), FormatError> {
        image::check_size(&bytes, ("max_picture_pixels", self.limits.max_picture_pixels))?;
        let mut decoding = Decoding::start(bytes, u64::MAX).map_err(no_picture)?;
        while decoding.advance().map_err(no_picture)? {
            let (done, total) = decoding.progress();
            slice.progress(Progress { done, total: 2 * total });
            slice.spend(1).await;
        }
        let picture = decoding.into_raster();
        let all = u64::from(picture.width) * u64::from(picture.height);
        let (mut next, mut seen) = (0, FxHashSet::default());
        loop {
            let pixels = picture.pixels(next, PIXELS_A_UNIT);
            if pixels.is_empty() {
                return Ok(());
            }
            for &color in pixels.iter().filter(|color| !color.is_empty()) {
                if seen.insert(color) {
                    self.add(color, None)?;
                }
            }
            next += pixels.len();
            slice.progress(Progress { done: all + next as u64, total: 2 * all });
            slice.spend(1).await;
        }
    }

    fn add(&mut self, color: Rgba, name: Option<String>) -> Result<(), FormatError> {
        self.palette.colors.push((color, name));
        let (got, limit) = (self.palette.colors.len(), self.limits.max_palette_colors);
        if got > limit {
            return Err(FormatError::Limit {
                what: "the number of colours".to_owned(),
                limit_name: "max_palette_colors",
                limit: limit as u64,
                got: got as u64,
            });
        }
        Ok(())
    }

    /// Reads a line of GIMP's format behind the first.
    fn read_line(&mut self, line: &Line<'_>) -> Result<(), FormatError> {
        if let Some(name) = line.text.strip_prefix(b"Name:") {
            self.palette.name = String::from_utf8_lossy(name.trim_ascii()).into_owned();
            return Ok(());
        }
        if line.text.is_empty() || line.text.starts_with(b"#") || line.text.contains(&b':') {
            return Ok(());
        }
        let mut words = line.words();
        let mut channel = || u8::try_from(integer(words.next()?)?).ok();
        let color = (|| Some(Rgba::opaque(channel()?, channel()?, channel()?)))();
        let fits = |number, word: &[u8]| {
            number > 2 || integer(word).is_some_and(|value| u8::try_from(value).is_ok())
        };
        let expected = "R G B from 0 to 255, and a name";
        let color = color.ok_or_else(|| line.misfit(0, fits, expected))?;
        let words: Vec<_> = words.map(String::from_utf8_lossy).collect();
        let name = words.join(" ");
        self.add(color, (!name.is_empty() && name != "Untitled").then_some(name))
    }
}

fn no_picture(found: String) -> FormatError {
    Bytes::new(&[], NAME).invalid(found, "a PNG picture")
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
        assert_eq!(offset(b"GIMP Palette\n1 2 300 x\n"), Some(17));
        assert_eq!(offset(b"GIMP Palette\n1 2\n"), Some(13));
    }
}
