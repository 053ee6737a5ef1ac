//! Upgrades, and claims that their owner holds already, go ahead of requests that
//! wait, also where these have passed in one shard and wait in another.

mod common;

use std::task::Poll;

use common::{assert_empty, poll_once};
use oarlock::{Manager, Pending, TryAcquireError, UpgradeError, UpgradeState, read, write};

/// A manager with two shards, and a name in each. The hashes are seeded, so the
/// names are found by the shard in the top 8 bits of an id.
fn two_shards() -> (Manager, [String; 2]) {
    let manager = Manager::builder().shards(2).build();
    let in_shard = |shard: u64| {
        let place = |name: &String| {
            let guard = manager.try_acquire(write(name.as_str())).expect("free");
            guard.id().to_u64() >> 56
        };
        let mut names = (0..1_000).map(|number| number.to_string());
        names
            .find(|name| place(name) == shard)
            .expect("one of many")
    };
    let names = [0, 1].map(in_shard);
    (manager, names)
}

/// It was told, not only decided.
#[track_caller]
fn assert_granted(mut pending: Pending) {
    match poll_once(&mut pending) {
        Poll::Ready(result) => drop(result.expect("granted")),
        Poll::Pending => panic!("nobody told it: {pending:?}"),
    }
}

#[test]
fn an_upgrade_has_a_greater_token_in_all_shards() {
    let (manager, [a, b]) = two_shards();
    for names in [[&a, &b], [&b, &a]] {
        for _ in 0..10 {
            drop(manager.acquire(write(names[1].as_str())));
        }
        let claims = [read(names[0].as_str()), write(names[1].as_str())];
        let mut guard = manager.acquire(claims).expect("free");
        let before = guard.token();
        guard.upgrade().expect("nobody else is there");
        assert!(guard.token() > before);
    }
}

#[test]
fn a_refused_try_to_upgrade_leaves_those_that_wait_as_they_were() {
    let (manager, [a, b]) = two_shards();
    let (a, b) = (a.as_str(), b.as_str());
    let mut upgrades = manager.acquire([read(a), read(b)]).expect("free");
    let other = manager.acquire(read(b)).expect("free");
    // It has passed in one shard, and waits in the other.
    let waits = manager.enqueue([read(a), write(b)]).expect("open");
    assert_eq!(upgrades.try_upgrade(), Err(UpgradeError::WouldBlock));
    drop(upgrades);
    drop(other);
    assert_granted(waits);
    assert_empty(&manager);
}

#[test]
fn a_refused_upgrade_leaves_those_that_wait_as_they_were() {
    let (manager, [a, b]) = two_shards();
    let (a, b) = (a.as_str(), b.as_str());
    let mut second = manager.acquire([read(a), read(b)]).expect("free");
    let first = manager.acquire(read(b)).expect("free");
    let waits = manager.enqueue([read(a), write(b)]).expect("open");
    assert_eq!(manager.upgrade(first.id()), Ok(UpgradeState::Waiting));
    assert!(matches!(second.upgrade(), Err(UpgradeError::Deadlock(_))));
    drop(second);
    drop(first);
    assert_granted(waits);
    assert_empty(&manager);
}

#[test]
fn a_cancelled_upgrade_leaves_those_that_wait_as_they_were() {
    let (manager, [a, b]) = two_shards();
    let (a, b) = (a.as_str(), b.as_str());
    let upgrades = manager.acquire([read(a), read(b)]).expect("free");
    let other = manager.acquire(read(b)).expect("free");
    let waits = manager.enqueue([read(a), write(b)]).expect("open");
    assert_eq!(manager.upgrade(upgrades.id()), Ok(UpgradeState::Waiting));
    manager.cancel_upgrade(upgrades.id()).expect("it waits");
    drop(upgrades);
    drop(other);
    assert_granted(waits);
    assert_empty(&manager);
}

