//! A render in slices: first the model is made ready block by block, then pixels are drawn.

use super::draw::{Cursor, QuadDrawing, Stand};
use super::light::FaceLight;
use super::picture::Picture;
use super::projector::{NEAR, Projector};
use super::quads::QuadFinder;
use super::scene::{Scene, SceneBuilder};
use super::settings::{Method, RenderError, RenderSettings};
use super::shade::Shader;
use crate::job::{Budget, Job, Progress, Step};
use crate::mesh::Occupancy;
use crate::voxel::Volume;

/// Rays are the faster way once there are more quads than this share of the samples.
const QUADS_PER_SAMPLE: f64 = 0.5;

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
    /// The bits of the model are collected.
    Collect(Box<SceneBuilder>),
    /// The picture's background is laid out.
    Fill(Box<SceneBuilder>),
    /// Its faces are found.
    Find(Box<Find>),
    /// It is drawn by quads.
    Quads(Box<(Stand, QuadDrawing)>),
    /// It is drawn by rays.
    Rays(Box<Stand>, Cursor),
    Finished,
}

struct Find {
    stand: Stand,
    opaque: QuadFinder,
    translucent: Option<QuadFinder>,
}

impl Find {
    /// Does a little. False once all faces are found.
    fn advance(&mut self) -> bool {
        let (scene, projector) = (&self.stand.scene, &self.stand.projector);
        if self.opaque.advance(&scene.opaque, projector) {
            return true;
        }
        match (&mut self.translucent, &scene.translucent) {
            (Some(finder), Some(occupancy)) => finder.advance(occupancy, projector),
            _ => false,
        }
    }

    fn count(&self) -> usize {
        self.opaque.quads.len() + self.translucent.as_ref().map_or(0, |finder| finder.quads.len())
    }
}

/// What a pixel takes while it is drawn: its colour, its depth, and its part of what is written.
const BYTES_A_PIXEL: usize = 16;

impl RenderJob {
    /// Begins a picture of a volume.
    ///
    /// # Errors
    /// A size beyond the limits, an unusable viewpoint or light.
    pub fn new(volume: Volume, settings: RenderSettings) -> Result<Self, RenderError> {
        settings.check()?;
        let pixels = settings.width as usize * settings.height as usize;
        crate::memory::probe(pixels * BYTES_A_PIXEL)?;
        let picture = Picture::to_be_filled(settings.width, settings.height);
        let stage = Stage::Collect(Box::new(SceneBuilder::new(volume, settings.crop)));
        Ok(RenderJob { settings, picture, stage })
    }

    /// Does a little work. False once the picture is done.
    fn advance(&mut self) -> bool {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Finished) {
            Stage::Collect(mut builder) => match builder.advance() {
                true => Stage::Collect(builder),
                false => Stage::Fill(builder),
            },
            Stage::Fill(builder) => match self.picture.fill_some(self.settings.background) {
                true => Stage::Fill(builder),
                false => self.stand(builder.finish()),
            },
            Stage::Find(mut find) => match find.advance() {
                _ if self.too_many(&find) => self.rays(find.stand),
                true => Stage::Find(find),
                false => self.quads(*find),
            },
            Stage::Quads(mut quads) => {
                let (stand, drawing) = &mut *quads;
                match drawing.advance(stand, &mut self.picture) {
                    true => Stage::Quads(quads),
                    false => Stage::Finished,
                }
            }
            Stage::Rays(mut stand, mut cursor) => match cursor.trace(&mut stand, &mut self.picture)
            {
                true => Stage::Rays(stand, cursor),
                false => Stage::Finished,
            },
            Stage::Finished => Stage::Finished,
        };
        !matches!(self.stage, Stage::Finished)
    }

    fn stand(&self, scene: Scene) -> Stage {
        let settings = &self.settings;
        let Some(bounds) = scene.bounds else { return Stage::Finished };
        let size = [settings.width, settings.height];
        // The viewpoint was checked when the job was made.
        let Ok(projector) = Projector::new(&settings.viewpoint, Some(bounds), size) else {
            return Stage::Finished;
        };
        let light = FaceLight::new(&settings.lighting, &projector, &bounds);
        let fine = projector.finer(settings.samples);
        let parallel = projector.is_parallel();
        let inside_translucent = !parallel
            && scene.translucent.as_ref().is_some_and(|voxels| touches(voxels, projector.eye));
        let stand = Stand {
            shader: Shader::new(settings, &projector, &fine, light),
            scene,
            projector: fine,
            near: if parallel { f64::NEG_INFINITY } else { NEAR },
            samples: settings.samples,
            inside_translucent,
        };
        if settings.method == Method::Rays {
            return self.rays(stand);
        }
        let opaque = QuadFinder::new(&stand.scene.opaque, &stand.projector);
        let finder = |voxels| QuadFinder::new(voxels, &stand.projector);
        let translucent = stand.scene.translucent.as_ref().map(finder);
        Stage::Find(Box::new(Find { stand, opaque, translucent }))
    }

    fn too_many(&self, find: &Find) -> bool {
        let samples = self.pixels() * u64::from(self.settings.samples).pow(2);
        let limit = samples as f64 * QUADS_PER_SAMPLE;
        self.settings.method == Method::Automatic && find.count() as f64 > limit
    }

    fn quads(&self, find: Find) -> Stage {
        let Find { stand, opaque, translucent } = find;
        let drawing = QuadDrawing::new(opaque, translucent, &stand, &self.picture);
        Stage::Quads(Box::new((stand, drawing)))
    }

    fn rays(&self, stand: Stand) -> Stage {
        Stage::Rays(Box::new(stand), Cursor::new(0, self.settings.height))
    }

    fn pixels(&self) -> u64 {
        u64::from(self.settings.width) * u64::from(self.settings.height)
    }
}

/// Whether a voxel at a point or beside it counts.
fn touches(voxels: &Occupancy, point: [f64; 3]) -> bool {
    let middle = point.map(super::march::floor);
    (0..27).any(|index| {
        let step = [index % 3 - 1, index / 3 % 3 - 1, index / 9 - 1];
        let at: [_; 3] = std::array::from_fn(|axis| i32::try_from(middle[axis] + step[axis]));
        matches!(at, [Ok(x), Ok(y), Ok(z)] if voxels.contains([x, y, z]))
    })
}

impl Job for RenderJob {
    type Output = Picture;

    fn step(&mut self, budget: &mut Budget) -> Step<Picture> {
        while self.advance() {
            if !budget.spend(1) {
                return Step::More;
            }
        }
        let empty = Picture::filled(0, 0, self.settings.background);
        Step::Done(std::mem::replace(&mut self.picture, empty))
    }

    /// In thousandths: a tenth for the bits, two for the faces, the rest for the pixels.
    fn progress(&self) -> Progress {
        let share = |(done, total): (usize, usize), of: u64| of * done as u64 / total.max(1) as u64;
        let rows = |row: u32| share((row as usize, self.settings.height as usize), 700);
        let done = match &self.stage {
            Stage::Collect(builder) | Stage::Fill(builder) => share(builder.progress(), 100),
            Stage::Find(find) => 100 + share(find.opaque.progress(), 200),
            Stage::Quads(quads) => 300 + rows(quads.1.row(self.settings.samples)),
            Stage::Rays(_, cursor) => 300 + rows(cursor.y),
            Stage::Finished => 1000,
        };
        Progress { done, total: 1000 }
    }
}
