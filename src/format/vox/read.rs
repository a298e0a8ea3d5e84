//! Reading: some chunks, some nodes of the scene graph, a run of voxels or a block is a unit of
//! work.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::NAME;
use super::camera::camera_of;
use super::chunks::{Content, ModelVoxels, read_chunks};
use super::grid::Grid;
use super::material::material_of;
use super::scene::{Instance, Transform, gather};
use super::scene_write::record_bytes;
use crate::document::{Document, Layer, LayerContent, LayerId, Material, Palette, PreservedChunk};
use crate::format::builder::{Allowance, VolumeBuilder};
use crate::format::bytes::Bytes;
use crate::format::bytes::FileBytes;
use crate::format::fidelity::{Kind, Report};
use crate::format::{FormatError, Loaded, ReadOptions, canvas_around};
use crate::job::{Slice, leftovers};
use crate::plain_words::in_words;
use crate::voxel::{BLOCK_VOXELS, Bounds, Point, Rgba, Volume};

/// Voxels placed in one unit of work.
const RUN: usize = 16_384;
/// New blocks that end a unit of work before that, and the voxels placed before they are counted.
const NEW_BLOCKS_MAX: usize = 256;
const PART: usize = 512;
/// The kept entry of a layer that tells the groups it is in.
pub(super) const GROUP: &str = "vox-group";

/// Reads a file that begins with "VOX ".
pub(super) async fn read(
    file: FileBytes,
    options: ReadOptions,
    slice: &Slice,
) -> Result<Loaded, FormatError> {
    let mut allowance = Allowance::new(options.limits);
    let mut content = read_chunks(&file, &mut allowance, slice).await?;
    let most = options.limits.max_file_layers;
    let (instances, left_out) = gather(&content, &file, most, slice).await?;
    if left_out {
        let warning = "the scene is nested too deeply; some models are left out";
        content.report.warn(warning);
    }
    let has_graph = !content.nodes.is_empty();
    // All that counts of them is in the instances.
    leftovers::leave(std::mem::take(&mut content.nodes).into_iter());
    let instances = of_frames(instances, options.frames, &mut content);
    slice.expect(instances.len() as u64);
    let looks = Looks::of(&content, has_graph);
    let (grid, builder) = (Grid::new(), VolumeBuilder::new());
    let mut placing = Placing { file, content, allowance, grid, builder };
    let mut layers = Vec::new();
    let mut first_of_model = BTreeMap::new();
    for instance in &instances {
        let volume = placing.place(instance, slice).await?;
        let mut layer = layer(instance, layers.len() as i32 + 1, volume);
        match first_of_model.entry(instance.model) {
            Entry::Vacant(entry) => {
                let size = placing.content.models[instance.model].size;
                entry.insert((layer.id, instance.transform, size));
            }
            Entry::Occupied(entry) => {
                let (base, transform, size) = *entry.get();
                layer.content = LayerContent::Clone { base };
                layer.matrix = transform.way_to(&instance.transform, size);
            }
        }
        looks.dress(&mut layer, &mut layers, &mut placing.content.report);
        slice.advance(1).await;
    }
    Ok(placing.into_loaded(&options.name.unwrap_or_default(), layers, looks.materials))
}

fn layer(instance: &Instance, number: i32, volume: Volume) -> Layer {
    let name = instance.name.as_deref().map_or_else(|| format!("Model.{number}"), str::to_owned);
    let mut layer = Layer::new(LayerId(number), &name);
    layer.visible = !instance.hidden;
    layer.volume = volume;
    let pivot = instance.transform.translation.map(|value| value as f32);
    layer.matrix.0[3] = [pivot[0], pivot[1], pivot[2], 1.0];
    if let Some(group) = &instance.group {
        layer.preserved.push((GROUP.to_owned(), group.as_bytes().to_vec()));
    }
    layer
}

/// The instances of the first frame; or all of them, those of later frames hidden.
fn of_frames(instances: Vec<Instance>, all: bool, content: &mut Content) -> Vec<Instance> {
    let later = instances.iter().filter(|instance| instance.frame.is_some()).count() as u64;
    if later == 0 && !content.moves {
        return instances;
    }
    if !all || content.moves {
        let note = "the file is animated; only its first frame is loaded";
        content.report.lose(Kind::Frame, later.max(1), note);
    }
    let kept = instances.into_iter().filter(|instance| all || instance.frame.is_none());
    let named = kept.map(|instance| match instance.frame {
        Some(frame) => {
            let name = instance.name.as_deref().unwrap_or("Model");
            let name = Some(Rc::from(format!("{name} (frame {frame})")));
            Instance { name, hidden: true, ..instance }
        }
        None => instance,
    });
    named.collect()
}

