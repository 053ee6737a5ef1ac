//! What a granted request looks like to its holder.

use crate::ending::Own;
use crate::error::StaleLock;
use crate::error::{ChangeError, UpgradeError};
use crate::id::LockId;
use crate::manager::{Anchor, Front, Manager};
use crate::path::Path;
use crate::sync::{self, Arc};
use crate::upgrade::Upgrading;

use std::time::{Duration, Instant};

/// A granted request. Dropping it releases all its claims.
///
/// A guard can be sent to another thread and dropped there. Releasing never
/// blocks for longer than other short operations of the same manager take, and
/// runs the callbacks of those that it grants.
#[must_use = "a guard that is dropped at once releases at once"]
pub struct Guard {
    /// `None` only inside the calls that consume the guard.
    anchor: Option<Arc<Anchor>>,
    id: LockId,
    token: u64,
}

const TAKEN: &str = "a guard has its manager until it is consumed";

impl Guard {
    #[inline]
    pub(crate) fn new(anchor: Arc<Anchor>, id: LockId, token: u64) -> Self {
        Self {
            anchor: Some(anchor),
            id,
            token,
        }
    }

    /// The fencing token, never 0: of two conflicting requests the later one has
    /// the greater token. A storage service that remembers the greatest token it
    /// has seen can refuse a holder whose time has passed.
    ///
    /// It is what the last grant or upgrade *through this guard* gave. An upgrade by
    /// [`id`](Self::id), such as [`Manager::upgrade`] or [`Manager::upgrade_async`],
    /// gives the new token in its result, and [`Manager::info`] tells it; this guard
    /// does not learn of it.
    #[must_use]
    pub fn token(&self) -> u64 {
        self.token
    }

    /// The request's id.
    #[must_use]
    pub fn id(&self) -> LockId {
        self.id
    }

    /// The manager that granted it.
    #[must_use]
    pub fn manager(&self) -> Manager {
        Manager {
            front: Front::of(&self.anchor().shared),
        }
    }

    /// Releases all claims, and says whether they were still held: after a
    /// release by [`id`](Self::id) they are not.
    ///
    /// # Errors
    ///
    /// [`StaleLock`] if somebody has released the request by its id.
    pub fn release(self) -> Result<(), StaleLock> {
        let (anchor, id) = self.into_parts();
        if anchor.shared.end(&anchor, id, Own::Tell) {
            Ok(())
        } else {
            Err(StaleLock)
        }
    }

    /// Keeps the lock held and gives its id, for a table of locks:
    /// [`Manager::release`] or [`Manager::adopt`] end what this begins. The
    /// manager has to be kept alive for that.
    ///
    /// ```
    /// # use oarlock::{Manager, write};
    /// let manager = Manager::new();
    /// let id = manager.acquire(write("a"))?.into_id().to_u64(); // into some table
    /// let id = oarlock::LockId::from_u64(id);
    /// assert_eq!(manager.release(id), Ok(()));
    /// assert!(manager.release(id).is_err()); // stale, and nobody else's lock
    /// # Ok::<(), oarlock::AcquireError>(())
    /// ```
    #[must_use = "the lock stays held until it is released by this id"]
    pub fn into_id(self) -> LockId {
        self.into_parts().1
    }

    /// Takes the guard apart without releasing.
    fn into_parts(mut self) -> (Arc<Anchor>, LockId) {
        let Some(anchor) = self.anchor.take() else {
            unreachable!("{TAKEN}");
        };
        (anchor, self.id)
    }

    fn anchor(&self) -> &Arc<Anchor> {
        match &self.anchor {
            Some(anchor) => anchor,
            None => unreachable!("{TAKEN}"),
        }
    }

