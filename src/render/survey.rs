//! What each pixel shows: the voxel, its side, and how far away it is. Maps, picking and lines come
//! from it.

use super::march::{Hit, first_entered};
use super::projector::{NEAR, Projector, Ray, RayField};
use super::scene::{Scene, SceneBuilder};
use super::settings::RenderSettings;
use super::silhouette::Silhouette;
use crate::job::Slice;
use crate::voxel::{Bounds, Volume};

/// A model with a view of it, ready to be asked.
pub(crate) struct Survey {
    scene: Scene,
    pub(crate) projector: Projector,
    rays: RayField,
    near: f64,
}

impl Survey {
    /// Of a volume; `None` if there is nothing to be seen. The settings were checked.
    pub(crate) async fn of(
        volume: Volume,
        settings: &RenderSettings,
        slice: &Slice,
    ) -> Option<Survey> {
        let materials = settings.seen_materials();
        let mut builder = SceneBuilder::of(volume, settings.crop, materials, slice).await;
        while builder.advance() {
            slice.spend(1).await;
        }
        let scene = builder.finish();
        scene.bounds?;
        let silhouette = Silhouette::fitted(&scene, settings.fits_box, slice).await;
        let size = [settings.width, settings.height];
        let viewpoint = settings.viewpoint.toward(silhouette.middle());
        let projector = Projector::new(&viewpoint, &silhouette, size).ok()?;
        let near = if projector.is_parallel() { f64::NEG_INFINITY } else { NEAR };
        Some(Survey { scene, rays: projector.rays(), projector, near })
    }

    /// The box around what is drawn.
    pub(crate) fn bounds(&self) -> Option<Bounds> {
        self.scene.bounds
    }

    /// The same, asked for parts of a pixel.
    pub(crate) fn finer(mut self, samples: u32) -> Survey {
        self.rays = self.projector.finer(samples).rays();
        self
    }

    /// Pixels of a voxel in the middle of the model.
    pub(crate) fn pixels_per_voxel(&self) -> f64 {
        let middle = self.scene.bounds.map_or([0.0; 3], |bounds| {
            [0, 1, 2].map(|axis| (bounds.min[axis] + bounds.max[axis]) as f64 / 2.0)
        });
        self.projector.pixels_per_voxel(self.projector.project(middle).1)
    }

    /// The ray through a place of the picture.
    pub(crate) fn ray(&self, x: f64, y: f64) -> Ray {
        self.rays.ray(x, y)
    }

    /// What is seen along a ray: the first voxel, whether it hides what is behind or not.
    pub(crate) fn seen(&self, ray: &Ray) -> Option<Hit> {
        let opaque = first_entered(&self.scene.opaque, ray, self.near);
        let other = self.scene.translucent.as_ref();
        let other = other.and_then(|voxels| first_entered(voxels, ray, self.near));
        match (opaque, other) {
            (Some(a), Some(b)) => Some(if b.distance < a.distance { b } else { a }),
            (a, b) => a.or(b),
        }
    }
}
