//! Strings as they come in from C.

use crate::failure::Failure;
use crate::status::OARLOCK_ERR_INVALID_NAME;
use std::ffi::c_char;

/// A string of bytes: a pointer and a length, with no NUL at the end needed.
/// It is borrowed for the call that it is passed to and not kept. {NULL, 0} is
/// the empty string; {NULL, n} with n > 0 is an error.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct oarlock_str {
    /// The first byte; may be NULL when len is 0.
    pub ptr: *const c_char,
    /// The number of bytes.
    pub len: usize,
}

impl oarlock_str {
    /// The empty string.
    pub(crate) const EMPTY: Self = Self {
        ptr: std::ptr::null(),
        len: 0,
    };

    /// What the caller gets to read, valid for as long as what it is of.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self {
            ptr: bytes.as_ptr().cast(),
            len: bytes.len(),
        }
    }

    /// The same, of something that may be missing.
    pub(crate) fn maybe(text: Option<&str>) -> Self {
        text.map_or(Self::EMPTY, |text| Self::of(text.as_bytes()))
    }

    /// The text, of a name or a label.
    ///
    /// # Safety
    /// As for [`bytes`](Self::bytes).
    pub(crate) unsafe fn text<'a>(self) -> Result<&'a str, Failure> {
        // SAFETY: by the caller's promise.
        let bytes = unsafe { self.bytes()? };
        std::str::from_utf8(bytes).map_err(|_| Failure::of(OARLOCK_ERR_INVALID_NAME))
    }

    /// The bytes.
    ///
    /// # Safety
    /// `ptr` is NULL or points to `len` readable bytes that nobody changes
    /// while the result lives.
    #[inline]
    pub(crate) unsafe fn bytes<'a>(self) -> Result<&'a [u8], Failure> {
        // SAFETY: by the caller's promise.
        unsafe { self.bytes_or_none() }.ok_or_else(|| self.unreadable())
    }

    /// The same; `None` if it is not readable.
    ///
    /// # Safety
    /// As for [`bytes`](Self::bytes).
    #[inline]
    pub(crate) unsafe fn bytes_or_none<'a>(self) -> Option<&'a [u8]> {
        if self.len == 0 {
            return Some(&[]);
        }
        if !self.is_readable() {
            return None;
        }
        // SAFETY: not null, and by the caller's promise readable and unchanged;
        // the length is one that a slice may have.
        Some(unsafe { std::slice::from_raw_parts(self.ptr.cast(), self.len) })
    }

    /// Whether pointer and length are those of a string.
    #[inline]
    pub(crate) fn is_readable(&self) -> bool {
        self.len == 0 || (!self.ptr.is_null() && self.len <= isize::MAX as usize)
    }

    #[cold]
    fn unreadable(&self) -> Failure {
        Failure::argument(if self.ptr.is_null() {
            "a string has a length but no pointer"
        } else {
            "a string is longer than memory"
        })
    }
}
