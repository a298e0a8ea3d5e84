//! From message to answer.

use std::borrow::Cow;
use std::cell::Cell;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::answer::AnswerForm;
use super::begin::{Begun, note_no_call};
use super::context::{Context, Daemon};
use super::envelope::{Call, Envelope, Message, not_utf8};
use super::exchange::Exchange;
use super::kept::DEFAULT_COMPACT_BYTES;
use super::limits::Limits;
use super::session::Sessions;
use super::stop::Remembered;
use super::table::Table;
use super::{ConnectionId, Host, RpcError};
use crate::api::instance::Instance;
use crate::api::json::{Elements, reading, with_long_values};
use crate::file_access::Roots;
use crate::job::Budget;
use crate::journal::{Journal, Notes};
use crate::render_store::{RenderStore, RenderStoreSettings};
use crate::script::crew;
use crate::wire::{CallParts, LongText, LongValues};
use crate::workspace::{Carrying, Workspace};

/// Everything that calls act on, and the table of methods.
pub struct Service {
    pub(super) table: Table,
    pub(super) workspace: Workspace,
    pub(super) daemon: Daemon,
    pub(super) sessions: Sessions,
    /// What makes the projects survive, if anything does.
    pub(super) journal: Option<Box<Journal>>,
    /// Calls that have not come up and are to be stopped then.
    pub(super) cancelled: Vec<Remembered>,
    /// The number of the last call that went on in slices.
    pub(super) last_job: Cell<u64>,
    /// Projects on their way into a new log.
    pub(super) carrying: Option<(Carrying, Notes)>,
    /// Whether a call has had anything to do with documents since somebody asked.
    pub(super) has_looked: bool,
    /// Whether nobody has changed anything for a while.
    pub(super) is_at_rest: bool,
    /// Bytes of records after which the journal is written anew.
    pub compact_bytes: u64,
    /// Voxels that one request of the bulk lane may have.
    pub(super) bulk_voxels: u64,
    #[cfg(feature = "mcp")]
    pub(super) agents: super::agents::Agents,
}

/// How far a message got in its first slice.
pub enum Handled {
    /// The answer, if one was due, is in the buffer.
    Finished,
    /// More slices are needed; nothing has been written to the buffer yet.
    Pending(Box<Exchange>),
}

impl Default for Service {
    fn default() -> Self {
        Service::new(Workspace::default())
    }
}

impl Service {
    /// A service on these projects.
    pub fn new(workspace: Workspace) -> Self {
        Service {
            table: Table::default(),
            workspace,
            daemon: Daemon::new(),
            sessions: Sessions::default(),
            journal: None,
            cancelled: Vec::new(),
            last_job: Cell::default(),
            carrying: None,
            has_looked: false,
            is_at_rest: false,
            compact_bytes: DEFAULT_COMPACT_BYTES,
            bulk_voxels: Limits::default().bulk_voxels,
            #[cfg(feature = "mcp")]
            agents: super::agents::Agents::default(),
        }
    }

    /// The open projects.
    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// The open projects, to change.
    pub fn workspace_mut(&mut self) -> &mut Workspace {
        &mut self.workspace
    }

    /// Sets how much is kept and done for callers.
    pub fn set_limits(&mut self, limits: Limits) {
        self.bulk_voxels = limits.bulk_voxels;
        self.daemon.subscriptions.limit = limits.subscriptions;
        self.sessions.limits = limits.sessions;
        crew::set_limits(limits.scripts);
        self.daemon.limits = limits;
    }

    /// Sets where kept pictures go; what was kept before is removed.
    pub fn set_render_store(&mut self, settings: RenderStoreSettings) {
        self.daemon.renders = RenderStore::new(settings);
    }

    /// Keeps pictures in this store from now on.
    pub fn set_renders(&mut self, renders: RenderStore) {
        self.daemon.renders = renders;
    }

    /// Sets where the user's own scripts are.
    pub fn set_script_directory(&mut self, directory: Option<PathBuf>) {
        self.daemon.script_directory = directory;
    }

    /// Confines all callers to directories, for the paths that they name.
    pub fn set_roots(&mut self, roots: Option<Arc<Roots>>) {
        self.daemon.roots = roots;
    }

    /// The kept pictures.
    pub fn renders_mut(&mut self) -> &mut RenderStore {
        &mut self.daemon.renders
    }

    /// The name of this run of the daemon.
    pub fn instance(&self) -> Instance {
        self.daemon.instance
    }

    /// Handles one complete message of a connection: a call, a batch or a tool object. Appends its
    /// answer to `out`: compact JSON on one line, without line feed or header; nothing if no answer
    /// is due.
    pub fn handle(
        &mut self,
        message: &[u8],
        caller: ConnectionId,
        host: &mut dyn Host,
        out: &mut Vec<u8>,
    ) -> Handled {
        self.handle_parsed(Message::parse(message), caller, host, out)
    }

    /// The same for a message whose grammar the decoder has checked, and of which it knows long
    /// parts.
    pub fn handle_checked(
        &mut self,
        message: &[u8],
        long: &LongValues,
        caller: ConnectionId,
        host: &mut dyn Host,
        out: &mut Vec<u8>,
    ) -> Handled {
        with_long_values(message, long, || {
            self.handle_parsed(Message::of_checked(message), caller, host, out)
        })
    }

    /// The same for a long message, which is shared with work that goes on.
    pub fn handle_long(
        &mut self,
        text: &Arc<LongText>,
        caller: ConnectionId,
        host: &mut dyn Host,
        out: &mut Vec<u8>,
    ) -> Handled {
        let handled = reading(text, || {
            let message = Message::of_text(text.as_str());
            self.handle_parsed(Ok(message), caller, host, out)
        });
        match handled {
            Handled::Finished => Handled::Finished,
            Handled::Pending(mut exchange) => {
                exchange.held = text.as_str().len();
                Handled::Pending(exchange)
            }
        }
    }

