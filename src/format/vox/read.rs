//! Reading: some chunks, some nodes of the scene graph, a run of voxels or a block is a unit of work.

use super::NAME;
use super::chunks::{Content, ModelVoxels, read_chunks};
use super::grid::Grid;
use super::scene::{Instance, Transform, gather};
use crate::document::{Document, Layer, LayerId, Palette};
use crate::format::builder::{Allowance, VolumeBuilder};
use crate::format::bytes::Bytes;
use crate::format::bytes::FileBytes;
use crate::format::{FormatError, Loaded, ReadOptions, canvas_around};
use crate::job::{Slice, leftovers};
use crate::voxel::{Bounds, Point, Volume};

/// Voxels placed in one unit of work.
const RUN: usize = 16_384;
/// New blocks that end a unit of work before that, and the voxels placed before they are counted.
const NEW_BLOCKS_MAX: usize = 256;
const PART: usize = 512;

/// Reads a file that begins with "VOX ".
pub(super) async fn read(
    file: FileBytes,
    options: ReadOptions,
    slice: &Slice,
) -> Result<Loaded, FormatError> {
    let mut allowance = Allowance::new(options.limits);
    let mut content = read_chunks(&file, &mut allowance, slice).await?;
    let (instances, left_out) = gather(&content, &file, slice).await;
    if left_out {
        let warning = "the scene is nested too deeply or has too many models; some are left out";
        content.report.warn(warning);
    }
    // All that counts of them is in the instances.
    leftovers::leave(std::mem::take(&mut content.nodes).into_iter());
    slice.expect(instances.len() as u64);
    let (grid, builder) = (Grid::new(), VolumeBuilder::new());
    let mut placing = Placing { file, content, allowance, grid, builder };
    let mut layers = Vec::new();
    for instance in &instances {
        let volume = placing.place(instance, slice).await?;
        layers.push(layer(instance, layers.len() as i32 + 1, volume));
        slice.advance(1).await;
    }
    Ok(placing.into_loaded(&options.name.unwrap_or_default(), layers))
}

fn layer(instance: &Instance, number: i32, volume: Volume) -> Layer {
    let name = instance.name.as_deref().map_or_else(|| format!("Model.{number}"), str::to_owned);
    let mut layer = Layer::new(LayerId(number), &name);
    layer.visible = !instance.hidden;
    layer.volume = volume;
    let pivot = instance.transform.translation.map(|value| value as f32);
    layer.matrix.0[3] = [pivot[0], pivot[1], pivot[2], 1.0];
    layer
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

    fn into_loaded(self, name: &str, layers: Vec<Layer>) -> Loaded {
        let canvas = canvas_around(Bounds::union_of(self.grid.bounds(), self.builder.bounds()));
        let mut document = Document::with_layers(name, canvas, layers);
        if self.content.has_colors {
            let colors = self.content.colors[1..].iter().map(|&color| (color, None)).collect();
            document.palette = Palette { name: name.to_owned(), colors };
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
