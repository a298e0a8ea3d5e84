//! Voxels by what they are like.

use super::super::color_form::to_hex;
use super::super::macros::{method, params, result};
use super::super::schema::{Describe, Schema};
use super::super::source::Source;
use super::super::value::InRange;
use super::super::{BoxParam, Corners};
use crate::api::json::Spelt;

use crate::job::pieces::Pieces;
use crate::voxel::{Point, Rgba};

params! {
    /// What the voxels must be like; without any condition all are found.
    pub struct FindParams {
        /// Their colour, in any form.
        color: Option<Rgba>,
        /// How far each channel may be from that colour.
        tolerance: InRange<0, 255> = "0",
        /// true: at least one of the six sides is free; false: all six are covered.
        exposed: Option<bool>,
        /// The most neighbours (of six) that they have; 0 finds single voxels in the air.
        most_neighbors: Option<InRange<0, 6>>,
        /// The part of space to look at; absent: all.
        within | "box": Option<BoxParam>,
        /// What to look at: a layer's id, 0 or "active" for the active layer, -2 or "visible" for
        /// all visible layers merged.
        layer_id | "layer": Source = "\"visible\"",
        /// How many of the found voxels to leave out, from the first on.
        offset: u64 = "0",
        /// The most voxels to answer with.
        limit: InRange<1, 100_000> = "50",
    }
}

/// Voxels as `[[x,y,z,"#rrggbbaa"],..]`, written one after the other.
#[derive(Default)]
pub struct VoxelRows {
    json: Pieces,
    count: usize,
}

/// Bytes of one voxel, at most.
const ROOM: usize = 64;

impl VoxelRows {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Appends a voxel.
    pub fn push(&mut self, point: Point, color: Rgba) {
        let out = self.json.room(ROOM);
        out.push(if self.count == 0 { b'[' } else { b',' });
        for (before, number) in [b'[', b',', b','].into_iter().zip(point.array()) {
            out.push(before);
            out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        }
        out.extend_from_slice(b",\"");
        out.extend_from_slice(to_hex(color).as_bytes());
        out.extend_from_slice(b"\"]");
        self.count += 1;
    }

    /// The whole list.
    pub fn finish(mut self) -> Spelt<VoxelRows> {
        self.json.put(if self.count == 0 { b"[]" } else { b"]" });
        Spelt::new(self.json)
    }
}

impl Describe for VoxelRows {
    const SCHEMA: Schema = Schema::List(&Schema::List(&Schema::Any, 4, 4), 0, usize::MAX);
}

result! {
    /// What was found.
    pub struct FindResult {
        /// How many voxels fit, whatever `limit` is.
        match_count: u64,
        /// The voxels, in a stable order, as `[x,y,z,"#rrggbbaa"]` each: goxel.edit takes them as
        /// `voxels` of an operation.
        voxels: Spelt<VoxelRows>,
        /// How many voxels are answered with.
        count: usize,
        /// What to ask the next page with, if there are more; good while `revision` is the same.
        next_offset: Option<u64>,
        /// The box around all that fit; absent if nothing fits.
        bounds: Option<Corners>,
        /// The layer that was looked at; absent for all visible ones.
        layer_id: Option<i32>,
        /// What was looked at: the name of a layer, or "visible".
        layer: String,
        /// Revision of the project.
        revision: u64,
    }
}

method! {
    /// Finds voxels by colour, by free sides or by neighbours.
    Find = "goxel.find" | "goxel.find_voxels",
    FindParams -> FindResult,
    effect: Read, lenient: false,
    by_position: r##"["#ff0000",16]"##,
    by_name: r##"{"color":"red","tolerance":16,"exposed":true,"layer_id":"visible","limit":100}"##,
    errors: [1002],
}
