//! The system's allocator, counted.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

static LIVE: AtomicI64 = AtomicI64::new(0);
static CALLS: AtomicU64 = AtomicU64::new(0);

/// To be the global allocator of a program that weighs.
pub struct Counting;

impl Counting {
    /// Bytes that were asked for and not given back, by all threads.
    #[must_use]
    pub fn live() -> i64 {
        LIVE.load(Ordering::Relaxed)
    }

    /// How often memory was asked for, growing included.
    #[must_use]
    pub fn calls() -> u64 {
        CALLS.load(Ordering::Relaxed)
    }
}

fn came(size: usize) {
    LIVE.fetch_add(size as i64, Ordering::Relaxed);
    CALLS.fetch_add(1, Ordering::Relaxed);
}

fn went(size: usize) {
    LIVE.fetch_sub(size as i64, Ordering::Relaxed);
}

// SAFETY: all of it is `System`'s doing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        came(layout.size());
        // SAFETY: as asked of our caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        came(layout.size());
        // SAFETY: as asked of our caller.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        went(layout.size());
        // SAFETY: as asked of our caller.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        went(layout.size());
        came(size);
        // SAFETY: as asked of our caller.
        unsafe { System.realloc(at, layout, size) }
    }
}
