//! What a script reads of a document: small layers come with it, of all others it gets blocks as it
//! asks for them.

use super::difference::{BLOCKS_A_MESSAGE, put_blocks};
use super::frame::{self, Kind};
use crate::document::{Document, Layer, LayerId};
use crate::journal::{Malformed, Put, Take};
use crate::voxel::{BlockPos, BlockWalk, Bounds};

/// Blocks of a layer that come with the document: to ask for them would take longer.
const BLOCKS_AT_ONCE: usize = 64;
/// Blocks of all layers that do.
const BLOCKS_OF_ALL: usize = 1024;

/// What a script asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wanted {
    /// Of this layer.
    pub layer: LayerId,
    /// The blocks that this box touches.
    pub bounds: Bounds,
}

impl Wanted {
    /// Appends it as a message.
    pub fn put(&self, out: &mut Vec<u8>) {
        frame::put(Kind::Wanted, out, |out| {
            out.put_i32(self.layer.0);
            let corners = [self.bounds.min, self.bounds.max_inside()];
            corners.into_iter().flatten().for_each(|value| out.put_i32(value as i32));
        });
    }

    /// Reads a message.
    pub fn read(payload: &[u8]) -> Result<Wanted, Malformed> {
        let mut take = Take::new(payload, "wanted blocks");
        let layer = LayerId(take.i32()?);
        let mut corners = [[0; 3]; 2];
        for value in corners.iter_mut().flatten() {
            *value = take.i32()?;
        }
        Ok(Wanted { layer, bounds: Bounds::inclusive(corners[0], corners[1]) })
    }
}

/// Blocks on their way to a script, some at a time.
pub struct Sending {
    layer: LayerId,
    walk: BlockWalk,
}

impl Sending {
    /// All blocks of a layer.
    pub fn all(layer: &Layer) -> Sending {
        Sending { layer: layer.id, walk: BlockWalk::new() }
    }

    /// Those that are asked for. `None` if there is no such layer.
    pub fn of(document: &Document, wanted: &Wanted) -> Option<Sending> {
        let layer = document.layer(wanted.layer)?;
        let walk = BlockWalk::within(Some(wanted.bounds));
        Some(Sending { layer: layer.id, walk })
    }

    /// Appends a message with some of them, if it is soon told which they are; how many, `None` at
    /// the end.
    pub fn put_some(&mut self, document: &Document, out: &mut Vec<u8>) -> Option<usize> {
        let layer = document.layer(self.layer)?;
        let mut blocks: Vec<BlockPos> = Vec::new();
        while blocks.len() < BLOCKS_A_MESSAGE && self.walk.look_ahead(&layer.volume) {
            let Some(at) = self.walk.next(&layer.volume) else {
                if blocks.is_empty() {
                    return None;
                }
                break;
            };
            blocks.push(at);
        }
        if !blocks.is_empty() {
            put_blocks(layer.id, &layer.volume, &blocks, out);
        }
        Some(blocks.len())
    }
}

/// The layers whose blocks come with the document, and those whose blocks are asked for, with how
/// many they have.
pub fn parted(document: &Document) -> (Vec<&Layer>, Vec<(LayerId, u64)>) {
    let (mut sent, mut kept, mut room) = (Vec::new(), Vec::new(), BLOCKS_OF_ALL);
    for layer in document.layers() {
        match layer.volume.block_count() {
            0 => {}
            count if count <= BLOCKS_AT_ONCE.min(room) => {
                room -= count;
                sent.push(layer);
            }
            count => kept.push((layer.id, count as u64)),
        }
    }
    (sent, kept)
}

/// Appends the message that ends a document: of which layers blocks are to be asked for.
pub fn put_run(kept: &[(LayerId, u64)], out: &mut Vec<u8>) {
    frame::put(Kind::Run, out, |out| {
        out.put_u32(kept.len() as u32);
        for (layer, count) in kept {
            out.put_i32(layer.0);
            out.put_u64(*count);
        }
    });
}

/// Reads that message.
pub fn read_run(payload: &[u8]) -> Result<Vec<(LayerId, u64)>, Malformed> {
    let mut take = Take::new(payload, "layers");
    (0..take.u32()?).map(|_| Ok((LayerId(take.i32()?), take.u64()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voxel::{Point, Rgba};

    fn document() -> Document {
        let mut document = Document::default();
        let id = document.active();
        let volume = &mut document.layer_mut(id).unwrap().volume;
        for x in 0..100 {
            volume.set(Point::new(16 * x, 0, 0), Rgba::WHITE);
        }
        document
    }

    #[test]
    fn small_layers_come_with_the_document_and_large_ones_are_asked_for() {
        let mut document = document();
        let small = document.push_layer(Layer::new(LayerId(0), "small"));
        document.layer_mut(small).unwrap().volume.set(Point::new(0, 0, 0), Rgba::WHITE);
        let (sent, kept) = parted(&document);
        assert_eq!(sent.iter().map(|layer| layer.id).collect::<Vec<_>>(), [small]);
        assert_eq!(kept.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [100]);
        let mut out = Vec::new();
        put_run(&kept, &mut out);
        let mut frames = frame::Frames::default();
        frames.add(&out);
        let (kind, payload) = frames.take().unwrap().unwrap();
        assert_eq!((kind, read_run(payload).unwrap()), (Kind::Run, kept));
    }

    #[test]
    fn only_the_blocks_that_are_asked_for_are_sent() {
        let document = document();
        let layer = document.active();
        let wanted = Wanted { layer, bounds: Bounds::inclusive([20, -5, 0], [70, 70, 0]) };
        let mut out = Vec::new();
        wanted.put(&mut out);
        let mut frames = frame::Frames::default();
        frames.add(&out);
        let (_, payload) = frames.take().unwrap().unwrap();
        assert_eq!(Wanted::read(payload), Ok(wanted));
        let mut sending = Sending::of(&document, &wanted).unwrap();
        let mut put =
            || std::iter::from_fn(|| sending.put_some(&document, &mut out)).sum::<usize>();
        assert_eq!((put(), put()), (4, 0), "blocks 1 to 4");
        let none = Wanted { layer: LayerId(99), ..wanted };
        assert!(Sending::of(&document, &none).is_none());
    }
}
