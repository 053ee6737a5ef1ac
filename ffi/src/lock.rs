//! The C object `oarlock_lock`: one request, waiting or granted.

use crate::claim::{self, oarlock_claim};
use crate::entry::put;
use crate::error::{Party, oarlock_error};
use crate::failure::Failure;
use crate::manager::oarlock_manager;
use crate::request::{self, oarlock_request_options};
use crate::status::{
    OARLOCK_ERR_CLOSED, OARLOCK_ERR_NOT_GRANTED, OARLOCK_ERR_TIMEOUT, oarlock_status,
};
use crate::timeout;
use engine::{Claim, EnqueuedById, Guard, LockId, LockState, Manager, Pending};
use engine::{PendingTimeoutError, Request, TryAcquireError, WaitError};
use std::time::Duration;

/// One request of one manager, waiting or granted: a number, never 0, that is
/// checked at every use. Once the request has ended, or with another manager,
/// it is OARLOCK_ERR_STALE and never somebody else's lock.
///
/// Threads: any thread may use it, whichever one acquired it.
pub type oarlock_lock = u64;

/// Where a request or an upgrade stands: OARLOCK_WAITING, OARLOCK_GRANTED or
/// OARLOCK_NOT_UPGRADED.
pub type oarlock_state = i32;

/// It waits in the queue.
pub const OARLOCK_WAITING: oarlock_state = 1;
/// It is granted: the caller holds the lock. Of an upgrade: all that the request
/// claims is held exclusively.
pub const OARLOCK_GRANTED: oarlock_state = 2;

/// A granted request, known by its number alone: the handle keeps the manager alive.
type Granted = (LockId, u64);

/// Hands a granted request over to the caller.
///
/// # Safety
/// `out_lock` is writable; `out_token` is NULL or writable.
#[inline]
unsafe fn hand_over((id, token): Granted, out_lock: *mut u64, out_token: *mut u64) {
    // SAFETY: by the caller's promise.
    unsafe {
        out_lock.write(id.to_u64());
        put(out_token, token);
    }
}

/// Says by its token where a request or an upgrade stands: 0 while it waits.
///
/// # Safety
/// `out_state` is writable; `out_token` is NULL or writable.
pub(crate) unsafe fn hand_over_state(
    token: u64,
    out_state: *mut oarlock_state,
    out_token: *mut u64,
) {
    // SAFETY: by the caller's promise.
    unsafe {
        out_state.write(if token == 0 {
            OARLOCK_WAITING
        } else {
            OARLOCK_GRANTED
        });
        put(out_token, token);
    }
}

