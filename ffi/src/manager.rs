//! The C object `oarlock_manager`: a handle to a manager.

use crate::error::oarlock_error;
use crate::fork;
use crate::handle::{self, Handle};
use crate::life::Life;
use crate::named;
use crate::options::oarlock_manager_options;
use crate::status::oarlock_status;
use crate::text::oarlock_str;
use engine::{Limits, Manager};
use std::sync::Arc;

/// A handle to a lock manager: a tree of paths with the locks on it.
///
/// Threads: every function may be called on one handle by any number of threads
/// at once, except oarlock_manager_free, which must be the last.
pub struct oarlock_manager {
    pub(crate) manager: Manager,
    /// What the manager's limits are; they never change.
    pub(crate) limits: Limits,
    /// The fork generation in which the handle was made.
    generation: u32,
    /// Its name. Other handles may be to the same manager then.
    name: Option<Box<str>>,
    /// Shared with those other handles.
    pub(crate) life: Arc<Life>,
}

impl Handle for oarlock_manager {
    const NAME: &'static str = "manager";

    #[inline]
    fn generation(&self) -> u32 {
        self.generation
    }
}

impl oarlock_manager {
    fn boxed(manager: Manager, name: Option<&str>, life: Arc<Life>) -> *mut Self {
        Box::into_raw(Box::new(Self {
            limits: manager.limits(),
            generation: fork::generation(),
            manager,
            name: name.map(Box::from),
            life,
        }))
    }
}

/// Makes a new manager, with nothing locked.
///
/// Ownership: *out_manager is the caller's, to free with oarlock_manager_free;
///   NULL on failure. *out_error, where given, is the caller's on failure.
/// Lifetimes: `options` is read during the call only.
/// Threads: any.
/// Blocks: never.
/// Statuses: OARLOCK_OK; INVALID_ARGUMENT for a NULL `out_manager` or options
///   that this version does not know; INTERNAL; PANIC.
///
/// `options` may be NULL for the defaults.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_manager_new(
    options: *const oarlock_manager_options,
    out_manager: *mut *mut oarlock_manager,
    out_error: *mut *mut oarlock_error,
) -> oarlock_status {
    entry!(out [out_manager]; error out_error; {
        fork::watch()?;
        let manager = oarlock_manager_options::build(options)?;
        out_manager.write(oarlock_manager::boxed(manager, None, Arc::default()));
        Ok(())
    })
}

/// Gives a handle to the manager of this name in this process, which is made,
/// with default options, when there is none. Everything in the process that
/// uses this copy of the library shares it. It lives until its last handle is
/// freed; after that the name is free again.
///
/// Ownership: *out_manager is the caller's, to free with oarlock_manager_free;
///   NULL on failure. *out_error, where given, is the caller's on failure.
/// Lifetimes: `name` is read during the call only.
/// Threads: any.
/// Blocks: never.
/// Statuses: OARLOCK_OK; INVALID_ARGUMENT for a NULL `out_manager` or a NULL
///   name with a length; INVALID_NAME for a name that is not UTF-8; INTERNAL;
///   PANIC.
///
/// The empty name is a name like any other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_manager_named(
    name: oarlock_str,
    out_manager: *mut *mut oarlock_manager,
    out_error: *mut *mut oarlock_error,
) -> oarlock_status {
    entry!(out [out_manager]; error out_error; {
        fork::watch()?;
        let name = name.text()?;
        let (manager, life) = named::get(name);
        out_manager.write(oarlock_manager::boxed(manager, Some(name), life));
        Ok(())
    })
}

/// Frees a handle. Does nothing when `manager` is NULL.
///
/// If it is the manager's last handle (a manager without a name has only one),
/// the manager ends with it: waiting requests end with CLOSED, their callbacks
/// are called, and its locks are gone. So release what you hold first. Whoever was
/// granted something and has not been told yet is told CLOSED, too: inside a callback
/// that is when it has returned, so a callback may still come then, but without a
/// lock.
///
/// Ownership: takes the handle.
/// Lifetimes: the handle must not be used afterwards. Errors, owners and
///   snapshots outlive it, and so do queues.
/// Threads: any, once, while no other call on the handle is running: also not
///   from a callback that runs inside such a call. From one on the thread for
///   timeouts it may be freed.
/// Blocks: until callbacks of the manager that other threads run have returned (that
///   for timeouts is one); callbacks of waiting requests run inside this call.
/// Statuses: none.
///
/// In a forked child, a handle from before the fork is left as it is: nothing
/// of it is touched or given back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_manager_free(manager: *mut oarlock_manager) {
    entry!({
        if let Some(handle) = handle::take(manager)
            && handle.name.as_deref().is_none_or(named::put_back)
        {
            handle.life.end();
            // Also where a callback that runs, or a thread that waits in spite of the
            // contract, still knows it.
            handle.manager.close();
            handle.life.wait_for_others();
        }
        Ok(())
    });
}

/// Closes the manager, for all its handles: every waiting request ends with
/// CLOSED, and so does every later one. Locks that are held stay held until
/// they are released. Closing twice does nothing.
///
/// Ownership: the handle stays the caller's, to free.
/// Lifetimes: `manager` must not have been freed.
/// Threads: any.
/// Blocks: never; callbacks of waiting requests run inside this call.
/// Statuses: OARLOCK_OK; INVALID_ARGUMENT; FORKED; PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_manager_close(manager: *const oarlock_manager) -> oarlock_status {
    entry!(on [manager]; {
        manager.manager.close();
        Ok(())
    })
}

/// Tells whether the manager is closed: *out_closed is 1 or 0; 0 on failure.
///
/// Ownership: the handle stays the caller's.
/// Lifetimes: `manager` must not have been freed.
/// Threads: any.
/// Blocks: never.
/// Statuses: OARLOCK_OK; INVALID_ARGUMENT; FORKED; PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_manager_is_closed(
    manager: *const oarlock_manager,
    out_closed: *mut i32,
) -> oarlock_status {
    entry!(on [manager]; out [out_closed]; {
        out_closed.write(i32::from(manager.manager.is_closed()));
        Ok(())
    })
}

/// Gives the name that the handle was asked for with. {NULL, 0} for a manager of
/// oarlock_manager_new, and on failure; the empty name has a pointer.
///
/// Ownership: the text belongs to the handle.
/// Lifetimes: `manager` must not have been freed; the text is valid until it is.
/// Threads: any.
/// Blocks: never.
/// Statuses: OARLOCK_OK; INVALID_ARGUMENT; FORKED; PANIC.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_manager_name(
    manager: *const oarlock_manager,
    out_name: *mut oarlock_str,
) -> oarlock_status {
    entry!(on [manager]; out [out_name]; {
        out_name.write(oarlock_str::maybe(manager.name.as_deref()));
        Ok(())
    })
}

/// Tells whether this process may use the handle: it may not in a child that
/// was forked after the handle was made. Looks at nothing else, so it is cheap
/// and also holds for a closed manager.
///
/// Ownership: the handle stays the caller's.
/// Lifetimes: `manager` must not have been freed.
/// Threads: any.
/// Blocks: never.
/// Statuses: OARLOCK_OK; INVALID_ARGUMENT; FORKED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_manager_check(manager: *const oarlock_manager) -> oarlock_status {
    entry!(on [manager]; {
        let _ = manager;
        Ok(())
    })
}
