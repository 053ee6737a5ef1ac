//! Errors as JavaScript reads them: `CODE message`, one space between.
//!
//! `lib/errors.js` makes an `OarlockError` of it.

use oarlock::{AcquireError, InvalidRequest, TryAcquireError};

/// A failed call: the code (`OARLOCK_...`, without spaces) and a sentence.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure(String);

impl Failure {
    /// A mistake in this binding, as a panic would be one.
    pub(crate) fn internal(what: &str) -> Self {
        Self::new("OARLOCK_PANIC", what)
    }

    /// The manager's number is unknown here.
    pub(crate) fn no_manager() -> Self {
        Self::internal("no such manager")
    }

    /// The lock of this slot has ended.
    pub(crate) fn stale() -> Self {
        Self::new("OARLOCK_STALE", oarlock::StaleLock)
    }

    /// The text for JavaScript.
    pub(crate) fn into_text(self) -> String {
        self.0
    }

    fn new(code: &str, sentence: impl std::fmt::Display) -> Self {
        Self(format!("{code} {sentence}"))
    }
}

impl From<&InvalidRequest> for Failure {
    fn from(error: &InvalidRequest) -> Self {
        let code = match error {
            InvalidRequest::NoClaims => "OARLOCK_NO_CLAIMS",
            InvalidRequest::EmptySegment { .. } => "OARLOCK_EMPTY_SEGMENT",
            InvalidRequest::TooManyClaims { .. } => "OARLOCK_TOO_MANY_CLAIMS",
            InvalidRequest::TooManySegments { .. } => "OARLOCK_TOO_MANY_SEGMENTS",
            InvalidRequest::RequestTooLarge { .. } => "OARLOCK_REQUEST_TOO_LARGE",
            InvalidRequest::PathTooLong { .. } => "OARLOCK_PATH_TOO_LONG",
            InvalidRequest::TimeoutTooLarge => "OARLOCK_TIMEOUT_TOO_LARGE",
            InvalidRequest::TooManyRequests => "OARLOCK_TOO_MANY_REQUESTS",
            _ => "OARLOCK_INVALID_ARGUMENT",
        };
        Self::new(code, error)
    }
}

impl From<&AcquireError> for Failure {
    fn from(error: &AcquireError) -> Self {
        match error {
            AcquireError::Invalid(invalid) => invalid.into(),
            AcquireError::Cancelled => Self::new("OARLOCK_CANCELLED", error),
            AcquireError::Closed => Self::new("OARLOCK_CLOSED", error),
            _ => Self::new("OARLOCK_PANIC", error),
        }
    }
}

impl From<&TryAcquireError> for Failure {
    fn from(error: &TryAcquireError) -> Self {
        match error {
            TryAcquireError::Invalid(invalid) => invalid.into(),
            TryAcquireError::WouldBlock => Self::new("OARLOCK_WOULD_BLOCK", error),
            TryAcquireError::Closed => Self::new("OARLOCK_CLOSED", error),
            _ => Self::new("OARLOCK_PANIC", error),
        }
    }
}
