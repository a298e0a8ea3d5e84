//! A wish carried out: one picture, the frames of a turn around the model, or those of how it came
//! about.

use super::refusal::Refusal;
use super::wish::{MAX_FRAMES, Wish};
use crate::api::ParamError;
use crate::api::methods::look::LookOptions;
use crate::job::Slice;
use crate::render::{FileWriter, Look, PictureFile, Tracing};
use crate::voxel::Volume;

/// Whether a picture moves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Frames {
    /// One frame.
    Still,
    /// So many frames of a turn around the model.
    Turntable(u32),
    /// So many frames of the history.
    Timelapse(u32),
}

impl Frames {
    /// Reads the options.
    pub(super) fn read(options: &LookOptions<'_>) -> Result<Frames, ParamError> {
        let checked = |param: &'static str, count: u32| {
            if (1..=MAX_FRAMES).contains(&count) {
                Ok(count)
            } else {
                let message = format!("'{param}' is {count}; it must be 1 to {MAX_FRAMES} frames");
                Err(ParamError::rule(param, message))
            }
        };
        match (options.turntable, options.timelapse) {
            (None, None) => Ok(Frames::Still),
            (Some(count), None) => checked("turntable", count).map(Frames::Turntable),
            (None, Some(count)) => checked("timelapse", count).map(Frames::Timelapse),
            (Some(_), Some(_)) => {
                let message = "Give either 'turntable' or 'timelapse'";
                Err(ParamError::rule("timelapse", message))
            }
        }
    }

    /// How many frames a moving picture has at most, and the param that says so.
    pub fn count(self) -> Option<(&'static str, u32)> {
        match self {
            Frames::Still => None,
            Frames::Turntable(count) => Some(("turntable", count)),
            Frames::Timelapse(count) => Some(("timelapse", count)),
        }
    }
}

/// The least side of a picture that is made smaller.
const LEAST_SIDE: u32 = 32;
/// How much smaller than expected a picture is made that was too long.
const SHRINK: f64 = 0.9;

/// Draws a wish over the model, or over all its states, and encodes the file. If the file is longer
/// than it may be, the picture is drawn again and again, smaller each time, down to `LEAST_SIDE`
/// pixels.
///
/// # Errors
/// What cannot be drawn or encoded.
pub async fn draw_file(
    mut wish: Wish,
    states: Vec<Volume>,
    slice: &Slice,
) -> Result<PictureFile, Refusal> {
    loop {
        let file = draw_once(&wish, &states, slice).await?;
        let settings = &mut wish.look.settings;
        let is_least = settings.width.min(settings.height) <= LEAST_SIDE;
        let longest = wish.max_bytes.unwrap_or(u64::MAX);
        if file.bytes.len() <= longest || is_least {
            return Ok(file);
        }
        // The length goes about with the pixels.
        let by = (longest as f64 / file.bytes.len() as f64).sqrt() * SHRINK;
        for side in [&mut settings.width, &mut settings.height] {
            *side = ((f64::from(*side) * by) as u32).clamp(1, *side - 1).max(LEAST_SIDE.min(*side));
        }
    }
}

/// What is to be said of a picture by paths that ended before all its samples were taken.
pub fn ended_early(traced: Option<Tracing>, samples: u32) -> Option<String> {
    let wanted = traced?.samples;
    // The first is always taken; without any there was nothing to be seen.
    let is_early = (1..wanted).contains(&samples);
    is_early.then(|| format!("max_seconds ended it with {samples} of {wanted} samples"))
}

/// What is to be said of a picture that had to be made smaller than was wanted, or that is longer
/// than it may be all the same.
pub fn made_smaller(
    [size, wanted]: [[u32; 2]; 2],
    bytes: u64,
    max_bytes: Option<u64>,
) -> Option<String> {
    let [width, height] = size;
    match max_bytes.filter(|&longest| bytes > longest) {
        Some(longest) => Some(format!(
            "at {width}x{height} the file still has {bytes} bytes; max_bytes is {longest}"
        )),
        None => (size != wanted)
            .then(|| format!("made smaller, {width}x{height}, to keep within max_bytes")),
    }
}

async fn draw_once(wish: &Wish, states: &[Volume], slice: &Slice) -> Result<PictureFile, Refusal> {
    let frames = frames(wish, states, slice).await?;
    let count = u32::try_from(frames.len()).unwrap_or(u32::MAX);
    let mut file = FileWriter::new(crate::render::FileSettings { frames: count, ..wish.file });
    let mut backdrop = wish.look.backdrop;
    for (look, volume) in frames {
        let look = Look { backdrop, ..look };
        look.check()?;
        look.settings.probe(Some(&volume))?;
        let (picture, chosen) = look.draw(volume, slice).await;
        // What is chosen is chosen once.
        backdrop = chosen;
        file.add(picture, slice).await?;
    }
    Ok(file.finish()?)
}

/// Each frame as a look at a volume.
async fn frames(
    wish: &Wish,
    states: &[Volume],
    slice: &Slice,
) -> Result<Vec<(Look, Volume)>, Refusal> {
    let last = states.last().cloned().unwrap_or_default();
    Ok(match wish.frames {
        Frames::Still => vec![(wish.look.clone(), last)],
        Frames::Turntable(count) => {
            let looks = wish.look.turn(&last, count, slice).await?;
            looks.into_iter().map(|look| (look, last.clone())).collect()
        }
        Frames::Timelapse(_) => {
            let look = wish.look.still(states, slice).await?;
            states.iter().map(|volume| (look.clone(), volume.clone())).collect()
        }
    })
}