    /// Refuses a message that is UTF-8 only up to an offset.
    pub fn refuse_bytes(
        &mut self,
        offset: usize,
        caller: ConnectionId,
        host: &mut dyn Host,
        out: &mut Vec<u8>,
    ) -> Handled {
        self.handle_parsed(Err(not_utf8(offset)), caller, host, out)
    }

    fn handle_parsed(
        &mut self,
        message: Result<Message<'_>, RpcError>,
        caller: ConnectionId,
        host: &mut dyn Host,
        out: &mut Vec<u8>,
    ) -> Handled {
        match message {
            Err(error) => {
                error.write_answer("null", out);
                note_no_call(caller, &error, host);
                Handled::Finished
            }
            Ok(Message::Single(envelope)) => self.handle_single(envelope, caller, host, out),
            Ok(Message::Batch(text)) => self.handle_batch(text, caller, host, out),
        }
    }

    /// Handles a message whose parts the decoder has found. The same as [`Service::handle`],
    /// without reading it again.
    pub fn handle_call(
        &mut self,
        message: &[u8],
        parts: &CallParts,
        caller: ConnectionId,
        host: &mut dyn Host,
        out: &mut Vec<u8>,
    ) -> Handled {
        match Call::of_parts(message, parts) {
            Some(call) => self.handle_single(Envelope::Call(call), caller, host, out),
            None => self.handle(message, caller, host, out),
        }
    }

    fn handle_single(
        &mut self,
        envelope: Envelope<'_>,
        caller: ConnectionId,
        host: &mut dyn Host,
        out: &mut Vec<u8>,
    ) -> Handled {
        match self.begin(envelope, false, caller, host, out) {
            Begun::Finished => Handled::Finished,
            Begun::Running(running) => Handled::Pending(Box::new(Exchange {
                running: Some(*running),
                ..Exchange::new(caller)
            })),
        }
    }

    /// Handles one payload of the binary bulk lane. What it appends, if it finishes at once, is an
    /// error in JSON.
    pub fn handle_bulk(
        &mut self,
        kind: u32,
        payload: Cow<'_, [u8]>,
        caller: ConnectionId,
        host: &mut dyn Host,
        out: &mut Vec<u8>,
    ) -> Handled {
        match self.begin_bulk(kind, payload, caller, host) {
            Ok(exchange) => Handled::Pending(Box::new(exchange)),
            Err(error) => {
                AnswerForm::<&str>::Bulk.error(&error, out);
                note_no_call(caller, &error, host);
                Handled::Finished
            }
        }
    }

    /// Goes on with a message for one slice; true when it is finished and its answer, if one was
    /// due, is in `out`.
    pub fn step(
        &mut self,
        exchange: &mut Exchange,
        host: &mut dyn Host,
        budget: &mut Budget,
        out: &mut Vec<u8>,
    ) -> bool {
        let is_finished = self.advance(exchange, host, budget);
        if is_finished {
            exchange.take_answer().iter().for_each(|piece| out.extend_from_slice(piece));
        }
        is_finished
    }

    /// The same; the answer stays with the message.
    pub fn advance(
        &mut self,
        exchange: &mut Exchange,
        host: &mut dyn Host,
        budget: &mut Budget,
    ) -> bool {
        if let Some(running) = exchange.running.take()
            && !self.step_call(running, exchange, host, budget)
        {
            return false;
        }
        match exchange.batch.take() {
            None => true,
            Some(mut rest) => {
                let mut elements = Elements::resume(rest.text.as_str(), rest.offset);
                let finished =
                    rest.text.reading(|| self.run_batch(exchange, &mut elements, host, budget));
                rest.offset = elements.offset();
                exchange.batch = Some(rest);
                finished
            }
        }
    }

    /// Drops a message that nobody waits for any more; what it changed in part is taken back.
    pub fn cancel(&mut self, exchange: Exchange, host: &mut dyn Host) {
        let Some(mut running) = exchange.running else { return };
        let mut context = Context {
            workspace: &mut self.workspace,
            daemon: &mut self.daemon,
            host,
            caller: exchange.caller,
            project_name: &running.project,
        };
        running.call.cancel(&mut context);
        if let Some(turn) = running.turn {
            self.workspace.leave_queue(&running.project, turn);
        }
        if let Some(tag) = &running.session {
            self.sessions.dropped(tag);
        }
    }

    /// Forgets what is kept for a connection.
    pub fn connection_closed(&mut self, connection: ConnectionId) {
        self.daemon.subscriptions.remove(connection, None);
        self.cancelled.retain(|(caller, _)| *caller != connection);
        self.daemon.own_roots.remove(&connection);
    }

    /// Tells those who subscribed what changed, and notes when. Call it once a turn, after what is
    /// due was sent.
    pub fn tick(&mut self, now: Instant, host: &mut dyn Host) {
        self.workspace.projects_mut().for_each(|(_, project)| project.note_time());
        crew::tick(now);
        self.daemon.subscriptions.tell(now, &mut self.workspace, host);
    }

    /// When [`Service::tick`] must be called next, if nothing happens before; `None` if nobody
    /// waits.
    pub fn next_wake(&self, now: Instant) -> Option<Instant> {
        let crew = crew::next_look(now);
        crew.into_iter().chain(self.daemon.subscriptions.next_wake(now)).min()
    }
}
