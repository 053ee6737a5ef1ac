//! Upgrades as futures: they begin at the call, and leave nothing behind.

mod common;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use common::{Random, assert_empty, block_on, poll_once};
use oarlock::{Guard, Manager, Upgrade, UpgradeError, UpgradeState, read, write};

fn two_readers() -> (Manager, Guard, Guard) {
    let manager = Manager::builder().shards(2).build();
    let claims = || ["a", "b", "c"].map(read);
    let own = manager.acquire(claims()).expect("free");
    let other = manager.acquire(claims()).expect("free");
    (manager, own, other)
}

fn is_sendable<T: Send + Sync + Unpin + std::fmt::Debug>() {}

#[test]
fn a_free_upgrade_is_ready_at_the_first_poll() {
    is_sendable::<Upgrade>();
    let (manager, own, other) = two_readers();
    drop(other);
    let mut future = manager.upgrade_async(own.id());
    let state = manager.upgrade_state(own.id());
    let Poll::Ready(Ok(token)) = poll_once(&mut future) else {
        panic!("not ready");
    };
    assert_eq!(state, Ok(UpgradeState::Done(token)));
    // Polled again after its end: an answer, no panic.
    assert!(matches!(poll_once(&mut future), Poll::Ready(Err(_))));
    let stale = own.id();
    drop(own);
    let refused = block_on(manager.upgrade_async(stale));
    assert_eq!(refused, Err(UpgradeError::Stale));
    assert_empty(&manager);
}

#[test]
fn it_begins_when_it_is_made_and_is_woken_when_it_ends() {
    let (manager, own, other) = two_readers();
    let future = manager.upgrade_async(own.id());
    assert_eq!(manager.upgrade_state(own.id()), Ok(UpgradeState::Waiting));
    let second = block_on(manager.upgrade_async(own.id()));
    assert_eq!(second, Err(UpgradeError::AlreadyWaiting));
    let before = other.token();
    let waiting = thread::spawn(move || block_on(future));
    drop(other);
    let token = waiting.join().expect("no panic").expect("granted");
    assert!(token > before);
    assert!(manager.try_acquire(read("b")).is_err());
    drop(own);
    assert_empty(&manager);
}

#[test]
fn it_hears_of_its_other_ends() {
    type End = fn(&Manager, Guard) -> Option<Guard>;
    let ends: [(End, UpgradeError); 3] = [
        (
            |m, own| {
                m.cancel_upgrade(own.id()).expect("it waits");
                Some(own)
            },
            UpgradeError::Cancelled,
        ),
        (|_, _own| None, UpgradeError::Cancelled),
        (
            |m, own| {
                m.close();
                Some(own)
            },
            UpgradeError::Closed,
        ),
    ];
    for (end, word) in ends {
        let (manager, own, other) = two_readers();
        let mut future = manager.upgrade_async(own.id());
        assert!(poll_once(&mut future).is_pending());
        let own = end(&manager, own);
        assert_eq!(block_on(future), Err(word));
        drop((own, other));
    }
}

/// Counts how often it is woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn dropped_while_it_waits_it_is_taken_back() {
    let (manager, own, other) = two_readers();
    let behind = manager.enqueue(read("a")).expect("open");
    let mut future = manager.upgrade_async(own.id());
    let woken = Arc::new(Count::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut context = Context::from_waker(&waker);
    assert!(
        Pin::new(&mut future)
            .as_mut()
            .poll(&mut context)
            .is_pending()
    );
    drop((future, waker));
    // Nobody is left to wake, and nothing of it is kept.
    assert_eq!(Arc::strong_count(&woken), 1);
    assert_eq!(woken.0.load(Ordering::Relaxed), 0);
    assert_eq!(
        manager.upgrade_state(own.id()),
        Ok(UpgradeState::NotUpgraded)
    );
    drop(manager.try_acquire(read("a")).expect("as if never asked"));
    drop((behind, other));
    // Never polled.
    let other = manager.acquire(read("a")).expect("free");
    drop(manager.upgrade_async(own.id()));
    drop(manager.try_acquire(read("a")).expect("as if never asked"));
    drop((own, other));
    assert_empty(&manager);
}

#[test]
fn dropped_late_it_leaves_a_later_upgrade_alone() {
    let (manager, own, other) = two_readers();
    let future = manager.upgrade_async(own.id());
    manager.cancel_upgrade(own.id()).expect("it waits");
    let next = manager.upgrade_async(own.id());
    drop(future);
    assert_eq!(manager.upgrade_state(own.id()), Ok(UpgradeState::Waiting));
    drop(other);
    block_on(next).expect("granted");
    drop(own);
    assert_empty(&manager);
}

#[test]
fn dropped_when_it_is_granted_it_is_complete() {
    let (manager, mut own, other) = two_readers();
    let future = manager.upgrade_async(own.id());
    drop(other);
    drop(future);
    // Before any call that would complete it.
    assert_eq!(manager.stats().upgrades, 1);
    let state = manager.upgrade_state(own.id());
    assert!(matches!(state, Ok(UpgradeState::Done(_))));
    own.downgrade().expect("held");
    drop(own);
    assert_empty(&manager);
}

#[test]
fn dropped_while_another_thread_grants_it() {
    let (manager, own, other) = two_readers();
    drop(other);
    let mut own = own;
    let mut random = Random::new("dropped_while_another_thread_grants_it");
    for _ in 0..2_000 {
        let other = manager.acquire(read("b")).expect("free");
        let mut future = manager.upgrade_async(own.id());
        assert!(poll_once(&mut future).is_pending());
        let spins = random.below(400);
        thread::scope(|scope| {
            scope.spawn(move || drop(other));
            for _ in 0..spins {
                std::hint::spin_loop();
            }
            drop(future);
        });
        match manager.upgrade_state(own.id()) {
            Ok(UpgradeState::Done(_)) => own.downgrade().expect("held"),
            Ok(UpgradeState::NotUpgraded) => {}
            other => panic!("{other:?}"),
        }
        assert!(manager.try_acquire(write("b")).is_err());
    }
    drop(own);
    assert_empty(&manager);
}
