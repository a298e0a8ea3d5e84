//! Volume to triangles.
