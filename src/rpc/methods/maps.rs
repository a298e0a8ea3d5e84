//! The handlers that tell programs what pixels show.

use std::io::Write;

use base64::engine::general_purpose::STANDARD;
use base64::write::EncoderWriter;
use serde_json::json;

use super::drawing::{merging_of, visible};
use super::entries;
use super::look::understood;
use crate::api::args::shown;
use crate::api::json::{Elements, Spelt, string};
use crate::api::methods::look::LookOptions;
use crate::api::methods::maps::*;
use crate::api::value::Raw;
use crate::api::{BoxParam, ParamError};
use crate::document::{Document, LayerId};
use crate::job::Slice;
use crate::job::pieces::{Pieces, SharedPieces};
use crate::picturing::cameras::views;
use crate::picturing::{self, Refusal, size};
use crate::render::{self, LayerVoxels, Map, MapSamples, Picked, RenderSettings};
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::RpcError;
use crate::rpc::table::Handle;
use crate::voxel::MergeCache;
use crate::workspace::Merging;

entries![RenderMaps, Pick];

/// The sides of a voxel, by their numbers.
const FACES: [&str; 6] = ["-x", "+x", "-y", "+y", "-z", "+z"];
/// Bytes of a file that are written as text in one unit of work.
const SPELT_AT_ONCE: usize = 3 << 12;

/// What is looked at by both.
struct Sight<'a> {
    view: Option<Raw<'a>>,
    size: Option<Raw<'a>>,
    within: Option<BoxParam>,
    section: Option<Raw<'a>>,
    layers: Option<Raw<'a>>,
}

/// What is seen, ready to be looked at.
struct Seen {
    settings: RenderSettings,
    merging: Merging,
    layers: Vec<LayerVoxels>,
    revision: u64,
}

impl Seen {
    fn read(context: &mut Context<'_>, sight: Sight<'_>) -> Result<Seen, RpcError> {
        let project = context.project()?;
        let document = project.document();
        let mut views = views(document, sight.view, "view")?;
        let (Some((_, viewpoint)), true) = (views.pop(), views.is_empty()) else {
            let message = "'view' has several views; maps are of one: call again for each";
            return Err(ParamError::rule("view", message).into());
        };
        let [width, height] = size(sight.size)?;
        let options =
            LookOptions { within: sight.within, section: sight.section, ..LookOptions::none()? };
        let crop = picturing::within(&options)?;
        let chosen = sight.layers.map(|Raw(raw)| picturing::layers(document, raw)).transpose()?;
        understood()?;
        let settings = RenderSettings { width, height, viewpoint, crop, ..Default::default() };
        settings.check().map_err(Refusal::from)?;
        settings.probe(None).map_err(Refusal::from)?;
        let layers = layers_of(document, chosen.as_deref());
        let revision = project.revision();
        let merging = merging_of(project, chosen.as_deref());
        Ok(Seen { settings, merging, layers, revision })
    }
}

/// The voxels of what is visible, or of these layers, from the lowest to the topmost.
fn layers_of(document: &Document, chosen: Option<&[LayerId]>) -> Vec<LayerVoxels> {
    let is_seen = |id: &LayerId, visible: bool| chosen.map_or(visible, |all| all.contains(id));
    let layers = document.layers().iter().filter(|layer| is_seen(&layer.id, layer.visible));
    layers.map(|layer| (layer.id.0, layer.volume.clone())).collect()
}

/// Gives what was merged back to the project, if it is still open.
fn keep(context: &mut Context<'_>, merged: Option<MergeCache>) {
    if let (Some(merged), Ok(project)) = (merged, context.project()) {
        project.keep_merged(merged);
    }
}

impl Handle for RenderMaps {
    fn handle(
        context: &mut Context<'_>,
        params: MapsParams<'_>,
    ) -> Result<Outcome<MapsResult>, RpcError> {
        let MapsParams { view, size, maps, within, section, layers } = params;
        let wanted = wanted_maps(maps)?;
        let seen = Seen::read(context, Sight { view, size, within, section, layers })?;
        let revision = seen.revision;
        let (width, height) = (seen.settings.width, seen.settings.height);
        let work = crate::job::Work::new(move |slice| async move {
            let (volume, merged) = visible(seen.merging, &slice).await;
            let maps = render::maps(volume, &seen.layers, &seen.settings, &wanted, &slice).await;
            let mut rendered = Vec::with_capacity(maps.len());
            for map in maps {
                rendered.push(encoded(map, [width, height], &slice).await?);
            }
            Ok::<_, RpcError>((rendered, merged))
        });
        Ok(Outcome::job(work, move |context, done| {
            let (maps, merged) = done?;
            keep(context, merged);
            let (success, format) = (true, "png");
            Ok(MapsResult { success, format, width, height, maps, revision })
        }))
    }
}

