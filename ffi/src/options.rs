//! The options of a manager, in a form that can grow.

use crate::failure::Failure;
use crate::sized::{self, Versioned};
use engine::{Manager, ManagerBuilder};
use std::mem::offset_of;

/// Options for oarlock_manager_new. Start from OARLOCK_MANAGER_OPTIONS_INIT and
/// set what should differ; 0 in a field means its default. Later versions add
/// fields at the end: struct_size says which of them the caller knows.
#[repr(C)]
#[derive(Clone, Copy)]
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
    /// For speed alone: into how many parts the tree is divided, by first
    /// segments, so that threads under different ones rarely meet at an internal
    /// lock. 1 to 256 (default 32); a greater number counts as 256.
    pub shards: usize,
    /// The most segments in all the paths of one request together (default
    /// 16384).
    pub max_request_segments: usize,
    /// The most requests that may wait at a time (default: no limit). One more
    /// that would have to is refused with TOO_MANY_WAITING. Upgrades are not
    /// counted.
    pub max_waiting: usize,
    /// 1 to measure how long requests are held, for oarlock_stats_get: the
    /// clock is then read twice for each request. Default 0.
    pub hold_times: u32,
    /// Must be 0.
    pub reserved_end: u32,
}

// SAFETY: repr(C), begins with its size, integers only.
unsafe impl Versioned for oarlock_manager_options {
    const SIZES: &'static [usize] = &[
        offset_of!(Self, max_request_segments),
        offset_of!(Self, max_waiting),
        size_of::<Self>(),
    ];
    const INIT: &'static str = "OARLOCK_MANAGER_OPTIONS_INIT";

    fn is_reserved_zero(&self) -> bool {
        self.reserved == 0 && self.reserved_end == 0
    }
}

impl oarlock_manager_options {
    /// The manager with the caller's options.
    ///
    /// # Safety
    /// `options` is NULL or points to `struct_size` readable bytes.
    pub(crate) unsafe fn build(options: *const Self) -> Result<Manager, Failure> {
        if options.is_null() {
            return Ok(Manager::new());
        }
        // SAFETY: by the caller's promise.
        let options = unsafe { sized::read(options)? };
        if options.hold_times > 1 {
            return Err(Failure::argument("`hold_times` is neither 0 nor 1"));
        }
        let set = |builder, value, set: fn(ManagerBuilder, usize) -> ManagerBuilder| {
            if value == 0 {
                builder
            } else {
                set(builder, value)
            }
        };
        let mut builder = Manager::builder().timing(options.hold_times == 1);
        builder = set(builder, options.max_claims, ManagerBuilder::max_claims);
        builder = set(builder, options.max_segments, ManagerBuilder::max_segments);
        builder = set(
            builder,
            options.max_path_bytes,
            ManagerBuilder::max_path_bytes,
        );
        builder = set(builder, options.shards, ManagerBuilder::shards);
        builder = set(
            builder,
            options.max_request_segments,
            ManagerBuilder::max_request_segments,
        );
        builder = set(builder, options.max_waiting, ManagerBuilder::max_waiting);
        Ok(builder.build())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sizes of earlier versions never change.
    #[test]
    fn the_sizes_are_frozen() {
        if cfg!(target_pointer_width = "64") {
            assert_eq!(oarlock_manager_options::SIZES, [40, 48, 64]);
        }
    }
}
