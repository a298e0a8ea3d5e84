//! Pictures of a project: its visible layers are merged, then drawn, and encoded for a file, all in slices.
//!
//! The merged volume is kept with the project, so the next picture merges only the blocks that changed.

use crate::job::{Slice, Work};
use crate::render::{Look, Picture, PngFile, RenderError, RenderSettings, drawing};
use crate::rpc::context::Context;
use crate::rpc::error::RpcError;
use crate::voxel::{MergeCache, Volume};
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
pub(super) type FileDrawing = Work<Result<Drawn<PngFile>, RpcError>>;

/// Merges what is visible as it is now; what the next time begins with, too, unless there was nothing to merge.
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

/// Draws a project as it is now, as a file.
///
/// # Errors
/// Settings that no picture can be drawn with.
pub(super) fn draw_file(
    project: &mut Project,
    settings: RenderSettings,
) -> Result<FileDrawing, RpcError> {
    let failed = |error: RenderError| super::pictures::cannot_draw(&error);
    let job = draw(project, settings).map_err(failed)?;
    Ok(Work::new(move |slice| async move {
        let Drawn { picture, merged } = slice.run(job).await.map_err(failed)?;
        let picture = PngFile::encode(&picture, &slice).await.map_err(RpcError::internal)?;
        Ok(Drawn { picture, merged })
    }))
}

/// Looks at a volume, or at what is visible of a project, and encodes the picture. If the file is longer than it may be,
/// the picture is drawn again and again, smaller each time, down to [`LEAST_SIDE`] pixels.
pub(super) fn look_file(look: Look, merging: Merging, max_bytes: Option<u64>) -> FileDrawing {
    Work::new(move |slice| async move {
        let failed = |error: RenderError| super::pictures::cannot_draw(&error);
        let (volume, merged) = visible(merging, &slice).await;
        let mut look = look;
        loop {
            let picture = slice.run(look.clone().drawing(volume.clone()).map_err(failed)?).await;
            let picture = PngFile::encode(&picture, &slice).await.map_err(RpcError::internal)?;
            let is_least = look.settings.width.min(look.settings.height) <= LEAST_SIDE;
            let longest = max_bytes.unwrap_or(u64::MAX);
            if picture.bytes.len() <= longest || is_least {
                return Ok(Drawn { picture, merged });
            }
            // The length goes about with the pixels.
            let by = (longest as f64 / picture.bytes.len() as f64).sqrt() * SHRINK;
            for side in [&mut look.settings.width, &mut look.settings.height] {
                *side =
                    ((f64::from(*side) * by) as u32).clamp(1, *side - 1).max(LEAST_SIDE.min(*side));
            }
        }
    })
}

/// The least side of a picture that is made smaller.
pub(super) const LEAST_SIDE: u32 = 32;
/// How much smaller than expected a picture is made that was too long.
const SHRINK: f64 = 0.9;
