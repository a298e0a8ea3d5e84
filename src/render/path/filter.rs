//! The filter of pictures by paths: noise is taken away between pixels of one surface, as far as it
//! is noise.
//!
//! Colours of surfaces are divided out first and put back afterwards, so that only light is
//! smoothed. A pixel counts for another one if both show the same side in the same plane, and if
//! they differ by no more than chance makes them (after Dammertz et al. 2010 and Schied et al.
//! 2017). With more samples there is less noise and less is smoothed.

use super::driver::{Sum, brightness};
use super::tracer::{Feature, Tracer};
use crate::job::Slice;
use crate::job::leftovers::Large;

/// Rounds of smoothing; in each one the pixels that are looked at are twice as far away.
const ROUNDS: u32 = 4;
/// Voxels off a plane at which a pixel counts half.
const OFF_PLANE: f32 = 0.5;
/// How many times the usual noise two pixels may differ.
const NOISE: f32 = 3.0;
const WEIGHTS: [f32; 3] = [0.375, 0.25, 0.0625];

/// What each pixel shows.
pub(super) struct Guide {
    features: Large<Feature>,
}

impl Guide {
    pub(super) async fn of(tracer: &Tracer<'_>, [width, height]: [u32; 2], slice: &Slice) -> Guide {
        let mut features = Large::with_capacity(width as usize * height as usize);
        for y in 0..height {
            for x in 0..width {
                features.push(tracer.feature(x, y));
                slice.spend(1).await;
            }
        }
        Guide { features }
    }
}

/// The light of a pixel, and how uncertain it is: the square of its usual error.
#[derive(Clone, Copy, Default)]
struct Light {
    rgb: [f32; 3],
    doubt: f32,
}

/// The colours of all pixels, premultiplied.
pub(super) async fn smooth(
    sums: &[Sum],
    guide: Option<Guide>,
    size: [u32; 2],
    count: impl Fn(usize) -> f32,
    slice: &Slice,
) -> Large<[f32; 3]> {
    let mean = |place: usize| sums[place].rgb.map(|part| part / count(place));
    let mut colors = Large::with_capacity(sums.len());
    let Some(Guide { features }) = guide else {
        for place in 0..sums.len() {
            colors.push(mean(place));
            slice.spend(u64::from(place % 64 == 0)).await;
        }
        return colors;
    };
    let albedo = |place: usize| features[place].albedo.map(|part| part.max(0.02));
    let mut lights = Large::with_capacity(sums.len());
    for (place, sum) in sums.iter().enumerate() {
        let (mean, albedo, count) = (mean(place), albedo(place), count(place));
        let bright = brightness(&mean);
        let spread = (sum.squares / count - bright * bright).max(0.0);
        let by = brightness(&albedo);
        let rgb = std::array::from_fn(|i| mean[i] / albedo[i]);
        lights.push(Light { rgb, doubt: spread / count / (by * by) });
        slice.spend(u64::from(place % 64 == 0)).await;
    }
    let mut next = Large::with_capacity(sums.len());
    for round in 0..ROUNDS {
        next.clear();
        for place in 0..sums.len() {
            next.push(one(&lights, &features, size, place, 1 << round));
            slice.spend(1).await;
        }
        std::mem::swap(&mut lights, &mut next);
    }
    for (place, light) in lights.iter().enumerate() {
        let albedo = albedo(place);
        colors.push(std::array::from_fn(|i| light.rgb[i] * albedo[i]));
        slice.spend(u64::from(place % 64 == 0)).await;
    }
    colors
}

/// A pixel smoothed with those around it.
fn one(
    lights: &[Light],
    features: &[Feature],
    [width, height]: [u32; 2],
    place: usize,
    step: i32,
) -> Light {
    let (here, own) = (&features[place], lights[place]);
    let Some(face) = here.face else { return own };
    let [x, y] = [place % width as usize, place / width as usize].map(|part| part as i32);
    let bright = brightness(&own.rgb);
    let (mut sum, mut all) = (Light::default(), 0.0);
    for (dx, dy) in (-2..=2i32).flat_map(|dy| (-2..=2i32).map(move |dx| (dx, dy))) {
        let [to_x, to_y] = [x + dx * step, y + dy * step];
        if !(0..width as i32).contains(&to_x) || !(0..height as i32).contains(&to_y) {
            continue;
        }
        let other = to_y as usize * width as usize + to_x as usize;
        let (there, light) = (&features[other], &lights[other]);
        if there.face != Some(face) {
            continue;
        }
        let axis = face.axis();
        let off = (there.place[axis] - here.place[axis]).abs() / OFF_PLANE;
        let apart = (brightness(&light.rgb) - bright).abs();
        let usual = NOISE * (own.doubt.max(light.doubt)).sqrt() + 0.01;
        let differs = apart / usual;
        let weight = WEIGHTS[dx.unsigned_abs() as usize] * WEIGHTS[dy.unsigned_abs() as usize]
            / (1.0 + off * off)
            / (1.0 + differs * differs);
        (0..3).for_each(|i| sum.rgb[i] += light.rgb[i] * weight);
        sum.doubt += light.doubt * weight * weight;
        all += weight;
    }
    if all <= 0.0 {
        return own;
    }
    Light { rgb: sum.rgb.map(|part| part / all), doubt: sum.doubt / (all * all) }
}
