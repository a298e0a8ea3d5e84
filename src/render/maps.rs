//! Pictures for programs: how far away, which way, which layer, which voxel, for each pixel; and
//! what one pixel shows.

use super::march::Hit;
use super::projector::corners;
use super::settings::RenderSettings;
use super::survey::Survey;
use crate::job::Slice;
use crate::voxel::{Bounds, Point, Rgba, Volume};

/// Pixels looked at in one unit of work.
const PIXELS_A_UNIT: u32 = 64;
/// What stands for 0 in a map of directions, and how many steps are 1.
const MIDDLE: f64 = 32_768.0;
const UNIT: f64 = 32_767.0;
/// The largest sample.
const MOST: f64 = 65_535.0;

/// What a map holds. A sample of 0 says that nothing is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Map {
    /// How far away along the view, in voxels.
    Depth,
    /// The direction that the side faces.
    Normal,
    /// The topmost layer that has the voxel, by its id.
    Layer,
    /// The voxel.
    Position,
}

impl Map {
    /// All of them.
    pub const ALL: [Map; 4] = [Map::Depth, Map::Normal, Map::Layer, Map::Position];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Map::Depth => "depth",
            Map::Normal => "normal",
            Map::Layer => "layer",
            Map::Position => "position",
        }
    }

    /// Samples of a pixel.
    pub const fn channels(self) -> usize {
        match self {
            Map::Depth | Map::Layer => 1,
            Map::Normal | Map::Position => 3,
        }
    }
}

/// A map: rows of samples from the top. What a sample says is `sample * scale + offset`, of each
/// channel.
#[derive(Clone, PartialEq, Debug)]
pub struct MapSamples {
    /// What it holds.
    pub map: Map,
    /// What one step of a sample is.
    pub scale: f64,
    /// What 0 would be, of each channel.
    pub offset: Vec<f64>,
    /// The samples.
    pub samples: Vec<u16>,
}

/// What a pixel shows.
#[derive(Clone, PartialEq, Debug)]
pub struct Picked {
    /// The voxel, its side, and how far away it is.
    pub hit: Hit,
    /// The topmost layer that has it.
    pub layer: Option<i32>,
    /// Its colour.
    pub color: Rgba,
}

/// A layer by its id, with its voxels.
pub type LayerVoxels = (i32, Volume);

/// Maps of a volume as it is seen; the layers from the lowest to the topmost. The settings were
/// checked.
pub(crate) async fn maps(
    volume: Volume,
    layers: &[LayerVoxels],
    settings: &RenderSettings,
    wanted: &[Map],
    slice: &Slice,
) -> Vec<MapSamples> {
    let survey = Survey::of(volume, settings, slice).await;
    let mut found: Vec<MapSamples> =
        wanted.iter().map(|&map| empty(map, survey.as_ref(), settings)).collect();
    let Some(survey) = survey else {
        for map in &mut found {
            let count = settings.width as usize * settings.height as usize;
            map.samples.resize(count * map.map.channels(), 0);
        }
        return found;
    };
    for y in 0..settings.height {
        for x in 0..settings.width {
            let ray = survey.ray(f64::from(x) + 0.5, f64::from(y) + 0.5);
            let hit = survey.seen(&ray);
            found.iter_mut().for_each(|map| map.add(hit.as_ref(), layers));
            if x % PIXELS_A_UNIT == 0 {
                slice.spend(1).await;
            }
        }
    }
    found
}

/// What one pixel of a volume shows. The settings were checked, and the pixel is inside.
pub(crate) async fn pick(
    volume: Volume,
    layers: &[LayerVoxels],
    settings: &RenderSettings,
    [x, y]: [u32; 2],
    slice: &Slice,
) -> Option<Picked> {
    let survey = Survey::of(volume.clone(), settings, slice).await?;
    let hit = survey.seen(&survey.ray(f64::from(x) + 0.5, f64::from(y) + 0.5))?;
    let color = volume.get(Point::from(hit.voxel));
    Some(Picked { hit, layer: layer_of(layers, hit.voxel), color })
}

fn layer_of(layers: &[LayerVoxels], voxel: [i32; 3]) -> Option<i32> {
    let has = |(_, volume): &&LayerVoxels| volume.get(Point::from(voxel)).a > 0;
    layers.iter().rev().find(has).map(|(id, _)| *id)
}

/// A map without samples: what they will mean.
fn empty(map: Map, survey: Option<&Survey>, settings: &RenderSettings) -> MapSamples {
    let bounds = survey.and_then(Survey::bounds).unwrap_or(Bounds { min: [0; 3], max: [1; 3] });
    let (scale, offset) = match map {
        Map::Depth => {
            let depths = corners(&bounds)
                .map(|corner| survey.map_or(0.0, |s| s.projector.project(corner).1));
            let is_parallel = survey.is_none_or(|survey| survey.projector.is_parallel());
            let near = depths.into_iter().fold(f64::INFINITY, f64::min);
            let near = if is_parallel { near } else { near.max(0.0) };
            let far = depths.into_iter().fold(near, f64::max);
            let scale = ((far - near) / (MOST - 1.0)).max(1e-9);
            // The nearest is 1.
            (scale, vec![near - scale])
        }
        Map::Normal => (1.0 / UNIT, vec![-MIDDLE / UNIT; 3]),
        Map::Layer => (1.0, vec![0.0]),
        Map::Position => {
            let longest = bounds.dimensions().into_iter().max().unwrap_or(1) as f64;
            let scale = (longest / (MOST - 1.0)).ceil().max(1.0);
            (scale, bounds.min.map(|low| low as f64 - scale).to_vec())
        }
    };
    let count = settings.width as usize * settings.height as usize * map.channels();
    MapSamples { map, scale, offset, samples: Vec::with_capacity(count) }
}

impl MapSamples {
    fn add(&mut self, hit: Option<&Hit>, layers: &[LayerVoxels]) {
        let Some(hit) = hit else {
            self.samples.extend(std::iter::repeat_n(0, self.map.channels()));
            return;
        };
        let sample = |value: f64, offset: f64| {
            let steps = (value - offset) / self.scale;
            (steps + 0.5).clamp(1.0, MOST) as u16
        };
        match self.map {
            Map::Depth => self.samples.push(sample(hit.distance, self.offset[0])),
            Map::Normal => {
                let normal = hit.face.normal().map(|part| (MIDDLE + f64::from(part) * UNIT) as u16);
                self.samples.extend(normal);
            }
            Map::Layer => {
                let id = layer_of(layers, hit.voxel).unwrap_or(0);
                self.samples.push(u16::try_from(id).unwrap_or(u16::MAX));
            }
            Map::Position => {
                let at: [u16; 3] = std::array::from_fn(|axis| {
                    sample(f64::from(hit.voxel[axis]), self.offset[axis])
                });
                self.samples.extend(at);
            }
        }
    }
}
