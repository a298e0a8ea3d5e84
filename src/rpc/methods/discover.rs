//! The handler by which the API describes itself.

use super::entries;
use crate::api::methods::discover::*;
use crate::api::operations::{OPERATIONS, no_such_operation, operation};
use crate::rpc::context::{Context, Outcome};
use crate::rpc::describe::{brief, openrpc};
use crate::rpc::error::{INVALID_PARAMS, RpcError};
use crate::rpc::table::{Handle, find};

entries![Discover];

impl Handle for Discover {
    fn handle(
        context: &mut Context<'_>,
        params: DiscoverParams<'_>,
    ) -> Result<Outcome<OpenRpcDocument>, RpcError> {
        if let Some(name) = params.method {
            let entry = find(&name).map_err(|error| {
                RpcError { code: INVALID_PARAMS, ..error }.with("param", "method")
            })?;
            return Ok(OpenRpcDocument(brief::method(entry).to_string().into()).into());
        }
        if let Some(name) = params.op {
            let known = OPERATIONS.iter().map(|info| info.name).collect();
            let info = operation(&name).ok_or_else(|| no_such_operation(&name, known))?;
            return Ok(OpenRpcDocument(brief::operation(info).to_string().into()).into());
        }
        match openrpc::known_text() {
            Some(text) => Ok(OpenRpcDocument(text.into()).into()),
            None => Outcome::work(context, |slice| async move {
                Ok(OpenRpcDocument(openrpc::text(&slice).await.into()))
            }),
        }
    }
}
