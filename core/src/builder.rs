//! A manager's settings.

use crate::limits::Limits;
use crate::manager::{Manager, Shared};
use crate::sync::Arc;

/// Settings for a new [`Manager`]; each has a default.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct ManagerBuilder {
    limits: Limits,
    shards: usize,
}

/// The greatest number of shards: a lock's id has 8 bits for it.
const MAX_SHARDS: usize = 256;

impl Default for ManagerBuilder {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            shards: 16,
        }
    }
}

impl ManagerBuilder {
    /// The most claims in one request. Default 4,096. With 0 every request is
    /// refused.
    pub fn max_claims(mut self, claims: usize) -> Self {
        self.limits.max_claims = claims;
        self
    }

    /// The most segments in one path. Default 1,024. With 0 only the root can be
    /// claimed.
    pub fn max_segments(mut self, segments: usize) -> Self {
        self.limits.max_segments = segments;
        self
    }

    /// The most segments in all paths of one request together. Default 16,384.
    pub fn max_request_segments(mut self, segments: usize) -> Self {
        self.limits.max_request_segments = segments;
        self
    }

    /// The most bytes in one path, separators not counted. Default 65,536.
    pub fn max_path_bytes(mut self, bytes: usize) -> Self {
        self.limits.max_path_bytes = bytes;
        self
    }

    /// How many parts the tree is divided into, by first segments, so that
    /// threads under different ones rarely meet at an internal lock. From 1 to
    /// 256; a number outside is brought to the nearest inside. Default 16.
    ///
    /// A claim on the root visits all of them. The number changes no answer.
    pub fn shards(mut self, shards: usize) -> Self {
        self.shards = shards.clamp(1, MAX_SHARDS);
        self
    }

    /// The manager.
    #[must_use]
    pub fn build(self) -> Manager {
        Manager {
            shared: Arc::new(Shared::new(self.shards, self.limits, None)),
        }
    }

    pub(crate) fn build_named(self, name: &str) -> Arc<Shared> {
        Arc::new(Shared::new(self.shards, self.limits, Some(name.to_owned())))
    }
}
