//! Cycles of owners, closed by several threads at the same time.

use std::sync::Arc;

use loom::thread;
use oarlock::{AcquireError, Manager, Owner, UpgradeState, read, write};

use crate::support::{Section, assert_empty, manager, model, two_shards};

/// Takes both, one after the other; says whether it got them.
fn take(manager: &Manager, owner: &Owner, paths: [&str; 2], section: &Section) -> bool {
    let get = |path| manager.request(write(path)).owner(owner).acquire();
    let first = get(paths[0]).expect("nothing is held yet");
    match get(paths[1]) {
        Ok(second) => {
            section.write();
            drop((first, second));
            true
        }
        Err(AcquireError::Deadlock(circle)) => {
            let owners: Vec<_> = circle.members().iter().map(|it| it.owner).collect();
            assert_eq!(owners.len(), 2);
            assert_eq!(owners[0], Some(owner.id()));
            false
        }
        Err(error) => panic!("{error}"),
    }
}

fn crosswise(manager: Manager, [one, two]: [&'static str; 2]) {
    let section = Section::new();
    let other = {
        let (manager, section) = (manager.clone(), Arc::clone(&section));
        thread::spawn(move || take(&manager, &manager.owner(), [two, one], &section))
    };
    let own = take(&manager, &manager.owner(), [one, two], &section);
    let other = other.join().expect("no panic");
    assert!(own || other, "both were refused");
    assert_eq!(section.writes(), u32::from(own) + u32::from(other));
    assert_empty(&manager);
}

#[test]
fn crosswise_in_one_shard() {
    model("two owners crosswise", || crosswise(manager(), ["a", "b"]));
}

#[test]
fn crosswise_in_two_shards() {
    model("two owners crosswise in two shards", || {
        let (manager, names) = two_shards();
        crosswise(manager, names);
    });
}

/// An owner waits for one path, and another one, which holds a second path, behind it.
/// Then the first asks for that second path while somebody lets go of the one: either
/// it is a holder by then, and is refused, or it stands behind the other one from then
/// on. What was taken in is granted in each case.
#[test]
fn a_grant_decides_whether_it_is_a_deadlock_or_a_bypass() {
    model("a grant beside what would be a bypass without it", || {
        let (manager, [one, two]) = two_shards();
        let (own, other) = (manager.owner(), manager.owner());
        let held = manager.acquire(write(one)).expect("free");
        let first = manager.request(write(one)).owner(&own).enqueue();
        let first = first.expect("open");
        let others = manager.request(write(two)).owner(&other).acquire();
        let others = others.expect("free");
        let waits = manager.request(write(one)).owner(&other).enqueue();
        let waits = waits.expect("its turn comes after the first");
        let releasing = thread::spawn(move || drop(held));
        match manager.request(write(two)).owner(&own).enqueue() {
            Err(AcquireError::Deadlock(_)) => {
                drop(first.wait().expect("granted"));
                drop(waits.wait().expect("granted"));
                drop(others);
            }
            Ok(second) => {
                drop(waits.wait().expect("granted"));
                drop(others);
                drop(second.wait().expect("granted"));
                drop(first.wait().expect("granted"));
            }
            Err(error) => panic!("{error}"),
        }
        releasing.join().expect("no panic");
        assert_empty(&manager);
    });
}

/// One thread of an owner upgrades past another owner that waits, and another thread
/// begins to wait for that owner in another shard at the same time.
#[test]
fn two_threads_of_one_owner() {
    model("two threads of one owner, in two shards", || {
        let (manager, [one, two]) = two_shards();
        let (own, other) = (manager.owner(), manager.owner());
        let others = manager.request(write(two)).owner(&other).acquire();
        let others = others.expect("free");
        let third = manager.acquire(write("third")).expect("free");
        // Has passed the one, and waits for the third.
        let waits = manager.request([read(one), write("third")]).owner(&other);
        let waits = waits.enqueue().expect("open");
        let second = {
            let (manager, own) = (manager.clone(), own.clone());
            thread::spawn(move || manager.request(write(two)).owner(&own).acquire())
        };
        let first = manager.request(read(one)).owner(&own).acquire();
        let first = first.expect("beside a read");
        match manager.upgrade(first.id()) {
            Ok(UpgradeState::Done(_)) => {
                // The other owner waits for this one now.
                let second = second.join().expect("no panic");
                assert!(
                    matches!(second, Err(AcquireError::Deadlock(_))),
                    "{second:?}"
                );
                drop((first, third));
                drop(waits.wait().expect("granted"));
                drop(others);
            }
            Ok(_) => {
                // This one waits for the other owner, and its upgrade comes after it.
                drop(third);
                drop(waits.wait().expect("granted"));
                drop(others);
                drop(second.join().expect("no panic").expect("granted"));
                let upgraded = manager.upgrade_and_wait(first.id(), None);
                assert!(upgraded.is_ok(), "{upgraded:?}");
                drop(first);
            }
            Err(error) => panic!("{error}"),
        }
        assert_empty(&manager);
    });
}

/// What an owner holds it has again at once, also past one that waits.
#[test]
fn again_past_one_that_waits() {
    model("an owner again, past one that waits", || {
        let manager = manager();
        let section = Section::new();
        let owner = manager.owner();
        let other = {
            let (manager, section) = (manager.clone(), Arc::clone(&section));
            thread::spawn(move || {
                let guard = manager.acquire(write("a")).expect("granted");
                section.write();
                guard.token()
            })
        };
        let outer = manager.request(write("a")).owner(&owner).acquire();
        let outer = outer.expect("granted");
        let inner = manager.request(write("a/b")).owner(&owner).acquire();
        let inner = inner.expect("granted");
        section.write();
        drop(outer);
        section.write();
        drop(inner);
        other.join().expect("no panic");
        assert_eq!(section.writes(), 3);
        assert_empty(&manager);
    });
}

/// An owner's second permit is taken from one that waits in another shard, and is
/// given back.
#[test]
fn a_permit_again() {
    model("an owner takes a permit again", || {
        let (manager, [one, two]) = two_shards();
        let owner = manager.owner();
        let permit = || manager.request(read(one).limit(2)).owner(&owner).acquire();
        let held = manager.acquire(write(two)).expect("free");
        let first = permit().expect("free");
        let waits = manager.enqueue([read(one).limit(2), write(two)]);
        let waits = waits.expect("open");
        let releasing = thread::spawn(move || drop(held));
        let waiting = thread::spawn(move || waits.wait().map(drop));
        let second = permit().expect("held already");
        drop(second);
        waiting.join().expect("no panic").expect("granted");
        releasing.join().expect("no panic");
        drop(first);
        assert_empty(&manager);
    });
}

/// The one whose permit is taken is granted elsewhere in the same moment: then the
/// second permit has to wait for it no more than the rules say.
#[test]
fn a_permit_of_one_that_is_granted_meanwhile() {
    model("an owner takes a permit of one granted meanwhile", || {
        let (manager, [one, two]) = two_shards();
        let owner = manager.owner();
        let permit = || manager.request(read(one).limit(2)).owner(&owner);
        let held = manager.acquire(write(two)).expect("free");
        let first = permit().acquire().expect("free");
        let waits = manager.enqueue([read(one).limit(2), write(two)]);
        let waits = waits.expect("open");
        let releasing = thread::spawn(move || drop(held));
        let waiting = thread::spawn(move || waits.wait().map(drop));
        assert_eq!(permit().would_grant(), Ok(true));
        drop(permit().try_acquire().expect("held already"));
        drop(first);
        waiting.join().expect("no panic").expect("granted");
        releasing.join().expect("no panic");
        assert_empty(&manager);
    });
}
