//! Refusals as Python exceptions.
//!
//! The classes are written in Python (`oarlock/_errors.py`), since several have
//! two built-in bases; here they are only found by name and given a sentence.

use oarlock::{AcquireError, InvalidRequest, TryAcquireError};
use pyo3::exceptions::PySystemError;
use pyo3::prelude::*;
use pyo3::types::PyType;

/// The exception of this class with this message.
///
/// Looked up anew each time: these are the slow paths.
pub(crate) fn exception(py: Python<'_>, class: &str, message: impl Into<String>) -> PyErr {
    let found = py
        .import("oarlock._errors")
        .and_then(|module| module.getattr(class))
        .and_then(|class| Ok(class.cast_into::<PyType>()?));
    match found {
        Ok(class) => PyErr::from_type(class, (message.into(),)),
        Err(error) => error,
    }
}

/// A request that the engine or this binding refuses.
pub(crate) fn invalid(py: Python<'_>, error: &InvalidRequest) -> PyErr {
    let class = match error {
        InvalidRequest::NoClaims => "NoClaims",
        InvalidRequest::EmptySegment { .. } => "EmptySegment",
        InvalidRequest::TooManyClaims { .. } => "TooManyClaims",
        InvalidRequest::TooManySegments { .. } => "TooManySegments",
        InvalidRequest::RequestTooLarge { .. } => "RequestTooLarge",
        InvalidRequest::PathTooLong { .. } => "PathTooLong",
        InvalidRequest::TimeoutTooLarge => "TimeoutTooLarge",
        InvalidRequest::TooManyRequests => "TooManyRequests",
        // A kind that this binding does not know yet.
        _ => "InvalidRequest",
    };
    exception(py, class, error.to_string())
}

/// Why a request was not queued, or ended while it waited.
pub(crate) fn acquire(py: Python<'_>, error: &AcquireError) -> PyErr {
    match error {
        AcquireError::Invalid(error) => invalid(py, error),
        AcquireError::Cancelled => exception(py, "Cancelled", error.to_string()),
        AcquireError::Closed => exception(py, "Closed", error.to_string()),
        _ => PySystemError::new_err(error.to_string()),
    }
}

/// What a try says: `None` when the lock is not free now.
pub(crate) fn try_acquire<T>(
    py: Python<'_>,
    result: Result<T, TryAcquireError>,
) -> PyResult<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(TryAcquireError::WouldBlock) => Ok(None),
        Err(TryAcquireError::Invalid(error)) => Err(invalid(py, &error)),
        Err(TryAcquireError::Closed) => Err(acquire(py, &AcquireError::Closed)),
        Err(error) => Err(PySystemError::new_err(error.to_string())),
    }
}

/// A release of what is not held.
pub(crate) fn not_held(py: Python<'_>, message: &str) -> PyErr {
    exception(py, "NotHeld", message)
}