#[test]
fn looking_leaves_those_that_wait_as_they_were() {
    let (manager, [a, b]) = two_shards();
    let (a, b) = (a.as_str(), b.as_str());
    let owner = manager.owner();
    let held = manager.acquire(write(b)).expect("free");
    let permit = || manager.request(read(a).limit(2)).owner(&owner);
    let one = permit().acquire().expect("free");
    // It has the other permit, and waits in the other shard.
    let waits = manager.enqueue([read(a).limit(2), write(b)]).expect("open");
    assert_eq!(permit().would_grant(), Ok(true));
    let both = [read(a).limit(2), write(b)];
    let refused = manager.request(both).owner(&owner).try_acquire();
    assert_eq!(refused.err(), Some(TryAcquireError::WouldBlock));
    drop(held);
    assert_granted(waits);
    drop(one);
    assert_empty(&manager);
}

/// A second permit of an owner goes ahead of one that has a permit and waits
/// elsewhere; with the owner's it is given back.
#[test]
fn a_permit_that_was_taken_away_comes_back() {
    let (manager, [a, b]) = two_shards();
    let (a, b) = (a.as_str(), b.as_str());
    let owner = manager.owner();
    let held = manager.acquire(write(b)).expect("free");
    let permit = || manager.request(read(a).limit(2)).owner(&owner).acquire();
    let one = permit().expect("free");
    let waits = manager.enqueue([read(a).limit(2), write(b)]).expect("open");
    let two = permit().expect("granted past the one that waits");
    drop(held);
    assert!(matches!(waits.state(), Some(oarlock::LockState::Waiting)));
    drop(two);
    assert_granted(waits);
    drop(one);
    assert_empty(&manager);
}

#[test]
fn an_upgrade_waits_for_what_was_claimed_again_meanwhile() {
    let manager = Manager::builder().shards(1).build();
    let owners = [manager.owner(), manager.owner()];
    let below = manager.request(read("a/b")).owner(&owners[0]).acquire();
    let below = below.expect("free");
    let above = manager.request(read("a")).owner(&owners[1]).acquire();
    let above = above.expect("free");
    assert_eq!(manager.upgrade(below.id()), Ok(UpgradeState::Waiting));
    let again = manager.request(read("a/b")).owner(&owners[1]).acquire();
    let again = again.expect("held already");
    drop(above);
    assert_eq!(manager.upgrade_state(below.id()), Ok(UpgradeState::Waiting));
    drop(again);
    assert!(matches!(
        manager.upgrade_state(below.id()),
        Ok(UpgradeState::Done(_))
    ));
}

#[test]
fn whoever_is_granted_does_not_wait_any_more() {
    let manager = Manager::builder().max_waiting(1).build();
    for _ in 0..3 {
        let held = manager.acquire(write("a")).expect("free");
        let waits = manager.enqueue(write("a")).expect("one may wait");
        assert_eq!(manager.stats().waiting, 1);
        drop(held);
        assert_eq!(manager.stats().waiting, 0);
        assert_granted(waits);
    }
}

#[test]
fn an_upgrade_past_one_that_has_inherited_a_part() {
    let manager = Manager::builder().shards(1).build();
    let (owner, other) = (manager.owner(), manager.owner());
    let own = manager.request(read("a/b")).owner(&owner).acquire();
    let mut own = own.expect("free");
    let above = manager.request(read("a")).owner(&other).acquire();
    let above = above.expect("free");
    // It waits to write, and reads what its owner reads already.
    let claims = [write("a/b"), read("a/c")];
    let waits = manager.request(claims).owner(&other).enqueue();
    let waits = waits.expect("nobody waits for it");
    assert_eq!(own.try_upgrade(), Err(UpgradeError::WouldBlock));
    drop(above);
    assert_eq!(own.try_upgrade(), Ok(()));
    drop(own);
    assert_granted(waits);
    assert_empty(&manager);
}
