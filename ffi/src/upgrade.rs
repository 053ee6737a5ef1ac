//! Turning a granted request's reads into writes.

use crate::callback::{Callback, UserData, oarlock_callback, oarlock_drop};
use crate::entry::put;
use crate::error::oarlock_error;
use crate::failure::Failure;
use crate::handle;
use crate::lock::{OARLOCK_GRANTED, OARLOCK_WAITING, hand_over_state, oarlock_lock, oarlock_state};
use crate::manager::oarlock_manager;
use crate::outcome::Outcome;
use crate::queue::{OARLOCK_COMPLETION_UPGRADE, oarlock_queue};
use crate::sink::Sink;
use crate::status::{
    OARLOCK_ERR_CLOSED, OARLOCK_ERR_NOT_GRANTED, OARLOCK_ERR_TIMEOUT, oarlock_status,
};
use crate::target::Target;
use crate::timeout;
use engine::{LockId, LockState, Manager, UpgradeBegun, UpgradeError, UpgradeState};
use std::ffi::c_void;
use std::sync::Arc;
use std::time::Duration;

/// Of an upgrade: none waits, and the request does not write all that it claims.
pub const OARLOCK_NOT_UPGRADED: oarlock_state = 3;

/// Upgrades a request if that is possible at once, as oarlock_upgrade does.
///
/// Ownership: the lock stays the caller's. *out_error, where given, is the
///   caller's on failure.
/// Lifetimes: `manager` must not be freed meanwhile.
/// Threads: any.
/// Blocks: never; callbacks of requests that this lets in run inside this call.
/// Statuses: OARLOCK_OK; WOULD_BLOCK (others hold what conflicts; also where
///   oarlock_upgrade would give DEADLOCK, which a try never tells); CLOSED;
///   NOT_GRANTED; UPGRADE_WAITING; STALE; INVALID_ARGUMENT; FORKED; PANIC.
///
/// `out_token` and `out_error` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_try_upgrade(
    manager: *const oarlock_manager,
    lock: oarlock_lock,
    out_token: *mut u64,
    out_error: *mut *mut oarlock_error,
) -> oarlock_status {
    entry!(on [manager]; maybe [out_token]; error out_error; {
        put(out_token, manager.manager.try_upgrade(LockId::from_u64(lock))?);
        Ok(())
    })
}

/// Turns all read claims of a granted request into writes; limits go. Waits,
/// ahead of all requests that wait, until no other holder conflicts; what the
/// request holds stays held meanwhile, and if this fails. A request that only
/// writes is left as it is. A new write of the same owner is something else: a second
/// request, with a lock and a token of its own, that stands in the queue and leaves the
/// read when it ends.
///
/// Ownership: the lock stays the caller's, whatever the status. *out_error, where
///   given, is the caller's on failure.
/// Lifetimes: `manager` must not be freed meanwhile.
/// Threads: any.
/// Blocks: up to `timeout_ns` nanoseconds; OARLOCK_FOREVER (-1) for as long as
///   it takes; 0 not at all. Callbacks of requests that this lets in run
///   inside this call.
/// Statuses: OARLOCK_OK; TIMEOUT (the upgrade is taken back); DEADLOCK (at once,
///   if another holder waits to be upgraded, too, or what others hold would keep it
///   waiting for ever in a longer cycle); CANCELLED (oarlock_upgrade_cancel, or the request was released);
///   CLOSED; NOT_GRANTED; UPGRADE_WAITING; STALE; INVALID_TIMEOUT,
///   TIMEOUT_TOO_LARGE; INVALID_ARGUMENT; FORKED; PANIC.
///
/// *out_token is the new fencing token, greater than the one before; 0 on failure,
/// when the old one holds. `out_token` and `out_error` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_upgrade(
    manager: *const oarlock_manager,
    lock: oarlock_lock,
    timeout_ns: i64,
    out_token: *mut u64,
    out_error: *mut *mut oarlock_error,
) -> oarlock_status {
    entry!(on [manager]; maybe [out_token]; error out_error; {
        let timeout = timeout::read(timeout_ns)?;
        let id = LockId::from_u64(lock);
        let token = if timeout == Some(Duration::ZERO) {
            try_for_timeout(&manager.manager, id)?
        } else {
            let deadline = timeout.map(timeout::end).transpose()?;
            manager.manager.upgrade_and_wait(id, deadline)?
        };
        put(out_token, token);
        Ok(())
    })
}

/// A timeout of 0: a refused try counts as one.
fn try_for_timeout(manager: &Manager, id: LockId) -> Result<u64, Failure> {
    manager.try_upgrade(id).map_err(|error| match error {
        UpgradeError::WouldBlock => Failure::of(OARLOCK_ERR_TIMEOUT),
        error => error.into(),
    })
}

/// A request that waits itself has no upgrade.
fn refuse_waiting(manager: &Manager, id: LockId) -> Result<(), Failure> {
    match manager.state(id) {
        Ok(LockState::Waiting) => Err(Failure::of(OARLOCK_ERR_NOT_GRANTED)),
        _ => Ok(()),
    }
}

