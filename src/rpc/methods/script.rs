//! The handler of `goxel.execute_script`.

use super::entries;
use crate::api::ParamError;
use crate::api::methods::script::*;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::{NOT_BUILT_IN, RpcError};
use crate::rpc::table::Handle;

entries![ExecuteScript];

impl Handle for ExecuteScript {
    fn handle(
        _: &mut Context<'_>,
        params: ExecuteScriptParams<'_>,
    ) -> Result<Outcome<ExecuteScriptResult>, RpcError> {
        if params.script.is_none() && params.path.is_none() {
            let message = "Must specify either 'script' (code) or 'path' parameter";
            return Err(ParamError::rule("script", message).into());
        }
        let message = "Scripts are not built in: this daemon has no script engine";
        Err(RpcError::new(NOT_BUILT_IN, message)
            .hint("goxel.edit carries out many operations in one call; nothing was changed"))
    }
}
