//! Locks whose connection ended while it held them.
//!
//! The client may still be at work on what the lock protects, so the lock is
//! kept for the abandon timeout. A request that was still waiting protects
//! nothing and is not kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use oarlock::{Claim, Guard};

use crate::config::ServerLimits;
use crate::namespace::Membership;
use crate::stats::{Gauge, Present, Total};

/// The abandoned locks of a server.
#[derive(Debug)]
pub struct Abandoned {
    kept: Arc<Kept>,
    most: usize,
    most_weight: usize,
}

#[derive(Debug, Default)]
struct Kept {
    locks: AtomicUsize,
    weight: AtomicUsize,
}

impl Abandoned {
    /// None yet.
    pub fn new(limits: &ServerLimits) -> Self {
        Self {
            kept: Arc::default(),
            most: limits.max_abandoned,
            most_weight: limits.max_abandoned_segments,
        }
    }

    /// Whether new locks must be refused. A lock that was granted is always
    /// kept, so the bounds can be exceeded by what the connections hold.
    pub fn is_full(&self) -> bool {
        self.kept.locks.load(Relaxed) >= self.most
            || self.kept.weight.load(Relaxed) >= self.most_weight
    }

    /// Keeps `guard`, which weighs `weight`, and with it its namespace, for
    /// `timeout`. However large: tokio turns what cannot be added to now into
    /// some decades.
    pub fn keep(&self, guard: Guard, weight: usize, membership: Membership, timeout: Duration) {
        let place = Place::new(&self.kept, weight);
        let present = Present::new(membership.namespace(), Gauge::Abandoned);
        tokio::spawn(async move {
            tokio::time::sleep(timeout).await;
            drop(guard);
            membership.namespace().counters().count(Total::Expired);
            drop((present, place));
        });
    }
}

/// How much of a server's memory a lock on these takes, roughly in hundreds of
/// bytes: one for each claim and each segment, and one more for every 64 bytes
/// of a segment. Counted so that neither many names nor long ones come cheap.
pub fn weight(claims: &[Claim<'_>]) -> usize {
    let of = |claim: &Claim<'_>| -> usize {
        let segments = claim.path().segments();
        1 + segments.map(|name| 1 + name.len() / 64).sum::<usize>()
    };
    claims.iter().map(of).sum()
}

/// One of the kept; given back even where the runtime drops the task.
struct Place {
    kept: Arc<Kept>,
    weight: usize,
}

impl Place {
    fn new(kept: &Arc<Kept>, weight: usize) -> Self {
        kept.locks.fetch_add(1, Relaxed);
        kept.weight.fetch_add(weight, Relaxed);
        Self {
            kept: Arc::clone(kept),
            weight,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.kept.locks.fetch_sub(1, Relaxed);
        self.kept.weight.fetch_sub(self.weight, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_names_and_long_ones_weigh() {
        let long = "x".repeat(640);
        assert_eq!(weight(&[oarlock::read("")]), 1);
        assert_eq!(weight(&[oarlock::read("a/b"), oarlock::write("c")]), 5);
        assert_eq!(weight(&[oarlock::write(&long)]), 12);
    }
}