/// The materials of a file, by the colours that have them.
struct Looks {
    materials: Vec<Material>,
    /// The place of the material of each colour.
    of_color: HashMap<Rgba, usize>,
    /// Whether a layer of several materials becomes several: where a scene graph says what the
    /// layers are, it does not.
    splits: bool,
}

impl Looks {
    fn of(content: &Content, has_graph: bool) -> Self {
        let (materials, of_color) = (vec![Material::default()], HashMap::new());
        let mut looks = Looks { materials, of_color, splits: !has_graph };
        for (&index, entries) in &content.materials {
            // Number 256 is written for the one before 1.
            let color = content.colors[(index & 255) as usize];
            if let Some(material) = material_of(index, entries, color) {
                looks.of_color.entry(color).or_insert(looks.materials.len());
                looks.materials.push(material);
            }
        }
        looks
    }

    /// Adds a layer with its material. One whose voxels have several materials becomes several
    /// layers, or looks plain where it has to stay one.
    fn dress(&self, layer: &mut Layer, layers: &mut Vec<Layer>, report: &mut Report) {
        let mut counts: BTreeMap<usize, u64> = BTreeMap::new();
        if !self.of_color.is_empty() {
            for (color, count) in colors_of(&layer.volume) {
                *counts.entry(self.of_color.get(&color).copied().unwrap_or(0)).or_default() +=
                    count;
            }
        }
        let dressed = |layer: &Layer, material| Layer { material: Some(material), ..layer.clone() };
        let is_own = layer.content == LayerContent::Voxels;
        match counts.keys().collect::<Vec<_>>()[..] {
            [] => layers.push(layer.clone()),
            [&only] => layers.push(dressed(layer, only)),
            [first, ..] if self.splits && is_own => {
                for &material in counts.keys() {
                    let mut part = dressed(layer, material);
                    if material != *first {
                        part.id = LayerId(layers.len() as i32 + 1);
                        part.name = format!("{} ({})", layer.name, self.materials[material].name);
                    }
                    part.volume = self.part_of(&layer.volume, material);
                    layers.push(part);
                }
            }
            _ => {
                let others = counts.iter().filter(|(material, _)| **material > 0);
                let count = others.map(|(_, count)| count).sum();
                let note = format!(
                    "{} plain in layer '{}', as the others there; the materials are kept",
                    in_words(count, ["voxel looks", "voxels look"]),
                    layer.name
                );
                report.lose(Kind::Material, count, note);
                layers.push(dressed(layer, 0));
            }
        }
    }

    /// The voxels of one material.
    fn part_of(&self, volume: &Volume, material: usize) -> Volume {
        let mut part = Volume::new();
        for (at, block) in volume.blocks() {
            let mut voxels = [Rgba::EMPTY; BLOCK_VOXELS];
            block.copy_to(&mut voxels);
            for voxel in &mut voxels {
                if self.of_color.get(voxel).copied().unwrap_or(0) != material {
                    *voxel = Rgba::EMPTY;
                }
            }
            part.set_block(at, &voxels);
        }
        part
    }
}

/// The colours of a volume and how many voxels have each.
fn colors_of(volume: &Volume) -> HashMap<Rgba, u64> {
    let mut counts = HashMap::new();
    for (_, block) in volume.blocks() {
        if let Some(color) = block.uniform() {
            *counts.entry(color).or_default() += BLOCK_VOXELS as u64;
            continue;
        }
        let mut copy = [Rgba::EMPTY; BLOCK_VOXELS];
        for row in block.voxels_or_copy(&mut copy).as_chunks::<16>().0 {
            if *row == [row[0]; 16] {
                *counts.entry(row[0]).or_default() += 16;
            } else {
                row.iter().for_each(|&color| *counts.entry(color).or_default() += 1);
            }
        }
    }
    counts.remove(&Rgba::EMPTY);
    counts
}

