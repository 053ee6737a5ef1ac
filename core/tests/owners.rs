//! Owners through the manager: who holds goes ahead of those that wait for it, and is
//! refused only if what others hold would keep it waiting for ever.

mod common;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use common::upgrades::{begin, once};
use common::{LONG, Random, assert_empty, block_on, poll_once};
use oarlock::{
    AcquireError, AcquireTimeoutError, CancelError, Claim, Enqueued, EnqueuedById, Guard,
    InvalidRequest, LockId, LockState, Manager, Owner, Pending, StaleLock, TryAcquireError,
    UpgradeError, UpgradeState, read, write,
};

/// A manager of so many shards, with what lies above the rows and how a row is called:
/// rows of one table, and rows that lie in all shards.
fn tables() -> impl Iterator<Item = (Manager, &'static str, fn(usize) -> String)> {
    let below: fn(usize) -> String = |row| format!("t/{row}");
    let spread: fn(usize) -> String = |row| row.to_string();
    [1, 2, 16].into_iter().flat_map(move |shards| {
        [("t", below), ("", spread)].map(|(table, name)| {
            let manager = Manager::builder().shards(shards).build();
            (manager, table, name)
        })
    })
}

fn hold(manager: &Manager, owner: &Owner, claim: Claim<'_>) -> Guard {
    let held = manager.request(claim).owner(owner).try_acquire();
    held.expect("it can be had at once")
}

#[track_caller]
fn queue(manager: &Manager, owner: &Owner, claim: Claim<'_>) -> Pending {
    let pending = manager.request(claim).owner(owner).enqueue();
    let pending = pending.expect("it may wait");
    assert_eq!(pending.state(), Some(LockState::Waiting));
    pending
}

#[track_caller]
fn granted(mut pending: Pending) -> Guard {
    match poll_once(&mut pending) {
        Poll::Ready(guard) => guard.expect("granted"),
        Poll::Pending => panic!("it waits: {pending:?}"),
    }
}

#[track_caller]
fn refused(result: Result<impl Sized, AcquireError>, cycle: &[(LockId, &Owner)]) {
    let Err(AcquireError::Deadlock(told)) = result else {
        panic!("it is not refused with a deadlock");
    };
    let told = told.members();
    assert_eq!(told.len(), 1 + cycle.len());
    for (member, (id, owner)) in told[1..].iter().zip(cycle) {
        assert_eq!((member.id, member.owner), (*id, Some(owner.id())));
    }
}

/// Every call gives a row beside an auditor that waits for another row of its owner.
#[test]
fn a_second_row_is_had_beside_an_auditor() {
    for (manager, table, row) in tables() {
        let owner = manager.owner();
        let own = hold(&manager, &owner, write(&*row(0)));
        let auditor = manager.enqueue(read(table)).expect("open");
        let names: Vec<String> = (0..12).map(row).collect();
        let of = |row: usize| manager.request(write(&*names[row])).owner(&owner);
        let stranger = manager.owner();
        let theirs = || manager.request(write(&*names[1])).owner(&stranger);
        assert_eq!(theirs().would_grant(), Ok(false));
        assert!(theirs().try_acquire().is_err());
        assert_eq!(of(1).would_grant(), Ok(true));
        let mut all = vec![own];
        all.push(of(1).acquire().expect("blocking"));
        all.push(of(2).try_acquire().expect("by a try"));
        all.push(of(3).acquire_timeout(LONG).expect("in time"));
        all.push(of(4).acquire_timeout(Duration::ZERO).expect("in no time"));
        let until = of(5).acquire_until(Instant::now() + LONG);
        all.push(until.expect("before the deadline"));
        all.push(granted(of(6).enqueue().expect("in the queue")));
        let Poll::Ready(Ok(guard)) = poll_once(&mut of(7).acquire_async()) else {
            panic!("the future is not ready");
        };
        all.push(guard);
        let Ok(Enqueued::Granted(guard)) = of(8).enqueue_with(|_| panic!("called")) else {
            panic!("the callback waits");
        };
        all.push(guard);
        let (by_id, _) = of(9).try_acquire_by_id().expect("by id");
        let Ok(EnqueuedById::Granted { id, .. }) = of(10).enqueue_by_id() else {
            panic!("the id waits");
        };
        assert_eq!(auditor.state(), Some(LockState::Waiting));
        assert!(theirs().try_acquire().is_err());
        manager.release(by_id).expect("held");
        drop(all);
        assert_eq!(auditor.state(), Some(LockState::Waiting));
        manager.release(id).expect("held");
        drop(granted(auditor));
        assert_eq!(manager.stats().deadlocks, 0);
        assert_empty(&manager);
    }
}

