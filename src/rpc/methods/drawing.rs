//! A picture of a project: its visible layers are merged, then drawn, both in slices.
//!
//! The merged volume is kept with the project, so the next picture merges only the blocks that changed.

use crate::job::{Budget, Job, Progress, Step};
use crate::render::{Picture, RenderError, RenderJob, RenderSettings};
use crate::rpc::context::Context;
use crate::voxel::{MergeCache, MergeJob, Volume};
use crate::workspace::{Merging, Project};

/// Merging, then drawing.
pub(super) struct DrawJob {
    stage: Stage,
    settings: RenderSettings,
    cache: Option<MergeCache>,
}

enum Stage {
    Merging(MergeJob),
    Drawing(Box<RenderJob>),
    Failed(Option<RenderError>),
}

/// A picture, and what was merged for it.
pub(super) struct Drawn {
    pub(super) picture: Picture,
    cache: Option<MergeCache>,
}

impl DrawJob {
    /// Starts to draw a project as it is now.
    ///
    /// # Errors
    /// Settings that no picture can be drawn with.
    pub(super) fn new(
        project: &mut Project,
        settings: RenderSettings,
    ) -> Result<Self, RenderError> {
        settings.check()?;
        let (stage, cache) = match project.start_merging() {
            Merging::Done(volume) => (Stage::draw(volume, &settings), None),
            Merging::Job(job) => (Stage::Merging(job), None),
        };
        Ok(DrawJob { stage, settings, cache })
    }
}

impl Stage {
    fn draw(volume: Volume, settings: &RenderSettings) -> Stage {
        match RenderJob::new(volume, settings.clone()) {
            Ok(job) => Stage::Drawing(Box::new(job)),
            Err(error) => Stage::Failed(Some(error)),
        }
    }
}

impl Drawn {
    /// Gives what was merged back to the project, if it is still open, and leaves the picture.
    pub(super) fn into_picture(self, context: &mut Context<'_>) -> Picture {
        if let (Some(cache), Ok(project)) = (self.cache, context.project()) {
            project.keep_merged(cache);
        }
        self.picture
    }
}

impl Job for DrawJob {
    type Output = Result<Drawn, RenderError>;

    fn step(&mut self, budget: &mut Budget) -> Step<Self::Output> {
        match &mut self.stage {
            Stage::Merging(job) => {
                if let Step::Done(cache) = job.step(budget) {
                    self.stage = Stage::draw(cache.merged().clone(), &self.settings);
                    self.cache = Some(cache);
                }
                Step::More
            }
            Stage::Drawing(job) => match job.step(budget) {
                Step::More => Step::More,
                Step::Done(picture) => Step::Done(Ok(Drawn { picture, cache: self.cache.take() })),
            },
            Stage::Failed(error) => {
                // The settings were checked when the job was made.
                Step::Done(Err(error.take().unwrap_or(RenderError::Samples(0))))
            }
        }
    }

    fn progress(&self) -> Progress {
        match &self.stage {
            Stage::Merging(job) => job.progress(),
            Stage::Drawing(job) => job.progress(),
            Stage::Failed(_) => Progress::default(),
        }
    }
}