/// What models are placed with.
struct Placing {
    file: FileBytes,
    content: Content,
    allowance: Allowance,
    grid: Grid,
    builder: VolumeBuilder,
}

impl Placing {
    /// The voxels of an instance.
    async fn place(&mut self, instance: &Instance, slice: &Slice) -> Result<Volume, FormatError> {
        let Placing { file, content, allowance, grid, builder } = self;
        let mut volume = Volume::new();
        let model = &content.models[instance.model];
        match &model.voxels {
            ModelVoxels::List(range) => {
                let Transform { columns, signs, .. } = instance.transform;
                grid.aim(base_within_reach(instance, model.size)?, columns, signs);
                let mut left = file[range.clone()].as_chunks::<4>().0;
                while !left.is_empty() {
                    let run = &left[..left.len().min(RUN)];
                    left = &left[place_some(grid, run, allowance)?..];
                    slice.spend(1).await;
                }
                while grid.move_block(&mut volume, &content.colors) {
                    slice.spend(1).await;
                }
            }
            ModelVoxels::Dense(numbers) => {
                for (part, run) in numbers.chunks(RUN).enumerate() {
                    for (point, number) in cells(run, part * RUN, instance, model.size)? {
                        builder.set(point, content.colors[usize::from(number)], allowance)?;
                    }
                    slice.spend(1).await;
                }
                while builder.move_block(&mut volume) {
                    slice.spend(1).await;
                }
            }
        }
        Ok(volume)
    }

    fn into_loaded(self, name: &str, layers: Vec<Layer>, materials: Vec<Material>) -> Loaded {
        let canvas = canvas_around(Bounds::union_of(self.grid.bounds(), self.builder.bounds()));
        let mut document = Document::with_layers(name, canvas, layers);
        if self.content.has_colors {
            let colors = self.content.colors[1..].iter().map(|&color| (color, None)).collect();
            document.palette = Palette { name: name.to_owned(), colors };
        }
        document.materials = materials;
        if !self.content.cameras.is_empty() {
            let cameras = self.content.cameras.iter().enumerate();
            document.cameras = cameras.map(|(n, told)| camera_of(n + 1, told)).collect();
            document.active_camera = Some(0);
        }
        document.preserved = self.content.preserved;
        for (index, entries) in &self.content.materials {
            let data = record_bytes(*index, entries).into();
            document.preserved.push(PreservedChunk { kind: *b"MATL", data });
        }
        Loaded::new(document, NAME, self.content.report)
    }
}

/// Places voxels of a run, all of them if they do not lie in many new blocks; how many.
fn place_some(
    grid: &mut Grid,
    run: &[[u8; 4]],
    allowance: &mut Allowance,
) -> Result<usize, FormatError> {
    let (mut placed, most) = (0, grid.blocks() + NEW_BLOCKS_MAX);
    for part in run.chunks(PART) {
        grid.put(part, allowance)?;
        placed += part.len();
        if grid.blocks() > most {
            break;
        }
    }
    Ok(placed)
}

/// The voxels among some cells of a compressed model, of which the first is cell `first`.
fn cells(
    run: &[u8],
    first: usize,
    instance: &Instance,
    size: [i64; 3],
) -> Result<impl Iterator<Item = (Point, u8)>, FormatError> {
    let base = base_within_reach(instance, size)?;
    let Transform { columns, signs, .. } = instance.transform;
    let [width, depth, _] = size.map(|length| length.max(1));
    let solid = run.iter().enumerate().filter(|(_, number)| **number != 0);
    Ok(solid.map(move |(offset, &number)| {
        let index = (first + offset) as i64;
        let cell = [index % width, index / width % depth, index / width / depth];
        let at = |row: usize| (base[row] + signs[row] * cell[columns[row]]) as i32;
        (Point::new(at(0), at(1), at(2)), number)
    }))
}

/// Where cell 0 of an instance lands.
fn base_within_reach(instance: &Instance, size: [i64; 3]) -> Result<[i64; 3], FormatError> {
    let base = instance.transform.base(size);
    let within = |value: &i64| value.abs() < i64::from(i32::MAX) - 4096;
    if !base.iter().all(within) || size.iter().any(|length| length.abs() > 1 << 30) {
        let what = format!("a model at {base:?}");
        return Err(Bytes::new(&[], NAME).invalid(what, "a place within 32-bit coordinates"));
    }
    Ok(base)
}
