//! Where a thread waits, detached from the interpreter.
//!
//! CPython's own low-level lock is used, since it is the one primitive that a
//! signal ends at once: the handler interrupts the system call, and the waiter
//! learns of it without polling. Nothing of it needs the interpreter, so
//! whoever grants the lock never waits for the interpreter in order to wake.

#![allow(unsafe_code)]

use std::ffi::{c_int, c_longlong, c_void};
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pyo3::exceptions::PyMemoryError;
use pyo3::prelude::*;

// Part of CPython's stable ABI since 3.2; PyO3 does not declare them.
unsafe extern "C" {
    fn PyThread_allocate_lock() -> *mut c_void;
    fn PyThread_free_lock(lock: *mut c_void);
    fn PyThread_acquire_lock_timed(
        lock: *mut c_void,
        microseconds: c_longlong,
        intr_flag: c_int,
    ) -> c_int;
    fn PyThread_release_lock(lock: *mut c_void);
}

// The results of `PyThread_acquire_lock_timed`.
const ACQUIRED: c_int = 1;
const INTERRUPTED: c_int = 2;

/// The longest single wait.
pub(crate) const LONGEST_NAP: Duration = Duration::from_secs(3_600);

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parked {
    /// Woken by [`Parker::wake`].
    Woken,
    /// The deadline passed.
    TimedOut,
    /// A signal came, or `nap` is over: handlers are to be run, then the wait may
    /// go on.
    Interrupted,
}

/// One wait of one thread: woken at most once, waited on by one thread.
///
/// The inner lock is taken from the start; waking releases it.
pub(crate) struct Parker {
    lock: NonNull<c_void>,
}

// SAFETY: CPython allows its locks to be taken, released and freed from any
// thread; the last owner frees it when nobody can be using it any more.
unsafe impl Send for Parker {}
// SAFETY: as above.
unsafe impl Sync for Parker {}

impl Parker {
    /// A parker that nobody has woken.
    pub(crate) fn new() -> PyResult<Arc<Self>> {
        // SAFETY: needs nothing; a null pointer says that there is no memory.
        let lock = NonNull::new(unsafe { PyThread_allocate_lock() })
            .ok_or_else(|| PyMemoryError::new_err("no memory for a lock to wait on"))?;
        let parker = Self { lock };
        // SAFETY: the lock is ours, new and free: taking it cannot block.
        let taken = unsafe { PyThread_acquire_lock_timed(parker.lock.as_ptr(), 0, 0) };
        debug_assert_eq!(taken, ACQUIRED, "a new lock is free");
        Ok(Arc::new(parker))
    }

    /// Wakes the waiter, now or when it comes to wait. To be called once.
    pub(crate) fn wake(&self) {
        // SAFETY: the lock is alive as `self` is, and taken: `new` took it, and
        // a waker calls this once.
        unsafe { PyThread_release_lock(self.lock.as_ptr()) }
    }

    /// Waits, at most for `nap`. Must be called detached from the interpreter.
    pub(crate) fn wait(&self, deadline: Option<Instant>, nap: Duration) -> Parked {
        let left = deadline.map_or(nap, |deadline| {
            deadline.saturating_duration_since(Instant::now()).min(nap)
        });
        // Rounded up, so that the last wait does not end too early. CPython ends
        // the process over a timeout that is too large for it.
        let microseconds = left.min(LONGEST_NAP).as_nanos().div_ceil(1_000);
        let microseconds = c_longlong::try_from(microseconds).unwrap_or(0);
        // SAFETY: the lock is alive as `self` is; the timeout is an hour at most.
        match unsafe { PyThread_acquire_lock_timed(self.lock.as_ptr(), microseconds, 1) } {
            ACQUIRED => Parked::Woken,
            INTERRUPTED => Parked::Interrupted,
            _ if deadline.is_some_and(|deadline| deadline <= Instant::now()) => Parked::TimedOut,
            _ => Parked::Interrupted,
        }
    }
}

impl Drop for Parker {
    fn drop(&mut self) {
        // SAFETY: this is the last owner: nobody waits, nobody will wake.
        unsafe { PyThread_free_lock(self.lock.as_ptr()) }
    }
}
