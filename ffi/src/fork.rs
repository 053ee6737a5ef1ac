//! Knowing that this process is a forked child.
//!
//! After `fork` only the forking thread exists in the child: a manager's inner
//! locks may be held for ever by threads that are gone. So every handle
//! remembers the generation in which it was made, the child counts one up, and
//! the entry check refuses a handle of another generation before it touches
//! anything of it.

use crate::failure::Failure;
use crate::status::OARLOCK_ERR_INTERNAL;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};

/// How many forks lie between this process and the one that loaded the library.
static GENERATION: AtomicU32 = AtomicU32::new(0);

/// Whether the handler is registered. Not a `Once`: a fork in the middle of one
/// would leave the child waiting for it. Registering twice only counts twice.
static REGISTERED: AtomicBool = AtomicBool::new(false);

/// The present generation.
pub(crate) fn generation() -> u32 {
    // A child has one thread and inherits the memory: no ordering is needed.
    GENERATION.load(Ordering::Relaxed)
}

/// Registers the handler that counts forks; to be called before a handle is
/// made.
#[cfg(unix)]
pub(crate) fn watch() -> Result<(), Failure> {
    extern "C" fn in_child() {
        GENERATION.fetch_add(1, Ordering::Relaxed);
        engine::forget_inherited_callbacks();
    }
    if REGISTERED.load(Ordering::Acquire) {
        return Ok(());
    }
    // SAFETY: the handler is async-signal-safe (an atomic addition, and a few words
    // of this thread's) and lives as long as this library: the C library forgets it
    // when it is unloaded.
    if unsafe { libc::pthread_atfork(None, None, Some(in_child)) } != 0 {
        return Err(Failure::new(
            OARLOCK_ERR_INTERNAL,
            "the system has no room for a fork handler",
        ));
    }
    REGISTERED.store(true, Ordering::Release);
    Ok(())
}

/// There is no fork here.
#[cfg(not(unix))]
pub(crate) fn watch() -> Result<(), Failure> {
    Ok(())
}

/// A thing that each process has one of: a forked child gets a new one, since
/// what it inherits may be locked by a thread that it has not.
pub(crate) struct PerProcess<T: 'static> {
    /// The present slot, or one of a generation before; never freed.
    place: AtomicPtr<Slot<T>>,
    make: fn() -> T,
}

struct Slot<T> {
    generation: u32,
    thing: T,
}

impl<T: Sync> PerProcess<T> {
    pub(crate) const fn new(make: fn() -> T) -> Self {
        Self {
            place: AtomicPtr::new(null_mut()),
            make,
        }
    }

    /// This process's own; made at the first call.
    pub(crate) fn get(&self) -> &'static T {
        let mut present = self.place.load(Ordering::Acquire);
        loop {
            // SAFETY: NULL or leaked below, so valid for ever.
            if let Some(slot) = unsafe { present.as_ref() }
                && slot.generation == generation()
            {
                return &slot.thing;
            }
            let fresh = Box::into_raw(Box::new(Slot {
                generation: generation(),
                thing: (self.make)(),
            }));
            let placed =
                self.place
                    .compare_exchange(present, fresh, Ordering::AcqRel, Ordering::Acquire);
            match placed {
                Ok(_) => present = fresh,
                Err(winner) => {
                    // SAFETY: made above and seen by nobody else.
                    drop(unsafe { Box::from_raw(fresh) });
                    present = winner;
                }
            }
        }
    }
}
