//! Builds a small house with the client library: changes that are applied exactly once, then a
//! picture and a file.
//!
//! Run with `cargo run --example house -- [SOCKET] [DIRECTORY]`; without a socket the usual path is
//! used.

use std::error::Error;
use std::path::{Path, PathBuf};

use goxel_daemon::client::{Outcome, Pool};
use goxel_daemon::socket_path::socket_path;
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let socket = socket_path(arguments.next().as_deref());
    let directory = arguments.next().map_or_else(std::env::current_dir, Ok)?;
    println!("{}", build_house(&socket, &directory)?);
    Ok(())
}

/// Draws the house, renders and saves it; returns its size in words.
pub fn build_house(socket: &Path, directory: &Path) -> Result<String, Box<dyn Error>> {
    // A pool reconnects by itself and never applies a change twice.
    let pool = Pool::builder().socket(socket).build()?;
    pool.call_raw("goxel.create_project", ["House"])?;
    let ops = json!([
        { "op": "box", "min": [0, 0, 0], "max": [15, 11, 0], "color": "#777777" },
        { "op": "box", "min": [1, 1, 1], "max": [14, 10, 7], "hollow": 1, "color": "#d8c0a0" },
        { "op": "box", "min": [7, 1, 1], "max": [8, 1, 4], "mode": "subtract" },
        { "op": "box", "min": [0, 0, 8], "max": [15, 11, 8], "color": "#a03020" },
    ]);
    match pool.call_raw("goxel.edit", json!({ "ops": ops })) {
        Ok(_) => {}
        // Only in the third case would it be wrong to simply try again.
        Err(error) if error.outcome == Outcome::Applied => return Err(error.into()),
        Err(error) if error.outcome == Outcome::NotApplied => return Err(error.into()),
        Err(error) => return Err(format!("look before you try again: {error}").into()),
    }
    let picture = directory.join("house.png");
    pool.call_raw(
        "goxel.render_scene",
        json!({ "output_path": picture, "camera_preset": "isometric" }),
    )?;
    pool.call_raw("goxel.save_project", json!({ "path": directory.join("house.gox") }))?;
    let bounds: Value = pool.call("goxel.get_bounding_box", ())?;
    let size: Vec<String> =
        bounds["dimensions"].as_array().into_iter().flatten().map(Value::to_string).collect();
    Ok(format!("house: {}", size.join("x")))
}
