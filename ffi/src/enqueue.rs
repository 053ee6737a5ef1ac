//! Requests that take their place in the queue without waiting there.

use crate::callback::{Callback, UserData, oarlock_callback, oarlock_drop};
use crate::claim::{self, oarlock_claim};
use crate::error::oarlock_error;
use crate::failure::Failure;
use crate::handle;
use crate::lock::{self, oarlock_lock, oarlock_state};
use crate::manager::oarlock_manager;
use crate::outcome::Outcome;
use crate::queue::{OARLOCK_COMPLETION_ACQUIRE, oarlock_queue};
use crate::request::{self, oarlock_request_options};
use crate::sink::Sink;
use crate::status::{OARLOCK_ERR_CLOSED, oarlock_status};
use crate::target::Target;
use crate::timeout;
use engine::{Claim, Enqueued, EnqueuedById, LockState, Pending, Request};
use std::ffi::c_void;
use std::sync::Arc;
use std::time::Duration;

/// A request that has its place.
struct Placed {
    lock: u64,
    /// 0 while it waits.
    token: u64,
}

impl Placed {
    /// # Safety
    /// The first two are writable, the third is NULL or writable.
    unsafe fn hand_over(
        self,
        out_lock: *mut oarlock_lock,
        out_state: *mut oarlock_state,
        out_token: *mut u64,
    ) {
        // SAFETY: by the caller's promise.
        unsafe {
            out_lock.write(self.lock);
            lock::hand_over_state(self.token, out_state, out_token);
        }
    }
}

/// Places a request whose outcome goes to a callback or a queue, if it has to
/// wait.
fn place<'a, I: Iterator<Item = Claim<'a>>>(
    manager: &oarlock_manager,
    request: Request<'_, I>,
    timeout: Option<Duration>,
    sink: Sink,
) -> Result<Placed, Failure> {
    if timeout == Some(Duration::ZERO) {
        let (id, token) = lock::try_for_timeout(request)?;
        let lock = id.to_u64();
        return Ok(Placed { lock, token });
    }
    let (tell, begun) = sink.prepare(timeout)?;
    let known = manager.manager.weak();
    let enqueued = request.enqueue_with(move |result| tell(Outcome::of_request(result, known)))?;
    Ok(match enqueued {
        Enqueued::Granted(guard) => {
            let token = guard.token();
            let lock = guard.into_id().to_u64();
            Placed { lock, token }
        }
        Enqueued::Waiting(id) => {
            let manager = manager.manager.weak();
            begun.waits(Target::Request { manager, id });
            Placed {
                lock: id.to_u64(),
                token: 0,
            }
        }
    })
}

/// Gives a request its place in the queue and returns at once. *out_state is
/// OARLOCK_GRANTED when it was granted at once, else OARLOCK_WAITING: then go on
/// with oarlock_wait, oarlock_lock_state, oarlock_cancel or oarlock_release. A DEADLOCK
/// is told here and now, and never by the wait.
///
/// Ownership: *out_lock is the caller's, to end with oarlock_release whether it
///   waits or is granted; 0 on failure. *out_error, where given, is the
///   caller's on failure.
/// Lifetimes: `claims`, `options` and all they point to are read during the call
///   only.
/// Threads: any.
/// Blocks: never; callbacks of other requests that this lets in run inside this call.
/// Statuses: OARLOCK_OK; CLOSED; DEADLOCK; CANCELLED (by somebody who found its
///   lock by an inspection already); TOO_MANY_WAITING; NO_CLAIMS,
///   INVALID_MODE, ZERO_LIMIT, LIMIT_ON_WRITE, EMPTY_SEGMENT, TOO_MANY_CLAIMS,
///   TOO_MANY_SEGMENTS, PATH_TOO_LONG, REQUEST_TOO_LARGE, FOREIGN_OWNER,
///   INVALID_NAME, TOO_MANY_REQUESTS; INVALID_ARGUMENT; FORKED; PANIC.
///
/// *out_token is the fencing token when granted at once, else 0. `options`,
/// `out_token` and `out_error` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_enqueue(
    manager: *const oarlock_manager,
    claims: *const oarlock_claim,
    claim_count: usize,
    options: *const oarlock_request_options,
    out_lock: *mut oarlock_lock,
    out_state: *mut oarlock_state,
    out_token: *mut u64,
    out_error: *mut *mut oarlock_error,
) -> oarlock_status {
    entry!(on [manager]; out [out_lock, out_state]; maybe [out_token]; error out_error; {
        let claims = claim::read(claims, claim_count, &manager.limits)?;
        let placed = match request::enqueue(manager, claims, options)? {
            EnqueuedById::Granted { id, token } => Placed { lock: id.to_u64(), token },
            EnqueuedById::Waiting(pending) => place_in_line(pending)?,
        };
        placed.hand_over(out_lock, out_state, out_token);
        Ok(())
    })
}

