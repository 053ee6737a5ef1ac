//! Upgrades by id: what is said of them is what is so.

use oarlock::{LockId, LockState, Manager, StaleLock, UpgradeError, UpgradeState, read, write};

fn two_readers() -> (Manager, oarlock::Guard, oarlock::Guard) {
    let manager = Manager::new();
    let one = manager.acquire(read("a")).expect("free");
    let other = manager.acquire(read("a")).expect("free");
    (manager, one, other)
}

#[test]
fn an_upgrade_that_ended_without_the_grant_is_not_done() {
    for close in [false, true] {
        let (manager, guard, _other) = two_readers();
        let id = guard.id();
        assert_eq!(
            manager.upgrade_state(id).expect("live"),
            UpgradeState::NotUpgraded
        );
        assert_eq!(manager.upgrade(id).expect("held"), UpgradeState::Waiting);
        if close {
            manager.close();
        } else {
            manager.cancel_upgrade(id).expect("it waits");
        }
        assert_eq!(manager.wait_upgrade(id, None), Err(UpgradeError::Cancelled));
        assert_eq!(
            manager.upgrade_state(id).expect("live"),
            UpgradeState::NotUpgraded
        );
    }
}

#[test]
fn an_upgrade_that_is_granted_shows_everywhere_at_once() {
    let (manager, guard, other) = two_readers();
    let id = guard.id();
    assert_eq!(manager.upgrade(id).expect("held"), UpgradeState::Waiting);
    let before = other.token();
    drop(other);
    let LockState::Granted(token) = manager.state(id).expect("live") else {
        panic!("it is granted");
    };
    assert!(token > before);
    let seen = manager.inspect("a").expect("a path");
    assert_eq!(seen[0].claims, [write("a")]);
    assert_eq!(seen[0].state, LockState::Granted(token));
    assert_eq!(manager.wait_upgrade(id, None), Ok(token));
    assert_eq!(manager.upgrade_state(id), Ok(UpgradeState::Done(token)));
}

/// Both claim c, and who waits for what the other one holds comes after it.
#[test]
fn who_waits_for_a_holder_comes_after_it_and_may_wait_in_its_callback() {
    let manager = Manager::new();
    let (one, two) = (manager.owner(), manager.owner());
    let first = manager.acquire(write("c")).expect("free");
    let held = manager.request(write("b")).owner(&two).acquire();
    let held = held.expect("free");
    let (send, receive) = std::sync::mpsc::channel();
    let (hand, take) = std::sync::mpsc::channel::<oarlock::Pending>();
    let enqueued = manager
        .request(write("c"))
        .owner(&one)
        .enqueue_with(move |guard| {
            let pending = take.recv().expect("it was sent before");
            send.send(pending.wait().is_ok()).expect("somebody listens");
            drop(guard);
        });
    assert!(matches!(enqueued, Ok(oarlock::Enqueued::Waiting(_))));
    let behind = manager.request(write("c")).owner(&two).enqueue();
    let behind = behind.expect("it waits").into_id();
    let waits = manager.request(write("b")).owner(&one).enqueue();
    hand.send(waits.expect("it may wait")).expect("kept");
    drop(first);
    assert!(matches!(manager.state(behind), Ok(LockState::Granted(_))));
    assert!(receive.try_recv().is_err(), "it waits");
    drop(held);
    manager.release(behind).expect("held");
    assert!(receive.recv().expect("the callback ran"));
}

#[test]
fn an_upgrade_is_waited_for_by_id_alone() {
    let (manager, one, other) = two_readers();
    let id = one.id();
    let before = one.token();
    let now = Some(std::time::Instant::now());
    assert_eq!(
        manager.upgrade_and_wait(id, now),
        Err(UpgradeError::Timeout)
    );
    // Taken back: the next one may begin, and is granted with the release.
    std::thread::scope(|scope| {
        let upgrade = scope.spawn(|| manager.upgrade_and_wait(id, None));
        drop(other);
        let token = upgrade.join().expect("no panic").expect("granted");
        assert!(token > before);
        assert_eq!(manager.upgrade_state(id), Ok(UpgradeState::Done(token)));
    });
    let waits = manager.enqueue(read("a")).expect("open");
    let not_granted = Err(UpgradeError::NotGranted);
    assert_eq!(manager.upgrade_and_wait(waits.id(), None), not_granted);
    drop((one, waits));
    assert_eq!(manager.upgrade_and_wait(id, None), Err(UpgradeError::Stale));
}

#[test]
fn one_request_is_told_of_as_in_an_inspection() {
    let manager = Manager::builder().shards(4).build();
    let owner = manager.owner();
    let claims = || [read("a"), read("b").limit(3), read("c"), read("d")];
    let held = manager.request(claims()).owner(&owner).label("it");
    let held = held.acquire().expect("free");
    let other = manager.acquire(read("a")).expect("free");
    let waits = manager.enqueue(write("c/d")).expect("open");
    assert_eq!(manager.upgrade(held.id()), Ok(UpgradeState::Waiting));
    for id in [held.id(), other.id(), waits.id()] {
        let one = manager.info(id).expect("live");
        let all = manager.inspect("").expect("a path");
        let same = all.iter().find(|it| it.id == id).expect("live");
        assert_eq!(
            (&one.claims, one.state, one.owner, &one.label, one.upgrading),
            (
                &same.claims,
                same.state,
                same.owner,
                &same.label,
                same.upgrading
            )
        );
        assert!(one.age <= same.age || one.state != LockState::Waiting);
    }
    let it = manager.info(held.id()).expect("live");
    assert_eq!(it.id, held.id());
    assert_eq!(it.state, LockState::Granted(held.token()));
    assert_eq!(it.claims, claims());
    assert_eq!(it.owner, Some(owner.id()));
    assert_eq!(it.label.as_deref(), Some("it"));
    assert!(it.upgrading);
    drop(other);
    let it = manager.info(held.id()).expect("live");
    assert_eq!(it.claims, ["a", "b", "c", "d"].map(write));
    assert!(!it.upgrading);
    let it = manager.info(waits.id()).expect("live");
    assert_eq!(it.state, LockState::Waiting);
}

#[test]
fn nothing_is_told_of_what_is_no_live_request() {
    let manager = Manager::builder().shards(2).build();
    let id = manager.acquire(write("a")).expect("free").id();
    let held = manager.acquire(write("a")).expect("free");
    for stale in [id.to_u64(), 0, u64::MAX, held.id().to_u64() ^ (1 << 56)] {
        let stale = LockId::from_u64(stale);
        assert_eq!(manager.info(stale).err(), Some(StaleLock));
    }
    let other = Manager::new();
    assert_eq!(other.info(held.id()).err(), Some(StaleLock));
}
