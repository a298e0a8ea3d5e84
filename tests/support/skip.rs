//! Tests that cannot run here are skipped by name: they say what is missing and end.

use std::fs::OpenOptions;
use std::io::Write;

/// Says that the running test is skipped, in part or as a whole, and why. Where `GOXEL_SKIPPED`
/// names a file, a line goes there too: what a passed test prints is not shown.
pub fn skip(why: &str) {
    println!("skipped: {why}");
    let Ok(path) = std::env::var("GOXEL_SKIPPED") else { return };
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    let file = OpenOptions::new().append(true).create(true).open(path);
    file.and_then(|mut file| writeln!(file, "skipped: {test}: {why}")).expect("GOXEL_SKIPPED");
}
