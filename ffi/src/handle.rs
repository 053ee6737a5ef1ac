//! What all handles have in common: they are checked before they are used.

use crate::failure::Failure;
use crate::fork;
use crate::status::OARLOCK_ERR_FORKED;

/// An opaque struct that C holds a pointer to.
pub(crate) trait Handle {
    /// The name of the parameter, for messages.
    const NAME: &'static str;

    /// The fork generation in which it was made.
    fn generation(&self) -> u32;
}

/// The handle, after the checks that every call makes.
///
/// # Safety
/// `handle` is NULL, misaligned, or one that is not freed while the result
/// lives.
#[inline]
pub(crate) unsafe fn open<'a, T: Handle>(handle: *const T) -> Result<&'a T, Failure> {
    if handle.is_null() {
        return Err(bad(T::NAME, "NULL"));
    }
    if !handle.is_aligned() {
        return Err(bad(T::NAME, "misaligned"));
    }
    // SAFETY: by the caller's promise.
    let handle = unsafe { &*handle };
    if handle.generation() != fork::generation() {
        return Err(Failure::of(OARLOCK_ERR_FORKED));
    }
    Ok(handle)
}

#[cold]
fn bad(name: &str, how: &str) -> Failure {
    Failure::argument(format!("`{name}` is {how}"))
}

/// Takes a handle back, to be dropped. NULL gives nothing, and so does a handle
/// from before a fork, of which nothing may be touched.
///
/// # Safety
/// `handle` is NULL, or was made by `Box::into_raw` and is not used afterwards.
pub(crate) unsafe fn take<T: Handle>(handle: *mut T) -> Option<Box<T>> {
    // SAFETY: by the caller's promise.
    unsafe {
        open(handle).ok()?;
        Some(Box::from_raw(handle))
    }
}
