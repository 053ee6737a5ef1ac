//! What the judge needs from a surface.

pub mod proved;

use std::collections::BTreeSet;

use crate::scenario::{Answer, Request, State, Verb};

/// The surface cannot go on: it died, did not answer in time, or said
/// something that makes no sense. The sentence says which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken(pub String);

/// One way to reach a lock manager. An id is live from the `lock` or `try` that
/// was not refused to its end; all but `ask` are only asked about live ids, and
/// about such as ended by themselves since.
///
/// Every answer holds at that moment: whatever follows from the calls before
/// it has happened already. What a surface does not offer it is not asked for.
pub trait Surface {
    /// A fresh manager in which so many requests may wait; every earlier request
    /// is forgotten.
    ///
    /// # Errors
    /// [`Broken`], as for every method here.
    fn reset(&mut self, max_waiting: Option<usize>) -> Result<(), Broken>;

    /// A request arrives, or is to be changed. Never blocks.
    ///
    /// # Errors
    /// [`Broken`].
    fn ask(&mut self, id: &str, verb: &Verb) -> Result<Answer, Broken>;

    /// A request ends: released if granted, cancelled if waiting.
    ///
    /// # Errors
    /// [`Broken`].
    fn unlock(&mut self, id: &str) -> Result<Answer, Broken>;

    /// Where a request stands.
    ///
    /// # Errors
    /// [`Broken`].
    fn state(&mut self, id: &str) -> Result<State, Broken>;

    /// What a try would be answered.
    ///
    /// # Errors
    /// [`Broken`].
    fn would_grant(&mut self, request: &Request) -> Result<Answer, Broken> {
        let _ = request;
        not_offered("would_grant")
    }

    /// No more requests.
    ///
    /// # Errors
    /// [`Broken`].
    fn close(&mut self) -> Result<(), Broken> {
        not_offered("close")
    }

    /// The token of a granted request.
    ///
    /// # Errors
    /// [`Broken`].
    fn token(&mut self, id: &str) -> Result<u64, Broken> {
        let _ = id;
        not_offered("token")
    }

    /// What keeps a request waiting.
    ///
    /// # Errors
    /// [`Broken`].
    fn blockers(&mut self, id: &str) -> Result<BTreeSet<String>, Broken> {
        let _ = id;
        not_offered("blockers")
    }

    /// The label of a request.
    ///
    /// # Errors
    /// [`Broken`].
    fn label(&mut self, id: &str) -> Result<String, Broken> {
        let _ = id;
        not_offered("label")
    }

    /// No more questions. A surface that does not end well is broken.
    ///
    /// # Errors
    /// [`Broken`].
    fn finish(&mut self) -> Result<(), Broken> {
        Ok(())
    }
}

fn not_offered<T>(what: &str) -> Result<T, Broken> {
    Err(Broken(format!("{what} was asked for, but is not offered")))
}

/// What to answer to a question about an id that is not live, which the judge never asks.
pub(crate) fn not_live<T>(id: &str) -> Result<T, Broken> {
    Err(Broken(format!("asked about {id:?}, which is not live")))
}
