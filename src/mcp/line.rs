//! The work of one request, and its line to the outside.
//!
//! Work is an `async fn` that holds a [`Line`]. It is suspended only in [`Line::call`], where it
//! asks the daemon and waits for the reply; no executor is needed and nothing is woken. Whoever
//! drives it calls [`Job::step`], does what it says, and calls it again. Dropping a job ends its
//! work where it stands.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use serde_json::{Value, json};

use super::Fault;
use super::message::notification;

/// The work of one request, up to its result.
pub type Work = Pin<Box<dyn Future<Output = Result<Value, Fault>>>>;

/// Something that the daemon is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The daemon's method.
    pub method: &'static str,
    /// Its params by name.
    pub params: Value,
    /// Whether a daemon may be started or waited for. A list of what there is says what there is
    /// now.
    pub may_wait: bool,
}

/// Why the daemon did not do what it was asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallFault {
    /// The daemon's code; 0 if no answer came from it.
    pub code: i64,
    /// What was wrong, in words.
    pub message: String,
    /// The daemon's facts: `param`, `expected`, `got`, `example` and more.
    pub data: Value,
    /// Whether it is unknown if the call was applied.
    pub is_outcome_unknown: bool,
}

/// The code of a call that was cancelled before it came to anything.
pub const CANCELLED: i64 = -32800;

/// What came back.
pub type Reply = Result<Value, CallFault>;

struct Shared {
    question: RefCell<Option<Question>>,
    reply: RefCell<Option<Reply>>,
    outgoing: RefCell<VecDeque<Value>>,
    progress_token: Option<Value>,
    progress: Cell<f64>,
    is_cancelled: Arc<AtomicBool>,
}

/// What work holds in its hands. All clones are the same line.
#[derive(Clone)]
pub struct Line(Rc<Shared>);

impl Line {
    /// A line for one request.
    pub fn new(progress_token: Option<Value>, is_cancelled: Arc<AtomicBool>) -> Self {
        Line(Rc::new(Shared {
            question: RefCell::default(),
            reply: RefCell::default(),
            outgoing: RefCell::default(),
            progress_token,
            progress: Cell::new(f64::NEG_INFINITY),
            is_cancelled,
        }))
    }

    /// Asks the daemon; starts one if that is allowed and there is none.
    pub async fn call(&self, method: &'static str, params: Value) -> Reply {
        self.ask(Question { method, params, may_wait: true }).await
    }

    /// Asks the daemon that is there now, and does not wait for one.
    pub async fn call_present(&self, method: &'static str, params: Value) -> Reply {
        self.ask(Question { method, params, may_wait: false }).await
    }

    async fn ask(&self, question: Question) -> Reply {
        *self.0.question.borrow_mut() = Some(question);
        poll_fn(|_| match self.0.reply.borrow_mut().take() {
            Some(reply) => Poll::Ready(reply),
            None => Poll::Pending,
        })
        .await
    }

    /// Whether nobody wants the answer any more.
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled.load(Ordering::Relaxed)
    }

    /// Sends a notification before the answer.
    pub fn notify(&self, method: &str, params: Value) {
        self.0.outgoing.borrow_mut().push_back(notification(method, params));
    }

    /// The next notification that waits to be sent, for whoever drives the work while it waits for
    /// a reply.
    pub fn take_outgoing(&self) -> Option<Value> {
        self.0.outgoing.borrow_mut().pop_front()
    }

    /// Tells how far the work is, if the caller asked for that and it is farther than before.
    pub fn progress(&self, progress: f64, total: Option<f64>, message: &str) {
        let Some(token) = &self.0.progress_token else { return };
        if progress <= self.0.progress.get() {
            return;
        }
        self.0.progress.set(progress);
        let mut params = json!({"progressToken": token, "progress": progress});
        if let Some(total) = total {
            params["total"] = total.into();
        }
        if !message.is_empty() {
            params["message"] = message.into();
        }
        self.notify("notifications/progress", params);
    }
}

/// What a job wants of whoever drives it.
#[derive(Debug)]
pub enum Step {
    /// Send this message, then go on.
    Send(Value),
    /// Carry this out, hand the reply in with [`Job::reply`], then go on.
    Ask(Question),
    /// It is over.
    Done(Result<Value, Fault>),
}

/// The work of one request, to be driven.
pub struct Job {
    work: Work,
    line: Line,
    result: Option<Result<Value, Fault>>,
}

impl Job {
    /// Work that holds this line.
    pub fn new(work: Work, line: Line) -> Self {
        Job { work, line, result: None }
    }

    /// Its line.
    pub fn line(&self) -> &Line {
        &self.line
    }

    /// Goes on as far as it can. After [`Step::Done`] it must not be called again.
    pub fn step(&mut self) -> Step {
        if let Some(message) = self.line.0.outgoing.borrow_mut().pop_front() {
            return Step::Send(message);
        }
        if let Some(result) = self.result.take() {
            return Step::Done(result);
        }
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(result) = self.work.as_mut().poll(&mut context) {
            self.result = Some(result);
            return self.step();
        }
        if let Some(message) = self.line.0.outgoing.borrow_mut().pop_front() {
            return Step::Send(message);
        }
        match self.line.0.question.borrow_mut().take() {
            Some(question) => Step::Ask(question),
            None => Step::Done(Err(Fault::new(
                super::fault::INTERNAL_ERROR,
                "Internal error: a request waits for nothing",
            ))),
        }
    }

    /// Hands in what a question came to.
    pub fn reply(&mut self, reply: Reply) {
        *self.line.0.reply.borrow_mut() = Some(reply);
    }
}
