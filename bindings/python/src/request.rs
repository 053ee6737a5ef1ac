//! The life of one request: queued, granted or refused, ended.
//!
//! The engine tells the outcome by a callback, exactly once; [`Shared`] keeps it
//! for whoever asks and wakes whoever waits. Between the engine's grant and the
//! callback another thread may see the request as "granted, and on its way":
//! whoever wants the lock waits that moment out, and whoever gives up marks the
//! request as ended, so that the guard is released when it arrives.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use oarlock::{AcquireError, Enqueued, Guard, LockId};
use parking_lot::Mutex;
use pyo3::prelude::*;

use crate::claims::Claims;
use crate::error;
use crate::fork::{Handle, Held};
use crate::parker::{LONGEST_NAP, Parked, Parker};
use crate::wake::{Told, Waker};

/// How long the main thread waits between two looks at signals. A signal ends a
/// wait by itself; this is for one that came in the moment before the wait began
/// or that the system gave to another thread. Other threads never handle signals.
const FIRST_NAP: Duration = Duration::from_secs(1);

/// Where a request stands.
pub(crate) enum Phase {
    /// Queued, or granted with the guard on its way.
    Waiting,
    /// Granted, and nobody has taken the guard yet.
    Granted(Held),
    /// Cancelled while it waited.
    Cancelled,
    /// The manager was closed while it waited.
    Closed,
    /// Released, or its guard was taken.
    Ended,
}

struct Inner {
    phase: Phase,
    wakers: Vec<Waker>,
}

/// What the engine's callback and the waiters share.
///
/// The mutex is held for moments, never while Python code runs or a guard drops.
struct Shared {
    inner: Mutex<Inner>,
}

impl Shared {
    /// The engine's callback.
    fn complete(&self, outcome: Result<Guard, AcquireError>) {
        let phase = match outcome {
            Ok(guard) => Phase::Granted(Held::new(guard)),
            Err(AcquireError::Closed) => Phase::Closed,
            Err(_) => Phase::Cancelled,
        };
        let (unwanted, wakers) = {
            let mut inner = self.inner.lock();
            let unwanted = match inner.phase {
                Phase::Waiting => {
                    inner.phase = phase;
                    None
                }
                // Given up meanwhile.
                _ => Some(phase),
            };
            (unwanted, mem::take(&mut inner.wakers))
        };
        drop(unwanted);
        for waker in wakers {
            let sole = waker.is_sole();
            if waker.wake() == Told::Never && sole {
                drop(self.end());
            }
        }
    }

    /// Ends the request from this side and hands out what it was.
    fn end(&self) -> Phase {
        mem::replace(&mut self.inner.lock().phase, Phase::Ended)
    }
}

/// How giving up a waiting request went.
pub(crate) enum GivenUp {
    /// It has left the queue.
    Left,
    /// The grant won; the guard is there or on its way.
    Granted,
    /// It had ended before.
    Ended,
}

/// A request. Dropping it cancels it, or releases it if it was granted.
pub(crate) struct Request {
    handle: Handle,
    id: LockId,
    shared: Arc<Shared>,
}

impl Request {
    /// Takes its place in the queue now; never blocks.
    pub(crate) fn enqueue(py: Python<'_>, handle: &Handle, claims: &Claims) -> PyResult<Self> {
        let handle = handle.share(py)?;
        let shared = Arc::new(Shared {
            inner: Mutex::new(Inner {
                phase: Phase::Waiting,
                wakers: Vec::new(),
            }),
        });
        let callback = Arc::clone(&shared);
        let enqueued = handle
            .get(py)?
            .enqueue_with(claims.iter(), move |outcome| callback.complete(outcome));
        let id = match enqueued {
            Ok(Enqueued::Waiting(id)) => id,
            Ok(Enqueued::Granted(guard)) => {
                let id = guard.id();
                shared.inner.lock().phase = Phase::Granted(Held::new(guard));
                id
            }
            Err(error) => return Err(error::acquire(py, &error)),
        };
        Ok(Self { handle, id, shared })
    }

    /// Asks for a wake-up; false if the outcome is there already.
    pub(crate) fn watch(&self, waker: Waker) -> bool {
        let mut inner = self.shared.inner.lock();
        let waiting = matches!(inner.phase, Phase::Waiting);
        if waiting {
            inner.wakers.push(waker);
        }
        // A refused waker is dropped after the lock: it may hold Python objects.
        waiting
    }

