//! Pictures of a project: its visible layers are merged, then drawn, and encoded for a file, all in
//! slices.
//!
//! The merged volume is kept with the project, so the next picture merges only the blocks that
//! changed.

use crate::document::LayerId;
use crate::job::{Slice, Work};
use crate::picturing::{Frames, Refusal, Wish, draw_file, merging};
use crate::render::{Picture, PictureFile, RenderError, RenderSettings, drawing};
use crate::rpc::context::Context;
use crate::rpc::error::RpcError;
use crate::voxel::{MergeCache, MergeJob, Volume};
use crate::workspace::{Merging, Project};

/// A picture, and what was merged for it.
pub(super) struct Drawn<P> {
    pub(super) picture: P,
    merged: Option<MergeCache>,
}

impl<P> Drawn<P> {
    /// Gives what was merged back to the project, if it is still open, and leaves the picture.
    pub(super) fn into_picture(self, context: &mut Context<'_>) -> P {
        if let (Some(merged), Ok(project)) = (self.merged, context.project()) {
            project.keep_merged(merged);
        }
        self.picture
    }
}

/// The making of a picture of a project.
pub(super) type Drawing = Work<Result<Drawn<Picture>, RenderError>>;

/// The making of a file of it.
pub(super) type FileDrawing = Work<Result<Drawn<PictureFile>, RpcError>>;

/// Merges what is visible as it is now; what the next time begins with, too, unless there was
/// nothing to merge.
pub(super) async fn visible(merging: Merging, slice: &Slice) -> (Volume, Option<MergeCache>) {
    match merging {
        Merging::Done(volume) => (volume, None),
        Merging::Job(job) => {
            let merged = slice.run(job).await;
            (merged.merged().clone(), Some(merged))
        }
    }
}

/// Draws a project as it is now.
///
/// # Errors
/// Settings that no picture can be drawn with.
pub(super) fn draw(
    project: &mut Project,
    settings: RenderSettings,
) -> Result<Drawing, RenderError> {
    settings.check()?;
    let merging = project.start_merging();
    Ok(Work::new(|slice| async move {
        let (volume, merged) = visible(merging, &slice).await;
        let picture = slice.run(drawing(volume, settings)?).await;
        Ok(Drawn { picture, merged })
    }))
}

/// Draws what is wished for of a project, and encodes it.
pub(super) fn draw_wish(project: &mut Project, wish: Wish) -> FileDrawing {
    let earlier = match wish.frames {
        Frames::Timelapse(count) => earlier_states(project, &wish, count),
        Frames::Still | Frames::Turntable(_) => Vec::new(),
    };
    let merging = merging_of(project, wish.layers.as_deref());
    Work::new(move |slice| async move {
        let mut states = Vec::new();
        for state in earlier {
            states.push(slice.run(state).await.merged().clone());
        }
        let (volume, merged) = visible(merging, &slice).await;
        states.push(volume);
        let picture = draw_file(wish, states, &slice).await?;
        Ok(Drawn { picture, merged })
    })
}

/// The merging of what is visible, or of these layers alone.
pub(super) fn merging_of(project: &mut Project, layers: Option<&[LayerId]>) -> Merging {
    match layers {
        None => project.start_merging(),
        Some(chosen) => Merging::Job(Box::new(merging(project.document(), Some(chosen)))),
    }
}

/// The mergings of earlier states of a project, the oldest first: each so many-th, for one frame
/// less than wanted.
fn earlier_states(project: &Project, wish: &Wish, count: u32) -> Vec<MergeJob> {
    let history = project.history();
    let (present, _) = history.position();
    let wanted = (count as usize).saturating_sub(1).min(present);
    let positions = (0..wanted).map(|frame| frame * present / wanted.max(1));
    let states = positions.filter_map(|at| history.document_at(project.document(), at));
    states.map(|document| merging(&document, wish.layers.as_deref())).collect()
}

impl From<Refusal> for RpcError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Param { error, lists } => lists
                .into_iter()
                .fold(RpcError::from(*error), |rpc, (name, known)| rpc.known(name, known)),
            Refusal::Render(error) => super::pictures::cannot_draw(&error),
            Refusal::File(error) => RpcError::internal(error),
        }
    }
}
