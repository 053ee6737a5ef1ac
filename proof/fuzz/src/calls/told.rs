//! What callbacks and completions say, and the locks that are known to be held.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::c_void;
use std::rc::Rc;
use std::thread::{self, ThreadId};

use oarlock_capi::error::{oarlock_error, oarlock_error_code};
use oarlock_capi::lock::oarlock_release;
use oarlock_capi::manager::oarlock_manager;
use oarlock_capi::status::{OARLOCK_ERR_STALE, OARLOCK_OK};

/// A claim, as the model knows it: a path from the root, and whether it writes.
#[derive(Clone, Debug)]
pub(super) struct Plain {
    pub(super) path: Vec<Vec<u8>>,
    pub(super) write: bool,
}

impl Plain {
    fn meets(&self, other: &Self) -> bool {
        let on_one_line = self.path.iter().zip(&other.path).all(|(a, b)| a == b);
        on_one_line && (self.write || other.write)
    }
}

/// A request that is granted, as far as the caller was told.
#[derive(Clone, Debug)]
pub(super) struct Held {
    /// Which of the managers it is of; those of one name are one.
    pub(super) manager: usize,
    /// By its number.
    pub(super) owner: Option<u64>,
    pub(super) claims: Vec<Plain>,
}

/// By their managers and numbers.
#[derive(Default)]
pub(super) struct Shadow(HashMap<(usize, u64), Held>);

impl Shadow {
    /// It is granted.
    pub(super) fn grant(&mut self, lock: u64, held: Held) {
        assert_ne!(lock, 0, "a lock is never 0");
        for (&(manager, other), one) in &self.0 {
            let stranger = one.owner.is_none() || one.owner != held.owner;
            if manager != held.manager || !stranger {
                continue;
            }
            let meet = one.claims.iter().any(|a| held.claims.iter().any(|b| a.meets(b)));
            assert!(!meet, "{other:x} and {lock:x} are both granted: {one:?} and {held:?}");
        }
        let before = self.0.insert((held.manager, lock), held);
        assert!(before.is_none(), "the number {lock:x} is another lock's");
    }

    /// All that it claims is written now.
    pub(super) fn upgrade(&mut self, manager: usize, lock: u64) {
        if let Some(mut held) = self.take(manager, lock) {
            held.claims.iter_mut().for_each(|claim| claim.write = true);
            self.grant(lock, held);
        }
    }

    /// Nothing that it claims is written any more. What was held before.
    pub(super) fn downgrade(&mut self, manager: usize, lock: u64) -> Option<Held> {
        let held = self.0.get_mut(&(manager, lock))?;
        let before = held.clone();
        held.claims.iter_mut().for_each(|claim| claim.write = false);
        Some(before)
    }

    /// Neither this path nor what lies below it, which it may have covered, is known
    /// to be held any more. What was held before.
    pub(super) fn release_part(
        &mut self,
        manager: usize,
        lock: u64,
        path: &[Vec<u8>],
    ) -> Option<Held> {
        let held = self.0.get_mut(&(manager, lock))?;
        let before = held.clone();
        held.claims.retain(|claim| !claim.path.starts_with(path));
        if held.claims.is_empty() {
            self.0.remove(&(manager, lock));
        }
        Some(before)
    }

    pub(super) fn knows(&self, manager: usize, lock: u64) -> bool {
        self.0.contains_key(&(manager, lock))
    }

    pub(super) fn take(&mut self, manager: usize, lock: u64) -> Option<Held> {
        self.0.remove(&(manager, lock))
    }

    pub(super) fn put_back(&mut self, lock: u64, held: Option<Held>) {
        if let Some(held) = held {
            self.0.insert((held.manager, lock), held);
        }
    }

    pub(super) fn of(&self, manager: usize) -> Vec<u64> {
        let mut locks: Vec<u64> =
            self.0.keys().filter(|key| key.0 == manager).map(|key| key.1).collect();
        locks.sort_unstable();
        locks
    }
}

