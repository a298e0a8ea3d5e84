//! Pages of chunks, each with what is kept of all of its chunks.

use std::sync::OnceLock;

use super::{Bounds, ChunkPos, Entry, MOST, Shared, Stored};
use crate::job::effort;
use crate::memory::Kind;
use crate::voxel::measure::extended;

/// The chunks of a page, and what is kept of all of them.
#[derive(Default)]
pub(super) struct Entries {
    pub(super) list: Vec<Entry>,
    /// `None` as long as nothing was asked: then whoever writes has nothing to forget.
    known: OnceLock<Known>,
}

/// What was asked of the chunks of a page, until one of them is written.
#[derive(Clone, Default)]
struct Known {
    voxels: OnceLock<u64>,
    bytes: OnceLock<Bytes>,
    /// The smallest box of whole blocks around them.
    blocks: OnceLock<Option<Bounds>>,
    /// The smallest box around their voxels.
    tight: OnceLock<Option<Bounds>>,
}

impl Entries {
    pub(super) fn of(entries: impl Iterator<Item = Entry>) -> Entries {
        let mut list = Vec::with_capacity(MOST);
        list.extend(entries);
        Entries { list, ..Entries::default() }
    }

    /// The chunks to write into.
    #[inline]
    pub(super) fn written(&mut self) -> &mut Vec<Entry> {
        if self.known.get().is_some() {
            self.forget();
        }
        &mut self.list
    }

    #[cold]
    fn forget(&mut self) {
        self.known.take();
    }

    fn known(&self) -> &Known {
        self.known.get_or_init(Known::default)
    }

    pub(super) fn voxels(&self) -> u64 {
        *self.known().voxels.get_or_init(|| {
            effort::note(self.list.len());
            self.list.iter().map(|(_, chunk)| chunk.voxels()).sum()
        })
    }

    pub(super) fn bytes(&self) -> Bytes {
        *self.known().bytes.get_or_init(|| Bytes::of(&self.list))
    }

    /// Whether the voxels are known without a look at the chunks.
    pub(super) fn are_counted(&self) -> bool {
        self.known.get().is_some_and(|known| known.voxels.get().is_some())
    }

    /// Finds out what is asked after most edits, as long as the chunks are at hand.
    pub(super) fn find_all(&self) {
        self.voxels();
        self.bytes();
        self.blocks();
    }

    pub(super) fn blocks(&self) -> Option<Bounds> {
        *self.known().blocks.get_or_init(|| union_of_blocks(&self.list))
    }

    pub(super) fn tight(&self) -> Option<Bounds> {
        *self.known().tight.get_or_init(|| {
            effort::note(self.list.len());
            let all = self.blocks()?;
            self.list.iter().fold(None, |bounds, entry| extended(bounds, &all, entry))
        })
    }
}

/// Bytes that chunks take: for their blocks, and for themselves.
#[derive(Clone, Copy, Default)]
pub(crate) struct Bytes {
    pub(crate) blocks: u64,
    pub(crate) tables: u64,
}

impl Bytes {
    pub(super) fn of(entries: &[Entry]) -> Bytes {
        effort::note(entries.len());
        entries.iter().fold(Bytes::default(), |sum, (_, chunk)| Bytes {
            blocks: sum.blocks + chunk.bytes(),
            tables: sum.tables + chunk.own_bytes(),
        })
    }
}

/// The smallest box of whole blocks around some chunks.
pub(super) fn union_of_blocks(entries: &[Entry]) -> Option<Bounds> {
    effort::note(entries.len());
    let boxes = entries.iter().filter_map(|(pos, chunk)| chunk.box_of_blocks(*pos));
    boxes.reduce(|a, b| a.union(&b))
}

impl Stored for Entries {
    const KIND: Kind = Kind::Tables;

    fn heap(&self) -> usize {
        MOST * size_of::<Entry>()
    }
}

impl Clone for Entries {
    fn clone(&self) -> Self {
        effort::note(self.list.len());
        Entries { known: self.known.clone(), ..Entries::of(self.list.iter().cloned()) }
    }
}

#[derive(Clone)]
pub(super) struct Page {
    pub(super) low: ChunkPos,
    pub(super) entries: Shared<Entries>,
}

impl Page {
    pub(super) fn of(entries: impl Iterator<Item = Entry>, low: ChunkPos) -> Page {
        Page { low, entries: Shared::new(Entries::of(entries)) }
    }
}
