//! The inner error of this crate: a status, and perhaps a sentence of its own.

use crate::error::{Party, oarlock_error};
use crate::status::*;
use engine::{AcquireError, CancelError, ChangeError, Circle, InvalidRequest, PendingTimeoutError};
use engine::{StaleLock, TryAcquireError, UpgradeError, WaitError};
use std::any::Any;
use std::borrow::Cow;

/// Why an entry fails.
pub(crate) struct Failure {
    code: oarlock_status,
    details: Details,
}

/// What is particular about a failure.
enum Details {
    /// Nothing: the status says all.
    None,
    /// A sentence of its own.
    Sentence(Cow<'static, str>),
    /// The cycle that the request would have stood in. Shared, so cheap to pass on.
    Circle(Circle),
    /// Who was in the way.
    Blockers(Vec<Party>, usize),
}

impl Failure {
    /// A failure that its status explains.
    pub(crate) fn of(code: oarlock_status) -> Self {
        Self {
            code,
            details: Details::None,
        }
    }

    /// A failure with a sentence of its own.
    pub(crate) fn new(code: oarlock_status, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            details: Details::Sentence(detail.into()),
        }
    }

    /// A bad pointer or reserved field.
    pub(crate) fn argument(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(OARLOCK_ERR_INVALID_ARGUMENT, detail)
    }

    /// The time was up. Some of those in the way, and how many there were.
    pub(crate) fn timeout(blockers: Vec<Party>, count: usize) -> Self {
        Self {
            code: OARLOCK_ERR_TIMEOUT,
            details: Details::Blockers(blockers, count),
        }
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

    /// Whether an error object would say more than the status.
    pub(crate) fn has_details(&self) -> bool {
        !matches!(self.details, Details::None)
    }

    /// The error object of this failure, for the caller to own.
    pub(crate) fn into_error(self) -> Box<oarlock_error> {
        let (text, parties) = match self.details {
            Details::None => (message(self.code).to_string_lossy(), Vec::new()),
            Details::Sentence(sentence) => (sentence, Vec::new()),
            Details::Circle(circle) => (circle.to_string().into(), Party::circle(&circle)),
            Details::Blockers(parties, count) => (in_the_way(self.code, &parties, count), parties),
        };
        Box::new(oarlock_error::new(self.code, &text, parties))
    }

    fn circle(circle: Circle) -> Self {
        Self {
            code: OARLOCK_ERR_DEADLOCK,
            details: Details::Circle(circle),
        }
    }
}

/// The sentence of a status, and the names of those that stood in the way.
fn in_the_way(code: oarlock_status, parties: &[Party], count: usize) -> Cow<'static, str> {
    let sentence = message(code).to_string_lossy();
    let names: Vec<_> = parties
        .iter()
        .filter_map(|party| party.label.as_deref())
        .map(|label| format!("{label:?}"))
        .collect();
    match (count.max(parties.len()), names.is_empty()) {
        (0, _) => sentence,
        (count, true) => format!("{sentence}; requests in the way: {count}").into(),
        (count, false) => format!(
            "{sentence}; requests in the way: {count}, among them {}",
            names.join(", ")
        )
        .into(),
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
            InvalidRequest::ZeroLimit => OARLOCK_ERR_ZERO_LIMIT,
            InvalidRequest::LimitOnWrite => OARLOCK_ERR_LIMIT_ON_WRITE,
            InvalidRequest::ForeignOwner => OARLOCK_ERR_FOREIGN_OWNER,
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
            AcquireError::Timeout => Self::of(OARLOCK_ERR_TIMEOUT),
            AcquireError::Deadlock(circle) => Self::circle(circle),
            AcquireError::TooManyWaiting { .. } => {
                Self::new(OARLOCK_ERR_TOO_MANY_WAITING, error.to_string())
            }
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

impl From<UpgradeError> for Failure {
    fn from(error: UpgradeError) -> Self {
        match error {
            UpgradeError::WouldBlock => Self::of(OARLOCK_ERR_WOULD_BLOCK),
            UpgradeError::Timeout => Self::of(OARLOCK_ERR_TIMEOUT),
            UpgradeError::Cancelled => Self::of(OARLOCK_ERR_CANCELLED),
            UpgradeError::Closed => Self::of(OARLOCK_ERR_CLOSED),
            UpgradeError::Deadlock(circle) => Self::circle(circle),
            UpgradeError::AlreadyWaiting => Self::of(OARLOCK_ERR_UPGRADE_WAITING),
            UpgradeError::TimeoutTooLarge => Self::of(OARLOCK_ERR_TIMEOUT_TOO_LARGE),
            UpgradeError::NotGranted => Self::of(OARLOCK_ERR_NOT_GRANTED),
            UpgradeError::Stale => Self::of(OARLOCK_ERR_STALE),
            other => Self::new(OARLOCK_ERR_INTERNAL, other.to_string()),
        }
    }
}

impl From<ChangeError> for Failure {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Stale => Self::of(OARLOCK_ERR_STALE),
            ChangeError::NotGranted => Self::of(OARLOCK_ERR_NOT_GRANTED),
            ChangeError::UpgradeWaiting => Self::of(OARLOCK_ERR_UPGRADE_WAITING),
            ChangeError::NotClaimed => Self::of(OARLOCK_ERR_NOT_CLAIMED),
            ChangeError::Invalid(invalid) => invalid.into(),
            other => Self::new(OARLOCK_ERR_INTERNAL, other.to_string()),
        }
    }
}

impl From<StaleLock> for Failure {
    fn from(_: StaleLock) -> Self {
        Self::of(OARLOCK_ERR_STALE)
    }
}

impl From<PendingTimeoutError> for Failure {
    fn from(error: PendingTimeoutError) -> Self {
        match error {
            PendingTimeoutError::Timeout(_) => Self::of(OARLOCK_ERR_TIMEOUT),
            PendingTimeoutError::TimeoutTooLarge(_) => Self::of(OARLOCK_ERR_TIMEOUT_TOO_LARGE),
            PendingTimeoutError::Ended(error) => error.into(),
        }
    }
}
