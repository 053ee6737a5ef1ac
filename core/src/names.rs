//! Names as the engine takes them: hashed once, before any lock is taken.

use std::hash::{BuildHasher, Hasher};

use ahash::RandomState;

/// The seeded hash of names. All engines of a manager share one.
#[derive(Clone, Debug)]
pub(crate) struct NameHasher(RandomState);

impl NameHasher {
    pub(crate) fn new(seed: u64) -> Self {
        // Four words of state from one seed, each its own odd multiple.
        Self(RandomState::with_seeds(
            seed,
            seed.wrapping_mul(0x9E37_79B9_7F4A_7C15),
            seed.wrapping_mul(0xBF58_476D_1CE4_E5B9),
            seed.wrapping_mul(0x94D0_49BB_1331_11EB),
        ))
    }

    #[inline(always)]
    pub(crate) fn hash(&self, name: &[u8]) -> u64 {
        let mut hasher = self.0.build_hasher();
        hasher.write(name);
        hasher.finish()
    }
}

/// One segment on the way to a claim.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<'p> {
    pub(crate) name: &'p [u8],
    pub(crate) hash: u64,
}
