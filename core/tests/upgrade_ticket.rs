//! Tickets: each takes back one upgrade, and of that and its grant one wins.

mod common;

use std::thread;

use common::upgrades::{begin, once, two_readers};
use common::{Random, assert_empty};
use oarlock::{Manager, StaleLock, UpgradeError, UpgradeState, read};

/// Its ticket is of that one upgrade, not of the request.
#[test]
fn an_old_ticket_leaves_a_later_upgrade_alone() {
    let (manager, mut own, other) = two_readers();
    let (first, told) = begin(&manager, own.id());
    first.cancel().expect("it waits");
    assert_eq!(once(&told), Err(UpgradeError::Cancelled));
    let (second, told) = begin(&manager, own.id());
    assert_eq!(first.cancel(), Err(StaleLock));
    assert_eq!(first.expire(), Err(StaleLock));
    assert_eq!(manager.upgrade_state(own.id()), Ok(UpgradeState::Waiting));
    drop(other);
    let token = once(&told).expect("granted");
    // A third one, after a grant.
    own.downgrade().expect("held");
    let other = manager.acquire(read("a")).expect("free");
    let (third, told) = begin(&manager, own.id());
    for ticket in [&first, &second] {
        assert_eq!(ticket.expire(), Err(StaleLock));
    }
    assert_eq!(manager.stats().timeouts, 0);
    drop(other);
    assert!(once(&told).expect("granted") > token);
    assert_eq!(third.cancel(), Err(StaleLock));
    let stays = manager.upgrade_state(own.id());
    assert!(matches!(stays, Ok(UpgradeState::Done(_))));
}

/// Nor of the request that has its place in the tables later.
#[test]
fn a_ticket_outlives_request_and_manager() {
    let (manager, own, other) = two_readers();
    let (ticket, told) = begin(&manager, own.id());
    drop(own);
    assert_eq!(once(&told), Err(UpgradeError::Cancelled));
    let next = manager.acquire(read("a")).expect("free");
    let (_, told) = begin(&manager, next.id());
    assert_eq!(ticket.expire(), Err(StaleLock));
    assert!(told.try_recv().is_err(), "it waits");
    let weak = manager.weak();
    drop((manager, next, other));
    assert!(weak.upgrade().is_none(), "a ticket keeps nothing alive");
    assert_eq!(ticket.cancel(), Err(StaleLock));
}

/// A release that grants it, its ticket's expire, a cancel by id and the release of
/// its request, all at once: one wins, and the callback hears of that one.
#[test]
fn one_of_grant_expire_cancel_and_release_wins() {
    let manager = Manager::builder().shards(2).build();
    let mut random = Random::new("one_of_grant_expire_cancel_and_release_wins");
    let claims = || ["a", "b", "c"].map(read);
    for round in 0..2_000 {
        let id = manager.acquire(claims()).expect("free").into_id();
        let other = manager.acquire(claims()).expect("free");
        let (ticket, told) = begin(&manager, id);
        let spins = [0; 4].map(|_: i32| random.below(400));
        let spin = |thread: usize| (0..spins[thread]).for_each(|_| std::hint::spin_loop());
        let (expired, cancelled) = thread::scope(|scope| {
            let manager = &manager;
            scope.spawn(move || {
                spin(0);
                drop(other);
            });
            if round % 2 == 0 {
                scope.spawn(move || {
                    spin(3);
                    manager.release(id).expect("held");
                });
            }
            let cancel = scope.spawn(move || {
                spin(1);
                manager.cancel_upgrade(id).is_ok()
            });
            spin(2);
            (ticket.expire().is_ok(), cancel.join().expect("no panic"))
        });
        match (expired, cancelled, once(&told)) {
            (true, false, Err(UpgradeError::Timeout))
            | (false, true, Err(UpgradeError::Cancelled))
            | (false, false, Ok(_)) => {}
            (false, false, Err(UpgradeError::Cancelled)) => {
                assert_eq!(round % 2, 0, "only the end of its request");
            }
            others => panic!("{others:?}"),
        }
        if round % 2 == 1 {
            manager.release(id).expect("held");
        }
        assert_empty(&manager);
    }
}