/// Begins an upgrade whose outcome goes to a callback or a queue, if it has to
/// wait: then the token is 0.
fn begin(
    manager: &Manager,
    lock: u64,
    timeout: Option<Duration>,
    sink: Sink,
) -> Result<u64, Failure> {
    let id = LockId::from_u64(lock);
    if timeout == Some(Duration::ZERO) {
        return try_for_timeout(manager, id);
    }
    let (tell, begun) = sink.prepare(timeout)?;
    let upgrade =
        manager.upgrade_with(id, move |result| tell(Outcome::of_upgrade(lock, result)))?;
    Ok(match upgrade {
        UpgradeBegun::Done(token) => token,
        UpgradeBegun::Waiting(ticket) => {
            begun.waits(Target::Upgrade(ticket));
            0
        }
    })
}

/// Begins to upgrade a request, as oarlock_upgrade does, and returns at once.
/// *out_state is OARLOCK_GRANTED when that is done, else OARLOCK_WAITING: then go
/// on with oarlock_upgrade_wait, oarlock_upgrade_state or oarlock_upgrade_cancel.
///
/// Ownership: the lock stays the caller's, whatever the status. *out_error, where
///   given, is the caller's on failure.
/// Lifetimes: `manager` must not be freed meanwhile.
/// Threads: any.
/// Blocks: never; callbacks of requests that this lets in run inside this call.
/// Statuses: OARLOCK_OK; DEADLOCK; CLOSED; NOT_GRANTED; UPGRADE_WAITING; STALE;
///   INVALID_ARGUMENT; FORKED; PANIC.
///
/// *out_token is the new fencing token when done, else 0. `out_token` and
/// `out_error` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_upgrade_enqueue(
    manager: *const oarlock_manager,
    lock: oarlock_lock,
    out_state: *mut oarlock_state,
    out_token: *mut u64,
    out_error: *mut *mut oarlock_error,
) -> oarlock_status {
    entry!(on [manager]; out [out_state]; maybe [out_token]; error out_error; {
        let token = match manager.manager.upgrade(LockId::from_u64(lock))? {
            UpgradeState::Done(token) => token,
            _ => 0,
        };
        hand_over_state(token, out_state, out_token);
        Ok(())
    })
}

