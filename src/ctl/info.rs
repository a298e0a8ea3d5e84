//! `goxelctl info`: what is in a file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::context::Context;
use super::convert::{load_file, lost_to_json};
use super::exit::Failure;
use super::output::counted;
use crate::document::Document;
use crate::format::{Loaded, ReadOptions};
use crate::voxel::Rgba;

/// Colours that are shown.
const SHOWN_MAX: usize = 64;

/// Show what is in a file: layers, counts, colours. Works by itself, without a daemon.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    goxelctl info castle.vox\n  \
    goxelctl info castle.vox --json\n  \
    git config diff.voxels.textconv 'goxelctl info'")]
pub struct Arguments {
    /// The file to read; '-' is stdin
    pub file: PathBuf,
}

/// Runs the command.
pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let loaded = load_file(&arguments.file, None, ReadOptions::default(), &mut |_| {})?;
    let facts = facts(&loaded);
    if context.output.json {
        return context.output.object(&facts);
    }
    let document = &loaded.document;
    context.output.line(&format!("format     {}", loaded.format))?;
    let [x, y, z] = document.size();
    context.output.line(&format!("canvas     {x} x {y} x {z}"))?;
    context.output.line(&format!("voxels     {}", facts["voxels"]))?;
    context.output.line(&format!("bounds     {}", facts["bounds"]))?;
    for layer in document.layers() {
        let hidden = if layer.visible { "" } else { "  (hidden)" };
        let (count, name) = (layer.volume.count(), &layer.name);
        let voxels = counted(count, "voxel");
        context.output.line(&format!("layer      {name}: {voxels}{hidden}"))?;
    }
    for material in &document.materials {
        context.output.line(&format!("material   {}", material.name))?;
    }
    for camera in &document.cameras {
        context.output.line(&format!("camera     {}", camera.name))?;
    }
    let colors = colors(document);
    context.output.line(&format!("colours    {}", colors.len()))?;
    for (color, count) in colors.iter().take(SHOWN_MAX) {
        let Rgba { r, g, b, a } = *color;
        let swatch = if context.output.colour {
            format!("\x1b[48;2;{r};{g};{b}m    \x1b[0m ")
        } else {
            String::new()
        };
        context.output.line(&format!("  {swatch}#{r:02x}{g:02x}{b:02x}{a:02x}  {count}"))?;
    }
    loaded.warnings.iter().for_each(|warning| context.output.say(&format!("warning: {warning}")));
    Ok(())
}

/// The colours of all layers, most frequent first.
fn colors(document: &Document) -> Vec<(Rgba, u64)> {
    let mut counts: BTreeMap<Rgba, u64> = BTreeMap::new();
    for layer in document.layers() {
        layer.volume.voxels().for_each(|(_, color)| *counts.entry(color).or_default() += 1);
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|&(color, count)| (std::cmp::Reverse(count), color));
    counts
}

fn facts(loaded: &Loaded) -> Value {
    let document = &loaded.document;
    let layers: Vec<Value> = document
        .layers()
        .iter()
        .map(|layer| {
            json!({
                "name": layer.name, "voxels": layer.volume.count(), "visible": layer.visible,
                "bounds": layer.volume.bounds().map(|bounds| [bounds.min, bounds.max_inside()]),
            })
        })
        .collect();
    let all = document.layers().iter();
    let bounds = all.filter_map(|layer| layer.volume.bounds()).reduce(|a, b| a.union(&b));
    let colors = colors(document);
    let shown: Vec<Value> = colors
        .iter()
        .take(SHOWN_MAX)
        .map(|(color, count)| {
            let Rgba { r, g, b, a } = *color;
            json!({ "color": format!("#{r:02x}{g:02x}{b:02x}{a:02x}"), "count": count })
        })
        .collect();
    json!({
        "format": loaded.format,
        "version": loaded.version,
        "name": document.name,
        "canvas": document.size(),
        "voxels": document.layers().iter().map(|layer| layer.volume.count()).sum::<u64>(),
        "bounds": bounds.map(|bounds| [bounds.min, bounds.max_inside()]),
        "layers": layers,
        "materials": document.materials.iter().map(|m| m.name.clone()).collect::<Vec<_>>(),
        "cameras": document.cameras.iter().map(|c| c.name.clone()).collect::<Vec<_>>(),
        "color_count": colors.len(),
        "colors": shown,
        "palette": document.palette.colors.len(),
        "warnings": loaded.warnings,
        "lost": lost_to_json(&loaded.lost),
    })
}