/// The maps that a list names, or one alone.
fn wanted_maps(raw: Option<Raw<'_>>) -> Result<Vec<Map>, ParamError> {
    let Some(Raw(raw)) = raw else { return Ok(Map::ALL.to_vec()) };
    let known = || Map::ALL.map(Map::name).join(", ");
    let one = |raw: &str| {
        let name = string(raw);
        let found = Map::ALL.into_iter().find(|map| name.as_deref() == Some(map.name()));
        found.ok_or_else(|| {
            let message = format!("'maps' names {}; it must be one of {}", shown(raw), known());
            ParamError::rule("maps", message)
        })
    };
    let maps: Vec<Map> = if raw.starts_with('[') {
        Elements::new(raw).take(Map::ALL.len() + 1).map(one).collect::<Result<_, _>>()?
    } else {
        vec![one(raw)?]
    };
    if (1..=Map::ALL.len()).contains(&maps.len()) {
        return Ok(maps);
    }
    let message = format!("'maps' has {} names; it must have 1 to 4 of {}", maps.len(), known());
    Err(ParamError::rule("maps", message))
}

/// A map as a PNG in base64.
async fn encoded(map: MapSamples, size: [u32; 2], slice: &Slice) -> Result<RenderedMap, RpcError> {
    let channels = map.map.channels();
    let file = render::encode_samples(size, channels, &map.samples, slice).await;
    let file = file.map_err(RpcError::internal)?;
    let text = spelt(&file.bytes, slice).await;
    let offset = match &map.offset[..] {
        [x, ..] if map.offset.iter().all(|other| other == x) && map.map != Map::Position => {
            json!(x)
        }
        all => json!(all),
    };
    Ok(RenderedMap { name: map.map.name(), image_data: text, scale: map.scale, offset })
}

async fn spelt(bytes: &Pieces, slice: &Slice) -> Spelt<String> {
    let mut text = SharedPieces::default();
    // Writing to memory cannot fail.
    let _ = text.write_all(b"\"");
    let mut encoder = EncoderWriter::new(text.clone(), &STANDARD);
    for piece in bytes.iter().flat_map(|piece| piece.chunks(SPELT_AT_ONCE)) {
        let _ = encoder.write_all(piece);
        slice.spend(1).await;
    }
    let _ = encoder.finish();
    let mut text = text.take();
    text.put(b"\"");
    Spelt::new(text)
}

impl Handle for Pick {
    fn handle(
        context: &mut Context<'_>,
        params: PickParams<'_>,
    ) -> Result<Outcome<PickResult>, RpcError> {
        let PickParams { view, size, x, y, within, section, layers } = params;
        let seen = Seen::read(context, Sight { view, size, within, section, layers })?;
        let (width, height, revision) = (seen.settings.width, seen.settings.height, seen.revision);
        let inside = |param: &'static str, value: i64, length: u32| match u32::try_from(value) {
            Ok(value) if value < length => Ok(value),
            _ => {
                let last = length - 1;
                let message = format!(
                    "'{param}' is {value}, outside of the picture of {width}x{height} pixels; it must be 0 to {last}"
                );
                Err(ParamError::rule(param, message))
            }
        };
        let at = [inside("x", x, width)?, inside("y", y, height)?];
        let work = crate::job::Work::new(move |slice| async move {
            let (volume, merged) = visible(seen.merging, &slice).await;
            (render::pick(volume, &seen.layers, &seen.settings, at, &slice).await, merged)
        });
        Ok(Outcome::job(work, move |context, (picked, merged)| {
            keep(context, merged);
            let layer_name = picked.as_ref().and_then(|picked| {
                let document = context.project().ok()?.document();
                Some(document.layer(LayerId(picked.layer?))?.name.clone())
            });
            Ok(told(picked, layer_name, revision))
        }))
    }
}

fn told(picked: Option<Picked>, layer_name: Option<String>, revision: u64) -> PickResult {
    let hit = picked.as_ref().map(|picked| picked.hit);
    PickResult {
        hit: hit.is_some(),
        position: hit.map(|hit| hit.voxel),
        face: hit.map(|hit| FACES[hit.face as usize]),
        layer: picked.as_ref().and_then(|picked| picked.layer),
        layer_name,
        color: picked.map(|picked| picked.color.bytes()),
        depth: hit.map(|hit| hit.distance),
        revision,
    }
}
