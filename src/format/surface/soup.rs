//! The vertices and triangles of a file, on their way to voxels.

use super::skin::Skin;
use super::voxelise::{Placement, Sheet, Vertex, Voxeliser};
use crate::document::{Document, Layer, LayerId};
use crate::format::builder::VolumeBuilder;
use crate::format::fidelity::Report;
use crate::format::long_list::LongList;
use crate::format::{FormatError, Loaded, ReadOptions, canvas_around};
use crate::job::Slice;
use crate::voxel::Bounds;

/// Columns of the grid that are gone through in one unit of work.
const COLUMNS_A_UNIT: u64 = 1 << 12;
/// What a triangle or a point costs besides, in columns.
const COLUMNS_A_TRIANGLE: u64 = 8;

/// Vertices, and triangles of them. Without triangles, each vertex is a voxel.
pub(super) struct Soup {
    vertices: LongList<Vertex>,
    triangles: LongList<[u32; 3]>,
    /// How each triangle looks; as long as the triangles, or empty if no file told of skins yet.
    sheets: LongList<Option<Sheet>>,
    pub(super) skins: Vec<Skin>,
    low: [f64; 3],
    high: [f64; 3],
}

impl Default for Soup {
    fn default() -> Self {
        Soup {
            vertices: LongList::default(),
            triangles: LongList::default(),
            sheets: LongList::default(),
            skins: Vec::new(),
            low: [f64::MAX; 3],
            high: [f64::MIN; 3],
        }
    }
}

impl Soup {
    pub(super) fn push(&mut self, vertex: Vertex) {
        for axis in 0..3 {
            self.low[axis] = self.low[axis].min(vertex.position[axis]);
            self.high[axis] = self.high[axis].max(vertex.position[axis]);
        }
        self.vertices.push(vertex);
    }

    /// Adds triangles of vertices that are there.
    pub(super) fn extend(&mut self, triangles: impl Iterator<Item = [u32; 3]>) {
        triangles.for_each(|triangle| self.add(triangle, None));
    }

    /// Adds a triangle with its skin.
    pub(super) fn add(&mut self, triangle: [u32; 3], sheet: Option<Sheet>) {
        if sheet.is_some() || !self.sheets.is_empty() {
            while self.sheets.len() < self.triangles.len() {
                self.sheets.push(None);
            }
            self.sheets.push(sheet);
        }
        self.triangles.push(triangle);
    }

    /// How many vertices there are.
    pub(super) fn vertices(&self) -> usize {
        self.vertices.len()
    }

    /// Whether there are triangles, not points alone.
    pub(super) fn has_triangles(&self) -> bool {
        !self.triangles.is_empty()
    }

    /// Makes all triangles or points voxels.
    async fn voxelise(
        &self,
        placement: Placement,
        voxeliser: &mut Voxeliser,
        slice: &Slice,
    ) -> Result<(), FormatError> {
        let vertex = |index: usize| {
            let vertex = self.vertices.get(index)?;
            Some(Vertex { position: placement.place(vertex.position), ..*vertex })
        };
        let is_points = self.triangles.is_empty();
        let total = if is_points { self.vertices.len() } else { self.triangles.len() };
        slice.expect(total as u64);
        let mut left = COLUMNS_A_UNIT;
        for next in 0..total {
            match self.triangles.get(next) {
                Some(corners) => {
                    let sheet = self.sheets.get(next).copied().flatten();
                    if let [Some(a), Some(b), Some(c)] = corners.map(|i| vertex(i as usize)) {
                        voxeliser.triangle([a, b, c], sheet, &self.skins)?;
                    }
                }
                None => {
                    if let Some(point) = vertex(next) {
                        voxeliser.point(point.position, point.color)?;
                    }
                }
            }
            slice.count(1);
            left = left.saturating_sub(COLUMNS_A_TRIANGLE);
            while left == 0 || voxeliser.has_columns_left() {
                if left == 0 {
                    slice.spend(1).await;
                    left = COLUMNS_A_UNIT;
                }
                left -= voxeliser.columns(left, &self.skins)?;
            }
        }
        Ok(())
    }

    /// The document of one layer that all voxels make.
    pub(super) async fn load(
        self,
        format: &'static str,
        options: ReadOptions,
        voxeliser: Voxeliser,
        report: Report,
        slice: &Slice,
    ) -> Result<Loaded, FormatError> {
        let part = Part { name: String::new(), soup: self, material: None, pivot: None };
        load_parts(vec![part], format, options, voxeliser, report, slice).await
    }
}

/// What becomes a layer.
pub(super) struct Part {
    pub(super) name: String,
    pub(super) soup: Soup,
    pub(super) material: Option<usize>,
    /// Where the layer stands, in the file's space.
    pub(super) pivot: Option<[f64; 3]>,
}

/// The longest edge of the box around some points that all parts lie in.
fn longest(parts: &[Part]) -> f64 {
    let edge = |axis: usize| {
        let soups = parts.iter().map(|part| &part.soup).filter(|soup| soup.vertices() > 0);
        let (low, high) = soups.fold((f64::MAX, f64::MIN), |(low, high), soup| {
            (low.min(soup.low[axis]), high.max(soup.high[axis]))
        });
        high - low
    };
    edge(0).max(edge(1)).max(edge(2))
}

/// The document of all parts.
pub(super) async fn load_parts(
    parts: Vec<Part>,
    format: &'static str,
    options: ReadOptions,
    mut voxeliser: Voxeliser,
    report: Report,
    slice: &Slice,
) -> Result<Loaded, FormatError> {
    let placement = Placement::new(&options.voxelise, longest(&parts));
    let (mut layers, mut bounds) = (Vec::new(), None);
    for (number, Part { name, soup, material, pivot }) in (1..).zip(parts) {
        soup.voxelise(placement, &mut voxeliser, slice).await?;
        let name = if name.is_empty() { format!("Layer.{number}") } else { name };
        let mut layer = Layer::new(LayerId(number), &name);
        layer.material = material;
        for (axis, value) in pivot.map(|at| placement.place(at)).into_iter().flatten().enumerate() {
            layer.matrix.0[3][axis] = value as f32;
        }
        while voxeliser.builder.move_block(&mut layer.volume) {
            slice.spend(1).await;
        }
        let done = std::mem::replace(&mut voxeliser.builder, VolumeBuilder::new());
        bounds = Bounds::union_of(bounds, done.bounds());
        layers.push(layer);
    }
    let name = options.name.unwrap_or_default();
    let document = Document::with_layers(&name, canvas_around(bounds), layers);
    Ok(Loaded::new(document, format, report))
}
