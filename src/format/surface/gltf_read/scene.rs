//! The scene of a glTF file: nodes one below the other, each with its place, and the layers that
//! they become.

use super::data::{Buffers, Elements, missing};
use super::invalid;
use super::json::{Node, Primitive, Root};
use super::looks::{Known, Looks, color_of};
use crate::document::Material;
use crate::format::fidelity::{Kind, Report, is_plain};
use crate::format::long_list::LongList;
use crate::format::surface::skin::Skin;
use crate::format::surface::soup::{Part, Soup, load_parts};
use crate::format::surface::voxelise::{Sheet, Vertex, Voxeliser};
use crate::format::{FormatError, Loaded, ReadOptions, too_many_layers};
use crate::job::Slice;
use crate::plain_words::in_words;
use crate::voxel::Rgba;

/// Triangles that are put together in one unit of work.
const TRIANGLES_A_UNIT: usize = 1 << 10;
/// The deepest that nodes lie below each other.
const DEPTH_MAX: usize = 1 << 10;
/// The most nodes that are gone through, however often each is named.
const NODES_MAX: usize = 1 << 20;

/// A place in space: three columns, and where the origin goes.
type Place = [[f64; 3]; 4];

const HERE: Place = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0; 3]];

fn turned(place: &Place, [x, y, z]: [f64; 3]) -> [f64; 3] {
    [0, 1, 2].map(|row| place[0][row] * x + place[1][row] * y + place[2][row] * z)
}

fn moved(place: &Place, at: [f64; 3]) -> [f64; 3] {
    let turned = turned(place, at);
    [0, 1, 2].map(|row| turned[row] + place[3][row])
}

fn below(parent: &Place, own: &Place) -> Place {
    let column = |index: usize| turned(parent, own[index]);
    [column(0), column(1), column(2), moved(parent, own[3])]
}

impl Node {
    fn place(&self) -> Place {
        if let Some(m) = &self.matrix {
            return [0, 4, 8, 12].map(|first| [m[first], m[first + 1], m[first + 2]]);
        }
        let [x, y, z, w] = self.rotation.unwrap_or([0.0, 0.0, 0.0, 1.0]);
        let [sx, sy, sz] = self.scale.unwrap_or([1.0; 3]);
        [
            [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y + z * w), 2.0 * (x * z - y * w)]
                .map(|v| v * sx),
            [2.0 * (x * y - z * w), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z + x * w)]
                .map(|v| v * sy),
            [2.0 * (x * z + y * w), 2.0 * (y * z - x * w), 1.0 - 2.0 * (x * x + y * y)]
                .map(|v| v * sz),
            self.translation.unwrap_or_default(),
        ]
    }
}

/// The nodes that the scene shows, in order, each with its place. A file without a scene shows all
/// that are below none.
fn shown(root: &Root) -> Result<Vec<(usize, Place)>, FormatError> {
    let scene = root.scenes.get(root.scene.unwrap_or(0));
    let tops = match scene {
        Some(scene) => scene.nodes.clone(),
        None => {
            let mut is_below = vec![false; root.nodes.len()];
            let children = root.nodes.iter().flat_map(|node| &node.children);
            children.for_each(|&child| {
                if let Some(is_below) = is_below.get_mut(child) {
                    *is_below = true;
                }
            });
            (0..root.nodes.len()).filter(|&node| !is_below[node]).collect()
        }
    };
    let mut found = Vec::new();
    let mut left: Vec<(usize, Place, usize)> =
        tops.into_iter().rev().map(|top| (top, HERE, 0)).collect();
    while let Some((index, parent, depth)) = left.pop() {
        let node = root.nodes.get(index).ok_or_else(|| missing("node", index))?;
        if depth > DEPTH_MAX || found.len() >= NODES_MAX || left.len() > NODES_MAX {
            return Err(invalid(format!("node {index}, below itself or too many"), "a tree"));
        }
        let place = below(&parent, &node.place());
        left.extend(node.children.iter().rev().map(|&child| (child, place, depth + 1)));
        found.push((index, place));
    }
    Ok(found)
}

