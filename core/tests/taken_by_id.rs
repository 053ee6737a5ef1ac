//! Requests that are placed for a table of locks, without guards.

use std::time::Duration;

use oarlock::{AcquireError, EnqueuedById, InvalidRequest, LockId, LockState, Manager, StaleLock};
use oarlock::{TryAcquireError, read, write};

#[track_caller]
fn granted(enqueued: EnqueuedById) -> (LockId, u64) {
    match enqueued {
        EnqueuedById::Granted { id, token } => (id, token),
        EnqueuedById::Waiting(pending) => panic!("{pending:?} waits"),
    }
}

#[test]
fn what_is_granted_at_once_is_held_until_it_is_released() {
    let manager = Manager::new();
    let (id, token) = granted(manager.enqueue_by_id(write("a")).expect("valid"));
    assert_eq!(manager.state(id), Ok(LockState::Granted(token)));
    assert!(manager.try_acquire(read("a/b")).is_err());
    assert_eq!(manager.release(id), Ok(()));
    assert_eq!(manager.release(id), Err(StaleLock));
    let (again, later) = manager.try_acquire_by_id(write("a")).expect("free");
    assert!(again != id && later > token);
    let guard = manager.adopt(again).expect("granted");
    assert_eq!(guard.token(), later);
    drop(guard);
    assert!(manager.would_grant(write("")).expect("valid"));
}

#[test]
fn what_waits_is_a_pending_request() {
    let manager = Manager::new();
    let (held, _) = manager
        .try_acquire_by_id([write("a"), write("b")])
        .expect("free");
    assert_eq!(
        manager.try_acquire_by_id(read("a")),
        Err(TryAcquireError::WouldBlock)
    );
    let EnqueuedById::Waiting(dropped) = manager.enqueue_by_id(write("a")).expect("valid") else {
        panic!("it is held");
    };
    drop(dropped);
    let EnqueuedById::Waiting(pending) = manager.enqueue_by_id(write("b")).expect("valid") else {
        panic!("it is held");
    };
    manager.release(held).expect("held");
    let guard = pending.wait_timeout(Duration::ZERO).expect("granted");
    assert_eq!(manager.stats().held, 1);
    drop(guard);
}

#[test]
fn owners_and_errors_are_as_with_guards() {
    let manager = Manager::new();
    let owner = manager.owner();
    let outer = manager.request(write("a")).owner(&owner).enqueue_by_id();
    let (outer, _) = granted(outer.expect("valid"));
    let inner = manager
        .request(write("a"))
        .owner(&owner)
        .label("again")
        .try_acquire_by_id();
    let (inner, _) = inner.expect("its own");
    let info = manager.info(inner).expect("live");
    assert_eq!(info.label.as_deref(), Some("again"));
    assert_eq!(info.owner, Some(owner.id()));

    let none = manager.enqueue_by_id([]);
    assert!(matches!(
        none,
        Err(AcquireError::Invalid(InvalidRequest::NoClaims))
    ));
    manager.close();
    assert!(matches!(
        manager.enqueue_by_id(write("b")),
        Err(AcquireError::Closed)
    ));
    assert_eq!(
        manager.try_acquire_by_id(write("b")),
        Err(TryAcquireError::Closed)
    );
    manager.release(outer).expect("held, closed or not");
    manager.release(inner).expect("held, closed or not");
}
