//! RocksDB's point locks, through a pessimistic transaction. Without the library
//! nobody constructs one: see [`Rocks::THERE`].

use std::marker::PhantomData;

use super::Keyed;
use crate::keys::Key;

/// A database in memory.
pub struct Rocks {
    database: *mut ffi::Database,
}

// SAFETY: a TransactionDB may be used from any thread.
unsafe impl Sync for Rocks {}

/// A thread's transaction.
pub struct Transaction<'a> {
    raw: *mut ffi::Transaction,
    of: PhantomData<&'a Rocks>,
}

/// Holds all that its transaction has locked.
pub struct Held<'a> {
    transaction: *mut ffi::Transaction,
    of: PhantomData<&'a Rocks>,
}

impl Rocks {
    /// Whether the library was there when this was built.
    pub const THERE: bool = cfg!(has_rocksdb);
}

impl Drop for Rocks {
    fn drop(&mut self) {
        // SAFETY: `open` made it, and what borrows it is gone.
        unsafe { ffi::shim_rocksdb_close(self.database) };
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        // SAFETY: `session` made it.
        unsafe { ffi::shim_rocksdb_session_free(self.raw) };
    }
}

impl Drop for Held<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: it is dropped before its session in every workload.
        let error = unsafe { ffi::shim_rocksdb_unlock(self.transaction) };
        debug_assert_eq!(error, 0);
    }
}

impl Keyed for Rocks {
    const NAME: &'static str = "RocksDB";
    type Session<'a> = Transaction<'a>;
    type Held<'a> = Held<'a>;

    fn open(_most: usize) -> Self {
        // SAFETY: nothing is asked of the caller.
        let database = unsafe { ffi::shim_rocksdb_open() };
        assert!(!database.is_null(), "RocksDB does not open");
        Self { database }
    }

    fn session(&self) -> Transaction<'_> {
        Transaction {
            // SAFETY: the database is open.
            raw: unsafe { ffi::shim_rocksdb_session(self.database) },
            of: PhantomData,
        }
    }

    #[inline]
    fn hold<'a>(&'a self, session: &mut Transaction<'a>, key: &Key) -> Held<'a> {
        // SAFETY: the key is 16 bytes, and is copied.
        let error = unsafe { ffi::shim_rocksdb_lock(session.raw, key.0.as_ptr().cast(), 16) };
        assert_eq!(error, 0);
        Held {
            transaction: session.raw,
            of: PhantomData,
        }
    }

    /// In one transaction, and all unlocked at once.
    #[inline]
    fn ten<'a>(&'a self, session: &mut Transaction<'a>, keys: &[Key; 10]) {
        for key in keys {
            std::mem::forget(self.hold(session, key));
        }
        drop(Held {
            transaction: session.raw,
            of: PhantomData,
        });
    }
}

#[cfg(has_rocksdb)]
mod ffi {
    use std::ffi::{c_char, c_int};

    pub enum Database {}
    pub enum Transaction {}

    unsafe extern "C" {
        pub fn shim_rocksdb_open() -> *mut Database;
        pub fn shim_rocksdb_close(database: *mut Database);
        pub fn shim_rocksdb_session(database: *mut Database) -> *mut Transaction;
        pub fn shim_rocksdb_session_free(transaction: *mut Transaction);
        pub fn shim_rocksdb_lock(
            transaction: *mut Transaction,
            key: *const c_char,
            length: usize,
        ) -> c_int;
        pub fn shim_rocksdb_unlock(transaction: *mut Transaction) -> c_int;
    }
}

/// The same functions, which are never called.
#[cfg(not(has_rocksdb))]
mod ffi {
    use std::ffi::{c_char, c_int};

    pub enum Database {}
    pub enum Transaction {}

    macro_rules! absent {
        ($($name:ident($($arg:ty),*) $(-> $out:ty)?);* $(;)?) => {
            $(pub unsafe fn $name($(_: $arg),*) $(-> $out)? { unreachable!("built without RocksDB") })*
        };
    }
    absent! {
        shim_rocksdb_open() -> *mut Database;
        shim_rocksdb_close(*mut Database);
        shim_rocksdb_session(*mut Database) -> *mut Transaction;
        shim_rocksdb_session_free(*mut Transaction);
        shim_rocksdb_lock(*mut Transaction, *const c_char, usize) -> c_int;
        shim_rocksdb_unlock(*mut Transaction) -> c_int;
    }
}
