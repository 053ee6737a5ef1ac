//! The one lock of a connection, as the core sees it.

use std::future::pending;
use std::sync::Arc;

use futures_util::FutureExt;
use oarlock::{Acquire, AcquireError, Claim, Guard};

use crate::abandon::weight;
use crate::namespace::{Namespace, Submitted};
use crate::stats::{Gauge, Present, Total};

/// Nothing, a waiting request or a granted lock. Dropping it ends what there is.
#[derive(Debug)]
pub struct ConnectionLock {
    namespace: Arc<Namespace>,
    slot: Slot,
    /// Of what was asked for last.
    weight: usize,
}

#[derive(Debug)]
enum Slot {
    Empty,
    Waiting { acquire: Acquire, _counted: Present },
    Granted { guard: Guard, _counted: Present },
}

impl ConnectionLock {
    /// Nothing yet.
    pub fn new(namespace: &Arc<Namespace>) -> Self {
        Self {
            namespace: Arc::clone(namespace),
            slot: Slot::Empty,
            weight: 0,
        }
    }

    /// Asks for the claims, in place of whatever there was; returns the id of
    /// the lock and whether it was granted at once.
    pub fn submit(&mut self, claims: Vec<Claim<'static>>) -> Result<(u64, bool), AcquireError> {
        self.end();
        self.weight = weight(&claims);
        let (id, submitted) = self.namespace.submit(claims)?;
        let granted = match submitted {
            Submitted::Granted(guard) => {
                self.namespace.counters().count(Total::AcquiredAtOnce);
                self.hold(guard);
                true
            }
            Submitted::Waiting(acquire) => {
                self.slot = Slot::Waiting {
                    acquire,
                    _counted: Present::new(&self.namespace, Gauge::Enqueued),
                };
                false
            }
        };
        Ok((id, granted))
    }

    /// Resolves when the waiting request is granted; never, where none waits.
    /// Dropping the future loses nothing.
    pub async fn granted(&mut self) -> Result<(), AcquireError> {
        match &mut self.slot {
            Slot::Waiting { acquire, .. } => {
                let outcome = acquire.await;
                self.settle(outcome)
            }
            Slot::Empty | Slot::Granted { .. } => pending().await,
        }
    }

    /// As [`granted`](Self::granted), if it is so by now.
    pub fn granted_by_now(&mut self) -> Option<Result<(), AcquireError>> {
        self.granted().now_or_never()
    }

    fn settle(&mut self, outcome: Result<Guard, AcquireError>) -> Result<(), AcquireError> {
        // The future is spent: it leaves the slot in either case.
        self.slot = Slot::Empty;
        let guard = outcome?;
        self.namespace.counters().count(Total::AcquiredLater);
        self.hold(guard);
        Ok(())
    }

    fn hold(&mut self, guard: Guard) {
        self.slot = Slot::Granted {
            guard,
            _counted: Present::new(&self.namespace, Gauge::Acquired),
        };
    }

    /// Ends what there is. Whoever this lets in has its grant when this returns.
    pub fn end(&mut self) {
        match std::mem::replace(&mut self.slot, Slot::Empty) {
            Slot::Empty => {}
            Slot::Waiting { .. } => self.namespace.counters().count(Total::Withdrawn),
            Slot::Granted { .. } => self.namespace.counters().count(Total::Released),
        }
    }

    /// Parts with a granted lock and its weight; a waiting request ends.
    pub fn into_granted(mut self) -> Option<(Guard, usize)> {
        match std::mem::replace(&mut self.slot, Slot::Empty) {
            Slot::Granted { guard, .. } => Some((guard, self.weight)),
            other => {
                self.slot = other;
                self.end();
                None
            }
        }
    }
}
