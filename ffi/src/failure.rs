//! The inner error of this crate: a status, and perhaps a sentence of its own.

use crate::error::oarlock_error;
use crate::status::*;
use engine::{AcquireError, AcquireTimeoutError, CancelError, InvalidRequest, StaleLock};
use engine::{TryAcquireError, WaitError};
use std::any::Any;
use std::borrow::Cow;

/// Why an entry fails.
pub(crate) struct Failure {
    code: oarlock_status,
    /// What is particular about this failure; without it the status says all.
    detail: Option<Cow<'static, str>>,
}

impl Failure {
    /// A failure that its status explains.
    pub(crate) fn of(code: oarlock_status) -> Self {
        Self { code, detail: None }
    }

    /// A failure with a sentence of its own.
    pub(crate) fn new(code: oarlock_status, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            detail: Some(detail.into()),
        }
    }

    /// A bad pointer or reserved field.
    pub(crate) fn argument(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(OARLOCK_ERR_INVALID_ARGUMENT, detail)
    }

    /// A caught panic.
    pub(crate) fn panic(payload: Box<dyn Any + Send>) -> Self {
        let said = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned());
        // Dropping a payload may panic again; a bug may cost its few bytes.
        std::mem::forget(payload);
        match said {
            Some(said) => Self::new(OARLOCK_ERR_PANIC, format!("a bug in the library: {said}")),
            None => Self::of(OARLOCK_ERR_PANIC),
        }
    }

    pub(crate) fn code(&self) -> oarlock_status {
        self.code
    }

    /// The error object of this failure, for the caller to own.
    pub(crate) fn into_error(self) -> Box<oarlock_error> {
        let text = match self.detail {
            Some(detail) => detail.into_owned(),
            None => message(self.code).to_string_lossy().into_owned(),
        };
        Box::new(oarlock_error::new(self.code, &text))
    }
}

impl From<InvalidRequest> for Failure {
    fn from(error: InvalidRequest) -> Self {
        let code = match &error {
            InvalidRequest::NoClaims => OARLOCK_ERR_NO_CLAIMS,
            InvalidRequest::EmptySegment { .. } => OARLOCK_ERR_EMPTY_SEGMENT,
            InvalidRequest::TooManyClaims { .. } => OARLOCK_ERR_TOO_MANY_CLAIMS,
            InvalidRequest::TooManySegments { .. } => OARLOCK_ERR_TOO_MANY_SEGMENTS,
            InvalidRequest::PathTooLong { .. } => OARLOCK_ERR_PATH_TOO_LONG,
            InvalidRequest::RequestTooLarge { .. } => OARLOCK_ERR_REQUEST_TOO_LARGE,
            InvalidRequest::TimeoutTooLarge => OARLOCK_ERR_TIMEOUT_TOO_LARGE,
            InvalidRequest::TooManyRequests => OARLOCK_ERR_TOO_MANY_REQUESTS,
            _ => OARLOCK_ERR_INTERNAL,
        };
        Self::new(code, error.to_string())
    }
}

impl From<AcquireError> for Failure {
    fn from(error: AcquireError) -> Self {
        match error {
            AcquireError::Invalid(invalid) => invalid.into(),
            AcquireError::Cancelled => Self::of(OARLOCK_ERR_CANCELLED),
            AcquireError::Closed => Self::of(OARLOCK_ERR_CLOSED),
            other => Self::new(OARLOCK_ERR_INTERNAL, other.to_string()),
        }
    }
}

impl From<TryAcquireError> for Failure {
    fn from(error: TryAcquireError) -> Self {
        match error {
            TryAcquireError::Invalid(invalid) => invalid.into(),
            TryAcquireError::WouldBlock => Self::of(OARLOCK_ERR_WOULD_BLOCK),
            TryAcquireError::Closed => Self::of(OARLOCK_ERR_CLOSED),
            other => Self::new(OARLOCK_ERR_INTERNAL, other.to_string()),
        }
    }
}

impl From<AcquireTimeoutError> for Failure {
    fn from(error: AcquireTimeoutError) -> Self {
        match error {
            AcquireTimeoutError::Invalid(invalid) => invalid.into(),
            AcquireTimeoutError::Timeout => Self::of(OARLOCK_ERR_TIMEOUT),
            AcquireTimeoutError::Cancelled => Self::of(OARLOCK_ERR_CANCELLED),
            AcquireTimeoutError::Closed => Self::of(OARLOCK_ERR_CLOSED),
            other => Self::new(OARLOCK_ERR_INTERNAL, other.to_string()),
        }
    }
}

impl From<WaitError> for Failure {
    fn from(error: WaitError) -> Self {
        match error {
            WaitError::Timeout => Self::of(OARLOCK_ERR_TIMEOUT),
            WaitError::Cancelled => Self::of(OARLOCK_ERR_CANCELLED),
            WaitError::Closed => Self::of(OARLOCK_ERR_CLOSED),
            WaitError::Stale => Self::of(OARLOCK_ERR_STALE),
            other => Self::new(OARLOCK_ERR_INTERNAL, other.to_string()),
        }
    }
}

impl From<CancelError> for Failure {
    fn from(error: CancelError) -> Self {
        match error {
            CancelError::Stale => Self::of(OARLOCK_ERR_STALE),
            CancelError::Granted(_) => Self::of(OARLOCK_ERR_GRANTED),
            other => Self::new(OARLOCK_ERR_INTERNAL, other.to_string()),
        }
    }
}

impl From<StaleLock> for Failure {
    fn from(_: StaleLock) -> Self {
        Self::of(OARLOCK_ERR_STALE)
    }
}
