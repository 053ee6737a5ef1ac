//! The clock of deadlines.

use std::time::Duration;

/// Gives the present time in nanoseconds: a clock that never goes backwards and
/// that no one sets. On Linux it is CLOCK_MONOTONIC, so that its times can be
/// computed from clock_gettime; elsewhere its zero is the first call.
///
/// Ownership: nothing.
/// Lifetimes: nothing.
/// Threads: any; async-signal-safe on Linux.
/// Blocks: never.
/// Statuses: none.
#[unsafe(no_mangle)]
pub extern "C" fn oarlock_now() -> i64 {
    now()
}

/// Gives the timeout that ends at a time of oarlock_now: an absolute deadline for
/// any function that takes a timeout, as in
/// oarlock_wait(manager, lock, oarlock_until(deadline), NULL, NULL). 0, which
/// tries, when the time has passed.
///
/// Ownership: nothing.
/// Lifetimes: nothing.
/// Threads: any; async-signal-safe on Linux.
/// Blocks: never.
/// Statuses: none; never negative, so a deadline is never for ever.
#[unsafe(no_mangle)]
pub extern "C" fn oarlock_until(deadline_ns: i64) -> i64 {
    deadline_ns.saturating_sub(now()).max(0)
}

/// The C library's clock: rustix's own looks for the vDSO first, which is no work for
/// a signal handler, and valgrind hides it.
#[cfg(target_os = "linux")]
fn now() -> i64 {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: writable. This clock is always there.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    nanos(Duration::new(now.tv_sec as u64, now.tv_nsec as u32))
}

#[cfg(not(target_os = "linux"))]
fn now() -> i64 {
    use std::sync::OnceLock;
    use std::time::Instant;
    static ZERO: OnceLock<Instant> = OnceLock::new();
    nanos(ZERO.get_or_init(Instant::now).elapsed())
}

fn nanos(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_what_is_left_and_never_negative() {
        let now = oarlock_now();
        assert!(now > 0);
        let hour = 3_600_000_000_000;
        let left = oarlock_until(now + hour);
        assert!(left <= hour && left > hour - hour / 2, "{left}");
        for past in [now, now - 1, 0, -1, i64::MIN] {
            assert_eq!(oarlock_until(past), 0);
        }
        assert!(oarlock_until(i64::MAX) > hour);
    }
}
