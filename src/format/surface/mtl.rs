//! Materials of `.obj` files: their colour `Kd`, how much light they let through, and their texture
//! `map_Kd`, which stands for the colour where there is one, as modelling programs take it.

use std::rc::Rc;

use super::skin::{Skin, Texture};
use crate::format::ascii::{Lines, decimal};
use crate::format::beside::read_beside;
use crate::format::{FormatError, ReadOptions};
use crate::job::Slice;
use crate::voxel::Rgba;

/// The most materials of a library.
const MATERIALS_MAX: usize = 1 << 16;

/// A material of a library.
pub(super) struct Named {
    pub(super) name: Vec<u8>,
    pub(super) skin: Skin,
    /// The name of a texture that is not there or is no picture.
    pub(super) missing: Option<String>,
}

/// Reads a library that lies beside the file; `None` if it is not there.
pub(super) async fn read(
    name: &str,
    options: &ReadOptions,
    slice: &Slice,
) -> Result<Option<Vec<Named>>, FormatError> {
    let directory = options.directory.as_ref();
    let Some(bytes) = read_beside(directory, name, slice).await? else { return Ok(None) };
    let mut found: Vec<Named> = Vec::new();
    let mut textures: Vec<(usize, String)> = Vec::new();
    for line in Lines::new(&bytes, 0, "mtl") {
        let mut words = line.words();
        let word = words.next().unwrap_or_default();
        if word == b"newmtl" && found.len() < MATERIALS_MAX {
            let name = line.text[word.len()..].trim_ascii().to_vec();
            let skin = Skin::plain(Rgba::WHITE);
            found.push(Named { name, skin, missing: None });
        }
        let number = found.len().wrapping_sub(1);
        let Some(material) = found.last_mut() else { continue };
        match word {
            b"Kd" => {
                let mut channel = || words.next().and_then(decimal).map(byte);
                if let (Some(r), Some(g), Some(b)) = (channel(), channel(), channel()) {
                    material.skin.color = Rgba { r, g, b, ..material.skin.color };
                }
            }
            b"d" => {
                if let Some(alpha) = words.next().and_then(decimal) {
                    material.skin.color.a = byte(alpha).max(1);
                }
            }
            // Options stand before the name, which is the last word, or the rest if it has spaces.
            b"map_Kd" => {
                let text = String::from_utf8_lossy(line.text[word.len()..].trim_ascii());
                let name =
                    if text.starts_with('-') { text.rsplit(' ').next() } else { Some(&*text) };
                textures.push((number, name.unwrap_or_default().to_owned()));
            }
            _ => {}
        }
    }
    for (number, name) in textures {
        let max = options.limits.max_picture_pixels;
        let texture = match read_beside(directory, &name, slice).await? {
            Some(bytes) => Texture::decode(bytes, max, slice).await.ok(),
            None => None,
        };
        let material = &mut found[number];
        match texture {
            Some(texture) => material.skin.texture = Some(Rc::new(texture)),
            None => material.missing = Some(name),
        }
    }
    Ok(Some(found))
}

fn byte(share: f64) -> u8 {
    (share * 255.0).round().clamp(0.0, 255.0) as u8
}
