//! `.mts`, schematics of Luanti: names of nodes, then a number for each cell; y up, swapped with z
//! as Goxel does.

use super::palette::Palette;
use crate::format::FormatError;
use crate::format::bytes::{Bytes, FileBytes};
use crate::format::import::{CELLS_A_UNIT, Parts, Sink, add, standing};
use crate::format::unpack::Packed;

pub(in crate::format::import) const NAME: &str = "luanti";
/// Names read in one unit of work.
const NAMES_A_UNIT: usize = 256;

/// Big-endian numbers of 16 bits.
struct Words<'a> {
    bytes: Bytes<'a>,
}

impl Words<'_> {
    fn next(&mut self, what: &str) -> Result<usize, FormatError> {
        let raw = self.bytes.take(2, what)?;
        Ok(usize::from(raw[0]) << 8 | usize::from(raw[1]))
    }
}

pub(in crate::format::import) fn start(
    file: &FileBytes,
    _: &mut Sink,
) -> Result<Parts, FormatError> {
    let mut bytes = Bytes::new(file, NAME);
    if bytes.take(4, "the magic")? != b"MTSM" {
        return Err(bytes.invalid_at(0, "another magic", "\"MTSM\""));
    }
    let mut words = Words { bytes };
    let version = words.next("the version")?;
    let [x, y, z] = [0; 3].map(|_| words.next("the size"));
    let size = [x?, y?, z?];
    if version >= 3 {
        words.bytes.take(size[1], "probabilities of slices")?;
    }
    let names = words.next("the number of names")?;
    let (file, at) = (file.clone(), words.bytes.position());
    let mut schematic =
        Schematic { file, at, size, names, palette: Palette::default(), numbers: None };
    Ok(Box::new(move |_, sink| schematic.advance(sink)))
}

/// A file whose names are read, then the number of each cell.
struct Schematic {
    file: FileBytes,
    /// Where the next name begins, or the compressed numbers.
    at: usize,
    /// x, y, z as the file has them: y is up.
    size: [usize; 3],
    names: usize,
    palette: Palette,
    numbers: Option<Packed>,
}

impl Schematic {
    /// Reads some names, unpacks some numbers or sets some voxels; false once all are set.
    fn advance(&mut self, sink: &mut Sink) -> Result<bool, FormatError> {
        if self.palette.len() < self.names {
            self.read_names()?;
            return Ok(true);
        }
        let Some(numbers) = &mut self.numbers else {
            self.numbers = Some(self.packed_numbers(sink)?);
            return Ok(true);
        };
        let bytes = Bytes::new(&self.file, NAME).at(self.at);
        let expected = "a number for each cell";
        sink.progress = numbers.progress();
        if !numbers.unpack().map_err(|found| bytes.invalid(found, expected))? {
            return Ok(true);
        }
        let [width, height, depth] = self.size;
        let corner = standing([width, depth, height].map(|length| length as i64));
        let (first, run) = numbers.run(2 * CELLS_A_UNIT as usize);
        for (index, &number) in (first / 2..).zip(run.as_chunks::<2>().0) {
            let number = usize::from(u16::from_be_bytes(number));
            let cell = [index % width, index / width / height, index / width % height];
            let at = add(corner, cell.map(|value| value as i64));
            if !self.palette.place(number, at, sink)? {
                let expected = format!("below {}", self.palette.len());
                return Err(bytes.invalid(format!("node number {number}"), expected));
            }
        }
        if numbers.is_over() {
            self.palette.tell(&mut sink.report);
        }
        Ok(!numbers.is_over())
    }

    fn read_names(&mut self) -> Result<(), FormatError> {
        let mut words = Words { bytes: Bytes::new(&self.file, NAME).at(self.at) };
        for _ in self.palette.len()..self.names.min(self.palette.len() + NAMES_A_UNIT) {
            let length = words.next("a name's length")?;
            let name = String::from_utf8_lossy(words.bytes.take(length, "a name")?);
            self.palette.push(&name);
        }
        self.at = words.bytes.position();
        Ok(())
    }

    fn packed_numbers(&self, sink: &mut Sink) -> Result<Packed, FormatError> {
        let length = 2 * self.size.iter().product::<usize>();
        sink.allowance.take(length as u64)?;
        let bytes = Bytes::new(&self.file, NAME).at(self.at);
        Packed::new(&self.file, self.at..self.file.len(), length)
            .map_err(|found| bytes.invalid(found, "a number for each cell"))
    }
}
