//! Blocking calls and pending requests: grant, timeout and cancel, each exactly
//! once, and nothing left behind.

mod common;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use common::{LONG, Random, assert_empty, until};
use oarlock::{
    AcquireError, AcquireTimeoutError, CancelError, LockState, Manager, Pending,
    PendingTimeoutError, TryAcquireError, WaitError, read, write,
};

#[test]
fn try_never_queues() {
    let manager = Manager::new();
    let held = manager.acquire(read("a/b")).expect("free");
    for claim in [write("a"), write(""), write("a/b/c")] {
        assert_eq!(
            manager.try_acquire([claim, write("x")]).err(),
            Some(TryAcquireError::WouldBlock)
        );
    }
    // A queued write would be in this reader's way.
    assert!(manager.try_acquire(read("")).is_ok());
    drop(held);
    assert_empty(&manager);
}

#[test]
fn a_try_waits_its_turn_behind_waiting_requests() {
    let manager = Manager::new();
    let reader = manager.acquire(read("a")).expect("free");
    let writer = manager.enqueue(write("a")).expect("valid");
    assert_eq!(
        manager.try_acquire(read("a")).err(),
        Some(TryAcquireError::WouldBlock)
    );
    drop(writer);
    assert!(manager.try_acquire(read("a")).is_ok());
    drop(reader);
}

#[test]
fn a_timeout_leaves_the_queue_at_once() {
    let manager = Manager::new();
    let held = manager.acquire(read("a")).expect("free");
    for timeout in [Duration::ZERO, Duration::from_millis(1)] {
        assert_eq!(
            manager.acquire_timeout(write("a"), timeout).err(),
            Some(AcquireTimeoutError::Timeout)
        );
    }
    assert_eq!(
        manager.acquire_until(write("a"), Instant::now()).err(),
        Some(AcquireTimeoutError::Timeout)
    );
    assert!(manager.try_acquire(read("a")).is_ok());
    drop(held);
    assert!(manager.acquire_timeout(write("a"), LONG).is_ok());
    assert!(manager.acquire_timeout(write("a"), Duration::ZERO).is_ok());
    assert!(manager.acquire_until(write("a"), Instant::now()).is_ok());
}

#[test]
fn a_blocked_thread_is_granted_by_a_release_in_another() {
    let manager = Manager::new();
    let held = manager.acquire(write("a")).expect("free");
    let behind = manager.enqueue(write("a")).expect("valid");
    let id = behind.id();
    thread::scope(|scope| {
        let waiter = scope.spawn(move || behind.wait().expect("granted").token());
        assert_eq!(manager.state(id), Ok(LockState::Waiting));
        let first = held.token();
        // A guard can be released by another thread than the one that got it.
        scope.spawn(move || drop(held));
        assert!(waiter.join().expect("no panic") > first);
    });
    assert_empty(&manager);
}

#[test]
fn a_pending_request_keeps_its_place_when_a_wait_times_out() {
    let manager = Manager::new();
    let held = manager.acquire(write("a")).expect("free");
    let first = manager.enqueue(write("a")).expect("valid");
    let second = manager.enqueue(write("a")).expect("valid");
    let Err(PendingTimeoutError::Timeout(first)) = first.wait_timeout(Duration::from_millis(1))
    else {
        panic!("no timeout");
    };
    assert_eq!(first.state(), Some(LockState::Waiting));
    drop(held);
    assert!(matches!(first.state(), Some(LockState::Granted(_))));
    assert_eq!(second.state(), Some(LockState::Waiting));
    drop(first.wait_timeout(LONG).expect("granted"));
    drop(second.wait().expect("granted"));
    assert_empty(&manager);
}

#[test]
fn dropping_or_cancelling_a_pending_request_lets_those_behind_it_in() {
    let manager = Manager::new();
    let reader = manager.acquire(read("a")).expect("free");
    let writer = manager.enqueue(write("a/b")).expect("valid");
    let behind = manager.enqueue([read("a/b"), read("")]).expect("valid");
    assert_eq!(behind.state(), Some(LockState::Waiting));
    assert!(writer.cancel().is_ok());
    assert!(matches!(behind.state(), Some(LockState::Granted(_))));
    // Cancelled after the grant: the caller learns that it holds the lock.
    let guard = behind.cancel().expect_err("granted");
    assert!(manager.try_acquire(write("a/b")).is_err());
    drop((guard, reader));
    // Granted but never looked at.
    drop(manager.enqueue(write("a")).expect("valid"));
    assert_empty(&manager);
}

#[test]
fn waiting_by_id() {
    let manager = Manager::new();
    let held = manager.acquire(write("a")).expect("free");
    let id = manager.enqueue(write("a")).expect("valid").into_id();
    assert_eq!(
        manager.wait(id, Some(Instant::now())),
        Err(WaitError::Timeout)
    );
    thread::scope(|scope| {
        // Several threads may wait for one request.
        let waits = [0, 1].map(|_| scope.spawn(|| manager.wait(id, Some(Instant::now() + LONG))));
        drop(held);
        let tokens = waits.map(|wait| wait.join().expect("no panic"));
        assert!(tokens[0].is_ok());
        assert_eq!(tokens[0], tokens[1]);
    });
    assert!(matches!(manager.cancel(id), Err(CancelError::Granted(_))));
    let guard = manager.adopt(id).expect("granted");
    assert!(manager.try_acquire(write("a")).is_err());
    drop(guard);
    assert_eq!(manager.wait(id, None), Err(WaitError::Stale));
    assert_empty(&manager);
}

