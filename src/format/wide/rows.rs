//! Decoding.
//!
//! The `png` crate reads what stands before the pixels, but hands out only whole rows. Here the stream of pixels is
//! unpacked, unfiltered and turned into colours some bytes at a time, as chapters 8 to 10 of the PNG
//! specification (third edition) say. One row of bytes is kept, as rows refer to the one above.

use std::io::{ErrorKind, Read, Result};

use flate2::read::ZlibDecoder;
use png::Info;

use super::data::ImageData;
use super::invalid;
use super::pixel::Pixel;
use crate::job::leftovers;

/// Pixels decoded in one unit of work.
const PIXELS_A_UNIT: usize = 1 << 13;
/// The left column, the top row and the steps across and down of each pass of a picture in passes.
const PASSES: [[usize; 4]; 7] = [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
];
const WHOLE: [[usize; 4]; 1] = [[0, 0, 1, 1]];

/// A picture's rows at work.
pub(in crate::format) struct WideRows<R: AsRef<[u8]>> {
    stream: ZlibDecoder<ImageData<R>>,
    size: [usize; 2],
    pixel: Pixel,
    passes: &'static [[usize; 4]],
    /// The pass and the row in it.
    pass: usize,
    row: usize,
    /// The row's filter, once it is read.
    filter: Option<u8>,
    /// The bytes of the row up to `at`, then those of the row above it.
    line: Vec<u8>,
    at: usize,
    /// What is around the next pixel, but for the one above it.
    around: Around,
    /// The bytes of a unit of work.
    buffer: Vec<u8>,
}

impl<R: AsRef<[u8]>> WideRows<R> {
    /// Begins with a file whose information is known.
    pub(in crate::format) fn new(file: R, info: &Info<'_>) -> Self {
        let pixel = Pixel::new(info);
        let mut rows = WideRows {
            stream: ZlibDecoder::new(ImageData::new(file)),
            size: [info.width as usize, info.height as usize],
            buffer: vec![0; PIXELS_A_UNIT * pixel.bits / 8],
            pixel,
            passes: if info.interlaced { &PASSES } else { &WHOLE },
            pass: 0,
            row: 0,
            filter: None,
            line: Vec::new(),
            at: 0,
            around: Around::default(),
        };
        rows.start_pass();
        rows
    }

    /// Pixels in a row of the pass, and rows.
    fn pass_size(&self) -> [usize; 2] {
        let Some([left, top, across, down]) = self.passes.get(self.pass) else { return [0; 2] };
        let [width, height] = self.size;
        [width.saturating_sub(*left).div_ceil(*across), height.saturating_sub(*top).div_ceil(*down)]
    }

    /// Begins with the first pass from here on that has pixels.
    fn start_pass(&mut self) {
        while self.pass < self.passes.len() && self.pass_size().contains(&0) {
            self.pass += 1;
        }
        let length = (self.pass_size()[0] * self.pixel.bits).div_ceil(8);
        leftovers::leave_buffer(std::mem::replace(&mut self.line, vec![0; length]));
        self.row = 0;
        self.start_row();
    }

    fn start_row(&mut self) {
        (self.filter, self.at, self.around) = (None, 0, Around::default());
    }

    /// Decodes some pixels and hands each to `put` with its place, counted row by row from the top; how many rows were
    /// completed, or `None` once all are.
    pub(in crate::format) fn advance(
        &mut self,
        mut put: impl FnMut(usize, [u8; 4]),
    ) -> Result<Option<u64>> {
        let (mut left, mut completed) = (self.buffer.len(), 0);
        while left > 0 {
            if self.pass == self.passes.len() {
                return Ok(None);
            }
            let Some(filter) = self.filter else {
                self.fill(1)?;
                self.filter = Some(self.buffer[0]);
                continue;
            };
            let count = left.min(self.line.len() - self.at);
            self.fill(count)?;
            self.unfilter(filter, count)?;
            self.put_pixels(self.at + count, &mut put);
            self.at += count;
            left -= count;
            if self.at == self.line.len() {
                completed += 1;
                self.row += 1;
                self.start_row();
                if self.row == self.pass_size()[1] {
                    self.pass += 1;
                    self.start_pass();
                }
            }
        }
        Ok(Some(completed))
    }

