//! The id of a request: what a binding stores instead of a guard.

use crate::engine::RequestId;

/// The id of one request of one manager.
///
/// An id is checked at every use: once its request has ended it is stale, and
/// an id of another manager is refused like a stale one. A slot's generation is
/// 32 bits and starts at a value drawn per manager and slot, so an id could be
/// taken for another only after exactly 2³² reuses of one slot, or by chance of
/// about one in 2³² for an id that was never given out.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LockId {
    /// Shard in the top 8 bits, slot in the next 24, generation in the low 32.
    /// A generation is never 0, so neither is an id.
    bits: u64,
}

impl LockId {
    pub(crate) fn new(shard: usize, request: RequestId) -> Self {
        debug_assert!(shard < 256, "shards are limited to 256 by the builder");
        Self {
            bits: ((shard as u64) << 56) | request.to_u64(),
        }
    }

    pub(crate) fn shard(self) -> usize {
        (self.bits >> 56) as usize
    }

    pub(crate) fn request(self) -> RequestId {
        RequestId::from_u64(self.bits & ((1 << 56) - 1))
    }

    /// The id as a number, for a language without the type. Never 0.
    #[must_use]
    pub fn to_u64(self) -> u64 {
        self.bits
    }

    /// The id that [`to_u64`](Self::to_u64) gave. Any number may be passed: one
    /// that is no live id is refused as stale where it is used.
    #[must_use]
    pub fn from_u64(bits: u64) -> Self {
        Self { bits }
    }
}

impl std::fmt::Debug for LockId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LockId({:#018x})", self.bits)
    }
}
