//! `goxelctl diff`: in what two files differ, by layer, box and colour.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::context::Context;
use super::convert::load_file;
use super::exit::Failure;
use crate::document::{Document, Layer};
use crate::format::ReadOptions;
use crate::voxel::{Bounds, Rgba, Volume};

/// Show in what two files differ. The exit code is 0 if they are the same, 1 if not, and higher if
/// one cannot be read.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:\n  \
    goxelctl diff old.vox new.vox\n  \
    git config difftool.voxels.cmd 'goxelctl diff \"$LOCAL\" \"$REMOTE\"'")]
pub struct Arguments {
    /// One file
    pub old: PathBuf,
    /// The other one
    pub new: PathBuf,
}

/// Runs the command.
pub fn run(arguments: &Arguments, context: &Context) -> Result<(), Failure> {
    let load = |path| load_file(path, None, ReadOptions::default(), &mut |_| {});
    let [old, new] = [load(&arguments.old)?, load(&arguments.new)?].map(|loaded| loaded.document);
    let differences = differences(&old, &new);
    let same = differences.is_empty();
    if context.output.json {
        context.output.object(&json!({ "same": same, "differences": differences }))?;
    } else {
        for difference in &differences {
            context.output.line(&shown(difference))?;
        }
    }
    if same { Ok(()) } else { Err(Failure::Different) }
}

fn shown(difference: &Value) -> String {
    let layer = difference["layer"].as_str().unwrap_or_default();
    match difference["what"].as_str() {
        Some("voxels") => format!(
            "layer '{layer}': {} added, {} removed, {} recoloured in {}",
            difference["added"], difference["removed"], difference["recolored"], difference["box"]
        ),
        Some(what) => {
            format!("layer '{layer}': {what}: {} -> {}", difference["old"], difference["new"])
        }
        None => difference.to_string(),
    }
}

/// Layers are the same if they have the same name and are the same among those of that name.
fn keyed(document: &Document) -> BTreeMap<(String, usize), &Layer> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut keyed = BTreeMap::new();
    for layer in document.layers() {
        let count = seen.entry(&layer.name).or_default();
        keyed.insert((layer.name.clone(), *count), layer);
        *count += 1;
    }
    keyed
}

fn differences(old: &Document, new: &Document) -> Vec<Value> {
    let (olds, news) = (keyed(old), keyed(new));
    let mut found = Vec::new();
    let nothing = Volume::new();
    let mut names: Vec<&(String, usize)> = olds.keys().chain(news.keys()).collect();
    names.sort();
    names.dedup();
    for key in names {
        let (before, after) = (olds.get(key), news.get(key));
        let exists = |is: bool| if is { "there" } else { "missing" };
        if before.is_some() != after.is_some() {
            found.push(json!({
                "layer": key.0, "what": "layer",
                "old": exists(before.is_some()), "new": exists(after.is_some()),
            }));
        }
        if let (Some(before), Some(after)) = (before, after)
            && before.visible != after.visible
        {
            found.push(json!({
                "layer": key.0, "what": "visible", "old": before.visible, "new": after.visible,
            }));
        }
        let volume = |layer: Option<&&Layer>| layer.map_or(nothing.clone(), |l| l.volume.clone());
        found.extend(voxels(&key.0, &volume(before), &volume(after)));
    }
    found
}

/// In what the voxels of a layer differ.
fn voxels(layer: &str, old: &Volume, new: &Volume) -> Option<Value> {
    let (mut added, mut removed, mut recolored) = (0u64, 0u64, 0u64);
    let mut bounds: Option<Bounds> = None;
    let mut colors: BTreeMap<Rgba, i64> = BTreeMap::new();
    let mut note = |at: crate::voxel::Point, before: Rgba, after: Rgba| {
        bounds = Bounds::union_of(bounds, Some(Bounds::inclusive(at.array(), at.array())));
        if !before.is_empty() {
            *colors.entry(before).or_default() -= 1;
        }
        if !after.is_empty() {
            *colors.entry(after).or_default() += 1;
        }
    };
    for (at, before) in old.voxels() {
        let after = new.get(at);
        if after != before {
            note(at, before, after);
            if after.is_empty() { removed += 1 } else { recolored += 1 }
        }
    }
    for (at, after) in new.voxels().filter(|(at, _)| old.get(*at).is_empty()) {
        note(at, Rgba::EMPTY, after);
        added += 1;
    }
    let bounds = bounds?;
    let changed = colors.into_iter().filter(|(_, change)| *change != 0).take(64);
    let changed: BTreeMap<String, i64> = changed
        .map(|(Rgba { r, g, b, a }, change)| (format!("#{r:02x}{g:02x}{b:02x}{a:02x}"), change))
        .collect();
    Some(json!({
        "layer": layer, "what": "voxels", "added": added, "removed": removed,
        "recolored": recolored, "box": [bounds.min, bounds.max_inside()], "colors": changed,
    }))
}
