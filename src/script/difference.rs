//! What a script changed, as bytes: written where it ran, from the document that it got and the one
//! that it left; put in place by the daemon, a few blocks at a time.

use super::frame::{self, Kind};
use crate::document::{Document, LayerId};
use crate::journal::{Malformed, Put, Take, apply_document, frame as frame_of, subjects};
use crate::voxel::{BLOCK_VOXELS, BlockPos, Bounds, Rgba, Volume, stored};

/// Blocks in one message.
pub const BLOCKS_A_MESSAGE: usize = 64;

/// Appends a message with some blocks of a layer.
pub fn put_blocks(layer: LayerId, volume: &Volume, blocks: &[BlockPos], out: &mut Vec<u8>) {
    frame::put(Kind::Blocks, out, |out| {
        out.put_i32(layer.0);
        out.put_u32(blocks.len() as u32);
        for at in blocks {
            [at.x, at.y, at.z].into_iter().for_each(|value| out.put_i32(value));
        }
        stored::write_blocks(volume, blocks, out);
    });
}

/// Puts the blocks of a message into a document.
pub fn read_blocks(document: &mut Document, payload: &[u8]) -> Result<(), Malformed> {
    Part::blocks(payload)?.apply(document)
}

/// Puts the blocks of a message into a volume, whatever layer they are of.
pub fn read_voxels(volume: &mut Volume, payload: &[u8]) -> Result<(), Malformed> {
    match Part::blocks(payload)? {
        Part::Blocks { stored, .. } => {
            stored::read_into(volume, &stored).map_err(|_| Malformed("voxels"))
        }
        _ => Err(Malformed("message")),
    }
}

/// How many voxels changed, and where.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Voxels that are not what they were.
    pub changed: u64,
    /// The smallest box around them.
    pub bounds: Option<Bounds>,
}

impl Tally {
    fn add(&mut self, at: BlockPos, before: Option<&Volume>, after: Option<&Volume>) {
        let voxels = |volume: Option<&Volume>| {
            let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
            if let Some(block) = volume.and_then(|volume| volume.block(at)) {
                block.copy_to(&mut voxels);
            }
            voxels
        };
        let (old, new) = (voxels(before), voxels(after));
        let (mut low, mut high) = ([15; 3], [0; 3]);
        let mut count = 0;
        for (index, _) in old.iter().zip(&new).enumerate().filter(|(_, (old, new))| old != new) {
            let place = [index & 15, index >> 4 & 15, index >> 8].map(|value| value as i64);
            for axis in 0..3 {
                low[axis] = low[axis].min(place[axis]);
                high[axis] = high[axis].max(place[axis]);
            }
            count += 1;
        }
        if count > 0 {
            let origin = at.origin();
            let origin = [origin.x, origin.y, origin.z].map(i64::from);
            let min = std::array::from_fn(|axis| origin[axis] + low[axis]);
            let max = std::array::from_fn(|axis| origin[axis] + high[axis] + 1);
            let bounds = Bounds { min, max };
            self.bounds = Some(self.bounds.map_or(bounds, |known| known.union(&bounds)));
            self.changed += count;
        }
    }
}

/// Writes how a document differs from what it was, as messages, and counts that. Each message is
/// handed over when it is whole.
pub fn write<E>(
    before: &Document,
    after: &Document,
    mut hand_over: impl FnMut(&mut Vec<u8>) -> Result<(), E>,
) -> Result<Tally, E> {
    let (mut out, mut tally) = (Vec::new(), Tally::default());
    let changed = frame_of(Some(before), after);
    if !changed.is_empty() {
        frame::put(Kind::Changed, &mut out, |out| out.put(&changed));
        hand_over(&mut out)?;
    }
    let nothing = Volume::new();
    let mut sources = Vec::new();
    for layer in after.layers() {
        let source = before.layer(layer.id).or_else(|| {
            before.layers().iter().find(|other| stored::is_like(&layer.volume, &other.volume))
        });
        if let Some(source) = source.filter(|source| source.id != layer.id) {
            frame::put(Kind::Copy, &mut out, |out| {
                out.put_i32(layer.id.0);
                out.put_i32(source.id.0);
            });
            hand_over(&mut out)?;
        }
        sources.push(source.map_or(&nothing, |source| &source.volume));
    }
    for (layer, source) in after.layers().iter().zip(sources) {
        let own = before.layer(layer.id).map(|layer| &layer.volume);
        let differing = stored::differing_blocks(source, &layer.volume);
        for blocks in differing.chunks(BLOCKS_A_MESSAGE) {
            put_blocks(layer.id, &layer.volume, blocks, &mut out);
            hand_over(&mut out)?;
        }
        let counted = match own {
            Some(_) => differing,
            None => layer.volume.blocks().map(|(at, _)| at).collect(),
        };
        counted.into_iter().for_each(|at| tally.add(at, own, Some(&layer.volume)));
    }
    for gone in before.layers().iter().filter(|layer| after.layer(layer.id).is_none()) {
        gone.volume.blocks().for_each(|(at, _)| tally.add(at, Some(&gone.volume), None));
    }
    Ok(tally)
}

