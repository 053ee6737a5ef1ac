//! Timeouts as they come in from C.

use crate::failure::Failure;
use crate::status::{OARLOCK_ERR_INVALID_TIMEOUT, OARLOCK_ERR_TIMEOUT_TOO_LARGE};
use std::time::{Duration, Instant};

/// Reads `timeout_ns`: -1 is for ever (`None`), 0 and more a duration.
pub(crate) fn read(timeout_ns: i64) -> Result<Option<Duration>, Failure> {
    match u64::try_from(timeout_ns) {
        Ok(ns) => Ok(Some(Duration::from_nanos(ns))),
        Err(_) if timeout_ns == -1 => Ok(None),
        Err(_) => Err(Failure::new(
            OARLOCK_ERR_INVALID_TIMEOUT,
            format!("the timeout is {timeout_ns} ns: it must be -1 (for ever), 0 (try) or more"),
        )),
    }
}

/// Reads `timeout_ns` as a moment.
pub(crate) fn deadline(timeout_ns: i64) -> Result<Option<Instant>, Failure> {
    let Some(timeout) = read(timeout_ns)? else {
        return Ok(None);
    };
    match Instant::now().checked_add(timeout) {
        Some(deadline) => Ok(Some(deadline)),
        None => Err(Failure::of(OARLOCK_ERR_TIMEOUT_TOO_LARGE)),
    }
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
