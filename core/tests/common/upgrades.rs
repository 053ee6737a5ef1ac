//! What the tests of upgrades share.

use std::sync::mpsc::{self, Receiver};

use oarlock::{Guard, LockId, Manager, UpgradeBegun, UpgradeError, UpgradeTicket, read};

use super::LONG;

/// Where a callback's word comes to.
pub type Told = Receiver<Result<u64, UpgradeError>>;

/// Two that read the same.
pub fn two_readers() -> (Manager, Guard, Guard) {
    let manager = Manager::new();
    let own = manager.acquire(read("a")).expect("free");
    let other = manager.acquire(read("a")).expect("free");
    (manager, own, other)
}

/// Begins an upgrade that has to wait. What it is told comes to the receiver.
#[track_caller]
pub fn begin(manager: &Manager, id: LockId) -> (UpgradeTicket, Told) {
    let (sender, told) = mpsc::channel();
    let begun = manager.upgrade_with(id, move |result| {
        sender.send(result).expect("heard");
    });
    match begun {
        Ok(UpgradeBegun::Waiting(ticket)) => (ticket, told),
        other => panic!("{other:?}"),
    }
}

/// What was told, exactly once.
#[track_caller]
pub fn once(told: &Told) -> Result<u64, UpgradeError> {
    let result = told.recv_timeout(LONG).expect("told");
    assert!(told.recv().is_err(), "told once");
    result
}
