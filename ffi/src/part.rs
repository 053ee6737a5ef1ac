//! Giving back a part of what a request holds.

use crate::error::oarlock_error;
use crate::lock::oarlock_lock;
use crate::manager::oarlock_manager;
use crate::path::oarlock_path;
use crate::status::oarlock_status;
use engine::LockId;

/// Turns all write claims of a granted request into plain reads, at once. Whoever
/// waited only for that comes in.
///
/// Ownership: the lock stays the caller's.
/// Lifetimes: `manager` must not be freed meanwhile.
/// Threads: any.
/// Blocks: never; callbacks of requests that this lets in run inside this call.
/// Statuses: OARLOCK_OK; NOT_GRANTED; UPGRADE_WAITING; STALE; INVALID_ARGUMENT;
///   FORKED; PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_downgrade(
    manager: *const oarlock_manager,
    lock: oarlock_lock,
) -> oarlock_status {
    entry!(on [manager]; {
        manager.manager.downgrade(LockId::from_u64(lock))?;
        Ok(())
    })
}

/// Releases the claim of a granted request on exactly this path, and keeps the
/// others. The last one ends the request. (A claim that another claim of the
/// request covers was dropped when the request was made.)
///
/// Ownership: the lock stays the caller's, unless this was its last claim.
///   *out_error, where given, is the caller's on failure.
/// Lifetimes: what `path` points to is read during the call only.
/// Threads: any.
/// Blocks: never; callbacks of requests that this lets in run inside this call.
/// Statuses: OARLOCK_OK; NOT_CLAIMED; NOT_GRANTED; UPGRADE_WAITING; STALE;
///   EMPTY_SEGMENT, TOO_MANY_SEGMENTS, PATH_TOO_LONG; INVALID_ARGUMENT; FORKED;
///   PANIC.
///
/// `out_error` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_release_part(
    manager: *const oarlock_manager,
    lock: oarlock_lock,
    path: oarlock_path,
    out_error: *mut *mut oarlock_error,
) -> oarlock_status {
    entry!(on [manager]; error out_error; {
        let path = path.read(&manager.limits)?;
        manager.manager.release_part(LockId::from_u64(lock), path)?;
        Ok(())
    })
}
