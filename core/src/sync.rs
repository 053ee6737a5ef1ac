//! Every synchronisation primitive that the shell uses, in one place, so that a
//! model checker's stand-ins can take their place without touching other rooms.
//!
//! `--cfg loom` and `--cfg shuttle` choose a checker; `docs/proof-concurrency.md`
//! says what is checked with it. All three have the standard library's interface;
//! wrappers take what a poisoned mutex says for nothing: no foreign code runs under
//! one, and no step under one leaves things half done when it panics.
//!
//! The mutexes are the standard library's because they have no state outside
//! themselves. A table of parked threads, as parking_lot has it, may be locked in the
//! moment of a fork, and the child's first wait would never end.
//!
//! [`Arc`] and [`Weak`] are the standard library's in all builds: counting is not a
//! step that a checker interleaves, and the manager keeps nothing unsafe alive by it.

pub(crate) use std::sync::{Arc, Weak};

#[cfg(any(loom, shuttle))]
pub(crate) use model::*;
#[cfg(not(any(loom, shuttle)))]
pub(crate) use native::*;

#[cfg(not(any(loom, shuttle)))]
mod native {
    pub(crate) use std::hash::RandomState;
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
    pub(crate) use std::thread_local;

    use std::sync::{PoisonError, TryLockError};
    use std::time::Instant;

    pub(crate) use std::sync::MutexGuard;

    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(std::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) const fn new(value: T) -> Self {
            Self(std::sync::Mutex::new(value))
        }

        #[inline]
        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            match self.try_lock() {
                Some(held) => held,
                None => self.lock_later(),
            }
        }

        /// Gives the holder some time, and the processor too, before it parks: a mutex
        /// that somebody is parked at costs a system call at each release.
        #[cold]
        fn lock_later(&self) -> MutexGuard<'_, T> {
            for round in 1..=10 {
                if round <= 3 {
                    for _ in 0..1 << round {
                        std::hint::spin_loop();
                    }
                } else {
                    std::thread::yield_now();
                }
                if let Some(held) = self.try_lock() {
                    return held;
                }
            }
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }

        #[inline]
        pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
            match self.0.try_lock() {
                Ok(held) => Some(held),
                Err(TryLockError::Poisoned(held)) => Some(held.into_inner()),
                Err(TryLockError::WouldBlock) => None,
            }
        }
    }

    #[derive(Debug, Default)]
    pub(crate) struct Condvar(std::sync::Condvar);

    impl Condvar {
        pub(crate) const fn new() -> Self {
            Self(std::sync::Condvar::new())
        }

        pub(crate) fn wait<'a, T>(&self, held: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
            self.0.wait(held).unwrap_or_else(PoisonError::into_inner)
        }

        /// Waits for a notification until the deadline; the flag is whether that has
        /// passed.
        pub(crate) fn wait_until<'a, T>(
            &self,
            held: MutexGuard<'a, T>,
            deadline: Instant,
        ) -> (MutexGuard<'a, T>, bool) {
            let left = deadline.saturating_duration_since(Instant::now());
            let wait = self.0.wait_timeout(held, left);
            let (held, result) = wait.unwrap_or_else(PoisonError::into_inner);
            (held, result.timed_out() && Instant::now() >= deadline)
        }

        pub(crate) fn notify_all(&self) {
            self.0.notify_all();
        }
    }

    /// How often a waiter looks before it parks. A hand-over between two running
    /// threads takes less than this; a longer spin would only take time from the
    /// thread that it waits for.
    pub(crate) const SPINS: u32 = 400;

    pub(crate) fn now() -> Instant {
        Instant::now()
    }
}

/// What is different under a checker, besides the primitives: runs are repeated, so
/// everything that is drawn or measured is the same in each; a loop of looks at one
/// value would be a run of its own for each look.
#[cfg(any(loom, shuttle))]
mod model {
    use std::hash::{BuildHasherDefault, DefaultHasher};
    use std::ops::{Deref, DerefMut};
    use std::sync::{OnceLock, PoisonError};
    use std::time::Instant;

