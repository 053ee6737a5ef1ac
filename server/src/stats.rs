//! Counters of a namespace, as served by `/stats_v1`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde::Serialize;

use crate::namespace::Namespace;

/// What goes up and down.
#[derive(Clone, Copy, Debug)]
pub enum Gauge {
    /// Open connections.
    Connections,
    /// Locks held by open connections.
    Acquired,
    /// Lock requests that wait.
    Enqueued,
    /// Locks kept for connections that ended.
    Abandoned,
}

/// What only grows.
#[derive(Clone, Copy, Debug)]
pub enum Total {
    /// Lock requests granted at once.
    AcquiredAtOnce,
    /// Lock requests granted after waiting.
    AcquiredLater,
    /// Granted locks released by their client.
    Released,
    /// Waiting requests that ended without the lock, withdrawn or dropped with
    /// their connection.
    Withdrawn,
    /// Locks released because their abandon timeout ran out.
    Expired,
    /// Connections ended because of what they sent.
    Refused,
}

/// The numbers behind the statistics. Each is exact; several read together are
/// not a snapshot.
#[derive(Debug, Default)]
pub struct Counters {
    gauges: [AtomicU64; 4],
    totals: [AtomicU64; 6],
}

impl Counters {
    /// Counts one more.
    pub fn count(&self, total: Total) {
        self.totals[total as usize].fetch_add(1, Relaxed);
    }

    fn gauge(&self, gauge: Gauge) -> u64 {
        self.gauges[gauge as usize].load(Relaxed)
    }

    fn total(&self, total: Total) -> u64 {
        self.totals[total as usize].load(Relaxed)
    }
}

/// Keeps a gauge of a namespace one higher until it is dropped.
#[derive(Debug)]
pub struct Present {
    namespace: Arc<Namespace>,
    gauge: Gauge,
}

impl Present {
    /// Raises `gauge`.
    pub fn new(namespace: &Arc<Namespace>, gauge: Gauge) -> Self {
        namespace.counters().gauges[gauge as usize].fetch_add(1, Relaxed);
        Self {
            namespace: Arc::clone(namespace),
            gauge,
        }
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.namespace.counters().gauges[self.gauge as usize].fetch_sub(1, Relaxed);
    }
}

/// What `/stats_v1` answers. The names are part of the interface.
#[derive(Debug, Serialize)]
pub struct Stats {
    pub namespace: String,
    pub connections: u64,
    pub acquired: u64,
    pub enqueued: u64,
    pub abandoned: u64,
    pub last_id: String,
    pub acquired_at_once_total: u64,
    pub acquired_later_total: u64,
    pub released_total: u64,
    pub withdrawn_total: u64,
    pub expired_total: u64,
    pub refused_total: u64,
    pub age_ms: u64,
}

impl Stats {
    /// The numbers of `namespace` now.
    pub fn of(namespace: &Namespace) -> Self {
        let counters = namespace.counters();
        Self {
            namespace: namespace.name().to_owned(),
            connections: counters.gauge(Gauge::Connections),
            acquired: counters.gauge(Gauge::Acquired),
            enqueued: counters.gauge(Gauge::Enqueued),
            abandoned: counters.gauge(Gauge::Abandoned),
            last_id: namespace.last_id().to_string(),
            acquired_at_once_total: counters.total(Total::AcquiredAtOnce),
            acquired_later_total: counters.total(Total::AcquiredLater),
            released_total: counters.total(Total::Released),
            withdrawn_total: counters.total(Total::Withdrawn),
            expired_total: counters.total(Total::Expired),
            refused_total: counters.total(Total::Refused),
            age_ms: u64::try_from(namespace.age().as_millis()).unwrap_or(u64::MAX),
        }
    }
}
