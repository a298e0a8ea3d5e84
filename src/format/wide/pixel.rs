//! How the bytes of a row stand for colours.

use png::{BitDepth, ColorType, Info};

/// How the pixels of a file are stored.
pub(super) struct Pixel {
    color: ColorType,
    depth: BitDepth,
    pub(super) bits: usize,
    palette: Vec<u8>,
    /// The alpha of each palette entry, or the samples of the one colour that is not there.
    transparent: Option<Vec<u8>>,
}

impl Pixel {
    pub(super) fn new(info: &Info<'_>) -> Self {
        Pixel {
            color: info.color_type,
            depth: info.bit_depth,
            bits: info.color_type.samples() * info.bit_depth as usize,
            palette: info.palette.as_deref().unwrap_or_default().to_vec(),
            transparent: info.trns.as_deref().map(<[u8]>::to_vec),
        }
    }

    /// The colour of a pixel of a row, with 8 bits a channel.
    pub(super) fn color(&self, line: &[u8], column: usize) -> [u8; 4] {
        if self.bits < 8 {
            let (at, place) = (column * self.bits / 8, column * self.bits % 8);
            let most = (1u8 << self.bits) - 1;
            let sample = line[at] >> (8 - self.bits - place) & most;
            if self.color == ColorType::Indexed {
                return self.of_palette(sample);
            }
            let gray = sample * (255 / most);
            return [gray, gray, gray, self.alpha(&[sample])];
        }
        let bytes = self.bits / 8;
        let raw = &line[column * bytes..][..bytes];
        // Of two bytes the first one counts.
        let step = self.depth as usize / 8;
        match self.color {
            ColorType::Indexed => self.of_palette(raw[0]),
            ColorType::Grayscale => [raw[0], raw[0], raw[0], self.alpha(raw)],
            ColorType::GrayscaleAlpha => [raw[0], raw[0], raw[0], raw[step]],
            ColorType::Rgb => [raw[0], raw[step], raw[2 * step], self.alpha(raw)],
            ColorType::Rgba => [raw[0], raw[step], raw[2 * step], raw[3 * step]],
        }
    }

    fn of_palette(&self, index: u8) -> [u8; 4] {
        let index = usize::from(index);
        let entry = self.palette.get(3 * index..3 * index + 3);
        let [r, g, b] = entry.map_or([0; 3], |entry| [entry[0], entry[1], entry[2]]);
        let alphas = self.transparent.as_deref().unwrap_or_default();
        [r, g, b, alphas.get(index).copied().unwrap_or(255)]
    }

    fn alpha(&self, samples: &[u8]) -> u8 {
        if self.transparent.as_deref() == Some(samples) { 0 } else { 255 }
    }
}