/// A row that somebody holds is waited for, but not those that wait for its owner.
#[test]
fn a_row_that_is_held_comes_before_the_auditor() {
    for (manager, table, row) in tables() {
        let (one, two) = (manager.owner(), manager.owner());
        let names = [row(0), row(1)];
        let of_one = hold(&manager, &one, write(&*names[0]));
        let of_two = hold(&manager, &two, write(&*names[1]));
        let auditor = manager.enqueue(read(table)).expect("open");
        let waits = queue(&manager, &one, write(&*names[1]));
        let behind = manager.enqueue(write(&*names[1])).expect("open");
        drop(of_two);
        let both = (of_one, granted(waits));
        assert_eq!(auditor.state(), Some(LockState::Waiting));
        drop(both);
        let auditor = granted(auditor);
        assert_eq!(behind.state(), Some(LockState::Waiting));
        drop(auditor);
        drop(granted(behind));
        assert_empty(&manager);
    }
}

#[test]
fn an_owner_widens_what_it_holds() {
    for (manager, table, row) in tables() {
        let owner = manager.owner();
        let name = row(0);
        for theirs in [read(table), write(table), write(&*name)] {
            let own = hold(&manager, &owner, write(&*name));
            let waits = manager.enqueue(theirs).expect("open");
            let all = manager.request(write(table)).owner(&owner).acquire();
            let all = all.expect("only one that waits for it is in the way");
            drop(own);
            assert_eq!(waits.state(), Some(LockState::Waiting));
            drop(all);
            drop(granted(waits));
            assert_empty(&manager);
        }
    }
}

#[test]
fn an_owner_that_reads_writes_before_a_writer_that_waits() {
    for (manager, table, row) in tables() {
        let owner = manager.owner();
        let name = row(0);
        for theirs in [write(table), write(&*name)] {
            let own = hold(&manager, &owner, read(&*name));
            let other = manager.acquire(read(&*name)).expect("reads never wait");
            let writer = manager.enqueue(theirs).expect("open");
            let waits = queue(&manager, &owner, write(&*name));
            drop(other);
            let writes = granted(waits);
            let again = hold(&manager, &owner, write(&*name));
            drop((own, writes));
            assert_eq!(writer.state(), Some(LockState::Waiting));
            drop(again);
            drop(granted(writer));
            // And at once, if nobody else reads.
            let own = hold(&manager, &owner, read(&*name));
            let writer = manager.enqueue(write(&*name)).expect("open");
            drop((hold(&manager, &owner, write(&*name)), own));
            drop(granted(writer));
            assert_empty(&manager);
        }
    }
}

#[test]
fn what_holders_keep_for_ever_is_refused_at_once() {
    for (manager, _, row) in tables() {
        let (one, two) = (manager.owner(), manager.owner());
        let names = [row(0), row(1)];
        let of_one = hold(&manager, &one, write(&*names[0]));
        let of_two = hold(&manager, &two, write(&*names[1]));
        let waits = queue(&manager, &one, write(&*names[1]));
        let asks = || manager.request(write(&*names[0])).owner(&two);
        let cycle = [(waits.id(), &one)];
        refused(asks().acquire(), &cycle);
        refused(asks().enqueue(), &cycle);
        refused(asks().enqueue_by_id(), &cycle);
        refused(asks().enqueue_with(|_| panic!("called")), &cycle);
        refused(block_on(asks().acquire_async()), &cycle);
        let timed = asks().acquire_timeout(LONG);
        assert!(matches!(timed, Err(AcquireTimeoutError::Deadlock(_))));
        let timed = asks().acquire_until(Instant::now() + LONG);
        assert!(matches!(timed, Err(AcquireTimeoutError::Deadlock(_))));
        assert_eq!(manager.stats().deadlocks, 7);
        let tried = asks().try_acquire();
        assert_eq!(tried.err(), Some(TryAcquireError::WouldBlock));
        let timed = asks().acquire_timeout(Duration::ZERO);
        assert_eq!(timed.err(), Some(AcquireTimeoutError::Timeout));
        assert_eq!(asks().would_grant(), Ok(false));
        assert_eq!(manager.stats().deadlocks, 7);
        assert_eq!(waits.state(), Some(LockState::Waiting));
        drop(of_two);
        drop((of_one, granted(waits)));
        assert_empty(&manager);
    }
}