    #[cfg(loom)]
    pub(crate) use loom as checker;
    #[cfg(shuttle)]
    pub(crate) use shuttle as checker;

    pub(crate) use checker::sync::atomic::{
        AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering,
    };

    /// A checker's threads may all be one thread of the system, so they need locals
    /// of their own. Loom's macro does not know `const`.
    macro_rules! checker_local {
        ($(#[$meta:meta])* static $name:ident: $of:ty = const { $init:expr };) => {
            $crate::sync::checker::thread_local! {
                $(#[$meta])* static $name: $of = $init;
            }
        };
    }
    pub(crate) use checker_local as thread_local;

    /// One look, so that the way without parking is checked too.
    pub(crate) const SPINS: u32 = 1;

    pub(crate) type RandomState = BuildHasherDefault<DefaultHasher>;

    /// The moment stands still: how long something took decides nothing here.
    pub(crate) fn now() -> Instant {
        static START: OnceLock<Instant> = OnceLock::new();
        *START.get_or_init(Instant::now)
    }

    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T> {
        inner: checker::sync::Mutex<T>,
        /// Touched by every try, and by every holder before it lets go. Loom takes
        /// what a holder does as one step, unless it touches something that others
        /// touch meanwhile; so a try would never come upon a holder.
        #[cfg(loom)]
        seam: AtomicU32,
    }

    #[derive(Debug)]
    pub(crate) struct MutexGuard<'a, T> {
        mutex: &'a Mutex<T>,
        /// `Some` but for the moment in which a condition variable has it.
        held: Option<checker::sync::MutexGuard<'a, T>>,
    }

    const PARKED: &str = "nobody looks at a guard while its thread is parked";

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self {
                inner: checker::sync::Mutex::new(value),
                #[cfg(loom)]
                seam: AtomicU32::new(0),
            }
        }

        pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
            let held = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
            MutexGuard {
                mutex: self,
                held: Some(held),
            }
        }

        pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
            #[cfg(loom)]
            self.seam.fetch_add(1, Ordering::Relaxed);
            let held = self.inner.try_lock().ok()?;
            Some(MutexGuard {
                mutex: self,
                held: Some(held),
            })
        }
    }

    #[cfg(loom)]
    impl<T> Drop for MutexGuard<'_, T> {
        fn drop(&mut self) {
            self.mutex.seam.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl<T> Deref for MutexGuard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            self.held.as_ref().expect(PARKED)
        }
    }

    impl<T> DerefMut for MutexGuard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            self.held.as_mut().expect(PARKED)
        }
    }

    #[derive(Debug, Default)]
    pub(crate) struct Condvar(checker::sync::Condvar);

    impl Condvar {
        pub(crate) fn new() -> Self {
            Self(checker::sync::Condvar::new())
        }

        pub(crate) fn wait<'a, T>(&self, mut guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
            let held = guard.held.take().expect(PARKED);
            let held = self.0.wait(held).unwrap_or_else(PoisonError::into_inner);
            guard.held = Some(held);
            guard
        }

        /// Lets the mutex go, takes it again, and the time is up.
        ///
        /// The checkers have no time, and need none: they choose how much happens
        /// while the mutex is free, from nothing to all that the other threads do.
        /// That a notification comes first and ends the wait is [`wait`](Self::wait).
        pub(crate) fn wait_until<'a, T>(
            &self,
            mut guard: MutexGuard<'a, T>,
            _deadline: Instant,
        ) -> (MutexGuard<'a, T>, bool) {
            drop(guard.held.take());
            // Chosen at random, a thread would mostly come back at once.
            #[cfg(shuttle)]
            for _ in 0..checker::rand::Rng::gen_range(&mut checker::rand::thread_rng(), 0..8) {
                checker::thread::yield_now();
            }
            let held = guard.mutex.inner.lock();
            guard.held = Some(held.unwrap_or_else(PoisonError::into_inner));
            (guard, true)
        }

        pub(crate) fn notify_all(&self) {
            self.0.notify_all();
        }
    }
}
