//! Statistics: what a manager has done, counted by shard under the shard's lock.

use std::time::{Duration, Instant};

use crate::engine::RequestId;
use crate::sync;

/// How many buckets a [`Histogram`] has.
const BUCKETS: usize = 48;

/// How often something took how long, in powers of two of nanoseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    buckets: [u64; BUCKETS],
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: [0; BUCKETS],
        }
    }
}

impl Histogram {
    fn record(&mut self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let bucket = (u64::BITS - nanos.leading_zeros()) as usize;
        self.buckets[bucket.min(BUCKETS - 1)] += 1;
    }

    fn add(&mut self, other: &Self) {
        for (sum, more) in self.buckets.iter_mut().zip(other.buckets) {
            *sum += more;
        }
    }

    /// How many times were recorded.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// The buckets that are not empty, from the shortest: the time that all in it
    /// are below, and how many they are. The last bucket holds everything longer,
    /// too.
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> {
        let bound = |bucket: usize| Duration::from_nanos(1 << bucket);
        self.buckets
            .iter()
            .enumerate()
            .filter(|&(_, &count)| count > 0)
            .map(move |(bucket, &count)| (bound(bucket), count))
    }

    /// A time that the given share of all, from 0 to 1, are below: the upper end
    /// of the bucket that it falls in. `None` if nothing was recorded.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let wanted = (self.count() as f64 * share.clamp(0.0, 1.0)).ceil() as u64;
        let mut seen = 0;
        self.buckets().find_map(|(bound, count)| {
            seen += count;
            (seen >= wanted).then_some(bound)
        })
    }
}

/// What a manager has done since it was made, and what stands now. From
/// [`Manager::stats`](crate::Manager::stats).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Requests that are granted now.
    pub held: u64,
    /// Requests that wait now. Upgrades are not counted.
    pub waiting: u64,
    /// Requests granted, at once or after a wait.
    pub grants: u64,
    /// Requests granted at once.
    pub immediate_grants: u64,
    /// Requests that had to wait.
    pub waits: u64,
    /// Granted requests that have ended.
    pub releases: u64,
    /// Waiting requests that ended without the lock, timeouts among them.
    pub cancels: u64,
    /// Blocking calls, requests and upgrades whose time was up.
    pub timeouts: u64,
    /// Requests and upgrades refused with a deadlock.
    pub deadlocks: u64,
    /// Tries that were refused, and requests refused because too many wait.
    pub refused: u64,
    /// Upgrades granted.
    pub upgrades: u64,
    /// How long the requests waited that were granted after a wait.
    pub wait_time: Histogram,
    /// How long requests were held: empty unless the manager was built with
    /// [`timing`](crate::ManagerBuilder::timing).
    pub hold_time: Histogram,
}

/// The counts of one shard.
pub(crate) struct Tally {
    immediate_grants: u64,
    later_grants: u64,
    releases: u64,
    pub(crate) waits: u64,
    pub(crate) cancels: u64,
    pub(crate) timeouts: u64,
    pub(crate) deadlocks: u64,
    pub(crate) refused: u64,
    pub(crate) upgrades: u64,
    /// Made when first needed: most shards never see a wait.
    wait_time: Option<Box<Histogram>>,
    timing: Option<Box<Timing>>,
}

/// What is kept only if somebody wants to know how long locks are held.
struct Timing {
    hold_time: Histogram,
    /// By slot: when its request was granted.
    since: Vec<Instant>,
}

impl Tally {
    pub(crate) fn new(timing: bool) -> Self {
        Self {
            immediate_grants: 0,
            later_grants: 0,
            releases: 0,
            waits: 0,
            cancels: 0,
            timeouts: 0,
            deadlocks: 0,
            refused: 0,
            upgrades: 0,
            wait_time: None,
            timing: timing.then(|| {
                Box::new(Timing {
                    hold_time: Histogram::default(),
                    since: Vec::new(),
                })
            }),
        }
    }

    #[inline]
    pub(crate) fn granted_at_once(&mut self, id: RequestId) {
        self.immediate_grants += 1;
        if self.timing.is_some() {
            self.begin(id);
        }
    }

    /// The last part was granted in this shard.
    pub(crate) fn granted_after(&mut self, id: RequestId, queued: Instant) {
        self.later_grants += 1;
        let waited = sync::now().saturating_duration_since(queued);
        let histogram = self.wait_time.get_or_insert_default();
        histogram.record(waited);
        if self.timing.is_some() {
            self.begin(id);
        }
    }

    #[cold]
    fn begin(&mut self, id: RequestId) {
        if let Some(timing) = &mut self.timing {
            let now = sync::now();
            let slot = id.slot() as usize;
            if timing.since.len() <= slot {
                timing.since.resize(slot + 1, now);
            }
            timing.since[slot] = now;
        }
    }

    /// A request that is known by its part in this shard has ended.
    #[inline]
    pub(crate) fn ended(&mut self, id: RequestId, waited: bool) {
        if waited {
            self.cancels += 1;
            return;
        }
        self.releases += 1;
        if self.timing.is_some() {
            self.finish(id);
        }
    }

    #[cold]
    fn finish(&mut self, id: RequestId) {
        if let Some(timing) = &mut self.timing
            && let Some(since) = timing.since.get(id.slot() as usize)
        {
            let held = sync::now().saturating_duration_since(*since);
            timing.hold_time.record(held);
        }
    }

    /// Adds what was counted here.
    pub(crate) fn add_to(&self, stats: &mut Stats) {
        stats.immediate_grants += self.immediate_grants;
        stats.grants += self.immediate_grants + self.later_grants;
        stats.releases += self.releases;
        stats.waits += self.waits;
        stats.cancels += self.cancels;
        stats.timeouts += self.timeouts;
        stats.deadlocks += self.deadlocks;
        stats.refused += self.refused;
        stats.upgrades += self.upgrades;
        if let Some(wait_time) = &self.wait_time {
            stats.wait_time.add(wait_time);
        }
        if let Some(timing) = &self.timing {
            stats.hold_time.add(&timing.hold_time);
        }
    }
}
