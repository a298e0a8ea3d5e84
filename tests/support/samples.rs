//! Real files with an independent parser's truth about them. Their folder is named by the
//! environment variable `GOXEL_SAMPLES`; without it tests on them are skipped.
#![allow(dead_code)]

use std::path::PathBuf;

use goxel_daemon::voxel::{Bounds, Volume};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A sample file.
pub struct Sample {
    pub name: String,
    pub path: PathBuf,
    pub truth: Value,
}

/// The samples of one folder ("gox", "vox", ...) in order of their names; none without the
/// variable.
pub fn samples(folder: &str) -> Vec<Sample> {
    let Ok(root) = std::env::var("GOXEL_SAMPLES") else {
        crate::support::skip::skip("GOXEL_SAMPLES is not set");
        return Vec::new();
    };
    let root = PathBuf::from(root);
    let manifest = std::fs::read_to_string(root.join("MANIFEST.json")).expect("MANIFEST.json");
    let manifest: Value = serde_json::from_str(&manifest).expect("MANIFEST.json is JSON");
    let files = manifest["files"].as_object().expect("files");
    let mut samples: Vec<Sample> = files
        .iter()
        .filter(|(name, _)| name.split('/').next() == Some(folder))
        .map(|(name, truth)| Sample {
            name: name.clone(),
            path: root.join(name),
            truth: truth.clone(),
        })
        .collect();
    samples.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!samples.is_empty(), "no samples of {folder}");
    samples
}

/// The digest of positions and colours that the manifest holds: voxels in the order z, y, x.
pub fn sha_xyz_rgba(volume: &Volume) -> String {
    digest(volume, true)
}

/// The same of positions alone.
pub fn sha_xyz(volume: &Volume) -> String {
    digest(volume, false)
}

fn digest(volume: &Volume, colors: bool) -> String {
    let mut voxels: Vec<_> = volume.voxels().collect();
    voxels.sort_by_key(|(point, _)| (point.z, point.y, point.x));
    let mut sha = Sha256::new();
    for (point, color) in voxels {
        point.array().iter().for_each(|value| sha.update(value.to_le_bytes()));
        if colors {
            sha.update(color.bytes());
        }
    }
    sha.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A box as the manifest has it: the lowest corner, and the highest corner outside.
pub fn bounds(value: &Value) -> Option<Bounds> {
    let corner = |index: usize| -> Option<[i64; 3]> {
        let numbers: Option<Vec<i64>> = value[index]
            .as_array()?
            .iter()
            .map(|number| number.as_f64().map(|v| v as i64))
            .collect();
        numbers?.try_into().ok()
    };
    Bounds::new(corner(0)?, corner(1)?)
}