    /// Unpacks some bytes into the buffer.
    fn fill(&mut self, count: usize) -> Result<()> {
        let filled = self.stream.read_exact(&mut self.buffer[..count]);
        filled.map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => invalid("fewer pixels than its size says".to_owned()),
            _ => error,
        })
    }

    /// Puts the first bytes of the buffer into the line, unfiltered.
    fn unfilter(&mut self, filter: u8, count: usize) -> Result<()> {
        let raw = &self.buffer[..count];
        let (line, around) = (&mut self.line[self.at..][..count], &mut self.around);
        match self.pixel.bits {
            ..=8 => unfilter::<1>(filter, line, raw, around),
            16 => unfilter::<2>(filter, line, raw, around),
            24 => unfilter::<3>(filter, line, raw, around),
            32 => unfilter::<4>(filter, line, raw, around),
            48 => unfilter::<6>(filter, line, raw, around),
            _ => unfilter::<8>(filter, line, raw, around),
        }
        .ok_or_else(|| invalid(format!("a row of filter {filter}")))
    }

    /// Hands out the pixels of the line that were not complete before and end within the first `end` bytes.
    fn put_pixels(&self, end: usize, put: &mut impl FnMut(usize, [u8; 4])) {
        let [left, top, across, down] = self.passes[self.pass];
        let bits = self.pixel.bits;
        let first_of_row = (top + self.row * down) * self.size[0] + left;
        let last = (8 * end / bits).min(self.pass_size()[0]);
        for column in 8 * self.at / bits..last {
            put(first_of_row + column * across, self.pixel.color(&self.line, column));
        }
    }
}

/// The bytes of the pixel on the left, and of the one above that.
#[derive(Clone, Copy, Default)]
struct Around {
    left: [u8; 8],
    upper_left: [u8; 8],
}

/// Unfilters a run of pixels of `N` bytes: `line` holds those above before and those of the row after. `None` if there is
/// no such filter.
fn unfilter<const N: usize>(
    filter: u8,
    line: &mut [u8],
    raw: &[u8],
    around: &mut Around,
) -> Option<()> {
    match filter {
        0 => unfilter_by::<N>(line, raw, around, |_, _, _| 0),
        1 => unfilter_by::<N>(line, raw, around, |left, _, _| left),
        2 => unfilter_by::<N>(line, raw, around, |_, above, _| above),
        3 => unfilter_by::<N>(line, raw, around, |left, above, _| {
            ((u16::from(left) + u16::from(above)) / 2) as u8
        }),
        4 => unfilter_by::<N>(line, raw, around, paeth),
        _ => return None,
    }
    Some(())
}

fn unfilter_by<const N: usize>(
    line: &mut [u8],
    raw: &[u8],
    around: &mut Around,
    guess: impl Fn(u8, u8, u8) -> u8,
) {
    let Around { mut left, mut upper_left } = *around;
    for (pixel, raw) in line.as_chunks_mut::<N>().0.iter_mut().zip(raw.as_chunks::<N>().0) {
        for channel in 0..N {
            let above = pixel[channel];
            let guess = guess(left[channel], above, upper_left[channel]);
            pixel[channel] = raw[channel].wrapping_add(guess);
            (left[channel], upper_left[channel]) = (pixel[channel], above);
        }
    }
    *around = Around { left, upper_left };
}

