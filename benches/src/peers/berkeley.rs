//! Berkeley DB's lock subsystem, through its C API. Without the library there is
//! no contender, and nobody constructs one: see [`Berkeley::THERE`].

use super::Keyed;
use crate::keys::{Deep, Key};

/// An environment that has nothing but locks.
pub struct Berkeley {
    env: *mut ffi::Env,
}

// SAFETY: the environment is opened with DB_THREAD.
unsafe impl Sync for Berkeley {}
// SAFETY: as above.
unsafe impl Send for Berkeley {}

/// A thread's locker.
pub struct Locker<'a> {
    of: &'a Berkeley,
    id: u32,
}

/// Holds one name.
pub struct Held<'a> {
    of: &'a Berkeley,
    lock: ffi::Lock,
}

impl Berkeley {
    /// Whether the library was there when this was built.
    pub const THERE: bool = cfg!(has_bdb);
}

impl Drop for Berkeley {
    fn drop(&mut self) {
        // SAFETY: `open` made it, and what borrows it is gone.
        unsafe { ffi::shim_bdb_close(self.env) };
    }
}

impl Drop for Locker<'_> {
    fn drop(&mut self) {
        // SAFETY: `session` made it.
        unsafe { ffi::shim_bdb_locker_free(self.of.env, self.id) };
    }
}

impl Drop for Held<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: `hold` got it.
        let error = unsafe { ffi::shim_bdb_put(self.of.env, &mut self.lock) };
        debug_assert_eq!(error, 0);
    }
}

impl Keyed for Berkeley {
    const NAME: &'static str = "Berkeley DB";
    type Session<'a> = Locker<'a>;
    type Held<'a> = Held<'a>;

    fn open(most: usize) -> Self {
        let mut env = std::ptr::null_mut();
        let most = u32::try_from(most + 10_000).unwrap();
        // SAFETY: `env` is a place for the result.
        let error = unsafe { ffi::shim_bdb_open(most, &mut env) };
        assert_eq!(error, 0, "Berkeley DB does not open");
        Self { env }
    }

    fn session(&self) -> Locker<'_> {
        let mut id = 0;
        // SAFETY: the environment is open; `id` is a place for the result.
        let error = unsafe { ffi::shim_bdb_locker(self.env, &mut id) };
        assert_eq!(error, 0);
        Locker { of: self, id }
    }

    #[inline]
    fn hold<'a>(&'a self, session: &mut Locker<'a>, key: &Key) -> Held<'a> {
        self.get(session, key, true)
    }

    #[inline]
    fn hold_read<'a>(&'a self, session: &mut Locker<'a>, key: &Key) -> Held<'a> {
        self.get(session, key, false)
    }
}

impl Berkeley {
    #[inline]
    fn get<'a>(&'a self, session: &Locker<'a>, key: &Key, write: bool) -> Held<'a> {
        let mut lock = ffi::Lock([0; 4]);
        // SAFETY: the name is 16 bytes, and is copied; `lock` is large enough, as
        // the shim asserts.
        let error = unsafe {
            ffi::shim_bdb_get(
                self.env,
                session.id,
                key.0.as_ptr().cast(),
                16,
                write.into(),
                &mut lock,
            )
        };
        assert_eq!(error, 0);
        Held { of: self, lock }
    }
}

/// Paths that are locked and unlocked in one call each: an intention on each
/// prefix, a write on the whole.
pub struct Vector {
    starts: Vec<*const std::ffi::c_char>,
    names: Names,
    /// What `starts` points into.
    _texts: Vec<String>,
}

/// What is given to Berkeley DB as the name of a prefix.
#[derive(Clone, Copy, PartialEq)]
pub enum Names {
    /// An id of 16 bytes, made beforehand. The library keeps names of up to 28 bytes
    /// within its lock objects, so this is what suits it best.
    Ids,
    /// The prefix itself.
    Prefixes,
}

impl Names {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Ids, Self::Prefixes];

    /// As the tables call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ids => "Berkeley DB, one vector",
            Self::Prefixes => "Berkeley DB, one vector, prefixes as names",
        }
    }

    /// Where the three names of a path begin, and how long they are.
    fn places(self) -> ([u32; 3], [u32; 3]) {
        match self {
            Self::Ids => ([0, 16, 32], [16, 16, 16]),
            Self::Prefixes => ([0, 0, 0], [16, 33, 50]),
        }
    }
}

impl Vector {
    /// Of at most ten paths.
    #[must_use]
    pub fn new(names: Names, paths: &[Deep]) -> Self {
        let text = |path: &Deep| match names {
            Names::Ids => path.ids.clone(),
            Names::Prefixes => path.text.clone(),
        };
        let texts: Vec<_> = paths.iter().map(text).collect();
        Self {
            starts: texts.iter().map(|text| text.as_ptr().cast()).collect(),
            names,
            _texts: texts,
        }
    }

    /// Locks all of them, then unlocks.
    #[inline]
    pub fn pair(&self, locker: &mut Locker<'_>) {
        let (offsets, lengths) = self.names.places();
        // SAFETY: every start is that of a text that is long enough for its names.
        let error = unsafe {
            ffi::shim_bdb_vector(
                locker.of.env,
                locker.id,
                self.starts.as_ptr(),
                self.starts.len() as u32,
                offsets.as_ptr(),
                lengths.as_ptr(),
                3,
            )
        };
        assert_eq!(error, 0);
    }
}

#[cfg(has_bdb)]
mod ffi {
    use std::ffi::{c_char, c_int, c_void};

    pub enum Env {}
    #[repr(C)]
    pub struct Lock(pub [u64; 4]);

    unsafe extern "C" {
        pub fn shim_bdb_open(most_locks: u32, out: *mut *mut Env) -> c_int;
        pub fn shim_bdb_close(env: *mut Env) -> c_int;
        pub fn shim_bdb_locker(env: *mut Env, locker: *mut u32) -> c_int;
        pub fn shim_bdb_locker_free(env: *mut Env, locker: u32) -> c_int;
        pub fn shim_bdb_get(
            env: *mut Env,
            locker: u32,
            name: *const c_void,
            length: u32,
            write: c_int,
            lock: *mut Lock,
        ) -> c_int;
        pub fn shim_bdb_put(env: *mut Env, lock: *mut Lock) -> c_int;
        pub fn shim_bdb_vector(
            env: *mut Env,
            locker: u32,
            paths: *const *const c_char,
            count: u32,
            offsets: *const u32,
            lengths: *const u32,
            depth: u32,
        ) -> c_int;
    }
}

/// The same functions, which are never called.
#[cfg(not(has_bdb))]
mod ffi {
    use std::ffi::{c_char, c_int, c_void};

    pub enum Env {}
    pub struct Lock(pub [u64; 4]);

    macro_rules! absent {
        ($($name:ident($($arg:ty),*));* $(;)?) => {
            $(pub unsafe fn $name($(_: $arg),*) -> c_int { unreachable!("built without Berkeley DB") })*
        };
    }
    absent! {
        shim_bdb_open(u32, *mut *mut Env);
        shim_bdb_close(*mut Env);
        shim_bdb_locker(*mut Env, *mut u32);
        shim_bdb_locker_free(*mut Env, u32);
        shim_bdb_get(*mut Env, u32, *const c_void, u32, c_int, *mut Lock);
        shim_bdb_put(*mut Env, *mut Lock);
        shim_bdb_vector(*mut Env, u32, *const *const c_char, u32, *const u32, *const u32, u32);
    }
}
