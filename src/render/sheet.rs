//! A contact sheet: one model from several viewpoints, in a grid with labels.

use super::font::{self, ADVANCE, HEIGHT};
use super::job::RenderJob;
use super::picture::Picture;
use super::settings::{MAX_PIXELS, MAX_SIDE, RenderError, RenderSettings};
use super::viewpoint::Viewpoint;
use crate::job::{Budget, Job, Progress, Step};
use crate::voxel::{Rgba, Volume};

/// Pixels of the strip above each picture that holds its label.
const STRIP: u32 = HEIGHT + 6;

/// The making of a contact sheet, as a job.
pub struct SheetJob {
    volume: Volume,
    settings: RenderSettings,
    views: Vec<(String, Viewpoint)>,
    columns: u32,
    sheet: Picture,
    next: usize,
    current: Option<RenderJob>,
}

impl SheetJob {
    /// Begins a sheet. Each picture has the size of the settings, whose viewpoint is not used; the
    /// sheet has as many columns as asked for, and a strip with the label above each picture.
    ///
    /// # Errors
    /// Settings that a single picture would refuse, no view or column, a sheet beyond the limits.
    pub fn new(
        volume: Volume,
        settings: RenderSettings,
        views: Vec<(String, Viewpoint)>,
        columns: u32,
    ) -> Result<Self, RenderError> {
        settings.check()?;
        for (_, viewpoint) in &views {
            viewpoint.pose()?;
        }
        let count = u32::try_from(views.len()).unwrap_or(u32::MAX);
        let columns = columns.min(count);
        if columns == 0 {
            return Err(RenderError::EmptySheet);
        }
        let width = settings.width.saturating_mul(columns);
        let height = (settings.height + STRIP).saturating_mul(count.div_ceil(columns));
        for (side, value) in [("width", width), ("height", height)] {
            if value > MAX_SIDE {
                return Err(RenderError::Side { side, value });
            }
        }
        if u64::from(width) * u64::from(height) > MAX_PIXELS {
            return Err(RenderError::Pixels { width, height });
        }
        let sheet = Picture::filled(width, height, settings.background);
        Ok(SheetJob { volume, settings, views, columns, sheet, next: 0, current: None })
    }

    fn corner(&self, index: usize) -> [u32; 2] {
        let (column, row) = (index as u32 % self.columns, index as u32 / self.columns);
        [column * self.settings.width, row * (self.settings.height + STRIP)]
    }

    /// Puts a finished picture and its label into the sheet.
    fn place(&mut self, picture: &Picture) {
        let [left, top] = self.corner(self.next);
        self.sheet.paste(picture, left, top + STRIP);
        let room = (self.settings.width / ADVANCE).saturating_sub(1) as usize;
        let label: String = self.views[self.next].0.chars().take(room).collect();
        let color = readable_on(self.settings.background);
        font::write(&mut self.sheet, [left + 3, top + 3], &label, color);
        self.next += 1;
    }
}

/// Black or white, whichever stands out more.
fn readable_on(background: Rgba) -> Rgba {
    let Rgba { r, g, b, a } = background;
    let light = u32::from(r) * 3 + u32::from(g) * 6 + u32::from(b);
    if light > 1100 || a < 128 { Rgba::opaque(0, 0, 0) } else { Rgba::WHITE }
}

impl Job for SheetJob {
    type Output = Picture;

    fn step(&mut self, budget: &mut Budget) -> Step<Picture> {
        while let Some(&(_, viewpoint)) = self.views.get(self.next) {
            let mut job = match self.current.take() {
                Some(job) => job,
                None => {
                    let settings = RenderSettings { viewpoint, ..self.settings.clone() };
                    // Settings and viewpoints were checked when the job was made.
                    match RenderJob::new(self.volume.clone(), settings) {
                        Ok(job) => job,
                        Err(_) => break,
                    }
                }
            };
            match job.step(budget) {
                Step::Done(picture) => self.place(&picture),
                Step::More => {
                    self.current = Some(job);
                    return Step::More;
                }
            }
        }
        let empty = Picture::filled(0, 0, self.settings.background);
        Step::Done(std::mem::replace(&mut self.sheet, empty))
    }

    fn progress(&self) -> Progress {
        let current = self.current.as_ref().map_or(0, |job| job.progress().done);
        Progress { done: self.next as u64 * 1000 + current, total: self.views.len() as u64 * 1000 }
    }
}