/// Nobody asks for the outcome; its owner's claims know it all the same.
#[test]
fn an_upgrade_is_in_force_when_it_is_granted() {
    for (manager, table, row) in tables() {
        let name = row(0);
        let owner = manager.owner();
        let own = hold(&manager, &owner, read(table));
        let other = manager.acquire(read(&*name)).expect("reads never wait");
        assert_eq!(manager.upgrade(own.id()), Ok(UpgradeState::Waiting));
        let waits = manager.enqueue(read(&*name)).expect("open");
        drop(other);
        let below = hold(&manager, &owner, write(&*name));
        drop(own);
        assert_eq!(waits.state(), Some(LockState::Waiting));
        drop(below);
        drop(granted(waits));
        assert_empty(&manager);
    }
}

/// The upgrade of one that others wait for, and that waits for none of them.
#[test]
fn an_upgrade_goes_before_those_that_wait_for_its_owner() {
    for (manager, table, row) in tables() {
        let names = [row(0), row(1)];
        let owner = manager.owner();
        let own = hold(&manager, &owner, read(&*names[0]));
        let more = hold(&manager, &owner, write(&*names[1]));
        let auditor = manager.enqueue(read(table)).expect("open");
        let writer = manager.enqueue(write(&*names[0])).expect("open");
        let token = manager.try_upgrade(own.id()).expect("only those wait");
        assert!(token > own.token());
        drop((own, more));
        drop(granted(auditor));
        drop(granted(writer));
        assert_empty(&manager);
    }
}

/// Two that wait for each other only because of their places.
fn knot(manager: &Manager, names: &[String]) -> (Guard, Guard, [Pending; 3], [Owner; 2]) {
    let (one, two) = (manager.owner(), manager.owner());
    let first = manager.acquire(write(&*names[0])).expect("free");
    let of_two = hold(manager, &two, write(&*names[1]));
    let waits = [
        queue(manager, &one, write(&*names[0])),
        queue(manager, &two, write(&*names[0])),
        queue(manager, &one, write(&*names[1])),
    ];
    (first, of_two, waits, [one, two])
}

#[test]
fn a_knot_of_those_that_wait_is_opened() {
    for (manager, _, row) in tables() {
        let names = [row(0), row(1)];
        let (first, of_two, [one_a, two_a, one_b], _owners) = knot(&manager, &names);
        drop(first);
        let two_a = granted(two_a);
        assert_eq!(one_a.state(), Some(LockState::Waiting));
        assert_eq!(one_b.state(), Some(LockState::Waiting));
        drop(of_two);
        drop(granted(one_b));
        drop(two_a);
        drop(granted(one_a));
        assert_eq!(manager.stats().deadlocks, 0);
        assert_empty(&manager);
    }
}

#[test]
fn closing_ends_those_that_wait_in_a_knot() {
    for (manager, _, row) in tables() {
        let names = [row(0), row(1)];
        let (first, of_two, waits, [one, two]) = knot(&manager, &names);
        let asks = manager.request(write(&*names[0])).owner(&two);
        manager.close();
        for pending in waits {
            let ended = pending.wait_timeout(LONG);
            let Err(oarlock::PendingTimeoutError::Ended(error)) = ended else {
                panic!("{ended:?}");
            };
            assert_eq!(error, AcquireError::Closed);
        }
        assert_eq!(asks.acquire().err(), Some(AcquireError::Closed));
        let asks = manager.request(write(&*names[1])).owner(&one);
        assert_eq!(asks.try_acquire().err(), Some(TryAcquireError::Closed));
        assert_eq!((manager.stats().waiting, manager.stats().held), (0, 2));
        drop((first, of_two));
        assert_eq!(manager.stats().held, 0);
    }
}

