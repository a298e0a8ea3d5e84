//! Document to pixels.
