//! Messages that take more than one slice: batches, and calls that go on.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::answer::AnswerForm;
use super::begin::{Begun, note_no_call};
use super::context::Context;
use super::envelope::{Call, Envelope};
use super::error::{INVALID_REQUEST, RpcError};
use super::exchange::{BatchRest, Exchange, Running};
use super::stop::Stop;
use super::table::RunningCall;
use super::{ConnectionId, EndedCall, Handled, Host, Service};
use crate::api::json::{Elements, TextPart};
use crate::api::{Effect, Method};
use crate::job::pieces::Pieces;
use crate::job::{Budget, Step};
use crate::memory;
use crate::wire::call;

/// Bytes of an answer that are copied rather than kept apart.
pub const SHORT_ANSWER: u64 = 64 << 10;
/// Changes that go on however little memory there is: they go back to what was there, or free
/// something.
const NEVER_REFUSED: [&str; 6] = [
    "goxel.undo",
    "goxel.redo",
    "goxel.go_to",
    "goxel.clear_history",
    "goxel.clear_layer",
    "goxel.delete_layer",
];

fn grows(method: &Method) -> bool {
    method.effect == Effect::Edit && !NEVER_REFUSED.contains(&method.name)
}

/// A step of a call, which is given up where there is no memory for it.
fn step_in_memory(
    call: &mut RunningCall,
    method: &Method,
    context: &mut Context<'_>,
    budget: &mut Budget,
) -> Result<Step<Pieces>, RpcError> {
    // What others took since the last slice counts, so addresses are asked for before this one.
    let room = if NEVER_REFUSED.contains(&method.name) { Ok(()) } else { memory::room() };
    let stepped = match room {
        Ok(()) => {
            let step = call.step(context, budget)?;
            let is_growing = grows(method) && matches!(step, Step::More);
            if is_growing { memory::check().map(|()| step) } else { Ok(step) }
        }
        Err(limit) => Err(limit),
    };
    stepped.map_err(|limit| {
        call.cancel(context);
        limit.into()
    })
}

/// Room for the answer of an ordinary call.
const LEAST_ROOM: usize = 256;

impl Service {
    pub(super) fn handle_batch(
        &mut self,
        text: &str,
        caller: ConnectionId,
        host: &mut dyn Host,
        out: &mut Vec<u8>,
    ) -> Handled {
        let mut elements = Elements::new(text);
        if elements.next().is_none() {
            let error = RpcError::new(INVALID_REQUEST, "Invalid Request: an empty batch")
                .hint("a batch holds at least one call");
            error.write_answer("null", out);
            note_no_call(caller, &error, host);
            return Handled::Finished;
        }
        let mut exchange = Box::new(Exchange::new(caller));
        let mut budget = host.at_once();
        let mut elements = Elements::new(text);
        let is_finished = self.run_batch(&mut exchange, &mut elements, host, &mut budget);
        if is_finished && exchange.answer.len() < SHORT_ANSWER {
            exchange.answer.iter().for_each(|piece| out.extend_from_slice(piece));
            return Handled::Finished;
        }
        if is_finished {
            return Handled::Pending(exchange);
        }
        let text = TextPart::of(&text[elements.offset()..]);
        exchange.batch = Some(BatchRest { text, offset: 0 });
        Handled::Pending(exchange)
    }

    /// Carries out calls of a batch until its end, a long call or the end of the budget; true at
    /// its end.
    pub(super) fn run_batch(
        &mut self,
        exchange: &mut Exchange,
        elements: &mut Elements<'_>,
        host: &mut dyn Host,
        budget: &mut Budget,
    ) -> bool {
        while let Some(envelope) = next_envelope(elements) {
            let comma = if exchange.answer.is_empty() { b'[' } else { b',' };
            let out = exchange.answer.room(LEAST_ROOM);
            let start = out.len();
            out.push(comma);
            let begun = if exchange.is_over {
                stopped(&envelope, out)
            } else {
                self.begin(envelope, true, exchange.caller, host, out)
            };
            if out.len() == start + 1 {
                out.truncate(start);
            }
            if let Begun::Running(running) = begun {
                exchange.running = Some(*running);
                return false;
            }
            if !budget.spend(1) {
                return false;
            }
        }
        if !exchange.answer.is_empty() {
            exchange.answer.put(b"]");
        }
        true
    }