    /// Takes back the wake-ups that `is_mine` picks.
    pub(crate) fn unwatch(&self, is_mine: impl Fn(&Waker) -> bool) {
        let mine: Vec<Waker> = {
            let mut inner = self.shared.inner.lock();
            inner
                .wakers
                .extract_if(.., |waker| is_mine(waker))
                .collect()
        };
        drop(mine);
    }

    /// Waits for the outcome, detached; false when the deadline passed first.
    ///
    /// # Errors
    ///
    /// What a signal handler raised, such as `KeyboardInterrupt`. The request
    /// stays as it is.
    pub(crate) fn wait(&self, py: Python<'_>, deadline: Option<Instant>) -> PyResult<bool> {
        self.handle.get(py)?;
        let parker = Parker::new()?;
        if !self.watch(Waker::Thread(Arc::clone(&parker))) {
            return Ok(true);
        }
        let mut nap = FIRST_NAP;
        loop {
            let waited = match py.detach(|| parker.wait(deadline, nap)) {
                Parked::Woken => return Ok(true),
                Parked::TimedOut => Ok(false),
                Parked::Interrupted => match py.check_signals() {
                    Ok(()) => {
                        if !is_main_thread(py) {
                            nap = LONGEST_NAP;
                        }
                        continue;
                    }
                    Err(error) => Err(error),
                },
            };
            self.unwatch(
                |waker| matches!(waker, Waker::Thread(other) if Arc::ptr_eq(other, &parker)),
            );
            return waited;
        }
    }

    /// Leaves the queue, if it still waits there.
    pub(crate) fn give_up(&self, py: Python<'_>) -> PyResult<GivenUp> {
        let manager = self.handle.get(py)?;
        match self.shared.inner.lock().phase {
            Phase::Waiting => {}
            Phase::Granted(_) => return Ok(GivenUp::Granted),
            _ => return Ok(GivenUp::Ended),
        }
        match manager.cancel(self.id) {
            Ok(()) => {
                // The callback says the same, but may be queued behind others.
                let mut inner = self.shared.inner.lock();
                if matches!(inner.phase, Phase::Waiting) {
                    inner.phase = Phase::Cancelled;
                }
                Ok(GivenUp::Left)
            }
            Err(oarlock::CancelError::Granted(_)) => Ok(GivenUp::Granted),
            Err(_) => Ok(GivenUp::Ended),
        }
    }

    /// Takes the guard, once it is there.
    pub(crate) fn take(&self) -> Phase {
        let mut inner = self.shared.inner.lock();
        match inner.phase {
            Phase::Waiting => Phase::Waiting,
            Phase::Cancelled => Phase::Cancelled,
            Phase::Closed => Phase::Closed,
            Phase::Granted(_) | Phase::Ended => mem::replace(&mut inner.phase, Phase::Ended),
        }
    }

    /// Shows where the request stands. `look` must not run Python code.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&Phase) -> T) -> T {
        look(&self.shared.inner.lock().phase)
    }

    /// The request's id.
    pub(crate) fn id(&self) -> LockId {
        self.id
    }

    /// Nothing, or `oarlock.Forked`.
    pub(crate) fn check(&self, py: Python<'_>) -> PyResult<()> {
        self.handle.get(py).map(|_| ())
    }

    /// The token, if the engine has granted the request.
    pub(crate) fn token(&self, py: Python<'_>) -> PyResult<Option<u64>> {
        let state = self.handle.get(py)?.state(self.id);
        let ended = self.look(|phase| matches!(phase, Phase::Ended));
        Ok(match state {
            Ok(oarlock::LockState::Granted(token)) if !ended => Some(token),
            _ => None,
        })
    }

    /// Ends the request, whatever it is; says what it was. A guard that is on
    /// its way is released when it arrives.
    pub(crate) fn end(&self) -> Phase {
        let was = self.shared.end();
        if let (Phase::Waiting, Some(manager)) = (&was, self.handle.here()) {
            // If this loses the race, `complete` finds the request ended.
            let _ = manager.cancel(self.id);
        }
        was
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        drop(self.end());
    }
}

/// Whether signal handlers run on this thread; yes if that cannot be found out.
fn is_main_thread(py: Python<'_>) -> bool {
    let ask = || {
        let threading = py.import("threading")?;
        let main = threading.call_method0("main_thread")?.getattr("ident")?;
        threading.call_method0("get_ident")?.eq(main)
    };
    ask().unwrap_or(true)
}
