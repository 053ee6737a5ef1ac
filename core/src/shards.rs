//! The shards of a manager, and the order in which they are locked.
//!
//! **Lock order.** A thread may hold several shards of a manager, and waits for one
//! only if those that it holds come before it, by their indices: so no two threads ever
//! wait for each other. One that comes earlier is taken only if it is free
//! ([`Shards::try_lock`]). Every lock of a shard is taken here; where mistakes are looked
//! for, the rule is asserted here, too.
//!
//! A shard is made when it is first locked: a manager that is used little, or for few
//! first segments, weighs little. What a shard is, nothing here knows.

use std::ops::{Deref, DerefMut};
use std::sync::OnceLock;

use crate::sync::{Mutex, MutexGuard};

/// So many places of a shard are looked at under one lock.
const PORTION: usize = 256;

pub(crate) struct Shards<T> {
    /// At least one, at most 256.
    shards: Box<[Cell<T>]>,
    /// Makes the shard of a number.
    new: Box<dyn Fn(usize) -> T + Send + Sync>,
    /// Closes a shard.
    shut: fn(&mut T),
    /// Whether all shards are closed, or will be. Locked while a shard is made, so that
    /// none is made open beside a close.
    closed: Mutex<bool>,
}

type Cell<T> = OnceLock<Box<Padded<Mutex<T>>>>;

/// Keeps neighbours off each other's cache lines: 128 bytes, because x86 fetches
/// lines in pairs.
#[repr(align(128))]
struct Padded<T>(T);

impl<T> Shards<T> {
    pub(crate) fn new(
        count: usize,
        new: impl Fn(usize) -> T + Send + Sync + 'static,
        shut: fn(&mut T),
    ) -> Self {
        let shards = Self {
            shards: (0..count).map(|_| Cell::new()).collect(),
            new: Box::new(new),
            shut,
            closed: Mutex::new(false),
        };
        // The checkers do not look at how a shard is made.
        if cfg!(any(loom, shuttle)) {
            for index in 0..count {
                shards.make(index);
            }
        }
        shards
    }

    pub(crate) fn len(&self) -> usize {
        self.shards.len()
    }

    /// The shards that have been made so far, in the order of locking. What is not here
    /// has never held anything.
    pub(crate) fn used(&self) -> impl Iterator<Item = usize> {
        let made = self.shards.iter().enumerate();
        made.filter(|(_, cell)| cell.get().is_some())
            .map(|(index, _)| index)
    }

    #[inline]
    fn mutex(&self, index: usize) -> &Mutex<T> {
        match self.shards[index].get() {
            Some(shard) => &shard.0,
            None => self.make(index),
        }
    }

    #[cold]
    fn make(&self, index: usize) -> &Mutex<T> {
        let closed = self.closed.lock();
        let new = || {
            let mut shard = (self.new)(index);
            if *closed {
                (self.shut)(&mut shard);
            }
            Box::new(Padded(Mutex::new(shard)))
        };
        &self.shards[index].get_or_init(new).0
    }

    /// Locks a shard, after all that this thread has locked so far.
    #[inline]
    pub(crate) fn lock(&self, index: usize) -> Held<'_, T> {
        let mutex = self.mutex(index);
        #[cfg(any(debug_assertions, loom, shuttle))]
        order::check(self, index);
        Held::new(self, index, mutex.lock())
    }

    /// The same, for a number that somebody has made up: there may be no such shard.
    #[inline]
    pub(crate) fn find(&self, index: usize) -> Option<Held<'_, T>> {
        (index < self.shards.len()).then(|| self.lock(index))
    }

    /// Looks at all places of all shards that there are, at some under one lock: `look`
    /// at those from one place on, so many at most, and it says where to go on. What it
    /// has found is taken when the lock has been let go.
    pub(crate) fn in_portions<F>(
        &self,
        mut look: impl FnMut(&T, usize, usize) -> (F, Option<usize>),
        mut take: impl FnMut(F),
    ) {
        for index in self.used() {
            let mut next = Some(0);
            while let Some(from) = next {
                let found;
                (found, next) = look(&self.lock(index), from, PORTION);
                take(found);
            }
        }
    }

    /// Locks a shard if nobody else has it; in any order.
    #[inline]
    pub(crate) fn try_lock(&self, index: usize) -> Option<Held<'_, T>> {
        Some(Held::new(self, index, self.mutex(index).try_lock()?))
    }

    /// Every shard, in the order of locking; makes those that are not there yet.
    pub(crate) fn lock_all(&self) -> Vec<Held<'_, T>> {
        (0..self.len()).map(|index| self.lock(index)).collect()
    }

    /// Every shard that there is, in the order of locking. There was no other in the
    /// moment in which the last was locked.
    pub(crate) fn lock_used(&self) -> Vec<Held<'_, T>> {
        loop {
            let held: Vec<_> = self.used().map(|index| self.lock(index)).collect();
            // Never fewer, and at most all.
            if held.len() == self.used().count() {
                return held;
            }
        }
    }

    /// Closes every shard, one after the other: from then on it takes nothing in, and
    /// nobody who waits there is granted. Those who wait are still to be ended.
    pub(crate) fn close(&self) {
        *self.closed.lock() = true;
        for index in self.used() {
            (self.shut)(&mut self.lock(index));
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        *self.closed.lock()
    }
}

