//! Every method as data.