    /// Goes on with the running call; true when its answer is in the exchange.
    pub(super) fn step_call(
        &mut self,
        mut running: Running,
        exchange: &mut Exchange,
        host: &mut dyn Host,
        budget: &mut Budget,
    ) -> bool {
        self.has_looked = true;
        let mut context = Context {
            workspace: &mut self.workspace,
            daemon: &mut self.daemon,
            host,
            caller: exchange.caller,
            project_name: &running.project,
        };
        let call = &mut running.call;
        let now = context.host.now();
        let is_late = |(end, _): &(_, _)| *end <= now;
        let stop = exchange.stop.take().or(running.deadline.filter(is_late).map(|(_, stop)| stop));
        context.host.working_on(Some((exchange.caller, running.method.name)));
        let stepped = catch_unwind(AssertUnwindSafe(|| {
            if let Some(stop) = stop {
                call.cancel(&mut context);
                return Err(stop.error());
            }
            step_in_memory(call, running.method, &mut context, budget)
        }));
        context.host.working_on(None);
        let result = match stepped.unwrap_or_else(|_| Err(self.panicked())) {
            Ok(Step::More) => {
                running.is_noted |= self.note_call(running.session.as_ref(), None);
                report_progress(&mut running, exchange.caller, host);
                exchange.running = Some(running);
                return false;
            }
            Ok(Step::Done(json)) => Ok(json),
            Err(error) => Err(error),
        };
        memory::forget_largest();
        if let Some(turn) = running.turn {
            self.workspace.leave_queue(&running.project, turn);
        }
        host.call_ended(&EndedCall {
            caller: exchange.caller,
            method: Some(running.method),
            name: running.method.name,
            params: running.params.as_deref(),
            error: result.as_ref().err(),
            began: running.began,
        });
        let answer = match result {
            Ok(json) => whole_answer(&running.form, json),
            Err(error) => {
                exchange.answer_type = 0;
                let mut answer = Vec::new();
                running.form.error(&error, &mut answer);
                answer.into()
            }
        };
        match &running.session {
            // What was taken back may be asked for again.
            Some(tag) if stop.is_some() && !running.is_noted => self.sessions.dropped(tag),
            _ => self.keep_answer(&running, &answer),
        }
        if exchange.batch.is_some() && running.form != AnswerForm::Silent {
            exchange.answer.put(if exchange.answer.is_empty() { b"[" } else { b"," });
        }
        put_pieces(answer, &mut exchange.answer);
        true
    }

    /// Keeps the answer of a call of a session, unless it is longer than all that is kept of one;
    /// and what the call changed, in any case.
    fn keep_answer(&mut self, running: &Running, answer: &Pieces) {
        let Some(tag) = &running.session else {
            self.note_call(None, None);
            return;
        };
        if answer.len() > self.sessions.limits.bytes as u64 {
            self.note_call(Some(tag), None);
            return self.sessions.answered_at_length(tag);
        }
        let answer = answer.iter().collect::<Vec<_>>().concat();
        let answer = running.form.keep(&answer);
        self.sessions.answered(tag, answer);
        if !self.note_call(Some(tag), Some(answer))
            && running.is_noted
            && let Some(journal) = &mut self.journal
        {
            journal.answer(tag.with_answer(Some(answer)));
        }
    }
}

/// Answers a call of a batch that is not begun any more.
fn stopped(envelope: &Envelope<'_>, out: &mut Vec<u8>) -> Begun {
    let id = match envelope {
        Envelope::Call(call) if call.is_notification() => return Begun::Finished,
        Envelope::Call(call) => call.id.shown(),
        Envelope::Tool(_) | Envelope::Invalid(..) => "null",
    };
    Stop::Cancelled.error().write_answer(id, out);
    Begun::Finished
}

/// A result as an answer. A long one becomes a part of it without being copied.
fn whole_answer(form: &AnswerForm<String>, json: Pieces) -> Pieces {
    if *form == AnswerForm::Silent {
        return Pieces::new();
    }
    let (mut head, mut tail) = (Vec::new(), Vec::new());
    form.begin(&mut head);
    form.end(0, &mut tail);
    let mut answer = Pieces::from(head);
    put_pieces(json, &mut answer);
    put_pieces(tail.into(), &mut answer);
    answer
}

/// Appends bytes that are copied only if they are few.
fn put_pieces(bytes: Pieces, answer: &mut Pieces) {
    if bytes.len() < SHORT_ANSWER {
        bytes.iter().for_each(|piece| answer.put(piece));
    } else {
        answer.append(bytes);
    }
}

/// The next element of a batch. A usual call is found and read in one go.
fn next_envelope<'a>(elements: &mut Elements<'a>) -> Option<Envelope<'a>> {
    let upcoming = elements.upcoming();
    if let Some((length, parts)) = call::recognise(upcoming.as_bytes(), 1)
        && let Some((text, rest)) = upcoming.split_at_checked(length)
        && let Some(call) = Call::of_parts(text.as_bytes(), &parts)
    {
        elements.take_up_to(rest);
        return Some(Envelope::Call(call));
    }
    elements.next().map(Envelope::read)
}

/// Tells the caller how far a call is, if it asked for that and the time has come.
fn report_progress(running: &mut Running, caller: ConnectionId, host: &mut dyn Host) {
    let (Some(reports), AnswerForm::Rpc(id)) = (&mut running.reports, &running.form) else {
        return;
    };
    let now = host.now();
    if now.saturating_duration_since(reports.last) < reports.every {
        return;
    }
    reports.last = now;
    let progress = running.call.progress();
    let message = format!(
        r#"{{"jsonrpc":"2.0","method":"goxel.progress","params":{{"id":{id},"done":{},"total":{}}}}}"#,
        progress.done, progress.total
    );
    host.notify(caller, message.as_bytes());
}