/// Leaves a request that had to wait in the queue.
fn place_in_line(pending: Pending) -> Result<Placed, Failure> {
    let token = match pending.state() {
        Some(LockState::Granted(token)) => token,
        Some(LockState::Waiting) => 0,
        // Nobody else knows the id yet. Whoever ended it is about to tell why;
        // the grant cannot come in between.
        None => {
            return Err(match pending.wait() {
                Err(error) => error.into(),
                Ok(_) => Failure::of(OARLOCK_ERR_CLOSED),
            });
        }
    };
    let lock = pending.into_id().to_u64();
    Ok(Placed { lock, token })
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
/// Lifetimes: `claims`, `options` and all they point to are read during the call
///   only; `user_data` and both functions must live until `drop` is called.
/// Threads: any. `callback` and `drop` run on the thread whose release, cancel,
///   close or free decides the outcome, or on the library's own for timeouts, so
///   they must be able to run on any.
/// Blocks: never; callbacks of other requests that this lets in run inside this call.
/// Statuses: OARLOCK_OK; TIMEOUT (only if `timeout_ns` is 0: it tries); CLOSED;
///   DEADLOCK; TOO_MANY_WAITING; NO_CLAIMS, INVALID_MODE, ZERO_LIMIT,
///   LIMIT_ON_WRITE, EMPTY_SEGMENT, TOO_MANY_CLAIMS, TOO_MANY_SEGMENTS,
///   PATH_TOO_LONG, REQUEST_TOO_LARGE, FOREIGN_OWNER, INVALID_NAME,
///   INVALID_TIMEOUT, TIMEOUT_TOO_LARGE, TOO_MANY_REQUESTS; INVALID_ARGUMENT
///   (also for a NULL `callback`); INTERNAL (no thread for timeouts); FORKED;
///   PANIC.
///
/// After `timeout_ns` nanoseconds without the grant the request leaves the queue
/// and `callback` gets TIMEOUT; OARLOCK_FOREVER (-1) is never. *out_token is the
/// fencing token when granted at once, else 0. `options`, `user_data`, `drop`,
/// `out_token` and `out_error` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_enqueue_callback(
    manager: *const oarlock_manager,
    claims: *const oarlock_claim,
    claim_count: usize,
    options: *const oarlock_request_options,
    timeout_ns: i64,
    callback: oarlock_callback,
    user_data: *mut c_void,
    drop: oarlock_drop,
    out_lock: *mut oarlock_lock,
    out_state: *mut oarlock_state,
    out_token: *mut u64,
    out_error: *mut *mut oarlock_error,
) -> oarlock_status {
    // Outside the checks: the data is given back however they end.
    let data = UserData::new(user_data, drop);
    entry!(on [manager]; out [out_lock, out_state]; maybe [out_token]; error out_error; {
        let Some(function) = callback else {
            return Err(Failure::argument("`callback` is NULL"));
        };
        let timeout = timeout::read(timeout_ns)?;
        let claims = claim::read(claims, claim_count, &manager.limits)?;
        let request = request::make(manager, claims, options)?;
        let life = Arc::clone(&manager.life);
        let sink = Sink::Callback(Callback { function, data, life });
        place(manager, request, timeout, sink)?.hand_over(out_lock, out_state, out_token);
        Ok(())
    })
}

/// Gives a request its place in the queue and returns at once; if it has to
/// wait, its outcome is put into `queue`, as a completion of kind
/// OARLOCK_COMPLETION_ACQUIRE with `user_data`.
///
/// When *out_state is OARLOCK_GRANTED the caller holds the lock already and
/// nothing is put into the queue. When it is OARLOCK_WAITING, exactly one
/// completion is, perhaps before this call returns. On failure none is.
///
/// Ownership: *out_lock is the caller's when granted at once; else it belongs to
///   whoever fetches the completion; 0 on failure. *out_error, where given, is the
///   caller's on failure.
/// Lifetimes: `claims`, `options` and all they point to are read during the call
///   only; `user_data` is handed back and not looked into. The queue may be freed
///   before the outcome, and the manager, too.
/// Threads: any.
/// Blocks: never; callbacks of other requests that this lets in run inside this call.
/// Statuses: as oarlock_enqueue_callback.
///
/// After `timeout_ns` nanoseconds without the grant the request leaves the queue
/// of those that wait, and its completion has TIMEOUT; OARLOCK_FOREVER (-1) is
/// never, 0 tries. *out_token is the fencing token when granted at once, else 0.
/// `options`, `user_data`, `out_token` and `out_error` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_enqueue_queue(
    manager: *const oarlock_manager,
    claims: *const oarlock_claim,
    claim_count: usize,
    options: *const oarlock_request_options,
    timeout_ns: i64,
    queue: *const oarlock_queue,
    user_data: *mut c_void,
    out_lock: *mut oarlock_lock,
    out_state: *mut oarlock_state,
    out_token: *mut u64,
    out_error: *mut *mut oarlock_error,
) -> oarlock_status {
    entry!(on [manager]; out [out_lock, out_state]; maybe [out_token]; error out_error; {
        let queue = handle::open(queue)?;
        let timeout = timeout::read(timeout_ns)?;
        let claims = claim::read(claims, claim_count, &manager.limits)?;
        let request = request::make(manager, claims, options)?;
        let sink = Sink::Queue(queue.slot(user_data, OARLOCK_COMPLETION_ACQUIRE, manager));
        place(manager, request, timeout, sink)?.hand_over(out_lock, out_state, out_token);
        Ok(())
    })
}