    /// Turns all read claims into writes; their limits go. Waits, ahead of all
    /// requests that wait, until no other holder conflicts; what was held stays
    /// held meanwhile. The guard has a new, greater [`token`](Self::token) then.
    /// A guard that only writes is left as it is.
    ///
    /// A new `write` of the same owner is something else: a second request, with a guard
    /// and a token of its own, that stands in the queue and leaves the read when it ends.
    ///
    /// Blocks the thread.
    ///
    /// # Errors
    ///
    /// [`UpgradeError::Deadlock`] at once if what others hold would keep it waiting for
    /// ever: another holder waits to be upgraded, too, or there is a longer cycle; what
    /// [`UpgradeError`] says. The guard holds what it held.
    pub fn upgrade(&mut self) -> Result<(), UpgradeError> {
        self.upgrade_by(None)
    }

    /// [`upgrade`](Self::upgrade), if that is possible at once.
    ///
    /// # Errors
    ///
    /// [`UpgradeError::WouldBlock`] if another holder conflicts.
    pub fn try_upgrade(&mut self) -> Result<(), UpgradeError> {
        let anchor = Arc::clone(self.anchor());
        if let Upgrading::Done { token } = anchor.shared.upgrade(&anchor, self.id, None)? {
            self.token = token;
        }
        Ok(())
    }

    /// [`upgrade`](Self::upgrade), waiting for at most `timeout`. Zero tries.
    ///
    /// # Errors
    ///
    /// [`UpgradeError::Timeout`] when the time is up;
    /// [`UpgradeError::TimeoutTooLarge`] if `timeout` cannot be added to now.
    pub fn upgrade_timeout(&mut self, timeout: Duration) -> Result<(), UpgradeError> {
        if timeout.is_zero() {
            return self.try_upgrade().map_err(|error| match error {
                UpgradeError::WouldBlock => UpgradeError::Timeout,
                error => error,
            });
        }
        let deadline = sync::now().checked_add(timeout);
        self.upgrade_until(deadline.ok_or(UpgradeError::TimeoutTooLarge)?)
    }

    /// [`upgrade`](Self::upgrade), waiting until `deadline` at most.
    ///
    /// # Errors
    ///
    /// [`UpgradeError::Timeout`] when the time is up.
    pub fn upgrade_until(&mut self, deadline: Instant) -> Result<(), UpgradeError> {
        self.upgrade_by(Some(deadline))
    }

    fn upgrade_by(&mut self, deadline: Option<Instant>) -> Result<(), UpgradeError> {
        let anchor = self.anchor();
        self.token = anchor.shared.upgrade_and_wait(anchor, self.id, deadline)?;
        Ok(())
    }

    /// Turns all write claims into plain reads, at once. Whoever waited only for
    /// that comes in.
    ///
    /// # Errors
    ///
    /// [`ChangeError::Stale`] if somebody has released the request by its id.
    pub fn downgrade(&mut self) -> Result<(), ChangeError> {
        let anchor = self.anchor();
        anchor.shared.downgrade(anchor, self.id)
    }

    /// Releases the claim on exactly this path, and keeps the others. After the
    /// last one the guard holds nothing, and [`release`](Self::release) says
    /// [`StaleLock`].
    ///
    /// ```
    /// # use oarlock::{Manager, write};
    /// let manager = Manager::new();
    /// let mut guard = manager.acquire([write("a"), write("b")])?;
    /// guard.release_part("a")?;
    /// assert!(manager.try_acquire(write("a")).is_ok());
    /// assert!(manager.try_acquire(write("b")).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ChangeError::NotClaimed`] if there is none: a claim that another one
    /// covers was dropped when the request was made.
    pub fn release_part<'p>(&mut self, path: impl Into<Path<'p>>) -> Result<(), ChangeError> {
        let anchor = self.anchor();
        anchor.shared.release_part(anchor, self.id, &path.into())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(anchor) = self.anchor.take() {
            // Stale if it was released by its id; nothing is left to do then.
            anchor.shared.end(&anchor, self.id, Own::Tell);
        }
    }
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard")
            .field("id", &self.id)
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}
