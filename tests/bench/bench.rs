//! The benchmark program: every row against its peer in the same run.
//!
//! `make bench` prints a table; `--json` prints the same as JSON; words pick rows whose name
//! contains one of them; `--rounds N` measures N times (at least 5). Each file beside this one adds
//! the rows of one area through a function `rows`.

mod edit_rows;
mod fill_rows;
mod format_rows;
mod growth_rows;
mod harness;
mod index_rows;
mod memory_rows;
mod operation_rows;
mod script_rows;
mod shape_rows;

use harness::Bench;

fn main() {
    let mut bench = Bench::from_args(std::env::args().skip(1));
    index_rows::rows(&mut bench);
    edit_rows::rows(&mut bench);
    shape_rows::rows(&mut bench);
    operation_rows::rows(&mut bench);
    fill_rows::rows(&mut bench);
    growth_rows::rows(&mut bench);
    format_rows::rows(&mut bench);
    memory_rows::rows(&mut bench);
    script_rows::rows(&mut bench);
    bench.finish();
}
