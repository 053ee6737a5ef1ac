//! Of a cancel and a grant exactly one wins, and both sides know which.

use std::sync::Arc;

use loom::thread;
use oarlock::{AcquireError, CancelError, StaleLock, read, write};

use crate::support::{Section, assert_empty, manager, model, two_shards};

#[test]
fn the_waiting_thread_gives_up() {
    model("cancel against grant, by the one that waits", || {
        let manager = manager();
        let section = Section::new();
        let held = manager.acquire(write("a")).expect("free");
        let pending = manager.enqueue(write("a")).expect("open");
        let other = {
            let section = Arc::clone(&section);
            thread::spawn(move || {
                section.write();
                drop(held);
            })
        };
        if let Err(guard) = pending.cancel() {
            section.write();
            drop(guard);
            assert_eq!(section.writes(), 2);
        }
        other.join().expect("no panic");
        assert_empty(&manager);
    });
}

#[test]
fn another_thread_cancels_by_the_id() {
    model("cancel against grant, by a third thread", || {
        let manager = manager();
        let held = manager.acquire(write("a")).expect("free");
        let pending = manager.enqueue(write("a")).expect("open");
        let id = pending.id();
        let waiting = thread::spawn(move || pending.wait().map(|guard| guard.token()));
        let releasing = thread::spawn(move || drop(held));
        let cancelled = manager.cancel(id);
        let waited = waiting.join().expect("no panic");
        match (cancelled, waited) {
            (Ok(()), Err(AcquireError::Cancelled)) => {}
            (Err(CancelError::Granted(known)), Ok(token)) => assert_eq!(known, token),
            // Granted, and released by the other thread before this one asked.
            (Err(CancelError::Stale), Ok(_)) => {}
            both => panic!("cancel and wait disagree: {both:?}"),
        }
        releasing.join().expect("no panic");
        assert_empty(&manager);
    });
}

#[test]
fn two_cancel_the_same() {
    model("cancel against cancel against grant", || {
        let manager = manager();
        let held = manager.acquire(write("a")).expect("free");
        let pending = manager.enqueue(write("a")).expect("open");
        let id = pending.id();
        let other = {
            let manager = manager.clone();
            thread::spawn(move || manager.cancel(id))
        };
        let releasing = thread::spawn(move || drop(held));
        let own = pending.cancel();
        let other = other.join().expect("no panic");
        releasing.join().expect("no panic");
        if let Err(guard) = own {
            assert!(other.is_err(), "both cancelled and granted");
            guard.release().expect("held");
        }
        assert_empty(&manager);
    });
}

/// One because the time is up, one for another reason: what is told is of the one
/// that won.
#[test]
fn an_expire_and_a_cancel() {
    model("expire against cancel against grant", || {
        let manager = manager();
        let held = manager.acquire(write("a")).expect("free");
        let pending = manager.enqueue(write("a")).expect("open");
        let id = pending.id();
        let cancelling = {
            let manager = manager.clone();
            thread::spawn(move || manager.cancel(id))
        };
        let releasing = thread::spawn(move || drop(held));
        let expired = manager.expire(id);
        let waited = pending.wait();
        let cancelled = cancelling.join().expect("no panic");
        match (expired, cancelled, waited) {
            (Ok(()), Err(CancelError::Stale), Err(AcquireError::Timeout))
            | (Err(CancelError::Stale), Ok(()), Err(AcquireError::Cancelled)) => {}
            (Err(CancelError::Granted(known)), Err(_), Ok(guard)) => {
                assert_eq!(known, guard.token());
            }
            all => panic!("they disagree: {all:?}"),
        }
        releasing.join().expect("no panic");
        assert_eq!(manager.stats().timeouts, u64::from(expired.is_ok()));
        assert_empty(&manager);
    });
}

/// Whoever waited only for the cancelled one is granted by the cancel.
#[test]
fn a_cancel_lets_the_next_pass() {
    model("cancel between a reader and a reader", || {
        let manager = manager();
        let held = manager.acquire(read("a")).expect("free");
        let writer = manager.enqueue(write("a")).expect("open");
        let reader = manager.enqueue(read("a")).expect("open");
        let reading = thread::spawn(move || reader.wait().map(drop));
        let releasing = thread::spawn(move || drop(held));
        drop(writer.cancel());
        reading.join().expect("no panic").expect("granted");
        releasing.join().expect("no panic");
        assert_empty(&manager);
    });
}

/// Of a request with parts in two shards, one granted and one waiting.
#[test]
fn a_cancel_in_two_shards() {
    model("cancel against grants in two shards", || {
        let (manager, [one, two]) = two_shards();
        let holders = [one, two].map(|name| manager.acquire(write(name)).expect("free"));
        let pending = manager.enqueue([write(one), write(two)]).expect("open");
        let next = manager.enqueue(write(two)).expect("open");
        let threads: Vec<_> = holders
            .into_iter()
            .map(|guard| thread::spawn(move || drop(guard)))
            .collect();
        drop(pending.cancel());
        next.wait().expect("granted").release().expect("held");
        for thread in threads {
            thread.join().expect("no panic");
        }
        assert_empty(&manager);
    });
}

/// Two releases of one id: exactly one of them ends the request.
#[test]
fn a_release_against_a_release() {
    model("release against release", || {
        let manager = manager();
        let id = manager.acquire(write("a")).expect("free").into_id();
        let next = manager.enqueue(write("a")).expect("open");
        let other = {
            let manager = manager.clone();
            thread::spawn(move || manager.release(id))
        };
        let own = manager.release(id);
        let other = other.join().expect("no panic");
        assert!(matches!(
            (own, other),
            (Ok(()), Err(StaleLock)) | (Err(StaleLock), Ok(()))
        ));
        drop(next.wait().expect("granted"));
        assert_empty(&manager);
    });
}
