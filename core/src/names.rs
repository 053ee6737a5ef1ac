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

    /// The step to the child of this name.
    #[inline(always)]
    pub(crate) fn step<'p>(&self, name: &'p [u8]) -> Step<'p> {
        Step {
            name: Some(name),
            hash: self.hash(name),
        }
    }

    /// The step to a path's own entry. Its hash is that of the empty name, and
    /// need not be another one: hashes decide nothing.
    pub(crate) fn entry_step(&self) -> Step<'static> {
        Step {
            name: None,
            hash: self.hash(&[]),
        }
    }
}

/// One step on the way to a claim: to the child of a name, or, as the last one, to
/// the path's own entry, which is a child without a name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<'p> {
    pub(crate) name: Option<&'p [u8]>,
    pub(crate) hash: u64,
}
