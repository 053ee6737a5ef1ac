//! The one way into the library: what every exported function that can fail
//! does before and after its own work.
//!
//! In order: outputs are blanked, so they are written whatever follows; then,
//! inside `catch_unwind`, required outputs are checked, the handles are checked
//! (NULL, alignment, fork) and the body runs; a failure or a panic becomes a
//! status and, where the caller asked for it, an `oarlock_error`.

use crate::error::oarlock_error;
use crate::failure::Failure;
use crate::status::{OARLOCK_OK, oarlock_status};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Wraps the body of an exported function.
///
/// `on` lists the handle parameters, each bound to a reference in the body;
/// `out` the outputs that the caller must give, `maybe` those that may be NULL;
/// `error` is the last parameter, where the function has one. The body is a
/// `Result<(), Failure>` and writes outputs only when it succeeds.
macro_rules! entry {
    (
        $(on [$($handle:ident),*];)?
        $(out [$($out:ident),*];)?
        $(maybe [$($maybe:ident),*];)?
        $(error $error:ident;)?
        $body:block
    ) => {{
        #[allow(unused_mut)]
        let mut sound = true;
        #[allow(unused_mut)]
        let mut error: *mut *mut $crate::error::oarlock_error = ::std::ptr::null_mut();
        // SAFETY: what the caller promises in every function's contract: an
        // output is NULL or writable (misaligned ones are found out and not
        // written), a handle is NULL or not freed, inputs are readable for the
        // lengths beside them. It covers the body, too.
        unsafe {
            $($(sound &= $crate::entry::blank($out);)*)?
            $($(sound &= $crate::entry::blank($maybe);)*)?
            $(if $crate::entry::blank($error) { error = $error } else { sound = false })?
            $crate::entry::run(error, || {
                if !sound {
                    return Err($crate::failure::Failure::argument("an output is misaligned"));
                }
                $($(if $out.is_null() {
                    return Err($crate::failure::Failure::argument(
                        concat!("`", stringify!($out), "` is NULL"),
                    ));
                })*)?
                $($(let $handle = $crate::handle::open($handle)?;)*)?
                $body
            })
        }
    }};
}

/// What an output holds when the call fails.
pub(crate) trait Blank {
    const BLANK: Self;
}

impl Blank for u64 {
    const BLANK: Self = 0;
}

impl Blank for i32 {
    const BLANK: Self = 0;
}

impl Blank for crate::text::oarlock_str {
    const BLANK: Self = Self::EMPTY;
}

impl Blank for i64 {
    const BLANK: Self = 0;
}

impl Blank for usize {
    const BLANK: Self = 0;
}

impl<T> Blank for *mut T {
    const BLANK: Self = std::ptr::null_mut();
}

/// Blanks an output. False when it is misaligned.
///
/// # Safety
/// `out` is NULL, misaligned or writable.
pub(crate) unsafe fn blank<T: Blank>(out: *mut T) -> bool {
    if !out.is_aligned() {
        return false;
    }
    // SAFETY: aligned and, by the caller's promise, writable unless NULL.
    unsafe { put(out, T::BLANK) };
    true
}

/// Writes an output that may be NULL.
///
/// # Safety
/// `out` is NULL, or aligned and writable.
pub(crate) unsafe fn put<T>(out: *mut T, value: T) {
    if !out.is_null() {
        // SAFETY: as above.
        unsafe { out.write(value) };
    }
}

/// Runs a body; no panic leaves it.
///
/// # Safety
/// `error` is NULL, or aligned and writable.
#[inline]
pub(crate) unsafe fn run(
    error: *mut *mut oarlock_error,
    body: impl FnOnce() -> Result<(), Failure>,
) -> oarlock_status {
    // The bodies hold no state of this crate that a panic could leave half
    // changed; the engine answers for its own.
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => OARLOCK_OK,
        // SAFETY: by the caller's promise.
        Ok(Err(failure)) => unsafe { fail(failure, error) },
        // SAFETY: likewise.
        Err(payload) => unsafe { fail(Failure::panic(payload), error) },
    }
}

/// Tells of a failure.
///
/// # Safety
/// As for [`run`].
#[cold]
unsafe fn fail(failure: Failure, error: *mut *mut oarlock_error) -> oarlock_status {
    let code = failure.code();
    if !error.is_null() {
        // SAFETY: by the caller's promise.
        unsafe { error.write(Box::into_raw(failure.into_error())) };
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{oarlock_error_code, oarlock_error_free, oarlock_error_message};
    use crate::status::{OARLOCK_ERR_INVALID_ARGUMENT, OARLOCK_ERR_PANIC};
    use std::ffi::CStr;
    use std::ptr::null_mut;

    #[test]
    fn a_panic_becomes_a_status_and_the_outputs_are_blank() {
        let mut lock = 7u64;
        let out: *mut u64 = &raw mut lock;
        let mut error = null_mut();
        let place: *mut *mut oarlock_error = &raw mut error;
        let status = entry!(out [out]; error place; { panic!("on {}", "purpose") });
        assert_eq!((status, lock), (OARLOCK_ERR_PANIC, 0));
        // SAFETY: the error was just made and is freed once.
        unsafe {
            assert_eq!(oarlock_error_code(error), OARLOCK_ERR_PANIC);
            let message = CStr::from_ptr(oarlock_error_message(error));
            assert_eq!(message, c"a bug in the library: on purpose");
            oarlock_error_free(error);
        }
    }

    #[test]
    fn a_null_output_is_refused_and_the_others_are_blanked() {
        let mut token = 7u64;
        let (out, maybe): (*mut u64, *mut u64) = (null_mut(), &raw mut token);
        let status = entry!(out [out]; maybe [maybe]; { unreachable!("checked before") });
        assert_eq!((status, token), (OARLOCK_ERR_INVALID_ARGUMENT, 0));
    }

    #[test]
    fn a_misaligned_output_is_refused_and_not_written() {
        let mut bytes = [7u64; 2];
        let out: *mut u64 = (&raw mut bytes).cast::<u8>().wrapping_add(1).cast();
        let status = entry!(out [out]; { unreachable!("checked before") });
        assert_eq!((status, bytes), (OARLOCK_ERR_INVALID_ARGUMENT, [7, 7]));
    }
}
