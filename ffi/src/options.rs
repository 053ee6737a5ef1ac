//! The options of a manager, in a form that can grow.

use crate::failure::Failure;
use engine::{Manager, ManagerBuilder};
use std::mem::offset_of;

/// Options for oarlock_manager_new. Start from OARLOCK_MANAGER_OPTIONS_INIT and
/// set what should differ; 0 in a field means its default. Later versions add
/// fields at the end: struct_size says which of them the caller knows.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct oarlock_manager_options {
    /// sizeof(oarlock_manager_options), as the caller compiled it.
    pub struct_size: u32,
    /// Must be 0.
    pub reserved: u32,
    /// The most claims in one request (default 4096).
    pub max_claims: usize,
    /// The most segments in one path (default 1024).
    pub max_segments: usize,
    /// The most bytes in one path, separators not counted (default 65536).
    pub max_path_bytes: usize,
    /// How many parts the tree is divided into, by first segments, so that
    /// threads under different ones rarely meet at an internal lock: 1 to 256
    /// (default 32); a greater number counts as 256. The number changes no
    /// answer.
    pub shards: usize,
    /// The most segments in all the paths of one request together (default
    /// 16384).
    pub max_request_segments: usize,
}

/// The sizes that the struct has had. A field that is added ends the last one.
const SIZES: [usize; 2] = [
    offset_of!(oarlock_manager_options, max_request_segments),
    KNOWN_SIZE,
];

const KNOWN_SIZE: usize = size_of::<oarlock_manager_options>();

/// No caller knows a larger one; it guards against reading far astray when
/// struct_size was never set.
const MOST_SIZE: usize = 4096;

impl oarlock_manager_options {
    /// Reads the caller's options, whichever version of the struct they are.
    ///
    /// # Safety
    /// `options` points to `struct_size` readable bytes.
    pub(crate) unsafe fn read(options: *const Self) -> Result<Self, Failure> {
        if !options.is_aligned() {
            return Err(Failure::argument("`options` is misaligned"));
        }
        // SAFETY: every version starts with struct_size.
        let size = unsafe { (&raw const (*options).struct_size).read() } as usize;
        if !SIZES.contains(&size) && !(KNOWN_SIZE..=MOST_SIZE).contains(&size) {
            return Err(Failure::argument(
                "`struct_size` is no size of the options: start from OARLOCK_MANAGER_OPTIONS_INIT",
            ));
        }
        // A caller of an earlier version leaves the fields that it does not know 0.
        let mut known = Self::default();
        let present = size.min(KNOWN_SIZE);
        // SAFETY: within both structs, by the caller's promise; all integers.
        let rest = unsafe {
            let bytes = options.cast::<u8>();
            bytes.copy_to_nonoverlapping((&raw mut known).cast(), present);
            std::slice::from_raw_parts(bytes.add(present), size - present)
        };
        if known.reserved != 0 || rest.iter().any(|&byte| byte != 0) {
            return Err(Failure::argument(
                "`options` sets a field that this version does not know",
            ));
        }
        Ok(known)
    }

    /// The manager with these options.
    pub(crate) fn build(&self) -> Manager {
        let set = |builder, value, set: fn(ManagerBuilder, usize) -> ManagerBuilder| {
            if value == 0 {
                builder
            } else {
                set(builder, value)
            }
        };
        let mut builder = Manager::builder();
        builder = set(builder, self.max_claims, ManagerBuilder::max_claims);
        builder = set(builder, self.max_segments, ManagerBuilder::max_segments);
        builder = set(builder, self.max_path_bytes, ManagerBuilder::max_path_bytes);
        builder = set(builder, self.shards, ManagerBuilder::shards);
        builder = set(
            builder,
            self.max_request_segments,
            ManagerBuilder::max_request_segments,
        );
        builder.build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(C)]
    struct Newer {
        known: oarlock_manager_options,
        added: u64,
    }

    fn newer(added: u64) -> Newer {
        Newer {
            known: oarlock_manager_options {
                struct_size: size_of::<Newer>() as u32,
                reserved: 0,
                max_claims: 5,
                ..Default::default()
            },
            added,
        }
    }

    /// What lies behind an older struct is not the caller's to read from.
    #[test]
    fn an_older_struct_leaves_the_later_fields_at_their_defaults() {
        let older = oarlock_manager_options {
            struct_size: SIZES[0] as u32,
            shards: 3,
            max_request_segments: 7,
            ..Default::default()
        };
        // SAFETY: larger than its struct_size says.
        let read = unsafe { oarlock_manager_options::read(&older) };
        let seen = read.map(|read| (read.shards, read.max_request_segments));
        assert_eq!(seen.ok(), Some((3, 0)));
    }

    #[test]
    fn a_newer_struct_is_read_while_its_additions_are_0() {
        let (quiet, set) = (newer(0), newer(1));
        // SAFETY: both are as large as their struct_size says.
        let (quiet, set) = unsafe {
            (
                oarlock_manager_options::read((&raw const quiet).cast()),
                oarlock_manager_options::read((&raw const set).cast()),
            )
        };
        assert_eq!(quiet.ok().map(|options| options.max_claims), Some(5));
        assert!(set.is_err());
    }
}
