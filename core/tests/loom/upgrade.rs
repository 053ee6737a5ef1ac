//! Granted requests that change, against those whom that concerns.

use std::sync::Arc;
use std::time::Duration;

use loom::thread;
use oarlock::{AcquireError, ChangeError, Guard, StaleLock, UpgradeError, read, write};

use crate::support::{Section, assert_empty, manager, model, two_shards};

#[test]
fn against_a_release() {
    model("upgrade against release", || {
        let manager = manager();
        let section = Section::new();
        let mut own = manager.acquire(read("a")).expect("free");
        let other = manager.acquire(read("a")).expect("free");
        let behind = manager.enqueue(write("a")).expect("open");
        let before = own.token().max(other.token());
        let reading = {
            let section = Arc::clone(&section);
            thread::spawn(move || {
                assert_eq!(section.writes(), 0);
                drop(other);
            })
        };
        // Ahead of the one that waits.
        own.upgrade().expect("the other goes");
        assert!(own.token() > before);
        section.write();
        reading.join().expect("no panic");
        let token = own.token();
        drop(own);
        let guard = behind.wait().expect("granted");
        assert!(guard.token() > token);
        drop(guard);
        assert_empty(&manager);
    });
}

/// The second is refused, and goes; or one comes after the other.
#[test]
fn against_an_upgrade() {
    model("upgrade against upgrade", || {
        let manager = manager();
        let section = Section::new();
        let guards = [0, 1].map(|_| manager.acquire(read("a")).expect("free"));
        let threads = guards.map(|mut guard| {
            let section = Arc::clone(&section);
            thread::spawn(move || match guard.upgrade() {
                Ok(()) => {
                    section.write();
                    true
                }
                Err(UpgradeError::Deadlock(circle)) => {
                    assert_eq!(circle.members().len(), 2);
                    false
                }
                Err(error) => panic!("{error}"),
            })
        });
        let upgraded = threads.map(|thread| thread.join().expect("no panic"));
        let count = upgraded.into_iter().filter(|&it| it).count();
        assert!(count > 0, "both were refused");
        assert_eq!(section.writes() as usize, count);
        assert_empty(&manager);
    });
}

#[test]
fn with_a_timeout() {
    model("upgrade with a timeout against release", || {
        let manager = manager();
        let mut own = manager.acquire(read("a")).expect("free");
        let other = manager.acquire(read("a")).expect("free");
        let reader = manager.enqueue(read("a"));
        let before = own.token();
        let releasing = thread::spawn(move || drop((other, reader)));
        match own.upgrade_timeout(Duration::from_secs(1)) {
            Ok(()) => assert!(own.token() > before),
            Err(UpgradeError::Timeout) => {
                assert_eq!(own.token(), before);
                // As if it had never been asked for.
                drop(manager.acquire(read("a")).expect("granted"));
            }
            Err(error) => panic!("{error}"),
        }
        releasing.join().expect("no panic");
        own.release().expect("held");
        assert_empty(&manager);
    });
}

#[test]
fn against_a_close() {
    model("upgrade against close and release", || {
        let manager = manager();
        let mut own = manager.acquire(read("a")).expect("free");
        let other = manager.acquire(read("a")).expect("free");
        let releasing = thread::spawn(move || drop(other));
        let closing = {
            let manager = manager.clone();
            thread::spawn(move || manager.close())
        };
        let upgraded = own.upgrade();
        assert!(
            matches!(&upgraded, Ok(()) | Err(UpgradeError::Closed)),
            "{upgraded:?}"
        );
        releasing.join().expect("no panic");
        closing.join().expect("no panic");
        // Held stays held.
        own.release().expect("held");
    });
}

#[test]
fn against_its_cancel() {
    model("upgrade against its cancel and release", || {
        let manager = manager();
        let mut own = manager.acquire(read("a")).expect("free");
        let other = manager.acquire(read("a")).expect("free");
        let id = own.id();
        let releasing = thread::spawn(move || drop(other));
        let cancelling = {
            let manager = manager.clone();
            thread::spawn(move || manager.cancel_upgrade(id))
        };
        let upgraded = own.upgrade();
        let cancelled = cancelling.join().expect("no panic");
        match (&upgraded, &cancelled) {
            (Ok(()), Err(_)) | (Err(UpgradeError::Cancelled), Ok(())) => {}
            both => panic!("upgrade and cancel disagree: {both:?}"),
        }
        releasing.join().expect("no panic");
        own.release().expect("held");
        assert_empty(&manager);
    });
}