/// Transactions that lock rows in ascending order, beside one that reads all of them.
#[test]
fn ascending_transactions_beside_an_auditor_are_never_refused() {
    const ROWS: usize = 6;
    const TRANSACTIONS: usize = 150;
    for (manager, table, row) in tables() {
        let names: Vec<String> = (0..ROWS).map(row).collect();
        let writers: Vec<AtomicUsize> = (0..ROWS).map(|_| AtomicUsize::new(0)).collect();
        let over = AtomicBool::new(false);
        let seed = Random::new("ascending_transactions").next();
        let run = |number: u64| {
            let mut random = Random::from_seed(seed ^ number);
            for _ in 0..TRANSACTIONS {
                let owner = manager.owner();
                let mut held = Vec::new();
                for row in 0..ROWS {
                    if random.below(2) == 0 {
                        continue;
                    }
                    let ask = manager.request(write(&*names[row])).owner(&owner);
                    let guard = match random.below(3) {
                        0 => ask.acquire_timeout(LONG).expect("in time"),
                        1 => block_on(ask.acquire_async()).expect("granted"),
                        _ => {
                            let pending = ask.enqueue().expect("not refused");
                            pending.wait_timeout(LONG).expect("in time")
                        }
                    };
                    assert_eq!(writers[row].fetch_add(1, Ordering::Relaxed), 0);
                    held.push((row, guard));
                }
                for (row, guard) in held {
                    writers[row].fetch_sub(1, Ordering::Relaxed);
                    drop(guard);
                }
            }
        };
        thread::scope(|scope| {
            let auditor = scope.spawn(|| {
                let mut audits = 0;
                while !over.load(Ordering::Relaxed) {
                    let all = manager.acquire_timeout(read(table), LONG);
                    let all = all.expect("an auditor is let in");
                    for row in &writers {
                        assert_eq!(row.load(Ordering::Relaxed), 0);
                    }
                    audits += 1;
                    drop(all);
                }
                audits
            });
            let run = &run;
            let threads: Vec<_> = (1..4).map(|it| scope.spawn(move || run(it))).collect();
            let ended: Vec<_> = threads
                .into_iter()
                .map(thread::ScopedJoinHandle::join)
                .collect();
            over.store(true, Ordering::Relaxed);
            assert!(auditor.join().expect("no panic") > 0);
            assert!(ended.iter().all(Result::is_ok));
        });
        assert_eq!(manager.stats().deadlocks, 0);
        assert_empty(&manager);
    }
}

/// Others let go, and give up, in the very moment in which one is put in front.
#[test]
fn releases_during_a_bypass() {
    let mut random = Random::new("releases_during_a_bypass");
    for (manager, table, row) in tables() {
        let names = [row(0), row(1)];
        for _ in 0..150 {
            let (one, two) = (manager.owner(), manager.owner());
            let of_one = hold(&manager, &one, write(&*names[0]));
            let of_two = hold(&manager, &two, write(&*names[1]));
            let auditor = manager.enqueue(read(table)).expect("open");
            let spins = [random.below(300), random.below(300)];
            let gives_up = random.below(2) == 0;
            let spin = |times| (0..times).for_each(|_| std::hint::spin_loop());
            thread::scope(|scope| {
                scope.spawn(move || {
                    spin(spins[0]);
                    drop(of_two);
                });
                scope.spawn(move || {
                    spin(spins[1]);
                    if gives_up {
                        drop(auditor);
                    } else {
                        drop(auditor.wait_timeout(LONG).expect("let in"));
                    }
                });
                let ask = manager.request(write(&*names[1])).owner(&one);
                let more = ask.acquire_timeout(LONG).expect("not refused");
                drop((more, of_one));
            });
            assert_empty(&manager);
        }
        assert_eq!((manager.stats().deadlocks, manager.stats().waiting), (0, 0));
    }
}

