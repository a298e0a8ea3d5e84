//! The size of a picture: one number, or two.

use crate::api::ParamError;
use crate::api::args::shown;
use crate::api::json::Elements;
use crate::api::value::{Raw, whole};
use crate::render::MAX_SIDE;

/// Pixels of a picture whose size is not said.
const DEFAULT_SIZE: u32 = 512;

/// One number, or two.
///
/// # Errors
/// Anything else, and sizes beyond the limit.
pub fn size(raw: Option<Raw<'_>>) -> Result<[u32; 2], ParamError> {
    let Some(Raw(raw)) = raw else { return Ok([DEFAULT_SIZE; 2]) };
    let side = |raw: &str| {
        let pixels = whole(raw).and_then(|pixels| u32::try_from(pixels).ok());
        pixels.filter(|pixels| (1..=MAX_SIDE).contains(pixels))
    };
    let sides: Option<Vec<u32>> = if raw.starts_with('[') {
        // A third one is enough to see that there are too many.
        Elements::new(raw).take(3).map(side).collect()
    } else {
        side(raw).map(|side| vec![side; 2])
    };
    sides.and_then(|sides| <[u32; 2]>::try_from(sides).ok()).ok_or_else(|| {
        let got = shown(raw);
        let message = format!(
            "'size' is {got}; it must be a number of pixels or [width, height], each 1 to {MAX_SIDE}"
        );
        ParamError::rule("size", message)
    })
}
