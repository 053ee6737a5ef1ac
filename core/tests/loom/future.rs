//! Futures: woken once they are granted, and gone without a trace when dropped.

use std::sync::Arc;
use std::task::Poll;

use loom::thread;
use oarlock::write;

use crate::support::{Alarm, Section, assert_empty, block_on, manager, model, poll, two_shards};

#[test]
fn a_future_is_woken() {
    model("future against grant", || {
        let manager = manager();
        let section = Section::new();
        let held = manager.acquire(write("a")).expect("free");
        let future = manager.acquire_async(write("a"));
        let other = {
            let section = Arc::clone(&section);
            thread::spawn(move || {
                section.write();
                drop(held);
            })
        };
        let guard = block_on(future).expect("granted");
        assert_eq!(section.writes(), 1);
        drop(guard);
        other.join().expect("no panic");
        assert_empty(&manager);
    });
}

#[test]
fn a_future_is_dropped() {
    model("drop of a future against grant", || {
        let manager = manager();
        let held = manager.acquire(write("a")).expect("free");
        let mut future = manager.acquire_async(write("a"));
        let behind = manager.enqueue(write("a")).expect("open");
        let alarm = Alarm::new();
        assert!(poll(&mut future, &alarm).is_pending());
        let releasing = thread::spawn(move || drop(held));
        let waiting = thread::spawn(move || behind.wait().map(drop));
        drop(future);
        waiting.join().expect("no panic").expect("granted");
        releasing.join().expect("no panic");
        assert!(alarm.rung() <= 1);
        assert_empty(&manager);
    });
}

/// Polled once more, ready or not, and dropped with or without the guard.
#[test]
fn a_future_is_polled_and_dropped() {
    model("poll and drop of a future against grant", || {
        let manager = manager();
        let section = Section::new();
        let held = manager.acquire(write("a")).expect("free");
        let mut future = manager.acquire_async(write("a"));
        let releasing = {
            let section = Arc::clone(&section);
            thread::spawn(move || {
                section.write();
                drop(held);
            })
        };
        let alarm = Alarm::new();
        if let Poll::Ready(result) = poll(&mut future, &alarm) {
            let guard = result.expect("granted");
            assert_eq!(section.writes(), 1);
            drop(guard);
        }
        drop(future);
        releasing.join().expect("no panic");
        assert_empty(&manager);
    });
}

/// A future that moves to another task: the last waker is the one that counts.
#[test]
fn a_waker_is_replaced() {
    model("another waker against grant", || {
        let manager = manager();
        let held = manager.acquire(write("a")).expect("free");
        let mut future = manager.acquire_async(write("a"));
        let first = Alarm::new();
        assert!(poll(&mut future, &first).is_pending());
        let releasing = thread::spawn(move || drop(held));
        drop(block_on(future).expect("granted"));
        releasing.join().expect("no panic");
        assert!(first.rung() <= 1);
        assert_empty(&manager);
    });
}

#[test]
fn a_future_in_two_shards_is_dropped() {
    model("drop of a future against grants in two shards", || {
        let (manager, [one, two]) = two_shards();
        let holders = [one, two].map(|name| manager.acquire(write(name)).expect("free"));
        let mut future = manager.acquire_async([write(one), write(two)]);
        let alarm = Alarm::new();
        assert!(poll(&mut future, &alarm).is_pending());
        let threads: Vec<_> = holders
            .into_iter()
            .map(|guard| thread::spawn(move || drop(guard)))
            .collect();
        drop(future);
        for thread in threads {
            thread.join().expect("no panic");
        }
        assert_empty(&manager);
    });
}
