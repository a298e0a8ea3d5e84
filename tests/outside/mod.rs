//! Programs in other languages against the real daemon: the examples, and the stability and load
//! tests in short form. What is not installed is skipped by name.

mod examples;
#[path = "../../scripts/examples/house.rs"]
#[allow(dead_code)]
mod house;
mod main_job;
mod stability;