/// Somebody releases the request by its id while its upgrade waits.
#[test]
fn against_its_release() {
    model("upgrade against the release of its request", || {
        let manager = manager();
        let mut own = manager.acquire(read("a")).expect("free");
        let other = manager.acquire(read("a")).expect("free");
        let id = own.id();
        let behind = manager.enqueue(write("a")).expect("open");
        let ending = {
            let manager = manager.clone();
            thread::spawn(move || manager.release(id).expect("held"))
        };
        let releasing = thread::spawn(move || drop(other));
        let upgraded = own.upgrade();
        assert!(
            matches!(
                &upgraded,
                Ok(()) | Err(UpgradeError::Cancelled | UpgradeError::Stale)
            ),
            "{upgraded:?}"
        );
        ending.join().expect("no panic");
        releasing.join().expect("no panic");
        assert_eq!(own.release(), Err(StaleLock));
        drop(behind.wait().expect("granted"));
        assert_empty(&manager);
    });
}

#[test]
fn in_two_shards() {
    model("upgrade in two shards against two releases", || {
        let (manager, [one, two]) = two_shards();
        let section = Section::new();
        let mut own = manager.acquire([read(one), read(two)]).expect("free");
        let others = [one, two].map(|name| manager.acquire(read(name)).expect("free"));
        let before = own.token().max(others[0].token()).max(others[1].token());
        let behind = manager.enqueue(read(two)).expect("open");
        let threads = others.map(|guard| {
            let section = Arc::clone(&section);
            thread::spawn(move || {
                section.read();
                drop(guard);
            })
        });
        drop(behind);
        own.upgrade().expect("the others go");
        assert!(own.token() > before);
        section.write();
        for thread in threads {
            thread.join().expect("no panic");
        }
        drop(own);
        assert_empty(&manager);
    });
}

#[test]
fn with_a_timeout_in_two_shards() {
    model("upgrade with a timeout in two shards", || {
        let (manager, [one, two]) = two_shards();
        let mut own = manager.acquire([read(one), read(two)]).expect("free");
        let others = [one, two].map(|name| manager.acquire(read(name)).expect("free"));
        let threads = others.map(|guard| thread::spawn(move || drop(guard)));
        let before = own.token();
        match own.upgrade_timeout(Duration::from_secs(1)) {
            Ok(()) => assert!(own.token() > before),
            Err(UpgradeError::Timeout) => {
                drop(manager.acquire([read(one), read(two)]).expect("granted"));
            }
            Err(error) => panic!("{error}"),
        }
        for thread in threads {
            thread.join().expect("no panic");
        }
        own.release().expect("held");
        assert_empty(&manager);
    });
}

/// It goes ahead of one that has passed in one shard and waits in the other, and
/// sends it back there; in the end that one is told all the same.
fn past_one_in_both_shards(change: impl Fn(&mut Guard)) {
    let (manager, [one, two]) = two_shards();
    let section = Section::new();
    let mut own = manager.acquire([read(one), read(two)]).expect("free");
    let other = manager.acquire(read(two)).expect("free");
    let behind = manager.enqueue([read(one), write(two)]).expect("open");
    let releasing = thread::spawn(move || drop(other));
    let waiting = {
        let section = Arc::clone(&section);
        thread::spawn(move || {
            let guard = behind.wait().expect("granted");
            section.write();
            drop(guard);
        })
    };
    change(&mut own);
    assert_eq!(section.writes(), 0);
    drop(own);
    waiting.join().expect("no panic");
    releasing.join().expect("no panic");
    assert_empty(&manager);
}

#[test]
fn past_one_that_waits_in_both_shards() {
    model("upgrade past one that waits in both shards", || {
        past_one_in_both_shards(|own| own.upgrade().expect("the other goes"));
    });
}

#[test]
fn a_try_past_one_that_waits_in_both_shards() {
    model("try to upgrade past one that waits in both shards", || {
        past_one_in_both_shards(|own| drop(own.try_upgrade()));
    });
}

#[test]
fn a_timeout_past_one_that_waits_in_both_shards() {
    model(
        "upgrade with a timeout past one that waits in both shards",
        || {
            past_one_in_both_shards(|own| drop(own.upgrade_timeout(Duration::from_secs(1))));
        },
    );
}

