//! The API as data: every method described once.
//!
//! A method's name, summary, params, result and example are declared here, by subject, in
//! [`methods`]; from the declarations come the dispatcher's typed params, `rpc.discover`, the
//! reference page and completions. There are no handlers here: those are in `rpc`, bound to these
//! declarations.

pub mod args;
pub mod box_form;
pub mod bulk;
pub mod color_form;
pub mod instance;
pub mod json;
pub(crate) mod macros;
pub(crate) mod member;
pub mod method;
pub mod methods;
pub mod notes;
mod number_row;
pub mod operations;
mod param_error;
mod part;
pub mod schema;
pub mod source;
pub mod value;
mod voxel_scanner;
pub mod words;

pub use args::{Args, ParamError};
pub use box_form::{BoxParam, Corners};
pub use color_form::Color;
pub use method::{Call, Effect, Example, Method, Param, Params, ResultType};
pub use part::PartRef;
pub use value::{LayerRef, ParamType, Position, Value};
