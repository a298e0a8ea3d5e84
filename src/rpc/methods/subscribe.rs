//! Handlers by which a connection hears of changes.

use std::time::Duration;

use super::entries;
use crate::api::methods::subscribe::*;
use crate::rpc::context::{Context, Outcome, no_such_project};
use crate::rpc::error::{OVER_LIMIT, RpcError};
use crate::rpc::table::Handle;

entries![Subscribe, Unsubscribe];

impl Handle for Subscribe {
    fn handle(
        context: &mut Context<'_>,
        params: SubscribeParams<'_>,
    ) -> Result<Outcome<SubscribeResult>, RpcError> {
        let Some(project) = context.workspace.project(&params.project) else {
            return Err(no_such_project(context.workspace, &params.project));
        };
        let revision = project.revision();
        let min_interval_ms = u64::try_from(params.min_interval_ms.0).unwrap_or_default();
        let subscriptions = &mut context.daemon.subscriptions;
        subscriptions.collect(context.workspace);
        let interval = Duration::from_millis(min_interval_ms);
        if !subscriptions.add(context.caller, &params.project, interval) {
            let limit = subscriptions.limit;
            let message = format!(
                "This connection has {limit} subscriptions, the most there may be (--max-subscriptions)"
            );
            return Err(RpcError::new(OVER_LIMIT, message)
                .with("limit", limit)
                .hint("goxel.unsubscribe ends those that are not needed"));
        }
        Ok(SubscribeResult {
            success: true,
            project: params.project.into_owned(),
            revision,
            min_interval_ms,
            subscriptions: subscriptions.count(context.caller),
        }
        .into())
    }
}

impl Handle for Unsubscribe {
    fn handle(
        context: &mut Context<'_>,
        params: UnsubscribeParams<'_>,
    ) -> Result<Outcome<UnsubscribeResult>, RpcError> {
        let subscriptions = &mut context.daemon.subscriptions;
        let removed = subscriptions.remove(context.caller, params.project.as_deref());
        let subscriptions = subscriptions.count(context.caller);
        Ok(UnsubscribeResult { success: true, removed, subscriptions }.into())
    }
}
