//! Upgrades that tell a callback or a future, against those whom that concerns.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use loom::sync::Mutex;
use loom::sync::atomic::AtomicU32;
use loom::thread;
use oarlock::{
    Guard, LockId, Manager, StaleLock, UpgradeBegun, UpgradeError, UpgradeState, UpgradeTicket,
    read,
};

use crate::support::{Alarm, Section, assert_empty, block_on, manager, model, poll, two_shards};

type Told = Arc<Mutex<Vec<Result<u64, UpgradeError>>>>;

/// Begins an upgrade that has to wait. Whoever is told of a grant is alone inside.
fn begin(manager: &Manager, id: LockId, section: &Arc<Section>) -> (UpgradeTicket, Told) {
    let told = Told::default();
    let (tell, section, weak) = (Arc::clone(&told), Arc::clone(section), manager.weak());
    let begun = manager.upgrade_with(id, move |result| {
        if let Ok(token) = result {
            section.write_with(token);
            // Complete, unless its request has been released since.
            let state = weak.upgrade().expect("it lives").upgrade_state(id);
            assert!(
                matches!(state, Ok(UpgradeState::Done(_)) | Err(_)),
                "{state:?}"
            );
        }
        tell.lock().expect("not poisoned").push(result);
    });
    match begun {
        Ok(UpgradeBegun::Waiting(ticket)) => (ticket, told),
        other => panic!("{other:?}"),
    }
}

/// What was told, exactly once.
#[track_caller]
fn once(told: &Told) -> Result<u64, UpgradeError> {
    let told = told.lock().expect("not poisoned");
    assert_eq!(told.len(), 1, "{told:?}");
    told[0].clone()
}

fn two_readers(manager: &Manager) -> [Guard; 2] {
    [0, 1].map(|_| manager.acquire(read("a")).expect("free"))
}

#[test]
fn against_its_ticket_and_a_cancel() {
    model("callback's upgrade against expire, cancel, release", || {
        let manager = manager();
        let section = Section::new();
        let [own, other] = two_readers(&manager);
        let id = own.id();
        let (ticket, told) = begin(&manager, id, &section);
        let expiring = thread::spawn(move || ticket.expire());
        let releasing = {
            let section = Arc::clone(&section);
            thread::spawn(move || {
                section.read();
                drop(other);
            })
        };
        let cancelled = manager.cancel_upgrade(id);
        let expired = expiring.join().expect("no panic");
        releasing.join().expect("no panic");
        match (expired, cancelled, once(&told)) {
            (Ok(()), Err(StaleLock), Err(UpgradeError::Timeout))
            | (Err(StaleLock), Ok(()), Err(UpgradeError::Cancelled))
            | (Err(StaleLock), Err(StaleLock), Ok(_)) => {}
            all => panic!("they disagree: {all:?}"),
        }
        assert_eq!(manager.stats().timeouts, u64::from(expired.is_ok()));
        own.release().expect("held");
        assert_empty(&manager);
    });
}

/// Whether a ticket's upgrade and manager live is no step that loom interleaves. So
/// both sides touch this before, for it to see that their order makes a difference.
#[derive(Clone, Default)]
struct Seam(Arc<AtomicU32>);

