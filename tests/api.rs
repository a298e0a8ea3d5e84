//! Methods and their results, called without a server.

mod api {
    mod cases;
    mod described;
    mod documented;
    mod edit;
    mod envelope;
    mod file_secrets;
    mod file_slices;
    mod files;
    mod layers;
    mod look;
    mod manners;
    mod model;
    mod own_files;
    mod reading;
    mod revisions;
    mod scene;
    mod selection;
    mod slices;
    mod subscribe;
    mod tools;
    mod turns;
}
mod support;
