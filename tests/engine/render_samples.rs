//! Pictures of real models: each is drawn from two sides and must fill its frame.
//!
//! With `GOXEL_PICTURES=DIR` the pictures are kept there as PNG files, to be looked at.

use crate::support::samples::samples;
use goxel_daemon::document::View;
use goxel_daemon::format;
use goxel_daemon::job::Job;
use goxel_daemon::render::{Picture, RenderSettings, Shading, drawing};

/// Pixels across: small unless somebody wants to look.
fn side() -> u32 {
    if std::env::var_os("GOXEL_PICTURES").is_some() { 512 } else { 96 }
}

fn keep(picture: &Picture, name: &str) {
    if let Some(dir) = std::env::var_os("GOXEL_PICTURES") {
        let file = picture.encode_png().expect("a PNG");
        std::fs::write(std::path::Path::new(&dir).join(name), file).expect("a file is written");
    }
}

#[test]
fn every_sample_fills_its_frame_and_shows_more_than_one_shade() {
    let side = side();
    for sample in samples("gox") {
        let loaded = format::load(&sample.path, Default::default()).expect("loads");
        let volume = loaded.document.merged();
        for view in [View::Isometric, View::Front] {
            let shadows = view == View::Isometric;
            let settings = RenderSettings {
                width: side,
                height: side,
                viewpoint: view.into(),
                shading: Shading { shadows, ..Default::default() },
                ..Default::default()
            };
            let picture = drawing(volume.clone(), settings.clone()).unwrap().finish();
            keep(&picture, &format!("{}-{}.png", sample.name.replace('/', "-"), view.name()));
            let pixels = || (0..side * side).filter_map(|i| picture.get(i % side, i / side));
            let drawn = pixels().filter(|&pixel| pixel != settings.background).count();
            assert!(
                drawn > (side * side / 100) as usize || volume.is_empty(),
                "{} {drawn}",
                sample.name
            );
            let mut shades: Vec<_> = pixels().collect();
            shades.sort_unstable();
            shades.dedup();
            let flat = view == View::Front || volume.is_empty();
            assert!(shades.len() > 2 || flat, "{}", sample.name);
        }
    }
}
