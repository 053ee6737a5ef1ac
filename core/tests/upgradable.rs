//! `upgradable` is a read of which one stands on a path at a time: its upgrade is
//! never refused because of another one.

mod common;

use std::sync::Barrier;
use std::thread;

use common::{Random, assert_empty};
use oarlock::{
    Claim, LockId, LockState, Manager, UpgradeError, UpgradeState, read, upgradable, write,
};

#[test]
fn it_is_a_read_with_a_limit_of_one() {
    assert_eq!(upgradable("a"), read("a").limit(1));
    let manager = Manager::new();
    let mut mine = manager.acquire(upgradable("a")).expect("free");
    let theirs = manager.acquire(read("a")).expect("plain reads come in");
    assert!(manager.try_acquire(upgradable("a")).is_err());
    assert!(manager.try_acquire(write("a")).is_err());
    // Above and below it are other paths.
    drop(manager.try_acquire(upgradable("a/b")).expect("below it"));
    drop(manager.try_acquire(upgradable("")).expect("above it"));
    assert_eq!(mine.try_upgrade(), Err(UpgradeError::WouldBlock));
    drop(theirs);
    mine.upgrade().expect("alone now");
    assert!(manager.try_acquire(read("a")).is_err());
}

/// One that waits holds nothing that the upgrade would wait for.
#[test]
fn an_upgrade_goes_ahead_of_others_that_wait_to_be_upgradable() {
    let manager = Manager::new();
    let mut mine = manager.acquire(upgradable("a")).expect("free");
    let next = manager.enqueue(upgradable("a")).expect("open");
    assert_eq!(next.state(), Some(LockState::Waiting));
    mine.try_upgrade().expect("nobody holds it");
    assert_eq!(next.state(), Some(LockState::Waiting));
    drop(mine);
    assert!(next.wait().expect("granted").try_upgrade().is_ok());
    assert_empty(&manager);
}

/// What the documentation says that it does not do.
#[test]
fn others_that_upgrade_can_be_in_a_deadlock_with_it() {
    let manager = Manager::new();
    for other in [read("a"), upgradable("a/b"), upgradable("")] {
        let mine = manager.acquire(upgradable("a")).expect("free");
        let theirs = manager.acquire(other).expect("beside it");
        assert_eq!(manager.upgrade(mine.id()), Ok(UpgradeState::Waiting));
        let refused = manager.upgrade(theirs.id());
        assert!(matches!(refused, Err(UpgradeError::Deadlock(_))));
    }
    // Once downgraded it is a plain read, and lets another one in.
    let mut mine = manager.acquire(upgradable("a")).expect("free");
    mine.upgrade().expect("alone");
    mine.downgrade().expect("held");
    let theirs = manager.acquire(upgradable("a")).expect("beside a read");
    assert_eq!(manager.upgrade(mine.id()), Ok(UpgradeState::Waiting));
    let refused = manager.upgrade(theirs.id());
    assert!(matches!(refused, Err(UpgradeError::Deadlock(_))));
}

/// One of those who take turns, by chance, at a path.
#[derive(Clone, Copy)]
enum Actor {
    Idle,
    /// Its request, and whether it was asked to be upgraded.
    Asked(LockId, bool),
}

/// How upgrades went.
#[derive(Debug, Default)]
struct Upgrades {
    done: usize,
    waited: usize,
    refused: usize,
}

/// Some that claim this, upgrade and release, and as many that only read, in an
/// order by chance.
fn interleaved(claim: &Claim<'static>, random: &mut Random, steps: usize) -> Upgrades {
    let manager = Manager::builder().shards(2).build();
    let mut actors = [Actor::Idle; 8];
    let mut upgrades = Upgrades::default();
    for _ in 0..steps {
        let at = random.below(actors.len());
        let writes = at.is_multiple_of(2);
        actors[at] = match actors[at] {
            Actor::Idle => {
                let claim = if writes { claim.clone() } else { read("a") };
                let pending = manager.enqueue(claim).expect("open");
                Actor::Asked(pending.into_id(), false)
            }
            // Somebody gives up at times, waiting or not.
            Actor::Asked(id, _) if random.below(20) == 0 => {
                if manager.release(id).is_err() {
                    manager.cancel(id).expect("it waits");
                }
                Actor::Idle
            }
            Actor::Asked(id, asked) => match manager.state(id).expect("live") {
                LockState::Waiting => Actor::Asked(id, asked),
                LockState::Granted(_) if writes && !asked => match manager.upgrade(id) {
                    Ok(state) => {
                        let waits = state == UpgradeState::Waiting;
                        upgrades.waited += usize::from(waits);
                        Actor::Asked(id, true)
                    }
                    Err(UpgradeError::Deadlock(_)) => {
                        upgrades.refused += 1;
                        manager.release(id).expect("held");
                        Actor::Idle
                    }
                    Err(other) => panic!("{other}"),
                },
                LockState::Granted(_) => {
                    let state = manager.upgrade_state(id).expect("live");
                    if state == UpgradeState::Waiting {
                        Actor::Asked(id, true)
                    } else {
                        upgrades.done += usize::from(asked);
                        manager.release(id).expect("held");
                        Actor::Idle
                    }
                }
            },
        };
    }
    upgrades
}

#[test]
fn in_no_order_is_an_upgradable_one_refused() {
    let mut random = Random::new("in_no_order_is_an_upgradable_one_refused");
    let plain = interleaved(&read("a"), &mut random, 40_000);
    assert!(plain.refused > 1_000, "{plain:?}");
    let named = interleaved(&upgradable("a"), &mut random, 60_000);
    assert_eq!(named.refused, 0, "{named:?}");
    assert!(named.done > 1_000 && named.waited > 500, "{named:?}");
}

/// Two threads that wait for each other before they upgrade, so that with plain
/// reads one of the two is refused each time.
fn refused_of_two(claim: &Claim<'static>, rounds: usize) -> usize {
    let manager = Manager::new();
    let plain = claim.limit_value().is_none();
    let meet = Barrier::new(2);
    let refused = thread::scope(|scope| {
        let run = || {
            let mut refused = 0;
            for _ in 0..rounds {
                let mut guard = manager.acquire(claim.clone()).expect("open");
                if plain {
                    // Both hold it: only so is the deadlock certain.
                    meet.wait();
                }
                match guard.upgrade() {
                    Ok(()) => {}
                    Err(UpgradeError::Deadlock(_)) => refused += 1,
                    Err(other) => panic!("{other}"),
                }
                drop(guard);
                meet.wait();
            }
            refused
        };
        let threads = [scope.spawn(run), scope.spawn(run)];
        threads.map(|it| it.join().expect("done")).iter().sum()
    });
    assert_empty(&manager);
    refused
}

#[test]
fn threads_that_upgrade_are_refused_only_if_they_read_plainly() {
    assert_eq!(refused_of_two(&read("a"), 200), 200);
    assert_eq!(refused_of_two(&upgradable("a"), 1_000), 0);
}
