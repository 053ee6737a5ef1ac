//! Upgrades by id: what is said of them is what is so.

use oarlock::{LockState, Manager, UpgradeError, UpgradeState, read, write};

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

#[test]
fn a_circle_that_a_grant_closes_is_broken_before_its_callback_runs() {
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
            send.send(pending.wait().is_err())
                .expect("somebody listens");
            drop(guard);
        });
    assert!(matches!(enqueued, Ok(oarlock::Enqueued::Waiting(_))));
    let behind = manager.request(write("c")).owner(&two).enqueue();
    let behind = behind.expect("it waits");
    let waits = manager.request(write("b")).owner(&one).enqueue();
    hand.send(waits.expect("it holds nothing yet"))
        .expect("kept");
    drop(first);
    assert!(receive.recv().expect("the callback ran"));
    drop((behind, held));
}