/// Acquires all the claims together, and waits until that is possible:
/// requests that conflict are granted in the order of their calls.
///
/// Ownership: *out_lock is the caller's, to end with oarlock_release; 0 on
///   failure. *out_error, where given, is the caller's on failure.
/// Lifetimes: `claims`, `options` and all they point to are read during the call
///   only.
/// Threads: any. The lock belongs to no thread.
/// Blocks: up to `timeout_ns` nanoseconds; OARLOCK_FOREVER (-1) for as long as
///   it takes; 0 not at all. Callbacks of requests that this lets in run
///   inside this call.
/// Statuses: OARLOCK_OK; TIMEOUT (the request has left the queue); CLOSED;
///   DEADLOCK (at once, whatever the timeout, but for a `timeout_ns` of 0: that is a
///   try, and TIMEOUT); CANCELLED (see below); TOO_MANY_WAITING; NO_CLAIMS, INVALID_MODE, ZERO_LIMIT,
///   LIMIT_ON_WRITE, EMPTY_SEGMENT, TOO_MANY_CLAIMS, TOO_MANY_SEGMENTS,
///   PATH_TOO_LONG, REQUEST_TOO_LARGE, FOREIGN_OWNER, INVALID_NAME (a label),
///   INVALID_TIMEOUT (below -1), TIMEOUT_TOO_LARGE, TOO_MANY_REQUESTS;
///   INVALID_ARGUMENT; FORKED; PANIC.
///
/// A call that blocks ends with CANCELLED if somebody finds its lock by an inspection
/// and cancels it. To have the number at hand, use oarlock_enqueue and oarlock_wait.
///
/// *out_token is the fencing token: of two conflicting requests the later one
/// has the greater token. `options`, `out_token` and `out_error` may be NULL.
/// After a TIMEOUT that was waited for (`timeout_ns` above 0), oarlock_error_parties
/// says who was in the way; finding that out looks at every live request: pass a
/// NULL `out_error` where it is not wanted. A claim that another claim of the
/// request covers is dropped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_acquire(
    manager: *const oarlock_manager,
    claims: *const oarlock_claim,
    claim_count: usize,
    options: *const oarlock_request_options,
    timeout_ns: i64,
    out_lock: *mut oarlock_lock,
    out_token: *mut u64,
    out_error: *mut *mut oarlock_error,
) -> oarlock_status {
    entry!(on [manager]; out [out_lock]; maybe [out_token]; error out_error; {
        let timeout = timeout::read(timeout_ns)?;
        let claims = claim::read(claims, claim_count, &manager.limits)?;
        let granted = if timeout == Some(Duration::ZERO) {
            try_for_timeout(request::make(manager, claims, options)?)?
        } else {
            match request::enqueue(manager, claims, options)? {
                EnqueuedById::Granted { id, token } => (id, token),
                // The clock is not read before this.
                EnqueuedById::Waiting(pending) => {
                    await_grant(&manager.manager, pending, timeout, !out_error.is_null())?
                }
            }
        };
        hand_over(granted, out_lock, out_token);
        Ok(())
    })
}

/// Waits for a grant, and for no longer than the timeout.
#[cold]
fn await_grant(
    manager: &Manager,
    pending: Pending,
    timeout: Option<Duration>,
    wants_blockers: bool,
) -> Result<Granted, Failure> {
    let guard = match timeout {
        None => pending.wait()?,
        Some(timeout) => match pending.wait_timeout(timeout) {
            Ok(guard) => guard,
            Err(PendingTimeoutError::Timeout(pending)) => {
                give_up(manager, pending, wants_blockers)?
            }
            Err(error) => return Err(error.into()),
        },
    };
    let token = guard.token();
    Ok((guard.into_id(), token))
}

/// A timeout of 0: a refused try counts as one.
pub(crate) fn try_for_timeout<'a, I: Iterator<Item = Claim<'a>>>(
    request: Request<'_, I>,
) -> Result<Granted, Failure> {
    request.try_acquire_by_id().map_err(|error| match error {
        TryAcquireError::WouldBlock => Failure::of(OARLOCK_ERR_TIMEOUT),
        error => error.into(),
    })
}

/// An error names so many requests at most.
const NAMED: usize = 32;

/// The time is up: the request leaves the queue, unless the grant comes first.
fn give_up(manager: &Manager, pending: Pending, wants_blockers: bool) -> Result<Guard, Failure> {
    let id = pending.id();
    let (mut blockers, mut count) = (Vec::new(), 0);
    if wants_blockers {
        // Before it leaves: afterwards nothing is in its way.
        let (some, all) = manager.some_blockers(id, NAMED).unwrap_or_default();
        blockers.extend(
            some.into_iter()
                .filter_map(|it| manager.info(it).ok())
                .map(Party::from),
        );
        count = all;
    }
    match manager.expire(id) {
        Ok(()) => Err(Failure::timeout(blockers, count)),
        // Granted, or ended by somebody else; whoever did it is about to tell.
        Err(_) => Ok(pending.wait()?),
    }
}

