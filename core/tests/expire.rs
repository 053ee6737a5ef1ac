//! Time-outs by somebody else's timer: of expire, cancel, grant and close one wins.

mod common;

use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::Instant;

use common::{LONG, Random, assert_empty, block_on, poll_once, until};
use oarlock::{
    AcquireError, AcquireTimeoutError, CancelError, Enqueued, Manager, PendingTimeoutError,
    WaitError, read, write,
};

#[test]
fn everybody_who_waits_hears_of_it() {
    let manager = Manager::new();
    let held = manager.acquire(write("a")).expect("free");
    // A callback, a future, and a pending request, each waited for by id, too.
    let (sender, told) = mpsc::channel();
    let enqueued = manager.enqueue_with(write("a"), move |result| {
        sender.send(result.map(drop)).expect("heard");
    });
    let Ok(Enqueued::Waiting(callback)) = enqueued else {
        panic!("{enqueued:?}");
    };
    let mut future = manager.enqueue(write("a")).expect("open");
    let pending = manager.enqueue(write("a")).expect("open");
    let ids = [callback, future.id(), pending.id()];
    assert!(poll_once(&mut future).is_pending());
    let waiting = ids.map(|id| {
        let manager = manager.clone();
        let (sender, begun) = mpsc::channel();
        let thread = thread::spawn(move || {
            sender.send(()).expect("heard");
            manager.wait(id, None)
        });
        begun.recv_timeout(LONG).expect("it runs");
        thread
    });
    for id in ids {
        assert_eq!(manager.expire(id), Ok(()));
        assert_eq!(manager.expire(id), Err(CancelError::Stale));
    }
    assert_eq!(told.recv_timeout(LONG), Ok(Err(AcquireError::Timeout)));
    assert!(told.recv().is_err(), "called once");
    let Poll::Ready(Err(AcquireError::Timeout)) = poll_once(&mut future) else {
        panic!("the future did not hear of it");
    };
    assert_eq!(pending.wait().err(), Some(AcquireError::Timeout));
    for thread in waiting {
        let waited = thread.join().expect("no panic");
        // Stale, if it had not begun to wait.
        assert!(
            matches!(waited, Err(WaitError::Cancelled | WaitError::Stale)),
            "{waited:?}"
        );
    }
    let stats = manager.stats();
    assert_eq!((stats.timeouts, stats.cancels, stats.waiting), (3, 3, 0));
    drop(held);
    assert_empty(&manager);
}

#[test]
fn whoever_waits_with_a_deadline_of_his_own_hears_timeout() {
    let manager = Manager::new();
    let held = manager.acquire(write("a")).expect("free");
    let pending = manager.enqueue(write("a")).expect("open");
    manager.expire(pending.id()).expect("it waits");
    match pending.wait_timeout(LONG) {
        Err(PendingTimeoutError::Ended(AcquireError::Timeout)) => {}
        other => panic!("{other:?}"),
    }
    let blocking = {
        let manager = manager.clone();
        thread::spawn(move || manager.acquire_until(write("a"), Instant::now() + LONG))
    };
    until("it waits", || manager.stats().waiting == 1);
    let seen = manager.inspect("a").expect("a path");
    manager.expire(seen[1].id).expect("it waits");
    let ended = blocking.join().expect("no panic");
    assert_eq!(ended.err(), Some(AcquireTimeoutError::Timeout));
    assert_eq!(manager.stats().timeouts, 2);
    drop(held);
    assert_empty(&manager);
}

#[test]
fn what_is_granted_or_has_ended_does_not_expire() {
    let manager = Manager::new();
    let held = manager.acquire(write("a")).expect("free");
    let (id, token) = (held.id(), held.token());
    assert_eq!(manager.expire(id), Err(CancelError::Granted(token)));
    drop(held);
    assert_eq!(manager.expire(id), Err(CancelError::Stale));
    assert_eq!(Manager::new().expire(id), Err(CancelError::Stale));
    let held = manager.acquire(write("a")).expect("free");
    let closed = manager.enqueue(write("a")).expect("open");
    manager.close();
    assert_eq!(manager.expire(closed.id()), Err(CancelError::Stale));
    assert_eq!(closed.wait().err(), Some(AcquireError::Closed));
    assert_eq!(manager.stats().timeouts, 0);
    drop(held);
}

#[test]
fn whoever_waited_only_for_it_comes_in() {
    let manager = Manager::builder().shards(4).build();
    let names = ["a", "b", "c", "d"];
    let held = manager.acquire(names.map(read)).expect("free");
    let writer = manager.enqueue(names.map(write)).expect("open");
    let reader = manager.acquire_async(names.map(read));
    manager.expire(writer.id()).expect("it waits");
    drop(block_on(reader).expect("granted"));
    drop((held, writer));
    assert_empty(&manager);
}

/// Three threads decide on one request: a release that grants it, an expire and a
/// cancel. Exactly one of them wins, and the callback hears of that one.
#[test]
fn one_of_expire_cancel_and_grant_wins() {
    let manager = Manager::builder().shards(2).build();
    let mut random = Random::new("one_of_expire_cancel_and_grant_wins");
    let claims = || [write("a"), write("b"), write("c")];
    let mut expired = 0;
    for _ in 0..2_000 {
        let held = manager.acquire(claims()).expect("free");
        let (sender, told) = mpsc::channel();
        let enqueued = manager.enqueue_with(claims(), move |result| {
            let result = result.map(|guard| guard.token());
            sender.send(result).expect("heard");
        });
        let Ok(Enqueued::Waiting(id)) = enqueued else {
            panic!("{enqueued:?}");
        };
        let spins = [0; 3].map(|_: i32| random.below(400));
        let spin = |thread: usize| (0..spins[thread]).for_each(|_| std::hint::spin_loop());
        let (expire, cancel) = thread::scope(|scope| {
            let manager = &manager;
            scope.spawn(move || {
                spin(0);
                drop(held);
            });
            let cancel = scope.spawn(move || {
                spin(1);
                manager.cancel(id)
            });
            spin(2);
            (manager.expire(id), cancel.join().expect("no panic"))
        });
        let result = told.recv_timeout(LONG).expect("told");
        assert!(told.recv().is_err(), "told once");
        match (expire, cancel) {
            (Ok(()), Err(CancelError::Stale)) => assert_eq!(result, Err(AcquireError::Timeout)),
            (Err(CancelError::Stale), Ok(())) => assert_eq!(result, Err(AcquireError::Cancelled)),
            (Err(_), Err(_)) => assert!(result.is_ok(), "{result:?}"),
            both => panic!("{both:?}"),
        }
        expired += u64::from(expire.is_ok());
        assert_empty(&manager);
    }
    assert_eq!(manager.stats().timeouts, expired);
}
