//! A manager's settings.

use crate::limits::Limits;
use crate::manager::{Front, Manager};
use crate::shared::{Settings, Shared};
use crate::sync::Arc;

/// Settings for a new [`Manager`]; each has a default.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct ManagerBuilder {
    settings: Settings,
}

/// The greatest number of shards: a lock's id has 8 bits for it.
const MAX_SHARDS: usize = 256;

impl Default for ManagerBuilder {
    fn default() -> Self {
        Self {
            settings: Settings {
                limits: Limits::default(),
                shards: 32,
                max_waiting: usize::MAX,
                timing: false,
                spread_after: 16,
            },
        }
    }
}

impl ManagerBuilder {
    /// The most claims in one request. Default 4,096. With 0 every request is
    /// refused.
    pub fn max_claims(mut self, claims: usize) -> Self {
        self.settings.limits.max_claims = claims;
        self
    }

    /// The most segments in one path. Default 1,024. With 0 only the root can be
    /// claimed.
    pub fn max_segments(mut self, segments: usize) -> Self {
        self.settings.limits.max_segments = segments;
        self
    }

    /// The most segments in all paths of one request together. Default 16,384.
    pub fn max_request_segments(mut self, segments: usize) -> Self {
        self.settings.limits.max_request_segments = segments;
        self
    }

    /// The most bytes in one path, separators not counted. Default 65,536.
    pub fn max_path_bytes(mut self, bytes: usize) -> Self {
        self.settings.limits.max_path_bytes = bytes;
        self
    }

    /// How many parts the tree is divided into, by first segments, so that
    /// threads under different ones rarely meet at an internal lock. From 1 to
    /// 256; a number outside is brought to the nearest inside. Default 32.
    ///
    /// A claim on the root visits all of them. The number changes no answer.
    /// Where threads meet at one of those locks all the same, the paths below a
    /// first segment are divided further by themselves.
    pub fn shards(mut self, shards: usize) -> Self {
        self.settings.shards = shards.clamp(1, MAX_SHARDS);
        self
    }

    /// How many requests may wait at a time; one more that would wait is refused
    /// with [`AcquireError::TooManyWaiting`](crate::AcquireError::TooManyWaiting).
    /// Upgrades are not counted. Without a bound by default.
    pub fn max_waiting(mut self, requests: usize) -> Self {
        self.settings.max_waiting = requests;
        self
    }

    /// Whether to measure how long requests are held, for
    /// [`Stats::hold_time`](crate::Stats::hold_time). It costs two looks at the
    /// clock for every request. Off by default; how long requests wait is always
    /// measured, and costs only those that wait.
    pub fn timing(mut self, timing: bool) -> Self {
        self.settings.timing = timing;
        self
    }

    /// After how many waits for an internal mutex the paths below a first segment
    /// are divided further. For tests.
    #[doc(hidden)]
    pub fn spread_after(mut self, waits: u32) -> Self {
        self.settings.spread_after = waits;
        self
    }

    /// The manager.
    #[must_use]
    pub fn build(self) -> Manager {
        Manager {
            front: Front::of(&Arc::new(Shared::new(self.settings, None))),
        }
    }

    pub(crate) fn build_named(self, name: &str) -> Arc<Shared> {
        Arc::new(Shared::new(self.settings, Some(name.to_owned())))
    }
}
