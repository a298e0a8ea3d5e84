//! `.schem` of Sponge, versions 1 to 3, and `.schematic` of MCEdit: gzip around tags; y up.

use super::blocks::Blocks;
use super::nbt::{self, Tag};
use crate::format::FormatError;
use crate::format::bytes::{Bytes, FileBytes};
use crate::format::import::{Parts, Sink, add, standing, turned};
use crate::format::unpack::Unpacking;

pub(in crate::format::import) const NAME: &str = "schem";

pub(in crate::format::import) fn start(
    file: &FileBytes,
    sink: &mut Sink,
) -> Result<Parts, FormatError> {
    // One byte more tells that there are too many.
    let most = usize::try_from(sink.limits.max_unpacked_bytes).unwrap_or(usize::MAX);
    let mut stage = Stage::Unpacking(Unpacking::gzip(file, most.saturating_add(1)));
    Ok(Box::new(move |_, sink| {
        stage = match std::mem::replace(&mut stage, Stage::Over) {
            Stage::Unpacking(unpacking) => unpack(unpacking, sink)?,
            Stage::Tags(tags) => read_tags(tags, sink)?,
            Stage::Voxels(voxels) => voxels.advance(sink)?,
            Stage::Over => Stage::Over,
        };
        Ok(!matches!(stage, Stage::Over))
    }))
}

/// What is done with a file, in this order.
enum Stage {
    Unpacking(Unpacking),
    Tags(nbt::Reader),
    Voxels(Voxels),
    Over,
}

/// The error about a file as a whole.
fn invalid(what: String, expected: &str) -> FormatError {
    Bytes::new(&[], NAME).invalid(what, expected)
}

fn missing(what: &str) -> FormatError {
    invalid(format!("a schematic without {what}"), what)
}

fn unpack(mut unpacking: Unpacking, sink: &mut Sink) -> Result<Stage, FormatError> {
    if unpacking.advance().map_err(|error| invalid(error.to_string(), "a gzip stream"))? {
        return Ok(Stage::Unpacking(unpacking));
    }
    let (got, limit) = (unpacking.len() as u64, sink.limits.max_unpacked_bytes);
    if got > limit {
        return Err(FormatError::Limit {
            what: "the unpacked schematic in bytes".to_owned(),
            limit_name: "max_unpacked_bytes",
            limit,
            got,
        });
    }
    sink.allowance.take(got)?;
    Ok(Stage::Tags(nbt::Reader::new(unpacking.into_bytes(), NAME)))
}

fn read_tags(mut tags: nbt::Reader, sink: &mut Sink) -> Result<Stage, FormatError> {
    let root = tags.advance()?;
    sink.progress = tags.progress();
    match root {
        None => Ok(Stage::Tags(tags)),
        Some(root) => Voxels::find(root, tags.into_data()).map(Stage::Voxels),
    }
}

/// The voxels of a schematic: their blocks get colours, then are checked, then placed.
struct Voxels {
    data: FileBytes,
    size: [i64; 3],
    blocks: Blocks,
    checked: bool,
    /// The next block, and how many bytes of all are read.
    index: i64,
    at: usize,
}

impl Voxels {
    fn find(mut root: Tag, data: FileBytes) -> Result<Self, FormatError> {
        let mut root = root.take(&data, "Schematic").unwrap_or(root);
        let edge = |key: &str| {
            let value = root.number(&data, key).map(|value| value & 0xffff);
            value.ok_or_else(|| missing(key))
        };
        let size = [edge("Width")?, edge("Height")?, edge("Length")?];
        let blocks = Blocks::find(&mut root, &data);
        let blocks = blocks.ok_or_else(no_blocks)?;
        Ok(Voxels { data, size, blocks, checked: false, index: 0, at: 0 })
    }

    /// Does a unit of work.
    fn advance(mut self, sink: &mut Sink) -> Result<Stage, FormatError> {
        if self.blocks.color_some(&self.data) {
            return Ok(Stage::Voxels(self));
        }
        let more = match self.checked {
            true => self.place_some(sink)?,
            false => self.check_some()?,
        };
        sink.progress = (self.at, self.blocks.length());
        Ok(if more { Stage::Voxels(self) } else { Stage::Over })
    }

    /// Looks whether some blocks are right, and after all of them whether they are as many as they must be.
    fn check_some(&mut self) -> Result<bool, FormatError> {
        let run = self.blocks.read(&self.data, self.at, |_| {
            self.index += 1;
            Ok(())
        });
        self.at += run?.ok_or_else(no_blocks)?;
        if self.at == self.blocks.length() {
            let count: i64 = self.size.iter().product();
            if self.index != count {
                let (found, expected) = (self.index, format!("{count} blocks"));
                return Err(invalid(format!("{found} blocks"), &expected));
            }
            (self.checked, self.at, self.index) = (true, 0, 0);
        }
        Ok(true)
    }

    /// Places some blocks; false once all are placed.
    fn place_some(&mut self, sink: &mut Sink) -> Result<bool, FormatError> {
        let [width, height, length] = self.size;
        let corner = standing([width, length, height]);
        let run = self.blocks.read(&self.data, self.at, |color| {
            let index = self.index;
            self.index += 1;
            let Some(color) = color else { return Ok(()) };
            let cell = [index % width, index / width / length, index / width % length];
            let [x, y, z] = turned(cell);
            sink.set(add(corner, [x, y + length, z]), color)
        });
        self.at += run?.ok_or_else(no_blocks)?;
        Ok(self.at < self.blocks.length())
    }
}

fn no_blocks() -> FormatError {
    missing("block data and palette")
}
