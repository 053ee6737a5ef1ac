//! What can go wrong when a granted request is changed.

use std::error::Error;
use std::fmt;

use crate::engine::ChangeRefused;
use crate::error::{Circle, InvalidRequest};

/// Why a request was not upgraded. It holds what it held.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UpgradeError {
    /// Only of a try: others hold what conflicts.
    WouldBlock,
    /// The time was up.
    Timeout,
    /// The upgrade was cancelled, or its request ended, while it waited.
    Cancelled,
    /// The manager is closed, or was closed while the upgrade waited.
    Closed,
    /// What others hold would keep it waiting for ever: of two upgraders of one path
    /// the second is refused. Only the call that begins an upgrade is refused with it,
    /// and one that waits never ends with it.
    Deadlock(Circle),
    /// An upgrade of this request waits already.
    AlreadyWaiting,
    /// The timeout cannot be added to the present time.
    TimeoutTooLarge,
    /// The request is not granted yet.
    NotGranted,
    /// The id is no live request of this manager.
    Stale,
}

/// Why a request was not changed. It holds what it held.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChangeError {
    /// The id is no live request of this manager.
    Stale,
    /// The request is not granted yet.
    NotGranted,
    /// An upgrade of the request waits.
    UpgradeWaiting,
    /// The request has no claim on exactly this path.
    NotClaimed,
    /// The path is no path.
    Invalid(InvalidRequest),
}

impl fmt::Display for UpgradeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WouldBlock => "others hold what the upgrade conflicts with",
            Self::Timeout => "the upgrade was not granted in time",
            Self::Cancelled => "the upgrade was cancelled",
            Self::Closed => "the manager is closed",
            Self::Deadlock(circle) => return circle.fmt(f),
            Self::AlreadyWaiting => "an upgrade of this request waits already",
            Self::TimeoutTooLarge => return InvalidRequest::TimeoutTooLarge.fmt(f),
            Self::NotGranted => "the request is not granted yet",
            Self::Stale => "the id is no live request of this manager",
        })
    }
}

impl fmt::Display for ChangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stale => "the id is no live request of this manager",
            Self::NotGranted => "the request is not granted yet",
            Self::UpgradeWaiting => "an upgrade of the request waits",
            Self::NotClaimed => "the request has no claim on exactly this path",
            Self::Invalid(error) => return error.fmt(f),
        })
    }
}

impl Error for UpgradeError {}
impl Error for ChangeError {}

impl From<ChangeRefused> for ChangeError {
    fn from(refused: ChangeRefused) -> Self {
        match refused {
            ChangeRefused::Stale => Self::Stale,
            ChangeRefused::NotGranted => Self::NotGranted,
            ChangeRefused::Upgrading => Self::UpgradeWaiting,
            ChangeRefused::NotClaimed => Self::NotClaimed,
            ChangeRefused::Invalid(error) => Self::Invalid(error),
        }
    }
}
