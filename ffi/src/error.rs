//! The C object `oarlock_error`: the details of one failure.

use crate::lock::{OARLOCK_GRANTED, OARLOCK_WAITING, oarlock_lock, oarlock_state};
use crate::status::{OARLOCK_OK, oarlock_status};
use crate::text::oarlock_str;
use engine::{Circle, LockState, RequestInfo};
use std::ffi::{CString, c_char};
use std::sync::Arc;

/// The details of one failure: its status, a message for a person, and who else
/// has a part in it. Made by the functions that have an `oarlock_error **` as
/// their last parameter, which may be NULL; freed with oarlock_error_free.
///
/// Threads: may be read by several threads at once and freed by any one.
/// It outlives the manager whose call made it.
pub struct oarlock_error {
    code: oarlock_status,
    message: CString,
    /// What the labels of `shown` point into.
    _labels: Vec<Option<Arc<str>>>,
    shown: Vec<oarlock_party>,
}

// SAFETY: the pointers of `shown` are into `_labels`, which nobody changes.
unsafe impl Send for oarlock_error {}
// SAFETY: as above.
unsafe impl Sync for oarlock_error {}

/// A request that has a part in a failure.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct oarlock_party {
    /// The request, as it was when the call failed; it may have ended since.
    pub lock: oarlock_lock,
    /// The number of its owner (oarlock_owner_id), or 0.
    pub owner: u64,
    /// Its label, UTF-8; empty if it has none.
    pub label: oarlock_str,
    /// Of who was in the way: OARLOCK_GRANTED or OARLOCK_WAITING. In a cycle all
    /// wait, with the request or with an upgrade of it: OARLOCK_WAITING.
    pub state: oarlock_state,
    /// 0.
    pub reserved: u32,
}

/// A party that is kept.
pub(crate) struct Party {
    pub(crate) lock: u64,
    pub(crate) owner: u64,
    pub(crate) label: Option<Arc<str>>,
    pub(crate) state: oarlock_state,
}

impl Party {
    /// Who stands in a cycle.
    pub(crate) fn circle(circle: &Circle) -> Vec<Self> {
        let party = |member: &engine::CircleMember| Self {
            lock: member.id.to_u64(),
            owner: member.owner.map_or(0, |owner| owner.to_u64()),
            label: member.label.clone(),
            state: OARLOCK_WAITING,
        };
        circle.members().iter().map(party).collect()
    }
}

impl From<RequestInfo> for Party {
    fn from(info: RequestInfo) -> Self {
        Self {
            lock: info.id.to_u64(),
            owner: info.owner.map_or(0, |owner| owner.to_u64()),
            label: info.label,
            state: match info.state {
                LockState::Granted(_) => OARLOCK_GRANTED,
                LockState::Waiting => OARLOCK_WAITING,
            },
        }
    }
}

impl oarlock_error {
    /// A message may quote what the caller sent; a NUL in it is made visible,
    /// since C ends a text there.
    pub(crate) fn new(code: oarlock_status, message: &str, parties: Vec<Party>) -> Self {
        let visible = message.replace('\0', "\\0");
        let show = |party: &Party| oarlock_party {
            lock: party.lock,
            owner: party.owner,
            label: oarlock_str::maybe(party.label.as_deref()),
            state: party.state,
            reserved: 0,
        };
        Self {
            code,
            message: CString::new(visible).unwrap_or_default(),
            shown: parties.iter().map(show).collect(),
            _labels: parties.into_iter().map(|party| party.label).collect(),
        }
    }
}

/// The caller's error, if there is one.
///
/// # Safety
/// `error` is NULL, misaligned, or one that is not freed while the result lives.
unsafe fn open<'a>(error: *const oarlock_error) -> Option<&'a oarlock_error> {
    if !error.is_aligned() {
        return None;
    }
    // SAFETY: aligned; the rest by the caller's promise.
    unsafe { error.as_ref() }
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
    unsafe { open(error) }.map_or(OARLOCK_OK, |error| error.code)
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
    unsafe { open(error) }.map_or(c"".as_ptr(), |error| error.message.as_ptr())
}

/// Gives the requests that have a part in the failure, as an array of *out_count.
/// For DEADLOCK they are the cycle, from the one that was refused on: each waits for
/// what the owner of the next holds, and the last for one of those before it. For TIMEOUT of
/// oarlock_acquire with a `timeout_ns` above 0 they are those that were in the way
/// when the time was up, 32 of them at most; the message says how many there were.
/// For anything else there are none.
///
/// Ownership: the array belongs to the error; do not free it.
/// Lifetimes: `error` must not have been freed; the array and the labels in it
///   are valid until it is.
/// Threads: any.
/// Blocks: never.
/// Statuses: none; NULL and 0 when there are none or `error` is NULL.
///
/// `out_count` may not be NULL: without it the answer is NULL, too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_error_parties(
    error: *const oarlock_error,
    out_count: *mut usize,
) -> *const oarlock_party {
    if out_count.is_null() || !out_count.is_aligned() {
        return std::ptr::null();
    }
    // SAFETY: NULL or a live error, and a writable output, by the contract above.
    unsafe {
        let shown = open(error).map_or(&[][..], |error| &error.shown);
        out_count.write(shown.len());
        if shown.is_empty() {
            std::ptr::null()
        } else {
            shown.as_ptr()
        }
    }
}

/// Frees an error. Does nothing when `error` is NULL.
///
/// Ownership: takes the error.
/// Lifetimes: neither the error nor what it gave may be used afterwards.
/// Threads: any, once.
/// Blocks: never.
/// Statuses: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_error_free(error: *mut oarlock_error) {
    if !error.is_null() && error.is_aligned() {
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
        let error = oarlock_error::new(-1, "a\0b", Vec::new());
        assert_eq!(error.message.as_c_str(), c"a\\0b");
    }

    #[test]
    fn parties_live_as_long_as_the_error() {
        let party = |label: Option<&str>| Party {
            lock: 1,
            owner: 2,
            label: label.map(Arc::from),
            state: OARLOCK_GRANTED,
        };
        let error = oarlock_error::new(-4, "", vec![party(Some("me")), party(None)]);
        let error = Box::into_raw(Box::new(error));
        let mut count = 0;
        // SAFETY: the error was just made and is freed once.
        unsafe {
            let first = oarlock_error_parties(error, &raw mut count);
            let shown = std::slice::from_raw_parts(first, count);
            assert_eq!((count, shown[0].lock, shown[0].owner), (2, 1, 2));
            assert_eq!(shown[0].label.bytes().ok(), Some(&b"me"[..]));
            assert_eq!(shown[1].label.len, 0);
            oarlock_error_free(error);
        }
    }
}
