//! Bypasses that race with everything that may happen to those that they concern.

use loom::thread;
use oarlock::{AcquireError, Manager, Owner, UpgradeError, read, write};

use crate::support::{assert_empty, manager, model, two_shards};

/// A transaction holds a row, an auditor queues for all rows, and the transaction asks
/// for a second row: granted at once, as long as it has the first.
struct Rows {
    manager: Manager,
    owner: Owner,
    /// The rows.
    rows: [&'static str; 2],
    /// What the auditor reads.
    all: Vec<&'static str>,
}

impl Rows {
    /// Below one path, in one shard.
    fn near() -> Self {
        let manager = Manager::builder().shards(1).max_waiting(2).build();
        Self {
            owner: manager.owner(),
            manager,
            rows: ["t/1", "t/2"],
            all: vec!["t"],
        }
    }

    /// In two shards.
    fn apart() -> Self {
        let (manager, rows) = two_shards();
        Self {
            owner: manager.owner(),
            manager,
            rows,
            all: rows.to_vec(),
        }
    }

    fn row(&self, row: usize) -> Result<oarlock::Guard, AcquireError> {
        let request = self.manager.request(write(self.rows[row]));
        request.owner(&self.owner).acquire()
    }

    fn audit(&self) -> oarlock::Pending {
        let all = self.all.iter().map(|path| read(*path));
        self.manager.enqueue(all).expect("open")
    }
}

fn both(name: [&'static str; 2], run: fn(Rows)) {
    model(name[0], move || run(Rows::near()));
    model(name[1], move || run(Rows::apart()));
}

#[test]
fn a_bypass_beside_a_release() {
    both(
        ["a bypass beside a release", "the same in two shards"],
        |rows| {
            let first = rows.row(0).expect("free");
            let audit = rows.audit();
            let releasing = thread::spawn(move || drop(first));
            // Whether it goes in front or comes after the auditor.
            let auditing = thread::spawn(move || audit.wait().map(drop));
            drop(rows.row(1).expect("nobody is stuck"));
            releasing.join().expect("no panic");
            auditing.join().expect("no panic").expect("granted");
            assert_empty(&rows.manager);
        },
    );
}

#[test]
fn a_bypass_beside_a_cancel() {
    both(
        ["a bypass beside a cancel", "a cancel in two shards"],
        |rows| {
            let first = rows.row(0).expect("free");
            let audit = rows.audit();
            let cancelling = thread::spawn(move || drop(audit));
            drop(rows.row(1).expect("nobody is stuck"));
            drop(first);
            cancelling.join().expect("no panic");
            // There is room for one that waits again.
            let held = rows.row(0).expect("free");
            let audit = rows.audit();
            drop(held);
            drop(audit.wait().expect("granted"));
            assert_empty(&rows.manager);
        },
    );
}

#[test]
fn a_bypass_beside_a_close() {
    both(
        ["a bypass beside a close", "a close in two shards"],
        |rows| {
            let first = rows.row(0).expect("free");
            let audit = rows.audit();
            let closing = {
                let manager = rows.manager.clone();
                thread::spawn(move || manager.close())
            };
            match rows.row(1) {
                Ok(second) => drop(second),
                Err(error) => assert_eq!(error, AcquireError::Closed),
            }
            closing.join().expect("no panic");
            assert!(matches!(audit.wait(), Err(AcquireError::Closed)));
            drop(first);
            assert_eq!(rows.manager.stats().held, 0);
            assert_eq!(rows.manager.stats().waiting, 0);
        },
    );
}

#[test]
fn a_bypass_beside_an_upgrade() {
    model("a bypass beside an upgrade of the same owner", || {
        let manager = manager();
        let owner = manager.owner();
        let mut held = manager
            .request(read("t/1"))
            .owner(&owner)
            .acquire()
            .expect("free");
        let waits = manager.enqueue(write("t")).expect("open");
        let upgrading = thread::spawn(move || {
            let upgraded = held.upgrade().map(drop);
            (held, upgraded)
        });
        let second = manager.request(write("t/2")).owner(&owner).acquire();
        drop(second.expect("only one that waits for it is in the way"));
        let (held, upgraded) = upgrading.join().expect("no panic");
        upgraded.expect("nobody else holds anything");
        drop(held);
        drop(waits.wait().expect("granted"));
        assert_empty(&manager);
    });
}

#[test]
fn two_bypasses_at_once() {
    model("two transactions go in front of one auditor", || {
        let manager = manager();
        let owners = [manager.owner(), manager.owner()];
        let row = |owner: &Owner, path| manager.request(write(path)).owner(owner).acquire();
        let one = row(&owners[0], "t/1").expect("free");
        let two = row(&owners[1], "t/2").expect("free");
        let audit = manager.enqueue(read("t")).expect("open");
        let other = {
            let (manager, owner) = (manager.clone(), owners[1].clone());
            thread::spawn(move || {
                let request = manager.request(write("t/3")).owner(&owner);
                drop(request.acquire().expect("nobody holds it for long"));
                drop(two);
            })
        };
        drop(row(&owners[0], "t/3").expect("nobody holds it for long"));
        drop(one);
        other.join().expect("no panic");
        drop(audit.wait().expect("granted"));
        assert_empty(&manager);
    });
}

/// An upgrade in two shards is in force from the release that grants it, though nobody
/// has asked for it: its owner's claims below it are granted at once.
#[test]
fn an_upgrade_is_in_force_before_it_is_asked_for() {
    model("an upgrade in two shards, and a claim below it", || {
        let (manager, [one, two]) = two_shards();
        let owner = manager.owner();
        let held = manager.request([read(one), read(two)]).owner(&owner);
        let held = held.acquire().expect("free");
        let other = manager.acquire(read(two)).expect("free");
        let begun = manager.upgrade_with(held.id(), |_| ()).expect("may wait");
        let below = format!("{two}/x");
        let stranger = manager.enqueue(write(below.as_str())).expect("open");
        let releasing = thread::spawn(move || drop(other));
        let own = manager.request(write(below.as_str())).owner(&owner);
        match own.try_acquire() {
            Ok(own) => drop(own),
            // Before the release.
            Err(_) => assert!(manager.info(held.id()).is_ok()),
        }
        releasing.join().expect("no panic");
        let own = manager.request(write(below.as_str())).owner(&owner);
        drop(own.try_acquire().expect("what it holds it has again"));
        drop((begun, held));
        drop(stranger.wait().expect("granted"));
        assert_empty(&manager);
    });
}

/// Of two that upgrade what both read exactly one is refused.
#[test]
fn two_upgrades_of_owners() {
    model("two owners upgrade what both read", || {
        let (manager, [one, _]) = two_shards();
        let take = |manager: &Manager| {
            let owner = manager.owner();
            let request = manager.request(read(one)).owner(&owner);
            request.acquire().expect("free")
        };
        let (mut first, mut second) = (take(&manager), take(&manager));
        let other = thread::spawn(move || {
            let upgraded = second.upgrade();
            drop(second);
            upgraded
        });
        let own = first.upgrade();
        drop(first);
        let other = other.join().expect("no panic");
        let refused = |it: &Result<(), _>| matches!(it, Err(UpgradeError::Deadlock(_)));
        assert!(!(refused(&own) && refused(&other)), "{own:?} {other:?}");
        assert_empty(&manager);
    });
}
