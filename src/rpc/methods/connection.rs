//! Handlers about connections to the daemon.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::entries;
use crate::api::ParamError;
use crate::api::methods::connection::*;
use crate::api::methods::system::NoParams;
use crate::disk;
use crate::file_access::{Roots, refusal_of};
use crate::job::Work;
use crate::rpc::context::{Context, Outcome};
use crate::rpc::error::{INVALID_PARAMS, OUTSIDE_ROOTS, RpcError};
use crate::rpc::table::Handle;
use crate::rpc::{ConnectionId, ConnectionInfo, KEEPALIVE_MISSES};

entries![
    ListConnections,
    InspectConnection,
    NameConnection,
    KillConnection,
    KeepConnectionAlive,
    ConnectionAlive,
    ConfineConnection,
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

/// The roots that a caller asks for, or the one that cannot be had and why.
type Narrowed = Result<Roots, (PathBuf, io::Error)>;

/// Opens the directories that a caller asks for; a helper does it.
fn narrow(current: Option<Arc<Roots>>, roots: Vec<PathBuf>, read: Vec<PathBuf>) -> Work<Narrowed> {
    Work::new(move |slice| async move {
        let first = roots.first().or(read.first()).cloned().unwrap_or_default();
        let opened = disk::run(&slice, &first, move |note| {
            note.step("open")?;
            Ok(Roots::narrow(current.as_deref(), &roots, &read))
        });
        opened.await.unwrap_or_else(|error| Err((first, error)))
    })
}

fn cannot_confine(path: &Path, error: &io::Error) -> RpcError {
    let is_outside = refusal_of(error).is_some();
    let code = if is_outside { OUTSIDE_ROOTS } else { INVALID_PARAMS };
    let hint =
        if is_outside { "a connection can only be confined further" } else { "name directories" };
    RpcError::new(code, format!("Cannot confine to '{}': {error}", path.display()))
        .with("param", "roots")
        .with("path", path.to_string_lossy())
        .hint(hint)
}

impl Handle for ConfineConnection {
    fn handle(
        context: &mut Context<'_>,
        params: ConfineParams<'_>,
    ) -> Result<Outcome<Confined>, RpcError> {
        if params.roots.is_none() && params.read_roots.is_none() {
            let message = "Missing required parameter: roots or read_roots";
            return Err(ParamError::rule("roots", message).into());
        }
        let (caller, current) = (context.caller, context.daemon.roots_of(context.caller));
        let start = current.as_ref().and_then(|roots| roots.first().map(Path::to_owned));
        let start = start.unwrap_or_default();
        let paths = |paths: Option<Vec<Cow<'_, str>>>| {
            let paths = paths.unwrap_or_default();
            paths.iter().map(|path| start.join(&**path)).collect::<Vec<_>>()
        };
        let job = narrow(current, paths(params.roots), paths(params.read_roots));
        Ok(Outcome::job(job, move |context, narrowed| {
            let roots = narrowed.map_err(|(path, error)| cannot_confine(&path, &error))?;
            let (writable, read_roots) = (roots.paths(true), roots.paths(false));
            context.daemon.own_roots.insert(caller, Arc::new(roots));
            Ok(Confined { success: true, roots: writable, read_roots })
        }))
    }
}
