//! Timeouts as they come in from C.

use crate::failure::Failure;
use crate::status::{OARLOCK_ERR_INVALID_TIMEOUT, OARLOCK_ERR_TIMEOUT_TOO_LARGE};
use std::time::{Duration, Instant};

/// As a timeout: wait for as long as it takes.
pub const OARLOCK_FOREVER: i64 = -1;

/// A timeout in nanoseconds as a duration; `None` is for ever.
pub(crate) fn read(timeout_ns: i64) -> Result<Option<Duration>, Failure> {
    match u64::try_from(timeout_ns) {
        Ok(ns) => Ok(Some(Duration::from_nanos(ns))),
        Err(_) if timeout_ns == OARLOCK_FOREVER => Ok(None),
        Err(_) => Err(Failure::new(
            OARLOCK_ERR_INVALID_TIMEOUT,
            format!("the timeout is {timeout_ns} ns: it must be -1 (for ever), 0 (try) or more"),
        )),
    }
}

/// The time at which a timeout that begins now ends.
pub(crate) fn end(timeout: Duration) -> Result<Instant, Failure> {
    Instant::now()
        .checked_add(timeout)
        .ok_or_else(|| Failure::of(OARLOCK_ERR_TIMEOUT_TOO_LARGE))
}

/// A timeout as the deadline of a call that begins now.
pub(crate) fn deadline(timeout_ns: i64) -> Result<Option<Instant>, Failure> {
    read(timeout_ns)?.map(end).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minus_one_is_for_ever_and_less_is_an_error() {
        assert_eq!(read(-1).ok().flatten(), None);
        assert_eq!(read(0).ok().flatten(), Some(Duration::ZERO));
        assert_eq!(read(7).ok().flatten(), Some(Duration::from_nanos(7)));
        for bad in [-2, i64::MIN] {
            let failure = read(bad).err().map(|failure| failure.code());
            assert_eq!(failure, Some(OARLOCK_ERR_INVALID_TIMEOUT));
        }
    }
}
