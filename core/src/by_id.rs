//! Requests by id: for bindings, and for programs that keep locks in a table
//! instead of in guards.

use std::time::Instant;

use crate::claim::Claim;
use crate::ending::Own;
use crate::engine::State;
use crate::error::{AcquireError, CancelError, ChangeError, StaleLock, TryAcquireError};
use crate::error::{UpgradeError, WaitError};
use crate::guard::Guard;
use crate::id::LockId;
use crate::manager::{Manager, NOTHING};
use crate::path::Path;
use crate::pending::Pending;
use crate::shard::Located;
use crate::upgrade::{UpgradeState, Upgrading};
use crate::waiter::{Listener, Outcome};

/// Where a live request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockState {
    /// It waits for earlier requests to end.
    Waiting,
    /// It is granted, with this fencing token.
    Granted(u64),
}

/// What [`Manager::enqueue_by_id`] did.
#[derive(Debug)]
#[must_use = "what is granted stays held until it is released by its id"]
pub enum EnqueuedById {
    /// Granted at once. It stays held until it is released by its id.
    Granted {
        /// The request.
        id: LockId,
        /// Its fencing token.
        token: u64,
    },
    /// It waits.
    Waiting(Pending),
}

impl Manager {
    /// [`enqueue`](Self::enqueue) for a table of locks: what is granted at once comes
    /// as an id, without the guard that would count its reference to the manager.
    /// The manager has to be kept alive for as long as the lock is held.
    ///
    /// ```
    /// # use oarlock::{EnqueuedById, Manager, write};
    /// let manager = Manager::new();
    /// let id = match manager.enqueue_by_id(write("a"))? {
    ///     EnqueuedById::Granted { id, .. } => id,
    ///     EnqueuedById::Waiting(pending) => pending.wait()?.into_id(),
    /// };
    /// manager.release(id)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`enqueue`](Self::enqueue).
    #[inline]
    pub fn enqueue_by_id<'a>(
        &self,
        claims: impl IntoIterator<Item = Claim<'a>>,
    ) -> Result<EnqueuedById, AcquireError> {
        self.enqueue_about(claims, &NOTHING)
    }

    /// [`try_acquire`](Self::try_acquire), likewise: the request's id and its fencing
    /// token.
    ///
    /// # Errors
    ///
    /// As [`try_acquire`](Self::try_acquire).
    #[inline]
    pub fn try_acquire_by_id<'a>(
        &self,
        claims: impl IntoIterator<Item = Claim<'a>>,
    ) -> Result<(LockId, u64), TryAcquireError> {
        self.try_about(claims, &NOTHING)
    }

    /// Ends a request: a granted one is released, a waiting one is cancelled and
    /// whoever waits for it gets `Cancelled`.
    ///
    /// # Errors
    ///
    /// [`StaleLock`] if there is no such request (any more); nothing changed.
    pub fn release(&self, id: LockId) -> Result<(), StaleLock> {
        if self.shared().end(self.anchor(id.shard()), id, Own::Tell) {
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
        self.shared().cancel(self.anchor(id.shard()), id, Own::Tell)
    }

    /// [`cancel`](Self::cancel), because the request's time is up: for bindings and
    /// programs with timers of their own. Whoever waits for it by a future, a callback
    /// or a [`Pending`](crate::Pending) gets `Timeout`, and it is counted as one; a
    /// thread in [`wait`](Self::wait), whose own `Timeout` says that the request is
    /// still queued, gets `Cancelled`. Of expire, cancel, grant and close exactly one
    /// wins.
    ///
    /// # Errors
    ///
    /// As [`cancel`](Self::cancel).
    pub fn expire(&self, id: LockId) -> Result<(), CancelError> {
        self.shared()
            .cancel(self.anchor(id.shard()), id, Own::Expire)
    }

    /// Where the request stands now. Never blocks for a lock to be granted.
    ///
    /// # Errors
    ///
    /// [`StaleLock`] if there is no such request (any more).
    pub fn state(&self, id: LockId) -> Result<LockState, StaleLock> {
        let state = self.shared().state(id);
        state.map(LockState::from).ok_or(StaleLock)
    }

    /// Waits until the request is granted and gives its token, or until the
    /// deadline; `None` is no deadline. Blocks the thread. Several threads may
    /// wait for one request. The request keeps its place when the time is up.
    ///
    /// # Errors
    ///
    /// As [`WaitError`] says. A deadlock is told by the call that makes the request.
    pub fn wait(&self, id: LockId, deadline: Option<Instant>) -> Result<u64, WaitError> {
        let waiter = {
            let located = Located::find(self.shared(), id).ok_or(WaitError::Stale)?;
            match located.state().into() {
                LockState::Granted(token) => return Ok(token),
                LockState::Waiting => located.waiter().ok_or(WaitError::Stale)?,
            }
        };
        match waiter.wait(deadline) {
            Some(Outcome::Granted { token }) => Ok(token),
            Some(Outcome::Cancelled | Outcome::TimedOut) => Err(WaitError::Cancelled),
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

    /// Begins to turn all read claims of a granted request into writes, and never
    /// blocks: [`Guard::upgrade`](crate::Guard::upgrade). What waits is waited for
    /// with [`wait_upgrade`](Self::wait_upgrade). The new token is in the result, and not
    /// in a [`Guard`] of the request.
    ///
    /// # Errors
    ///
    /// As [`UpgradeError`] says.
    pub fn upgrade(&self, id: LockId) -> Result<UpgradeState, UpgradeError> {
        let anchor = self.anchor(id.shard());
        Ok(
            match self
                .shared()
                .upgrade(anchor, id, Some(&mut Listener::None))?
            {
                Upgrading::Done { token } => UpgradeState::Done(token),
                Upgrading::Waiting(_) => UpgradeState::Waiting,
            },
        )
    }

    /// The same, and waits for it; gives the new token, which a [`Guard`] of the request
    /// does not learn. Blocks the thread. At the deadline the upgrade is taken back;
    /// `None` is no deadline.
    ///
    /// # Errors
    ///
    /// As [`UpgradeError`] says. The request holds what it held.
    pub fn upgrade_and_wait(
        &self,
        id: LockId,
        deadline: Option<Instant>,
    ) -> Result<u64, UpgradeError> {
        let anchor = self.anchor(id.shard());
        self.shared().upgrade_and_wait(anchor, id, deadline)
    }

    /// The same, if it is possible at once; gives the new token, which a [`Guard`] of the
    /// request does not learn.
    ///
    /// # Errors
    ///
    /// [`UpgradeError::WouldBlock`] if another holder conflicts; never
    /// [`UpgradeError::Deadlock`].
    pub fn try_upgrade(&self, id: LockId) -> Result<u64, UpgradeError> {
        let anchor = self.anchor(id.shard());
        match self.shared().upgrade(anchor, id, None)? {
            Upgrading::Done { token } => Ok(token),
            Upgrading::Waiting(_) => Err(UpgradeError::WouldBlock),
        }
    }

    /// Where the upgrade of a request stands.
    ///
    /// # Errors
    ///
    /// [`StaleLock`] if there is no such granted request (any more).
    pub fn upgrade_state(&self, id: LockId) -> Result<UpgradeState, StaleLock> {
        let anchor = self.anchor(id.shard());
        if let Some(token) = self.shared().token_if_upgraded(anchor, id) {
            return Ok(UpgradeState::Done(token));
        }
        let located = Located::find(self.shared(), id).ok_or(StaleLock)?;
        match (located.upgrade(), located.state()) {
            (_, State::Waiting) => Err(StaleLock),
            (Some(_), _) => Ok(UpgradeState::Waiting),
            // Granted, and told, since the look above.
            (None, State::Granted { token }) if located.is_all_write() => {
                Ok(UpgradeState::Done(token))
            }
            (None, _) => Ok(UpgradeState::NotUpgraded),
        }
    }

    /// Waits for an upgrade that was begun with [`upgrade`](Self::upgrade), and
    /// gives the new token, which a [`Guard`] of the request does not learn. Blocks the
    /// thread. At the deadline the upgrade is taken back, and whoever else waits for it gets `Cancelled`; `None` is no
    /// deadline. Without an upgrade that waits: the token of a request that only
    /// writes, [`UpgradeError::Cancelled`] for any other.
    ///
    /// # Errors
    ///
    /// As [`UpgradeError`] says.
    pub fn wait_upgrade(&self, id: LockId, deadline: Option<Instant>) -> Result<u64, UpgradeError> {
        let anchor = self.anchor(id.shard());
        let waiter = {
            let located = Located::find(self.shared(), id).ok_or(UpgradeError::Stale)?;
            located.upgrade()
        };
        let shared = self.shared();
        match waiter {
            Some(waiter) => shared.await_upgrade(anchor, id, &waiter, deadline),
            // It has ended, or none was begun.
            None => shared
                .token_if_upgraded(anchor, id)
                .ok_or(UpgradeError::Cancelled),
        }
    }

    /// Takes back an upgrade that waits; the request holds what it held. Of this
    /// and the grant exactly one wins.
    ///
    /// # Errors
    ///
    /// [`StaleLock`] if no upgrade of such a request waits (any more).
    pub fn cancel_upgrade(&self, id: LockId) -> Result<(), StaleLock> {
        let anchor = self.anchor(id.shard());
        let cancelled = self.shared().cancel_upgrade(anchor, id, None, Own::Tell);
        cancelled.map_err(|_| StaleLock)
    }

    /// Turns all write claims of a granted request into plain reads, at once:
    /// [`Guard::downgrade`](crate::Guard::downgrade).
    ///
    /// # Errors
    ///
    /// As [`ChangeError`] says.
    pub fn downgrade(&self, id: LockId) -> Result<(), ChangeError> {
        self.shared().downgrade(self.anchor(id.shard()), id)
    }

    /// Releases the claim of a granted request on exactly this path:
    /// [`Guard::release_part`](crate::Guard::release_part). The last one ends the
    /// request.
    ///
    /// # Errors
    ///
    /// As [`ChangeError`] says.
    pub fn release_part<'p>(
        &self,
        id: LockId,
        path: impl Into<Path<'p>>,
    ) -> Result<(), ChangeError> {
        let anchor = self.anchor(id.shard());
        self.shared().release_part(anchor, id, &path.into())
    }
}
