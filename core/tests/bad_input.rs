//! Bad input gets an error of its own kind, and changes nothing.

mod common;

use std::time::{Duration, Instant};

use common::{assert_empty, block_on};
use oarlock::{
    AcquireError, AcquireTimeoutError, CancelError, Claim, InvalidRequest, LockId, Manager,
    PendingTimeoutError, StaleLock, TryAcquireError, WaitError, read, write,
};

fn manager() -> Manager {
    Manager::builder()
        .max_claims(3)
        .max_segments(3)
        .max_request_segments(6)
        .max_path_bytes(8)
        .build()
}

/// Every way in refuses the same claims with the same reason.
fn refused(claims: &[Claim<'static>], reason: &InvalidRequest) {
    let manager = manager();
    let claims = || claims.iter().cloned();
    assert_eq!(
        manager.acquire(claims()).err(),
        Some(AcquireError::Invalid(reason.clone()))
    );
    assert_eq!(
        manager.try_acquire(claims()).err(),
        Some(TryAcquireError::Invalid(reason.clone()))
    );
    for timeout in [Duration::ZERO, Duration::from_secs(1)] {
        assert_eq!(
            manager.acquire_timeout(claims(), timeout).err(),
            Some(AcquireTimeoutError::Invalid(reason.clone()))
        );
    }
    assert_eq!(
        manager.acquire_until(claims(), Instant::now()).err(),
        Some(AcquireTimeoutError::Invalid(reason.clone()))
    );
    assert_eq!(
        manager.enqueue(claims()).err(),
        Some(AcquireError::Invalid(reason.clone()))
    );
    assert_eq!(
        manager.enqueue_with(claims(), |_| panic!("called")).err(),
        Some(AcquireError::Invalid(reason.clone()))
    );
    assert_eq!(
        block_on(manager.acquire_async(claims())).err(),
        Some(AcquireError::Invalid(reason.clone()))
    );
    assert!(!reason.to_string().is_empty());
    assert_empty(&manager);
}

#[test]
fn no_claims() {
    refused(&[], &InvalidRequest::NoClaims);
}

#[test]
fn empty_segments_in_text() {
    for (text, index) in [("a//b", 1), ("/a", 0), ("a/", 1), ("/", 0)] {
        refused(
            &[read("ok"), write(text)],
            &InvalidRequest::EmptySegment {
                path: text.to_owned(),
                index,
            },
        );
    }
}

#[test]
fn over_the_limits() {
    refused(
        &[read("a"), read("b"), read("c"), read("d")],
        &InvalidRequest::TooManyClaims { limit: 3 },
    );
    refused(
        &[read("a/b/c/d")],
        &InvalidRequest::TooManySegments { count: 4, limit: 3 },
    );
    refused(
        &[read("a/b/c"), read("d/e/f"), read("g")],
        &InvalidRequest::RequestTooLarge { limit: 6 },
    );
    refused(
        &[read(["123456789"])],
        &InvalidRequest::PathTooLong { bytes: 9, limit: 8 },
    );
    let manager = manager();
    let at_the_limit = [read("a/b/c"), read(["12345678"]), read("")];
    assert!(manager.try_acquire(at_the_limit).is_ok());
}

#[test]
fn default_limits_refuse_absurd_paths_and_take_deep_ones() {
    let manager = Manager::new();
    for depth in [1, 10, 40, 79, 1_000] {
        let guard = manager.try_acquire(write(vec!["s"; depth]));
        assert!(guard.is_ok(), "{depth}");
    }
    assert_eq!(
        manager.try_acquire(write(vec!["s"; 100_000])).err(),
        Some(TryAcquireError::Invalid(InvalidRequest::TooManySegments {
            count: 100_000,
            limit: manager.limits().max_segments
        }))
    );
    assert_empty(&manager);
}

#[test]
fn a_timeout_too_large_to_add_to_now() {
    let manager = manager();
    assert_eq!(
        manager.acquire_timeout(write("a"), Duration::MAX).err(),
        Some(AcquireTimeoutError::Invalid(
            InvalidRequest::TimeoutTooLarge
        ))
    );
    let held = manager.acquire(write("a")).expect("free");
    let pending = manager.enqueue(write("a")).expect("valid");
    let Err(PendingTimeoutError::TimeoutTooLarge(pending)) = pending.wait_timeout(Duration::MAX)
    else {
        panic!("not refused");
    };
    drop(held);
    assert!(pending.wait().is_ok());
    assert_empty(&manager);
}

#[test]
fn stale_foreign_and_made_up_ids() {
    let (manager, other) = (manager(), Manager::new());
    let held = manager.acquire(write("a")).expect("free");
    let foreign = other.acquire(write("a")).expect("free");
    let gone = manager.acquire(write("b")).expect("free").into_id();
    assert_eq!(manager.release(gone), Ok(()));
    for id in [
        gone,
        foreign.id(),
        LockId::from_u64(0),
        LockId::from_u64(u64::MAX),
        LockId::from_u64(held.id().to_u64() ^ 1),
        LockId::from_u64(held.id().to_u64() ^ (1 << 40)),
    ] {
        assert_eq!(manager.release(id), Err(StaleLock), "{id:?}");
        assert_eq!(manager.cancel(id), Err(CancelError::Stale));
        assert_eq!(manager.state(id), Err(StaleLock));
        assert_eq!(manager.wait(id, None), Err(WaitError::Stale));
        assert!(manager.adopt(id).is_err());
    }
    assert!(manager.try_acquire(read("a")).is_err(), "still held");
    let id = held.id();
    assert_eq!(held.release(), Ok(()));
    assert_eq!(manager.release(id), Err(StaleLock), "a second release");
    assert_empty(&manager);
    assert!(other.try_acquire(read("a")).is_err());
    drop(foreign);
}

#[test]
fn a_guard_released_by_its_id_says_so_and_takes_nothing_from_others() {
    let manager = manager();
    let guard = manager.acquire(write("a")).expect("free");
    assert_eq!(manager.release(guard.id()), Ok(()));
    let next = manager.acquire(write("a")).expect("free");
    assert_eq!(guard.release(), Err(StaleLock));
    assert!(manager.try_acquire(write("a")).is_err());
    drop(next);
    assert_empty(&manager);
}

#[test]
fn a_waiting_id_is_no_guard() {
    let manager = manager();
    let held = manager.acquire(write("a")).expect("free");
    let waiting = manager.enqueue(write("a")).expect("valid");
    assert!(manager.adopt(waiting.id()).is_err());
    drop(waiting);
    drop(held);
    assert_empty(&manager);
}
