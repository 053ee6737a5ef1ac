//! Upgrades that tell a callback: told exactly once, with no internal lock held, when
//! the upgrade is complete.

mod common;

use std::sync::mpsc;
use std::thread;

use common::upgrades::{begin, once, two_readers};
use common::{LONG, assert_empty};
use oarlock::{
    ChangeError, Guard, LockId, LockState, Manager, Pending, StaleLock, UpgradeBegun, UpgradeError,
    UpgradeState, UpgradeTicket, read, write,
};

fn is_shared<T: Send + Sync + Clone + std::fmt::Debug>() {}

#[test]
fn what_is_granted_at_once_calls_nothing() {
    is_shared::<UpgradeTicket>();
    let manager = Manager::new();
    let own = manager.acquire(read("a")).expect("free");
    let (sender, told) = mpsc::channel::<()>();
    let begun = manager.upgrade_with(own.id(), move |_| sender.send(()).expect("heard"));
    let Ok(UpgradeBegun::Done(token)) = begun else {
        panic!("{begun:?}");
    };
    assert!(token > own.token());
    assert!(told.recv().is_err(), "dropped uncalled");
    assert_eq!(
        manager.upgrade_state(own.id()),
        Ok(UpgradeState::Done(token))
    );
}

#[test]
fn it_is_complete_when_its_callback_runs() {
    let manager = Manager::builder().shards(4).build();
    let names = ["a", "b", "c", "d"];
    let mut own = manager.acquire(names.map(read)).expect("free");
    let other = manager.acquire(names.map(read)).expect("free");
    let behind = manager.enqueue(names.map(read)).expect("open");
    let (id, before) = (own.id(), other.token());
    let (sender, told) = mpsc::channel();
    let again = manager.clone();
    let begun = manager.upgrade_with(id, move |result| {
        let token = result.expect("granted");
        // Before any call that would complete it.
        assert_eq!(again.stats().upgrades, 1);
        assert_eq!(again.upgrade_state(id), Ok(UpgradeState::Done(token)));
        // Refused while an upgrade waits.
        assert_eq!(again.release_part(id, "b"), Ok(()));
        assert!(again.try_acquire(write("b")).is_ok());
        assert!(again.try_acquire(read("a")).is_err());
        sender.send(token).expect("heard");
    });
    assert!(matches!(begun, Ok(UpgradeBegun::Waiting(_))));
    assert_eq!(manager.downgrade(id), Err(ChangeError::UpgradeWaiting));
    assert!(told.try_recv().is_err(), "it waits");
    drop((behind, other));
    let token = told.recv_timeout(LONG).expect("nothing in it failed");
    assert!(token > before);
    assert!(told.recv().is_err(), "told once");
    own.downgrade().expect("held");
    drop(own);
    assert_empty(&manager);
}

#[test]
fn every_end_has_its_word() {
    type End = fn(&Manager, &UpgradeTicket, LockId);
    let ends: [(End, UpgradeError, u64); 6] = [
        (
            |_, it, _| it.cancel().expect("waits"),
            UpgradeError::Cancelled,
            0,
        ),
        (
            |_, it, _| it.expire().expect("waits"),
            UpgradeError::Timeout,
            1,
        ),
        (
            |m, _, id| m.cancel_upgrade(id).expect("waits"),
            UpgradeError::Cancelled,
            0,
        ),
        (
            |m, _, id| m.release(id).expect("held"),
            UpgradeError::Cancelled,
            0,
        ),
        (|m, _, _| m.close(), UpgradeError::Closed, 0),
        (
            // At its deadline a thread takes back what it waits for.
            |m, _, id| {
                let now = Some(std::time::Instant::now());
                assert_eq!(m.wait_upgrade(id, now), Err(UpgradeError::Timeout));
            },
            UpgradeError::Cancelled,
            1,
        ),
    ];
    for (end, word, timeouts) in ends {
        let (manager, own, other) = two_readers();
        let (ticket, told) = begin(&manager, own.id());
        end(&manager, &ticket, own.id());
        assert_eq!(once(&told), Err(word));
        assert_eq!(manager.stats().timeouts, timeouts);
        assert_eq!(ticket.cancel(), Err(StaleLock));
        assert_eq!(ticket.expire(), Err(StaleLock));
        assert_eq!(manager.stats().timeouts, timeouts);
        // It holds what it held, if it lives.
        let seen = manager.info(own.id()).ok();
        assert!(seen.is_none_or(|it| it.claims == [read("a")] && !it.upgrading));
        drop((own, other));
    }
}

