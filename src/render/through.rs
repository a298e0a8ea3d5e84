//! What a ray goes through on its way: runs of translucent voxels of one colour.
//!
//! Touching voxels of one colour have no sides between them: however thick, they are one run.

use super::march::March;
use super::projector::Ray;
use super::scene::Scene;
use super::shade::Seen;
use crate::mesh::Face;
use crate::voxel::{BlendMode, Rgba};

/// A ray is followed through so many runs at most; behind them nothing is told apart any more.
const MOST_RUNS: usize = 64;
/// What shines through less than this is not followed further.
const LEAST_TRANSMITTANCE: f32 = 1.0 / 512.0;

/// A way through voxels of one colour.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// Their colour, with the opacity of their material.
    pub(crate) color: Rgba,
    /// The voxel through which the ray comes in, and the side.
    pub(crate) voxel: [i32; 3],
    pub(crate) face: Face,
    /// Where the ray comes in and goes out, in lengths of its direction.
    pub(crate) from: f64,
    pub(crate) to: f64,
}

/// Where a ray may meet something translucent first.
#[derive(Clone, Copy)]
pub(crate) enum Entry {
    /// Anywhere from a distance on.
    From(f64),
    /// Here.
    At(Seen),
}

/// Collects the runs that a ray goes through before a distance. Returns about how many voxels were
/// looked at.
pub(crate) fn collect(
    scene: &Scene,
    ray: &Ray,
    entry: Entry,
    until: f64,
    runs: &mut Vec<Run>,
) -> u64 {
    runs.clear();
    let Some(voxels) = &scene.translucent else { return 0 };
    let march = match entry {
        Entry::From(near) => March::new(voxels, ray, near, until),
        Entry::At(seen) => {
            let place = (seen.voxel, seen.face.axis());
            Some(March::inside(voxels, ray, place, [seen.distance, until]))
        }
    };
    let Some(mut march) = march else { return 0 };
    let (mut left, mut looked) = (1.0, 0);
    // Where a ray meets a side it need not be looked for.
    let mut next = match entry {
        Entry::From(_) => march.seek(true),
        Entry::At(_) => Some(march.hit()),
    };
    while let Some(hit) = next {
        let block = hit.voxel.map(|part| part >> 4);
        let color = scene.clear_color_of_block(block);
        let color = color.unwrap_or_else(|| scene.clear_color(hit.voxel));
        let goes_on = march.cross(
            color,
            |slot| scene.clear_color_of_slot(slot),
            |slot, layer, is_upward| scene.is_full_from(slot, layer, is_upward),
            |voxel| scene.clear_color(voxel),
        );
        let to = if goes_on { march.t } else { march.last() };
        runs.push(Run { color, voxel: hit.voxel, face: hit.face, from: hit.distance, to });
        left *= 1.0 - f32::from(color.a) / 255.0;
        looked += 1 + (to - hit.distance).clamp(0.0, 1024.0) as u64;
        if !goes_on || left < LEAST_TRANSMITTANCE || runs.len() == MOST_RUNS {
            break;
        }
        next = march.seek(true);
    }
    looked
}

/// The colour of runs before something, as the layers of a document come together.
pub(crate) fn flat(runs: &[Run], behind: Rgba) -> Rgba {
    runs.iter().rev().fold(behind, |behind, run| BlendMode::Over.blend(behind, run.color))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::finish::Materials;
    use crate::render::scene::SceneBuilder;
    use crate::voxel::{Bounds, Volume};

    const WATER: Rgba = Rgba::new(20, 60, 200, 100);
    const GLASS: Rgba = Rgba::new(200, 60, 20, 100);

    fn runs(volume: Volume, entry: Entry) -> Vec<(Rgba, f64, f64)> {
        let mut builder = SceneBuilder::new(volume, None, Materials::default());
        while builder.advance() {}
        let mut runs = Vec::new();
        let ray = Ray { origin: [0.5, -10.0, 0.5], direction: [0.0, 1.0, 0.0] };
        collect(&builder.finish(), &ray, entry, 1000.0, &mut runs);
        runs.iter().map(|run| (run.color, run.from, run.to)).collect()
    }

    #[test]
    fn touching_voxels_of_one_colour_are_one_run_and_others_are_not() {
        let mut volume = Volume::new();
        volume.fill(Bounds::inclusive([-9, 0, -9], [9, 39, 9]), WATER);
        assert_eq!(runs(volume.clone(), Entry::From(0.0)), [(WATER, 10.0, 50.0)]);
        volume.fill(Bounds::inclusive([0, 20, 0], [0, 21, 0]), GLASS);
        let expected = [(WATER, 10.0, 30.0), (GLASS, 30.0, 32.0), (WATER, 32.0, 50.0)];
        assert_eq!(runs(volume.clone(), Entry::From(0.0)), expected);
        volume.fill(Bounds::inclusive([0, 5, 0], [0, 9, 0]), Rgba::EMPTY);
        assert_eq!(runs(volume.clone(), Entry::From(0.0)).len(), 4);
        let seen = Seen { voxel: [0, 10, 0], face: Face::NegY, distance: 20.0 };
        assert_eq!(runs(volume, Entry::At(seen))[0], (WATER, 20.0, 30.0));
    }

    #[test]
    fn runs_before_something_blend_as_layers_do() {
        let run = |color| Run { color, voxel: [0; 3], face: Face::NegY, from: 0.0, to: 1.0 };
        let behind = Rgba::opaque(10, 200, 30);
        let expected = BlendMode::Over.blend(BlendMode::Over.blend(behind, GLASS), WATER);
        assert_eq!(flat(&[run(WATER), run(GLASS)], behind), expected);
        assert_eq!(flat(&[], behind), behind);
    }
}
