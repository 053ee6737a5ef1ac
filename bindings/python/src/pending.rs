//! `oarlock.Pending`: one request that has its place in the queue.

use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::error;
use crate::helper::{self, Ready};
use crate::request::{GivenUp, Phase, Request};
use crate::timeout::Timeout;
use crate::wake::{LoopWaker, Waker, settled, settled_in_destructor};

/// One request, queued at once by Manager.enqueue, which does not block.
///
/// It can be waited for by `with`, `async with`, `wait` and `wait_async`, from
/// several threads and tasks, and is released once. A Pending that is collected
/// leaves the queue, or releases what it holds.
#[pyclass(frozen, weakref, module = "oarlock")]
pub(crate) struct Pending {
    request: Request,
}

impl Pending {
    pub(crate) fn new(request: Request) -> Self {
        Self { request }
    }

    pub(crate) fn request(&self) -> &Request {
        &self.request
    }

    /// Whether it is granted; why not, if it never will be.
    fn outcome(&self, py: Python<'_>) -> PyResult<bool> {
        // A grant whose guard is on its way is a grant.
        if self.request.token(py)?.is_some() {
            return Ok(true);
        }
        let ended = self.request.look(|phase| match phase {
            Phase::Waiting => Ok(false),
            Phase::Granted(_) => Ok(true),
            Phase::Closed => Err(Some(oarlock::AcquireError::Closed)),
            Phase::Cancelled => Err(Some(oarlock::AcquireError::Cancelled)),
            Phase::Ended => Err(None),
        });
        ended.map_err(|ended| match ended {
            Some(reason) => error::acquire(py, &reason),
            None => error::not_held(py, "the request was released"),
        })
    }

    fn wait_within(&self, py: Python<'_>, timeout: Timeout) -> PyResult<bool> {
        if self.outcome(py)? {
            return Ok(true);
        }
        if !timeout.is_zero() {
            self.request.wait(py, timeout.deadline(py)?)?;
        }
        self.outcome(py)
    }

    /// Ends the request in the way of `release`.
    fn release_it(&self, py: Python<'_>) -> PyResult<()> {
        if self.request.token(py)?.is_none() {
            return Err(error::not_held(
                py,
                "release of a request that is not granted",
            ));
        }
        let was = self.request.end();
        if matches!(was, Phase::Ended) {
            return Err(error::not_held(py, "the request was released"));
        }
        drop(was);
        settled()
    }
}

#[pymethods]
impl Pending {
    /// "waiting", "acquired", "cancelled", "closed" or "released".
    ///
    /// Raises Forked in a forked child.
    #[getter]
    fn state(&self, py: Python<'_>) -> PyResult<&'static str> {
        if self.request.token(py)?.is_some() {
            return Ok("acquired");
        }
        Ok(self.request.look(|phase| match phase {
            Phase::Waiting => "waiting",
            Phase::Granted(_) => "acquired",
            Phase::Cancelled => "cancelled",
            Phase::Closed => "closed",
            Phase::Ended => "released",
        }))
    }

    /// The fencing token: of two conflicting grants the later has the greater.
    ///
    /// Raises NotHeld while it waits and when it has ended, Forked in a child.
    #[getter]
    fn token(&self, py: Python<'_>) -> PyResult<u64> {
        self.request
            .token(py)?
            .ok_or_else(|| error::not_held(py, "only a granted request has a token"))
    }

    /// Waits until it is granted: True; False when `timeout` seconds have passed,
    /// and the request keeps its place. -1 or None waits for ever, 0 only looks.
    ///
    /// Blocks like `Lock.acquire`; when a signal handler raises, the request
    /// keeps its place. Raises Cancelled, Closed, NotHeld (it was released),
    /// Forked, NegativeTimeout, InvalidTimeout, TimeoutTooLarge.
    #[pyo3(signature = (timeout=None), text_signature = "($self, timeout=-1)")]
    fn wait(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
        self.wait_within(py, Timeout::parse(timeout)?)
    }

    /// The same without blocking the event loop. A task that is cancelled
    /// meanwhile leaves the request in its place.
    #[pyo3(signature = (timeout=None))]
    fn wait_async<'py>(
        slf: &Bound<'py, Self>,
        timeout: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        helper::WAIT.call(slf.py(), (slf, timeout))
    }

    /// Leaves the queue: True. False if the grant came first: it is held now.
    ///
    /// Never blocks. Raises NotHeld when it has ended before, Forked in a child.
    fn cancel(&self, py: Python<'_>) -> PyResult<bool> {
        let left = match self.request.give_up(py)? {
            GivenUp::Left => true,
            GivenUp::Granted => false,
            GivenUp::Ended => return Err(error::not_held(py, "the request has ended")),
        };
        settled().map(|()| left)
    }

    /// Releases it. Never blocks.
    ///
    /// Raises NotHeld when it is not granted or was released, Forked in a child.
    fn release(&self, py: Python<'_>) -> PyResult<()> {
        self.release_it(py)
    }

    fn __enter__<'py>(slf: Bound<'py, Self>) -> PyResult<Bound<'py, Self>> {
        let pending = slf.get();
        match pending.wait_within(slf.py(), Timeout::Never) {
            Ok(_) => Ok(slf),
            Err(error) => {
                // `__exit__` will not be called.
                drop(pending.request.end());
                let _ = settled();
                Err(error)
            }
        }
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyTuple>) -> PyResult<()> {
        self.release_it(py)
    }

    fn __aenter__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        helper::ENTER_PENDING.call(slf.py(), (slf,))
    }

    #[pyo3(signature = (*_exception))]
    fn __aexit__<'py>(
        &self,
        py: Python<'py>,
        _exception: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.release_it(py)?;
        Ready::with(py, None)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(match self.state(py) {
            Ok(state) => format!("<oarlock.Pending, {state}>"),
            Err(_) => "<oarlock.Pending of another process>".to_owned(),
        })
    }

    /// For `wait_async`: the timeout in seconds, checked; None is for ever.
    #[staticmethod]
    #[pyo3(signature = (timeout))]
    fn _seconds(timeout: Option<&Bound<'_, PyAny>>) -> PyResult<Option<f64>> {
        Ok(Timeout::parse(timeout)?.seconds())
    }

    /// For `wait_async`: has the future settled on its loop when the outcome is
    /// there; False if it is there already. `sole`: nobody but the future's task
    /// will ever see the outcome, so a closed loop ends the request.
    fn _watch(
        &self,
        py: Python<'_>,
        event_loop: Py<PyAny>,
        future: Py<PyAny>,
        sole: bool,
    ) -> PyResult<bool> {
        self.request.check(py)?;
        Ok(self.request.watch(Waker::Loop(LoopWaker {
            wake: helper::WAKE.get(py)?.clone().unbind(),
            event_loop,
            future,
            sole,
        })))
    }

    /// For `wait_async`: forgets the future.
    fn _unwatch(&self, future: &Bound<'_, PyAny>) {
        self.request.unwatch(
            |waker| matches!(waker, Waker::Loop(waker) if waker.future.as_ptr() == future.as_ptr()),
        );
    }

    /// For `async with`: ends the request, whatever it is.
    fn _abandon(&self, py: Python<'_>) -> PyResult<()> {
        self.request.check(py)?;
        drop(self.request.end());
        settled()
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        drop(self.request.end());
        settled_in_destructor();
    }
}
