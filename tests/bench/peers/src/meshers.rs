//! The peers: each takes a volume and gives the quads that our own mesher gives, cut at its chunks.

use std::collections::{BTreeSet, HashMap};

use binary_greedy_meshing as bgm;
use block_mesh::ndshape::ConstShape3u32;
use block_mesh::{
    GreedyQuadsBuffer, MergeVoxel, QuadBuffer, RIGHT_HANDED_Y_UP_CONFIG, Voxel, VoxelVisibility,
    greedy_quads,
};
use block_mesh_bgm::{BinaryGreedyQuadsBuffer, binary_greedy_quads};
use goxel_daemon::mesh::{Face, Quad};
use goxel_daemon::voxel::{Rgba, Volume};

use crate::chunks::{EDGE, INNER, VOXELS, chunks, extract};

/// A colour as a voxel of block-mesh.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Color(Rgba);

impl Voxel for Color {
    fn get_visibility(&self) -> VoxelVisibility {
        if self.0.is_empty() { VoxelVisibility::Empty } else { VoxelVisibility::Opaque }
    }
}

impl MergeVoxel for Color {
    type MergeValue = u32;

    fn merge_value(&self) -> u32 {
        u32::from_le_bytes(self.0.bytes())
    }
}

type Shape = ConstShape3u32<64, 64, 64>;
const LAST: [u32; 3] = [EDGE as u32 - 1; 3];

/// block-mesh, and the crate that gives the same quads by bits.
pub struct BlockMesh {
    voxels: Vec<Color>,
    slow: GreedyQuadsBuffer,
    fast: BinaryGreedyQuadsBuffer,
}

impl BlockMesh {
    pub fn new() -> Self {
        BlockMesh {
            voxels: vec![Color(Rgba::EMPTY); VOXELS],
            slow: GreedyQuadsBuffer::new(VOXELS),
            fast: BinaryGreedyQuadsBuffer::new(),
        }
    }

    fn load(&mut self, volume: &Volume, chunk: [i32; 3]) -> bool {
        self.voxels.fill(Color(Rgba::EMPTY));
        extract(volume, chunk, |place, row| {
            let cells = self.voxels[place..place + row.len()].iter_mut();
            cells.zip(row).for_each(|(cell, &color)| *cell = Color(color));
        })
    }

    /// `block_mesh::greedy_quads`.
    pub fn greedy(&mut self, volume: &Volume, size: i32) -> Vec<Quad> {
        let mut quads = Vec::new();
        for chunk in chunks(size) {
            if self.load(volume, chunk) {
                let faces = &RIGHT_HANDED_Y_UP_CONFIG.faces;
                greedy_quads(&self.voxels, &Shape {}, [0; 3], LAST, faces, &mut self.slow);
                convert(&self.slow.quads, &self.voxels, chunk, &mut quads);
            }
        }
        quads
    }

    /// `block_mesh_bgm::binary_greedy_quads`.
    pub fn binary(&mut self, volume: &Volume, size: i32) -> Vec<Quad> {
        let mut quads = Vec::new();
        for chunk in chunks(size) {
            if self.load(volume, chunk) {
                let faces = &RIGHT_HANDED_Y_UP_CONFIG.faces;
                binary_greedy_quads(&self.voxels, &Shape {}, [0; 3], LAST, faces, &mut self.fast);
                convert(&self.fast.quads, &self.voxels, chunk, &mut quads);
            }
        }
        quads
    }
}

/// The faces of block-mesh in its order, and whether its first side is our second one.
const BLOCK_MESH_FACES: [(Face, bool); 6] = [
    (Face::NegX, true),
    (Face::NegY, true),
    (Face::NegZ, false),
    (Face::PosX, true),
    (Face::PosY, true),
    (Face::PosZ, false),
];

fn convert(found: &QuadBuffer, voxels: &[Color], chunk: [i32; 3], quads: &mut Vec<Quad>) {
    for (group, (face, turned)) in found.groups.iter().zip(BLOCK_MESH_FACES) {
        quads.extend(group.iter().map(|quad| {
            let [x, y, z] = quad.minimum.map(|v| v as usize);
            let sides = [quad.width as u8, quad.height as u8];
            let at = [x, y, z].map(|v| v as i32 - 1);
            Quad {
                voxel: std::array::from_fn(|axis| chunk[axis] + at[axis]),
                size: if turned { [sides[1], sides[0]] } else { sides },
                face,
                color: voxels[x + y * EDGE + z * EDGE * EDGE].0,
            }
        }));
    }
}

