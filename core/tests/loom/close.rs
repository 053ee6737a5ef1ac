//! A close against everything that may happen at the same time.

use std::sync::Arc;
use std::time::Duration;

use loom::sync::Mutex;
use loom::thread;
use oarlock::{
    AcquireError, AcquireTimeoutError, CancelError, Enqueued, Guard, Manager, TryAcquireError,
    write,
};

use crate::support::{block_on, manager, model, two_shards};

/// Nothing waits in a closed manager, and nobody gets in.
#[track_caller]
fn assert_closed(manager: &Manager) {
    assert!(manager.is_closed());
    let refused = manager.try_acquire(write("a")).err();
    assert_eq!(refused, Some(TryAcquireError::Closed));
}

/// Granted, or closed; nothing else.
#[track_caller]
fn granted_or_closed(result: Result<Guard, AcquireError>) {
    assert!(
        matches!(&result, Ok(_) | Err(AcquireError::Closed)),
        "{result:?}"
    );
}

#[test]
fn a_waiting_thread() {
    model("close against wait and release", || {
        let manager = manager();
        let held = manager.acquire(write("a")).expect("free");
        let pending = manager.enqueue(write("a")).expect("open");
        let waiting = thread::spawn(move || granted_or_closed(pending.wait()));
        let closing = {
            let manager = manager.clone();
            thread::spawn(move || manager.close())
        };
        // Held stays held: the release is never refused.
        held.release().expect("held");
        waiting.join().expect("no panic");
        closing.join().expect("no panic");
        assert_closed(&manager);
    });
}

#[test]
fn a_cancel() {
    model("close against cancel", || {
        let manager = manager();
        let held = manager.acquire(write("a")).expect("free");
        let pending = manager.enqueue(write("a")).expect("open");
        let id = pending.id();
        let closing = {
            let manager = manager.clone();
            thread::spawn(move || manager.close())
        };
        let cancelling = {
            let manager = manager.clone();
            thread::spawn(move || manager.cancel(id))
        };
        let waited = pending.wait().map(drop);
        match (cancelling.join().expect("no panic"), waited) {
            (Ok(()), Err(AcquireError::Cancelled)) => {}
            (Err(CancelError::Stale), Err(AcquireError::Closed)) => {}
            both => panic!("cancel and wait disagree: {both:?}"),
        }
        closing.join().expect("no panic");
        drop(held);
        assert_closed(&manager);
    });
}

#[test]
fn the_waiting_thread_gives_up() {
    model("close against cancel by the one that waits", || {
        let manager = manager();
        let held = manager.acquire(write("a")).expect("free");
        let pending = manager.enqueue(write("a")).expect("open");
        let closing = {
            let manager = manager.clone();
            thread::spawn(move || manager.close())
        };
        assert!(pending.cancel().is_ok(), "the lock is held by another");
        closing.join().expect("no panic");
        drop(held);
        assert_closed(&manager);
    });
}

#[test]
fn a_timeout() {
    model("close against timeout and release", || {
        let manager = manager();
        let held = manager.acquire(write("a")).expect("free");
        let closing = {
            let manager = manager.clone();
            thread::spawn(move || manager.close())
        };
        let releasing = thread::spawn(move || drop(held));
        let result = manager.acquire_timeout(write("a"), Duration::from_secs(1));
        assert!(matches!(
            &result,
            Ok(_) | Err(AcquireTimeoutError::Timeout | AcquireTimeoutError::Closed)
        ));
        drop(result);
        releasing.join().expect("no panic");
        closing.join().expect("no panic");
        assert_closed(&manager);
    });
}

#[test]
fn newcomers() {
    model("close against two that enqueue", || {
        let manager = manager();
        let others: Vec<_> = (0..2)
            .map(|_| {
                let manager = manager.clone();
                thread::spawn(move || granted_or_closed(manager.acquire(write("a"))))
            })
            .collect();
        manager.close();
        for other in others {
            other.join().expect("no panic");
        }
        assert_closed(&manager);
    });
}

#[test]
fn a_newcomer_in_two_shards() {
    model("close against one that enqueues in two shards", || {
        let (manager, [one, two]) = two_shards();
        let held = manager.acquire(write(two)).expect("free");
        let other = {
            let manager = manager.clone();
            thread::spawn(move || granted_or_closed(manager.acquire([write(one), write(two)])))
        };
        let releasing = thread::spawn(move || drop(held));
        manager.close();
        other.join().expect("no panic");
        releasing.join().expect("no panic");
        assert_closed(&manager);
    });
}

#[test]
fn a_future() {
    model("close against future and release", || {
        let manager = manager();
        let held = manager.acquire(write("a")).expect("free");
        let future = manager.acquire_async(write("a"));
        let closing = {
            let manager = manager.clone();
            thread::spawn(move || manager.close())
        };
        let releasing = thread::spawn(move || drop(held));
        granted_or_closed(block_on(future));
        releasing.join().expect("no panic");
        closing.join().expect("no panic");
        assert_closed(&manager);
    });
}

/// Told exactly once, whoever comes first.
#[test]
fn a_callback() {
    model("close against release and cancel of a callback", || {
        let manager = manager();
        let told = Arc::new(Mutex::new(Vec::new()));
        let held = manager.acquire(write("a")).expect("free");
        let heard = Arc::clone(&told);
        let queued = manager.enqueue_with(write("a"), move |result| {
            heard.lock().expect("not poisoned").push(result.map(drop));
        });
        let Ok(Enqueued::Waiting(id)) = queued else {
            panic!("it has to wait");
        };
        let closing = {
            let manager = manager.clone();
            thread::spawn(move || manager.close())
        };
        let cancelling = {
            let manager = manager.clone();
            thread::spawn(move || manager.cancel(id))
        };
        drop(held);
        let cancelled = cancelling.join().expect("no panic");
        closing.join().expect("no panic");
        let told = told.lock().expect("not poisoned");
        assert_eq!(told.len(), 1, "{told:?}");
        let expected = cancelled.is_ok();
        assert_eq!(told[0] == Err(AcquireError::Cancelled), expected);
        assert_closed(&manager);
    });
}

#[test]
fn a_close() {
    model("close against close", || {
        let (manager, [one, two]) = two_shards();
        let held = [one, two].map(|name| manager.acquire(write(name)).expect("free"));
        let pending = manager.enqueue([write(one), write(two)]).expect("open");
        let closing = {
            let manager = manager.clone();
            thread::spawn(move || manager.close())
        };
        manager.close();
        let result = pending.wait().map(drop);
        assert_eq!(result, Err(AcquireError::Closed));
        closing.join().expect("no panic");
        drop(held);
        assert_closed(&manager);
    });
}
