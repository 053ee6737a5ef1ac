//! A deadline against a grant. Loom has no time: in these builds a wait with a
//! deadline lets the others go on for as long as loom chooses, and is over then.

use std::sync::Arc;
use std::time::{Duration, Instant};

use loom::thread;
use oarlock::{AcquireTimeoutError, PendingTimeoutError, WaitError, write};

use crate::support::{Section, assert_empty, manager, model, two_shards};

const SOME: Duration = Duration::from_secs(1);

#[test]
fn acquire_with_a_timeout() {
    model("timeout against grant", || {
        let manager = manager();
        let section = Section::new();
        let held = manager.acquire(write("a")).expect("free");
        let other = {
            let section = Arc::clone(&section);
            thread::spawn(move || {
                section.write();
                drop(held);
            })
        };
        match manager.acquire_timeout(write("a"), SOME) {
            Ok(guard) => {
                section.write();
                drop(guard);
            }
            Err(AcquireTimeoutError::Timeout) => {}
            Err(error) => panic!("{error}"),
        }
        other.join().expect("no panic");
        assert_empty(&manager);
    });
}

/// The one behind gets the lock, whether the one ahead times out or not.
#[test]
fn the_next_in_line() {
    model("timeout against grant, one more behind", || {
        let manager = manager();
        let section = Section::new();
        let held = manager.acquire(write("a")).expect("free");
        let first = manager.enqueue(write("a")).expect("open");
        let second = manager.enqueue(write("a")).expect("open");
        let releasing = thread::spawn(move || drop(held));
        let behind = {
            let section = Arc::clone(&section);
            thread::spawn(move || {
                let guard = second.wait().expect("granted");
                section.write();
                drop(guard);
            })
        };
        match first.wait_timeout(SOME) {
            Ok(guard) => {
                section.write();
                drop(guard);
            }
            // Given back, and dropped here: out of the queue.
            Err(PendingTimeoutError::Timeout(pending)) => drop(pending),
            Err(error) => panic!("{error}"),
        }
        releasing.join().expect("no panic");
        behind.join().expect("no panic");
        assert_empty(&manager);
    });
}

/// A pending request that was given back at the deadline still gets its grant.
#[test]
fn waiting_on_after_a_timeout() {
    model("timeout, and the same request waits on", || {
        let manager = manager();
        let held = manager.acquire(write("a")).expect("free");
        let pending = manager.enqueue(write("a")).expect("open");
        let other = thread::spawn(move || drop(held));
        let guard = match pending.wait_timeout(SOME) {
            Ok(guard) => guard,
            Err(PendingTimeoutError::Timeout(pending)) => pending.wait().expect("granted"),
            Err(error) => panic!("{error}"),
        };
        drop(guard);
        other.join().expect("no panic");
        assert_empty(&manager);
    });
}

#[test]
fn a_timeout_in_two_shards() {
    model("timeout against grants in two shards", || {
        let (manager, [one, two]) = two_shards();
        let holders = [one, two].map(|name| manager.acquire(write(name)).expect("free"));
        let threads: Vec<_> = holders
            .into_iter()
            .map(|guard| thread::spawn(move || drop(guard)))
            .collect();
        match manager.acquire_timeout([write(one), write(two)], SOME) {
            Ok(guard) => drop(guard),
            Err(AcquireTimeoutError::Timeout) => {}
            Err(error) => panic!("{error}"),
        }
        for thread in threads {
            thread.join().expect("no panic");
        }
        assert_empty(&manager);
    });
}

/// One thread waits with a deadline, another one without, for one id.
#[test]
fn a_deadline_of_one_of_two() {
    model("timeout of one of two that wait for one id", || {
        let manager = manager();
        let held = manager.acquire(write("a")).expect("free");
        let id = manager.enqueue(write("a")).expect("open").into_id();
        let patient = {
            let manager = manager.clone();
            thread::spawn(move || manager.wait(id, None).expect("granted"))
        };
        let releasing = thread::spawn(move || drop(held));
        let hasty = manager.wait(id, Some(Instant::now()));
        let token = patient.join().expect("no panic");
        assert!(hasty == Ok(token) || hasty == Err(WaitError::Timeout));
        releasing.join().expect("no panic");
        manager.release(id).expect("held");
        assert_empty(&manager);
    });
}
