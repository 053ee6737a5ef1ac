//! Upgrades that tell a callback in the end.

use crate::ending::Own;
use crate::error::{StaleLock, UpgradeError};
use crate::id::LockId;
use crate::manager::Manager;
use crate::sync::{Arc, Weak};
use crate::upgrade::Upgrading;
use crate::waiter::{Listener, Waiter};
use crate::weak::WeakManager;

/// What [`Manager::upgrade_with`] did.
#[derive(Clone, Debug)]
pub enum UpgradeBegun {
    /// Granted at once, and this is the token; the callback was dropped uncalled.
    Done(u64),
    /// It waits for other holders; the callback will be called exactly once.
    Waiting(UpgradeTicket),
}

/// One upgrade that began to wait, and no later one of the same request: for whoever
/// wants to take it back. It keeps neither the manager nor the upgrade alive, and may
/// be dropped at any time.
#[derive(Clone, Debug)]
pub struct UpgradeTicket {
    manager: WeakManager,
    waiter: Weak<Waiter>,
}

impl Manager {
    /// Begins to turn all read claims of a granted request into writes:
    /// [`Guard::upgrade`](crate::Guard::upgrade). Never blocks; if the upgrade has to
    /// wait, `done` is called with the new token, or with `Cancelled` (also if the
    /// request ends), `Timeout` or `Closed`; a deadlock is told by this call alone. The
    /// new token is in the result or told to `done`, and not in a
    /// [`Guard`](crate::Guard) of the request.
    ///
    /// If it is granted at once, `done` is dropped uncalled. Otherwise it is called
    /// exactly once: never from inside this call, perhaps on another thread before this
    /// call returns, with no internal lock held, on the thread whose call caused it. A
    /// panic in it goes no further. It is called with `Closed` if the manager goes away
    /// first.
    ///
    /// ```
    /// # use oarlock::{Manager, UpgradeBegun, read};
    /// let manager = Manager::new();
    /// let own = manager.acquire(read("a"))?;
    /// let other = manager.acquire(read("a"))?;
    /// let begun = manager.upgrade_with(own.id(), |token| assert!(token.is_ok()))?;
    /// assert!(matches!(begun, UpgradeBegun::Waiting(_)));
    /// drop(other); // calls it
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`UpgradeError`] says; `done` is dropped uncalled then.
    pub fn upgrade_with(
        &self,
        id: LockId,
        done: impl FnOnce(Result<u64, UpgradeError>) + Send + 'static,
    ) -> Result<UpgradeBegun, UpgradeError> {
        let mut listener = Listener::Upgrade(Box::new(done));
        let anchor = self.anchor(id.shard());
        Ok(
            match self.shared().upgrade(anchor, id, Some(&mut listener))? {
                Upgrading::Done { token } => UpgradeBegun::Done(token),
                Upgrading::Waiting(waiter) => UpgradeBegun::Waiting(UpgradeTicket {
                    manager: self.weak(),
                    waiter: Arc::downgrade(&waiter),
                }),
            },
        )
    }
}

impl UpgradeTicket {
    /// Takes the upgrade back; its callback gets `Cancelled`, and the request holds
    /// what it held. Of this and the grant exactly one wins.
    ///
    /// # Errors
    ///
    /// [`StaleLock`] if the upgrade does not wait any more.
    pub fn cancel(&self) -> Result<(), StaleLock> {
        self.take_back(Own::Tell)
    }

    /// [`cancel`](Self::cancel), because the upgrade's time is up: its callback gets
    /// `Timeout`, and it is counted as one.
    ///
    /// # Errors
    ///
    /// As [`cancel`](Self::cancel).
    pub fn expire(&self) -> Result<(), StaleLock> {
        self.take_back(Own::Expire)
    }

    fn take_back(&self, own: Own) -> Result<(), StaleLock> {
        let waiter = self.waiter.upgrade().ok_or(StaleLock)?;
        let manager = self.manager.upgrade().ok_or(StaleLock)?;
        let (anchor, id) = (manager.anchor(waiter.id.shard()), waiter.id);
        manager
            .shared()
            .cancel_upgrade(anchor, id, Some(&waiter), own)
            .map_err(|_| StaleLock)
    }
}
