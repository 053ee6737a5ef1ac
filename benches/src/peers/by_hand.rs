//! What people write by hand: a map from key to a lock of its own, in which an
//! entry is made when the key is first wanted and removed when nobody uses it.

use std::collections::HashMap;
use std::sync::Arc;

use dashmap::DashMap;
use parking_lot::lock_api::{GuardNoSend, RawMutex as _, RawRwLock as _};
use parking_lot::{Mutex, RawMutex, RawRwLock};
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::Keyed;
use crate::keys::Key;

/// How an entry of the map is locked.
pub trait Entry: Send + Sync + 'static {
    /// As the tables call it.
    const NAME: &'static str;
    /// Whether entries go when they are free.
    const REMOVED: bool = true;
    /// Not locked.
    fn free() -> Self;
    /// Blocks.
    fn lock(&self, read: bool);
    /// Undoes `lock`.
    ///
    /// # Safety
    ///
    /// The caller has locked it, in the same way, and not unlocked it since.
    unsafe fn unlock(&self, read: bool);
}

/// A parking_lot mutex around an FxHash map of `Arc<L>`.
pub struct Map<L> {
    entries: Mutex<FxHashMap<Key, Arc<L>>>,
}

/// Holds a key of a [`Map`].
pub struct Held<'a, L: Entry> {
    map: &'a Map<L>,
    key: Key,
    read: bool,
    entry: Arc<L>,
}

impl<L: Entry> Map<L> {
    #[inline]
    fn lock(&self, key: &Key, read: bool) -> Held<'_, L> {
        let entry = {
            let mut entries = self.entries.lock();
            Arc::clone(entries.entry(*key).or_insert_with(|| Arc::new(L::free())))
        };
        entry.lock(read);
        Held {
            map: self,
            key: *key,
            read,
            entry,
        }
    }
}

impl<L: Entry> Drop for Held<'_, L> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: `Map::lock` locked it.
        unsafe { self.entry.unlock(self.read) };
        if L::REMOVED {
            let mut entries = self.map.entries.lock();
            // Counts change only under the map's mutex, but for falling ones: the
            // map's own and ours are left when nobody else wants the key.
            if Arc::strong_count(&self.entry) == 2 {
                entries.remove(&self.key);
            }
        }
    }
}

impl<L: Entry> Keyed for Map<L> {
    const NAME: &'static str = L::NAME;
    type Session<'a>
        = ()
    where
        Self: 'a;
    type Held<'a>
        = Held<'a, L>
    where
        Self: 'a;

    fn open(_most: usize) -> Self {
        Self {
            entries: Mutex::new(HashMap::default()),
        }
    }

    fn session(&self) {}

    #[inline]
    fn hold<'a>(&'a self, (): &mut (), key: &Key) -> Held<'a, L> {
        self.lock(key, false)
    }

    #[inline]
    fn hold_read<'a>(&'a self, (): &mut (), key: &Key) -> Held<'a, L> {
        self.lock(key, true)
    }
}

/// The keyed mutex.
pub type ByHand = Map<OneMutex>;
/// Its twin with readers and writers.
pub type RwByHand = Map<OneRwLock>;
/// The twin whose entries stay, which leaks in a program with many keys.
pub type RwKept = Map<OneKeptRwLock>;

/// A parking_lot mutex.
pub struct OneMutex(RawMutex);

impl Entry for OneMutex {
    const NAME: &'static str = "keyed mutex by hand";
    fn free() -> Self {
        Self(RawMutex::INIT)
    }
    #[inline]
    fn lock(&self, _read: bool) {
        self.0.lock();
    }
    #[inline]
    unsafe fn unlock(&self, _read: bool) {
        // SAFETY: as asked of our caller.
        unsafe { self.0.unlock(GuardNoSend::new()) };
    }
}

/// A parking_lot readers-writer lock.
pub struct OneRwLock(RawRwLock);

