//! How an asynchronous wait ended, and what is told of that.

use crate::failure::Failure;
use crate::lock::oarlock_lock;
use crate::status::{OARLOCK_ERR_CLOSED, OARLOCK_OK, oarlock_status};
use engine::{AcquireError, Guard, LockId, UpgradeError, WeakManager};

/// How a wait ended.
pub(crate) enum Outcome {
    /// The request is granted.
    Granted(Held),
    /// The request writes all that it claims.
    Upgraded { lock: u64, token: u64 },
    /// It ended without. `lock` is 0, or the request that was to be upgraded.
    Failed { lock: u64, failure: Failure },
}

/// A lock that nobody knows of yet; released when it is dropped. Unlike a guard it does
/// not keep the manager alive: that ends with its last handle, whatever lies in queues.
pub(crate) struct Held {
    /// `None` when it was handed over.
    manager: Option<WeakManager>,
    id: LockId,
    token: u64,
}

impl Held {
    /// Hands the lock over, with its token.
    fn hand_over(mut self) -> (oarlock_lock, u64) {
        self.manager = None;
        (self.id.to_u64(), self.token)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(manager) = self.manager.as_ref().and_then(WeakManager::upgrade) {
            // Released by somebody who remembers its number: so be it.
            manager.release(self.id).ok();
        }
    }
}

/// What is told of an outcome.
pub(crate) struct Told {
    pub(crate) status: oarlock_status,
    pub(crate) lock: oarlock_lock,
    pub(crate) token: u64,
    pub(crate) failure: Option<Failure>,
}

impl Outcome {
    /// `manager` is that of the request.
    pub(crate) fn of_request(result: Result<Guard, AcquireError>, manager: WeakManager) -> Self {
        match result {
            Ok(guard) => Self::Granted(Held {
                token: guard.token(),
                id: guard.into_id(),
                manager: Some(manager),
            }),
            Err(error) => Self::Failed {
                lock: 0,
                failure: error.into(),
            },
        }
    }

    pub(crate) fn of_upgrade(lock: u64, result: Result<u64, UpgradeError>) -> Self {
        match result {
            Ok(token) => Self::Upgraded { lock, token },
            Err(error) => Self::Failed {
                lock,
                failure: error.into(),
            },
        }
    }

    /// What is told of it. If the manager has ended in the meantime, so have its locks.
    pub(crate) fn told(self, manager_has_ended: bool) -> Told {
        let granted = |(lock, token)| Told {
            status: OARLOCK_OK,
            lock,
            token,
            failure: None,
        };
        let failed = |lock, failure: Failure| Told {
            status: failure.code(),
            lock,
            token: 0,
            failure: Some(failure),
        };
        let closed = |lock| failed(lock, Failure::of(OARLOCK_ERR_CLOSED));
        match self {
            Self::Failed { lock, failure } => failed(lock, failure),
            Self::Granted(_) if manager_has_ended => closed(0),
            Self::Upgraded { lock, .. } if manager_has_ended => closed(lock),
            Self::Granted(held) => granted(held.hand_over()),
            Self::Upgraded { lock, token } => granted((lock, token)),
        }
    }
}
