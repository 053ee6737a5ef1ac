//! Where the outcome of an asynchronous wait goes: to a callback or into a queue.

use crate::callback::Callback;
use crate::failure::Failure;
use crate::queue::Slot;
use crate::status::OARLOCK_ERR_CLOSED;
use crate::target::Target;
use engine::{AcquireError, Guard, UpgradeError};

/// How a wait ended.
pub(crate) enum Outcome {
    /// The request is granted; whoever drops this releases it.
    Granted(Guard),
    /// The request writes all that it claims.
    Upgraded { lock: u64, token: u64 },
    /// It ended without. `lock` is 0, or the request that was to be upgraded.
    Failed { lock: u64, failure: Failure },
}

impl Outcome {
    pub(crate) fn of_request(result: Result<Guard, AcquireError>) -> Self {
        match result {
            Ok(guard) => Self::Granted(guard),
            Err(error) => Self::Failed {
                lock: 0,
                failure: error.into(),
            },
        }
    }

    /// The same of a manager that has ended in the meantime, and its locks with it.
    pub(crate) fn after_the_end(self) -> Self {
        let lock = match self {
            Self::Granted(guard) => {
                drop(guard);
                0
            }
            Self::Upgraded { lock, .. } => lock,
            failed @ Self::Failed { .. } => return failed,
        };
        let failure = Failure::of(OARLOCK_ERR_CLOSED);
        Self::Failed { lock, failure }
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
}

/// Told the outcome once; dropped untold where there is nothing to wait for.
pub(crate) enum Sink {
    Callback(Callback),
    Queue(Slot),
}

impl Sink {
    pub(crate) fn tell(self, outcome: Outcome) {
        match self {
            Self::Callback(callback) => callback.call(outcome),
            Self::Queue(slot) => slot.put(outcome),
        }
    }

    /// What has to know of the wait once it has begun, after this is given away.
    pub(crate) fn tracker(&self) -> Option<crate::queue::Tracker> {
        match self {
            Self::Callback(_) => None,
            Self::Queue(slot) => Some(slot.tracker()),
        }
    }
}

/// The other side of a wait: it is told when the wait has begun.
pub(crate) fn begun(
    tracker: Option<crate::queue::Tracker>,
    alarm: Option<std::sync::Arc<crate::timer::Alarm>>,
    target: Target,
) {
    if let Some(tracker) = tracker {
        tracker.waits(target.clone());
    }
    if let Some(alarm) = alarm {
        alarm.arm(target);
    }
}
