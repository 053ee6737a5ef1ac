//! What a granted request looks like to its holder.

use crate::error::StaleLock;
use crate::id::LockId;
use crate::manager::{Manager, Own, Shared};
use crate::sync::Arc;

/// A granted request. Dropping it releases all its claims.
///
/// A guard can be sent to another thread and dropped there. Releasing never
/// blocks for longer than other short operations of the same manager take, and
/// runs the callbacks of those that it grants.
#[must_use = "a guard that is dropped at once releases at once"]
pub struct Guard {
    /// `None` only inside the calls that consume the guard.
    shared: Option<Arc<Shared>>,
    id: LockId,
    token: u64,
}

const TAKEN: &str = "a guard has its manager until it is consumed";

impl Guard {
    pub(crate) fn new(shared: Arc<Shared>, id: LockId, token: u64) -> Self {
        Self {
            shared: Some(shared),
            id,
            token,
        }
    }

    /// The fencing token, never 0: of two conflicting requests the later one has
    /// the greater token. A storage service that remembers the greatest token it
    /// has seen can refuse a holder whose time has passed.
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
        match &self.shared {
            Some(shared) => Manager {
                shared: Arc::clone(shared),
            },
            None => unreachable!("{TAKEN}"),
        }
    }

    /// Releases all claims, and says whether they were still held: after a
    /// release by [`id`](Self::id) they are not.
    ///
    /// # Errors
    ///
    /// [`StaleLock`] if somebody has released the request by its id.
    pub fn release(self) -> Result<(), StaleLock> {
        let (shared, id) = self.into_parts();
        if shared.end(id, Own::Tell) {
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
    fn into_parts(mut self) -> (Arc<Shared>, LockId) {
        let Some(shared) = self.shared.take() else {
            unreachable!("{TAKEN}");
        };
        (shared, self.id)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.take() {
            // Stale if it was released by its id; nothing is left to do then.
            shared.end(self.id, Own::Tell);
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
