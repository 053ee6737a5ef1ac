//! One waiting request's completion: the single mechanism under blocking calls,
//! futures and callbacks.
//!
//! A waiter is made when a request or an upgrade is queued and is settled exactly
//! once, with a grant, a cancel, a time that was up, or a close. Which of them
//! it is was decided earlier, under the locks of the request's shards; settling only tells,
//! after those locks are let go. So there is a moment in which a request is granted and its waiter not
//! yet settled; whoever meets it there goes by the engine's word.

use std::task::{Poll, Waker};
use std::time::Instant;

use crate::error::{AcquireError, UpgradeError};
use crate::guard::Guard;
use crate::id::LockId;
use crate::owner::OwnerState;
use crate::sync::{self, Arc, AtomicBool, AtomicU32, AtomicU64, Condvar, Mutex, Ordering, SPINS};

/// How a waiting request ended its wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Granted {
        token: u64,
    },
    Cancelled,
    /// Somebody else's timer took it back.
    TimedOut,
    Closed,
}

impl Outcome {
    /// The token, or the reason why there is none.
    pub(crate) fn token(self) -> Result<u64, AcquireError> {
        match self {
            Self::Granted { token } => Ok(token),
            Self::Cancelled => Err(AcquireError::Cancelled),
            Self::TimedOut => Err(AcquireError::Timeout),
            Self::Closed => Err(AcquireError::Closed),
        }
    }

    /// The same of an upgrade.
    pub(crate) fn upgraded(self) -> Result<u64, UpgradeError> {
        match self {
            Self::Granted { token } => Ok(token),
            Self::Cancelled => Err(UpgradeError::Cancelled),
            Self::TimedOut => Err(UpgradeError::Timeout),
            Self::Closed => Err(UpgradeError::Closed),
        }
    }
}

pub(crate) type Callback = Box<dyn FnOnce(Result<Guard, AcquireError>) + Send>;
pub(crate) type UpgradeCallback = Box<dyn FnOnce(Result<u64, UpgradeError>) + Send>;

/// Who besides a parked thread is to be told.
pub(crate) enum Listener {
    None,
    Waker(Waker),
    Callback(Callback),
    /// Of an upgrade.
    Upgrade(UpgradeCallback),
}

/// What waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Request,
    Upgrade,
}

pub(crate) struct Waiter {
    /// The request's id, for whoever settles it.
    pub(crate) id: LockId,
    pub(crate) kind: Kind,
    /// Parts that still wait, one a shard. Each is counted down under the lock
    /// of its shard, so a thread that holds the locks of all of the request's
    /// shards reads a value that stands still.
    parts: AtomicU32,
    /// The greatest token of the parts granted so far; written as `parts` is.
    token: AtomicU64,
    /// When it was queued.
    pub(crate) queued: Instant,
    /// Rises from one wait of the manager to the next.
    pub(crate) place: u64,
    /// The owner of the request, if it has one.
    pub(crate) owner: Option<Arc<OwnerState>>,
    /// Set after `inner.outcome`, for those who spin before they park.
    settled: AtomicBool,
    inner: Mutex<Inner>,
    ready: Condvar,
}

struct Inner {
    outcome: Option<Outcome>,
    listener: Listener,
    /// Threads that are parked. A condition variable does not know whether there are
    /// any, and asks the system each time.
    parked: u32,
}

impl Waiter {
    pub(crate) fn new(
        id: LockId,
        kind: Kind,
        parts: u32,
        token: u64,
        owner: Option<Arc<OwnerState>>,
        place: u64,
        listener: Listener,
    ) -> Arc<Self> {
        if let Some(owner) = &owner {
            owner.begins_waiting();
        }
        Arc::new(Self {
            id,
            kind,
            parts: AtomicU32::new(parts),
            token: AtomicU64::new(token),
            queued: sync::now(),
            owner,
            place,
            settled: AtomicBool::new(false),
            inner: Mutex::new(Inner {
                outcome: None,
                listener,
                parked: 0,
            }),
            ready: Condvar::new(),
        })
    }

    /// One part is granted. The request's token, if that was the last.
    /// Called under the lock of the part's shard.
    pub(crate) fn part_granted(&self, token: u64) -> Option<u64> {
        // The counting down orders the tokens' writes before the last reader.
        self.token.fetch_max(token, Ordering::Relaxed);
        (self.parts.fetch_sub(1, Ordering::AcqRel) == 1).then(|| self.token.load(Ordering::Relaxed))
    }

    /// The greatest token of the parts granted so far.
    pub(crate) fn token(&self) -> u64 {
        self.token.load(Ordering::Relaxed)
    }

    /// Whether all parts are granted.
    pub(crate) fn is_complete(&self) -> bool {
        self.parts.load(Ordering::Acquire) == 0
    }

    /// A part that was granted has to wait again, unless all are by now.
    /// Called under the lock of the part's shard.
    pub(crate) fn part_waits_again(&self) -> bool {
        let more = |parts| (parts > 0).then_some(parts + 1);
        self.parts
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, more)
            .is_ok()
    }

    fn stops_waiting(&self) {
        if let Some(owner) = &self.owner {
            owner.stops_waiting();
        }
    }

    /// Tells the outcome to whoever waits; returns the listener that is still
    /// to be told. Called once, with no shard's lock held.
    pub(crate) fn settle(&self, outcome: Outcome) -> Listener {
        self.stops_waiting();
        let mut inner = self.inner.lock();
        debug_assert!(inner.outcome.is_none(), "a waiter is settled once");
        inner.outcome = Some(outcome);
        self.settled.store(true, Ordering::Release);
        let listener = std::mem::replace(&mut inner.listener, Listener::None);
        let parked = inner.parked;
        drop(inner);
        if parked > 0 {
            self.ready.notify_all();
        }
        listener
    }

    /// Blocks until the outcome or the deadline; `None` at the deadline.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> Option<Outcome> {
        for _ in 0..SPINS {
            if self.settled.load(Ordering::Acquire) {
                break;
            }
            std::hint::spin_loop();
        }
        let mut inner = self.inner.lock();
        loop {
            if inner.outcome.is_some() {
                return inner.outcome.clone();
            }
            inner.parked += 1;
            let mut timed_out = false;
            match deadline {
                None => inner = self.ready.wait(inner),
                Some(deadline) => {
                    (inner, timed_out) = self.ready.wait_until(inner, deadline);
                }
            }
            inner.parked -= 1;
            if timed_out {
                return inner.outcome.clone();
            }
        }
    }

    /// The outcome, or leaves the waker to be woken with it.
    pub(crate) fn poll(&self, waker: &Waker) -> Poll<Outcome> {
        let mut inner = self.inner.lock();
        if let Some(outcome) = &inner.outcome {
            return Poll::Ready(outcome.clone());
        }
        let known = matches!(&inner.listener, Listener::Waker(known) if known.will_wake(waker));
        // Cloning and dropping a waker runs foreign code: not under the lock.
        if !known {
            drop(inner);
            let fresh = Listener::Waker(waker.clone());
            inner = self.inner.lock();
            if let Some(outcome) = inner.outcome.clone() {
                drop(inner);
                return Poll::Ready(outcome);
            }
            let old = std::mem::replace(&mut inner.listener, fresh);
            drop(inner);
            drop(old);
        }
        Poll::Pending
    }
}
