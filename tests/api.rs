//! Methods and their results, called without a server.

mod api {
    mod answers;
    mod cases;
    mod described;
    mod documented;
    mod edit;
    mod envelope;
    mod file_secrets;
    mod file_slices;
    mod files;
    mod goldens;
    mod layers;
    mod look;
    mod manners;
    mod model;
    mod old_clients;
    mod operations;
    mod own_files;
    mod reading;
    mod revisions;
    mod scene;
    mod selection;
    mod slices;
    mod subscribe;
    mod tools;
    mod turns;
    mod understood;
}
mod support;
