//! The binary bulk lane: put voxels, put box, get box (layouts in [`crate::lane::bulk`]).
//!
//! A put is one undo step, made in slices on a draft: readers see the state before it until it is
//! complete, and other changes of the project wait for it. A get reads a snapshot.

mod put;

use std::borrow::Cow;

use put::{Payload, Put, PutTask, Source};

use super::answer::AnswerForm;
use super::context::{Context, Task};
use super::error::{
    INVALID_PARAMS, INVALID_REQUEST, NO_SUCH_LAYER, NO_SUCH_PROJECT, OVER_LIMIT, RpcError,
};
use super::exchange::{Exchange, Running};
use super::methods::{editable_layer, layer_of};
use super::{ConnectionId, Host, Service};
use crate::api::{Effect, Example, LayerRef, Method};
use crate::job::pieces::Pieces;
use crate::job::{Budget, Progress, Step};
use crate::lane::bulk::{
    self, BoxCheck, BoxHead, BoxWriter, BulkError, GET_BOX, Head, PUT_BOX, PUT_VOXELS,
};
use crate::voxel::{Point, Volume};
use crate::workspace::{DEFAULT_PROJECT, Turn};

/// Voxels between two looks at the budget.
const VOXELS_A_UNIT: usize = 256;
/// Room for the head of an answer, or for its last run.
const BOX_ROOM: usize = 64;
/// Runs that are checked between two looks at the budget.
const RUNS_A_UNIT: usize = 8192;

impl From<BulkError> for RpcError {
    fn from(error: BulkError) -> Self {
        RpcError::new(INVALID_PARAMS, format!("Invalid bulk payload: {error}"))
            .with("offset", error.offset)
            .with("expected", error.expected)
            .with("got", error.what)
            .hint("the protocol guide has the layouts; nothing was changed")
    }
}

/// The operations as methods: for lists and figures, not to be called by name.
static METHODS: [Method; 3] = [
    described("bulk.put_voxels", "Sets single voxels from a binary payload.", Effect::Edit),
    described("bulk.put_box", "Sets all voxels of a box from a binary payload.", Effect::Edit),
    described("bulk.get_box", "Reads all voxels of a box as a binary payload.", Effect::Read),
];

const fn described(name: &'static str, summary: &'static str, effect: Effect) -> Method {
    let example = Example { by_position: "", by_name: "" };
    let (aliases, lenient, params, result) = (&[], false, &[], &[]);
    let errors = &[OVER_LIMIT, NO_SUCH_LAYER, NO_SUCH_PROJECT];
    Method { name, aliases, summary, effect, lenient, params, result, example, errors }
}

/// The operation of a type of the bulk lane.
fn operation(kind: u32) -> Result<&'static Method, RpcError> {
    let place = [PUT_VOXELS, PUT_BOX, GET_BOX].iter().position(|&known| known == kind);
    place.and_then(|index| METHODS.get(index)).ok_or_else(|| {
        let message = format!("Invalid Request: no bulk operation has the type 0x{kind:08x}");
        RpcError::new(INVALID_REQUEST, message)
            .with("known", vec![PUT_VOXELS, PUT_BOX, GET_BOX])
            .hint("send JSON calls with type 0")
    })
}

/// A bulk request that was read and checked.
pub(super) struct Request {
    /// The project it is about.
    pub(super) project: String,
    /// The operation.
    pub(super) method: &'static Method,
    work: Work,
}

enum Work {
    /// With the rest of the check of its voxels.
    Put(Put, Option<BoxCheck>),
    Get {
        layer: LayerRef,
        area: BoxHead,
    },
}

impl Request {
    /// Reads the payload of a type of the bulk lane, of at most `limit` voxels.
    pub(super) fn read(kind: u32, payload: Cow<'_, [u8]>, limit: u64) -> Result<Self, RpcError> {
        let method = operation(kind)?;
        let payload = Payload(payload.into_owned());
        let bytes = payload.0.as_slice();
        let (head, rest) = Head::read(bytes)?;
        let layer = LayerRef::of(Some(head.layer));
        let (name, skip) = (head.project, head.skip_empty);
        let project = if name.is_empty() { DEFAULT_PROJECT } else { name }.to_owned();
        let work = match kind {
            PUT_VOXELS => {
                let count = bulk::check_voxels(bytes, &rest)?;
                check_count(count as u128, limit)?;
                let (source, start) = (Source::Voxels, rest.start);
                Work::Put(Put { layer, skip, source, payload, start }, None)
            }
            PUT_BOX => {
                let (area, start) = BoxHead::read(bytes, rest.start)?;
                check_count(area.capacity(), limit)?;
                let mut check = BoxCheck::new(bytes, &area, start)?;
                let is_checked = check.go_on(bytes, RUNS_A_UNIT)?;
                let (source, check) = (Source::Box(area), Some(check).filter(|_| !is_checked));
                Work::Put(Put { layer, skip, source, payload, start }, check)
            }
            _ => {
                let (area, _) = BoxHead::read(bytes, rest.start)?;
                check_count(area.capacity(), limit)?;
                Work::Get { layer, area }
            }
        };
        Ok(Request { project, method, work })
    }

