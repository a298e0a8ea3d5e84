//! Exactly once: answers kept so that a repeated call is answered again and not applied again.
//!
//! A call may carry `"session":{"id":string,"seq":integer,"instance":string}`. `instance` must be
//! this run of the daemon, or the outcome of whatever the client sent before cannot be known (error
//! 1006). Of each session the latest answers are kept, bounded in number, bytes and time; a number
//! older than what is kept is 1006 too, never a second application.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use super::error::{INVALID_REQUEST, OUTCOME_UNKNOWN, OVER_LIMIT, RpcError};
use super::limits::SessionLimits;
use crate::api::json::{few_members, string};
use crate::api::value::whole;
use crate::journal::Tag;
use crate::memory::{self, Kind};

/// Longest session id.
pub const MAX_ID_BYTES: usize = 128;

/// One call of one session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionTag {
    id: String,
    seq: i64,
}

/// What is known of a tagged call.
pub enum Known<'a> {
    /// It is new, and now counts as running.
    New,
    /// It is still running, asked by another connection.
    Running,
    /// Its answer.
    Answered(&'a [u8]),
}

#[derive(Default)]
struct Session {
    /// By number; `None` while the call runs.
    answers: BTreeMap<i64, Option<Vec<u8>>>,
    /// Numbers up to this one were forgotten.
    forgotten: Option<i64>,
    bytes: usize,
    used: Option<Instant>,
}

/// The sessions of this run of the daemon.
#[derive(Default)]
pub struct Sessions {
    by_id: HashMap<String, Session>,
    bytes: usize,
    /// Earlier runs of the daemon whose calls are known.
    earlier: Vec<String>,
    /// How much is kept.
    pub limits: SessionLimits,
}

impl SessionTag {
    /// Reads the raw envelope member. `is_known` tells whether all calls of a run of the daemon are
    /// known.
    pub fn read(
        raw: &str,
        instance: &str,
        is_known: impl FnOnce(&str) -> bool,
    ) -> Result<Self, RpcError> {
        let (mut id, mut seq, mut of) = (None, None, None);
        for (name, value) in few_members(raw) {
            match &*name {
                "id" => id = string(value),
                "seq" => seq = whole(value),
                "instance" => of = string(value),
                _ => {}
            }
        }
        let (Some(id), Some(seq), Some(of)) = (id, seq, of) else {
            return Err(RpcError::new(
                INVALID_REQUEST,
                "Invalid Request: 'session' must be {\"id\":string,\"seq\":integer,\"instance\":string}",
            )
            .hint("'ping' tells the instance"));
        };
        if id.len() > MAX_ID_BYTES {
            let message = format!("Invalid Request: session id over {MAX_ID_BYTES} bytes");
            return Err(RpcError::new(INVALID_REQUEST, message));
        }
        if of != instance && !is_known(&of) {
            return Err(unknown("the daemon was started anew since").with("instance", instance));
        }
        Ok(SessionTag { id: id.into_owned(), seq })
    }

    /// As the journal has it.
    pub(super) fn with_answer<'a>(&'a self, answer: Option<&'a [u8]>) -> Tag<'a> {
        Tag { session: &self.id, number: self.seq, answer }
    }
}

fn unknown(why: &str) -> RpcError {
    RpcError::new(OUTCOME_UNKNOWN, format!("Outcome unknown: {why}; this call was not applied now"))
        .hint("read the document back before you send the change again under a new number")
}

impl Sessions {
    /// Whether all calls of a run of the daemon are known: what is not among them was not applied.
    pub fn knows_run(&self, instance: &str) -> bool {
        self.earlier.iter().any(|known| known == instance)
    }

    /// Earlier runs of the daemon whose calls are known.
    pub fn runs(&self) -> impl Iterator<Item = &str> {
        self.earlier.iter().map(String::as_str)
    }

