//! Writing `.obj`: vertices, normals and polygons. Colours stand behind the vertices as
//! `v x y z r g b`, from 0 to 1 as stored, as Goxel writes them and Blender and MeshLab read them;
//! or in a picture or in materials beside the file.

use rustc_hash::FxHashMap;

use super::colors::ColorTable;
use super::mtl_write::{PALETTE, name_of, of_colors, with_picture};
use super::outline::{Corners, Manner, Outline, POLYGONS_A_UNIT};
use super::parts::parts;
use crate::document::Document;
use crate::format::ascii::{put_integer, put_number};
use crate::format::fidelity::Report;
use crate::format::{FormatError, MeshColors, MeshCounts, MeshKind, Pieces, WriteOptions, Written};
use crate::job::Slice;
use crate::mesh::Face;
use crate::voxel::{BLOCK_VOXELS, BlockWalk, Rgba, Volume};

/// The number of a face's normal in the file.
const fn normal_number(face: Face) -> u8 {
    b'1' + face as u8
}

/// How colours are told.
#[derive(Clone, Copy)]
struct Told {
    /// Behind the vertices.
    at_vertices: bool,
    /// As places in a picture.
    in_picture: bool,
    /// As a material for each.
    by_material: bool,
}

/// How colours are told; those that need files beside this one are only told so if there can be
/// any.
fn told(options: &WriteOptions, report: &mut Report) -> Told {
    let is_shared = !matches!(options.export.mesh, None | Some(MeshKind::Faces | MeshKind::Greedy));
    let own = if is_shared { MeshColors::Texture } else { MeshColors::Vertex };
    let own = if options.stem.is_some() && !options.export.ao { own } else { MeshColors::Vertex };
    let mut colors = options.export.colors.unwrap_or(own);
    let needs_files =
        matches!(colors, MeshColors::Texture | MeshColors::Both | MeshColors::Materials);
    if needs_files && options.stem.is_none() {
        report
            .warn("there is no place for the .mtl beside the file: colours stand at the vertices");
        colors = MeshColors::Vertex;
    }
    Told {
        at_vertices: matches!(colors, MeshColors::Vertex | MeshColors::Both),
        in_picture: matches!(colors, MeshColors::Texture | MeshColors::Both | MeshColors::Palette)
            && options.stem.is_some(),
        by_material: matches!(colors, MeshColors::Materials),
    }
}

pub(in crate::format) async fn write(
    document: Document,
    options: WriteOptions,
    slice: Slice,
) -> Result<Written, FormatError> {
    let mut report = Report::default();
    let told = told(&options, &mut report);
    let mut manner = Manner::of(&document, &options, &slice).await;
    manner.by_color = told.at_vertices;
    let parts = parts(&document, options.export.merge.unwrap_or(true), &slice).await;
    let mut table = ColorTable::default();
    if told.in_picture {
        for (_, volume) in &parts {
            find_colors(volume, &mut table, &slice).await;
        }
    }
    let stem = options.stem.as_deref().unwrap_or_default();
    let mut file = File { told, table, content: head(&manner), shades: shades(), next: 0 };
    if told.in_picture || told.by_material {
        file.content.put(format!("mtllib {stem}.mtl\n").as_bytes());
    }
    file.put_places();
    let (mut counts, mut translucent, mut hidden) = (MeshCounts::default(), 0, 0);
    let is_named = options.export.merge == Some(false);
    for (name, volume) in parts {
        if is_named {
            let name: String = name.chars().filter(|letter| !letter.is_control()).collect();
            file.content.put(format!("o {name}\n").as_bytes());
        }
        if told.in_picture {
            file.content.put(format!("usemtl {PALETTE}\n").as_bytes());
        }
        let outline = Outline::new(volume, manner, file.next, &slice).await;
        let outline = file.put_part(outline, &slice).await;
        hidden += outline.inside(&slice).await;
        file.next = outline.vertices();
        counts.triangles += outline.triangles();
        translucent += outline.translucent();
    }
    counts.vertices = file.next;
    let beside = match told {
        Told { in_picture: true, .. } => with_picture(stem, &file.table),
        Told { by_material: true, .. } => of_colors(stem, &file.table),
        _ => Vec::new(),
    };
    counts.materials = match told {
        Told { in_picture: true, .. } => 1,
        Told { by_material: true, .. } => file.table.colors.len() as u64,
        _ => 0,
    };
    if told.at_vertices && !told.in_picture {
        report.lose_alpha(translucent);
    }
    report.lose_inside(hidden);
    let written = Written::new(file.content, report);
    Ok(Written { beside, mesh: Some(counts), ..written })
}

