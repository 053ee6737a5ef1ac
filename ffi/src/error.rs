//! The C object `oarlock_error`: the details of one failure.

use crate::status::{OARLOCK_OK, oarlock_status};
use std::ffi::{CString, c_char};

/// The details of one failure: its status and a message for a person. Made by
/// the functions that have an `oarlock_error **` as their last parameter, which
/// may be NULL; freed with oarlock_error_free.
///
/// Threads: may be read by several threads at once and freed by any one.
/// It outlives the manager whose call made it.
pub struct oarlock_error {
    code: oarlock_status,
    message: CString,
}

impl oarlock_error {
    /// A message may quote what the caller sent; a NUL in it is made visible,
    /// since C ends a text there.
    pub(crate) fn new(code: oarlock_status, message: &str) -> Self {
        let visible = message.replace('\0', "\\0");
        Self {
            code,
            message: CString::new(visible).unwrap_or_default(),
        }
    }
}

/// Gives the status that the failed call returned.
///
/// Ownership: nothing changes hands.
/// Lifetimes: `error` must not have been freed.
/// Threads: any.
/// Blocks: never.
/// Statuses: that of the failed call; OARLOCK_OK when `error` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_error_code(error: *const oarlock_error) -> oarlock_status {
    // SAFETY: NULL or a live error, by the contract above.
    unsafe { error.as_ref() }.map_or(OARLOCK_OK, |error| error.code)
}

/// Gives the message: a sentence in English, UTF-8, ended by a NUL.
///
/// Ownership: the text belongs to the error; do not free it.
/// Lifetimes: `error` must not have been freed; the text is valid until it is.
/// Threads: any.
/// Blocks: never.
/// Statuses: none; the text is empty when `error` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_error_message(error: *const oarlock_error) -> *const c_char {
    // SAFETY: NULL or a live error, by the contract above.
    unsafe { error.as_ref() }.map_or(c"".as_ptr(), |error| error.message.as_ptr())
}

/// Frees an error. Does nothing when `error` is NULL.
///
/// Ownership: takes the error.
/// Lifetimes: neither the error nor its message may be used afterwards.
/// Threads: any, once.
/// Blocks: never.
/// Statuses: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_error_free(error: *mut oarlock_error) {
    if !error.is_null() {
        // SAFETY: made by `Failure::into_error` and not freed yet, by the
        // contract above.
        drop(unsafe { Box::from_raw(error) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_in_a_message_is_made_visible() {
        let error = oarlock_error::new(-1, "a\0b");
        assert_eq!(error.message.as_c_str(), c"a\\0b");
    }
}