/// Acquires all the claims together if that is possible at once; never queues.
///
/// Ownership: *out_lock is the caller's, to end with oarlock_release; 0 on
///   failure. *out_error, where given, is the caller's on failure.
/// Lifetimes: `claims`, `options` and all they point to are read during the call
///   only.
/// Threads: any.
/// Blocks: never; callbacks of requests that this lets in run inside this call.
/// Statuses: OARLOCK_OK; WOULD_BLOCK; CLOSED; NO_CLAIMS, INVALID_MODE, ZERO_LIMIT,
///   LIMIT_ON_WRITE, EMPTY_SEGMENT, TOO_MANY_CLAIMS, TOO_MANY_SEGMENTS,
///   PATH_TOO_LONG, REQUEST_TOO_LARGE, FOREIGN_OWNER, INVALID_NAME,
///   TOO_MANY_REQUESTS; INVALID_ARGUMENT; FORKED; PANIC.
///
/// A try never tells DEADLOCK or TOO_MANY_WAITING: where oarlock_acquire would, it is
/// WOULD_BLOCK.
///
/// `options`, `out_token` and `out_error` may be NULL. WOULD_BLOCK makes an error
/// object, too, where `out_error` is given: pass NULL where it is expected often.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_try_acquire(
    manager: *const oarlock_manager,
    claims: *const oarlock_claim,
    claim_count: usize,
    options: *const oarlock_request_options,
    out_lock: *mut oarlock_lock,
    out_token: *mut u64,
    out_error: *mut *mut oarlock_error,
) -> oarlock_status {
    entry!(on [manager]; out [out_lock]; maybe [out_token]; error out_error; {
        let claims = claim::read(claims, claim_count, &manager.limits)?;
        let granted = if options.is_null() {
            manager.manager.try_acquire_by_id(claims)?
        } else {
            request::make(manager, claims, options)?.try_acquire_by_id()?
        };
        hand_over(granted, out_lock, out_token);
        Ok(())
    })
}

/// Tells what oarlock_try_acquire would answer now, and changes nothing:
/// *out_would is 1 if it would give the lock, else 0; 0 on failure.
///
/// Ownership: nothing changes hands. *out_error, where given, is the caller's on
///   failure.
/// Lifetimes: `claims`, `options` and all they point to are read during the call
///   only.
/// Threads: any. The answer may be out of date when it arrives.
/// Blocks: never.
/// Statuses: as oarlock_try_acquire, without WOULD_BLOCK.
///
/// `options` and `out_error` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_would_grant(
    manager: *const oarlock_manager,
    claims: *const oarlock_claim,
    claim_count: usize,
    options: *const oarlock_request_options,
    out_would: *mut i32,
    out_error: *mut *mut oarlock_error,
) -> oarlock_status {
    entry!(on [manager]; out [out_would]; error out_error; {
        let claims = claim::read(claims, claim_count, &manager.limits)?;
        let would = request::make(manager, claims, options)?.would_grant()?;
        out_would.write(i32::from(would));
        Ok(())
    })
}

