//! Why something cannot be looked at.

use crate::api::ParamError;
use crate::render::{FileError, RenderError};

/// Why something cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// A param, with lists of what there is under their names.
    #[error("{error}")]
    Param {
        /// What is wrong with it.
        error: Box<ParamError>,
        /// What there is.
        lists: Vec<(&'static str, Vec<String>)>,
    },
    /// It cannot be drawn.
    #[error("Failed to render scene: {0}")]
    Render(#[from] RenderError),
    /// It cannot be encoded.
    #[error("{0}")]
    File(#[from] FileError),
}

impl From<ParamError> for Refusal {
    fn from(error: ParamError) -> Self {
        Refusal::Param { error: Box::new(error), lists: Vec::new() }
    }
}

impl Refusal {
    /// Adds a list of what there is.
    pub fn with<T: Into<String>>(
        mut self,
        name: &'static str,
        known: impl IntoIterator<Item = T>,
    ) -> Self {
        if let Refusal::Param { lists, .. } = &mut self {
            lists.push((name, known.into_iter().map(Into::into).collect()));
        }
        self
    }
}
