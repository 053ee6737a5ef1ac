//! What all handles, guards and pending requests of a manager share.

use crate::clock::CoarseClock;
use crate::delivery::{self, Call, Calls};
use crate::error::{AcquireError, UpgradeError};
use crate::id::LockId;
use crate::limits::Limits;
use crate::manager::Front;
use crate::named;
use crate::names::NameHasher;
use crate::owner::{Owner, OwnerId};
use crate::route::Routes;
use crate::shard::{Located, Shard, Shards};
use crate::stats::Stats;
use crate::sync::{AtomicU64, AtomicUsize, Mutex, Ordering, RandomState, Weak};
use crate::waiter::Listener;

use std::hash::BuildHasher;

/// A manager's settings.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) limits: Limits,
    pub(crate) shards: usize,
    pub(crate) max_waiting: usize,
    pub(crate) timing: bool,
    /// After so many waits for a shard's mutex its busiest class is spread.
    pub(crate) spread_after: u32,
}

pub(crate) struct Shared {
    /// See `shard.rs` for what guards what.
    pub(crate) shards: Shards,
    pub(crate) routes: Routes,
    /// Hashes names for all engines. Seeded per manager.
    pub(crate) hasher: NameHasher,
    pub(crate) settings: Settings,
    pub(crate) name: Option<String>,
    pub(crate) clock: CoarseClock,
    /// Drawn at random, so that an owner of another manager is noticed.
    pub(crate) identity: u64,
    /// How many requests wait, over all shards.
    waiting: AtomicUsize,
    owners: AtomicU64,
    /// Counts the waits as they begin.
    waits: AtomicU64,
    /// The handles' common part, while there is a handle.
    pub(crate) front: Mutex<Weak<Front>>,
}

impl Shared {
    pub(crate) fn new(settings: Settings, name: Option<String>) -> Self {
        // The standard library seeds from the operating system.
        let random = RandomState::default();
        let hasher = NameHasher::new(random.hash_one("names"));
        let (names, timing) = (hasher.clone(), settings.timing);
        let identity = random.hash_one("identity");
        let new = move |index: usize| {
            Shard::new(index, random.hash_one(index as u64), names.clone(), timing)
        };
        Self {
            shards: Shards::new(settings.shards, new, Shard::close),
            routes: Routes::new(settings.shards),
            hasher: hasher.clone(),
            settings,
            name,
            clock: CoarseClock::new(),
            identity,
            waiting: AtomicUsize::new(0),
            owners: AtomicU64::new(0),
            waits: AtomicU64::new(0),
            front: Mutex::new(Weak::new()),
        }
    }

    pub(crate) fn new_owner(&self) -> Owner {
        let number = self.owners.fetch_add(1, Ordering::Relaxed) + 1;
        // Not 0 before 2⁶⁴ owners were made.
        Owner::new(
            OwnerId::from_u64(number).unwrap_or(OwnerId::LAST),
            self.identity,
        )
    }

    /// The number of a wait that begins, under the locks of its shards.
    pub(crate) fn next_place(&self) -> u64 {
        self.waits.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// One more is to wait. `false`: no more may.
    pub(crate) fn begins_waiting(&self) -> bool {
        if self.waiting.fetch_add(1, Ordering::Relaxed) < self.settings.max_waiting {
            return true;
        }
        self.stops_waiting();
        false
    }

    pub(crate) fn stops_waiting(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        for shard in &self.shards.lock_used() {
            shard.tally.add_to(&mut stats);
        }
        stats.held = stats.grants - stats.releases;
        // Of the same moment: what is still to be told of is not counted any more.
        let later = stats.grants - stats.immediate_grants;
        stats.waiting = stats.waits.saturating_sub(later + stats.cancels);
        stats
    }

    pub(crate) fn state(&self, id: LockId) -> Option<crate::engine::State> {
        Some(Located::find(self, id)?.state())
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            named::forget(name);
        }
        // Requests known only by their ids may still wait, or their upgrades; the
        // callbacks are owed a call.
        let mut calls = Calls::new();
        self.close(|ended| {
            for (waiter, outcome) in ended {
                match waiter.settle(outcome) {
                    Listener::None | Listener::Waker(_) => {}
                    Listener::Callback(callback) => {
                        calls.push(Call::Back(callback, Err(AcquireError::Closed)));
                    }
                    Listener::Upgrade(callback) => {
                        calls.push(Call::Upgraded(callback, Err(UpgradeError::Closed)));
                    }
                }
            }
        });
        delivery::run(calls);
    }
}
