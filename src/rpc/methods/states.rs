//! Earlier states of a project, by the position in its history or by revision.

use crate::api::ParamError;
use crate::rpc::error::RpcError;
use crate::workspace::Project;

/// A position of the history, if there is one.
pub fn known_position(
    project: &Project,
    param: &'static str,
    position: u64,
) -> Result<usize, RpcError> {
    let (_, count) = project.history().position();
    let known = usize::try_from(position).ok().filter(|&index| index <= count);
    known.ok_or_else(|| {
        let message = format!("Invalid parameter '{param}': expected 0 to {count}, got {position}");
        RpcError::from(ParamError::rule(param, message))
            .with("got", position)
            .hint("goxel.history lists the positions; nothing was changed")
    })
}

/// The position of the state that a revision shows.
pub fn position_of_revision(
    project: &Project,
    param: &'static str,
    revision: u64,
) -> Result<usize, RpcError> {
    let history = project.history();
    history.position_of(revision).ok_or_else(|| {
        let (oldest, current) = (history.oldest_revision(), history.revision());
        let reason = match revision {
            _ if revision > current => format!("the project is at revision {current}"),
            _ if revision < oldest => format!("the oldest one still known is {oldest}"),
            _ => format!(
                "what it showed was undone and then given up; the oldest one still known is {oldest}"
            ),
        };
        let message = format!("Invalid parameter '{param}': no state of revision {revision}: {reason}");
        RpcError::from(ParamError::rule(param, message))
            .with("got", revision)
            .with("oldest_revision", oldest)
            .with("revision", current)
            .hint("goxel.history lists the revisions that made the known states; nothing was changed")
    })
}
