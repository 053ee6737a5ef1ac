//! A function of the caller's, to be called with the outcome of a wait.

use crate::error::oarlock_error;
use crate::failure::Failure;
use crate::life::Life;
use crate::lock::oarlock_lock;
use crate::outcome::Outcome;
use crate::status::oarlock_status;
use std::ffi::c_void;
use std::sync::Arc;

/// Told the outcome of a request or upgrade that had to wait. On OARLOCK_OK
/// `token` is its fencing token, else 0. Of a request, `lock` is now the callee's
/// on OARLOCK_OK, to end with oarlock_release, and else 0. Of an upgrade it is the
/// request, which the caller holds whatever the status. `error` is NULL on
/// OARLOCK_OK, else the details, to be read before this returns and not freed.
///
/// The status is OARLOCK_OK, TIMEOUT, CANCELLED or CLOSED. It is never DEADLOCK: that is
/// told by the call that would begin the wait.
///
/// What a callback lets in, or ends, is told to other callbacks and to queues when it
/// has returned, on the same thread: so it must not wait for that. Threads that are
/// blocked are told at once.
///
/// Runs with no internal lock held, so it may call any function of this library
/// but oarlock_manager_free and oarlock_queue_free of what the call that it runs
/// in works with. Runs inside the call that decided the outcome: mostly a release,
/// cancel, close or free, but also an acquire whose time is up, and any that changes
/// who holds what; or on the library's own thread for timeouts. So it should be short,
/// and take no mutex that the program holds around calls. Must not leave in another
/// way than by returning: no exception, longjmp or pthread_exit. A child that it
/// forks must not return from it.
pub type oarlock_callback = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        status: oarlock_status,
        lock: oarlock_lock,
        token: u64,
        error: *const oarlock_error,
    ),
>;

/// Gives the user data back: called once, when nothing will use it any more. What
/// oarlock_callback says of what may be called, and of returning, holds here, too.
pub type oarlock_drop = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// The user data in our keeping. Its drop function runs when this is dropped.
pub(crate) struct UserData {
    data: *mut c_void,
    drop: oarlock_drop,
}

// SAFETY: the contract of every function that takes user data makes the caller
// promise that the functions may run on any thread with it.
unsafe impl Send for UserData {}

impl UserData {
    pub(crate) fn new(data: *mut c_void, drop: oarlock_drop) -> Self {
        Self { data, drop }
    }

    pub(crate) fn pointer(&self) -> *mut c_void {
        self.data
    }
}

impl Drop for UserData {
    fn drop(&mut self) {
        if let Some(drop) = self.drop {
            // SAFETY: the caller's function with the caller's data, once.
            unsafe { drop(self.data) };
        }
    }
}

/// The caller's function with its data.
pub(crate) struct Callback {
    pub(crate) function:
        unsafe extern "C" fn(*mut c_void, oarlock_status, oarlock_lock, u64, *const oarlock_error),
    pub(crate) data: UserData,
    /// That of the manager.
    pub(crate) life: Arc<Life>,
}

impl Callback {
    /// Calls it; then the data is given back.
    pub(crate) fn call(self, outcome: Outcome) {
        let telling = self.life.tell();
        let told = outcome.told(telling.is_none());
        let error = told.failure.map(Failure::into_error);
        let error: *const oarlock_error = error.as_deref().map_or(std::ptr::null(), |error| error);
        // SAFETY: the caller's function with the caller's data, alive until
        // it is dropped.
        unsafe {
            (self.function)(
                self.data.pointer(),
                told.status,
                told.lock,
                told.token,
                error,
            )
        };
        drop(self.data);
        drop(telling);
    }
}
