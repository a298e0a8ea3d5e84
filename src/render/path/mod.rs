//! Path tracing: pictures as a camera would take them, with light that goes from surface to
//! surface.
//!
//! Each sample of each pixel has its own numbers that look like chance, and the sums are added up
//! in the order of the samples: the same call gives the same bytes in any slices and on any number
//! of threads. What is drawn grows by one sample of each pixel at a time, so it can be ended at any
//! time after the first.

mod driver;
mod filter;
mod random;
mod scatter;
mod sky;
mod tracer;

pub(crate) use driver::trace;
