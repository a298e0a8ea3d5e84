//! Handlers about connections to the daemon.

use std::time::Duration;

use super::entries;
use crate::api::methods::connection::*;
use crate::api::methods::system::NoParams;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::{INVALID_PARAMS, RpcError};
use crate::rpc::table::Handle;
use crate::rpc::{ConnectionId, ConnectionInfo, KEEPALIVE_MISSES};

entries![
    ListConnections,
    InspectConnection,
    NameConnection,
    KillConnection,
    KeepConnectionAlive,
    ConnectionAlive,
];

fn listed(info: ConnectionInfo, caller: ConnectionId) -> ListedConnection {
    ListedConnection {
        id: info.id,
        name: info.name,
        protocol: info.protocol.to_owned(),
        peer_pid: info.peer_pid,
        peer_uid: info.peer_uid,
        age_ms: info.age_ms,
        idle_ms: info.idle_ms,
        calls: info.calls,
        errors: info.errors,
        bytes_in: info.bytes_in,
        bytes_out: info.bytes_out,
        buffered: info.buffered,
        own: info.id == caller.0,
    }
}

fn no_such_connection(id: u64) -> RpcError {
    RpcError::new(INVALID_PARAMS, format!("Invalid params: no connection has the number {id}"))
        .with("param", "id")
        .with("got", id)
        .hint("connection.list shows the open connections; nothing was changed")
}

impl Handle for ListConnections {
    fn handle(context: &mut Context<'_>, _: NoParams) -> Result<Outcome<ConnectionList>, RpcError> {
        let caller = context.caller;
        let all = context.host.connections();
        let connections: Vec<_> = all.into_iter().map(|info| listed(info, caller)).collect();
        Ok(ConnectionList { count: connections.len(), connections }.into())
    }
}

impl Handle for InspectConnection {
    fn handle(
        context: &mut Context<'_>,
        params: ConnectionInfoParams,
    ) -> Result<Outcome<ListedConnection>, RpcError> {
        let caller = context.caller;
        let id = params.id.map_or(caller.0, |id| id.0.unsigned_abs());
        let info = context.host.connections().into_iter().find(|info| info.id == id);
        let info = info.ok_or_else(|| no_such_connection(id))?;
        Ok(listed(info, caller).into())
    }
}

impl Handle for NameConnection {
    fn handle(
        context: &mut Context<'_>,
        params: NameParams<'_>,
    ) -> Result<Outcome<ConnectionChanged>, RpcError> {
        let name = params.name.trim();
        if name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
            let expected =
                format!("at most {MAX_NAME} characters, none of them a control character");
            let message = format!("Invalid params: expected a name of {expected}");
            return Err(RpcError::new(INVALID_PARAMS, message)
                .with("param", "name")
                .with("expected", expected));
        }
        context.host.set_name(context.caller, name);
        Ok(ConnectionChanged { success: true, id: context.caller.0 }.into())
    }
}

impl Handle for KillConnection {
    fn handle(
        context: &mut Context<'_>,
        params: KillParams,
    ) -> Result<Outcome<ConnectionChanged>, RpcError> {
        let id = params.id.0.unsigned_abs();
        if !context.host.close(ConnectionId(id)) {
            return Err(no_such_connection(id));
        }
        Ok(ConnectionChanged { success: true, id }.into())
    }
}

impl Handle for KeepConnectionAlive {
    fn handle(
        context: &mut Context<'_>,
        params: KeepaliveParams,
    ) -> Result<Outcome<KeepaliveResult>, RpcError> {
        let interval_ms = params.interval_ms.0.unsigned_abs();
        let interval = (interval_ms > 0).then(|| Duration::from_millis(interval_ms));
        context.host.set_keepalive(context.caller, interval);
        let result =
            KeepaliveResult { success: true, interval_ms, misses_allowed: KEEPALIVE_MISSES };
        Ok(result.into())
    }
}

impl Handle for ConnectionAlive {
    fn handle(_: &mut Context<'_>, _: AliveParams<'_>) -> Result<Outcome<AliveResult>, RpcError> {
        // The loop has counted the message itself.
        Ok(AliveResult { success: true }.into())
    }
}
