//! Reading: some chunks, some nodes of the scene graph, a run of voxels or a block is a unit of work.

use super::NAME;
use super::chunks::{Chunks, Content, ModelVoxels};
use super::grid::Grid;
use super::scene::{Instance, Transform, Walk};
use crate::document::{Document, Layer, LayerId, Palette};
use crate::format::builder::{Allowance, VolumeBuilder};
use crate::format::bytes::Bytes;
use crate::format::bytes::FileBytes;
use crate::format::steps::Advance;
use crate::format::{FormatError, Loaded, ReadOptions, canvas_around};
use crate::job::leftovers;
use crate::voxel::{Bounds, Point, Volume};

/// Voxels placed in one unit of work.
const RUN: usize = 16_384;
/// New blocks that end a unit of work before that, and the voxels placed before they are counted.
const NEW_BLOCKS_MAX: usize = 256;
const PART: usize = 512;

/// A reader at work.
pub(super) struct Reader {
    file: FileBytes,
    options: ReadOptions,
    allowance: Allowance,
    stage: Stage,
}

/// What is done with a file, in this order.
enum Stage {
    Chunks(Box<Chunks>),
    /// The scene graph is gone through.
    Walking(Box<(Content, Walk)>),
    Placing(Box<Scene>),
    Over,
}

/// A file whose models are placed.
struct Scene {
    content: Content,
    instances: Vec<Instance>,
    /// The instance that is being placed, and its next voxel.
    current: usize,
    next: usize,
    grid: Grid,
    builder: VolumeBuilder,
    volume: Volume,
    layers: Vec<Layer>,
}

impl Reader {
    pub(super) fn new(file: FileBytes, options: ReadOptions) -> Self {
        let stage = Stage::Chunks(Box::new(Chunks::new(file.clone())));
        Reader { file, allowance: Allowance::new(options.limits), options, stage }
    }
}

impl Scene {
    /// Begins with the first instance.
    fn new(mut content: Content, walk: Walk) -> Self {
        let Walk { instances, left_out, .. } = walk;
        if left_out {
            let warning =
                "the scene is nested too deeply or has too many models; some are left out";
            content.warnings.push(warning.to_owned());
        }
        // All that counts of them is in the instances.
        leftovers::leave(std::mem::take(&mut content.nodes).into_iter());
        Scene {
            content,
            instances,
            current: 0,
            next: 0,
            grid: Grid::new(),
            builder: VolumeBuilder::new(),
            volume: Volume::new(),
            layers: Vec::new(),
        }
    }

    /// Places some voxels of the current instance, or ends it.
    fn place_run(&mut self, file: &[u8], allowance: &mut Allowance) -> Result<(), FormatError> {
        let instance = &self.instances[self.current];
        let model = &self.content.models[instance.model];
        let placed = match &model.voxels {
            ModelVoxels::List(range) => {
                if self.next == 0 {
                    let Transform { columns, signs, .. } = instance.transform;
                    self.grid.aim(base_within_reach(instance, model.size)?, columns, signs);
                }
                let run = next_run(file[range.clone()].as_chunks::<4>().0, self.next);
                place_some(&mut self.grid, run, allowance)?
            }
            ModelVoxels::Dense(numbers) => {
                let run = next_run(numbers, self.next);
                for (point, number) in cells(run, self.next, instance, model.size)? {
                    let color = self.content.colors[usize::from(number)];
                    self.builder.set(point, color, allowance)?;
                }
                run.len()
            }
        };
        self.next += placed;
        if placed == 0
            && !self.grid.move_block(&mut self.volume, &self.content.colors)
            && !self.builder.move_block(&mut self.volume)
        {
            self.end_instance();
        }
        Ok(())
    }

    fn end_instance(&mut self) {
        let instance = &self.instances[self.current];
        let number = self.layers.len() as i32 + 1;
        let name =
            instance.name.as_deref().map_or_else(|| format!("Model.{number}"), str::to_owned);
        let mut layer = Layer::new(LayerId(number), &name);
        layer.visible = !instance.hidden;
        layer.volume = std::mem::take(&mut self.volume);
        let pivot = instance.transform.translation.map(|value| value as f32);
        layer.matrix.0[3] = [pivot[0], pivot[1], pivot[2], 1.0];
        self.layers.push(layer);
        self.current += 1;
        self.next = 0;
    }

    fn into_loaded(mut self, name: &str) -> Loaded {
        let canvas = canvas_around(Bounds::union_of(self.grid.bounds(), self.builder.bounds()));
        let mut document = Document::with_layers(name, canvas, std::mem::take(&mut self.layers));
        if self.content.has_colors {
            let colors = self.content.colors[1..].iter().map(|&color| (color, None)).collect();
            document.palette = Palette { name: name.to_owned(), colors };
        }
        Loaded { document, format: NAME, warnings: self.content.warnings, version: None }
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

/// The voxels of a unit of work.
fn next_run<T>(all: &[T], next: usize) -> &[T] {
    let left = &all[next.min(all.len())..];
    &left[..left.len().min(RUN)]
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

impl Advance for Reader {
    type Output = Loaded;

    fn advance(&mut self) -> Result<Option<Loaded>, FormatError> {
        self.stage = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Chunks(mut chunks) => match chunks.advance(&mut self.allowance)? {
                true => Stage::Chunks(chunks),
                false => Stage::Walking(Box::new((chunks.into_content(), Walk::new()))),
            },
            Stage::Walking(mut scene) => match scene.1.advance(&scene.0, &self.file) {
                true => Stage::Walking(scene),
                false => Stage::Placing(Box::new(Scene::new(scene.0, scene.1))),
            },
            Stage::Placing(scene) if scene.current == scene.instances.len() => {
                let name = self.options.name.take().unwrap_or_default();
                return Ok(Some(scene.into_loaded(&name)));
            }
            Stage::Placing(mut scene) => {
                scene.place_run(&self.file, &mut self.allowance)?;
                Stage::Placing(scene)
            }
            Stage::Over => Stage::Over,
        };
        Ok(None)
    }

    fn units(&self) -> (u64, u64) {
        match &self.stage {
            Stage::Placing(scene) => (scene.current as u64, scene.instances.len() as u64),
            _ => (0, 0),
        }
    }
}
