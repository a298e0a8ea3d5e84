//! The binary bulk lane: voxels by the million, without text. Layouts in [`crate::lane::bulk`].

use super::{Connection, Error, Framing, Ticket};
use crate::lane::bulk::{
    BoxHead, BoxWriter, Encoding, GET_BOX, Head, PUT_BOX, PUT_VOXELS, check_box, runs, write_voxel,
};

/// What a bulk call is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BulkTarget<'a> {
    /// The project; empty for the default one.
    pub project: &'a str,
    /// The layer's id; 0 for the active one.
    pub layer: i32,
    /// Whether voxels of alpha 0 leave what is there instead of erasing it.
    pub skip_empty: bool,
}

/// What a put came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BulkChange {
    /// The project's revision after it.
    pub revision: u64,
    /// How many voxels are not what they were.
    pub changed: u64,
}

impl BulkTarget<'_> {
    fn payload(&self) -> Vec<u8> {
        let mut payload = Vec::new();
        let BulkTarget { project, layer, skip_empty } = *self;
        Head { project, layer, skip_empty }.write(&mut payload);
        payload
    }
}

impl Connection {
    /// Sets single voxels, as one undo step: positions, and colours as r, g, b, a.
    ///
    /// # Errors
    /// [`Error::Usage`] without binary framing; otherwise as for any call.
    pub fn put_voxels(
        &mut self,
        target: BulkTarget<'_>,
        voxels: impl IntoIterator<Item = ([i32; 3], [u8; 4])>,
    ) -> Result<BulkChange, Error> {
        let mut payload = target.payload();
        voxels.into_iter().for_each(|(at, color)| write_voxel(at, color, &mut payload));
        self.put(PUT_VOXELS, "bulk.put_voxels", &payload)
    }

    /// Sets all voxels of a box, both corners inside, as one undo step. The colours come with x
    /// fastest, then y, then z; equal ones in a row travel as one.
    ///
    /// # Errors
    /// [`Error::Usage`] without binary framing; otherwise as for any call. The daemon refuses a
    /// number of colours that is not the box's.
    pub fn put_box(
        &mut self,
        target: BulkTarget<'_>,
        [min, max]: [[i32; 3]; 2],
        colors: impl IntoIterator<Item = [u8; 4]>,
    ) -> Result<BulkChange, Error> {
        let encoding = Encoding::RunLength;
        let mut payload = target.payload();
        BoxHead { min, max, encoding }.write(&mut payload);
        let mut writer = BoxWriter::new(encoding);
        colors.into_iter().for_each(|color| writer.push(1, color, &mut payload));
        writer.finish(&mut payload);
        self.put(PUT_BOX, "bulk.put_box", &payload)
    }

    /// All voxels of a box, both corners inside: colours with x fastest, then y, then z.
    ///
    /// # Errors
    /// [`Error::Usage`] without binary framing; otherwise as for any call.
    pub fn get_box(
        &mut self,
        target: BulkTarget<'_>,
        [min, max]: [[i32; 3]; 2],
    ) -> Result<Vec<[u8; 4]>, Error> {
        let mut payload = target.payload();
        BoxHead { min, max, encoding: Encoding::RunLength }.write(&mut payload);
        let answer = self.ask_bulk(GET_BOX, "bulk.get_box", &payload)?;
        let wrong = |what: String| Error::Shape { method: "bulk.get_box".to_owned(), reason: what };
        let (head, at) = BoxHead::read(&answer, 0).map_err(|error| wrong(error.to_string()))?;
        check_box(&answer, &head, at).map_err(|error| wrong(error.to_string()))?;
        let repeated = |(count, color): (u32, [u8; 4])| std::iter::repeat_n(color, count as usize);
        Ok(runs(&answer[at..]).flat_map(repeated).collect())
    }

    fn put(&mut self, kind: u32, name: &str, payload: &[u8]) -> Result<BulkChange, Error> {
        let answer = self.ask_bulk(kind, name, payload)?;
        let number = |at: usize| answer.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes);
        match (number(0), number(8)) {
            (Some(revision), Some(changed)) => Ok(BulkChange { revision, changed }),
            _ => Err(Error::Shape {
                method: name.to_owned(),
                reason: format!("{} bytes instead of 16", answer.len()),
            }),
        }
    }

    /// Sends one bulk payload and waits for the payload that answers it.
    fn ask_bulk(&mut self, kind: u32, name: &str, payload: &[u8]) -> Result<Vec<u8>, Error> {
        if self.options().framing != Framing::Binary {
            return Err(Error::Usage("the bulk lane needs a connection of binary framing".into()));
        }
        let ticket: Ticket = self.send_bulk(kind, name, payload)?;
        self.wait(ticket)?;
        self.take_bulk(ticket).ok_or_else(|| Error::Shape {
            method: name.to_owned(),
            reason: "an answer in JSON instead of a payload".to_owned(),
        })
    }
}
