//! What a forked child inherited.
//!
//! In the child only the forking thread exists: locks held by other threads
//! would never be released, and inner locks may have been held at the very
//! moment of the fork. So everything made before a fork is refused in the child
//! before any of it is touched, and is forgotten, not dropped.

use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};

use oarlock::{Guard, LockId, Manager};
use pyo3::prelude::*;

use crate::error::exception;

/// How many forks lie between this process and the one that loaded the module.
/// Relaxed is enough: a child starts with one thread.
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// The present generation.
pub(crate) fn generation() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}

/// Called by `os.fork` in the child; registered when the package is imported.
#[pyfunction]
pub(crate) fn _after_fork_in_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

/// Something that is refused in a child of the process that made it.
struct Inherited<T> {
    generation: u64,
    /// Always there until dropped.
    inner: Option<T>,
}

impl<T> Inherited<T> {
    fn new(inner: T) -> Self {
        Self {
            generation: generation(),
            inner: Some(inner),
        }
    }

    /// The thing itself, or nothing in a child.
    fn here(&self) -> Option<&T> {
        self.inner
            .as_ref()
            .filter(|_| self.generation == generation())
    }
}

impl<T> Drop for Inherited<T> {
    fn drop(&mut self) {
        if self.generation != generation() {
            mem::forget(self.inner.take());
        }
    }
}

/// A manager that knows which process made it.
pub(crate) struct Handle(Inherited<Manager>);

impl Handle {
    pub(crate) fn new(manager: Manager) -> Self {
        Self(Inherited::new(manager))
    }

    /// The manager, or `oarlock.Forked` in a child.
    pub(crate) fn get(&self, py: Python<'_>) -> PyResult<&Manager> {
        self.here().ok_or_else(|| {
            exception(
                py,
                "Forked",
                "this manager was made before the fork; make a new one in the child",
            )
        })
    }

    /// The manager, or nothing in a child.
    pub(crate) fn here(&self) -> Option<&Manager> {
        self.0.here()
    }

    /// Another handle to the same manager, of the same generation.
    pub(crate) fn share(&self, py: Python<'_>) -> PyResult<Self> {
        Ok(Self::new(self.get(py)?.clone()))
    }
}

/// A guard that a child forgets instead of releasing.
pub(crate) struct Held(Inherited<Guard>);

impl Held {
    pub(crate) fn new(guard: Guard) -> Self {
        Self(Inherited::new(guard))
    }

    /// Whether this is the guard of the request with this id.
    pub(crate) fn is(&self, id: LockId) -> bool {
        self.0.here().is_some_and(|guard| guard.id() == id)
    }

    /// The fencing token, or nothing in a child.
    pub(crate) fn token(&self) -> Option<u64> {
        self.0.here().map(Guard::token)
    }
}
