//! A surface as polygons, some at a time, and the vertices that they share: what text and binary
//! formats list.

use std::hash::{Hash, Hasher};

use rustc_hash::FxHashMap;

use super::frame::Frame;
use super::made::{Made, made};
use super::parts::{hidden, inside};
use crate::document::Document;
use crate::format::{Axes, MeshKind, WriteOptions};
use crate::job::{Progress, Slice};
use crate::memory;
use crate::mesh::{Face, Merge, Mesher, Quad, Solidity, Triangles};
use crate::voxel::{Point, Rgba, Volume};

/// Vertices remembered for sharing. More are forgotten; they are then written again.
const SHARED_MAX: usize = 1 << 16;
/// Bytes that each takes in a table that has just grown, about.
const BYTES_SHARED: usize = 100;

/// Polygons that are handed on in one unit of work.
pub(super) const POLYGONS_A_UNIT: usize = 256;

/// How a surface is listed.
#[derive(Clone, Copy)]
pub(super) struct Manner {
    pub(super) frame: Frame,
    pub(super) kind: MeshKind,
    /// Whether a vertex belongs to polygons of one colour alone.
    pub(super) by_color: bool,
    /// Whether vertices in corners are darker.
    pub(super) ao: bool,
}

impl Manner {
    /// What people chose, with y up unless they chose otherwise.
    pub(super) async fn of(document: &Document, options: &WriteOptions, slice: &Slice) -> Manner {
        let (surface, export) = (options.surface, &options.export);
        let axes = if surface.y_up { Axes::Y_UP } else { Axes::Z_UP };
        let plain = if surface.merge { MeshKind::Greedy } else { MeshKind::Faces };
        Manner {
            frame: Frame::of(document, export, axes, slice).await,
            kind: if export.ao { MeshKind::Faces } else { export.mesh.unwrap_or(plain) },
            by_color: true,
            ao: export.ao,
        }
    }
}

/// Where polygons come from.
enum Source {
    /// Quads that were found, and how many of them are done.
    Quads { mesher: Box<Mesher>, quads: Vec<Quad>, done: usize },
    /// Triangles that share their vertices already; of those that are shared by colour, the numbers
    /// in the file.
    Triangles { mesh: Triangles, numbers: FxHashMap<(u32, Rgba), u64>, placed: usize, done: usize },
}

/// A vertex that polygons may share.
#[derive(PartialEq, Eq)]
struct Vertex {
    at: [i64; 3],
    color: Rgba,
}

impl Hash for Vertex {
    /// Two numbers instead of seven: most of the time of a mesh in text goes here.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let ([x, y, z], color) = (self.at, u32::from_le_bytes(self.color.bytes()));
        state.write_u64(x as u64 ^ (y as u64).rotate_left(32));
        state.write_u64(z as u64 ^ u64::from(color).rotate_left(32));
    }
}

/// The polygons of a volume.
pub(super) struct Outline {
    source: Source,
    manner: Manner,
    volume: Volume,
    /// How many blocks that has: to count them each time would cost as much as all else.
    blocks: u64,
    shared: FxHashMap<Vertex, u64>,
    vertices: u64,
    polygons: u64,
    triangles: u64,
    steps: u64,
    translucent: u64,
}

/// A polygon's vertices as numbers from 0, counter-clockwise seen from outside.
pub(super) struct Corners<'a> {
    pub(super) numbers: &'a [u64],
    /// Which way it looks, if it is a side of voxels.
    pub(super) face: Option<Face>,
    pub(super) color: Rgba,
}