/// The neighbour that is nearest to what a plane through all three would have here.
fn paeth(left: u8, above: u8, upper_left: u8) -> u8 {
    let [a, b, c] = [left, above, upper_left].map(i16::from);
    let [to_a, to_b, to_c] = [(b - c).abs(), (a - c).abs(), (a + b - 2 * c).abs()];
    if to_a <= to_b && to_a <= to_c {
        left
    } else if to_b <= to_c {
        above
    } else {
        upper_left
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, Crc, write::ZlibEncoder};
    use png::{ColorType, Decoder, Transformations};

    use super::*;

    fn put_chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
        file.extend((data.len() as u32).to_be_bytes());
        let start = file.len();
        file.extend(kind);
        file.extend(data);
        let mut sum = Crc::new();
        sum.update(&file[start..]);
        file.extend(sum.sum().to_be_bytes());
    }

    /// A file of random rows, each of a random filter.
    fn random_file(
        size: [usize; 2],
        color: ColorType,
        depth: u8,
        interlaced: bool,
        transparent: &[u8],
    ) -> Vec<u8> {
        let mut seed = 7u32;
        let mut random = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        };
        let [width, height] = size;
        let passes: &[[usize; 4]] = if interlaced { &PASSES } else { &WHOLE };
        let mut rows = Vec::new();
        for [left, top, across, down] in passes {
            let columns = width.saturating_sub(*left).div_ceil(*across);
            let bytes = (columns * color.samples() * usize::from(depth)).div_ceil(8);
            for _ in (*top..height).step_by(*down).filter(|_| bytes > 0) {
                rows.push(random() % 5);
                rows.extend((0..bytes).map(|_| random()));
            }
        }
        let mut packer = ZlibEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(&rows).unwrap();
        let packed = packer.finish().unwrap();
        let mut head = Vec::new();
        size.iter().for_each(|length| head.extend((*length as u32).to_be_bytes()));
        head.extend([depth, color as u8, 0, 0, u8::from(interlaced)]);
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        put_chunk(&mut file, b"IHDR", &head);
        if color == ColorType::Indexed {
            let palette: Vec<u8> = (0..3 << depth.min(7)).map(|_| random()).collect();
            put_chunk(&mut file, b"PLTE", &palette);
        }
        if !transparent.is_empty() {
            put_chunk(&mut file, b"tRNS", transparent);
        }
        packed.chunks(3000).for_each(|part| put_chunk(&mut file, b"IDAT", part));
        put_chunk(&mut file, b"IEND", &[]);
        file
    }

    /// All pixels as the `png` crate decodes them, with their channels.
    fn decoded(file: &[u8]) -> (Vec<u8>, usize) {
        let mut decoder = Decoder::new(std::io::Cursor::new(file));
        decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        (pixels, reader.output_color_type().0.samples())
    }

    fn rows_of(file: &[u8]) -> WideRows<&[u8]> {
        let reader = Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        WideRows::new(file, reader.info())
    }

    fn with_channels([r, g, b, a]: [u8; 4], channels: usize) -> Vec<u8> {
        match channels {
            1 => vec![r],
            2 => vec![r, a],
            3 => vec![r, g, b],
            _ => vec![r, g, b, a],
        }
    }

    #[test]
    fn pictures_of_every_kind_are_decoded_as_by_rows() {
        use ColorType::{Grayscale, GrayscaleAlpha, Indexed, Rgb, Rgba};
        let kinds: &[(ColorType, &[u8], &[u8])] = &[
            (Grayscale, &[1, 2, 4, 8, 16], &[]),
            (Grayscale, &[1, 2, 4, 8], &[0, 1]),
            (Grayscale, &[16], &[7, 7]),
            (GrayscaleAlpha, &[8, 16], &[]),
            (Indexed, &[1, 2, 4, 8], &[]),
            (Indexed, &[1, 2, 4, 8], &[9, 200]),
            (Rgb, &[8, 16], &[]),
            (Rgb, &[8], &[0, 1, 0, 2, 0, 3]),
            (Rgba, &[8, 16], &[]),
        ];
        for &(color, depths, transparent) in kinds {
            let wide = PIXELS_A_UNIT + 77;
            let sizes = [[wide, 3], [1, 1], [5, 9], [2, 40]];
            let all = depths.iter().flat_map(|&depth| sizes.map(|size| (depth, size)));
            for (number, (depth, size)) in all.flat_map(|one| [one, one]).enumerate() {
                let interlaced = number % 2 == 1;
                let file = random_file(size, color, depth, interlaced, transparent);
                let (expected, channels) = decoded(&file);
                let (mut rows, mut found) = (rows_of(&file), vec![0; expected.len()]);
                let mut units = 1;
                while rows
                    .advance(|place, color| {
                        let pixel = &mut found[place * channels..][..channels];
                        pixel.copy_from_slice(&with_channels(color, channels));
                    })
                    .unwrap()
                    .is_some()
                {
                    units += 1;
                }
                assert!(found == expected, "{color:?} {depth} {size:?} {interlaced}");
                assert!(units > size[0] * size[1] / PIXELS_A_UNIT, "{units} units");
            }
        }
    }

    #[test]
    fn a_picture_that_is_cut_or_damaged_is_an_error() {
        let file = random_file([9000, 4], ColorType::Rgb, 8, false, &[]);
        let error = |file: &[u8]| {
            let mut rows = rows_of(file);
            (0..100).find_map(|_| rows.advance(|_, _| ()).err()).map(|error| error.to_string())
        };
        assert_eq!(error(&file), None);
        let cut = error(&file[..file.len() / 2]);
        assert_eq!(cut.as_deref(), Some("fewer pixels than its size says"));
        let mut damaged = file.clone();
        damaged[2000] ^= 1;
        assert!(error(&damaged).is_some());
    }
}
