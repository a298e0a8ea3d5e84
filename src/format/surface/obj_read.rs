//! Reading `.obj`: positions, vertex colours and faces. Everything else (textures, normals, groups,
//! curves) is passed over; materials are told of. Without faces, each vertex is a voxel.

use super::soup::Soup;
use super::voxelise::{Vertex, Voxeliser};
use crate::document::{Document, Layer, LayerId};
use crate::format::ascii::{BYTES_A_UNIT, Line, Lines, decimal, integer};
use crate::format::bytes::FileBytes;
use crate::format::steps::{Advance, Steps};
use crate::format::{FormatError, Loaded, ReadJob, ReadOptions, canvas_around};
use crate::voxel::{Bounds, Rgba, Volume};

const NAME: &str = "obj";
/// Corners of one face that are read.
const CORNERS_MAX: usize = 1 << 12;
/// Numbers of one vertex that are read.
const NUMBERS_MAX: usize = 8;

/// Whether the first lines look like an OBJ file.
pub(in crate::format) fn detect(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(4096)];
    let mut lines = Lines::new(start, 0, NAME)
        .filter(|line| !line.text.is_empty() && !line.text.starts_with(b"#"));
    let known: [&[u8]; 7] = [b"v", b"vn", b"vt", b"mtllib", b"o", b"g", b"usemtl"];
    lines.next().is_some_and(|line| {
        let mut words = line.words();
        words.next().is_some_and(|word| known.contains(&word)) && words.next().is_some()
    })
}

pub(in crate::format) fn reader(bytes: FileBytes, options: ReadOptions) -> ReadJob {
    let voxeliser = Voxeliser::new(options.limits);
    Box::new(Steps(Reader {
        bytes,
        at: 0,
        options,
        soup: Soup::default(),
        voxeliser,
        volume: Volume::new(),
        materials: false,
    }))
}

struct Reader {
    bytes: FileBytes,
    at: usize,
    options: ReadOptions,
    soup: Soup,
    voxeliser: Voxeliser,
    volume: Volume,
    materials: bool,
}

/// `x y z`, `x y z w`, or `x y z r g b` with or without alpha; colours from 0 to 1.
fn vertex(line: &Line<'_>) -> Option<Vertex> {
    let numbers: Option<Vec<f64>> = line.words().skip(1).take(NUMBERS_MAX).map(decimal).collect();
    let numbers = numbers?;
    let position = numbers.get(..3)?.try_into().ok()?;
    let color = match numbers.len() {
        6.. => {
            let channel = |value: f64| (value * 255.0).round().clamp(0.0, 255.0) as u8;
            Rgba::opaque(channel(numbers[3]), channel(numbers[4]), channel(numbers[5]))
        }
        _ => Rgba::WHITE,
    };
    Some(Vertex { position, color })
}

impl Reader {
    fn read_line(&mut self, line: &Line<'_>) -> Result<(), FormatError> {
        match line.words().next() {
            Some(b"v") => {
                let expected = "v X Y Z, with R G B from 0 to 1 behind if it has a colour";
                let vertex = vertex(line).ok_or_else(|| line.invalid(expected))?;
                self.voxeliser.allowance.take(size_of::<Vertex>() as u64)?;
                self.soup.push(vertex);
            }
            Some(b"f") => self.read_face(line)?,
            Some(b"usemtl") => self.materials = true,
            _ => {}
        }
        Ok(())
    }

    /// A face of three corners or more, as a fan of triangles. Corners count from 1, or from the end.
    fn read_face(&mut self, line: &Line<'_>) -> Result<(), FormatError> {
        let count = self.soup.vertices() as i64;
        let corner = |word: &[u8]| {
            let number = integer(word.split(|&byte| byte == b'/').next()?)?;
            let index = if number < 0 { count + number } else { number - 1 };
            (number != 0 && (0..count).contains(&index)).then_some(index as u32)
        };
        let corners: Option<Vec<u32>> =
            line.words().skip(1).take(CORNERS_MAX).map(corner).collect();
        let expected = || format!("f A B C ... with numbers of the {count} vertices before");
        let corners = corners.ok_or_else(|| line.invalid(expected()))?;
        if corners.len() < 3 {
            return Err(line.invalid(expected()));
        }
        self.voxeliser.allowance.take(12 * corners.len() as u64)?;
        let fan = corners[1..].windows(2).map(|pair| [corners[0], pair[0], pair[1]]);
        self.soup.extend(fan);
        Ok(())
    }

    fn finish(&mut self) -> Loaded {
        let materials = "colours of materials and textures are left out".to_owned();
        let warnings = if self.materials { vec![materials] } else { Vec::new() };
        let (volume, bounds) = (std::mem::take(&mut self.volume), self.voxeliser.builder.bounds());
        loaded(&mut self.options, volume, bounds, NAME, warnings)
    }
}

/// A document of one layer, whose voxels fill a box.
pub(super) fn loaded(
    options: &mut ReadOptions,
    volume: Volume,
    bounds: Option<Bounds>,
    format: &'static str,
    warnings: Vec<String>,
) -> Loaded {
    let name = options.name.take().unwrap_or_default();
    let mut layer = Layer::new(LayerId(1), "Layer.1");
    layer.volume = volume;
    let canvas = canvas_around(bounds);
    Loaded {
        document: Document::with_layers(&name, canvas, vec![layer]),
        format,
        warnings,
        version: None,
    }
}

impl Advance for Reader {
    type Output = Loaded;

    fn advance(&mut self) -> Result<Option<Loaded>, FormatError> {
        if self.at < self.bytes.len() {
            let bytes = self.bytes.clone();
            let mut lines = Lines::new(&bytes, self.at, NAME).within(BYTES_A_UNIT);
            let read = lines.by_ref().try_for_each(|line| self.read_line(&line));
            self.at = lines.position();
            read?;
        } else if !self.soup.voxelise(&self.options.voxelise, &mut self.voxeliser)?
            && !self.voxeliser.builder.move_block(&mut self.volume)
        {
            return Ok(Some(self.finish()));
        }
        Ok(None)
    }

    fn units(&self) -> (u64, u64) {
        let (done, triangles) = self.soup.progress();
        ((self.at + done) as u64, (self.bytes.len() + triangles) as u64)
    }
}