impl Outline {
    /// Of a volume; vertices are numbered from `first` on.
    pub(super) async fn new(volume: Volume, manner: Manner, first: u64, slice: &Slice) -> Self {
        let mesher = |merge| {
            let mesher = Mesher::with_solidity(volume.clone(), merge, Solidity::Present);
            Source::Quads { mesher: Box::new(mesher), quads: Vec::new(), done: 0 }
        };
        let source = match manner.kind {
            MeshKind::Faces => mesher(Merge::Nothing),
            MeshKind::Greedy => mesher(Merge::Color),
            kind => match made(&volume, kind, true, slice).await {
                Made::Triangles(mesh) => {
                    Source::Triangles { mesh, numbers: FxHashMap::default(), placed: 0, done: 0 }
                }
                Made::Quads(_) => mesher(Merge::Color),
            },
        };
        // As large as it gets, if there is so much: a table that grows is copied.
        let room = if matches!(source, Source::Quads { .. }) { SHARED_MAX + 4 } else { 0 };
        let mut shared = FxHashMap::default();
        if memory::probe(room * BYTES_SHARED).is_ok() {
            let _ = shared.try_reserve(room);
        }
        Outline {
            source,
            manner,
            blocks: volume.block_count() as u64,
            volume,
            shared,
            vertices: first,
            polygons: 0,
            triangles: 0,
            steps: 0,
            translucent: 0,
        }
    }

    /// How many voxels are covered by others on all sides. Ask once there are no more polygons.
    pub(super) async fn inside(&self, slice: &Slice) -> u64 {
        match &self.source {
            Source::Quads { mesher, .. } => hidden(mesher.occupancy(), slice).await,
            Source::Triangles { .. } => inside(&self.volume, slice).await,
        }
    }

    /// Says how far the work is, and ends the unit of work.
    pub(super) async fn rest(&self, slice: &Slice) {
        let total = match &self.source {
            Source::Quads { .. } => 3 * self.blocks,
            Source::Triangles { mesh, .. } => (mesh.triangles.len() / POLYGONS_A_UNIT) as u64,
        };
        let (done, total) = (self.steps, self.steps.max(total));
        slice.progress(Progress { done, total });
        slice.spend(1).await;
    }

