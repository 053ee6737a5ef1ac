//! Requests that take their place in the queue without waiting there.

use crate::callback::{UserData, oarlock_callback, oarlock_drop};
use crate::claim::{self, oarlock_claim};
use crate::error::oarlock_error;
use crate::failure::Failure;
use crate::lock::{OARLOCK_GRANTED, OARLOCK_WAITING, oarlock_lock, oarlock_state};
use crate::manager::oarlock_manager;
use crate::status::{OARLOCK_ERR_CLOSED, oarlock_status};
use engine::{Enqueued, LockState};
use std::ffi::c_void;

/// Gives a request its place in the queue and returns at once. *out_state is
/// OARLOCK_GRANTED when it was granted at once, else OARLOCK_WAITING: then go on
/// with oarlock_wait, oarlock_lock_state, oarlock_cancel or oarlock_release.
///
/// Ownership: *out_lock is the caller's, to end with oarlock_release whether it
///   waits or is granted; 0 on failure. *out_error, where given, is the
///   caller's on failure.
/// Lifetimes: `claims` and all they point to are read during the call only.
/// Threads: any.
/// Blocks: never.
/// Statuses: OARLOCK_OK; CLOSED; NO_CLAIMS, INVALID_MODE, EMPTY_SEGMENT,
///   TOO_MANY_CLAIMS, TOO_MANY_SEGMENTS, PATH_TOO_LONG, REQUEST_TOO_LARGE,
///   TOO_MANY_REQUESTS; INVALID_ARGUMENT; FORKED; PANIC.
///
/// `out_error` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_enqueue(
    manager: *const oarlock_manager,
    claims: *const oarlock_claim,
    claim_count: usize,
    out_lock: *mut oarlock_lock,
    out_state: *mut oarlock_state,
    out_error: *mut *mut oarlock_error,
) -> oarlock_status {
    entry!(manager manager; out [out_lock, out_state]; error out_error; {
        let claims = claim::read(claims, claim_count, &manager.limits)?;
        let pending = manager.manager.enqueue(claims)?;
        out_state.write(match pending.state() {
            Some(LockState::Granted(_)) => OARLOCK_GRANTED,
            Some(LockState::Waiting) => OARLOCK_WAITING,
            // Nobody else knows the id yet: only a close can have ended it.
            None => return Err(Failure::of(OARLOCK_ERR_CLOSED)),
        });
        out_lock.write(pending.into_id().to_u64());
        Ok(())
    })
}

/// Gives a request its place in the queue and returns at once; if it has to
/// wait, `callback` is called with its outcome.
///
/// When *out_state is OARLOCK_GRANTED the caller holds the lock already and
/// `callback` is never called. When it is OARLOCK_WAITING, `callback` is called
/// exactly once: never inside this call, but perhaps on another thread before
/// this call returns. On failure it is never called.
///
/// Ownership: *out_lock is the caller's when granted at once, and the
///   callback's when it is called with OARLOCK_OK; 0 on failure. `user_data` is
///   the library's from the call on, whatever it returns: it is given to `drop`,
///   unless that is NULL, exactly once: after `callback` has returned, or, when
///   `callback` will not be called, inside this call. *out_error, where given,
///   is the caller's on failure.
/// Lifetimes: `claims` and all they point to are read during the call only;
///   `user_data` and both functions must live until `drop` is called.
/// Threads: any. `callback` and `drop` run on the thread whose release, cancel,
///   close or free decides the outcome, so they must be able to run on any.
/// Blocks: never.
/// Statuses: OARLOCK_OK; CLOSED; NO_CLAIMS, INVALID_MODE, EMPTY_SEGMENT,
///   TOO_MANY_CLAIMS, TOO_MANY_SEGMENTS, PATH_TOO_LONG, REQUEST_TOO_LARGE,
///   TOO_MANY_REQUESTS; INVALID_ARGUMENT (also for a NULL `callback`); FORKED; PANIC.
///
/// `user_data`, `drop` and `out_error` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_enqueue_callback(
    manager: *const oarlock_manager,
    claims: *const oarlock_claim,
    claim_count: usize,
    callback: oarlock_callback,
    user_data: *mut c_void,
    drop: oarlock_drop,
    out_lock: *mut oarlock_lock,
    out_state: *mut oarlock_state,
    out_error: *mut *mut oarlock_error,
) -> oarlock_status {
    // Outside the checks: the data is given back however they end.
    let user_data = UserData::new(user_data, drop);
    entry!(manager manager; out [out_lock, out_state]; error out_error; {
        let Some(callback) = callback else {
            return Err(Failure::argument("`callback` is NULL"));
        };
        let claims = claim::read(claims, claim_count, &manager.limits)?;
        let done = user_data.into_done(callback);
        let (lock, state) = match manager.manager.enqueue_with(claims, done)? {
            Enqueued::Granted(guard) => (guard.into_id(), OARLOCK_GRANTED),
            Enqueued::Waiting(id) => (id, OARLOCK_WAITING),
        };
        out_lock.write(lock.to_u64());
        out_state.write(state);
        Ok(())
    })
}
