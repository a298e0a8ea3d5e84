//! Requests that wait for their answers, and answers that wait to be fetched.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use super::message::Answer;

/// One request on its way.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) id: u64,
    pub(super) method: Box<str>,
    /// Requests of one batch share a message.
    pub(super) message: u64,
    /// Where its last necessary byte lies in the stream of all bytes ever queued on the connection.
    pub(super) end: u64,
    pub(super) queued_at: Instant,
    /// False once its caller gave up: its answer is dropped when it comes.
    pub(super) wanted: bool,
}

/// All requests of a connection that are not finished, in the order in which they were queued.
#[derive(Debug, Default)]
pub(super) struct Pending {
    waiting: VecDeque<Waiting>,
    answers: HashMap<u64, Answer>,
}

impl Pending {
    pub(super) fn push(&mut self, waiting: Waiting) {
        self.waiting.push_back(waiting);
    }

    /// How many requests have no answer yet.
    pub(super) fn unanswered(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn find(&self, id: u64) -> Option<&Waiting> {
        self.waiting.iter().find(|waiting| waiting.id == id)
    }

    /// The answer to a request, once.
    pub(super) fn take(&mut self, id: u64) -> Option<Answer> {
        self.answers.remove(&id)
    }

    /// Nobody wants the answer to this request any more.
    pub(super) fn forget(&mut self, id: u64) {
        self.answers.remove(&id);
        if let Some(waiting) = self.waiting.iter_mut().find(|waiting| waiting.id == id) {
            waiting.wanted = false;
        }
    }

    /// An answer came. Returns its request, or `None` if nobody asked.
    pub(super) fn resolve(&mut self, id: u64, answer: Answer) -> Option<Waiting> {
        let position = self.waiting.iter().position(|waiting| waiting.id == id)?;
        let waiting = self.waiting.remove(position)?;
        if waiting.wanted {
            self.answers.insert(id, answer);
        }
        Some(waiting)
    }

    /// An error without an id came: answers come in order, so it is for the oldest message.
    pub(super) fn resolve_oldest(&mut self, answer: &Answer) -> Vec<Waiting> {
        let Some(message) = self.waiting.front().map(|waiting| waiting.message) else {
            return Vec::new();
        };
        let ids: Vec<u64> =
            self.waiting.iter().filter(|w| w.message == message).map(|w| w.id).collect();
        ids.into_iter().filter_map(|id| self.resolve(id, answer.clone())).collect()
    }
}