/// It would send back one that waits in another shard alone, which is granted there
/// in the same moment: exactly one of them comes first.
fn past_one_that_is_granted_meanwhile(change: impl Fn(&mut Guard) -> bool) {
    let (manager, [one, two]) = two_shards();
    let section = Section::new();
    let mut own = manager.acquire(read(one)).expect("free");
    let held = manager.acquire(write(two)).expect("free");
    let behind = manager.enqueue([read(one), write(two)]).expect("open");
    let releasing = thread::spawn(move || drop(held));
    let waiting = {
        let section = Arc::clone(&section);
        thread::spawn(move || {
            let guard = behind.wait().expect("granted");
            section.read();
            drop(guard);
        })
    };
    if change(&mut own) {
        section.write();
    }
    drop(own);
    waiting.join().expect("no panic");
    releasing.join().expect("no panic");
    assert_empty(&manager);
}

#[test]
fn past_one_granted_meanwhile() {
    model("upgrade past one that is granted meanwhile", || {
        past_one_that_is_granted_meanwhile(|own| own.upgrade().is_ok());
    });
}

#[test]
fn a_try_past_one_granted_meanwhile() {
    model("try to upgrade past one that is granted meanwhile", || {
        past_one_that_is_granted_meanwhile(|own| own.try_upgrade().is_ok());
    });
}

#[test]
fn a_timeout_past_one_granted_meanwhile() {
    model("upgrade with a timeout past one granted meanwhile", || {
        past_one_that_is_granted_meanwhile(|own| {
            own.upgrade_timeout(Duration::from_secs(1)).is_ok()
        });
    });
}

#[test]
fn a_downgrade() {
    model("downgrade against a reader and a writer", || {
        let manager = manager();
        let section = Section::new();
        let mut own = manager.acquire(write("a")).expect("free");
        let reading = {
            let (manager, section) = (manager.clone(), Arc::clone(&section));
            thread::spawn(move || {
                let guard = manager.acquire(read("a")).expect("granted");
                assert!(section.writes() >= 1);
                drop(guard);
            })
        };
        let writing = {
            let (manager, section) = (manager.clone(), Arc::clone(&section));
            thread::spawn(move || {
                let guard = manager.acquire(write("a")).expect("granted");
                assert_eq!(section.writes(), 1);
                section.write();
                drop(guard);
            })
        };
        section.write();
        own.downgrade().expect("held");
        assert_eq!(section.writes(), 1);
        drop(own);
        reading.join().expect("no panic");
        writing.join().expect("no panic");
        assert_empty(&manager);
    });
}

#[test]
fn a_part() {
    model("release of a part against those that wait", || {
        let (manager, [one, two]) = two_shards();
        let sections = [Section::new(), Section::new()];
        let mut own = manager.acquire([write(one), write(two)]).expect("free");
        let token = own.token();
        let threads: Vec<_> = [one, two]
            .into_iter()
            .zip(sections.clone())
            .map(|(name, section)| {
                let manager = manager.clone();
                thread::spawn(move || {
                    let guard = manager.acquire(write(name)).expect("granted");
                    assert!(guard.token() > token);
                    assert_eq!(section.writes(), 1);
                    drop(guard);
                })
            })
            .collect();
        sections[0].write();
        own.release_part(one).expect("held");
        sections[1].write();
        own.release_part(two).expect("held");
        assert_eq!(own.release_part(two), Err(ChangeError::Stale));
        for thread in threads {
            thread.join().expect("no panic");
        }
        assert_empty(&manager);
    });
}

/// One that waits is closed while an upgrade ahead of it is granted.
#[test]
fn a_close_behind_it() {
    model("close behind an upgrade", || {
        let manager = manager();
        let mut own = manager.acquire(read("a")).expect("free");
        let other = manager.acquire(read("a")).expect("free");
        let behind = manager.enqueue(write("a")).expect("open");
        let closing = {
            let manager = manager.clone();
            thread::spawn(move || manager.close())
        };
        let waiting = thread::spawn(move || behind.wait().map(drop));
        drop(other);
        drop(own.upgrade());
        drop(own);
        let result = waiting.join().expect("no panic");
        assert!(matches!(result, Ok(()) | Err(AcquireError::Closed)));
        closing.join().expect("no panic");
        assert!(manager.is_closed());
    });
}
