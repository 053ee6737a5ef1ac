//! `oarlock.Manager`: where locks come from.

use oarlock::Manager as Core;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::claims::{Claims, Kind};
use crate::fork::{self, Handle};
use crate::lock::Lock;
use crate::pending::Pending;
use crate::request::Request;
use crate::timeout::Timeout;
use crate::wake::settled;

/// A lock manager: one tree of paths, shared by all who use this object.
///
/// A path is text split at '/' (str or bytes; "" is the root) or a list or tuple
/// of segments (str or bytes), taken as they are. A claim on a path covers all
/// below it. Claims asked for together are granted together, all or nothing;
/// conflicting requests are served first in, first out.
///
/// The limits bound a single request; a request over one is refused.
#[pyclass(frozen, weakref, module = "oarlock")]
pub(crate) struct Manager {
    handle: Handle,
    name: Option<String>,
}

impl Manager {
    fn locks(
        &self,
        py: Python<'_>,
        timeout: Option<&Bound<'_, PyAny>>,
        claims: impl FnOnce(oarlock::Limits) -> PyResult<Claims>,
    ) -> PyResult<Lock> {
        let timeout = Timeout::parse(timeout)?;
        let claims = claims(self.handle.get(py)?.limits())?;
        Ok(Lock::new(self.handle.share(py)?, claims, timeout))
    }
}

#[pymethods]
impl Manager {
    #[new]
    #[pyo3(signature = (*, max_claims=None, max_segments=None, max_request_segments=None, max_path_bytes=None))]
    fn new(
        max_claims: Option<usize>,
        max_segments: Option<usize>,
        max_request_segments: Option<usize>,
        max_path_bytes: Option<usize>,
    ) -> Self {
        let mut builder = Core::builder();
        if let Some(limit) = max_claims {
            builder = builder.max_claims(limit);
        }
        if let Some(limit) = max_segments {
            builder = builder.max_segments(limit);
        }
        if let Some(limit) = max_request_segments {
            builder = builder.max_request_segments(limit);
        }
        if let Some(limit) = max_path_bytes {
            builder = builder.max_path_bytes(limit);
        }
        Self {
            handle: Handle::new(builder.build()),
            name: None,
        }
    }

    /// The manager of this name: the same one for all who ask for it in this
    /// process while any of them, or any of its locks, is alive. In a forked
    /// child the names start anew.
    #[staticmethod]
    fn named(name: String) -> Self {
        // The parent's managers live on in the child's memory, and must not be
        // touched. They are all known by names of an earlier generation.
        let known_as = match fork::generation() {
            0 => name.clone(),
            generation => format!("{name}\0{generation}"),
        };
        Self {
            handle: Handle::new(Core::named(&known_as)),
            name: Some(name),
        }
    }