/// Waits for an upgrade that was begun with oarlock_upgrade_enqueue. When the time
/// is up the upgrade is taken back; the request holds what it held.
///
/// Ownership: the lock stays the caller's, whatever the status. *out_error, where
///   given, is the caller's on failure.
/// Lifetimes: `manager` must not be freed meanwhile.
/// Threads: any, also several at once: the first whose time is up takes the
///   upgrade back for all.
/// Blocks: up to `timeout_ns` nanoseconds; OARLOCK_FOREVER (-1) for as long as
///   it takes; 0 not at all. Callbacks of requests that this lets in or ends run
///   inside this call.
/// Statuses: OARLOCK_OK (also for a request that writes all that it claims);
///   TIMEOUT; CANCELLED (it was taken back, ended without the grant before this
///   call, or none was begun); CLOSED; NOT_GRANTED; STALE; INVALID_TIMEOUT,
///   TIMEOUT_TOO_LARGE; INVALID_ARGUMENT; FORKED; PANIC.
///
/// *out_token is the new fencing token; 0 on failure. `out_token` and `out_error`
/// may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_upgrade_wait(
    manager: *const oarlock_manager,
    lock: oarlock_lock,
    timeout_ns: i64,
    out_token: *mut u64,
    out_error: *mut *mut oarlock_error,
) -> oarlock_status {
    entry!(on [manager]; maybe [out_token]; error out_error; {
        let deadline = timeout::deadline(timeout_ns)?;
        let id = LockId::from_u64(lock);
        refuse_waiting(&manager.manager, id)?;
        match manager.manager.wait_upgrade(id, deadline) {
            Ok(token) => put(out_token, token),
            // Closing ended whatever waited: that says more.
            Err(UpgradeError::Cancelled | UpgradeError::Stale) if manager.manager.is_closed() => {
                return Err(Failure::of(OARLOCK_ERR_CLOSED));
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    })
}

/// Begins to upgrade a request, as oarlock_upgrade does, and returns at once; if
/// it has to wait, `callback` is called with the outcome. All that
/// oarlock_enqueue_callback says of `callback`, `user_data`, `drop` and
/// `timeout_ns` holds here, too.
///
/// Ownership: the lock stays the caller's, whatever the status and the outcome.
///   *out_error, where given, is the caller's on failure.
/// Lifetimes: `user_data` and both functions must live until `drop` is called.
/// Threads: any, for the functions, too.
/// Blocks: never; callbacks of requests that this lets in run inside this call.
/// Statuses: OARLOCK_OK; TIMEOUT (only if `timeout_ns` is 0: it tries); DEADLOCK;
///   CLOSED; NOT_GRANTED; UPGRADE_WAITING; STALE; INVALID_TIMEOUT,
///   TIMEOUT_TOO_LARGE; INVALID_ARGUMENT (also for a NULL `callback`); INTERNAL
///   (no thread for timeouts); FORKED; PANIC.
///
/// *out_state and *out_token are as in oarlock_upgrade_enqueue. `user_data`,
/// `drop`, `out_token` and `out_error` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_upgrade_callback(
    manager: *const oarlock_manager,
    lock: oarlock_lock,
    timeout_ns: i64,
    callback: oarlock_callback,
    user_data: *mut c_void,
    drop: oarlock_drop,
    out_state: *mut oarlock_state,
    out_token: *mut u64,
    out_error: *mut *mut oarlock_error,
) -> oarlock_status {
    // Outside the checks: the data is given back however they end.
    let data = UserData::new(user_data, drop);
    entry!(on [manager]; out [out_state]; maybe [out_token]; error out_error; {
        let Some(function) = callback else {
            return Err(Failure::argument("`callback` is NULL"));
        };
        let timeout = timeout::read(timeout_ns)?;
        let life = Arc::clone(&manager.life);
        let sink = Sink::Callback(Callback { function, data, life });
        let token = begin(&manager.manager, lock, timeout, sink)?;
        hand_over_state(token, out_state, out_token);
        Ok(())
    })
}

/// Begins to upgrade a request, as oarlock_upgrade does, and returns at once; if
/// it has to wait, its outcome is put into `queue`, as a completion of kind
/// OARLOCK_COMPLETION_UPGRADE with `user_data`.
///
/// Ownership: the lock stays the caller's, whatever the status and the outcome.
///   *out_error, where given, is the caller's on failure.
/// Lifetimes: `user_data` is handed back and not looked into.
/// Threads: any.
/// Blocks: never; callbacks of requests that this lets in run inside this call.
/// Statuses: as oarlock_upgrade_callback.
///
/// *out_state and *out_token are as in oarlock_upgrade_enqueue. `timeout_ns` is as
/// in oarlock_enqueue_queue. `user_data`, `out_token` and `out_error` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_upgrade_queue(
    manager: *const oarlock_manager,
    lock: oarlock_lock,
    timeout_ns: i64,
    queue: *const oarlock_queue,
    user_data: *mut c_void,
    out_state: *mut oarlock_state,
    out_token: *mut u64,
    out_error: *mut *mut oarlock_error,
) -> oarlock_status {
    entry!(on [manager]; out [out_state]; maybe [out_token]; error out_error; {
        let queue = handle::open(queue)?;
        let timeout = timeout::read(timeout_ns)?;
        let sink = Sink::Queue(queue.slot(user_data, OARLOCK_COMPLETION_UPGRADE, manager));
        let token = begin(&manager.manager, lock, timeout, sink)?;
        hand_over_state(token, out_state, out_token);
        Ok(())
    })
}

/// Tells where the upgrade of a request stands: *out_state is OARLOCK_WAITING,
/// OARLOCK_GRANTED (it writes all that it claims) or OARLOCK_NOT_UPGRADED (none
/// was begun, or it ended without the grant); 0 on failure.
///
/// Ownership: nothing changes hands.
/// Lifetimes: `manager` must not be freed meanwhile.
/// Threads: any.
/// Blocks: never; callbacks of requests that this lets in run inside this call.
/// Statuses: OARLOCK_OK; NOT_GRANTED; STALE; INVALID_ARGUMENT; FORKED; PANIC.
///
/// *out_token is the fencing token when granted, else 0; it may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_upgrade_state(
    manager: *const oarlock_manager,
    lock: oarlock_lock,
    out_state: *mut oarlock_state,
    out_token: *mut u64,
) -> oarlock_status {
    entry!(on [manager]; out [out_state]; maybe [out_token]; {
        refuse_waiting(&manager.manager, LockId::from_u64(lock))?;
        let (state, token) = match manager.manager.upgrade_state(LockId::from_u64(lock))? {
            UpgradeState::Done(token) => (OARLOCK_GRANTED, token),
            UpgradeState::Waiting => (OARLOCK_WAITING, 0),
            UpgradeState::NotUpgraded => (OARLOCK_NOT_UPGRADED, 0),
        };
        out_state.write(state);
        put(out_token, token);
        Ok(())
    })
}

/// Takes back an upgrade that waits; the request holds what it held. Whoever waits
/// for it, by a callback or a queue, too, gets CANCELLED. Of this and the grant
/// exactly one wins.
///
/// Ownership: the lock stays the caller's.
/// Lifetimes: `manager` must not be freed meanwhile.
/// Threads: any.
/// Blocks: never; callbacks of what this ends or lets in run inside this call.
/// Statuses: OARLOCK_OK; STALE (no upgrade of such a request waits any more);
///   INVALID_ARGUMENT; FORKED; PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_upgrade_cancel(
    manager: *const oarlock_manager,
    lock: oarlock_lock,
) -> oarlock_status {
    entry!(on [manager]; {
        manager.manager.cancel_upgrade(LockId::from_u64(lock))?;
        Ok(())
    })
}
