//! Writing `.3mf`: closed surfaces in millimetres with their colours, an object a layer.

use std::fmt::Write;

use super::colors::ColorTable;
use super::frame::Frame;
use super::made::made_closed;
use super::parts::{inside, parts};
use crate::document::Document;
use crate::format::fidelity::Report;
use crate::format::zip::ZipWriter;
use crate::format::{Axes, FormatError, MeshColors, MeshCounts, MeshKind, WriteOptions, Written};
use crate::job::Slice;
use crate::job::pieces::Pieces;
use crate::mesh::Triangles;

/// The number of the colours among the model's resources; objects follow.
const COLORS: usize = 1;
/// Lines written in one unit of work.
const LINES_A_UNIT: usize = 1 << 12;

const TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="model" ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/></Types>
"#;
const RELATIONS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Target="/3D/3dmodel.model" Id="rel0" Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/></Relationships>
"#;
const HEAD: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<model unit="millimeter" xml:lang="en-US" xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02" xmlns:m="http://schemas.microsoft.com/3dmanufacturing/material/2015/02">
<metadata name="Application">goxel-daemon</metadata>
<resources>
"#;

pub(in crate::format) async fn write(
    document: Document,
    options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let frame = Frame::of(&document, &options.export, Axes::Z_UP, &slice).await;
    let has_colors = options.export.colors != Some(MeshColors::None);
    let parts = parts(&document, options.export.merge.unwrap_or(true), &slice).await;
    let (mut table, mut objects, mut items) = (ColorTable::default(), String::new(), String::new());
    let kind = options.export.mesh.unwrap_or(MeshKind::GreedyClosed);
    let (mut counts, mut report) = (MeshCounts::default(), Report::default());
    let parts = parts.iter().filter(|(_, volume)| !volume.is_empty());
    for (id, (name, volume)) in (COLORS + 1..).zip(parts) {
        report.lose_inside(inside(volume, &slice).await);
        let surface = made_closed(volume, kind, has_colors, &slice).await;
        counts.vertices += surface.vertices.len() as u64;
        counts.triangles += surface.triangles.len() as u64;
        let colors = has_colors.then_some(&mut table);
        put_object(&mut objects, id, name, &surface, frame, colors, &slice).await;
        put(&mut items, format_args!("<item objectid=\"{id}\"/>\n"));
    }
    let mut model = HEAD.to_owned();
    if has_colors && !table.colors.is_empty() {
        put(&mut model, format_args!("<m:colorgroup id=\"{COLORS}\">\n"));
        for color in &table.colors {
            let [r, g, b, a] = color.bytes();
            put(&mut model, format_args!("<m:color color=\"#{r:02X}{g:02X}{b:02X}{a:02X}\"/>\n"));
        }
        model.push_str("</m:colorgroup>\n");
    }
    let mut text = Pieces::from(model.into_bytes());
    text.append(objects.into_bytes().into());
    text.append(format!("</resources>\n<build>\n{items}</build>\n</model>\n").into_bytes().into());
    let mut zip = ZipWriter::default();
    zip.add("[Content_Types].xml", &TYPES.as_bytes().to_vec().into(), &slice).await;
    zip.add("_rels/.rels", &RELATIONS.as_bytes().to_vec().into(), &slice).await;
    zip.add("3D/3dmodel.model", &text, &slice).await;
    let written = Written::new(zip.finish(), report);
    Ok(Written { mesh: Some(counts), ..written })
}

/// Appends text, which cannot fail.
fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

async fn put_object(
    out: &mut String,
    id: usize,
    name: &str,
    surface: &Triangles,
    frame: Frame,
    mut colors: Option<&mut ColorTable>,
    slice: &Slice,
) {
    let name = name.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    let name: String = name.chars().filter(|letter| !letter.is_control()).collect();
    let told =
        if colors.is_some() { format!(" pid=\"{COLORS}\" pindex=\"0\"") } else { String::new() };
    put(out, format_args!("<object id=\"{id}\" name=\"{name}\" type=\"model\"{told}>\n"));
    out.push_str("<mesh>\n<vertices>\n");
    for run in surface.vertices.chunks(LINES_A_UNIT) {
        for &at in run {
            let [x, y, z] = frame.place(at);
            put(out, format_args!("<vertex x=\"{x}\" y=\"{y}\" z=\"{z}\"/>\n"));
        }
        slice.spend(1).await;
    }
    out.push_str("</vertices>\n<triangles>\n");
    for run in surface.triangles.chunks(LINES_A_UNIT) {
        for &(corners, color) in run {
            let [a, b, c] = frame.turned(corners);
            put(out, format_args!("<triangle v1=\"{a}\" v2=\"{b}\" v3=\"{c}\""));
            if let Some(table) = &mut colors {
                let place = table.place(color);
                put(out, format_args!(" pid=\"{COLORS}\" p1=\"{place}\""));
            }
            out.push_str("/>\n");
        }
        slice.spend(1).await;
    }
    out.push_str("</triangles>\n</mesh>\n</object>\n");
}
