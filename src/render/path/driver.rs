//! A picture by paths: one sample of each pixel after the other, then the filter, then bytes.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::filter::{Guide, smooth};
use super::sky::Sky;
use super::tracer::{Found, Tracer};
use crate::job::leftovers::Large;
use crate::job::{Progress, Slice};
use crate::render::light::FaceLight;
use crate::render::picture::Picture;
use crate::render::projector::{NEAR, Projector};
use crate::render::scene::Scene;
use crate::render::settings::{RenderSettings, Tracing};
use crate::render::shade::dazzling;
use crate::render::srgb::srgb;

/// Pixels traced in one unit of work.
const PIXELS_A_UNIT: u32 = 4;
/// Pixels that each thread traces in one go, where there are several.
const PIXELS_A_THREAD: usize = 1 << 12;
/// Thousandths of the work before the first sample, and up to the last.
const BEGUN: u64 = 100;
const TRACED: u64 = 950;
const ALL: u64 = 1000;

/// What the samples of a pixel come to.
#[derive(Clone, Copy, Default)]
pub(super) struct Sum {
    pub(super) rgb: [f32; 3],
    pub(super) alpha: f32,
    /// The squares of how bright they are.
    pub(super) squares: f32,
}

impl Sum {
    fn add(&mut self, found: &Found) {
        (0..3).for_each(|i| self.rgb[i] += found.rgb[i]);
        self.alpha += found.alpha;
        let bright = brightness(&found.rgb);
        self.squares += bright * bright;
    }
}

pub(super) fn brightness(rgb: &[f32; 3]) -> f32 {
    0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]
}

/// Draws a model onto the background that the picture is filled with.
pub(crate) async fn trace(
    scene: &Scene,
    projector: &Projector,
    light: &FaceLight,
    settings: &RenderSettings,
    tracing: Tracing,
    picture: &mut Picture,
    slice: &Slice,
) {
    let focus = tracing.focus.unwrap_or_else(|| distance_of(scene, projector));
    let has_lens = tracing.aperture > 0.0 && !projector.is_parallel() && focus > NEAR;
    let axes = [projector.frame.right, projector.frame.up];
    let tracer = Tracer {
        scene,
        rays: projector.rays(),
        sky: Sky::new(light, settings.lighting.sun_size.into()),
        near: if projector.is_parallel() { f64::NEG_INFINITY } else { NEAR },
        tracing,
        lens: has_lens.then_some((axes, focus)),
        clay: settings.clay,
    };
    let end = tracing.max_seconds.map(|seconds| Instant::now() + Duration::from_secs_f64(seconds));
    let size = [picture.width(), picture.height()];
    let mut sums = Large::with_capacity(0);
    while room_for(&mut sums, size) {
        slice.spend(1).await;
    }
    let (whole, rest) = sample_all(&tracer, &mut sums, size, end, slice).await;
    picture.set_samples(whole);
    let count = |place: usize| (whole + u32::from(place < rest)) as f32;
    let guide = if tracing.denoise { Some(Guide::of(&tracer, size, slice).await) } else { None };
    let colors = smooth(&sums, guide, size, count, slice).await;
    for y in 0..size[1] {
        for x in 0..size[0] {
            let place = y as usize * size[0] as usize + x as usize;
            let alpha = sums[place].alpha / count(place);
            put(picture, [x, y], colors[place], alpha.clamp(0.0, 1.0));
        }
        slice.spend(1).await;
    }
}

/// How far away the middle of a model is.
fn distance_of(scene: &Scene, projector: &Projector) -> f64 {
    let Some(bounds) = scene.bounds else { return 1.0 };
    let middle = [0, 1, 2].map(|axis| (bounds.min[axis] + bounds.max[axis]) as f64 / 2.0);
    projector.project(middle).1
}

/// Makes room for some more sums; false once there is room for all.
fn room_for(sums: &mut Vec<Sum>, [width, height]: [u32; 2]) -> bool {
    let all = width as usize * height as usize;
    if sums.capacity() < all {
        sums.reserve_exact(all);
    }
    sums.resize((sums.len() + (1 << 14)).min(all), Sum::default());
    sums.len() < all
}

/// Adds samples until there are as many as asked for, or the time is over. How many all pixels
/// have, and how many of the pixels have one more.
async fn sample_all(
    tracer: &Tracer<'_>,
    sums: &mut [Sum],
    [width, height]: [u32; 2],
    end: Option<Instant>,
    slice: &Slice,
) -> (u32, usize) {
    let samples = tracer.tracing.samples;
    let threads = tracer.tracing.threads.max(1);
    let all = width as usize * height as usize;
    let a_unit = match threads {
        1 => PIXELS_A_UNIT as usize,
        _ => PIXELS_A_THREAD * threads,
    };
    for sample in 0..samples {
        let mut start = 0;
        while start < all {
            let part = &mut sums[start..all.min(start + a_unit)];
            match threads {
                1 => sample_some(tracer, part, start, width, sample),
                _ => sample_with(threads, tracer, part, start, width, sample),
            }
            start += part.len();
            let done = u64::from(sample) * all as u64 + start as u64;
            let done = BEGUN + (TRACED - BEGUN) * done / (u64::from(samples) * all as u64).max(1);
            slice.progress(Progress { done, total: ALL });
            slice.spend(1).await;
            let is_over = start & 0xFFF < a_unit && end.is_some_and(|end| Instant::now() >= end);
            if is_over && sample > 0 {
                return (sample, start);
            }
        }
        if end.is_some_and(|end| Instant::now() >= end) {
            return (sample + 1, 0);
        }
    }
    (samples, 0)
}

fn sample_some(tracer: &Tracer<'_>, sums: &mut [Sum], start: usize, width: u32, sample: u32) {
    for (place, sum) in (start..).zip(sums) {
        let (x, y) = (place % width as usize, place / width as usize);
        sum.add(&tracer.trace(x as u32, y as u32, sample));
    }
}

fn sample_with(
    threads: usize,
    tracer: &Tracer<'_>,
    sums: &mut [Sum],
    start: usize,
    width: u32,
    sample: u32,
) {
    let each = sums.len().div_ceil(threads).max(1);
    let parts = Mutex::new(sums.chunks_mut(each).enumerate());
    let work = || {
        loop {
            let next = parts.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((index, part)) = next else { return };
            sample_some(tracer, part, start + index * each, width, sample);
        }
    };
    std::thread::scope(|scope| {
        // Where the system has no thread left, fewer do all of it.
        for _ in 1..threads {
            if std::thread::Builder::new().spawn_scoped(scope, work).is_err() {
                break;
            }
        }
        work();
    });
}

/// Puts a colour before what is there.
fn put(picture: &mut Picture, [x, y]: [u32; 2], rgb: [f32; 3], alpha: f32) {
    let pixel = &mut picture.row_mut(y)[x as usize * 4..][..4];
    let behind = f32::from(pixel[3]) / 255.0;
    let whole = alpha + behind * (1.0 - alpha);
    if alpha <= 0.0 || whole <= 0.0 {
        return;
    }
    let front = dazzling(rgb.map(|part| part / alpha));
    for i in 0..3 {
        let light = front[i] * alpha + srgb().decode(pixel[i]) * behind * (1.0 - alpha);
        pixel[i] = srgb().encode(light / whole);
    }
    pixel[3] = (whole * 255.0 + 0.5) as u8;
}
