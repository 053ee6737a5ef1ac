//! Structs that grow: they start with the size that their user compiled.

use crate::failure::Failure;

/// A struct of the header that starts with `uint32_t struct_size`. Later versions
/// add fields at its end.
///
/// # Safety
/// `repr(C)`, its first field is `struct_size: u32`, and all bytes 0 are a value.
pub(crate) unsafe trait Versioned: Copy {
    /// The sizes that earlier versions of it had, and its own.
    const SIZES: &'static [usize];
    /// What the caller starts from.
    const INIT: &'static str;

    /// Whether the fields that must be 0 are.
    fn is_reserved_zero(&self) -> bool {
        true
    }
}

/// Larger than any struct will become: what lies beyond is not looked at.
const MOST_SIZE: usize = 4096;

/// The size that the caller gave, if it is one that a version has or may have.
///
/// # Safety
/// `given` is not null and points to at least four readable bytes.
unsafe fn size_of_given<T: Versioned>(given: *const T) -> Result<usize, Failure> {
    if !given.is_aligned() {
        return Err(Failure::argument("a struct is misaligned"));
    }
    // SAFETY: every version starts with struct_size.
    let size = unsafe { given.cast::<u32>().read() } as usize;
    let newer = size_of::<T>()..=MOST_SIZE;
    if T::SIZES.contains(&size) || newer.contains(&size) {
        return Ok(size);
    }
    Err(Failure::argument(format!(
        "`struct_size` is {size}, which no version has: start from {}",
        T::INIT
    )))
}

/// Reads an input struct, whichever version of it the caller has. The fields that
/// an earlier version did not have are 0; those that a later one has must be.
///
/// # Safety
/// `given` is not null and points to as many readable bytes as its first field says.
pub(crate) unsafe fn read<T: Versioned>(given: *const T) -> Result<T, Failure> {
    // SAFETY: by the caller's promise; all bytes 0 are a value of `T`, and what is
    // copied over them is within both.
    let (known, rest) = unsafe {
        let size = size_of_given(given)?;
        let present = size.min(size_of::<T>());
        let mut known: T = std::mem::zeroed();
        let bytes = given.cast::<u8>();
        bytes.copy_to_nonoverlapping((&raw mut known).cast(), present);
        let rest = std::slice::from_raw_parts(bytes.add(present), size - present);
        (known, rest)
    };
    if !known.is_reserved_zero() || rest.iter().any(|&byte| byte != 0) {
        return Err(Failure::argument(
            "a struct sets a field that this version does not know",
        ));
    }
    Ok(known)
}

/// Checks an output struct and makes all of it but its size 0. Its size.
///
/// # Safety
/// `out` is NULL, or as [`write`] wants it.
pub(crate) unsafe fn blank<T: Versioned>(out: *mut T) -> Result<usize, Failure> {
    if out.is_null() {
        return Err(Failure::argument("an output struct is NULL"));
    }
    // SAFETY: by the caller's promise.
    unsafe {
        let size = size_of_given(out.cast_const())?;
        let after_size = size_of::<u32>();
        let bytes = out.cast::<u8>();
        bytes.add(after_size).write_bytes(0, size - after_size);
        Ok(size)
    }
}

/// Fills an output struct as far as the caller's version of it goes. What a later
/// version has and this one does not stays 0.
///
/// # Safety
/// `out` points to as many writable bytes as its first field says, `size`.
pub(crate) unsafe fn write<T: Versioned>(out: *mut T, size: usize, value: &T) {
    let after_size = size_of::<u32>();
    let count = size.min(size_of::<T>()) - after_size;
    // SAFETY: by the caller's promise; within both.
    unsafe {
        let from = (&raw const *value).cast::<u8>().add(after_size);
        from.copy_to_nonoverlapping(out.cast::<u8>().add(after_size), count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(C)]
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Growing {
        struct_size: u32,
        reserved: u32,
        first: u64,
        second: u64,
    }

    // SAFETY: integers only.
    unsafe impl Versioned for Growing {
        const SIZES: &'static [usize] = &[std::mem::offset_of!(Growing, second), size_of::<Self>()];
        const INIT: &'static str = "GROWING_INIT";

        fn is_reserved_zero(&self) -> bool {
            self.reserved == 0
        }
    }

    #[repr(C)]
    #[derive(Clone, Copy)]
    struct Newer {
        known: Growing,
        added: u64,
    }

    fn growing(struct_size: usize) -> Growing {
        Growing {
            struct_size: struct_size as u32,
            reserved: 0,
            first: 1,
            second: 2,
        }
    }

    fn newer(added: u64) -> Newer {
        Newer {
            known: growing(size_of::<Newer>()),
            added,
        }
    }

    fn read_newer(newer: &Newer) -> Option<u64> {
        // SAFETY: as large as its struct_size says.
        let read = unsafe { read::<Growing>((&raw const *newer).cast()) };
        read.ok().map(|read| read.second)
    }

    /// What lies behind an older struct is not the caller's to read from.
    #[test]
    fn an_older_input_leaves_the_later_fields_0() {
        let older = growing(Growing::SIZES[0]);
        // SAFETY: larger than its struct_size says.
        let read = unsafe { read(&raw const older) };
        let seen = read.ok().map(|read| (read.first, read.second));
        assert_eq!(seen, Some((1, 0)));
    }

    #[test]
    fn a_newer_input_is_read_while_its_additions_are_0() {
        assert_eq!(read_newer(&newer(0)), Some(2));
        assert_eq!(read_newer(&newer(7)), None);
    }

    #[test]
    fn sizes_that_no_version_has_and_reserved_fields_are_refused() {
        for size in [0, 4, 17, 23, 4097] {
            let given = growing(size);
            // SAFETY: refused by its size alone.
            assert!(unsafe { read(&raw const given) }.is_err(), "{size}");
        }
        let given = Growing {
            reserved: 1,
            ..growing(size_of::<Growing>())
        };
        // SAFETY: as large as its struct_size says.
        assert!(unsafe { read(&raw const given) }.is_err());
    }

    #[test]
    fn an_older_output_is_written_as_far_as_it_goes() {
        let mut out = growing(Growing::SIZES[0]);
        let value = Growing {
            first: 8,
            second: 9,
            ..growing(0)
        };
        // SAFETY: larger than its struct_size says.
        unsafe {
            let size = blank(&raw mut out).ok();
            assert_eq!((size, out.first, out.second), (Some(16), 0, 2));
            write(&raw mut out, 16, &value);
        }
        assert_eq!((out.struct_size, out.first, out.second), (16, 8, 2));
    }

    #[test]
    fn a_newer_output_has_its_additions_0() {
        let mut out = newer(7);
        let place: *mut Growing = (&raw mut out).cast();
        // SAFETY: as large as its struct_size says.
        unsafe {
            let size = blank(place).ok().unwrap_or_default();
            write(place, size, &growing(0));
        }
        assert_eq!((out.known.second, out.added), (2, 0));
        assert_eq!(out.known.struct_size as usize, size_of::<Newer>());
    }
}
