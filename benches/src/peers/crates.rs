//! Lock tables from the registry.

use lockable::{LockableHashMap, SyncLimit};
use lockmap::LockMap;

use super::Keyed;
use crate::keys::Key;

/// `lockmap`, without values.
pub struct Lockmap(LockMap<Key, ()>);

impl Keyed for Lockmap {
    const NAME: &'static str = "lockmap";
    type Session<'a> = ();
    type Held<'a> = lockmap::Entry<'a, Key, ()>;

    fn open(_most: usize) -> Self {
        Self(LockMap::new())
    }

    fn session(&self) {}

    #[inline]
    fn hold<'a>(&'a self, (): &mut (), key: &Key) -> Self::Held<'a> {
        self.0.entry(*key)
    }
}

/// `lockable`, without values.
pub struct Lockable(LockableHashMap<Key, ()>);

impl Keyed for Lockable {
    const NAME: &'static str = "lockable";
    type Session<'a> = ();
    type Held<'a> = <LockableHashMap<Key, ()> as lockable::Lockable<Key, ()>>::Guard<'a>;

    fn open(_most: usize) -> Self {
        Self(LockableHashMap::new())
    }

    fn session(&self) {}

    #[inline]
    fn hold<'a>(&'a self, (): &mut (), key: &Key) -> Self::Held<'a> {
        self.0.blocking_lock(*key, SyncLimit::no_limit()).unwrap()
    }
}
