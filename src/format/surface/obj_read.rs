//! Reading `.obj`: positions, vertex colours, faces, and the colours and textures of materials.
//! Everything else (normals, groups, curves) is passed over. Without faces, each vertex is a voxel.

use std::collections::HashMap;

use super::mtl;
use super::skin::Skin;
use super::soup::Soup;
use super::voxelise::{Sheet, Vertex, Voxeliser};
use crate::format::ascii::{BYTES_A_UNIT, Line, Lines, decimal, integer, is_decimal};
use crate::format::bytes::FileBytes;
use crate::format::fidelity::{Kind, Report};
use crate::format::long_list::LongList;
use crate::format::{FormatError, Loaded, ReadOptions};
use crate::job::Slice;
use crate::voxel::Rgba;

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

pub(in crate::format) async fn read(
    bytes: FileBytes,
    options: ReadOptions,
    slice: Slice,
) -> Result<Loaded, FormatError> {
    let mut reader = Reader {
        soup: Soup::default(),
        places: LongList::default(),
        voxeliser: Voxeliser::new(options.limits),
        skins: HashMap::new(),
        skin: None,
        missing: Vec::new(),
    };
    slice.expect(bytes.len() as u64);
    let (mut at, mut joined) = (0, Vec::new());
    while at < bytes.len() {
        let mut lines = Lines::new(&bytes, at, NAME).within(BYTES_A_UNIT);
        for line in lines.by_ref() {
            // A line that ends with a backslash goes on in the next one.
            if let Some(start) = line.text.strip_suffix(b"\\") {
                joined.extend_from_slice(start);
                joined.push(b' ');
                continue;
            }
            let library = if joined.is_empty() {
                reader.read_line(&line)?
            } else {
                joined.extend_from_slice(line.text);
                let library = reader.read_line(&line.with_text(&joined))?;
                joined.clear();
                library
            };
            if let Some(library) = library {
                reader.read_library(&library, &options, &slice).await?;
            }
        }
        slice.count((lines.position() - at) as u64);
        at = lines.position();
        slice.spend(1).await;
    }
    let Reader { soup, voxeliser, missing, .. } = reader;
    let mut report = Report::default();
    let note = format!("colours of materials or textures are not found: {}", missing.join(", "));
    report.lose(Kind::Color, missing.len() as u64, note);
    soup.load(NAME, options, voxeliser, report, &slice).await
}

struct Reader {
    soup: Soup,
    /// Places in textures, as `vt` lines tell them.
    places: LongList<[f32; 2]>,
    voxeliser: Voxeliser,
    /// Numbers of the skins by the materials' names.
    skins: HashMap<Vec<u8>, u32>,
    /// The skin of the faces that follow.
    skin: Option<u32>,
    /// Libraries, materials and textures that are not there.
    missing: Vec<String>,
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

/// What follows a line's first word.
fn rest(line: &Line<'_>) -> Vec<u8> {
    let word = line.text.iter().position(u8::is_ascii_whitespace).unwrap_or(line.text.len());
    line.text[word..].trim_ascii().to_vec()
}

/// The thing that a face names by a number: from 1, or from the end.
fn index(number: i64, count: usize) -> Option<usize> {
    let count = count as i64;
    let index = if number < 0 { count + number } else { number - 1 };
    (number != 0 && (0..count).contains(&index)).then_some(index as usize)
}

impl Reader {
    /// Reads a line; the library that it names, if it does.
    fn read_line(&mut self, line: &Line<'_>) -> Result<Option<Vec<u8>>, FormatError> {
        match line.words().next() {
            Some(b"v") => {
                let expected = "v X Y Z, with R G B from 0 to 1 behind if it has a colour";
                let vertex = vertex(line).ok_or_else(|| line.misfit(1, is_decimal, expected))?;
                self.voxeliser.allowance.take(size_of::<Vertex>() as u64)?;
                self.soup.push(vertex);
            }
            Some(b"vt") => {
                let numbers: Option<Vec<f64>> = line.words().skip(1).take(3).map(decimal).collect();
                let numbers = numbers.filter(|numbers| !numbers.is_empty());
                let numbers = numbers.ok_or_else(|| line.misfit(1, is_decimal, "vt U V"))?;
                self.voxeliser.allowance.take(8)?;
                let v = numbers.get(1).copied().unwrap_or(0.0);
                self.places.push([numbers[0] as f32, v as f32]);
            }
            Some(b"f") => self.read_face(line)?,
            Some(b"mtllib") => return Ok(Some(rest(line))),
            Some(b"usemtl") => {
                let name = rest(line);
                self.skin = self.skins.get(&name).copied();
                if self.skin.is_none() {
                    self.miss(&name);
                }
            }
            _ => {}
        }
        Ok(None)
    }

    fn miss(&mut self, name: &[u8]) {
        let name = String::from_utf8_lossy(name).chars().take(60).collect::<String>();
        if self.missing.len() < 16 && !self.missing.contains(&name) {
            self.missing.push(name);
        }
    }

    /// A face of three corners or more, as a fan of triangles. Corners count from 1, or from the
    /// end.
    fn read_face(&mut self, line: &Line<'_>) -> Result<(), FormatError> {
        let (count, places) = (self.soup.vertices(), &self.places);
        let corner = |word: &[u8]| {
            let mut numbers = word.split(|&byte| byte == b'/');
            let vertex = index(integer(numbers.next()?)?, count)? as u32;
            let place = numbers.next().and_then(integer).and_then(|n| index(n, places.len()));
            Some((vertex, place.and_then(|at| places.get(at)).copied().unwrap_or_default()))
        };
        let corners: Option<Vec<(u32, [f32; 2])>> =
            line.words().skip(1).take(CORNERS_MAX).map(corner).collect();
        let expected = || format!("f A B C ... with numbers of the {count} vertices before");
        let fits = |_, word: &[u8]| corner(word).is_some();
        let enough = corners.filter(|corners| corners.len() >= 3);
        let corners = enough.ok_or_else(|| line.misfit(1, fits, expected()))?;
        self.voxeliser.allowance.take(12 * corners.len() as u64)?;
        if self.skin.is_some() {
            self.voxeliser.allowance.take(size_of::<Sheet>() as u64 * corners.len() as u64)?;
        }
        for pair in corners[1..].windows(2) {
            let fan = [corners[0], pair[0], pair[1]];
            let sheet = self.skin.map(|skin| Sheet { skin, places: fan.map(|(_, place)| place) });
            self.soup.add(fan.map(|(vertex, _)| vertex), sheet);
        }
        Ok(())
    }

    async fn read_library(
        &mut self,
        name: &[u8],
        options: &ReadOptions,
        slice: &Slice,
    ) -> Result<(), FormatError> {
        let name_text = String::from_utf8_lossy(name).into_owned();
        let Some(materials) = mtl::read(&name_text, options, slice).await? else {
            self.miss(name);
            return Ok(());
        };
        for mtl::Named { name, skin, missing } in materials {
            if let Some(texture) = missing {
                self.miss(texture.as_bytes());
            }
            self.voxeliser.allowance.take(size_of::<Skin>() as u64)?;
            self.skins.insert(name, self.soup.skins.len() as u32);
            self.soup.skins.push(skin);
        }
        Ok(())
    }
}
