//! The handler by which the API describes itself.

use super::entries;
use crate::api::methods::discover::*;
use crate::api::methods::system::NoParams;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::describe::openrpc;
use crate::rpc::error::RpcError;
use crate::rpc::table::Handle;

entries![Discover];

impl Handle for Discover {
    fn handle(
        context: &mut Context<'_>,
        _: NoParams,
    ) -> Result<Outcome<OpenRpcDocument>, RpcError> {
        match openrpc::known_text() {
            Some(text) => Ok(OpenRpcDocument(text).into()),
            None => Outcome::work(context, |slice| async move {
                Ok(OpenRpcDocument(openrpc::text(&slice).await))
            }),
        }
    }
}
