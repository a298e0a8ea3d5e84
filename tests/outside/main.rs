//! Programs in other languages against the real daemon: the examples, and the stability and load tests in
//! short form. What is not installed is skipped by name.

#[path = "../../scripts/examples/house.rs"]
#[allow(dead_code)]
mod house;
#[path = "../support/process.rs"]
mod process;

mod examples;
mod stability;
