//! Looking at who holds and waits.

use crate::claim::oarlock_claim;
use crate::error::oarlock_error;
use crate::failure::Failure;
use crate::fork;
use crate::handle::{self, Handle};
use crate::lock::{OARLOCK_GRANTED, OARLOCK_WAITING, oarlock_lock, oarlock_state};
use crate::manager::oarlock_manager;
use crate::path::{list, oarlock_path};
use crate::sized::{self, Versioned};
use crate::status::oarlock_status;
use crate::text::oarlock_str;
use engine::{LockId, LockState, RequestInfo};

/// One live request, as it stood at the moment of a look. Start from
/// OARLOCK_REQUEST_INFO_INIT; later versions add fields at the end.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct oarlock_request_info {
    /// sizeof(oarlock_request_info), as the caller compiled it.
    pub struct_size: u32,
    /// OARLOCK_WAITING or OARLOCK_GRANTED.
    pub state: oarlock_state,
    /// The request. It may have ended since.
    pub lock: oarlock_lock,
    /// Its fencing token; 0 while it waits.
    pub token: u64,
    /// The number of its owner (oarlock_owner_id), or 0.
    pub owner: u64,
    /// Its label, UTF-8; empty if it has none.
    pub label: oarlock_str,
    /// For how many nanoseconds it has been granted (exact to about 20 ms) or has
    /// waited.
    pub age_ns: u64,
    /// Its claims, with their paths as segments, in the order of their paths, each
    /// path's entry directly after it; without those that others of them cover.
    pub claims: *const oarlock_claim,
    /// The number of claims.
    pub claim_count: usize,
    /// 1 if it is granted and an upgrade of it waits, else 0.
    pub upgrading: i32,
    /// 0.
    pub reserved: u32,
}

// SAFETY: repr(C), begins with its size, integers and pointers only.
unsafe impl Versioned for oarlock_request_info {
    const SIZES: &'static [usize] = &[size_of::<Self>()];
    const INIT: &'static str = "OARLOCK_REQUEST_INFO_INIT";
}

/// The requests that a look saw. Does not change, and outlives the manager.
///
/// Threads: may be read by several threads at once and freed by any one.
pub struct oarlock_snapshot {
    views: Vec<View>,
    generation: u32,
}

impl Handle for oarlock_snapshot {
    const NAME: &'static str = "snapshot";

    #[inline]
    fn generation(&self) -> u32 {
        self.generation
    }
}

/// A request, and what C is shown of it.
pub(crate) struct View {
    info: Box<RequestInfo>,
    claims: Vec<oarlock_claim>,
    /// What the paths of `claims` point to; pointing into `info` itself.
    _segments: Vec<oarlock_str>,
}

// SAFETY: its pointers are into itself, which nobody changes.
unsafe impl Send for View {}
// SAFETY: as above.
unsafe impl Sync for View {}

impl View {
    pub(crate) fn new(info: RequestInfo) -> Self {
        // In its place before the first pointer into it is taken.
        let info = Box::new(info);
        let paths = || info.claims.iter().map(|claim| claim.path());
        let mut segments = Vec::with_capacity(paths().map(|path| path.depth()).sum());
        for path in paths() {
            segments.extend(path.segments().map(oarlock_str::of));
        }
        let mut claims = Vec::with_capacity(info.claims.len());
        let mut rest = segments.as_slice();
        for claim in &info.claims {
            let (these, others) = rest.split_at(claim.path().depth());
            rest = others;
            let path = oarlock_path {
                text: oarlock_str::EMPTY,
                // An empty list has an address, too.
                segments: these.as_ptr(),
                segment_count: these.len(),
                entry: i32::from(claim.path().is_entry()),
                reserved: 0,
            };
            claims.push(oarlock_claim::shown(claim, path));
        }
        Self {
            info,
            claims,
            _segments: segments,
        }
    }

    /// What C is shown, valid while this lives.
    pub(crate) fn shown(&self) -> oarlock_request_info {
        let (state, token) = match self.info.state {
            LockState::Granted(token) => (OARLOCK_GRANTED, token),
            LockState::Waiting => (OARLOCK_WAITING, 0),
        };
        oarlock_request_info {
            struct_size: size_of::<oarlock_request_info>() as u32,
            state,
            lock: self.info.id.to_u64(),
            token,
            owner: self.info.owner.map_or(0, |owner| owner.to_u64()),
            label: oarlock_str::maybe(self.info.label.as_deref()),
            age_ns: u64::try_from(self.info.age.as_nanos()).unwrap_or(u64::MAX),
            claims: self.claims.as_ptr(),
            claim_count: self.claims.len(),
            upgrading: i32::from(self.info.upgrading),
            reserved: 0,
        }
    }
}

fn snapshot(infos: impl IntoIterator<Item = RequestInfo>) -> *mut oarlock_snapshot {
    Box::into_raw(Box::new(oarlock_snapshot {
        views: infos.into_iter().map(View::new).collect(),
        generation: fork::generation(),
    }))
}

