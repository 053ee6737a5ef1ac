//! What the judge needs from a surface, and the two surfaces of this process.

pub mod engine;
pub mod rust;

use crate::scenario::{Claim, State};

/// The surface cannot go on: it died, did not answer in time, or said
/// something that makes no sense. The sentence says which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken(pub String);

/// How a request was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Locked {
    /// It took its place and is in this state.
    As(State),
    /// It was refused with this kind of error and left nothing behind.
    Refused(String),
}

/// How the end of a request was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unlocked {
    /// The request has ended.
    Done,
    /// It was refused with this kind of error.
    Refused(String),
}

/// One way to reach a lock manager. An id is live from the `lock` that was not
/// refused to the `unlock` that was not refused; `unlock` and `state` are only
/// asked about live ids.
///
/// Every answer holds at that moment: whatever follows from the calls before
/// it has happened already.
pub trait Surface {
    /// A fresh manager; every earlier request is forgotten.
    ///
    /// # Errors
    /// [`Broken`], as for every method here.
    fn reset(&mut self) -> Result<(), Broken>;

    /// A request takes its place. Never blocks.
    ///
    /// # Errors
    /// [`Broken`].
    fn lock(&mut self, id: &str, claims: &[Claim]) -> Result<Locked, Broken>;

    /// A request ends: released if granted, cancelled if waiting.
    ///
    /// # Errors
    /// [`Broken`].
    fn unlock(&mut self, id: &str) -> Result<Unlocked, Broken>;

    /// Where a request stands.
    ///
    /// # Errors
    /// [`Broken`].
    fn state(&mut self, id: &str) -> Result<State, Broken>;

    /// No more questions. A surface that does not end well is broken.
    ///
    /// # Errors
    /// [`Broken`].
    fn finish(&mut self) -> Result<(), Broken> {
        Ok(())
    }
}

/// What to answer to a question about an id that is not live, which the judge never asks.
pub(crate) fn not_live<T>(id: &str) -> Result<T, Broken> {
    Err(Broken(format!("asked about {id:?}, which is not live")))
}