/// All colours of a volume, in the order in which they come.
async fn find_colors(volume: &Volume, table: &mut ColorTable, slice: &Slice) {
    let mut walk = BlockWalk::new();
    let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
    while let Some(at) = walk.next_in(volume, slice).await {
        let Some(block) = volume.block(at) else { continue };
        match block.uniform() {
            Some(color) => _ = table.place(color),
            None => {
                block.copy_to(&mut voxels);
                let mut last = Rgba::EMPTY;
                for &color in voxels.iter().filter(|color| !color.is_empty()) {
                    if color != last {
                        table.place(color);
                        last = color;
                    }
                }
            }
        }
        slice.spend(1).await;
    }
}

/// A comment and the normals.
fn head(manner: &Manner) -> Pieces {
    let mut out = b"# goxel-daemon\n".to_vec();
    for face in Face::ALL {
        out.extend_from_slice(b"vn");
        for value in manner.frame.direction(face.normal()) {
            out.push(b' ');
            put_integer(&mut out, i64::from(value));
        }
        out.push(b'\n');
    }
    out.into()
}

struct File {
    told: Told,
    table: ColorTable,
    content: Pieces,
    shades: Vec<Vec<u8>>,
    /// The number of the next vertex.
    next: u64,
}

impl File {
    /// Where each colour is in the picture.
    fn put_places(&mut self) {
        for place in 0..if self.told.in_picture { self.table.colors.len() } else { 0 } {
            let [u, v] = self.table.middle(place as u32);
            self.content.put(format!("vt {u} {}\n", 1.0 - v).as_bytes());
        }
    }

    async fn put_part(&mut self, mut outline: Outline, slice: &Slice) -> Outline {
        let mut faces = Vec::new();
        // Polygons of one material stand together.
        let mut sorted: FxHashMap<Rgba, Pieces> = FxHashMap::default();
        loop {
            let vertices = self.content.room(4 * POLYGONS_A_UNIT * VERTEX_MAX);
            let (told, shades, table) = (self.told, &self.shades, &mut self.table);
            let more = outline.advance(
                |place, color| {
                    put_vertex(vertices, place, told.at_vertices.then_some((shades, color)))
                },
                |corners| match told {
                    Told { in_picture: true, .. } => {
                        let place = table.place(corners.color);
                        put_face(&corners, Some(u64::from(place)), &mut faces);
                    }
                    Told { by_material: true, .. } => {
                        table.place(corners.color);
                        let faces = sorted.entry(corners.color).or_default();
                        put_face(&corners, None, faces.room(FACE_MAX));
                    }
                    _ => put_face(&corners, None, &mut faces),
                },
            );
            // Faces follow the vertices that they name.
            self.content.put(&faces);
            faces.clear();
            if !more {
                break;
            }
            outline.rest(slice).await;
        }
        for &color in &self.table.colors {
            if let Some(faces) = sorted.remove(&color) {
                self.content.put(format!("usemtl {}\n", name_of(color)).as_bytes());
                self.content.append(faces);
                slice.spend(1).await;
            }
        }
        outline
    }
}

fn put_vertex(out: &mut Vec<u8>, place: [f64; 3], color: Option<(&Vec<Vec<u8>>, Rgba)>) {
    out.push(b'v');
    for value in place {
        out.push(b' ');
        put_number(out, value);
    }
    if let Some((shades, color)) = color {
        for channel in [color.r, color.g, color.b] {
            out.extend_from_slice(&shades[usize::from(channel)]);
        }
    }
    out.push(b'\n');
}

fn put_face(corners: &Corners<'_>, place: Option<u64>, out: &mut Vec<u8>) {
    out.push(b'f');
    for &number in corners.numbers {
        out.push(b' ');
        put_integer(out, number as i64 + 1);
        if let Some(place) = place {
            out.push(b'/');
            put_integer(out, place as i64 + 1);
        }
        if let Some(face) = corners.face {
            let between: &[u8] = if place.is_some() { b"/" } else { b"//" };
            out.extend_from_slice(between);
            out.push(normal_number(face));
        }
    }
    out.push(b'\n');
}

/// The text of each channel value as a number from 0 to 1.
fn shades() -> Vec<Vec<u8>> {
    (0..=255u32)
        .map(|value| {
            let text = format!(" {:.4}", f64::from(value) / 255.0);
            text.trim_end_matches('0').trim_end_matches('.').as_bytes().to_vec()
        })
        .collect()
}

/// The most bytes of a vertex's line: three coordinates of up to eleven characters and three
/// channels.
const VERTEX_MAX: usize = 1 + 3 * 12 + 3 * 7 + 1;
/// And of a polygon's.
const FACE_MAX: usize = 4 * 36 + 2;
