//! Voxels that come as bytes put into a layer: one undo step, made in slices on a draft.

use super::{RUNS_A_UNIT, VOXELS_A_UNIT, point_in};
use crate::api::LayerRef;
use crate::document::history::Scope;
use crate::document::{Document, LayerId};
use crate::job::pieces::Pieces;
use crate::job::{Budget, Progress, Step, leftovers};
use crate::lane::bulk::{self, BoxCheck, BoxHead, Encoding, VOXEL_BYTES};
use crate::rpc::context::{Context, Task};
use crate::rpc::drafted::{DraftWork, Drafting};
use crate::rpc::error::{NO_SUCH_LAYER, RpcError};
use crate::rpc::methods::editable_layer_mut;
use crate::voxel::{Point, Rgba};
use crate::workspace::{Project, Turn};

/// Voxels to put.
pub(super) struct Put {
    pub(super) layer: LayerRef,
    pub(super) skip: bool,
    pub(super) source: Source,
    /// The payload, and where in it the voxels begin.
    pub(super) payload: Payload,
    pub(super) start: usize,
}

/// The bytes of a request, freed in slices.
pub(super) struct Payload(pub(super) Vec<u8>);

impl Drop for Payload {
    fn drop(&mut self) {
        leftovers::leave_buffer(std::mem::take(&mut self.0));
    }
}

/// What the bytes of a put are.
pub(super) enum Source {
    Voxels,
    Box(BoxHead),
}

/// Makes the answer of the project and how many voxels changed.
type PutReply = fn(&mut Project, u64) -> Result<Pieces, RpcError>;

/// A put that waits for its turn.
pub(super) struct PutTask {
    turn: Option<Turn>,
    drafting: Drafting<PutWork, PutReply>,
}

impl PutTask {
    /// Puts voxels into a layer; `check` is what is left to be checked of them.
    pub(super) fn new(
        put: Put,
        check: Option<BoxCheck>,
        layer: LayerId,
        turn: Option<Turn>,
    ) -> Self {
        let work = PutWork { put, check, layer, cursor: Cursor::default(), done: 0, changed: 0 };
        let drafting = Drafting::new("put voxels", Scope::Voxels, work, put_answer as PutReply);
        PutTask { turn, drafting }
    }
}

/// Voxels that are put into a draft.
struct PutWork {
    put: Put,
    /// What is left to be checked before anything is put.
    check: Option<BoxCheck>,
    layer: LayerId,
    cursor: Cursor,
    /// Voxels that were put.
    done: u64,
    changed: u64,
}

/// How far the bytes were read.
#[derive(Clone, Copy, Default)]
struct Cursor {
    /// In the bytes.
    at: usize,
    /// Voxels of the present run that were put.
    in_run: u32,
}

impl Put {
    fn voxels(&self) -> &[u8] {
        self.payload.0.get(self.start..).unwrap_or_default()
    }

    /// The next voxel, if there is one. `index` counts the voxels from 0.
    fn next(&self, index: u64, cursor: &mut Cursor) -> Option<(Point, Rgba)> {
        match &self.source {
            Source::Voxels => {
                let bytes =
                    self.voxels().get(cursor.at..cursor.at + VOXEL_BYTES)?.try_into().ok()?;
                cursor.at += VOXEL_BYTES;
                let (position, color) = bulk::read_voxel(bytes);
                Some((position.into(), color.into()))
            }
            Source::Box(area) => Some((point_in(area, index), self.color(area.encoding, cursor)?)),
        }
    }

    fn color(&self, encoding: Encoding, cursor: &mut Cursor) -> Option<Rgba> {
        if encoding == Encoding::Dense {
            let color: [u8; 4] = self.voxels().get(cursor.at..cursor.at + 4)?.try_into().ok()?;
            cursor.at += 4;
            return Some(color.into());
        }
        let (length, color) = bulk::runs(self.voxels().get(cursor.at..cursor.at + 8)?).next()?;
        cursor.in_run += 1;
        if cursor.in_run == length {
            *cursor = Cursor { at: cursor.at + 8, in_run: 0 };
        }
        Some(color.into())
    }
}

impl Task<Pieces> for PutTask {
    fn step(
        &mut self,
        context: &mut Context<'_>,
        budget: &mut Budget,
    ) -> Result<Step<Pieces>, RpcError> {
        let has_turn = |turn| context.workspace.is_turn(context.project_name, turn);
        if !self.turn.is_none_or(has_turn) {
            return Ok(Step::More);
        }
        self.drafting.step(context, budget)
    }

    fn progress(&self) -> Progress {
        self.drafting.progress()
    }
}

impl DraftWork for PutWork {
    /// How many voxels changed.
    type Output = u64;

    fn step(
        &mut self,
        document: &mut Document,
        budget: &mut Budget,
    ) -> Result<Step<u64>, RpcError> {
        while let Some(check) = &mut self.check {
            if check.go_on(&self.put.payload.0, RUNS_A_UNIT)? {
                self.check = None;
            }
            if !budget.spend(1) {
                return Ok(Step::More);
            }
        }
        // Other changes may have come before this put's turn.
        let layer = editable_layer_mut(document, LayerRef::Id(self.layer.0), NO_SUCH_LAYER)?;
        loop {
            for _ in 0..VOXELS_A_UNIT {
                let Some((point, color)) = self.put.next(self.done, &mut self.cursor) else {
                    return Ok(Step::Done(self.changed));
                };
                self.done += 1;
                if !(self.put.skip && color.is_empty()) {
                    let old = layer.volume.try_set(point, color)?;
                    self.changed +=
                        u64::from(old != color && !(old.is_empty() && color.is_empty()));
                }
            }
            if !budget.spend(1) {
                return Ok(Step::More);
            }
        }
    }

    fn progress(&self) -> Progress {
        let total = match &self.put.source {
            Source::Voxels => (self.put.voxels().len() / VOXEL_BYTES) as u64,
            Source::Box(area) => area.capacity() as u64,
        };
        Progress { done: self.done, total }
    }
}

/// The answer to a put: the project's revision, and how many voxels changed.
fn put_answer(project: &mut Project, changed: u64) -> Result<Pieces, RpcError> {
    let mut answer = project.revision().to_le_bytes().to_vec();
    answer.extend_from_slice(&changed.to_le_bytes());
    Ok(answer.into())
}
