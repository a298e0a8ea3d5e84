//! A picture of a project: its visible layers are merged, then drawn, and encoded for a file, all in slices.
//!
//! The merged volume is kept with the project, so the next picture merges only the blocks that changed.

use crate::job::{Budget, Job, Progress, Step};
use crate::render::{Picture, PngFile, PngJob, RenderError, RenderJob, RenderSettings};
use crate::rpc::context::Context;
use crate::rpc::error::RpcError;
use crate::voxel::{MergeCache, MergeJob, Volume};
use crate::workspace::{Merging, Project};

/// Merging, then drawing.
pub(super) struct DrawJob {
    stage: Stage,
    settings: RenderSettings,
    cache: Option<MergeCache>,
}

enum Stage {
    Merging(Box<MergeJob>),
    Drawing(Box<RenderJob>),
    Failed(RenderError),
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
        let stage = match project.start_merging() {
            Merging::Done(volume) => Stage::draw(volume, &settings),
            Merging::Job(job) => Stage::Merging(job),
        };
        Ok(DrawJob { stage, settings, cache: None })
    }
}

impl Stage {
    fn draw(volume: Volume, settings: &RenderSettings) -> Stage {
        match RenderJob::new(volume, settings.clone()) {
            Ok(job) => Stage::Drawing(Box::new(job)),
            Err(error) => Stage::Failed(error),
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
            Stage::Failed(error) => Step::Done(Err(error.clone())),
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

/// Drawing, then encoding.
pub(super) struct FileJob(FileStage);

enum FileStage {
    Drawing(Box<DrawJob>),
    Encoding(Box<PngJob>, Option<MergeCache>),
}

/// A picture as a file, and what was merged for it.
pub(super) struct DrawnFile {
    file: PngFile,
    cache: Option<MergeCache>,
}

impl FileJob {
    /// Encodes what this job draws.
    pub(super) fn new(drawing: DrawJob) -> Self {
        FileJob(FileStage::Drawing(Box::new(drawing)))
    }
}

impl DrawnFile {
    /// Gives what was merged back to the project, if it is still open, and leaves the file.
    pub(super) fn into_file(self, context: &mut Context<'_>) -> PngFile {
        if let (Some(cache), Ok(project)) = (self.cache, context.project()) {
            project.keep_merged(cache);
        }
        self.file
    }
}

impl Job for FileJob {
    type Output = Result<DrawnFile, RpcError>;

    fn step(&mut self, budget: &mut Budget) -> Step<Self::Output> {
        match &mut self.0 {
            FileStage::Drawing(job) => {
                match job.step(budget) {
                    Step::More => {}
                    Step::Done(Err(error)) => {
                        return Step::Done(Err(super::pictures::cannot_draw(&error)));
                    }
                    Step::Done(Ok(Drawn { picture, cache })) => {
                        self.0 = FileStage::Encoding(Box::new(PngJob::new(picture)), cache);
                    }
                }
                Step::More
            }
            FileStage::Encoding(job, cache) => match job.step(budget) {
                Step::More => Step::More,
                Step::Done(file) => Step::Done(
                    file.map(|file| DrawnFile { file, cache: cache.take() })
                        .map_err(RpcError::internal),
                ),
            },
        }
    }

    fn progress(&self) -> Progress {
        match &self.0 {
            FileStage::Drawing(job) => job.progress(),
            FileStage::Encoding(job, _) => job.progress(),
        }
    }
}
