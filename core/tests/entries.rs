//! A claim on a path's own entry: beside all that is below the path, and under all
//! that covers the path.

mod common;

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use common::{Random, assert_empty};
use oarlock::{
    ChangeError, Claim, InvalidRequest, LockState, Manager, Mode, Path, TryAcquireError, read,
    read_entry, upgradable, write, write_entry,
};

/// Whether the second has to wait for the first; the same the other way round.
#[track_caller]
fn conflict(one: &Claim<'_>, other: &Claim<'_>) -> bool {
    let manager = Manager::new();
    let [there, back] = [(one, other), (other, one)].map(|(held, asked)| {
        let _held = manager.acquire(held.clone()).expect("free");
        !manager.would_grant(asked.clone()).expect("a request")
    });
    assert_eq!(there, back, "{one:?} {other:?}");
    assert_empty(&manager);
    there
}

#[test]
fn an_entry_conflicts_with_itself_and_what_covers_its_path() {
    for path in ["", "a", "a/b"] {
        let (shared, alone) = (read_entry(path), write_entry(path));
        assert!(!conflict(&shared, &shared));
        assert!(conflict(&shared, &alone));
        assert!(conflict(&alone, &alone));
        for above in ["", "a", "a/b"]
            .into_iter()
            .filter(|it| path.starts_with(it))
        {
            assert!(!conflict(&shared, &read(above)), "{above}");
            assert!(conflict(&shared, &write(above)), "{above}");
            assert!(conflict(&alone, &read(above)), "{above}");
            assert!(conflict(&alone, &write(above)), "{above}");
        }
        let child = match path {
            "" => "x".to_owned(),
            path => format!("{path}/x"),
        };
        for below in [child.clone(), child + "/y"] {
            for other in [write(&below), write_entry(&below)] {
                assert!(!conflict(&alone, &other), "{other:?}");
            }
        }
    }
    assert!(!conflict(&write_entry("a"), &write("b")));
    assert!(!conflict(&write_entry(""), &write_entry("a")));
}

/// Whatever its bytes and its length, and also where names have one hash.
#[test]
fn no_name_is_an_entry() {
    let manager = Manager::new();
    let mut random = Random::new("no_name_is_an_entry");
    let _root = manager.acquire(write_entry("")).expect("free");
    let _deep = manager.acquire(write_entry("a")).expect("free");
    for length in 0..80 {
        for _ in 0..50 {
            let name: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
            for path in [vec![&name[..]], vec![b"a", &name]] {
                if path != [b"a"] {
                    let guard = manager.try_acquire(write(path));
                    drop(guard.expect("no name stands for the entry"));
                }
            }
        }
    }
}