/// A piece of a difference.
enum Part {
    Frame(Vec<u8>),
    Copy { layer: LayerId, source: LayerId },
    Blocks { layer: LayerId, places: Vec<BlockPos>, stored: Vec<u8> },
}

impl Part {
    fn blocks(payload: &[u8]) -> Result<Part, Malformed> {
        let mut take = Take::new(payload, "block");
        let (layer, count) = (LayerId(take.i32()?), take.u32()?);
        let mut places = Vec::new();
        for _ in 0..count {
            places.push(BlockPos { x: take.i32()?, y: take.i32()?, z: take.i32()? });
        }
        Ok(Part::Blocks { layer, places, stored: take.rest().to_vec() })
    }

    fn apply(&self, document: &mut Document) -> Result<(), Malformed> {
        let gone = Malformed("layer");
        match self {
            Part::Frame(pieces) => apply_document(document, pieces),
            Part::Copy { layer, source } => {
                let volume = document.layer(*source).ok_or(gone)?.volume.clone();
                document.layer_mut(*layer).ok_or(gone)?.volume = volume;
                Ok(())
            }
            Part::Blocks { layer, stored, .. } => {
                let layer = document.layer_mut(*layer).ok_or(gone)?;
                stored::read_into(&mut layer.volume, stored).map_err(|_| Malformed("voxels"))
            }
        }
    }
}

/// What a script changed, as the daemon got it.
#[derive(Default)]
pub struct Difference {
    parts: Vec<Part>,
    /// Bytes that it takes.
    pub bytes: u64,
}

impl Difference {
    /// Takes a message.
    pub fn take(&mut self, kind: Kind, payload: &[u8]) -> Result<(), Malformed> {
        let part = match kind {
            Kind::Changed => Part::Frame(payload.to_vec()),
            Kind::Copy => {
                let mut take = Take::new(payload, "copy");
                Part::Copy { layer: LayerId(take.i32()?), source: LayerId(take.i32()?) }
            }
            Kind::Blocks => Part::blocks(payload)?,
            _ => return Err(Malformed("message")),
        };
        self.parts.push(part);
        self.bytes += payload.len() as u64;
        Ok(())
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// How many parts it has.
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Whether only voxels changed.
    pub fn is_of_voxels(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Blocks { .. }))
    }

    /// Puts a part in place; parts go in order.
    pub fn apply(&self, part: usize, document: &mut Document) -> Result<(), Malformed> {
        self.parts.get(part).map_or(Ok(()), |part| part.apply(document))
    }

    /// What keeps a part from being put into a document that is not what the script got any more.
    pub fn clash(&self, part: usize, then: &Document, now: &Document) -> Option<Clash> {
        let volumes = |layer| Some((&then.layer(layer)?.volume, &now.layer(layer)?.volume));
        match self.parts.get(part)? {
            Part::Frame(pieces) => {
                let theirs = subjects(&frame_of(Some(then), now)).ok()?;
                let is_common = subjects(pieces).ok()?.iter().any(|own| theirs.contains(own));
                is_common.then_some(Clash::Settings)
            }
            Part::Copy { source, .. } => match volumes(*source) {
                Some((then, now)) if then.is_same_storage(now) => None,
                _ => Some(Clash::Layer(*source)),
            },
            Part::Blocks { layer, .. } if then.layer(*layer).is_none() => {
                now.layer(*layer).map(|_| Clash::Layer(*layer))
            }
            Part::Blocks { layer, places, .. } => {
                let Some((then, now)) = volumes(*layer) else {
                    return Some(Clash::Layer(*layer));
                };
                let mut places = places.iter();
                let at = places.find(|at| !stored::is_same_block(then, now, **at))?;
                Some(Clash::Block(*layer, at.bounds()))
            }
        }
    }
}

/// What both a script and somebody else changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Clash {
    /// The list of layers, or what is neither a layer nor voxels.
    Settings,
    /// A layer that is not there any more, or that another one begins as.
    Layer(LayerId),
    /// Voxels.
    Block(LayerId, Bounds),
}
