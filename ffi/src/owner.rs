//! The C object `oarlock_owner`: who several requests belong to.

use crate::error::oarlock_error;
use crate::fork;
use crate::handle::{self, Handle};
use crate::manager::oarlock_manager;
use crate::status::oarlock_status;
use engine::Owner;

/// Who several requests belong to: a transaction, a session, a task.
///
/// Requests of one owner never conflict with each other, and what an owner holds
/// it can claim again at once. A request or an upgrade that would leave its owner stuck
/// is refused with DEADLOCK, by the call that makes it, and only if what others hold
/// does that. If it is only those that wait, the owner goes ahead of those of them that
/// wait for it: so may a try. A wait that was taken in is never ended with DEADLOCK.
/// A request without an owner can stand in a cycle, too, by an upgrade of it.
///
/// A request for what its owner holds already goes on as it is when the other one ends
/// or is downgraded: it is a request of its own. Of two writes, one inside the other,
/// the inner one keeps others out until it ends itself.
///
/// Threads: may be used by any number of threads at once and freed by any one. It
/// may be freed before its requests end: they stay its requests.
pub struct oarlock_owner {
    pub(crate) owner: Owner,
    generation: u32,
}

impl Handle for oarlock_owner {
    const NAME: &'static str = "owner";

    #[inline]
    fn generation(&self) -> u32 {
        self.generation
    }
}

/// Makes a new owner, for requests of this manager.
///
/// Ownership: *out_owner is the caller's, to free with oarlock_owner_free; NULL
///   on failure. *out_error, where given, is the caller's on failure.
/// Lifetimes: `manager` must not have been freed; the owner may outlive it.
/// Threads: any.
/// Blocks: never.
/// Statuses: OARLOCK_OK; INVALID_ARGUMENT; FORKED; PANIC.
///
/// A transaction that takes one thing after the other gives back all that its owner
/// holds when it is refused (that is the rollback), and begins again:
///
///     const oarlock_claim rows[] = {oarlock_write("t/1"), oarlock_write("t/2")};
///     oarlock_request_options mine = OARLOCK_REQUEST_OPTIONS_INIT;
///     mine.owner = owner;
///     oarlock_status status;
///     do {
///       oarlock_lock held[2] = {0, 0};
///       status = OARLOCK_OK;
///       for (int i = 0; i < 2 && status == OARLOCK_OK; i++)
///         status = oarlock_acquire(manager, &rows[i], 1, &mine, OARLOCK_FOREVER,
///                                  &held[i], NULL, NULL);
///       if (status == OARLOCK_OK) work();
///       for (int i = 2; i-- > 0;)
///         if (held[i] != 0) oarlock_release(manager, held[i]);
///     } while (status == OARLOCK_ERR_DEADLOCK);
///
/// What is asked for again stands at the end of the queues, and nothing promises that a
/// transaction that was refused gets through the next time. Where all transactions take
/// things in one order and each thing once, or all in one request, none is refused.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_owner_new(
    manager: *const oarlock_manager,
    out_owner: *mut *mut oarlock_owner,
    out_error: *mut *mut oarlock_error,
) -> oarlock_status {
    entry!(on [manager]; out [out_owner]; error out_error; {
        out_owner.write(Box::into_raw(Box::new(oarlock_owner {
            owner: manager.manager.owner(),
            generation: fork::generation(),
        })));
        Ok(())
    })
}

/// Gives the number of an owner, by which inspections and errors name it. Unique
/// within its manager.
///
/// Ownership: nothing changes hands.
/// Lifetimes: `owner` must not have been freed.
/// Threads: any.
/// Blocks: never.
/// Statuses: none; 0, which no owner has, when `owner` is NULL, misaligned or from
///   before a fork.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_owner_id(owner: *const oarlock_owner) -> u64 {
    // SAFETY: NULL or a live owner, by the contract above.
    unsafe { handle::open(owner) }.map_or(0, |owner| owner.owner.id().to_u64())
}

/// Frees an owner. Does nothing when `owner` is NULL. Its requests go on as they
/// are.
///
/// Ownership: takes the owner.
/// Lifetimes: the owner must not be used afterwards.
/// Threads: any, once.
/// Blocks: never.
/// Statuses: none. In a forked child an owner from before the fork is left as it
///   is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_owner_free(owner: *mut oarlock_owner) {
    entry!({
        drop(handle::take(owner));
        Ok(())
    });
}
