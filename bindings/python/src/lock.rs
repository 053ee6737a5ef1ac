//! `oarlock.Lock`: claims that can be taken again and again.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::claims::Claims;
use crate::error::{self, exception};
use crate::fork::{Handle, Held};
use crate::helper::{self, Ready};
use crate::pending::Pending;
use crate::request::{GivenUp, Phase, Request};
use crate::timeout::Timeout;
use crate::wake::{settled, settled_in_destructor};

/// Claims of a manager, to be acquired and released like a threading.Lock.
///
/// Made by Manager.write, Manager.read and Manager.lock. Any thread and any
/// asyncio task may acquire it, and any other may release it. Each acquire is a
/// request of its own: a second one waits its turn behind the first, unless the
/// Lock only reads, which several may hold at once, each with a release of its
/// own. It is not reentrant. A Lock that is collected while held is released.
#[pyclass(frozen, weakref, module = "oarlock")]
pub(crate) struct Lock {
    handle: Handle,
    claims: Claims,
    /// How long `with`, `async with` and an acquire without a timeout wait.
    timeout: Timeout,
    /// The grants that were not released yet, the oldest first. More than one
    /// only where all claims read. Held for moments; guards drop outside it.
    held: Mutex<VecDeque<Held>>,
}

impl Lock {
    pub(crate) fn new(handle: Handle, claims: Claims, timeout: Timeout) -> Self {
        Self {
            handle,
            claims,
            timeout,
            held: Mutex::new(VecDeque::new()),
        }
    }

    fn patience(&self, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<Timeout> {
        Ok(match Timeout::parse(timeout)? {
            Timeout::Never => self.timeout,
            given => given,
        })
    }

    fn hold(&self, held: Held) {
        self.held.lock().push_back(held);
    }

    /// Without queueing.
    fn try_now(&self, py: Python<'_>) -> PyResult<bool> {
        let manager = self.handle.get(py)?;
        let guard = error::try_acquire(py, manager.try_acquire(self.claims.iter()))?;
        Ok(guard.map(|guard| self.hold(Held::new(guard))).is_some())
    }

    /// Waits, detached. On an error nothing is held and nothing is queued.
    fn acquire_within(&self, py: Python<'_>, timeout: Timeout) -> PyResult<bool> {
        if self.try_now(py)? {
            return Ok(true);
        }
        if timeout.is_zero() {
            return Ok(false);
        }
        let mut deadline = timeout.deadline(py)?;
        let request = Request::enqueue(py, &self.handle, &self.claims)?;
        loop {
            if !request.wait(py, deadline)? {
                match request.give_up(py)? {
                    GivenUp::Left => {
                        // Whoever waited for this request alone was granted.
                        settled()?;
                        return Ok(false);
                    }
                    // The grant won the race; the guard is there in a moment.
                    GivenUp::Granted | GivenUp::Ended => deadline = None,
                }
            }
            if let Some(acquired) = self.take_from(py, &request)? {
                return Ok(acquired);
            }
        }
    }

    /// Takes the outcome over; `None` while there is none.
    fn take_from(&self, py: Python<'_>, request: &Request) -> PyResult<Option<bool>> {
        match request.take() {
            Phase::Granted(held) => {
                self.hold(held);
                Ok(Some(true))
            }
            Phase::Waiting => Ok(None),
            Phase::Closed => Err(error::acquire(py, &oarlock::AcquireError::Closed)),
            Phase::Cancelled | Phase::Ended => {
                Err(error::acquire(py, &oarlock::AcquireError::Cancelled))
            }
        }
    }

    fn release_one(&self, py: Python<'_>) -> PyResult<()> {
        self.handle.get(py)?;
        let held = self.held.lock().pop_front();
        if held.is_none() {
            return Err(error::not_held(py, "release of a lock that is not held"));
        }
        drop(held);
        settled()
    }
}

#[pymethods]
impl Lock {
    /// Acquires the lock; True if it is held now, False if the time was up.
    ///
    /// Blocks, with the interpreter free for other threads, until the claims are
    /// granted. `blocking=False` and `timeout=0` try without queueing. Seconds
    /// above zero bound the wait; -1 or None waits as long as the Lock's own timeout
    /// says, for ever if it has none. A signal handler that raises, such as
    /// Ctrl-C's, ends the wait at once with nothing held.
    ///
    /// Raises Closed, Forked, NegativeTimeout, InvalidTimeout, TimeoutTooLarge,
    /// TooManyRequests.
    #[pyo3(signature = (blocking=None, timeout=None), text_signature = "($self, blocking=True, timeout=-1)")]
    fn acquire(
        &self,
        py: Python<'_>,
        blocking: Option<&Bound<'_, PyAny>>,
        timeout: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<bool> {
        let blocking = match blocking {
            None => true,
            Some(blocking) => blocking.is_truthy()?,
        };
        if blocking {
            return self.acquire_within(py, self.patience(timeout)?);
        }
        if Timeout::parse(timeout)? != Timeout::Never {
            return Err(exception(
                py,
                "InvalidTimeout",
                "an acquire that does not block takes no timeout",
            ));
        }
        self.acquire_within(py, Timeout::After(Duration::ZERO))
    }

    /// Releases the lock; any thread and any task may. Never blocks.
    ///
    /// Raises NotHeld when it is not held, Forked in a forked child.
    fn release(&self, py: Python<'_>) -> PyResult<()> {
        self.release_one(py)
    }

    /// Whether this Lock is held.
    ///
    /// Raises Forked in a forked child.
    fn locked(&self, py: Python<'_>) -> PyResult<bool> {
        self.handle.get(py)?;
        Ok(!self.held.lock().is_empty())
    }

    /// The fencing token: of two conflicting grants the later has the greater.
    ///
    /// Of a Lock that several hold (it only reads), the token of the latest
    /// grant. Raises NotHeld when it is not held, Forked in a forked child.
    #[getter]
    fn token(&self, py: Python<'_>) -> PyResult<u64> {
        self.handle.get(py)?;
        let token = self.held.lock().back().and_then(Held::token);
        token.ok_or_else(|| error::not_held(py, "only a held lock has a token"))
    }

    /// Acquires the lock without blocking the event loop; True if it is held.
    ///
    /// False when `timeout` seconds have passed; None or -1 waits as long as the
    /// Lock's own timeout says. A task that is cancelled while it waits, at any
    /// moment, holds nothing and leaves nothing behind.
    ///
    /// Raises what `acquire` raises.
    #[pyo3(signature = (timeout=None))]
    fn acquire_async<'py>(
        slf: &Bound<'py, Self>,
        timeout: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        helper::ACQUIRE.call(slf.py(), (slf, timeout))
    }