    /// The work as a task. A put waits for its turn if it is given one.
    pub(super) fn start(
        self,
        context: &mut Context<'_>,
        turn: Option<Turn>,
    ) -> Result<Box<dyn Task<Pieces>>, RpcError> {
        let document = context.project()?.document();
        match self.work {
            Work::Put(put, check) => {
                let id = layer_of(document, &put.layer, NO_SUCH_LAYER)?.id;
                editable_layer(document, id, NO_SUCH_LAYER)?;
                Ok(Box::new(PutTask::new(put, check, id, turn)))
            }
            Work::Get { layer, area } => {
                let volume = layer_of(document, layer, NO_SUCH_LAYER)?.volume.clone();
                Ok(Box::new(GetTask::new(volume, area)))
            }
        }
    }
}

fn check_count(count: u128, limit: u64) -> Result<(), RpcError> {
    if count <= u128::from(limit) {
        return Ok(());
    }
    let message = format!(
        "{count} voxels are over the limit of {limit} in one bulk request (--max-bulk-voxels)"
    );
    Err(RpcError::new(OVER_LIMIT, message)
        .with("limit", limit)
        .hint("send or ask for several smaller ones; nothing was changed"))
}

impl Service {
    /// Starts a request of the bulk lane.
    pub(super) fn begin_bulk(
        &mut self,
        kind: u32,
        payload: Cow<'_, [u8]>,
        caller: ConnectionId,
        host: &mut dyn Host,
    ) -> Result<Exchange, RpcError> {
        let held = payload.len();
        let request = Request::read(kind, payload, self.bulk_voxels)?;
        let (project, method) = (request.project.clone(), request.method);
        self.has_looked = true;
        if method.effect == Effect::Edit {
            self.check_journal()?;
        }
        let turn = match method.effect {
            Effect::Edit => self.workspace.join_queue(&project),
            _ => None,
        };
        let mut context = Context {
            workspace: &mut self.workspace,
            daemon: &mut self.daemon,
            host,
            caller,
            project_name: &project,
        };
        let call = match request.start(&mut context, turn) {
            Ok(call) => call,
            Err(error) => {
                if let Some(turn) = turn {
                    self.workspace.leave_queue(&project, turn);
                }
                return Err(error);
            }
        };
        let form = AnswerForm::Bulk;
        let began = host.now();
        let (params, session, reports) = (None, None, None);
        let (job, deadline) = (self.next_job(), self.deadline(began, None));
        let running = Running {
            call,
            form,
            project,
            method,
            began,
            params,
            session,
            is_noted: false,
            reports,
            turn,
            job,
            deadline,
        };
        Ok(Exchange { running: Some(running), answer_type: kind, held, ..Exchange::new(caller) })
    }
}

/// The voxel with this number in a box: x fastest, then y, then z.
fn point_in(area: &BoxHead, index: u64) -> Point {
    let length = |axis: usize| (i64::from(area.max[axis]) - i64::from(area.min[axis]) + 1) as u64;
    let (width, depth) = (length(0), length(1));
    let offset = [index % width, index / width % depth, index / width / depth];
    // Inside the box, so the sum fits.
    Point::from([0, 1, 2].map(|axis| (i64::from(area.min[axis]) + offset[axis] as i64) as i32))
}

struct GetTask {
    volume: Volume,
    area: BoxHead,
    writer: BoxWriter,
    done: u64,
    answer: Pieces,
}

impl GetTask {
    fn new(volume: Volume, area: BoxHead) -> Self {
        let mut answer = Pieces::new();
        area.write(answer.room(BOX_ROOM));
        GetTask { volume, area, writer: BoxWriter::new(area.encoding), done: 0, answer }
    }
}

impl Task<Pieces> for GetTask {
    fn step(&mut self, _: &mut Context<'_>, budget: &mut Budget) -> Result<Step<Pieces>, RpcError> {
        let total = self.area.capacity() as u64;
        while self.done < total {
            // Of each voxel at most a run is written.
            let out = self.answer.room(8 * VOXELS_A_UNIT);
            for _ in 0..VOXELS_A_UNIT.min((total - self.done) as usize) {
                let color = self.volume.get(point_in(&self.area, self.done));
                self.writer.push(1, color.bytes(), out);
                self.done += 1;
            }
            if !budget.spend(1) {
                return Ok(Step::More);
            }
        }
        self.writer.finish(self.answer.room(BOX_ROOM));
        Ok(Step::Done(std::mem::take(&mut self.answer)))
    }

    fn progress(&self) -> Progress {
        Progress { done: self.done, total: self.area.capacity() as u64 }
    }
}