impl Entry for OneRwLock {
    const NAME: &'static str = "keyed rwlock by hand";
    fn free() -> Self {
        Self(RawRwLock::INIT)
    }
    #[inline]
    fn lock(&self, read: bool) {
        if read {
            self.0.lock_shared();
        } else {
            self.0.lock_exclusive();
        }
    }
    #[inline]
    unsafe fn unlock(&self, read: bool) {
        // SAFETY: as asked of our caller.
        unsafe {
            if read {
                self.0.unlock_shared(GuardNoSend::new());
            } else {
                self.0.unlock_exclusive(GuardNoSend::new());
            }
        }
    }
}

/// As [`OneRwLock`], but never removed.
pub struct OneKeptRwLock(OneRwLock);

impl Entry for OneKeptRwLock {
    const NAME: &'static str = "keyed rwlock by hand, never removed";
    const REMOVED: bool = false;
    fn free() -> Self {
        Self(OneRwLock::free())
    }
    #[inline]
    fn lock(&self, read: bool) {
        self.0.lock(read);
    }
    #[inline]
    unsafe fn unlock(&self, read: bool) {
        // SAFETY: as asked of our caller.
        unsafe { self.0.unlock(read) };
    }
}

/// A `DashMap` of `Arc<Mutex>`.
pub struct Dashmap(DashMap<Key, Arc<OneMutex>, FxBuildHasher>);

/// Holds a key of a [`Dashmap`].
pub struct DashmapHeld<'a> {
    map: &'a Dashmap,
    key: Key,
    entry: Arc<OneMutex>,
}

impl Drop for DashmapHeld<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: `hold` locked it.
        unsafe { self.entry.unlock(false) };
        self.map
            .0
            .remove_if(&self.key, |_, entry| Arc::strong_count(entry) == 2);
    }
}

impl Keyed for Dashmap {
    const NAME: &'static str = "dashmap by hand";
    type Session<'a> = ();
    type Held<'a> = DashmapHeld<'a>;

    fn open(_most: usize) -> Self {
        Self(DashMap::default())
    }

    fn session(&self) {}

    #[inline]
    fn hold<'a>(&'a self, (): &mut (), key: &Key) -> DashmapHeld<'a> {
        let entry = Arc::clone(
            &self
                .0
                .entry(*key)
                .or_insert_with(|| Arc::new(OneMutex::free())),
        );
        entry.lock(false);
        DashmapHeld {
            map: self,
            key: *key,
            entry,
        }
    }
}

/// A parking_lot mutex around an FxHash map of tokio's `Mutex`.
pub struct Tokio(Mutex<FxHashMap<Key, Arc<tokio::sync::Mutex<()>>>>);

/// Holds a key of a [`Tokio`].
pub struct TokioHeld<'a> {
    map: &'a Tokio,
    key: Key,
    entry: Arc<tokio::sync::Mutex<()>>,
    guard: Option<tokio::sync::OwnedMutexGuard<()>>,
}

impl Drop for TokioHeld<'_> {
    #[inline]
    fn drop(&mut self) {
        self.guard = None;
        let mut entries = self.map.0.lock();
        if Arc::strong_count(&self.entry) == 2 {
            entries.remove(&self.key);
        }
    }
}

impl Keyed for Tokio {
    const NAME: &'static str = "tokio mutex by hand";
    type Session<'a> = ();
    type Held<'a> = TokioHeld<'a>;

    fn open(_most: usize) -> Self {
        Self(Mutex::new(HashMap::default()))
    }

    fn session(&self) {}

    #[inline]
    fn hold<'a>(&'a self, (): &mut (), key: &Key) -> TokioHeld<'a> {
        let entry = Arc::clone(self.0.lock().entry(*key).or_default());
        // Without the detour over an executor where it is free.
        let guard = Arc::clone(&entry)
            .try_lock_owned()
            .unwrap_or_else(|_| Arc::clone(&entry).blocking_lock_owned());
        TokioHeld {
            map: self,
            key: *key,
            entry,
            guard: Some(guard),
        }
    }
}