    /// Finds some more polygons. New vertices go to `vertex` in the order of their numbers, then
    /// each polygon to `polygon`. False once there are no more.
    pub(super) fn advance(
        &mut self,
        vertex: impl FnMut([f64; 3], Rgba),
        polygon: impl FnMut(Corners<'_>),
    ) -> bool {
        self.steps += 1;
        match &self.source {
            Source::Quads { .. } => self.advance_quads(vertex, polygon),
            Source::Triangles { .. } => self.advance_triangles(vertex, polygon),
        }
    }

    fn advance_quads(
        &mut self,
        mut vertex: impl FnMut([f64; 3], Rgba),
        mut polygon: impl FnMut(Corners<'_>),
    ) -> bool {
        let Source::Quads { mesher, quads, done } = &mut self.source else { return false };
        if *done == quads.len() {
            quads.clear();
            *done = 0;
            if !mesher.advance(quads) {
                return false;
            }
        }
        let Manner { frame, by_color, ao, .. } = self.manner;
        let end = quads.len().min(*done + POLYGONS_A_UNIT);
        for found in &quads[*done..end] {
            let color = found.color;
            self.translucent += u64::from(color.a < 255 && found.face == Face::PosZ)
                .max(u64::from(color.a < 255 && self.translucent == 0));
            let mut corners = found.corners();
            if frame.is_mirror() {
                corners.swap(1, 3);
            }
            let numbers = corners.map(|corner| {
                let shade =
                    if ao { darker(color, light(&self.volume, found, corner)) } else { color };
                let next = self.vertices;
                let color = if by_color { shade } else { Rgba::EMPTY };
                let number = *self.shared.entry(Vertex { at: corner, color }).or_insert(next);
                if number == next {
                    self.vertices += 1;
                    vertex(frame.place(corner.map(|value| value as f64)), shade);
                }
                number
            });
            polygon(Corners { numbers: &numbers, face: Some(found.face), color });
            if self.shared.len() > SHARED_MAX {
                self.shared.clear();
            }
        }
        self.polygons += (end - *done) as u64;
        self.triangles += 2 * (end - *done) as u64;
        *done = end;
        true
    }

    fn advance_triangles(
        &mut self,
        mut vertex: impl FnMut([f64; 3], Rgba),
        mut polygon: impl FnMut(Corners<'_>),
    ) -> bool {
        let Source::Triangles { mesh, numbers, placed, done } = &mut self.source else {
            return false;
        };
        let Manner { frame, by_color, .. } = self.manner;
        if !by_color && *placed < mesh.vertices.len() {
            // All vertices as they are, before the triangles that share them.
            let end = mesh.vertices.len().min(*placed + 4 * POLYGONS_A_UNIT);
            mesh.vertices[*placed..end].iter().for_each(|&at| vertex(frame.place(at), Rgba::WHITE));
            if *placed == 0 {
                // Numbers begin where the vertices of this part do.
                numbers.insert((0, Rgba::EMPTY), self.vertices);
            }
            self.vertices += (end - *placed) as u64;
            *placed = end;
            return true;
        }
        let first = numbers.get(&(0, Rgba::EMPTY)).copied().unwrap_or(0);
        let end = mesh.triangles.len().min(*done + POLYGONS_A_UNIT);
        for &(corners, color) in &mesh.triangles[*done..end] {
            self.translucent = self.translucent.max(u64::from(color.a < 255));
            let numbers = frame.turned(corners).map(|corner| {
                if !by_color {
                    return first + u64::from(corner);
                }
                let next = self.vertices;
                let number = *numbers.entry((corner, color)).or_insert(next);
                if number == next {
                    self.vertices += 1;
                    vertex(frame.place(mesh.vertices[corner as usize]), color);
                }
                number
            });
            polygon(Corners { numbers: &numbers, face: None, color });
        }
        self.polygons += (end - *done) as u64;
        self.triangles += (end - *done) as u64;
        let is_more = end > *done;
        *done = end;
        is_more
    }

    /// How many vertices are numbered.
    pub(super) fn vertices(&self) -> u64 {
        self.vertices
    }

    /// How many polygons there were.
    pub(super) fn polygons(&self) -> u64 {
        self.polygons
    }

    /// How many triangles they are.
    pub(super) fn triangles(&self) -> u64 {
        self.triangles
    }

    /// About how many voxels let light through: as many as their upper faces, and at least one if
    /// there is any.
    pub(super) fn translucent(&self) -> u64 {
        self.translucent
    }
}

/// How much light comes to a corner of a face: less for each of the three voxels before it.
pub(super) fn light(volume: &Volume, quad: &Quad, corner: [i64; 3]) -> f32 {
    let normal = quad.face.normal();
    let before = [0, 1, 2].map(|axis| i64::from(quad.voxel[axis]) + i64::from(normal[axis]));
    let side = |axis: usize| if corner[axis] > before[axis] { 1 } else { -1 };
    let (u, v) = (quad.face.u_axis(), quad.face.v_axis());
    let is_solid = |along_u: bool, along_v: bool| {
        let mut cell = before;
        cell[u] += if along_u { side(u) } else { 0 };
        cell[v] += if along_v { side(v) } else { 0 };
        let [Ok(x), Ok(y), Ok(z)] = cell.map(i32::try_from) else { return false };
        !volume.get(Point::new(x, y, z)).is_empty()
    };
    let (a, b, c) = (is_solid(true, false), is_solid(false, true), is_solid(true, true));
    let shades = if a && b { 3 } else { u8::from(a) + u8::from(b) + u8::from(c) };
    1.0 - 0.2 * f32::from(shades)
}

/// A stored colour in so much light.
fn darker(color: Rgba, light: f32) -> Rgba {
    let share = light.powf(1.0 / 2.2);
    let channel = |value: u8| (f32::from(value) * share).round() as u8;
    Rgba::new(channel(color.r), channel(color.g), channel(color.b), color.a)
}