/// The document of all nodes that have meshes.
pub(super) async fn load(
    format: &'static str,
    root: &Root,
    buffers: &Buffers,
    looks: Looks,
    mut options: ReadOptions,
    mut report: Report,
    slice: &Slice,
) -> Result<Loaded, FormatError> {
    let mut voxeliser = Voxeliser::new(options.limits);
    let mut reader = Reader { root, buffers, looks: &looks, skipped: 0, blended: 0 };
    let (mut parts, mut materials): (Vec<Part>, Vec<Material>) = Default::default();
    for (index, place) in shown(root)? {
        let node = &root.nodes[index];
        let Some(mesh) = node.mesh else { continue };
        let mesh = root.meshes.get(mesh).ok_or_else(|| missing("mesh", mesh))?;
        if parts.len() >= options.limits.max_file_layers {
            let most = options.limits.max_file_layers;
            return Err(too_many_layers(most as u64 + 1, most));
        }
        let own = reader.material(&mesh.primitives);
        let mut soup = Soup::default();
        for primitive in &mesh.primitives {
            reader.add(&mut soup, primitive, &place, own.is_some(), &mut voxeliser, slice).await?;
        }
        let material = own.map(|own| {
            let known = materials.iter().position(|known| *known == own);
            known.unwrap_or_else(|| {
                materials.push(own);
                materials.len() - 1
            })
        });
        let name = if node.name.is_empty() { &mesh.name } else { &node.name };
        parts.push(Part { name: name.clone(), soup, material, pivot: Some(place[3]) });
    }
    let Reader { skipped, blended, .. } = reader;
    report.lose(
        Kind::Unknown,
        skipped,
        in_words(skipped, ["line of a mesh is left out", "lines of meshes are left out"]),
    );
    let said = ["layer of several materials keeps", "layers of several materials keep"];
    let note = in_words(blended, said) + " colours alone";
    report.lose(Kind::Material, blended, note);
    let scene = root.scenes.get(root.scene.unwrap_or(0)).map(|scene| &scene.name);
    if let Some(name) = scene.filter(|name| !name.is_empty() && options.name.is_none()) {
        options.name = Some(name.clone());
    }
    let mut loaded = load_parts(parts, format, options, voxeliser, report, slice).await?;
    loaded.document.materials = materials;
    Ok(loaded)
}

struct Reader<'a> {
    root: &'a Root,
    buffers: &'a Buffers,
    looks: &'a Looks,
    /// Primitives that are neither triangles nor points.
    skipped: u64,
    /// Meshes of several materials.
    blended: u64,
}

impl Reader<'_> {
    fn look(&self, primitive: &Primitive) -> Option<&Known> {
        self.looks.0.get(primitive.material?)
    }

    /// The one material of a mesh that is more than a plain colour.
    fn material(&mut self, primitives: &[Primitive]) -> Option<Material> {
        let of = |primitive: &Primitive| {
            let look = self.look(primitive)?;
            let mut material = look.material.clone();
            let has_colors = look.texture.is_some() || primitive.attributes.contains_key("COLOR_0");
            if !has_colors {
                // The factor alone is the voxels' colour.
                material.color = [1.0; 4];
            }
            Some(material)
        };
        let first = of(primitives.first()?)?;
        let nameless = |material: &Material| Material { name: String::new(), ..material.clone() };
        let is_same = |other: &Material| nameless(other) == nameless(&first);
        let is_one = primitives.iter().all(|other| of(other).as_ref().is_some_and(is_same));
        if !is_one && primitives.iter().filter_map(of).any(|material| !is_plain(&material)) {
            self.blended += 1;
        }
        is_one.then_some(first)
    }

    async fn add(
        &mut self,
        soup: &mut Soup,
        primitive: &Primitive,
        place: &Place,
        keeps_factor: bool,
        voxeliser: &mut Voxeliser,
        slice: &Slice,
    ) -> Result<(), FormatError> {
        let mode = primitive.mode.unwrap_or(4);
        if !matches!(mode, 0 | 4..=6) {
            self.skipped += 1;
            return Ok(());
        }
        let Some(&positions) = primitive.attributes.get("POSITION") else { return Ok(()) };
        let (root, buffers) = (self.root, self.buffers);
        let look = self.look(primitive);
        let count = root.accessors.get(positions).map_or(0, |accessor| accessor.count);
        let vertex_bytes = size_of::<Vertex>() + 3 * size_of::<[f32; 4]>();
        voxeliser.allowance.take((count as u64).saturating_mul(vertex_bytes as u64))?;
        let positions = buffers.elements(root, positions, [0.0; 4], slice).await?;
        let colors = match primitive.attributes.get("COLOR_0") {
            Some(&colors) => Some(buffers.elements(root, colors, [1.0; 4], slice).await?),
            None => None,
        };
        let set = look.map_or(0, |look| look.places);
        let places = match primitive.attributes.get(&format!("TEXCOORD_{set}")) {
            Some(&places) if look.is_some_and(|look| look.texture.is_some()) => {
                Some(buffers.elements(root, places, [0.0; 4], slice).await?)
            }
            _ => None,
        };
        let skin = look.map(|look| skin(look, places.is_some(), colors.is_some(), keeps_factor));
        let base = soup.vertices() as u32;
        for index in 0..positions.len() {
            let at = positions.get(index).copied().unwrap_or_default();
            let at = moved(place, [0, 1, 2].map(|axis| f64::from(at[axis])));
            if !at.iter().all(|value| value.is_finite()) {
                return Err(invalid(format!("vertex {index} that is nowhere"), "finite numbers"));
            }
            let told = colors.as_ref().and_then(|colors| colors.get(index));
            let color = told.map_or(Rgba::WHITE, |&color| color_of(color));
            soup.push(Vertex { position: at, color });
            if index % TRIANGLES_A_UNIT == 0 {
                slice.spend(1).await;
            }
        }
        let numbers = match primitive.indices {
            Some(indices) => Some(buffers.indices(root, indices, slice).await?),
            None => None,
        };
        let triangles = Triangles { mode, numbers, vertices: positions.len() };
        if mode == 0 && soup.has_triangles() {
            self.skipped += 1;
            return Ok(());
        }
        voxeliser.allowance.take((triangles.count() as u64).saturating_mul(64))?;
        let skin = skin.map(|skin| {
            soup.skins.push(skin);
            soup.skins.len() as u32 - 1
        });
        let laid = Laid { base, skin, places, look, is_mirrored: is_mirror(place) };
        laid.add(soup, &triangles, slice).await
    }
}

