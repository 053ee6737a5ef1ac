//! Timeouts as they come in from Python: seconds, `-1` or `None` for ever.

use std::time::{Duration, Instant};

use oarlock::InvalidRequest;
use pyo3::exceptions::PyOverflowError;
use pyo3::prelude::*;

use crate::error::{exception, invalid};

/// The longest timeout, in seconds: the same as `threading.TIMEOUT_MAX` on
/// 64-bit systems, some 292 years.
pub(crate) const TIMEOUT_MAX: f64 = 9_223_372_036.0;

/// How long to wait at most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Timeout {
    Never,
    After(Duration),
}

impl Timeout {
    /// Reads seconds.
    ///
    /// # Errors
    ///
    /// `TypeError` for what is no number, `NegativeTimeout` for anything below
    /// zero but -1, `InvalidTimeout` for NaN, `TimeoutTooLarge` above
    /// [`TIMEOUT_MAX`].
    pub(crate) fn parse(timeout: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let Some(timeout) = timeout else {
            return Ok(Self::Never);
        };
        let py = timeout.py();
        let seconds = match timeout.extract::<f64>() {
            Ok(seconds) => seconds,
            // An int that no float can hold: too large, or far below zero.
            Err(error) if error.is_instance_of::<PyOverflowError>(py) => {
                if timeout.lt(0)? {
                    f64::NEG_INFINITY
                } else {
                    f64::INFINITY
                }
            }
            Err(error) => return Err(error),
        };
        if seconds == -1.0 {
            Ok(Self::Never)
        } else if seconds.is_nan() {
            Err(exception(
                py,
                "InvalidTimeout",
                "the timeout is not a number",
            ))
        } else if seconds < 0.0 {
            Err(exception(
                py,
                "NegativeTimeout",
                "the timeout must be 0 or more, or -1 to wait for ever",
            ))
        } else if seconds > TIMEOUT_MAX {
            Err(invalid(py, &InvalidRequest::TimeoutTooLarge))
        } else {
            Ok(Self::After(Duration::from_secs_f64(seconds)))
        }
    }

    /// Whether this asks for a try.
    pub(crate) fn is_zero(self) -> bool {
        self == Self::After(Duration::ZERO)
    }

    /// The moment until which to wait; `None` is for ever.
    pub(crate) fn deadline(self, py: Python<'_>) -> PyResult<Option<Instant>> {
        match self {
            Self::Never => Ok(None),
            Self::After(duration) => Instant::now()
                .checked_add(duration)
                .map(Some)
                .ok_or_else(|| invalid(py, &InvalidRequest::TimeoutTooLarge)),
        }
    }

    /// Seconds for an event loop's timer; `None` is for ever.
    pub(crate) fn seconds(self) -> Option<f64> {
        match self {
            Self::Never => None,
            Self::After(duration) => Some(duration.as_secs_f64()),
        }
    }
}
