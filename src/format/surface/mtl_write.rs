//! Writing the library of materials and the picture that belong to an `.obj` file.

use std::fmt::Write;

use super::colors::ColorTable;
use crate::format::Beside;
use crate::voxel::Rgba;

/// The name of the material that lays the picture on everything.
pub(super) const PALETTE: &str = "palette";

/// The name of the material of a colour.
pub(super) fn name_of(color: Rgba) -> String {
    let [r, g, b, a] = color.bytes();
    match a {
        255 => format!("c{r:02x}{g:02x}{b:02x}"),
        _ => format!("c{r:02x}{g:02x}{b:02x}{a:02x}"),
    }
}

fn share(channel: u8) -> String {
    let text = format!("{:.6}", f64::from(channel) / 255.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A library with one material for all colours, which are in a picture, and the picture.
pub(super) fn with_picture(stem: &str, table: &ColorTable) -> Vec<Beside> {
    let picture = format!("{stem}.png");
    let library = format!("newmtl {PALETTE}\nKd 1 1 1\nmap_Kd {picture}\n");
    let library = Beside { name: format!("{stem}.mtl"), content: library.into_bytes().into() };
    vec![library, Beside { name: picture, content: table.png().into() }]
}

/// A library with a material for each colour.
pub(super) fn of_colors(stem: &str, table: &ColorTable) -> Vec<Beside> {
    let mut text = String::new();
    for &color in &table.colors {
        let [r, g, b] = [color.r, color.g, color.b].map(share);
        // Writing to memory cannot fail.
        let _ = writeln!(text, "newmtl {}\nKd {r} {g} {b}", name_of(color));
        if color.a < 255 {
            let _ = writeln!(text, "d {}", share(color.a));
        }
    }
    vec![Beside { name: format!("{stem}.mtl"), content: text.into_bytes().into() }]
}
