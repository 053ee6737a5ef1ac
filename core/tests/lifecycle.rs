//! Managers: closing, names, and many shards behaving as one.

mod common;

use std::thread;

use common::{Random, assert_empty};
use oarlock::{
    AcquireError, AcquireTimeoutError, Claim, LockId, LockState, Manager, TryAcquireError,
    WaitError, read, write,
};

#[test]
fn closing_ends_waits_and_refuses_what_comes_later() {
    let manager = Manager::new();
    let held = manager.acquire([write("a"), write("b")]).expect("free");
    // One waits in several shards, granted in some of them; one waits behind it.
    let several = manager
        .enqueue([read("a"), write("x"), write("y"), write("z")])
        .expect("valid");
    let behind = manager.enqueue(write("")).expect("valid");
    let by_id = manager.enqueue(write("x")).expect("valid").into_id();
    thread::scope(|scope| {
        let wait = scope.spawn(|| several.wait().err());
        let id = scope.spawn(|| manager.wait(by_id, None));
        manager.close();
        assert_eq!(wait.join().expect("no panic"), Some(AcquireError::Closed));
        let id = id.join().expect("no panic");
        assert!(
            id == Err(WaitError::Closed) || id == Err(WaitError::Stale),
            "{id:?}"
        );
    });
    assert_eq!(behind.state(), None);
    assert_eq!(behind.wait().err(), Some(AcquireError::Closed));
    assert!(manager.is_closed());
    manager.close();
    assert_eq!(
        manager.acquire(write("q")).err(),
        Some(AcquireError::Closed)
    );
    assert_eq!(
        manager.try_acquire([write("q"), write("r")]).err(),
        Some(TryAcquireError::Closed)
    );
    assert_eq!(
        manager
            .acquire_timeout(write(""), std::time::Duration::from_secs(1))
            .err(),
        Some(AcquireTimeoutError::Closed)
    );
    // What is held stays held, and can be released.
    assert!(matches!(
        manager.state(held.id()),
        Ok(LockState::Granted(_))
    ));
    assert_eq!(held.release(), Ok(()));
}

#[test]
fn one_name_is_one_manager_for_as_long_as_it_is_in_use() {
    let one = Manager::named("lifecycle/shared");
    let two = Manager::named("lifecycle/shared");
    let other = Manager::named("lifecycle/other");
    assert_eq!(one.name(), Some("lifecycle/shared"));
    assert_eq!(Manager::new().name(), None);
    let guard = one.acquire(write("a")).expect("free");
    assert!(two.try_acquire(read("a")).is_err());
    assert!(other.try_acquire(read("a")).is_ok());
    drop((one, two));
    // The guard alone keeps it.
    assert!(
        Manager::named("lifecycle/shared")
            .try_acquire(read("a"))
            .is_err()
    );
    let last = guard.manager();
    drop(guard);
    last.close();
    drop(last);
    let fresh = Manager::named("lifecycle/shared");
    assert!(!fresh.is_closed());
}

#[test]
fn threads_that_ask_for_a_name_at_once_get_one_manager() {
    for round in 0..200 {
        let name = format!("lifecycle/race/{round}");
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let manager = Manager::named(&name);
                    let guard = manager.acquire(write("a")).expect("open");
                    assert!(Manager::named(&name).try_acquire(write("a")).is_err());
                    drop(guard);
                });
            }
        });
    }
}

/// The number of shards changes no answer: managers of 1, 3 and 256 shards are
/// driven with the same random requests and compared after every step.
#[test]
fn shards_change_no_answer() {
    const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];
    let mut random = Random::new("shards_change_no_answer");
    for _ in 0..60 {
        let managers = [1, 3, 256].map(|shards| Manager::builder().shards(shards).build());
        let mut live: Vec<[LockId; 3]> = Vec::new();
        for _ in 0..80 {
            if !live.is_empty() && random.below(5) < 2 {
                let ids = live.swap_remove(random.below(live.len()));
                for (manager, id) in managers.iter().zip(ids) {
                    assert_eq!(manager.release(id), Ok(()));
                }
            } else {
                let claims: Vec<Claim<'static>> = (0..=random.below(3))
                    .map(|_| {
                        let path: Vec<&str> = (0..random.below(3))
                            .map(|_| NAMES[random.below(5)])
                            .collect();
                        match random.below(2) {
                            0 => read(path),
                            _ => write(path),
                        }
                    })
                    .collect();
                live.push([0, 1, 2].map(|which| {
                    managers[which]
                        .enqueue(claims.iter().cloned())
                        .expect("valid")
                        .into_id()
                }));
            }
            for ids in &live {
                let granted = [0, 1, 2]
                    .map(|which| managers[which].state(ids[which]).expect("live"))
                    .map(|state| matches!(state, LockState::Granted(_)));
                assert_eq!(granted, [granted[0]; 3]);
            }
        }
        for ids in live {
            for (manager, id) in managers.iter().zip(ids) {
                assert_eq!(manager.release(id), Ok(()));
            }
        }
        managers.iter().for_each(assert_empty);
    }
}

#[test]
fn a_builder_keeps_to_the_range_of_shards() {
    for shards in [0, 1, 255, 256, 257, usize::MAX] {
        let manager = Manager::builder().shards(shards).build();
        let root = manager.acquire(write("")).expect("free");
        assert!(manager.try_acquire(read("a")).is_err());
        drop(root);
        assert_empty(&manager);
    }
}

#[test]
fn handles_guards_and_futures_cross_threads() {
    fn send<T: Send>() {}
    fn sync<T: Sync>() {}
    send::<Manager>();
    sync::<Manager>();
    send::<oarlock::Guard>();
    sync::<oarlock::Guard>();
    send::<oarlock::Pending>();
    send::<oarlock::Acquire>();
}
