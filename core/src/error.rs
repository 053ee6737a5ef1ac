//! What can go wrong, one type an operation.
//!
//! Every operation that takes claims can refuse them ([`InvalidRequest`]); what
//! else can happen differs, and each type says only what its operation can do.

use std::error::Error;
use std::fmt;

pub use crate::error_change::{ChangeError, UpgradeError};
pub use crate::error_circle::{Circle, CircleMember};
use crate::pending::Pending;

/// The caller's request makes no sense or is over a limit. Nothing was queued
/// and nothing changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidRequest {
    /// A request needs at least one claim.
    NoClaims,
    /// Text such as `a//b`, `/a` or `a/` holds an empty segment.
    EmptySegment {
        /// The text, shortened if it is long.
        path: String,
        /// Which segment is empty, counted from 0.
        index: usize,
    },
    /// More claims than [`Limits::max_claims`](crate::Limits::max_claims).
    TooManyClaims {
        /// The limit in force.
        limit: usize,
    },
    /// A path with more segments than
    /// [`Limits::max_segments`](crate::Limits::max_segments).
    TooManySegments {
        /// How many the path has.
        count: usize,
        /// The limit in force.
        limit: usize,
    },
    /// More segments in all paths together than
    /// [`Limits::max_request_segments`](crate::Limits::max_request_segments).
    RequestTooLarge {
        /// The limit in force.
        limit: usize,
    },
    /// A path with more bytes than
    /// [`Limits::max_path_bytes`](crate::Limits::max_path_bytes).
    PathTooLong {
        /// How many the path has, separators not counted.
        bytes: usize,
        /// The limit in force.
        limit: usize,
    },
    /// A limited read claim needs a limit of at least 1.
    ZeroLimit,
    /// Only a read claim can have a limit.
    LimitOnWrite,
    /// The owner was made by another manager.
    ForeignOwner,
    /// The timeout cannot be added to the present time.
    TimeoutTooLarge,
    /// The manager holds as many live requests as it can number (2²⁴ a shard).
    TooManyRequests,
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoClaims => f.write_str("a request needs at least one claim"),
            Self::EmptySegment { path, index } => {
                write!(
                    f,
                    "segment {index} of the path {path:?} is empty: \
                     a path has no leading, trailing or double `/`"
                )
            }
            Self::TooManyClaims { limit } => {
                write!(f, "the request has more than {limit} claims")
            }
            Self::TooManySegments { count, limit } => {
                write!(f, "a path has {count} segments, the limit is {limit}")
            }
            Self::RequestTooLarge { limit } => {
                write!(
                    f,
                    "the request's paths have more than {limit} segments together"
                )
            }
            Self::PathTooLong { bytes, limit } => {
                write!(f, "a path has {bytes} bytes, the limit is {limit}")
            }
            Self::ZeroLimit => {
                f.write_str("the limit of a read claim is 0; it has to be at least 1")
            }
            Self::LimitOnWrite => f.write_str("a write claim has a limit; only a read can"),
            Self::ForeignOwner => f.write_str("the owner was made by another manager"),
            Self::TimeoutTooLarge => f.write_str("the timeout is too large to add to now"),
            Self::TooManyRequests => f.write_str("the manager is full: too many live requests"),
        }
    }
}

impl Error for InvalidRequest {}

/// Why an acquire that may wait did not give the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AcquireError {
    /// The request was refused before it was queued.
    Invalid(InvalidRequest),
    /// The request was cancelled while it waited.
    Cancelled,
    /// The request's time was up: [`Manager::expire`](crate::Manager::expire).
    Timeout,
    /// The manager is closed, or was closed while the request waited.
    Closed,
    /// What others hold would keep the request waiting for ever: they wait, through
    /// others or not, for what its owner holds. Only the call that makes a request is
    /// refused with it, and a request that waits never ends with it. What the owner
    /// holds it holds still.
    Deadlock(Circle),
    /// As many requests wait as may.
    TooManyWaiting {
        /// The limit in force.
        limit: usize,
    },
}

/// Why a try did not give the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TryAcquireError {
    /// The request was refused.
    Invalid(InvalidRequest),
    /// It would have had to wait.
    WouldBlock,
    /// The manager is closed.
    Closed,
}

/// Why an acquire with a time limit did not give the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AcquireTimeoutError {
    /// The request was refused before it was queued.
    Invalid(InvalidRequest),
    /// The time was up. The request has left the queue.
    Timeout,
    /// The request was cancelled while it waited.
    Cancelled,
    /// The manager is closed, or was closed while the request waited.
    Closed,
    /// As [`AcquireError::Deadlock`].
    Deadlock(Circle),
    /// As [`AcquireError::TooManyWaiting`].
    TooManyWaiting {
        /// The limit in force.
        limit: usize,
    },
}

