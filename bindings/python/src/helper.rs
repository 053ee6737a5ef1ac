//! The Python half of the waits of event loops, `oarlock/_asyncio.py`.

use pyo3::call::PyCallArgs;
use pyo3::exceptions::PyStopIteration;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

/// A function of `oarlock._asyncio`, looked up once.
pub(crate) struct Helper {
    name: &'static str,
    function: PyOnceLock<Py<PyAny>>,
}

pub(crate) static ACQUIRE: Helper = Helper::new("acquire");
pub(crate) static ENTER: Helper = Helper::new("enter");
pub(crate) static ENTER_PENDING: Helper = Helper::new("enter_pending");
pub(crate) static WAIT: Helper = Helper::new("wait");
pub(crate) static WAKE: Helper = Helper::new("wake");

impl Helper {
    const fn new(name: &'static str) -> Self {
        Self {
            name,
            function: PyOnceLock::new(),
        }
    }

    pub(crate) fn get<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyAny>> {
        self.function.import(py, "oarlock._asyncio", self.name)
    }

    pub(crate) fn call<'py>(
        &self,
        py: Python<'py>,
        arguments: impl PyCallArgs<'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.get(py)?.call1(arguments)
    }
}

/// An awaitable whose result is there: `async with` on a free lock takes no
/// coroutine and no trip through the loop.
#[pyclass(frozen, module = "oarlock._core")]
pub(crate) struct Ready {
    /// `None` is Python's None, which needs no exception to carry it.
    value: Option<Py<PyAny>>,
}

impl Ready {
    /// An awaitable of this value.
    pub(crate) fn with<'py>(
        py: Python<'py>,
        value: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        Ok(Bound::new(py, Self { value })?.into_any())
    }
}

#[pymethods]
impl Ready {
    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        match &self.value {
            None => Ok(None),
            Some(value) => Err(PyStopIteration::new_err((value.clone_ref(py),))),
        }
    }
}
