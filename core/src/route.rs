//! Which shards a claim lies in.
//!
//! First segments fall into classes, by their hash, and each class has a home
//! shard. There its claims are, until threads meet at the home's mutex: then a
//! class is *spread*, and claims of its depth or deeper go each to the shard of
//! the hash of their first two or three segments, its *stripe*. The claims above
//! that depth go to the home and to all stripes that are in use. So two claims
//! that conflict always meet in a shard.
//!
//! A word for each class says how deep its stripes begin and which are in use. It
//! is changed only under these rules:
//!
//! 1. A stripe comes into use under the locks of the home and of the stripe's
//!    shard, while no live request has a claim of the class at home. So no two
//!    claims of one stripe are ever apart, and no claim above is alive that would
//!    have to be there too.
//! 2. It goes out of use under the same locks, while no live request has a claim
//!    of the class in the stripe's shard.
//! 3. In both cases the clock of the shard that takes over is raised to the
//!    other's, so that tokens rise across the change.
//!
//! The word is read before any lock is taken, and again under the locks of the
//! shards that it named; if it then names others, the caller begins anew. Claims
//! on the root lie in all shards and take no part in this.

use crate::engine::{CLASSES, class};
use crate::names::Step;
use crate::sync::{AtomicU64, Ordering};

/// The stripes of a class are in so many shards at most: as many as a word can name.
const MAX_STRIPES: usize = 32;

/// No deeper than this: claims below meet by what they have in common above.
const MAX_DEPTH: usize = 3;

/// Where one claim lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In one shard.
    One(usize),
    /// At the home of a class and in its stripes that are in use.
    Spread { class: usize, stripes: u32 },
    /// At the root, which every shard has.
    Everywhere,
}

/// For each class, how it is spread.
pub(crate) struct Routes {
    words: Box<[AtomicU64]>,
    shards: usize,
}

/// How a class is spread: the depth in the upper half (0: not at all), the
/// stripes in use in the lower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word(u64);

impl Word {
    fn new(depth: usize, stripes: u32) -> Self {
        Self(((depth as u64) << 32) | u64::from(stripes))
    }

    fn depth(self) -> usize {
        (self.0 >> 32) as usize
    }

    fn stripes(self) -> u32 {
        self.0 as u32
    }
}

impl Routes {
    pub(crate) fn new(shards: usize) -> Self {
        Self {
            words: (0..CLASSES).map(|_| AtomicU64::new(0)).collect(),
            shards,
        }
    }

    #[inline]
    pub(crate) fn home(&self, class: usize) -> usize {
        // The classes of one home stand together, and so do their counts.
        class * self.shards / CLASSES
    }

    #[inline]
    fn word(&self, class: usize) -> Word {
        Word(self.words[class].load(Ordering::Acquire))
    }

    /// The home of a path's class, if the class is not spread: what
    /// [`place`](Self::place) comes to then.
    #[inline]
    pub(crate) fn plain_home(&self, steps: &[Step<'_>]) -> Option<usize> {
        let class = class(steps.first()?.hash);
        (self.word(class).depth() == 0).then(|| self.home(class))
    }

    /// Where a claim of this path lies now. What it says holds for as long as the
    /// locks of those shards are held.
    #[inline]
    pub(crate) fn place(&self, steps: &[Step<'_>]) -> Place {
        let Some(first) = steps.first() else {
            return Place::Everywhere;
        };
        let class = class(first.hash);
        let word = self.word(class);
        if word.depth() == 0 {
            return Place::One(self.home(class));
        }
        if steps.len() >= word.depth() {
            let stripe = self.stripe(steps, word.depth());
            if word.stripes() & (1 << stripe) != 0 {
                return Place::One(self.shard(class, stripe));
            }
            return Place::One(self.home(class));
        }
        match word.stripes() {
            0 => Place::One(self.home(class)),
            stripes => Place::Spread { class, stripes },
        }
    }

    /// The stripe of a path, by its first segments.
    fn stripe(&self, steps: &[Step<'_>], depth: usize) -> usize {
        let mut hash = 0_u64;
        for step in &steps[..depth] {
            hash = (hash.rotate_left(23) ^ step.hash).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
        (hash >> 33) as usize % self.shards.min(MAX_STRIPES)
    }

    /// Stripe 0 is the home, and needs no bit.
    fn shard(&self, class: usize, stripe: usize) -> usize {
        (self.home(class) + stripe) % self.shards
    }

    /// The shards of the stripes in use, with their stripes.
    pub(crate) fn stripes(
        &self,
        class: usize,
        stripes: u32,
    ) -> impl Iterator<Item = (usize, usize)> + use<'_> {
        (0..MAX_STRIPES)
            .filter(move |stripe| stripes & (1 << stripe) != 0)
            .map(move |stripe| (stripe, self.shard(class, stripe)))
    }

    pub(crate) fn is_in(&self, place: Place, shard: usize) -> bool {
        match place {
            Place::One(only) => only == shard,
            Place::Everywhere => true,
            Place::Spread { class, stripes } => {
                self.home(class) == shard
                    || self
                        .stripes(class, stripes)
                        .any(|(_, other)| other == shard)
            }
        }
    }

    /// The shard that a deep claim should have for itself, by rule 1: the caller
    /// holds the home's lock and has seen that the class is idle there, and takes
    /// the other's before it calls [`take_into_use`](Self::take_into_use).
    /// `None`: it lies at home in any case.
    pub(crate) fn wanted(&self, steps: &[Step<'_>]) -> Option<Wanted> {
        let class = class(steps.first()?.hash);
        let word = self.word(class);
        let depth = match word.depth() {
            0 => steps.len().min(MAX_DEPTH),
            depth => depth,
        };
        if depth < 2 || steps.len() < depth {
            return None;
        }
        let stripe = self.stripe(steps, depth);
        Some(Wanted {
            class,
            shard: self.shard(class, stripe),
            word: Word::new(depth, word.stripes() | (u32::from(stripe != 0) << stripe)),
        })
    }

    /// By rule 1, with both locks held.
    pub(crate) fn take_into_use(&self, wanted: &Wanted) {
        self.words[wanted.class].store(wanted.word.0, Ordering::Release);
    }

    /// By rule 2, with both locks held.
    pub(crate) fn take_out_of_use(&self, class: usize, stripe: usize) {
        let word = self.word(class);
        let stripes = word.stripes() & !(1 << stripe);
        let depth = if stripes == 0 { 0 } else { word.depth() };
        self.words[class].store(Word::new(depth, stripes).0, Ordering::Release);
    }
}

/// A stripe that would keep a claim off its home's mutex.
pub(crate) struct Wanted {
    class: usize,
    pub(crate) shard: usize,
    word: Word,
}