#[test]
fn an_owner_of_another_manager_is_an_error_of_its_own() {
    let (manager, other) = (Manager::new(), Manager::new());
    let foreign = other.owner();
    let asks = || manager.request(write("a")).owner(&foreign);
    const FOREIGN: InvalidRequest = InvalidRequest::ForeignOwner;
    let invalid = Some(AcquireError::Invalid(FOREIGN));
    assert_eq!(asks().acquire().err(), invalid);
    assert_eq!(asks().enqueue().err(), invalid);
    assert_eq!(asks().enqueue_by_id().err(), invalid);
    assert_eq!(asks().enqueue_with(|_| panic!("called")).err(), invalid);
    assert_eq!(block_on(asks().acquire_async()).err(), invalid);
    assert_eq!(asks().would_grant().err(), invalid);
    let invalid = Some(AcquireTimeoutError::Invalid(FOREIGN));
    assert_eq!(asks().acquire_timeout(LONG).err(), invalid);
    let invalid = Some(TryAcquireError::Invalid(FOREIGN));
    assert_eq!(asks().try_acquire().err(), invalid);
    assert_eq!(asks().try_acquire_by_id().err(), invalid);
    // Also where its manager is gone.
    drop(other);
    assert_eq!(asks().try_acquire().err(), invalid);
    assert_empty(&manager);
}

#[test]
fn upgrades_of_what_has_ended_are_stale() {
    for (manager, table, _) in tables() {
        let owner = manager.owner();
        let other = manager.acquire(read(table)).expect("free");
        let ended = hold(&manager, &owner, read(table)).id();
        // And one whose upgrade waits when it ends.
        let own = hold(&manager, &owner, read(table)).into_id();
        let (ticket, told) = begin(&manager, own);
        manager.release(own).expect("held");
        assert_eq!(once(&told), Err(UpgradeError::Cancelled));
        assert_eq!(ticket.cancel(), Err(StaleLock));
        for id in [ended, own] {
            let stale = UpgradeError::Stale;
            assert_eq!(manager.upgrade(id), Err(stale.clone()));
            assert_eq!(manager.try_upgrade(id), Err(stale.clone()));
            assert_eq!(manager.upgrade_and_wait(id, None), Err(stale.clone()));
            assert_eq!(manager.wait_upgrade(id, None), Err(stale.clone()));
            let begun = manager.upgrade_with(id, |_| panic!("called"));
            assert_eq!(begun.err(), Some(stale.clone()));
            assert_eq!(block_on(manager.upgrade_async(id)), Err(stale));
            assert_eq!(manager.upgrade_state(id).err(), Some(StaleLock));
            assert_eq!(manager.cancel_upgrade(id), Err(StaleLock));
        }
        drop(other);
        assert_empty(&manager);
    }
}