impl Seam {
    fn touch(&self) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// A ticket that is older than the upgrade that waits takes nothing back.
#[test]
fn against_an_old_ticket() {
    model("callback's upgrade against an old ticket", || {
        let manager = manager();
        let section = Section::new();
        let [own, other] = two_readers(&manager);
        let (old, told) = begin(&manager, own.id(), &section);
        let seam = Seam::default();
        let expiring = {
            let seam = seam.clone();
            thread::spawn(move || {
                seam.touch();
                old.expire()
            })
        };
        seam.touch();
        // Of the two one wins, and then comes the next upgrade.
        let cancelled = manager.cancel_upgrade(own.id());
        let next = manager.upgrade_with(own.id(), |_| ());
        let waits = matches!(next, Ok(UpgradeBegun::Waiting(_)));
        let expired = expiring.join().expect("no panic");
        assert!(waits, "{next:?}");
        match (expired, cancelled) {
            (Ok(()), Err(StaleLock)) => assert_eq!(once(&told), Err(UpgradeError::Timeout)),
            (Err(StaleLock), Ok(())) => assert_eq!(once(&told), Err(UpgradeError::Cancelled)),
            both => panic!("they disagree: {both:?}"),
        }
        let state = manager.upgrade_state(own.id());
        assert_eq!(state, Ok(UpgradeState::Waiting));
        drop((own, other));
        assert_empty(&manager);
    });
}

#[test]
fn against_a_close_and_its_end() {
    model("callback's upgrade against close, end, release", || {
        let manager = manager();
        let section = Section::new();
        let [own, other] = two_readers(&manager);
        let (_, told) = begin(&manager, own.id(), &section);
        let releasing = thread::spawn(move || drop(other));
        let closing = {
            let manager = manager.clone();
            thread::spawn(move || manager.close())
        };
        drop(own);
        releasing.join().expect("no panic");
        closing.join().expect("no panic");
        assert!(matches!(
            once(&told),
            Ok(_) | Err(UpgradeError::Cancelled | UpgradeError::Closed)
        ));
        assert_eq!(manager.stats().held, 0);
    });
}

/// A thread that waits for the same upgrade, and completes it, too.
#[test]
fn beside_a_thread_that_waits() {
    model("callback's upgrade and a thread that waits for it", || {
        let manager = manager();
        let section = Section::new();
        let [own, other] = two_readers(&manager);
        let id = own.id();
        let (_, told) = begin(&manager, id, &section);
        let waiting = {
            let manager = manager.clone();
            thread::spawn(move || manager.wait_upgrade(id, None))
        };
        drop(other);
        let waited = waiting.join().expect("no panic");
        assert_eq!(waited, once(&told));
        assert!(waited.is_ok());
        own.release().expect("held");
        assert_empty(&manager);
    });
}

#[test]
fn in_two_shards() {
    model("callback's upgrade in two shards", || {
        let (manager, [one, two]) = two_shards();
        let section = Section::new();
        let own = manager.acquire([read(one), read(two)]).expect("free");
        let others = [one, two].map(|name| manager.acquire(read(name)).expect("free"));
        let (ticket, told) = begin(&manager, own.id(), &section);
        let threads = others.map(|guard| thread::spawn(move || drop(guard)));
        let expired = ticket.expire();
        for thread in threads {
            thread.join().expect("no panic");
        }
        match (expired, once(&told)) {
            (Ok(()), Err(UpgradeError::Timeout)) | (Err(StaleLock), Ok(_)) => {}
            both => panic!("they disagree: {both:?}"),
        }
        own.release().expect("held");
        assert_empty(&manager);
    });
}

/// The ticket may be the last that keeps the manager alive, for a moment.
#[test]
fn against_the_end_of_the_manager() {
    model("callback's upgrade against the end of its manager", || {
        let manager = manager();
        let [own, _] = two_readers(&manager).map(Guard::into_id);
        let told = Told::default();
        let tell = Arc::clone(&told);
        let begun = manager.upgrade_with(own, move |result| {
            tell.lock().expect("not poisoned").push(result);
        });
        let Ok(UpgradeBegun::Waiting(ticket)) = begun else {
            panic!("{begun:?}");
        };
        let seam = Seam::default();
        let expiring = {
            let seam = seam.clone();
            thread::spawn(move || {
                seam.touch();
                ticket.expire()
            })
        };
        seam.touch();
        drop(manager);
        match (expiring.join().expect("no panic"), once(&told)) {
            (Ok(()), Err(UpgradeError::Timeout)) | (Err(StaleLock), Err(UpgradeError::Closed)) => {}
            both => panic!("they disagree: {both:?}"),
        }
    });
}

#[test]
fn a_future() {
    model("future's upgrade against release", || {
        let manager = manager();
        let section = Section::new();
        let [own, other] = two_readers(&manager);
        let future = manager.upgrade_async(own.id());
        let releasing = {
            let section = Arc::clone(&section);
            thread::spawn(move || {
                section.read();
                drop(other);
            })
        };
        let token = block_on(future).expect("the other goes");
        section.write_with(token);
        releasing.join().expect("no panic");
        drop(own);
        assert_empty(&manager);
    });
}

#[test]
fn a_future_that_is_dropped() {
    model("drop of a future's upgrade against release", || {
        let manager = manager();
        let [own, other] = two_readers(&manager);
        let mut future = manager.upgrade_async(own.id());
        let alarm = Alarm::new();
        let polled = poll(&mut future, &alarm);
        assert!(polled.is_pending());
        let releasing = thread::spawn(move || drop(other));
        drop(future);
        match manager.upgrade_state(own.id()) {
            Ok(UpgradeState::Done(_)) => {}
            Ok(UpgradeState::NotUpgraded) => {
                drop(manager.acquire(read("a")).expect("granted"));
            }
            other => panic!("{other:?}"),
        }
        releasing.join().expect("no panic");
        own.release().expect("held");
        assert_empty(&manager);
    });
}
