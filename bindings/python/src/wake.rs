//! Telling those who wait that their request has its outcome.
//!
//! This runs inside somebody else's `release()`, `cancel()` or `close()`, with
//! no inner lock held. Waking a thread touches nothing of Python. Waking an
//! event loop runs Python code (`call_soon_threadsafe`), in which a signal
//! handler may raise: that exception belongs to the caller of `release()`, and
//! must neither lose the wake-up nor get lost itself. So it is put aside here
//! and raised by [`settled`] when the operation is complete.

use std::cell::RefCell;
use std::sync::Arc;

use pyo3::prelude::*;

use crate::parker::Parker;

/// Somebody who waits for a request's outcome.
pub(crate) enum Waker {
    /// A thread, parked outside the interpreter.
    Thread(Arc<Parker>),
    /// A future of an event loop.
    Loop(LoopWaker),
}

/// A future to settle on its own loop.
pub(crate) struct LoopWaker {
    /// `oarlock._asyncio.wake`.
    pub(crate) wake: Py<PyAny>,
    pub(crate) event_loop: Py<PyAny>,
    pub(crate) future: Py<PyAny>,
    /// Whether nobody but this future's task will ever see the outcome.
    pub(crate) sole: bool,
}

/// Whether the outcome will be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// The waiter is woken.
    Yes,
    /// The loop is closed: its waiter will never run again.
    Never,
}

impl Waker {
    /// Wakes the waiter.
    pub(crate) fn wake(self) -> Told {
        match self {
            Self::Thread(parker) => {
                parker.wake();
                Told::Yes
            }
            Self::Loop(waker) => {
                let mut waker = Some(waker);
                // Attached already, but where the interpreter is shutting down.
                let told =
                    Python::try_attach(|py| waker.take().map_or(Told::Yes, |waker| waker.wake(py)));
                // Python objects must not be dropped without an interpreter.
                std::mem::forget(waker);
                told.unwrap_or(Told::Never)
            }
        }
    }

    /// Whether nobody else will see the outcome if this waiter does not.
    pub(crate) fn is_sole(&self) -> bool {
        matches!(self, Self::Loop(waker) if waker.sole)
    }
}

/// How often a wake-up is tried while signal handlers raise into it.
const ATTEMPTS: usize = 8;

impl LoopWaker {
    fn wake(self, py: Python<'_>) -> Told {
        // This may run in a destructor, where an exception may be on its way.
        let on_its_way = PyErr::take(py);
        let told = self.call(py);
        drop(self);
        if let Some(error) = on_its_way {
            error.restore(py);
        }
        told
    }

    fn call(&self, py: Python<'_>) -> Told {
        for _ in 0..ATTEMPTS {
            let Err(error) = self.wake.call1(py, (&self.event_loop, &self.future)) else {
                return Told::Yes;
            };
            // Settling a future twice is harmless, so trying again is.
            let closed = self
                .event_loop
                .call_method0(py, "is_closed")
                .and_then(|closed| closed.is_truthy(py));
            match closed {
                Ok(true) => return Told::Never,
                Ok(false) => put_aside(error),
                Err(also) => {
                    put_aside(error);
                    put_aside(also);
                }
            }
        }
        Told::Never
    }
}

thread_local! {
    /// The first exception that was raised into a wake-up on this thread.
    static ASIDE: RefCell<Option<PyErr>> = const { RefCell::new(None) };
}

fn put_aside(error: PyErr) {
    // Without its locals the thread is ending, and no caller is left to tell.
    let _ = ASIDE.try_with(|aside| {
        aside.borrow_mut().get_or_insert(error);
    });
}

/// Raises what was put aside while the operation before it was under way.
pub(crate) fn settled() -> PyResult<()> {
    let aside = ASIDE
        .try_with(|aside| aside.borrow_mut().take())
        .unwrap_or_default();
    aside.map_or(Ok(()), Err)
}

/// The same for a destructor, which has no caller to raise to.
pub(crate) fn settled_in_destructor() {
    if let Err(error) = settled() {
        Python::try_attach(|py| error.write_unraisable(py, None));
    }
}