    /// What is known of all sessions, in the order in which [`Sessions::restore`] takes it. A call
    /// that still runs counts as one whose answer is not known: it may have changed something.
    pub fn answers(&self) -> impl Iterator<Item = Tag<'_>> {
        self.by_id.iter().flat_map(|(id, session)| {
            let tag = |number, answer| Tag { session: id, number, answer };
            let forgotten = session.forgotten.into_iter().map(move |number| tag(number, None));
            let kept = session.answers.iter();
            forgotten.chain(kept.map(move |(&number, answer)| tag(number, answer.as_deref())))
        })
    }

    /// Takes note of earlier runs of the daemon, all of whose calls were restored.
    pub fn restore_runs(&mut self, instances: Vec<String>) {
        self.earlier = instances;
    }

    /// Takes note of a call of an earlier run. One whose answer is not known was applied all the
    /// same.
    pub fn restore(&mut self, tag: Tag<'_>, now: Instant) {
        let of = SessionTag { id: tag.session.to_owned(), seq: tag.number };
        let session = self.by_id.entry(of.id.clone()).or_default();
        session.used = Some(now);
        match tag.answer {
            Some(answer) => {
                session.answers.entry(of.seq).or_insert(None);
                self.answered(&of, answer);
            }
            None => session.forgotten = session.forgotten.max(Some(of.seq)),
        }
    }

    /// Looks a tagged call up; a new one counts as running until [`Sessions::answered`] or
    /// [`Sessions::dropped`].
    pub fn look_up(&mut self, tag: &SessionTag, now: Instant) -> Result<Known<'_>, RpcError> {
        self.make_room(&tag.id, now)?;
        let session = self.by_id.entry(tag.id.clone()).or_default();
        session.used = Some(now);
        if session.forgotten.is_some_and(|last| tag.seq <= last)
            && !session.answers.contains_key(&tag.seq)
        {
            return Err(unknown("the answer to this number is no longer kept").with("seq", tag.seq));
        }
        let mut is_new = false;
        let answer = session.answers.entry(tag.seq).or_insert_with(|| {
            is_new = true;
            None
        });
        Ok(match answer {
            Some(answer) => Known::Answered(answer),
            None if is_new => Known::New,
            None => Known::Running,
        })
    }

    /// Keeps the answer of a call.
    pub fn answered(&mut self, tag: &SessionTag, answer: &[u8]) {
        let Some(session) = self.by_id.get_mut(&tag.id) else { return };
        if let Some(slot) = session.answers.get_mut(&tag.seq) {
            *slot = Some(answer.to_vec());
            session.bytes += answer.len();
            self.bytes += answer.len();
        }
        while session.is_over(&self.limits, self.bytes) {
            match session.forget_oldest() {
                Some(freed) => self.bytes -= freed,
                None => break,
            }
        }
        self.note_bytes();
    }

    /// Takes note of an answer that is longer than all that is kept of a session.
    pub fn answered_at_length(&mut self, tag: &SessionTag) {
        if let Some(session) = self.by_id.get_mut(&tag.id) {
            session.answers.remove(&tag.seq);
            session.forgotten = session.forgotten.max(Some(tag.seq));
        }
    }

    /// Forgets a call that was given up before it changed anything.
    pub fn dropped(&mut self, tag: &SessionTag) {
        if let Some(session) = self.by_id.get_mut(&tag.id) {
            session.answers.remove(&tag.seq);
        }
    }

    /// Makes room for a session that is not known yet. A session that may still be asked again is
    /// never forgotten for it, or its repeated calls would be applied anew.
    fn make_room(&mut self, id: &str, now: Instant) -> Result<(), RpcError> {
        let limit = self.limits.count;
        if self.by_id.len() < limit || self.by_id.contains_key(id) {
            return Ok(());
        }
        self.drop_idle(now, self.limits.life);
        if self.by_id.len() >= limit {
            self.drop_idle(now, self.limits.grace());
        }
        if self.by_id.len() < limit {
            return Ok(());
        }
        let message = format!(
            "{limit} sessions are in use, the most there may be (--max-sessions); this call was not applied"
        );
        Err(RpcError::new(OVER_LIMIT, message)
            .with("limit", limit)
            .hint("use fewer sessions, or send the call without one"))
    }

    /// Forgets the sessions that were not used for a time.
    fn drop_idle(&mut self, now: Instant, time: Duration) {
        let is_live = |session: &Session| {
            session.used.is_some_and(|used| now.saturating_duration_since(used) < time)
        };
        self.by_id.retain(|_, session| is_live(session));
        self.bytes = self.by_id.values().map(|session| session.bytes).sum();
        self.note_bytes();
    }

    fn note_bytes(&self) {
        let sessions = self.by_id.len() * size_of::<Session>();
        memory::note(Kind::Answers, (self.bytes + sessions) as u64);
    }
}