#[test]
fn a_thread_may_wait_for_it_too() {
    for expire in [false, true] {
        let (manager, own, other) = two_readers();
        let id = own.id();
        let (ticket, told) = begin(&manager, id);
        let (sender, begun) = mpsc::channel();
        let waiting = {
            let manager = manager.clone();
            thread::spawn(move || {
                sender.send(()).expect("heard");
                manager.wait_upgrade(id, None)
            })
        };
        begun.recv_timeout(LONG).expect("it runs");
        if expire {
            ticket.expire().expect("it waits");
            drop(other);
            assert_eq!(once(&told), Err(UpgradeError::Timeout));
            let waited = waiting.join().expect("no panic");
            // Cancelled, if it had not begun to wait.
            assert!(matches!(
                waited,
                Err(UpgradeError::Timeout | UpgradeError::Cancelled)
            ));
        } else {
            drop(other);
            assert_eq!(waiting.join().expect("no panic"), once(&told));
        }
        drop(own);
        assert_empty(&manager);
    }
}

/// What the callback owns may use the manager when it is dropped, so it must not be
/// dropped under an internal lock.
#[test]
fn an_uncalled_callback_is_dropped_with_no_lock_held() {
    /// Visits every shard when it goes.
    struct Visit(Manager);
    impl Drop for Visit {
        fn drop(&mut self) {
            drop(self.0.try_acquire(read("")));
        }
    }
    let refused = |manager: &Manager, id| {
        let visit = Visit(manager.clone());
        match manager.upgrade_with(id, move |_| drop(visit)) {
            Err(error) => error,
            Ok(begun) => panic!("{begun:?}"),
        }
    };
    let circle = |error: &UpgradeError| match error {
        UpgradeError::Deadlock(circle) => circle.members().len(),
        error => panic!("{error:?}"),
    };
    let (manager, own, other) = two_readers();
    let waits = manager.enqueue(write("a")).expect("open");
    assert_eq!(refused(&manager, waits.id()), UpgradeError::NotGranted);
    let (ticket, told) = begin(&manager, own.id());
    assert_eq!(refused(&manager, own.id()), UpgradeError::AlreadyWaiting);
    assert_eq!(circle(&refused(&manager, other.id())), 2);
    assert!(ticket.cancel().is_ok() && once(&told).is_err());
    let stale = other.id();
    drop(other);
    assert_eq!(refused(&manager, stale), UpgradeError::Stale);
    let visit = Visit(manager.clone());
    let done = manager.upgrade_with(own.id(), move |_| drop(visit));
    assert!(matches!(done, Ok(UpgradeBegun::Done(_))));
    manager.close();
    assert_eq!(refused(&manager, own.id()), UpgradeError::Closed);
}

#[test]
fn the_manager_goes_away_while_it_waits() {
    for in_shards in [1, 4] {
        let manager = Manager::builder().shards(in_shards).build();
        let names = ["a", "b", "c", "d"];
        let own = manager.acquire(names.map(read)).expect("free").into_id();
        let _other = manager.acquire(read("b")).expect("free").into_id();
        let (ticket, told) = begin(&manager, own);
        let (sender, behind) = mpsc::channel();
        let enqueued = manager.enqueue_with(write("c"), move |result| {
            sender.send(result.is_err()).expect("heard");
        });
        assert!(enqueued.is_ok());
        drop(manager);
        assert_eq!(once(&told), Err(UpgradeError::Closed));
        assert_eq!(behind.recv_timeout(LONG), Ok(true));
        assert_eq!(ticket.expire(), Err(StaleLock));
    }
}

/// Another upgrade of its owner, granted at once, would close a cycle: it waits behind
/// whom the first one waits for.
#[test]
fn another_upgrade_that_would_close_a_cycle_waits_behind_it() {
    let manager = Manager::new();
    let (one, two) = (manager.owner(), manager.owner());
    let of = |owner, claim| manager.request(claim).owner(owner).acquire().expect("free");
    let (own, also) = (of(&one, read("a")), of(&one, read("b")));
    let other = of(&two, read("a"));
    let held = manager.acquire(write("c")).expect("free");
    let (_first, told_first) = begin(&manager, own.id());
    // For c alone, so far.
    let waits = manager.request([read("b"), read("c")]).owner(&two);
    let waits = waits.enqueue().expect("it waits for nobody who waits");
    let tried = manager.try_upgrade(also.id());
    assert_eq!(tried, Err(UpgradeError::WouldBlock));
    let (_second, told_second) = begin(&manager, also.id());
    drop(held);
    let reads = waits.wait_timeout(LONG).expect("put in front");
    assert!(told_first.try_recv().is_err(), "it waits");
    drop(other);
    assert!(once(&told_first).is_ok());
    assert!(told_second.try_recv().is_err(), "it waits");
    drop(reads);
    assert!(once(&told_second).is_ok());
    assert_eq!(manager.stats().deadlocks, 0);
    drop((also, own));
    assert_empty(&manager);
}