/// Whatever a request ended with, another one may wait in its place.
#[test]
fn the_bound_on_those_that_wait_is_given_back() {
    for shards in [1, 2, 16] {
        let manager = Manager::builder().shards(shards).max_waiting(2).build();
        let (one, two) = (manager.owner(), manager.owner());
        let too_many = Some(AcquireError::TooManyWaiting { limit: 2 });
        let both_are_free = || {
            assert_eq!(manager.stats().waiting, 0);
            let held = manager.acquire(write("x")).expect("free");
            let waits = [write("x"), write("x")].map(|it| manager.enqueue(it));
            assert!(waits.iter().all(Result::is_ok));
            assert_eq!(manager.enqueue(write("x")).err(), too_many);
            drop((waits, held));
            assert_empty(&manager);
        };
        both_are_free();

        // Refused with a deadlock: the second place is free, and was looked at first.
        let (a, b) = (
            hold(&manager, &one, write("a")),
            hold(&manager, &two, write("b")),
        );
        let waits = queue(&manager, &one, write("b"));
        for _ in 0..3 {
            let asks = manager.request(write("a")).owner(&two);
            refused(asks.enqueue(), &[(waits.id(), &one)]);
        }
        let more = manager.enqueue(read("b")).expect("the second place");
        let asks = manager.request(write("a")).owner(&two);
        assert_eq!(asks.enqueue().err(), too_many);
        drop((more, waits, a, b));
        both_are_free();

        // Put in front and granted at once: it never took a place.
        let a = hold(&manager, &one, write("a"));
        let waits = [read(""), read("")].map(|it| manager.enqueue(it).expect("open"));
        for _ in 0..3 {
            drop(hold(&manager, &one, write("b")));
            let asks = manager.request(write("c")).owner(&one);
            drop(granted(asks.enqueue().expect("put in front")));
        }
        assert_eq!(manager.enqueue(write("d")).err(), too_many);
        drop(a);
        waits.into_iter().for_each(|it| drop(granted(it)));
        both_are_free();

        // Put in front and granted later.
        let (a, b) = (
            hold(&manager, &one, write("a")),
            hold(&manager, &two, write("b")),
        );
        let auditor = manager.enqueue(read("")).expect("open");
        let waits = queue(&manager, &one, write("b"));
        assert_eq!(manager.enqueue(write("b")).err(), too_many);
        drop(b);
        let more = manager.enqueue(write("b")).expect("one place is free");
        drop((granted(waits), a));
        drop(granted(auditor));
        drop(granted(more));
        both_are_free();

        // Put in front, and ended in every other way.
        let (a, b) = (
            hold(&manager, &one, write("a")),
            hold(&manager, &two, write("b")),
        );
        let auditor = manager.enqueue(read("")).expect("open");
        let asks = || manager.request(write("b")).owner(&one);
        let waits = asks().enqueue().expect("open");
        waits.cancel().expect("it waits");
        drop(asks().enqueue().expect("open"));
        drop(asks().acquire_async());
        for end in [Manager::cancel, Manager::expire] {
            let id = asks().enqueue().expect("open").into_id();
            assert_eq!(end(&manager, id), Ok(()));
            assert_eq!(end(&manager, id), Err(CancelError::Stale));
        }
        let id = asks().enqueue().expect("open").into_id();
        manager.release(id).expect("it waits");
        let timed = asks().acquire_timeout(Duration::from_millis(1));
        assert_eq!(timed.err(), Some(AcquireTimeoutError::Timeout));
        let timed = asks().acquire_timeout(Duration::ZERO);
        assert_eq!(timed.err(), Some(AcquireTimeoutError::Timeout));
        assert_eq!(manager.stats().waiting, 1);
        drop(auditor);
        drop((a, b));
        both_are_free();

        // Closed.
        let (a, b) = (
            hold(&manager, &one, write("a")),
            hold(&manager, &two, write("b")),
        );
        let auditor = manager.enqueue(read("")).expect("open");
        let waits = queue(&manager, &one, write("b"));
        manager.close();
        assert_eq!(manager.stats().waiting, 0);
        assert_eq!(waits.wait().err(), Some(AcquireError::Closed));
        assert_eq!(auditor.wait().err(), Some(AcquireError::Closed));
        drop((a, b));
    }
}

/// What was held already when it was claimed again is a request of its own.
#[test]
fn an_inner_request_stays_as_it_was() {
    for shards in [1, 16] {
        let manager = Manager::builder().shards(shards).build();
        let owner = manager.owner();
        let mut outer = hold(&manager, &owner, write("a"));
        let inner = hold(&manager, &owner, write("a/b"));
        outer.downgrade().expect("held");
        assert!(manager.try_acquire(read("a")).is_err());
        drop(
            manager
                .try_acquire(read("a/c"))
                .expect("beside the inner one"),
        );
        drop(outer);
        assert!(manager.try_acquire(read("a/b")).is_err());
        assert!(manager.try_acquire(read("a")).is_err());
        drop(
            manager
                .try_acquire(write("a/c"))
                .expect("the outer one has ended"),
        );
        drop(inner);
        drop(manager.try_acquire(write("a")).expect("free"));
        assert_empty(&manager);
    }
}