#[test]
fn a_cancel_by_id_reaches_the_waiting_thread() {
    let manager = Manager::new();
    let held = manager.acquire(write("a")).expect("free");
    let pending = manager.enqueue(write("a")).expect("valid");
    let by_id = manager.enqueue(write("a")).expect("valid").into_id();
    let id = pending.id();
    thread::scope(|scope| {
        let one = scope.spawn(move || pending.wait().err());
        let two = scope.spawn(|| manager.wait(by_id, None));
        assert_eq!(manager.cancel(id), Ok(()));
        // A release of a waiting request cancels it.
        until("the other thread waits or has seen the end", || {
            manager.release(by_id).is_ok()
        });
        assert_eq!(one.join().expect("no panic"), Some(AcquireError::Cancelled));
        let two = two.join().expect("no panic");
        assert!(
            two == Err(WaitError::Cancelled) || two == Err(WaitError::Stale),
            "{two:?}"
        );
    });
    drop(held);
    assert_empty(&manager);
}

#[test]
fn giving_up_a_pending_request_reaches_those_who_wait_by_its_id() {
    let give_up: [fn(Pending); 3] = [
        drop,
        |pending| assert!(pending.cancel().is_ok()),
        |pending| drop(pending.wait_timeout(Duration::from_millis(1))),
    ];
    for give_up in give_up {
        let manager = Manager::new();
        let held = manager.acquire(write("a")).expect("free");
        let pending = manager.enqueue(write("a")).expect("valid");
        let id = pending.id();
        thread::scope(|scope| {
            let (started, start) = mpsc::channel();
            let waits = scope.spawn({
                let manager = &manager;
                move || {
                    started.send(()).expect("heard");
                    manager.wait(id, Some(Instant::now() + LONG))
                }
            });
            start.recv().expect("said");
            // Now or soon it waits; either way it must not wait in vain.
            give_up(pending);
            let told = waits.join().expect("no panic");
            assert!(
                told == Err(WaitError::Cancelled) || told == Err(WaitError::Stale),
                "{told:?}"
            );
        });
        drop(held);
        assert_empty(&manager);
    }
}

/// Of cancel and grant exactly one wins, however they meet, in one shard and in
/// several.
#[test]
fn cancel_and_grant_race() {
    let manager = Manager::new();
    let mut random = Random::new("cancel_and_grant_race");
    let (mut grants, mut cancels) = (0, 0);
    for round in 0..2_000 {
        let claims = || match round % 2 {
            0 => vec![write("a")],
            _ => vec![write("a"), write("b"), write("c"), write("d")],
        };
        let held = manager.acquire(claims()).expect("free");
        let pending = manager.enqueue(claims()).expect("valid");
        let spins = random.below(400);
        thread::scope(|scope| {
            scope.spawn(move || drop(held));
            for _ in 0..spins {
                std::hint::spin_loop();
            }
            match pending.cancel() {
                Ok(()) => cancels += 1,
                Err(guard) => {
                    grants += 1;
                    assert!(manager.try_acquire(read("a")).is_err());
                    drop(guard);
                }
            }
        });
        assert_empty(&manager);
    }
    assert_eq!(grants + cancels, 2_000);
}

/// Mutual exclusion, read beside read, and growing tokens, with every way of
/// asking at once. The values beside the lock are the oracle.
#[test]
fn many_threads_on_a_few_paths() {
    const PATHS: [&str; 4] = ["a", "a/b", "c", ""];
    let manager = Manager::builder().shards(4).build();
    // Per leaf: writers in the upper half, readers in the lower; and the last token.
    let leaves: [(AtomicU64, AtomicU64); 3] = Default::default();
    // Which leaves (a/own, a/b, c) a claim on the path covers.
    let covers = |path: &str| match path {
        "a" => &[0_usize, 1][..],
        "a/b" => &[1],
        "c" => &[2],
        _ => &[0, 1, 2],
    };
    let seed = Random::new("many_threads_on_a_few_paths").next();
    thread::scope(|scope| {
        for worker in 0..4_u64 {
            let (manager, leaves) = (&manager, &leaves);
            scope.spawn(move || {
                let mut random = Random::from_seed(seed ^ worker);
                for _ in 0..3_000 {
                    let path = PATHS[random.below(4)];
                    let writes = random.below(2) == 0;
                    let claim = if writes { write(path) } else { read(path) };
                    let guard = match random.below(4) {
                        0 => manager.try_acquire(claim).ok(),
                        1 => manager
                            .acquire_timeout(claim, Duration::from_micros(20))
                            .ok(),
                        2 => common::block_on(manager.acquire_async(claim)).ok(),
                        _ => Some(manager.acquire(claim).expect("open")),
                    };
                    let Some(guard) = guard else { continue };
                    let unit = if writes { 1 << 32 } else { 1 };
                    for &leaf in covers(path) {
                        let (inside, token) = &leaves[leaf];
                        let before = inside.fetch_add(unit, Ordering::SeqCst);
                        if writes {
                            assert_eq!(before, 0, "a writer is alone");
                            assert!(token.swap(guard.token(), Ordering::SeqCst) < guard.token());
                        } else {
                            assert_eq!(before >> 32, 0, "no writer beside a reader");
                            assert!(token.load(Ordering::SeqCst) < guard.token());
                        }
                    }
                    for &leaf in covers(path) {
                        leaves[leaf].0.fetch_sub(unit, Ordering::SeqCst);
                    }
                }
            });
        }
    });
    assert_empty(&manager);
}