/// Who was put in front has what the same release gives before the callback runs.
#[test]
fn who_was_put_in_front_is_granted_before_its_callback_runs() {
    let manager = Manager::new();
    let (one, two) = (manager.owner(), manager.owner());
    let own = manager.acquire(read("a")).expect("free");
    let held = manager.acquire([read("a"), write("c")]).expect("free");
    let of_two = manager.request(write("b")).owner(&two).acquire();
    let of_two = of_two.expect("free");
    let first = manager.request(write("c")).owner(&one).enqueue();
    let first = first.expect("open");
    let before = manager.request(write("c")).owner(&two).enqueue();
    let before = before.expect("open");
    let (sender, told) = mpsc::channel();
    let (again, id) = (manager.clone(), before.id());
    let begun = manager.upgrade_with(own.id(), move |_| {
        sender.send(again.state(id)).expect("heard");
    });
    assert!(matches!(begun, Ok(UpgradeBegun::Waiting(_))));
    // It waits for two, which comes before one from now on.
    let waits = manager.request(write("b")).owner(&one).enqueue();
    let waits = waits.expect("open");
    // Grants the upgrade, and c.
    drop(held);
    let state = told.recv_timeout(LONG).expect("the callback ran");
    assert!(matches!(state, Ok(LockState::Granted(_))), "{state:?}");
    drop((of_two, before));
    drop(waits.wait_timeout(LONG).expect("two has gone"));
    drop(first.wait_timeout(LONG).expect("two has gone"));
    drop(own);
    assert_empty(&manager);
}

#[test]
fn a_callback_may_use_the_manager() {
    let (manager, own, other) = two_readers();
    let id = own.into_id();
    let (sender, told) = mpsc::channel();
    let again = manager.clone();
    let begun = manager.upgrade_with(id, move |result| {
        let first = result.expect("granted");
        // Everything anew, from within: it comes back to a read, shares it, and is
        // upgraded once more.
        again.downgrade(id).expect("held");
        let other = again.acquire(read("a")).expect("free");
        let begun = again.upgrade_with(id, move |result| {
            sender
                .send(result.map(|second| second > first))
                .expect("heard");
        });
        assert!(matches!(begun, Ok(UpgradeBegun::Waiting(_))));
        drop(other);
    });
    assert!(matches!(begun, Ok(UpgradeBegun::Waiting(_))));
    drop(other);
    assert_eq!(told.recv_timeout(LONG), Ok(Ok(true)));
    assert_eq!(manager.release(id), Ok(()));
    assert_empty(&manager);
}

/// Each callback ends the reader that the next upgrade waits for. Nested, they would
/// need a stack as deep as the row is long.
#[test]
fn a_long_row_of_callbacks_does_not_nest() {
    // Each upgrade that has to wait looks at all that wait.
    const LONG_ROW: usize = 500;
    let manager = Manager::new();
    let (sender, told) = mpsc::channel();
    let mut next: Option<Guard> = None;
    for number in 0..LONG_ROW {
        let path = number.to_string();
        let own = manager.acquire(read(&*path)).expect("free");
        let other = manager.acquire(read(&*path)).expect("free");
        let (sender, ends) = (sender.clone(), next.replace(other));
        let begun = manager.upgrade_with(own.into_id(), move |result| {
            sender.send(result.is_ok()).expect("heard");
            drop(ends);
        });
        assert!(matches!(begun, Ok(UpgradeBegun::Waiting(_))));
    }
    drop(sender);
    thread::Builder::new()
        .stack_size(128 * 1024)
        .spawn(move || drop(next))
        .expect("a thread")
        .join()
        .expect("no panic");
    assert_eq!(told.iter().filter(|&it| it).count(), LONG_ROW);
    assert_eq!(manager.stats().upgrades, LONG_ROW as u64);
}

#[test]
fn a_panic_in_a_callback_harms_nobody_else() {
    let (manager, own, other) = two_readers();
    let begun = manager.upgrade_with(own.id(), |_| panic!("on purpose"));
    assert!(begun.is_ok());
    drop(other);
    let upgraded = manager.upgrade_state(own.id());
    assert!(matches!(upgraded, Ok(UpgradeState::Done(_))));
    drop(own);
    assert_empty(&manager);
}

/// Parked threads are woken before a callback runs that waits for them.
#[test]
fn threads_are_woken_before_callbacks_run() {
    let manager = Manager::new();
    let own = manager.acquire(read("a")).expect("free");
    let held = manager.acquire([read("a"), write("b")]).expect("free");
    let pending: Pending = manager.enqueue(write("b")).expect("open");
    let (sender, woken) = mpsc::channel();
    let (tell, told) = mpsc::channel();
    let begun = manager.upgrade_with(own.id(), move |_| {
        tell.send(woken.recv_timeout(LONG)).expect("heard");
    });
    assert!(begun.is_ok());
    let waiting = thread::spawn(move || {
        drop(pending.wait().expect("granted"));
        sender.send(()).expect("heard");
    });
    drop(held);
    assert_eq!(told.recv_timeout(LONG), Ok(Ok(())));
    waiting.join().expect("no panic");
    drop(own);
    assert_empty(&manager);
}
