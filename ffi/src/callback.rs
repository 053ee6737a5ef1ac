//! A function of the caller's, to be called with the outcome of a request.

use crate::failure::Failure;
use crate::lock::oarlock_lock;
use crate::status::{OARLOCK_OK, oarlock_status};
use engine::{AcquireError, Guard};
use std::ffi::c_void;

/// Told the outcome of a request that had to wait. On OARLOCK_OK the request is
/// granted: `lock` is now the callee's, to end with oarlock_release, and `token`
/// its fencing token. On CANCELLED or CLOSED both are 0.
///
/// Runs with no internal lock held, so it may call any function of this library
/// but oarlock_manager_free; runs inside the release, cancel, close or free that
/// decided the outcome, so it should be short. Must not unwind or longjmp out.
pub type oarlock_callback = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        status: oarlock_status,
        lock: oarlock_lock,
        token: u64,
    ),
>;

/// Gives the user data back: called once, when nothing will use it any more.
/// Must not unwind or longjmp out.
pub type oarlock_drop = Option<unsafe extern "C" fn(user_data: *mut c_void)>;

/// The user data in our keeping. Its drop function runs when this is dropped.
pub(crate) struct UserData {
    data: *mut c_void,
    drop: oarlock_drop,
}

// SAFETY: the contract of oarlock_enqueue_callback makes the caller promise
// that both functions may run on any thread with this data.
unsafe impl Send for UserData {}

impl UserData {
    pub(crate) fn new(data: *mut c_void, drop: oarlock_drop) -> Self {
        Self { data, drop }
    }

    /// What the engine calls with the outcome.
    pub(crate) fn into_done(
        self,
        callback: unsafe extern "C" fn(*mut c_void, oarlock_status, oarlock_lock, u64),
    ) -> impl FnOnce(Result<Guard, AcquireError>) + Send + 'static {
        move |result| {
            // Captures `self` as a whole: its drop function runs after the call.
            let kept = self;
            let (status, lock, token) = match result {
                Ok(guard) => {
                    let token = guard.token();
                    (OARLOCK_OK, guard.into_id().to_u64(), token)
                }
                Err(error) => (Failure::from(error).code(), 0, 0),
            };
            // SAFETY: the caller's function with the caller's data, alive until
            // `kept` is dropped.
            unsafe { callback(kept.data, status, lock, token) };
        }
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
