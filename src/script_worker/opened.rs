//! The volume that a script uses, and the blocks of the document that come as it needs them.

use super::reading::{Partial, cube_of};
use super::state::{Problem, Source, State};
use crate::document::LayerId;
use crate::script::difference::read_voxels;
use crate::script::reading::Wanted;
use crate::voxel::{Bounds, Point, Volume, memory_in_use, memory_limit, set_memory_limit};

/// The volume that was used last.
pub(super) struct Open {
    pub(super) handle: usize,
    pub(super) volume: Volume,
    /// Whether all of its blocks are there, and else a cube of which they are.
    is_whole: bool,
    cube: [i32; 3],
}

impl Open {
    #[inline]
    pub(super) fn is_there(&self, at: Point) -> bool {
        self.is_whole || self.cube == cube_of(at)
    }
}

/// No place has it.
const NO_CUBE: [i32; 3] = [i32::MAX; 3];

impl State {
    /// Puts the open volume back in its place.
    pub(super) fn close(&mut self) {
        let Some(Open { handle, volume, .. }) = self.open.take() else { return };
        match self.sources.get_mut(handle) {
            Some(Source::Own(own)) => *own = volume,
            Some(Source::Layer(id)) => {
                let id = *id;
                self.edit(|document| {
                    if let Some(layer) = document.layer_mut(id) {
                        layer.volume = volume;
                    }
                });
            }
            Some(Source::Free) | None => {}
        }
    }

    /// The volume with a number, to be changed or read, with all of its blocks.
    pub(super) fn volume(&mut self, handle: usize) -> Result<&mut Volume, Problem> {
        if let Some(Source::Layer(id)) = self.sources.get(handle) {
            self.need(Some(*id), Bounds::ALL)?;
        }
        if self.open.as_ref().is_none_or(|open| open.handle != handle) {
            self.open_volume(handle)?;
        }
        self.open.as_mut().map(|open| &mut open.volume).ok_or(Problem::NoVolume)
    }

    fn open_volume(&mut self, handle: usize) -> Result<(), Problem> {
        self.close();
        let mut is_whole = true;
        let volume = match self.sources.get_mut(handle) {
            Some(Source::Own(own)) => std::mem::take(own),
            Some(Source::Layer(id)) => {
                let id = *id;
                is_whole = self.partial.iter().all(|partial| partial.layer != id);
                let taken = self.edit(|document| {
                    let layer = document.layer_mut(id)?;
                    Some(std::mem::take(&mut layer.volume))
                });
                taken.flatten().ok_or(Problem::NoVolume)?
            }
            Some(Source::Free) | None => return Err(Problem::NoVolume),
        };
        self.open = Some(Open { handle, volume, is_whole, cube: NO_CUBE });
        Ok(())
    }

    /// Opens a volume with the blocks around a place.
    #[cold]
    pub(super) fn reach(&mut self, handle: usize, at: Point) -> Result<(), Problem> {
        let cube = cube_of(at);
        if let Some(Source::Layer(id)) = self.sources.get(handle) {
            let id = *id;
            self.need_cube(id, cube)?;
        }
        if self.open.as_ref().is_none_or(|open| open.handle != handle) {
            self.open_volume(handle)?;
        }
        if let Some(open) = &mut self.open {
            open.cube = cube;
        }
        Ok(())
    }

    /// Sees to it that a cube of a layer is there.
    fn need_cube(&mut self, id: LayerId, cube: [i32; 3]) -> Result<(), Problem> {
        let partial = self.partial.iter_mut().find(|partial| partial.layer == id);
        match partial.and_then(|partial| partial.lacks(cube)) {
            Some(bounds) => self.fetch(Wanted { layer: id, bounds }),
            None => Ok(()),
        }
    }

    /// Sees to it that a box of a layer, or of all layers, is there.
    pub(super) fn need(&mut self, layer: Option<LayerId>, bounds: Bounds) -> Result<(), Problem> {
        let is_it = |partial: &&Partial| layer.is_none_or(|id| partial.layer == id);
        let ids: Vec<_> = self.partial.iter().filter(is_it).map(|partial| partial.layer).collect();
        for id in ids {
            self.fetch(Wanted { layer: id, bounds })?;
        }
        Ok(())
    }

    /// Gets blocks, and puts those that were not there into the document as it is and as it was.
    fn fetch(&mut self, wanted: Wanted) -> Result<(), Problem> {
        let held = memory_in_use();
        let (mut got, mut is_sound) = (Volume::new(), true);
        let take = |payload: &[u8]| is_sound &= read_voxels(&mut got, payload).is_ok();
        self.line.ask(wanted, take)?;
        if !is_sound {
            return Err(std::io::Error::from(std::io::ErrorKind::InvalidData).into());
        }
        self.close();
        let Wanted { layer: id, bounds } = wanted;
        let Some(base) = self.base.layer_mut(id) else { return Ok(()) };
        // What is there already may have been changed by the script.
        let known = base.volume.clone();
        let is_new = |at| known.block(at).is_none();
        let mut count = 0;
        for (at, block) in got.blocks().filter(|(at, _)| is_new(*at)) {
            base.volume.share_block(at, block);
            count += 1;
        }
        self.edit(|document| {
            let Some(layer) = document.layer_mut(id) else { return };
            for (at, block) in got.blocks().filter(|(at, _)| is_new(*at)) {
                layer.volume.share_block(at, block);
            }
        });
        if let Some(partial) = self.partial.iter_mut().find(|partial| partial.layer == id) {
            partial.came(count);
        }
        let is_all = bounds == Bounds::ALL;
        self.partial.retain(|partial| !(partial.is_whole() || is_all && partial.layer == id));
        drop((got, known));
        // What a script reads does not count as what it takes.
        let grown = memory_in_use().saturating_sub(held);
        set_memory_limit(memory_limit().saturating_add(grown));
        Ok(())
    }
}
