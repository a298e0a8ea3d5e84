//! PNG pictures whose rows are so long that one of them is too much for a unit of work: decoded and encoded piece by
//! piece.

mod data;
mod pixel;
mod rows;
mod write;

use std::io::{Error, ErrorKind};

pub(super) use rows::WideRows;
pub(super) use write::WideWriter;

fn invalid(what: String) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}