    fn __enter__<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, Self>> {
        let lock = slf.get();
        if lock.acquire_within(slf.py(), lock.timeout)? {
            Ok(slf)
        } else {
            Err(timed_out(slf.py()))
        }
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.release_one(py)
    }

    fn __aenter__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        if slf.get().try_now(py)? {
            return Ready::with(py, Some(slf.clone().into_any().unbind()));
        }
        helper::ENTER.call(py, (slf,))
    }

    #[pyo3(signature = (*_exception))]
    fn __aexit__<'py>(
        &self,
        py: Python<'py>,
        _exception: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.release_one(py)?;
        Ready::with(py, None)
    }

    fn __repr__(&self) -> String {
        let count = self.claims.len();
        let claims = if count == 1 { "claim" } else { "claims" };
        let token = self.held.lock().back().and_then(Held::token);
        match token {
            Some(token) => format!("<oarlock.Lock of {count} {claims}, held, token {token}>"),
            None => format!("<oarlock.Lock of {count} {claims}, not held>"),
        }
    }

    /// For `acquire_async`: None if acquired at once, else a queued request and
    /// the seconds to wait for it; no request when the timeout is 0.
    #[pyo3(signature = (timeout))]
    fn _start(
        &self,
        py: Python<'_>,
        timeout: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Option<(Option<Pending>, Option<f64>)>> {
        let timeout = self.patience(timeout)?;
        if self.try_now(py)? {
            return Ok(None);
        }
        if timeout.is_zero() {
            return Ok(Some((None, None)));
        }
        let request = Request::enqueue(py, &self.handle, &self.claims)?;
        Ok(Some((Some(Pending::new(request)), timeout.seconds())))
    }

    /// For `acquire_async`: takes the request's outcome. A request that still
    /// waits is out of time and gives up: False. None when the grant won that
    /// race and the guard is still on its way.
    fn _take(&self, py: Python<'_>, pending: &Bound<'_, Pending>) -> PyResult<Option<bool>> {
        let request = pending.get().request();
        if let Some(acquired) = self.take_from(py, request)? {
            return Ok(Some(acquired));
        }
        match request.give_up(py)? {
            GivenUp::Left => settled().map(|()| Some(false)),
            GivenUp::Granted | GivenUp::Ended => self.take_from(py, request),
        }
    }

    /// For `acquire_async`: undoes it, however far it came.
    fn _abandon(&self, py: Python<'_>, pending: &Bound<'_, Pending>) -> PyResult<()> {
        let request = pending.get().request();
        request.check(py)?;
        drop(request.end());
        let taken = {
            let mut held = self.held.lock();
            let place = held.iter().position(|held| held.is(request.id()));
            place.and_then(|place| held.remove(place))
        };
        drop(taken);
        settled()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let held = self.held.get_mut();
        if !held.is_empty() {
            held.clear();
            settled_in_destructor();
        }
    }
}

/// What `with` raises when the time is up.
fn timed_out(py: Python<'_>) -> PyErr {
    let message = oarlock::AcquireTimeoutError::Timeout.to_string();
    exception(py, "Timeout", message)
}