impl Session {
    /// Whether it keeps more than it may, with `total` bytes kept of all sessions.
    fn is_over(&self, limits: &SessionLimits, total: usize) -> bool {
        self.answers.len() > limits.answers
            || self.bytes > limits.bytes
            || (total > limits.total_bytes && self.answers.len() > 1)
    }

    /// Drops the oldest answer and gives its length; running calls stay.
    fn forget_oldest(&mut self) -> Option<usize> {
        let (&seq, _) = self.answers.iter().find(|(_, answer)| answer.is_some())?;
        let freed = self.answers.remove(&seq).flatten().map_or(0, |answer| answer.len());
        self.bytes -= freed;
        self.forgotten = self.forgotten.max(Some(seq));
        Some(freed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(seq: i64) -> SessionTag {
        SessionTag { id: "s".to_owned(), seq }
    }

    #[test]
    fn a_repeated_call_gets_the_answer_that_was_kept() {
        let mut sessions = Sessions::default();
        let now = Instant::now();
        assert!(matches!(sessions.look_up(&tag(1), now), Ok(Known::New)));
        assert!(matches!(sessions.look_up(&tag(1), now), Ok(Known::Running)));
        sessions.answered(&tag(1), b"ok");
        assert!(matches!(sessions.look_up(&tag(1), now), Ok(Known::Answered(b"ok"))));
    }

    #[test]
    fn a_number_older_than_what_is_kept_is_unknown_and_not_new() {
        let mut sessions = Sessions::default();
        let now = Instant::now();
        for seq in 1..=sessions.limits.answers as i64 + 10 {
            assert!(matches!(sessions.look_up(&tag(seq), now), Ok(Known::New)));
            sessions.answered(&tag(seq), b"ok");
        }
        assert_eq!(sessions.look_up(&tag(1), now).err().unwrap().code, OUTCOME_UNKNOWN);
        let last = tag(sessions.limits.answers as i64 + 10);
        assert!(matches!(sessions.look_up(&last, now), Ok(Known::Answered(_))));
    }

    #[test]
    fn an_answer_too_long_to_be_kept_costs_only_itself() {
        let mut sessions = Sessions::default();
        let now = Instant::now();
        for seq in [1, 2] {
            assert!(matches!(sessions.look_up(&tag(seq), now), Ok(Known::New)));
        }
        sessions.answered(&tag(1), b"ok");
        sessions.answered_at_length(&tag(2));
        assert_eq!(sessions.look_up(&tag(2), now).err().unwrap().code, OUTCOME_UNKNOWN);
        assert!(matches!(sessions.look_up(&tag(1), now), Ok(Known::Answered(b"ok"))));
    }

    #[test]
    fn another_instance_is_an_unknown_outcome() {
        let raw = r#"{"id":"s","seq":1,"instance":"old"}"#;
        assert_eq!(SessionTag::read(raw, "new", |_| false).unwrap_err().code, OUTCOME_UNKNOWN);
        assert_eq!(SessionTag::read(raw, "old", |_| false).unwrap(), tag(1));
        assert_eq!(SessionTag::read("{}", "new", |_| false).unwrap_err().code, INVALID_REQUEST);
    }

    #[test]
    fn the_number_of_sessions_is_bounded_and_none_in_use_is_forgotten() {
        let limits = SessionLimits { count: 100, ..SessionLimits::default() };
        let mut sessions = Sessions { limits, ..Sessions::default() };
        let now = Instant::now();
        let tag = |index: usize| SessionTag { id: index.to_string(), seq: 1 };
        for index in 0..100 {
            assert!(matches!(sessions.look_up(&tag(index), now), Ok(Known::New)));
        }
        let refused = sessions.look_up(&tag(100), now).err().unwrap();
        assert_eq!(refused.code, OVER_LIMIT);
        assert!(matches!(sessions.look_up(&tag(0), now), Ok(Known::Running)));
        let later = now + SessionLimits::GRACE;
        assert!(matches!(sessions.look_up(&tag(100), later), Ok(Known::New)));
    }
}