/// Waits until a request made by oarlock_enqueue is granted. When the time is
/// up the request keeps its place in the queue, and may be waited for again.
///
/// Ownership: the lock stays the caller's: on success to end with
///   oarlock_release, on TIMEOUT with oarlock_release or oarlock_cancel. After
///   any other status the request has ended. *out_error, where given, is the
///   caller's on failure.
/// Lifetimes: `manager` must not be freed meanwhile.
/// Threads: any, also several at once for one lock.
/// Blocks: up to `timeout_ns` nanoseconds; OARLOCK_FOREVER (-1) for as long as
///   it takes; 0 not at all.
/// Statuses: OARLOCK_OK (also when it was granted long ago); TIMEOUT;
///   CANCELLED (cancelled or released meanwhile); CLOSED (once the manager is
///   closed also for any other lock that has ended); STALE (also for a
///   request that ended before this call); INVALID_TIMEOUT, TIMEOUT_TOO_LARGE;
///   INVALID_ARGUMENT; FORKED; PANIC.
///
/// Only who is in this call when the request ends learns why. For a request that
/// may be cancelled by others between two waits, use a callback or a queue: they are
/// told whenever it is.
///
/// `out_token` and `out_error` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_wait(
    manager: *const oarlock_manager,
    lock: oarlock_lock,
    timeout_ns: i64,
    out_token: *mut u64,
    out_error: *mut *mut oarlock_error,
) -> oarlock_status {
    entry!(on [manager]; maybe [out_token]; error out_error; {
        let deadline = timeout::deadline(timeout_ns)?;
        match manager.manager.wait(LockId::from_u64(lock), deadline) {
            Ok(token) => put(out_token, token),
            // Closing ended whatever waited: that says more than "stale".
            Err(WaitError::Stale) if manager.manager.is_closed() => {
                return Err(Failure::of(OARLOCK_ERR_CLOSED));
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    })
}

/// Tells where a request stands now: *out_state is OARLOCK_WAITING or
/// OARLOCK_GRANTED; 0 on failure.
///
/// Ownership: nothing changes hands.
/// Lifetimes: `manager` must not be freed meanwhile.
/// Threads: any.
/// Blocks: never.
/// Statuses: OARLOCK_OK; STALE; INVALID_ARGUMENT; FORKED; PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_lock_state(
    manager: *const oarlock_manager,
    lock: oarlock_lock,
    out_state: *mut oarlock_state,
) -> oarlock_status {
    entry!(on [manager]; out [out_state]; {
        let state = manager.manager.state(LockId::from_u64(lock))?;
        out_state.write(match state {
            LockState::Waiting => OARLOCK_WAITING,
            LockState::Granted(_) => OARLOCK_GRANTED,
        });
        Ok(())
    })
}

/// Tells the fencing token of a granted request: never 0; 0 on failure.
///
/// Ownership: nothing changes hands.
/// Lifetimes: `manager` must not be freed meanwhile.
/// Threads: any.
/// Blocks: never.
/// Statuses: OARLOCK_OK; NOT_GRANTED (it waits still and has no token yet);
///   STALE; INVALID_ARGUMENT; FORKED; PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_lock_token(
    manager: *const oarlock_manager,
    lock: oarlock_lock,
    out_token: *mut u64,
) -> oarlock_status {
    entry!(on [manager]; out [out_token]; {
        match manager.manager.state(LockId::from_u64(lock))? {
            LockState::Granted(token) => out_token.write(token),
            LockState::Waiting => return Err(Failure::of(OARLOCK_ERR_NOT_GRANTED)),
        }
        Ok(())
    })
}

/// Cancels a request that waits: it leaves the queue at once, and whoever waits
/// for it, in oarlock_wait, by a callback or by a queue, gets CANCELLED. Cancel
/// and grant race: exactly one wins, and the status says which.
///
/// Ownership: on success, the request has ended. On GRANTED the caller holds
///   the lock and ends it with oarlock_release; but a request with a callback or
///   a queue is theirs then.
/// Lifetimes: `manager` must not be freed meanwhile.
/// Threads: any.
/// Blocks: never; callbacks of requests that this ends or lets in run inside
///   this call.
/// Statuses: OARLOCK_OK; GRANTED; STALE; INVALID_ARGUMENT; FORKED; PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_cancel(
    manager: *const oarlock_manager,
    lock: oarlock_lock,
) -> oarlock_status {
    entry!(on [manager]; {
        manager.manager.cancel(LockId::from_u64(lock))?;
        Ok(())
    })
}

/// Ends a request: releases it when it is granted, cancels it when it waits.
/// Works on a closed manager too. The outcome of a request with a callback or a
/// queue is told all the same: if that was the grant, its lock is STALE by then.
///
/// Ownership: the request has ended; using the lock again is STALE.
/// Lifetimes: `manager` must not be freed meanwhile.
/// Threads: any, whichever one acquired it.
/// Blocks: never; callbacks of requests that this lets in run inside this call.
/// Statuses: OARLOCK_OK; STALE; INVALID_ARGUMENT; FORKED; PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_release(
    manager: *const oarlock_manager,
    lock: oarlock_lock,
) -> oarlock_status {
    entry!(on [manager]; {
        manager.manager.release(LockId::from_u64(lock))?;
        Ok(())
    })
}
