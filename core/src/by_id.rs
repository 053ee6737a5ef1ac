//! Requests by id: for bindings, and for programs that keep locks in a table
//! instead of in guards.

use std::time::Instant;

use crate::error::{CancelError, StaleLock, WaitError};
use crate::guard::Guard;
use crate::id::LockId;
use crate::manager::{Manager, Own};
use crate::shard::Located;
use crate::waiter::Outcome;

/// Where a live request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockState {
    /// It waits for earlier requests to end.
    Waiting,
    /// It is granted, with this fencing token.
    Granted(u64),
}

impl Manager {
    /// Ends a request: a granted one is released, a waiting one is cancelled and
    /// whoever waits for it gets `Cancelled`.
    ///
    /// # Errors
    ///
    /// [`StaleLock`] if there is no such request (any more); nothing changed.
    pub fn release(&self, id: LockId) -> Result<(), StaleLock> {
        if self.shared.end(id, Own::Tell) {
            Ok(())
        } else {
            Err(StaleLock)
        }
    }

    /// Takes a waiting request out of the queue; whoever waits for it gets
    /// `Cancelled`. Never ends a granted one: of cancel and grant exactly one
    /// wins, and the answer says which.
    ///
    /// # Errors
    ///
    /// [`CancelError::Granted`] with the token if the grant came first,
    /// [`CancelError::Stale`] if there is no such request (any more).
    pub fn cancel(&self, id: LockId) -> Result<(), CancelError> {
        self.shared.cancel(id, Own::Tell)
    }

    /// Where the request stands now. Never blocks for a lock to be granted.
    ///
    /// # Errors
    ///
    /// [`StaleLock`] if there is no such request (any more).
    pub fn state(&self, id: LockId) -> Result<LockState, StaleLock> {
        Located::find(&self.shared.shards, id)
            .map(|located| located.state().into())
            .ok_or(StaleLock)
    }

    /// Waits until the request is granted and gives its token, or until the
    /// deadline; `None` is no deadline. Blocks the thread. Several threads may
    /// wait for one request. The request keeps its place when the time is up.
    ///
    /// # Errors
    ///
    /// As [`WaitError`] says.
    pub fn wait(&self, id: LockId, deadline: Option<Instant>) -> Result<u64, WaitError> {
        let waiter = {
            let located = Located::find(&self.shared.shards, id).ok_or(WaitError::Stale)?;
            match located.state().into() {
                LockState::Granted(token) => return Ok(token),
                LockState::Waiting => located.waiter().ok_or(WaitError::Stale)?,
            }
        };
        match waiter.wait(deadline) {
            Some(Outcome::Granted { token }) => Ok(token),
            Some(Outcome::Cancelled) => Err(WaitError::Cancelled),
            Some(Outcome::Closed) => Err(WaitError::Closed),
            None => Err(WaitError::Timeout),
        }
    }

    /// Makes a guard of a granted request's id, which then owns it.
    ///
    /// Two guards of one id are two owners of one lock: the first to go releases
    /// it and the other does nothing.
    ///
    /// # Errors
    ///
    /// [`StaleLock`] if there is no such request or it still waits.
    pub fn adopt(&self, id: LockId) -> Result<Guard, StaleLock> {
        match self.state(id)? {
            LockState::Granted(token) => Ok(self.guard(id, token)),
            LockState::Waiting => Err(StaleLock),
        }
    }
}
