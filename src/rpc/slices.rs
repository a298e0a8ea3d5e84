//! Messages that take more than one slice: batches, and calls that go on.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::answer::AnswerForm;
use super::begin::{Begun, note_no_call};
use super::context::Context;
use super::envelope::{Call, Envelope};
use super::error::{INVALID_REQUEST, RpcError};
use super::exchange::{BatchRest, Exchange, Running};
use super::{ConnectionId, EndedCall, Handled, Host, Service};
use crate::api::json::Elements;
use crate::job::{Budget, Step};
use crate::wire::call;

/// Calls of a batch that are carried out before other connections get their turn.
const BATCH_SLICE: u64 = 64;
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
        let mut budget = Budget::units(BATCH_SLICE);
        let mut elements = Elements::new(text);
        if self.run_batch(&mut exchange, &mut elements, host, &mut budget) {
            out.append(&mut exchange.answer);
            return Handled::Finished;
        }
        exchange.batch = Some(BatchRest { text: text[elements.offset()..].to_owned(), offset: 0 });
        Handled::Pending(exchange)
    }

    /// Carries out calls of a batch until its end, a long call or the end of the budget; true at its end.
    pub(super) fn run_batch(
        &mut self,
        exchange: &mut Exchange,
        elements: &mut Elements<'_>,
        host: &mut dyn Host,
        budget: &mut Budget,
    ) -> bool {
        while let Some(envelope) = next_envelope(elements) {
            let start = exchange.answer.len();
            exchange.answer.push(if start == 0 { b'[' } else { b',' });
            let begun = self.begin(envelope, true, exchange.caller, host, &mut exchange.answer);
            if exchange.answer.len() == start + 1 {
                exchange.answer.truncate(start);
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
            exchange.answer.push(b']');
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
        let mut context = Context {
            workspace: &mut self.workspace,
            daemon: &mut self.daemon,
            host,
            caller: exchange.caller,
            project_name: &running.project,
        };
        let call = &mut running.call;
        context.host.working_on(Some((exchange.caller, running.method.name)));
        let stepped = catch_unwind(AssertUnwindSafe(|| call.step(&mut context, budget)));
        context.host.working_on(None);
        let result = match stepped.unwrap_or_else(|_| Err(self.panicked())) {
            Ok(Step::More) => {
                report_progress(&mut running, exchange.caller, host);
                exchange.running = Some(running);
                return false;
            }
            Ok(Step::Done(json)) => Ok(json),
            Err(error) => Err(error),
        };
        if let Some(turn) = running.turn {
            self.workspace.leave_queue(&running.project, turn);
        }
        let start = exchange.answer.len();
        if exchange.batch.is_some() && running.form != AnswerForm::Silent {
            exchange.answer.push(if start == 0 { b'[' } else { b',' });
        }
        let start = exchange.answer.len();
        host.call_ended(&EndedCall {
            caller: exchange.caller,
            method: Some(running.method),
            name: running.method.name,
            params: running.params.as_deref(),
            error: result.as_ref().err(),
            began: running.began,
        });
        match result {
            Ok(json) => put_result(&running.form, json, &mut exchange.answer),
            Err(error) => {
                exchange.answer_type = 0;
                running.form.error(&error, &mut exchange.answer);
            }
        }
        if let Some(tag) = &running.session {
            self.sessions.answered(tag, running.form.keep(&exchange.answer[start..]));
        }
        true
    }
}

/// Appends a result to an answer. If it is the first it becomes the answer: to copy a picture of some megabytes
/// takes a millisecond.
fn put_result(form: &AnswerForm<String>, mut json: Vec<u8>, answer: &mut Vec<u8>) {
    let start = answer.len();
    if start == 0 {
        let mut head = Vec::new();
        form.begin(&mut head);
        json.splice(0..0, head);
        *answer = json;
    } else {
        form.begin(answer);
        answer.extend_from_slice(&json);
    }
    form.end(start, answer);
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
