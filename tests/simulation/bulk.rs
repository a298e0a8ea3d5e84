//! Messages of the binary bulk lane.

use goxel_daemon::lane::bulk::{
    BoxHead, BoxWriter, Encoding, GET_BOX, Head, PUT_BOX, PUT_VOXELS, write_voxel,
};
use serde_json::Value;

use crate::simulation::messages::{Author, Color, Expect, Message, Voxel};

const ENCODINGS: [Encoding; 2] = [Encoding::Dense, Encoding::RunLength];

impl Author {
    /// Puts, gets, and what is refused.
    pub fn bulk(&mut self) -> Message {
        match self.random.between(0, 6) {
            0..=2 => self.put_voxels(),
            3..=4 => self.put_box(),
            5 => self.get_box(),
            _ => self.refused_bulk(),
        }
    }

    fn put_voxels(&mut self) -> Message {
        let mut body = head();
        let mut draws = Vec::new();
        for _ in 0..self.random.size(1000) {
            let (voxel, color) = (self.voxel(), self.color());
            write_voxel(voxel.map(|axis| axis as i32), color, &mut body);
            draws.push((voxel, color));
        }
        self.put(PUT_VOXELS, body, draws)
    }

    fn put_box(&mut self) -> Message {
        let area = self.area();
        let mut body = head();
        area.write(&mut body);
        let mut writer = BoxWriter::new(area.encoding);
        let mut draws = Vec::new();
        let mut color = self.color();
        for voxel in voxels(&area) {
            if self.random.once_in(8) {
                color = self.color();
            }
            writer.push(1, color, &mut body);
            draws.push((voxel, color));
        }
        writer.finish(&mut body);
        self.put(PUT_BOX, body, draws)
    }

    fn put(&mut self, kind: u32, body: Vec<u8>, draws: Vec<(Voxel, Color)>) -> Message {
        self.drawing.extend(draws.iter().copied());
        let expect = Some(Expect::Bulk(kind, None));
        Message { body, expect, draws, is_garbage: false, kind }
    }

    /// Nobody else draws there, so all of the answer is known.
    fn get_box(&mut self) -> Message {
        let area = self.area();
        let mut body = head();
        area.write(&mut body);
        let mut answer = Vec::new();
        area.write(&mut answer);
        let mut writer = BoxWriter::new(area.encoding);
        for voxel in voxels(&area) {
            let color = self.drawing.get(&voxel).copied().unwrap_or_default();
            writer.push(1, color, &mut answer);
        }
        writer.finish(&mut answer);
        let expect = Some(Expect::Bulk(GET_BOX, Some(answer)));
        Message { body, expect, draws: Vec::new(), is_garbage: false, kind: GET_BOX }
    }

    fn refused_bulk(&mut self) -> Message {
        let mut cut = head();
        cut.extend_from_slice(&[1; 15]);
        let kinds =
            [(PUT_VOXELS, cut, -32602), (GET_BOX, head(), -32602), (0xB0FF, head(), -32600)];
        let (kind, body, code) = self.random.pick(&kinds).clone();
        let expect = Some(Expect::Error(Value::Null, code));
        Message { body, expect, draws: Vec::new(), is_garbage: false, kind }
    }

    fn color(&mut self) -> Color {
        let [red, green, blue] = [0; 3].map(|_| self.random.between(0, 255) as u8);
        [red, green, blue, 255]
    }

    /// A small box where this client draws.
    fn area(&mut self) -> BoxHead {
        let min = self.voxel().map(|axis| axis as i32);
        let max = min.map(|axis| axis + self.random.between(0, 9) as i32);
        BoxHead { min, max, encoding: *self.random.pick(&ENCODINGS) }
    }
}

fn head() -> Vec<u8> {
    let mut body = Vec::new();
    Head::default().write(&mut body);
    body
}

/// The voxels of a box in their order: x fastest.
fn voxels(area: &BoxHead) -> Vec<Voxel> {
    let axis = |axis: usize| i64::from(area.min[axis])..=i64::from(area.max[axis]);
    let (xs, ys, zs) = (axis(0), axis(1), axis(2));
    let rows = zs.flat_map(|z| ys.clone().map(move |y| (y, z)));
    rows.flat_map(|(y, z)| xs.clone().map(move |x| [x, y, z])).collect()
}