/// Why [`Manager::wait`](crate::Manager::wait) did not give the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitError {
    /// The time was up. The request is still queued.
    Timeout,
    /// The request was cancelled, released or expired while this call waited.
    Cancelled,
    /// The manager was closed while this call waited.
    Closed,
    /// The id is no live request of this manager.
    Stale,
}

/// Why [`Manager::cancel`](crate::Manager::cancel) or
/// [`Manager::expire`](crate::Manager::expire) did not cancel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CancelError {
    /// The id is no live request of this manager.
    Stale,
    /// The grant won: the caller holds the lock, with this token.
    Granted(u64),
}

/// The id is no live request of this manager: its request has ended, or it
/// belongs to another manager, or it never was one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StaleLock;

/// Why [`Pending::wait_timeout`] did not give the lock.
#[derive(Debug)]
pub enum PendingTimeoutError {
    /// The time was up. The request keeps its place; here it is back.
    Timeout(Pending),
    /// The timeout cannot be added to the present time; the request is back.
    TimeoutTooLarge(Pending),
    /// The request ended without the lock.
    Ended(AcquireError),
}

const WOULD_BLOCK: &str = "the lock is not free now";
const TIMEOUT: &str = "the lock was not granted in time";
const CANCELLED: &str = "the request was cancelled";
const CLOSED: &str = "the manager is closed";
const STALE: &str = "the id is no live request of this manager";

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(error) => error.fmt(f),
            Self::Cancelled => f.write_str(CANCELLED),
            Self::Timeout => f.write_str(TIMEOUT),
            Self::Closed => f.write_str(CLOSED),
            Self::Deadlock(circle) => circle.fmt(f),
            Self::TooManyWaiting { limit } => too_many_waiting(f, *limit),
        }
    }
}

fn too_many_waiting(f: &mut fmt::Formatter<'_>, limit: usize) -> fmt::Result {
    write!(f, "too many requests wait, the limit is {limit}")
}

impl fmt::Display for TryAcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(error) => error.fmt(f),
            Self::WouldBlock => f.write_str(WOULD_BLOCK),
            Self::Closed => f.write_str(CLOSED),
        }
    }
}

impl fmt::Display for AcquireTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(error) => error.fmt(f),
            Self::Timeout => f.write_str(TIMEOUT),
            Self::Cancelled => f.write_str(CANCELLED),
            Self::Closed => f.write_str(CLOSED),
            Self::Deadlock(circle) => circle.fmt(f),
            Self::TooManyWaiting { limit } => too_many_waiting(f, *limit),
        }
    }
}

impl fmt::Display for WaitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => TIMEOUT,
            Self::Cancelled => CANCELLED,
            Self::Closed => CLOSED,
            Self::Stale => STALE,
        })
    }
}

impl fmt::Display for CancelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stale => STALE,
            Self::Granted(_) => "the request was granted before it could be cancelled",
        })
    }
}

impl fmt::Display for StaleLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(STALE)
    }
}

impl fmt::Display for PendingTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout(_) => f.write_str("the lock was not granted in time; still queued"),
            Self::TimeoutTooLarge(_) => InvalidRequest::TimeoutTooLarge.fmt(f),
            Self::Ended(error) => error.fmt(f),
        }
    }
}

impl Error for AcquireError {}
impl Error for TryAcquireError {}
impl Error for AcquireTimeoutError {}
impl Error for WaitError {}
impl Error for CancelError {}
impl Error for StaleLock {}
impl Error for PendingTimeoutError {}

impl From<InvalidRequest> for AcquireError {
    fn from(error: InvalidRequest) -> Self {
        Self::Invalid(error)
    }
}

impl From<InvalidRequest> for TryAcquireError {
    fn from(error: InvalidRequest) -> Self {
        Self::Invalid(error)
    }
}

impl From<InvalidRequest> for AcquireTimeoutError {
    fn from(error: InvalidRequest) -> Self {
        Self::Invalid(error)
    }
}

impl From<AcquireError> for AcquireTimeoutError {
    fn from(error: AcquireError) -> Self {
        match error {
            AcquireError::Invalid(error) => Self::Invalid(error),
            AcquireError::Cancelled => Self::Cancelled,
            AcquireError::Timeout => Self::Timeout,
            AcquireError::Closed => Self::Closed,
            AcquireError::Deadlock(circle) => Self::Deadlock(circle),
            AcquireError::TooManyWaiting { limit } => Self::TooManyWaiting { limit },
        }
    }
}
