//! What colours the triangles of a file: plain colours and textures.

use std::rc::Rc;

use crate::format::image::{self, Raster};
use crate::job::Slice;
use crate::voxel::Rgba;

/// The look of some triangles.
#[derive(Clone)]
pub(super) struct Skin {
    /// Multiplies the texture, if `multiplies`; else it stands where there is no texture.
    pub(super) color: Rgba,
    pub(super) texture: Option<Rc<Texture>>,
    /// Whether the colour multiplies what texture and vertices say.
    pub(super) multiplies: bool,
    /// What has less alpha is no voxel, and what has more is opaque.
    pub(super) cutoff: Option<u8>,
    /// Whether alpha counts for nothing.
    pub(super) is_opaque: bool,
}

/// A picture that is laid on triangles: (0, 0) is its lower left corner, (1, 1) the upper right
/// one.
pub(super) struct Texture {
    picture: Raster,
    /// Whether v runs down instead of up.
    pub(super) is_upside_down: bool,
}

impl Texture {
    /// Decodes a picture; an error tells what is wrong with it.
    pub(super) async fn decode(
        bytes: Vec<u8>,
        max_pixels: u64,
        slice: &Slice,
    ) -> Result<Texture, String> {
        let picture = image::decode_any(bytes, max_pixels, slice).await?;
        Ok(Texture { picture, is_upside_down: false })
    }

    /// The colour at a place; outside of the picture it is repeated.
    pub(super) fn at(&self, [u, v]: [f64; 2]) -> Rgba {
        let v = if self.is_upside_down { v } else { 1.0 - v };
        let place = |share: f64, length: u32| {
            let share = if share.is_finite() { share.rem_euclid(1.0) } else { 0.0 };
            ((share * f64::from(length)) as usize).min(length.saturating_sub(1) as usize)
        };
        let (x, y) = (place(u, self.picture.width), place(v, self.picture.height));
        let index = y * self.picture.width as usize + x;
        self.picture.pixel(index)
    }
}

impl Skin {
    /// A colour that stands for itself.
    pub(super) fn plain(color: Rgba) -> Skin {
        Skin { color, texture: None, multiplies: false, cutoff: None, is_opaque: false }
    }

    /// The colour at a place of the texture, where a vertex colour says `vertex`.
    pub(super) fn at(&self, place: [f64; 2], vertex: Rgba) -> Rgba {
        let own = match &self.texture {
            Some(texture) => texture.at(place),
            None if self.multiplies => Rgba::WHITE,
            None => return self.color,
        };
        let color = if self.multiplies { times(times(own, self.color), vertex) } else { own };
        match self.cutoff {
            Some(cutoff) if color.a < cutoff => Rgba::EMPTY,
            Some(_) => Rgba { a: 255, ..color },
            None if self.is_opaque => Rgba { a: 255, ..color },
            None => color,
        }
    }
}

fn times(a: Rgba, b: Rgba) -> Rgba {
    let channel = |a: u8, b: u8| ((u32::from(a) * u32::from(b) + 127) / 255) as u8;
    Rgba::new(channel(a.r, b.r), channel(a.g, b.g), channel(a.b, b.b), channel(a.a, b.a))
}