/// binary-greedy-meshing. Its z is our x, its x our y and its y our z, so that rows stay rows.
pub struct BinaryGreedy {
    mesher: bgm::Mesher<62>,
    voxels: Vec<u16>,
    opaque: Vec<u64>,
    transparent: Vec<u64>,
    numbers: HashMap<Rgba, u16>,
    colors: Vec<Rgba>,
}

/// The faces of binary-greedy-meshing in its order.
const BINARY_FACES: [Face; 6] =
    [Face::PosZ, Face::NegZ, Face::PosY, Face::NegY, Face::PosX, Face::NegX];

impl BinaryGreedy {
    pub fn new() -> Self {
        BinaryGreedy {
            mesher: bgm::Mesher::new(),
            voxels: vec![0; VOXELS],
            opaque: vec![0; EDGE * EDGE],
            transparent: vec![0; EDGE * EDGE],
            numbers: HashMap::from([(Rgba::EMPTY, 0)]),
            colors: vec![Rgba::EMPTY],
        }
    }

    /// Fills voxels and mask from a volume.
    pub fn load(&mut self, volume: &Volume, chunk: [i32; 3]) -> bool {
        self.voxels.fill(0);
        self.opaque.fill(0);
        let mut last = (Rgba::EMPTY, 0);
        extract(volume, chunk, |place, row| {
            let mut bits = 0;
            for (offset, &color) in row.iter().enumerate() {
                if color != last.0 {
                    let (numbers, colors) = (&mut self.numbers, &mut self.colors);
                    let number = *numbers.entry(color).or_insert_with(|| {
                        colors.push(color);
                        colors.len() as u16 - 1
                    });
                    last = (color, number);
                }
                self.voxels[place + offset] = last.1;
                bits |= u64::from(last.1 != 0) << offset;
            }
            self.opaque[place / EDGE] |= bits << (place % EDGE);
        })
    }

    /// Meshes what was loaded, masks given, into quads of its own; how many.
    pub fn mesh_loaded(&mut self) -> usize {
        self.mesher.clear();
        self.mesher.fast_mesh(&self.voxels, &self.opaque, &self.transparent);
        self.mesher.quads.iter().map(Vec::len).sum()
    }

    /// Meshes what was loaded without the help of masks.
    pub fn mesh_cold(&mut self) -> usize {
        self.mesher.clear();
        self.mesher.mesh(&self.voxels, &BTreeSet::new());
        self.mesher.quads.iter().map(Vec::len).sum()
    }

    pub fn greedy(&mut self, volume: &Volume, size: i32) -> Vec<Quad> {
        let mut quads = Vec::new();
        for chunk in chunks(size) {
            if self.load(volume, chunk) {
                self.mesh_loaded();
                self.convert(chunk, &mut quads);
            }
        }
        quads
    }

    /// Its quads as ours. Coordinates of its quads name corners: each face another one.
    fn convert(&self, chunk: [i32; 3], quads: &mut Vec<Quad>) {
        for (number, (group, face)) in self.mesher.quads.iter().zip(BINARY_FACES).enumerate() {
            quads.extend(group.iter().map(|quad| {
                let [y, z, x] = quad.xyz().map(|v| v as i32);
                let (width, height) = (quad.width() as i32, quad.height() as i32);
                let (at, size) = match number {
                    0 => ([x, y, z - 1], [height, width]),
                    1 => ([x, y - width, z], [height, width]),
                    2 => ([x, y - 1, z - width], [height, width]),
                    3 => ([x, y, z], [height, width]),
                    4 => ([x - 1, y - width, z], [width, height]),
                    _ => ([x, y, z], [width, height]),
                };
                Quad {
                    voxel: std::array::from_fn(|axis| chunk[axis] + at[axis]),
                    size: size.map(|side| side as u8),
                    face,
                    color: self.colors[quad.voxel_id() as usize],
                }
            }));
        }
    }
}

const _: () = assert!(INNER == 62);