/// A shard that this thread has locked.
pub(crate) struct Held<'m, T> {
    shard: MutexGuard<'m, T>,
    #[cfg(any(debug_assertions, loom, shuttle))]
    _noted: order::Noted,
}

impl<'m, T> Held<'m, T> {
    #[inline]
    fn new(shards: &Shards<T>, index: usize, shard: MutexGuard<'m, T>) -> Self {
        #[cfg(not(any(debug_assertions, loom, shuttle)))]
        let _ = (shards, index);
        Self {
            shard,
            #[cfg(any(debug_assertions, loom, shuttle))]
            _noted: order::Noted::new(shards, index),
        }
    }
}

impl<T> Deref for Held<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.shard
    }
}

impl<T> DerefMut for Held<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.shard
    }
}

/// What each thread has locked.
#[cfg(any(debug_assertions, loom, shuttle))]
mod order {
    use std::cell::Cell;

    use super::Shards;
    use crate::sync::thread_local;

    /// Shards of one manager, which is known by where its shards are; a bit for each.
    #[derive(Clone, Copy)]
    struct Taken {
        manager: usize,
        shards: [u64; 4],
    }

    thread_local! {
        static HELD: Cell<Taken> = const { Cell::new(Taken { manager: 0, shards: [0; 4] }) };
    }

    fn manager<T>(shards: &Shards<T>) -> usize {
        std::ptr::from_ref(shards).addr()
    }

    /// Whether this thread may wait for a shard now.
    pub(super) fn check<T>(shards: &Shards<T>, index: usize) {
        // A thread that is ending may have no locals any more.
        let Ok(held) = HELD.try_with(Cell::get) else {
            return;
        };
        let (word, bit) = (index / 64, index % 64);
        let later =
            held.shards[word] >> bit != 0 || held.shards[word + 1..].iter().any(|it| *it != 0);
        assert!(!later, "shard {index} is locked after one that comes later");
        let any = held.shards != [0; 4];
        assert!(
            !any || held.manager == manager(shards),
            "a thread has shards of one manager"
        );
    }

    /// An entry there, for as long as it lives.
    pub(super) struct Noted(usize);

    impl Noted {
        pub(super) fn new<T>(shards: &Shards<T>, index: usize) -> Self {
            let _ = HELD.try_with(|held| {
                let mut now = held.get();
                now.manager = manager(shards);
                now.shards[index / 64] |= 1 << (index % 64);
                held.set(now);
            });
            Self(index)
        }
    }

    impl Drop for Noted {
        fn drop(&mut self) {
            let _ = HELD.try_with(|held| {
                let mut now = held.get();
                now.shards[self.0 / 64] &= !(1 << (self.0 % 64));
                held.set(now);
            });
        }
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    /// Of each is known whether it is closed.
    fn shards() -> Shards<bool> {
        Shards::new(3, |_| false, |closed| *closed = true)
    }

    #[test]
    fn a_shard_is_made_when_it_is_first_locked() {
        let shards = shards();
        assert_eq!(shards.used().count(), 0);
        drop(shards.lock(1));
        assert_eq!(shards.used().collect::<Vec<_>>(), [1]);
        drop(shards.lock_all());
        assert_eq!(shards.used().count(), 3);
    }

    #[test]
    fn a_shard_that_is_made_after_a_close_is_closed() {
        let shards = shards();
        drop(shards.lock(0));
        assert!(!shards.is_closed());
        shards.close();
        assert!(shards.is_closed());
        assert!(shards.lock_all().iter().all(|closed| **closed));
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic(expected = "shard 0 is locked after one that comes later")]
    fn the_order_of_locking_is_asserted() {
        let shards = shards();
        let _later = shards.lock(2);
        drop(shards.lock(0));
    }

    #[test]
    fn what_is_free_is_locked_in_any_order() {
        let shards = shards();
        let later = shards.lock(2);
        let earlier = shards.try_lock(0);
        assert!(earlier.is_some() && shards.try_lock(0).is_none());
        drop((later, earlier));
        drop(shards.lock(0));
    }
}
