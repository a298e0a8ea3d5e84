//! Pictures of a project: its visible layers are merged, then drawn, and encoded for a file, all in
//! slices.
//!
//! The merged volume is kept with the project, so the next picture merges only the blocks that
//! changed.

use super::states::{Places, State, recalled};
use crate::document::LayerId;
use crate::job::{Slice, Work};
use crate::picturing::{Frames, Refusal, Wish, draw_file, merging};
use crate::render::{Picture, PictureFile, RenderError, RenderSettings, drawing};
use crate::rpc::context::{Context, Outcome};
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

/// Draws what is wished for of a project, and encodes it; `go_on` gets the job that does it.
pub(super) fn draw_wish<R: 'static>(
    context: &mut Context<'_>,
    wish: Wish,
    go_on: impl FnOnce(FileDrawing) -> Outcome<R> + 'static,
) -> Result<Outcome<R>, RpcError> {
    let Frames::Timelapse(count) = wish.frames else {
        return Ok(go_on(file_drawing(context.project()?, wish, Vec::new())));
    };
    let find = move |project: &Project| Ok(earlier_places(project, count));
    recalled(context, find, move |context, states| {
        Ok(go_on(file_drawing(context.project()?, wish, states)))
    })
}

/// Draws a project as it is now, or as it was and is now.
fn file_drawing(project: &mut Project, wish: Wish, earlier: Vec<State>) -> FileDrawing {
    let layers = wish.layers.as_deref();
    let merging_then = |state: State| merging(&state.document, layers);
    let earlier: Vec<MergeJob> = earlier.into_iter().map(merging_then).collect();
    let merging = merging_of(project, layers);
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

/// Where the earlier states of a project are, the oldest first: each so many-th, for one frame less
/// than wanted.
fn earlier_places(project: &Project, count: u32) -> Places {
    let (present, _) = project.history().position();
    let wanted = (count as usize).saturating_sub(1).min(present);
    (0..wanted).map(|frame| (frame * present / wanted.max(1), 0)).collect()
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
