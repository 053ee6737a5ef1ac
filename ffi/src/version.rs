//! The version, at compile time in the header and at run time here.

use std::ffi::c_char;

/// The major version of the header.
pub const OARLOCK_VERSION_MAJOR: u32 = 0;
/// The minor version of the header.
pub const OARLOCK_VERSION_MINOR: u32 = 1;
/// The patch version of the header.
pub const OARLOCK_VERSION_PATCH: u32 = 0;

/// Gives the version of the library that is loaded, as text ("0.1.0"). It can
/// differ from OARLOCK_VERSION, which is the header's.
///
/// Ownership: the text is static; do not free it.
/// Lifetimes: valid until the library is unloaded.
/// Threads: any.
/// Blocks: never.
/// Statuses: none.
#[unsafe(no_mangle)]
pub extern "C" fn oarlock_version() -> *const c_char {
    const TEXT: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    TEXT.as_ptr().cast()
}

/// Gives the version of the library that is loaded as a number that compares
/// like OARLOCK_VERSION_NUMBER: major * 1000000 + minor * 1000 + patch.
///
/// Ownership: nothing.
/// Lifetimes: nothing.
/// Threads: any.
/// Blocks: never.
/// Statuses: none.
#[unsafe(no_mangle)]
pub extern "C" fn oarlock_version_number() -> u32 {
    OARLOCK_VERSION_MAJOR * 1_000_000 + OARLOCK_VERSION_MINOR * 1_000 + OARLOCK_VERSION_PATCH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_has_the_version_of_the_crate() {
        let parts =
            format!("{OARLOCK_VERSION_MAJOR}.{OARLOCK_VERSION_MINOR}.{OARLOCK_VERSION_PATCH}");
        assert_eq!(parts, env!("CARGO_PKG_VERSION"));
    }
}