/// How triangles are laid on a skin.
struct Laid<'a> {
    /// The number of the primitive's first vertex.
    base: u32,
    skin: Option<u32>,
    places: Option<Elements>,
    look: Option<&'a Known>,
    is_mirrored: bool,
}

impl Laid<'_> {
    async fn add(
        &self,
        soup: &mut Soup,
        triangles: &Triangles,
        slice: &Slice,
    ) -> Result<(), FormatError> {
        for index in 0..triangles.count() {
            let mut corners = triangles.corners(index);
            if corners.iter().any(|&corner| corner as usize >= triangles.vertices) {
                let what = format!("a triangle of vertices {corners:?}");
                return Err(invalid(what, format!("numbers below {}", triangles.vertices)));
            }
            if self.is_mirrored {
                corners.swap(1, 2);
            }
            let sheet =
                self.skin.map(|skin| Sheet { skin, places: corners.map(|c| self.place(c)) });
            soup.add(corners.map(|corner| self.base + corner), sheet);
            if index % TRIANGLES_A_UNIT == 0 {
                slice.spend(1).await;
            }
        }
        Ok(())
    }

    /// Where a vertex lies in the texture.
    fn place(&self, corner: u32) -> [f32; 2] {
        let told = self.places.as_ref().and_then(|places| places.get(corner as usize));
        let Some(&[u, v, ..]) = told else { return [0.0; 2] };
        self.look.map_or([u, v], |look| look.moved([u, v]))
    }
}

/// Whether a place turns right into left, and so the order of corners.
fn is_mirror(place: &Place) -> bool {
    let [a, b, c, _] = place;
    let cross = [b[1] * c[2] - b[2] * c[1], b[2] * c[0] - b[0] * c[2], b[0] * c[1] - b[1] * c[0]];
    (0..3).map(|axis| a[axis] * cross[axis]).sum::<f64>() < 0.0
}

/// How the triangles of a material look. A factor that the layer's material keeps is left out.
fn skin(look: &Known, is_laid: bool, has_colors: bool, keeps_factor: bool) -> Skin {
    let texture = look.texture.clone().filter(|_| is_laid);
    let has_colors = has_colors || look.texture.is_some();
    let factor = color_of(look.material.color);
    let color = if keeps_factor && has_colors { Rgba::WHITE } else { factor };
    let (cutoff, is_opaque) =
        (look.cutoff.map(|cutoff| (cutoff * 255.0).ceil() as u8), look.is_opaque);
    Skin { color, texture, multiplies: true, cutoff, is_opaque }
}

/// The triangles of a primitive.
struct Triangles {
    mode: u32,
    numbers: Option<LongList<u32>>,
    vertices: usize,
}

impl Triangles {
    fn count(&self) -> usize {
        let corners = self.numbers.as_ref().map_or(self.vertices, LongList::len);
        match self.mode {
            4 => corners / 3,
            5 | 6 => corners.saturating_sub(2),
            _ => 0,
        }
    }

    fn corners(&self, index: usize) -> [u32; 3] {
        let places = match self.mode {
            5 if index % 2 == 1 => [index + 1, index, index + 2],
            5 => [index, index + 1, index + 2],
            6 => [0, index + 1, index + 2],
            _ => [3 * index, 3 * index + 1, 3 * index + 2],
        };
        places.map(|place| match &self.numbers {
            Some(numbers) => numbers.get(place).copied().unwrap_or(u32::MAX),
            None => place as u32,
        })
    }
}
