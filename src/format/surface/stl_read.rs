//! Reading `.stl`, binary and text: triangles without colours, z up.

use super::soup::Soup;
use super::voxelise::{Vertex, Voxeliser};
use crate::format::ascii::{BYTES_A_UNIT, Lines, decimal, is_decimal};
use crate::format::bytes::{Bytes, FileBytes};
use crate::format::fidelity::Report;
use crate::format::{FormatError, Loaded, ReadOptions};
use crate::job::Slice;
use crate::voxel::Rgba;

const NAME: &str = "stl";
/// Bytes before the triangles of a binary file, and of each triangle.
const HEAD: usize = 84;
const TRIANGLE: usize = 50;
/// Triangles read in one unit of work.
const TRIANGLES_A_UNIT: usize = 512;

fn count(bytes: &[u8]) -> Option<usize> {
    let count = bytes.get(80..84)?;
    Some(u32::from_le_bytes([count[0], count[1], count[2], count[3]]) as usize)
}

fn is_binary(bytes: &[u8]) -> bool {
    count(bytes).is_some_and(|count| bytes.len() == HEAD + TRIANGLE * count)
}

pub(in crate::format) fn detect(bytes: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(512)]).into_owned();
    let is_text = start.starts_with("solid") && start.contains("facet");
    // A binary file of no triangles looks like anything of 84 bytes.
    is_text || (bytes.len() > HEAD && is_binary(bytes))
}

pub(in crate::format) async fn read(
    bytes: FileBytes,
    mut options: ReadOptions,
    slice: Slice,
) -> Result<Loaded, FormatError> {
    options.voxelise.y_up = false;
    let (mut soup, mut voxeliser) = (Soup::default(), Voxeliser::new(options.limits));
    if is_binary(&bytes) || !bytes.starts_with(b"solid") {
        read_binary(&bytes, &mut soup, &mut voxeliser, &slice).await?
    } else {
        read_text(&bytes, &mut soup, &mut voxeliser, &slice).await?
    }
    soup.load(NAME, options, voxeliser, Report::default(), &slice).await
}

/// What a triangle takes in memory.
const MEMORY: u64 = 3 * size_of::<Vertex>() as u64 + 12;

fn add(soup: &mut Soup, corners: [[f64; 3]; 3]) {
    let first = soup.vertices() as u32;
    for position in corners {
        soup.push(Vertex { position, color: Rgba::WHITE });
    }
    soup.add([first, first + 1, first + 2], None);
}

async fn read_binary(
    file: &FileBytes,
    soup: &mut Soup,
    voxeliser: &mut Voxeliser,
    slice: &Slice,
) -> Result<(), FormatError> {
    let mut bytes = Bytes::new(file, NAME);
    let count = count(file).unwrap_or(0);
    let room = file.len().saturating_sub(HEAD) / TRIANGLE;
    if file.len() < HEAD || count > room {
        let expected = format!("at most {room}, for which there are bytes");
        return Err(bytes.invalid_at(80, "more triangles", expected));
    }
    bytes.take(HEAD, "the head")?;
    voxeliser.allowance.take(MEMORY * count as u64)?;
    for number in 0..count {
        bytes.take(12, "a normal")?;
        let mut corners = [[0.0; 3]; 3];
        for value in corners.iter_mut().flatten() {
            let number = bytes.f32("a coordinate")?;
            if !number.is_finite() {
                return Err(bytes.invalid("a coordinate that is none", "a finite number"));
            }
            *value = f64::from(number);
        }
        bytes.take(2, "an attribute")?;
        add(soup, corners);
        if number % TRIANGLES_A_UNIT == 0 {
            slice.spend(1).await;
        }
    }
    Ok(())
}

async fn read_text(
    file: &FileBytes,
    soup: &mut Soup,
    voxeliser: &mut Voxeliser,
    slice: &Slice,
) -> Result<(), FormatError> {
    let (mut at, mut corners) = (0, Vec::new());
    while at < file.len() {
        let mut lines = Lines::new(file, at, NAME).within(BYTES_A_UNIT);
        for line in lines.by_ref() {
            let mut words = line.words();
            match words.next() {
                Some(b"vertex") => {
                    let numbers: Option<Vec<f64>> = words.map(decimal).collect();
                    let corner = numbers.and_then(|numbers| <[f64; 3]>::try_from(numbers).ok());
                    corners.push(corner.ok_or_else(|| line.misfit(1, is_decimal, "vertex X Y Z"))?);
                }
                Some(b"endloop") => {
                    let triangle = <[[f64; 3]; 3]>::try_from(std::mem::take(&mut corners));
                    let triangle = triangle.map_err(|_| line.invalid("three vertices before"))?;
                    voxeliser.allowance.take(MEMORY)?;
                    add(soup, triangle);
                }
                _ => {}
            }
        }
        at = lines.position();
        slice.spend(1).await;
    }
    Ok(())
}