/// Looks at the requests that hold or wait for something at a path, below it, or
/// above it (a claim above covers what is below). The empty path is the root:
/// all. Granted ones come first, then the waiting ones, each with the oldest first.
/// Each is shown as it stood at one moment of its own: they are looked at a few at a
/// time, and others go on in between. One that lived from the call to its return is
/// there, once.
///
/// Ownership: *out_snapshot is the caller's, to free with oarlock_snapshot_free;
///   NULL on failure. *out_error, where given, is the caller's on failure.
/// Lifetimes: what `path` points to is read during the call only.
/// Threads: any.
/// Blocks: never for a lock to be granted. Takes time in proportion to all live
///   requests; other calls on the manager wait for a few of them at most.
/// Statuses: OARLOCK_OK; EMPTY_SEGMENT, TOO_MANY_SEGMENTS, PATH_TOO_LONG;
///   INVALID_ARGUMENT; FORKED; PANIC.
///
/// `out_error` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_inspect(
    manager: *const oarlock_manager,
    path: oarlock_path,
    out_snapshot: *mut *mut oarlock_snapshot,
    out_error: *mut *mut oarlock_error,
) -> oarlock_status {
    entry!(on [manager]; out [out_snapshot]; error out_error; {
        let path = path.read(&manager.limits)?;
        out_snapshot.write(snapshot(manager.manager.inspect(path)?));
        Ok(())
    })
}

/// Looks at one request: the snapshot holds it alone.
///
/// Ownership: *out_snapshot is the caller's, to free with oarlock_snapshot_free;
///   NULL on failure. *out_error, where given, is the caller's on failure.
/// Lifetimes: `manager` must not be freed meanwhile.
/// Threads: any.
/// Blocks: never.
/// Statuses: OARLOCK_OK; STALE; INVALID_ARGUMENT; FORKED; PANIC.
///
/// `out_error` may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_inspect_lock(
    manager: *const oarlock_manager,
    lock: oarlock_lock,
    out_snapshot: *mut *mut oarlock_snapshot,
    out_error: *mut *mut oarlock_error,
) -> oarlock_status {
    entry!(on [manager]; out [out_snapshot]; error out_error; {
        let info = manager.manager.info(LockId::from_u64(lock))?;
        out_snapshot.write(snapshot([info]));
        Ok(())
    })
}

/// Gives the number of requests in a snapshot.
///
/// Ownership: nothing changes hands.
/// Lifetimes: `snapshot` must not have been freed.
/// Threads: any.
/// Blocks: never.
/// Statuses: none; 0 when `snapshot` is NULL, misaligned or from before a fork.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_snapshot_count(snapshot: *const oarlock_snapshot) -> usize {
    // SAFETY: NULL or a live snapshot, by the contract above.
    unsafe { handle::open(snapshot) }.map_or(0, |snapshot| snapshot.views.len())
}

/// Tells of one request of a snapshot, counted from 0.
///
/// Ownership: what *out_info points to belongs to the snapshot.
/// Lifetimes: it is valid until the snapshot is freed.
/// Threads: any.
/// Blocks: never.
/// Statuses: OARLOCK_OK; INVALID_ARGUMENT (also for an `index` that it does not
///   have, and a struct_size that no version has); FORKED; PANIC.
///
/// `out_info->struct_size` must be set before: start from
/// OARLOCK_REQUEST_INFO_INIT. On failure the other fields are 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_snapshot_get(
    snapshot: *const oarlock_snapshot,
    index: usize,
    out_info: *mut oarlock_request_info,
) -> oarlock_status {
    entry!({
        let size = sized::blank(out_info)?;
        let snapshot = handle::open(snapshot)?;
        let Some(view) = snapshot.views.get(index) else {
            return Err(Failure::argument("`index` is not in the snapshot"));
        };
        sized::write(out_info, size, &view.shown());
        Ok(())
    })
}

/// Frees a snapshot. Does nothing when `snapshot` is NULL.
///
/// Ownership: takes the snapshot.
/// Lifetimes: neither it nor what it told may be used afterwards.
/// Threads: any, once.
/// Blocks: never.
/// Statuses: none. In a forked child a snapshot from before the fork is left as it
///   is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_snapshot_free(snapshot: *mut oarlock_snapshot) {
    entry!({
        drop(handle::take(snapshot));
        Ok(())
    });
}

/// Gives the requests that keep this one, or its upgrade, waiting now: those ahead
/// of it that conflict, or that have the permits. *out_count is how many there
/// are, which may be more than `capacity`; the first of them, up to `capacity`,
/// are written to `out_locks`. None if it does not wait.
///
/// Ownership: nothing changes hands.
/// Lifetimes: `out_locks` has room for `capacity` locks.
/// Threads: any. The answer may be out of date when it arrives.
/// Blocks: never for a lock to be granted; other calls wait while it looks at what
///   is live in the parts of the tree that this one has claims in.
/// Statuses: OARLOCK_OK; STALE; INVALID_ARGUMENT; FORKED; PANIC.
///
/// `out_locks` may be NULL if `capacity` is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oarlock_blockers(
    manager: *const oarlock_manager,
    lock: oarlock_lock,
    out_locks: *mut oarlock_lock,
    capacity: usize,
    out_count: *mut usize,
) -> oarlock_status {
    entry!(on [manager]; out [out_count]; {
        // Only the pointer is looked at.
        list(out_locks.cast_const(), capacity.min(1), "`out_locks`")?;
        let blockers = manager.manager.blockers(LockId::from_u64(lock))?;
        for (index, blocker) in blockers.iter().take(capacity).enumerate() {
            out_locks.add(index).write(blocker.to_u64());
        }
        out_count.write(blockers.len());
        Ok(())
    })
}
