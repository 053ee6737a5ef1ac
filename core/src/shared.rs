//! What all handles, guards and pending requests of a manager share.

use crate::clock::CoarseClock;
use crate::delivery::{self, Call, Calls, Deliveries};
use crate::error::{AcquireError, UpgradeError};
use crate::id::LockId;
use crate::limits::Limits;
use crate::manager::Front;
use crate::named;
use crate::names::NameHasher;
use crate::owner::{Owner, OwnerId};
use crate::route::Routes;
use crate::shard::{Located, Padded, Shard, Shards};
use crate::stats::Stats;
use crate::sync::{AtomicU64, AtomicUsize, Mutex, MutexGuard, Ordering, RandomState, Weak};
use crate::waiter::{Listener, Outcome};

use std::hash::BuildHasher;

use smallvec::SmallVec;

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
    /// At least one, at most 256. See `shard.rs` for what guards what.
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
        let shard = |shard: u64| {
            let seed = random.hash_one(shard);
            Padded(Mutex::new(Shard::new(
                shard as usize,
                seed,
                hasher.clone(),
                settings.timing,
            )))
        };
        Self {
            shards: (0..settings.shards as u64).map(shard).collect(),
            routes: Routes::new(settings.shards),
            hasher: hasher.clone(),
            settings,
            name,
            clock: CoarseClock::new(),
            identity: random.hash_one("identity"),
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

    /// Every shard, in the order of locking.
    pub(crate) fn lock_all(&self) -> Vec<MutexGuard<'_, Shard>> {
        self.shards.iter().map(|shard| shard.0.lock()).collect()
    }

    pub(crate) fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        let shards = self.lock_all();
        for shard in &shards {
            shard.tally.add_to(&mut stats);
        }
        stats.held = stats.grants - stats.releases;
        // Of the same moment: what is still to be told of is not counted any more.
        let later = stats.grants - stats.immediate_grants;
        stats.waiting = stats.waits.saturating_sub(later + stats.cancels);
        stats
    }

    /// Closes every shard and ends every waiting request and upgrade; what
    /// remains is to tell them.
    pub(crate) fn end_waiting(&self) -> Deliveries {
        let mut shards = self.lock_all();
        let mut closing = Deliveries::new();
        let mut upgrades = Vec::new();
        for shard in &mut shards {
            shard.closed = true;
            let ids: Vec<_> = shard.engine.ids_with_payload().collect();
            for id in ids {
                let Some(part) = shard.engine.payload_mut(id) else {
                    continue;
                };
                // Without its waiter, a part that is granted by the end of
                // another one below tells nobody.
                if let Some(waiter) = part.waiter.take_if(|waiter| !waiter.is_complete()) {
                    closing.push((waiter, Outcome::Closed));
                }
                if let Some(waiter) = part.upgrade.take_if(|waiter| !waiter.is_complete()) {
                    upgrades.push((waiter, Outcome::Closed));
                }
            }
        }
        // A request with several parts was found once for each.
        closing.sort_by_key(|(waiter, _)| waiter.id);
        closing.dedup_by_key(|(waiter, _)| waiter.id);
        upgrades.sort_by_key(|(waiter, _)| waiter.id);
        upgrades.dedup_by_key(|(waiter, _)| waiter.id);
        let mut nobody = Deliveries::new();
        // First, or one could be granted by the end of a request below.
        for (waiter, _) in &upgrades {
            self.cancel_upgrade_locked(&mut shards, waiter.id, &mut nobody);
        }
        for (waiter, _) in &closing {
            self.stops_waiting();
            let others = self.end_locked(&mut shards, waiter.id, &mut nobody);
            for other in others {
                self.end_locked(&mut shards, other, &mut nobody);
            }
        }
        debug_assert!(nobody.is_empty(), "whoever waited is being closed");
        closing.extend(upgrades);
        closing
    }

    /// Ends one part of a waiting request, with all shards locked. The others.
    pub(crate) fn end_locked(
        &self,
        shards: &mut [MutexGuard<'_, Shard>],
        id: LockId,
        deliveries: &mut Deliveries,
    ) -> SmallVec<[LockId; 3]> {
        let shard = &mut shards[id.shard()];
        let part = shard.end_part(id.request(), deliveries).unwrap_or_default();
        if part.known_as.is_none() {
            shard.tally.cancels += 1;
        }
        part.others
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
        for (waiter, outcome) in self.end_waiting() {
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
        delivery::run(calls);
    }
}
