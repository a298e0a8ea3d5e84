//! The engine beside crates that do the same, in one table: `make bench-peers`.
//!
//! Takes the words and options of `make bench`. A crate of its own, so that no peer is ever a
//! dependency of the daemon.

mod chunks;
mod conversions;
#[path = "../../harness.rs"]
#[allow(dead_code)]
mod harness;
mod mesh_rows;
mod meshers;
#[path = "../../scenes/mod.rs"]
mod scenes;
mod surface_rows;
mod vox_rows;

use harness::Bench;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, from, to] = args.as_slice()
        && flag == conversions::CHILD
    {
        return conversions::convert(from.as_ref(), to.as_ref());
    }
    let mut bench = Bench::from_args(args.into_iter());
    mesh_rows::rows(&mut bench);
    vox_rows::rows(&mut bench);
    surface_rows::rows(&mut bench);
    conversions::rows(&mut bench);
    bench.finish();
}
