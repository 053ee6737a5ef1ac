//! Locks whose connection ended while it held them.
//!
//! The client may still be at work on what the lock protects, so the lock is
//! kept for the abandon timeout. A request that was still waiting protects
//! nothing and is not kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use oarlock::Guard;

use crate::namespace::Membership;
use crate::stats::{Gauge, Present, Total};

/// The abandoned locks of a server.
#[derive(Debug)]
pub struct Abandoned {
    kept: Arc<AtomicUsize>,
    most: usize,
}

impl Abandoned {
    /// None yet; full at `most`.
    pub fn new(most: usize) -> Self {
        Self {
            kept: Arc::default(),
            most,
        }
    }

    /// Whether new locks must be refused. A lock that was granted is always
    /// kept, so the number can exceed `most` by that of the connections.
    pub fn is_full(&self) -> bool {
        self.kept.load(Relaxed) >= self.most
    }

    /// Keeps `guard`, and with it its namespace, for `timeout`. However large:
    /// tokio turns what cannot be added to now into some decades.
    pub fn keep(&self, guard: Guard, membership: Membership, timeout: Duration) {
        let place = Place::new(&self.kept);
        let present = Present::new(membership.namespace(), Gauge::Abandoned);
        tokio::spawn(async move {
            tokio::time::sleep(timeout).await;
            drop(guard);
            membership.namespace().counters().count(Total::Expired);
            drop((present, place));
        });
    }
}

/// One of the kept; given back even where the runtime drops the task.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn new(kept: &Arc<AtomicUsize>) -> Self {
        kept.fetch_add(1, Relaxed);
        Self(Arc::clone(kept))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