    /// The name, if it has one.
    #[getter]
    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// A Lock that writes these paths: nobody else may hold them, nor anything
    /// above or below them. `timeout` bounds each wait of the Lock, in seconds; None
    /// or -1 waits for ever, 0 only tries.
    ///
    /// Raises NoClaims, EmptySegment, TooManyClaims, TooManySegments,
    /// RequestTooLarge, PathTooLong, the timeout errors, Forked; TypeError for
    /// what is no path.
    #[pyo3(signature = (*paths, timeout=None))]
    fn write(
        &self,
        py: Python<'_>,
        paths: &Bound<'_, PyTuple>,
        timeout: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Lock> {
        self.locks(py, timeout, |limits| {
            Claims::of_kind(Kind::WRITE, paths, limits)
        })
    }

    /// A Lock that reads these paths, beside other readers. Like `write`.
    #[pyo3(signature = (*paths, timeout=None))]
    fn read(
        &self,
        py: Python<'_>,
        paths: &Bound<'_, PyTuple>,
        timeout: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Lock> {
        self.locks(py, timeout, |limits| {
            Claims::of_kind(Kind::READ, paths, limits)
        })
    }

    /// A Lock that writes these paths' own entries, and not what is below the paths:
    /// nobody else may hold the entries, or the paths or anything above. Like `write`.
    #[pyo3(signature = (*paths, timeout=None))]
    fn write_entry(
        &self,
        py: Python<'_>,
        paths: &Bound<'_, PyTuple>,
        timeout: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Lock> {
        self.locks(py, timeout, |limits| {
            Claims::of_kind(Kind::WRITE_ENTRY, paths, limits)
        })
    }

    /// A Lock that reads these paths' own entries, beside other readers. Like
    /// `write_entry`.
    #[pyo3(signature = (*paths, timeout=None))]
    fn read_entry(
        &self,
        py: Python<'_>,
        paths: &Bound<'_, PyTuple>,
        timeout: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Lock> {
        self.locks(py, timeout, |limits| {
            Claims::of_kind(Kind::READ_ENTRY, paths, limits)
        })
    }

    /// A Lock of several claims, granted together. Like `write`.
    ///
    /// Each keyword is one path of text or an iterable of paths. A claim is a tuple
    /// of a mode, "read", "write", "read_entry" or "write_entry", and a path. Raises
    /// UnknownMode for another mode.
    #[pyo3(signature = (*claims, write=None, read=None, write_entry=None, read_entry=None, timeout=None))]
    #[expect(clippy::too_many_arguments, reason = "they are Python's keywords")]
    fn lock(
        &self,
        py: Python<'_>,
        claims: &Bound<'_, PyTuple>,
        write: Option<&Bound<'_, PyAny>>,
        read: Option<&Bound<'_, PyAny>>,
        write_entry: Option<&Bound<'_, PyAny>>,
        read_entry: Option<&Bound<'_, PyAny>>,
        timeout: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Lock> {
        let keywords = [
            (Kind::WRITE, write),
            (Kind::READ, read),
            (Kind::WRITE_ENTRY, write_entry),
            (Kind::READ_ENTRY, read_entry),
        ];
        self.locks(py, timeout, |limits| {
            Claims::parse(claims, keywords, limits)
        })
    }

    /// Takes a place in the queue now, without blocking. Claims as in `lock`.
    ///
    /// Raises what `lock` raises, Closed and TooManyRequests.
    #[pyo3(signature = (*claims, write=None, read=None, write_entry=None, read_entry=None))]
    fn enqueue(
        &self,
        py: Python<'_>,
        claims: &Bound<'_, PyTuple>,
        write: Option<&Bound<'_, PyAny>>,
        read: Option<&Bound<'_, PyAny>>,
        write_entry: Option<&Bound<'_, PyAny>>,
        read_entry: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Pending> {
        let limits = self.handle.get(py)?.limits();
        let keywords = [
            (Kind::WRITE, write),
            (Kind::READ, read),
            (Kind::WRITE_ENTRY, write_entry),
            (Kind::READ_ENTRY, read_entry),
        ];
        let claims = Claims::parse(claims, keywords, limits)?;
        Request::enqueue(py, &self.handle, &claims).map(Pending::new)
    }

    /// Closes the manager: who waits gets Closed, and so does who asks from now
    /// on. What is held stays held until it is released. Never blocks.
    ///
    /// Raises Forked in a forked child.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.handle.get(py)?.close();
        settled()
    }

    /// Whether it is closed.
    #[getter]
    fn closed(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.handle.get(py)?.is_closed())
    }

    /// The most claims in one request.
    #[getter]
    fn max_claims(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(self.handle.get(py)?.limits().max_claims)
    }

    /// The most segments in one path.
    #[getter]
    fn max_segments(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(self.handle.get(py)?.limits().max_segments)
    }

    /// The most segments in all paths of one request together.
    #[getter]
    fn max_request_segments(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(self.handle.get(py)?.limits().max_request_segments)
    }

    /// The most bytes in one path, separators not counted.
    #[getter]
    fn max_path_bytes(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(self.handle.get(py)?.limits().max_path_bytes)
    }

    fn __repr__(&self) -> String {
        match &self.name {
            Some(name) => format!("<oarlock.Manager {name:?}>"),
            None => "<oarlock.Manager>".to_owned(),
        }
    }
}
