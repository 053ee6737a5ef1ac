//! What Oarlock is compared with: ways to lock one of many keys.

mod berkeley;
mod by_hand;
mod crates;
mod oarlock;
mod rocks;

pub use berkeley::{Berkeley, Names, Vector};
pub use by_hand::{ByHand, Dashmap, RwByHand, RwKept, Tokio};
pub use crates::{Lockable, Lockmap};
pub use oarlock::{Oarlock, Read, Write};
pub use rocks::Rocks;

use crate::keys::Key;

/// Locks by key. One that only writes is an exclusive lock for readers, too.
pub trait Keyed: Sync {
    /// As the tables call it.
    const NAME: &'static str;

    /// What a thread needs for its calls.
    type Session<'a>
    where
        Self: 'a;

    /// What holds a key, until it is dropped.
    type Held<'a>
    where
        Self: 'a;

    /// For up to about `most` keys at once.
    fn open(most: usize) -> Self;

    /// On the thread that uses it.
    fn session(&self) -> Self::Session<'_>;

    /// Locks, waiting for as long as it takes.
    fn hold<'a>(&'a self, session: &mut Self::Session<'a>, key: &Key) -> Self::Held<'a>;

    /// Locks for reading where there is such a thing.
    fn hold_read<'a>(&'a self, session: &mut Self::Session<'a>, key: &Key) -> Self::Held<'a> {
        self.hold(session, key)
    }

    /// Locks ten keys, which are in order, and unlocks them.
    fn ten<'a>(&'a self, session: &mut Self::Session<'a>, keys: &[Key; 10]) {
        let held: [_; 10] = std::array::from_fn(|i| self.hold(session, &keys[i]));
        drop(std::hint::black_box(held));
    }
}
