//! The states of a connection: ready → (lock) → enqueued → acquired → (release)
//! → ready.
//!
//! The shell hands in what the client sends and what became of its lock; the
//! session says what to do and what to answer. Where a call is out of turn for
//! the shell itself, nothing happens (`None`), so no sequence of calls panics.

use oarlock::{Claim, Limits};

use super::reply::{Action, Refusal, Reply, State};
use super::request::{Request, parse};

/// What the shell must do with the lock manager.
#[derive(Debug)]
pub enum Step {
    /// Ask for these claims; then call [`Session::submitted`].
    Submit(Vec<Claim<'static>>),
    /// End the lock, waiting or granted; then call [`Session::ended`].
    End,
}

/// One connection's place in the protocol.
#[derive(Debug, Default)]
pub struct Session {
    limits: Limits,
    /// `None` when ready.
    lock: Option<Lock>,
}

#[derive(Clone, Copy, Debug)]
struct Lock {
    id: u64,
    granted: bool,
}

impl Session {
    /// A connection that has just been opened: ready. Its requests are read
    /// within `limits`.
    pub fn new(limits: Limits) -> Self {
        Self { limits, lock: None }
    }

    /// Where the connection stands.
    pub fn state(&self) -> State {
        match self.lock {
            None => State::Ready,
            Some(Lock { granted: false, .. }) => State::Enqueued,
            Some(Lock { granted: true, .. }) => State::Acquired,
        }
    }

    /// The client sent this text.
    ///
    /// # Errors
    ///
    /// What is wrong with it; the connection must then be ended.
    pub fn text(&self, text: &str) -> Result<Step, Refusal> {
        match (
            parse(text, &self.limits).map_err(Refusal::new)?,
            self.state(),
        ) {
            (Request::Lock(claims), State::Ready) => Ok(Step::Submit(claims)),
            (Request::Lock(_), State::Enqueued) => Err(Refusal::new(
                "lock while the connection's lock is enqueued: send release first",
            )),
            (Request::Lock(_), State::Acquired) => Err(Refusal::new(
                "lock while the connection's lock is acquired: send release first",
            )),
            (Request::Release, State::Ready) => Err(Refusal::new(
                "release without a lock: the connection is ready",
            )),
            (Request::Release, State::Enqueued | State::Acquired) => Ok(Step::End),
        }
    }

    /// The client sent a binary message, which never means anything.
    pub fn binary(&self) -> Refusal {
        Refusal::new("binary message: this protocol is JSON in text messages")
    }

    /// The claims were taken as lock `id`, and granted at once or queued.
    pub fn submitted(&mut self, id: u64, granted: bool) -> Reply {
        self.lock = Some(Lock { id, granted });
        Reply {
            id,
            action: Action::Lock,
            state: self.state(),
        }
    }

    /// The waiting lock was granted.
    pub fn granted(&mut self) -> Option<Reply> {
        let lock = self.lock.as_mut().filter(|lock| !lock.granted)?;
        lock.granted = true;
        Some(Reply {
            id: lock.id,
            action: Action::Lock,
            state: State::Acquired,
        })
    }

    /// The lock has ended at the client's request.
    pub fn ended(&mut self) -> Option<Reply> {
        self.lock.take().map(|lock| Reply {
            id: lock.id,
            action: Action::Release,
            state: State::Ready,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = r#"{"action":"lock","resources":[{"type":"w","path":["a"]}]}"#;
    const RELEASE: &str = r#"{"action":"release"}"#;

    fn said(reply: Option<Reply>) -> String {
        reply.map(|reply| reply.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_lock_granted_at_once_is_released() {
        let mut session = Session::default();
        assert!(matches!(session.text(LOCK), Ok(Step::Submit(claims)) if claims.len() == 1));
        assert_eq!(
            session.submitted(5, true).to_string(),
            r#"{"id":"5","action":"lock","state":"acquired"}"#
        );
        assert!(matches!(session.text(RELEASE), Ok(Step::End)));
        assert_eq!(
            said(session.ended()),
            r#"{"id":"5","action":"release","state":"ready"}"#
        );
        assert!(matches!(session.text(LOCK), Ok(Step::Submit(_))));
    }

    #[test]
    fn a_lock_that_waited_is_granted_once() {
        let mut session = Session::default();
        assert_eq!(session.submitted(6, false).state, State::Enqueued);
        assert_eq!(
            said(session.granted()),
            r#"{"id":"6","action":"lock","state":"acquired"}"#
        );
        assert_eq!(session.granted(), None);
        assert_eq!(session.state(), State::Acquired);
    }

    #[test]
    fn a_waiting_lock_is_withdrawn() {
        let mut session = Session::default();
        session.submitted(7, false);
        assert!(matches!(session.text(RELEASE), Ok(Step::End)));
        assert_eq!(session.ended().map(|reply| reply.state), Some(State::Ready));
        assert_eq!(session.ended(), None);
        assert_eq!(session.granted(), None);
    }

    #[test]
    fn requests_out_of_turn_are_refused_and_change_nothing() {
        let mut session = Session::default();
        let refused = |session: &Session, text| session.text(text).expect_err(text);
        assert!(refused(&session, RELEASE).reason().contains("ready"));
        session.submitted(8, false);
        assert!(refused(&session, LOCK).reason().contains("enqueued"));
        session.granted();
        assert!(refused(&session, LOCK).reason().contains("acquired"));
        assert!(refused(&session, "{").reason().contains("not JSON"));
        assert!(session.binary().reason().contains("binary"));
        assert_eq!(session.state(), State::Acquired);
    }
}
