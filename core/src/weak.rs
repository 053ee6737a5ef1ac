//! Handles that do not keep their manager alive.

use crate::manager::{Front, Manager};
use crate::shared::Shared;
use crate::sync::{Arc, Weak};

/// A handle of a manager that does not keep it alive: for a timer, a table or a hook
/// that may outlive it. From [`Manager::weak`]. The name of a named manager is free
/// again though weak handles of it are left.
#[derive(Clone, Debug)]
pub struct WeakManager {
    shared: Weak<Shared>,
}

impl Manager {
    /// A handle that does not keep this manager alive.
    ///
    /// ```
    /// # use oarlock::{Manager, write};
    /// let manager = Manager::new();
    /// let weak = manager.weak();
    /// let guard = manager.acquire(write("a"))?;
    /// drop(manager);
    /// assert!(weak.upgrade().is_some()); // the guard keeps it alive
    /// drop(guard);
    /// assert!(weak.upgrade().is_none());
    /// # Ok::<(), oarlock::AcquireError>(())
    /// ```
    #[must_use]
    pub fn weak(&self) -> WeakManager {
        WeakManager {
            shared: Arc::downgrade(self.shared()),
        }
    }
}

impl WeakManager {
    /// The manager, if any handle, guard or pending request of it is left. While the
    /// result lives it keeps the manager alive like any other handle.
    #[must_use]
    pub fn upgrade(&self) -> Option<Manager> {
        let shared = self.shared.upgrade()?;
        Some(Manager {
            front: Front::of(&shared),
        })
    }
}
