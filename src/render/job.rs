//! A render in slices: first the model is made ready block by block, then pixels are drawn.

use super::light::FaceLight;
use super::march::first_entered;
use super::picture::Picture;
use super::projector::{NEAR, Projector};
use super::scene::{Scene, SceneBuilder};
use super::settings::{RenderError, RenderSettings};
use super::shade::{Light4, Seen, Shader};
use crate::job::{Budget, Job, Progress, Step};
use crate::voxel::Volume;

/// Pixels drawn by rays between two looks at the budget.
const PIXELS_A_UNIT: u32 = 32;

/// The making of a picture, as a job over a snapshot of a volume.
///
/// ```
/// use goxel_daemon::document::View;
/// use goxel_daemon::job::Job;
/// use goxel_daemon::render::{RenderJob, RenderSettings};
/// use goxel_daemon::voxel::{Point, Rgba, Volume};
///
/// let mut volume = Volume::new();
/// volume.set(Point::new(0, 0, 0), Rgba::opaque(255, 0, 0));
/// let settings = RenderSettings { viewpoint: View::Front.into(), ..Default::default() };
/// let picture = RenderJob::new(volume, settings).unwrap().finish();
/// assert_eq!(picture.get(256, 256), Some(Rgba::opaque(255, 0, 0)));
/// ```
pub struct RenderJob {
    settings: RenderSettings,
    picture: Picture,
    stage: Stage,
}

enum Stage {
    Collect(Box<SceneBuilder>),
    Rays(Box<Rays>),
    Finished,
}

/// Drawing by one ray a sample.
struct Rays {
    scene: Scene,
    shader: Shader,
    near: f64,
    /// The next pixel.
    at: [u32; 2],
}

impl RenderJob {
    /// Begins a picture of a volume.
    ///
    /// # Errors
    /// A size beyond the limits, an unusable viewpoint or light.
    pub fn new(volume: Volume, settings: RenderSettings) -> Result<Self, RenderError> {
        settings.check()?;
        let picture = Picture::filled(settings.width, settings.height, settings.background);
        let stage = Stage::Collect(Box::new(SceneBuilder::new(volume, settings.crop)));
        Ok(RenderJob { settings, picture, stage })
    }

    fn prepared(&self, builder: Box<SceneBuilder>) -> Stage {
        let scene = builder.finish();
        let Some(bounds) = scene.bounds else { return Stage::Finished };
        let size = [self.settings.width, self.settings.height];
        // The viewpoint was checked when the job was made.
        let Ok(projector) = Projector::new(&self.settings.viewpoint, Some(bounds), size) else {
            return Stage::Finished;
        };
        let light = FaceLight::new(&self.settings.lighting, &projector, &bounds);
        let fine = projector.finer(self.settings.samples);
        let shader = Shader::new(&self.settings, &projector, &fine, light);
        let near = if projector.is_parallel() { f64::NEG_INFINITY } else { NEAR };
        Stage::Rays(Box::new(Rays { scene, shader, near, at: [0, 0] }))
    }
}

impl Rays {
    fn pixel(&mut self, samples: u32) -> Option<Light4> {
        let mut sum = Light4::default();
        let mut any = false;
        for sample in 0..samples * samples {
            let x = self.at[0] * samples + sample % samples;
            let y = self.at[1] * samples + sample / samples;
            let ray = self.shader.rays.ray(f64::from(x) + 0.5, f64::from(y) + 0.5);
            let seen = first_entered(&self.scene.opaque, &ray, self.near).map(|hit| Seen {
                voxel: hit.voxel,
                face: hit.face,
                distance: hit.distance,
            });
            any |= seen.is_some() || self.scene.translucent.is_some();
            let light = self.shader.sample(&self.scene, &ray, self.near, seen);
            sum.alpha += light.alpha;
            (0..3).for_each(|i| sum.rgb[i] += light.rgb[i]);
        }
        any.then_some(sum)
    }

    /// Draws a few pixels; false once there is none left.
    fn advance(&mut self, settings: &RenderSettings, picture: &mut Picture) -> bool {
        let samples = settings.samples;
        let end = (self.at[0] + PIXELS_A_UNIT).min(settings.width);
        while self.at[0] < end {
            if let Some(sum) = self.pixel(samples) {
                let bytes = self.shader.resolve(sum, (samples * samples) as f32);
                let place = self.at[0] as usize * 4;
                picture.row_mut(self.at[1])[place..place + 4].copy_from_slice(&bytes);
            }
            self.at[0] += 1;
        }
        if self.at[0] == settings.width {
            self.at = [0, self.at[1] + 1];
        }
        self.at[1] < settings.height
    }
}

impl Job for RenderJob {
    type Output = Picture;

    fn step(&mut self, budget: &mut Budget) -> Step<Picture> {
        loop {
            match &mut self.stage {
                Stage::Collect(builder) => {
                    if !builder.advance() {
                        let Stage::Collect(builder) =
                            std::mem::replace(&mut self.stage, Stage::Finished)
                        else {
                            continue;
                        };
                        self.stage = self.prepared(builder);
                    }
                }
                Stage::Rays(rays) => {
                    if !rays.advance(&self.settings, &mut self.picture) {
                        self.stage = Stage::Finished;
                    }
                }
                Stage::Finished => {
                    let empty = Picture::filled(0, 0, self.settings.background);
                    return Step::Done(std::mem::replace(&mut self.picture, empty));
                }
            }
            if !budget.spend(1) {
                return Step::More;
            }
        }
    }

    fn progress(&self) -> Progress {
        let pixels = u64::from(self.settings.width) * u64::from(self.settings.height);
        let done = match &self.stage {
            Stage::Collect(builder) => {
                let (done, total) = builder.progress();
                pixels / 10 * done as u64 / total.max(1) as u64
            }
            Stage::Rays(rays) => {
                let row = u64::from(rays.at[1]) * u64::from(self.settings.width);
                pixels / 10 + row + u64::from(rays.at[0])
            }
            Stage::Finished => pixels + pixels / 10,
        };
        Progress { done, total: pixels + pixels / 10 }
    }
}
