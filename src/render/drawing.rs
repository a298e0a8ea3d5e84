//! A picture in slices: first the model is made ready block by block, then pixels are drawn.

use super::draw::{Cursor, QuadDrawing, Stand};
use super::even::EvenLook;
use super::light::FaceLight;
use super::path::trace;
use super::picture::Picture;
use super::projector::{NEAR, Projector};
use super::quads::QuadFinder;
use super::scene::{Scene, SceneBuilder};
use super::settings::{Method, RenderError, RenderSettings};
use super::shade::Shader;
use super::silhouette::Silhouette;
use crate::job::{Progress, Slice, Work};
use crate::mesh::Occupancy;
use crate::voxel::{Bounds, Volume};

/// Rays are the faster way once there are more quads than this share of the samples.
const QUADS_PER_SAMPLE: f64 = 0.5;

/// Thousandths of a picture that are done once its bits are collected, and once its faces are
/// found.
const COLLECTED: u64 = 100;
const FOUND: u64 = 300;
const ALL: u64 = 1000;

/// A picture of a volume, as work over a snapshot of it.
///
/// # Errors
/// A size beyond the limits, an unusable viewpoint or light.
///
/// ```
/// use goxel_daemon::document::View;
/// use goxel_daemon::job::Job;
/// use goxel_daemon::render::{RenderSettings, drawing};
/// use goxel_daemon::voxel::{Point, Rgba, Volume};
///
/// let mut volume = Volume::new();
/// volume.set(Point::new(0, 0, 0), Rgba::opaque(255, 0, 0));
/// let settings = RenderSettings { viewpoint: View::Front.into(), ..Default::default() };
/// let picture = drawing(volume, settings).unwrap().finish();
/// assert_eq!(picture.get(256, 256), Some(Rgba::opaque(255, 0, 0)));
/// ```
pub fn drawing(volume: Volume, settings: RenderSettings) -> Result<Work<Picture>, RenderError> {
    settings.check()?;
    settings.probe(Some(&volume))?;
    Ok(Work::new(|slice| async move { draw(volume, &settings, &slice).await.0 }))
}

/// The same inside other work, with the box around what is drawn; the settings were checked.
pub(crate) async fn draw(
    volume: Volume,
    settings: &RenderSettings,
    slice: &Slice,
) -> (Picture, Option<Bounds>) {
    let materials = settings.seen_materials();
    let mut builder = SceneBuilder::of(volume, settings.crop, materials, slice).await;
    while builder.advance() {
        report(slice, 0, COLLECTED, builder.progress());
        slice.spend(1).await;
    }
    let mut picture = Picture::to_be_filled(settings.width, settings.height);
    while picture.fill_some(settings.background) {
        slice.spend(1).await;
    }
    let scene = builder.finish();
    let bounds = scene.bounds;
    let Some(mut stand) = stand(scene, settings, slice).await else { return (picture, None) };
    if let Some(tracing) = settings.tracing {
        let Stand { scene, pixels, light, .. } = &stand;
        trace(scene, pixels, light, settings, tracing, &mut picture, slice).await;
        return (picture, bounds);
    }
    stand.shader.prepare(&stand.scene, slice).await;
    match settings.method {
        Method::Rays => draw_rays(stand, &mut picture, slice).await,
        _ => draw_quads(stand, settings, &mut picture, slice).await,
    }
    (picture, bounds)
}

fn report(slice: &Slice, from: u64, to: u64, (done, total): (usize, usize)) {
    let done = from + (to - from) * done as u64 / total.max(1) as u64;
    slice.progress(Progress { done, total: ALL });
}

/// The model with everything that is needed to draw it; `None` if there is nothing to draw.
async fn stand(scene: Scene, settings: &RenderSettings, slice: &Slice) -> Option<Stand> {
    let bounds = scene.bounds?;
    let silhouette = Silhouette::fitted(&scene, settings.fits_box, slice).await;
    let size = [settings.width, settings.height];
    // The viewpoint was checked with the settings.
    let viewpoint = settings.viewpoint.toward(silhouette.middle());
    let projector = Projector::new(&viewpoint, &silhouette, size).ok()?;
    slice.spend(1).await;
    let light = FaceLight::new(&settings.lighting, &projector, &bounds);
    let fine = projector.finer(settings.samples);
    let parallel = projector.is_parallel();
    let inside_translucent = !parallel
        && scene.translucent.as_ref().is_some_and(|voxels| touches(voxels, projector.eye));
    Some(Stand {
        shader: Shader::new(settings, &projector, &fine, light.clone()),
        scene,
        pixels: projector,
        light,
        projector: fine,
        near: if parallel { f64::NEG_INFINITY } else { NEAR },
        samples: settings.samples,
        inside_translucent,
    })
}

/// Finds the faces and draws them, unless they turn out to be too many.
async fn draw_quads(stand: Stand, settings: &RenderSettings, picture: &mut Picture, slice: &Slice) {
    let samples = u64::from(picture.width()) * u64::from(picture.height());
    let samples = samples * u64::from(settings.samples).pow(2);
    let most = match settings.method {
        Method::Automatic => samples as f64 * QUADS_PER_SAMPLE,
        Method::Quads | Method::Rays => f64::INFINITY,
    };
    let (scene, projector) = (&stand.scene, &stand.projector);
    let mut opaque = QuadFinder::of(&scene.opaque, projector, slice).await;
    let mut translucent = match &scene.translucent {
        Some(voxels) => Some(QuadFinder::of(voxels, projector, slice).await),
        None => None,
    };
    let too_many = |opaque: &QuadFinder, translucent: &Option<QuadFinder>| {
        let through = translucent.as_ref().map_or(0, |finder| finder.quads.len());
        (opaque.quads.len() + through) as f64 > most
    };
    let looks_for_colors = EvenLook::fits(&stand);
    let colors = || looks_for_colors.then(|| scene.colors());
    while opaque.advance(&scene.opaque, projector, colors()) && !too_many(&opaque, &translucent) {
        report(slice, COLLECTED, FOUND, opaque.progress());
        slice.spend(1).await;
    }
    while let (Some(finder), Some(voxels)) = (&mut translucent, &scene.translucent)
        && finder.advance(voxels, projector, None)
        && !too_many(&opaque, &translucent)
    {
        slice.spend(1).await;
    }
    if too_many(&opaque, &translucent) {
        drop((opaque, translucent));
        return draw_rays(stand, picture, slice).await;
    }
    let mut stand = stand;
    let mut drawing = QuadDrawing::new(opaque, translucent, &stand, picture);
    let height = picture.height() as usize;
    while drawing.advance(&mut stand, picture) {
        report(slice, FOUND, ALL, (drawing.row(settings.samples) as usize, height));
        slice.spend(1).await;
    }
}

async fn draw_rays(mut stand: Stand, picture: &mut Picture, slice: &Slice) {
    let height = picture.height();
    let mut cursor = Cursor::new(0, height);
    while cursor.trace(&mut stand, picture) {
        report(slice, FOUND, ALL, (cursor.y as usize, height as usize));
        slice.spend(1).await;
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