/// The claims of a request as it is shown.
fn seen(manager: &Manager, claims: &[Claim<'static>]) -> Vec<Claim<'static>> {
    let guard = manager.try_acquire(claims.iter().cloned()).expect("free");
    manager.info(guard.id()).expect("live").claims
}

#[test]
fn what_covers_the_path_covers_the_entry() {
    let manager = Manager::new();
    for (claims, kept) in [
        (vec![write_entry("a"), write("a")], vec![write("a")]),
        (vec![read_entry("a"), write("")], vec![write("")]),
        (vec![read("a"), read_entry("a")], vec![read("a")]),
        (
            vec![write_entry("a"), read("a")],
            vec![read("a"), write_entry("a")],
        ),
        (
            vec![write("a/b"), write_entry("a")],
            vec![write_entry("a"), write("a/b")],
        ),
        (
            vec![read_entry("a"), write_entry("a")],
            vec![write_entry("a")],
        ),
        (
            vec![read("a"), read_entry("a").limit(2)],
            vec![read("a"), read_entry("a").limit(2)],
        ),
        (
            vec![read_entry(""), read_entry("a")],
            vec![read_entry(""), read_entry("a")],
        ),
        (vec![read_entry("a").limit(2), write("a")], vec![write("a")]),
    ] {
        assert_eq!(seen(&manager, &claims), kept, "{claims:?}");
    }
    assert_empty(&manager);
}

#[test]
fn an_owner_has_the_entry_of_what_it_holds() {
    let manager = Manager::new();
    let owner = manager.owner();
    let held = manager.request(write("a")).owner(&owner).acquire();
    let held = held.expect("free");
    let waits = manager.enqueue(write_entry("a")).expect("open");
    let own = manager.request(write_entry("a")).owner(&owner);
    let own = own.try_acquire().expect("inherited");
    drop(held);
    assert_eq!(waits.state(), Some(LockState::Waiting));
    drop(own);
    assert!(matches!(waits.state(), Some(LockState::Granted(_))));
}

#[test]
fn an_entry_is_shown_and_its_path_leads_back() {
    let manager = Manager::new();
    let held = manager.acquire([write_entry("a/b"), read("c")]);
    let mut held = held.expect("free");
    let waits = manager.enqueue(read("a")).expect("open");
    let entry = Path::from("a/b").entry();
    for (path, both) in [
        (entry.clone(), true),
        (Path::from("a/b"), true),
        (Path::root(), true),
        (Path::from("c"), false),
    ] {
        let seen = manager.inspect(path.clone()).expect("a path");
        assert_eq!(seen.len(), 1 + usize::from(both), "{path:?}");
        assert_eq!(seen[0].claims, [write_entry("a/b"), read("c")]);
        assert!(seen[0].claims[0].path().is_entry());
    }
    // Beside it, not below it.
    for path in [Path::from("a/b/x"), Path::root().entry()] {
        let seen = manager.inspect(path.clone()).expect("a path");
        let ids: Vec<_> = seen.iter().map(|it| it.id).collect();
        let reads = !path.is_entry();
        assert_eq!(ids, [waits.id()][..usize::from(reads)], "{path:?}");
    }
    assert_eq!(manager.blockers(waits.id()), Ok(vec![held.id()]));
    // The path is not the entry, nor is a child.
    for other in [
        Path::from("a/b"),
        Path::from("a/b/x"),
        Path::from("c").entry(),
    ] {
        assert_eq!(held.release_part(other), Err(ChangeError::NotClaimed));
    }
    let shown = manager.info(held.id()).expect("live").claims;
    held.release_part(shown[0].path()).expect("claimed");
    assert!(matches!(waits.state(), Some(LockState::Granted(_))));
    held.release_part("c").expect("claimed");
    assert_eq!(manager.inspect(entry).expect("a path").len(), 1);
}

#[test]
fn an_entry_is_upgraded_and_downgraded() {
    let manager = Manager::new();
    let mut held = manager.acquire(read_entry("a")).expect("free");
    let child = manager.acquire(write("a/b")).expect("beside it");
    held.upgrade().expect("nobody else has the entry");
    assert!(manager.try_acquire(read_entry("a")).is_err());
    held.downgrade().expect("held");
    drop(manager.try_acquire(read_entry("a")).expect("shared"));
    drop((held, child));
    assert_empty(&manager);
}

#[test]
fn an_entry_has_permits_of_its_own() {
    let manager = Manager::new();
    let of_entry = || manager.try_acquire(read_entry("a").limit(2));
    let one = of_entry().expect("the first");
    let _two = of_entry().expect("the second");
    assert_eq!(of_entry().err(), Some(TryAcquireError::WouldBlock));
    let path = manager.try_acquire(read("a").limit(1));
    drop(path.expect("other permits"));
    drop(one);
    drop(of_entry().expect("one is back"));
    // What is upgradable by name is so on an entry, too.
    let entry = Path::from("b").entry();
    let mut first = manager.acquire(upgradable(entry.clone())).expect("free");
    assert!(manager.try_acquire(upgradable(entry)).is_err());
    first.upgrade().expect("alone");
}

#[test]
fn bad_input_of_an_entry_is_refused_as_of_its_path() {
    let manager = Manager::builder()
        .max_segments(2)
        .max_request_segments(5)
        .max_path_bytes(8)
        .build();
    let refused = |claims: &[Claim<'static>]| match manager.try_acquire(claims.iter().cloned()) {
        Err(TryAcquireError::Invalid(error)) => Some(error),
        other => {
            drop(other.expect("free"));
            None
        }
    };
    let empty = InvalidRequest::EmptySegment {
        path: "a/".to_owned(),
        index: 1,
    };
    assert_eq!(refused(&[read_entry("a/")]), Some(empty));
    assert_eq!(
        refused(&[write_entry("a").limit(1)]),
        Some(InvalidRequest::LimitOnWrite)
    );
    assert_eq!(
        refused(&[read_entry("a").limit(0)]),
        Some(InvalidRequest::ZeroLimit)
    );
    // Its path may be as deep and as long as any.
    assert_eq!(refused(&[write_entry("a/b")]), None);
    assert_eq!(refused(&[write_entry("aaaa/bbbb")]), None);
    assert_eq!(
        refused(&[write_entry("a/b/c")]),
        Some(InvalidRequest::TooManySegments { count: 3, limit: 2 })
    );
    assert_eq!(
        refused(&[write_entry("aaaa/bbbbb")]),
        Some(InvalidRequest::PathTooLong { bytes: 9, limit: 8 })
    );
    // But of all paths together it counts as one more.
    assert_eq!(refused(&[write_entry("a/b"), write("c/d")]), None);
    assert_eq!(
        refused(&[write_entry("a/b"), write_entry("c/d")]),
        Some(InvalidRequest::RequestTooLarge { limit: 5 })
    );
    assert_empty(&manager);
    let none = Manager::builder().max_request_segments(0).build();
    drop(none.try_acquire(write("")).expect("no segments"));
    assert_eq!(
        none.try_acquire(write_entry("")).err(),
        Some(InvalidRequest::RequestTooLarge { limit: 0 }.into())
    );
}

/// Also while threads meet at a shard's mutex, and claims of a class are spread.
#[test]
fn threads_find_entries_where_others_do() {
    const CHILDREN: usize = 3;
    let manager = Manager::builder().shards(8).build();
    // Of the entry, and of each child: 1_000 for one that writes, 1 for each reader.
    let used: [AtomicU32; CHILDREN + 1] = Default::default();
    let mut random = Random::new("threads_find_entries_where_others_do");
    let seeds = [0; 4].map(|_: i32| random.next());
    thread::scope(|scope| {
        for seed in seeds {
            let (manager, used) = (&manager, &used);
            scope.spawn(move || {
                let mut random = Random::from_seed(seed);
                for _ in 0..3_000 {
                    let mode = [Mode::Read, Mode::Write][random.below(2)];
                    let at = random.below(CHILDREN + 3);
                    let (path, places) = match at {
                        0 => (Path::from("top/a").entry(), 0..1),
                        1..=CHILDREN => (Path::from(format!("top/a/{at}")), at..at + 1),
                        4 => (Path::from("top"), 0..CHILDREN + 1),
                        _ => (Path::from("top/a"), 0..CHILDREN + 1),
                    };
                    let guard = manager.acquire(Claim::new(mode, path)).expect("open");
                    let share = if mode == Mode::Write { 1_000 } else { 1 };
                    for place in &used[places.clone()] {
                        let before = place.fetch_add(share, Ordering::Relaxed);
                        let free = if mode == Mode::Write { 1 } else { 1_000 };
                        assert!(before < free, "{before} are there");
                    }
                    for place in &used[places] {
                        place.fetch_sub(share, Ordering::Relaxed);
                    }
                    drop(guard);
                }
            });
        }
    });
    assert_empty(&manager);
}
