//! What a manager has done.

use crate::manager::oarlock_manager;
use crate::sized::{self, Versioned};
use crate::status::oarlock_status;
use engine::Histogram;

/// The number of buckets of a histogram in oarlock_stats. Bucket i counts times
/// below 2 to the power of i nanoseconds that no earlier one counts; the last
/// counts all longer ones, too.
pub const OARLOCK_HISTOGRAM_BUCKETS: usize = 48;

/// What a manager has done since it was made, and what stands now. Start from
/// OARLOCK_STATS_INIT; later versions add fields at the end.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct oarlock_stats {
    /// sizeof(oarlock_stats), as the caller compiled it.
    pub struct_size: u32,
    /// 0.
    pub reserved: u32,
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
    /// Requests and upgrades whose time was up.
    pub timeouts: u64,
    /// Requests and upgrades refused with DEADLOCK.
    pub deadlocks: u64,
    /// Tries that were refused, and requests refused because too many wait.
    pub refused: u64,
    /// Upgrades granted.
    pub upgrades: u64,
    /// How long the requests waited that were granted after a wait.
    pub wait_time: [u64; OARLOCK_HISTOGRAM_BUCKETS],
    /// How long requests were held; all 0 unless the manager was made with
    /// hold_times.
    pub hold_time: [u64; OARLOCK_HISTOGRAM_BUCKETS],
}

// SAFETY: repr(C), begins with its size, integers only.
unsafe impl Versioned for oarlock_stats {
    const SIZES: &'static [usize] = &[size_of::<Self>()];
    const INIT: &'static str = "OARLOCK_STATS_INIT";
}

/// Fills *out_stats. Costs a short look at every part of the manager.
///
/// Ownership: nothing changes hands.
/// Lifetimes: `manager` must not be freed meanwhile.
/// Threads: any.
/// Blocks: never for a lock to be granted.
/// Statuses: OARLOCK_OK; INVALID_ARGUMENT (also for a struct_size that no version
///   has); FORKED; PANIC.
///
/// `out_stats->struct_size` must be set before: start from OARLOCK_STATS_INIT. On
/// failure the other fields are 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_stats_get(
    manager: *const oarlock_manager,
    out_stats: *mut oarlock_stats,
) -> oarlock_status {
    entry!({
        let size = sized::blank(out_stats)?;
        let stats = crate::handle::open(manager)?.manager.stats();
        let shown = oarlock_stats {
            struct_size: 0,
            reserved: 0,
            held: stats.held,
            waiting: stats.waiting,
            grants: stats.grants,
            immediate_grants: stats.immediate_grants,
            waits: stats.waits,
            releases: stats.releases,
            cancels: stats.cancels,
            timeouts: stats.timeouts,
            deadlocks: stats.deadlocks,
            refused: stats.refused,
            upgrades: stats.upgrades,
            wait_time: buckets(&stats.wait_time),
            hold_time: buckets(&stats.hold_time),
        };
        sized::write(out_stats, size, &shown);
        Ok(())
    })
}

fn buckets(histogram: &Histogram) -> [u64; OARLOCK_HISTOGRAM_BUCKETS] {
    let mut counts = [0; OARLOCK_HISTOGRAM_BUCKETS];
    for (bound, count) in histogram.buckets() {
        // A bound is a power of two, which says the bucket.
        let bucket = bound.as_nanos().trailing_zeros() as usize;
        counts[bucket.min(OARLOCK_HISTOGRAM_BUCKETS - 1)] += count;
    }
    counts
}
