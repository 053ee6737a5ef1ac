//! Knowing that this process is a forked child.
//!
//! After `fork` only the forking thread exists in the child: a manager's inner
//! locks may be held for ever by threads that are gone. So every manager
//! remembers the generation in which it was made, the child counts one up, and
//! the entry check refuses a manager of another generation before it touches
//! anything of it.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

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

/// Registers the handler that counts forks; to be called before a manager is
/// made. False when the system has no room for it.
#[cfg(unix)]
pub(crate) fn watch() -> bool {
    extern "C" fn in_child() {
        GENERATION.fetch_add(1, Ordering::Relaxed);
    }
    if REGISTERED.load(Ordering::Acquire) {
        return true;
    }
    // SAFETY: the handler is async-signal-safe (one atomic addition) and lives
    // as long as this library: the C library forgets it when it is unloaded.
    let failed = unsafe { libc::pthread_atfork(None, None, Some(in_child)) } != 0;
    if !failed {
        REGISTERED.store(true, Ordering::Release);
    }
    !failed
}

/// There is no fork here.
#[cfg(not(unix))]
pub(crate) fn watch() -> bool {
    REGISTERED.store(true, Ordering::Release);
    true
}