/// One asynchronous wait: what it is about, and what was said of it.
pub(super) struct Record {
    pub(super) shadow: Rc<RefCell<Shadow>>,
    /// Which manager's it is, and a handle to that.
    pub(super) which: usize,
    pub(super) handle: *const oarlock_manager,
    pub(super) thread: ThreadId,
    /// Its number, once it waits.
    pub(super) lock: u64,
    /// What is held when it is granted; of an upgrade nothing new is.
    pub(super) held: Option<Held>,
    pub(super) is_upgrade: bool,
    /// The queue that its outcome is put into; without one it is a callback's.
    pub(super) queue: Option<usize>,
    /// The wait was begun, and its end was not told yet.
    pub(super) waits: bool,
    /// Whether the callback releases at once what it was given.
    pub(super) releases: bool,
    pub(super) has_drop: bool,
    pub(super) calls: usize,
    pub(super) drops: usize,
    /// What the callback was given and kept.
    pub(super) given: u64,
}

impl Record {
    pub(super) fn new(
        shadow: &Rc<RefCell<Shadow>>,
        which: usize,
        handle: *const oarlock_manager,
    ) -> Self {
        Self {
            shadow: Rc::clone(shadow),
            which,
            handle,
            thread: thread::current().id(),
            lock: 0,
            held: None,
            is_upgrade: false,
            queue: None,
            waits: false,
            releases: false,
            has_drop: false,
            calls: 0,
            drops: 0,
            given: 0,
        }
    }

    /// The call that was to begin the wait has returned.
    pub(super) fn begun(&mut self, lock: u64, waits: bool) {
        assert_eq!(self.calls, 0, "called inside the call");
        let gone = self.has_drop && !waits;
        assert_eq!(self.drops, usize::from(gone), "the user data is given back");
        self.waits = waits;
        self.lock = lock;
    }

    /// The outcome, as a callback or a completion has it.
    pub(super) fn told(&mut self, status: i32, lock: u64, token: u64) {
        let granted = status == OARLOCK_OK;
        assert_eq!(granted, token != 0, "status {status} and token {token}");
        assert!(self.waits, "told twice, or untimely");
        self.waits = false;
        if self.is_upgrade {
            assert_eq!(lock, self.lock, "an upgrade is of its lock");
            // A completion may be old.
            if granted && self.queue.is_none() {
                self.shadow.borrow_mut().upgrade(self.which, lock);
            }
            return;
        }
        assert_eq!(lock, if granted { self.lock } else { 0 });
        if let (true, Some(held)) = (granted, self.held.take()) {
            self.shadow.borrow_mut().grant(lock, held);
        }
    }

    /// At the end, when all has been told.
    pub(super) fn check_end(&self) {
        assert!(!self.waits, "nobody was told how a wait ended");
        assert_eq!(self.drops, usize::from(self.has_drop), "the user data is given back once");
    }
}

/// The callback of all requests and upgrades here.
pub(super) unsafe extern "C" fn on_outcome(
    data: *mut c_void,
    status: i32,
    lock: u64,
    token: u64,
    error: *const oarlock_error,
) {
    // SAFETY: the data is a record, which lives until the end; nobody else uses it
    // meanwhile.
    let record = unsafe { &mut *data.cast::<Record>() };
    assert_eq!(record.thread, thread::current().id());
    assert_eq!(record.drops, 0, "called after its drop");
    record.calls += 1;
    assert_eq!(record.calls, 1, "called twice");
    assert_eq!(error.is_null(), status == OARLOCK_OK);
    if !error.is_null() {
        // SAFETY: it lives as long as this call.
        assert_eq!(unsafe { oarlock_error_code(error) }, status);
    }
    record.told(status, lock, token);
    if status != OARLOCK_OK || record.is_upgrade {
        return;
    }
    if record.releases {
        drop(record.shadow.borrow_mut().take(record.which, lock));
        let handle = record.handle;
        // SAFETY: the handle lives until its requests have ended.
        let released = unsafe { oarlock_release(handle, lock) };
        assert!(matches!(released, OARLOCK_OK | OARLOCK_ERR_STALE), "{released}");
    } else {
        record.given = lock;
    }
}

pub(super) unsafe extern "C" fn on_drop(data: *mut c_void) {
    // SAFETY: as above.
    let record = unsafe { &mut *data.cast::<Record>() };
    record.drops += 1;
    assert_eq!(record.drops, 1, "dropped twice");
}
