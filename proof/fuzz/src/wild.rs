//! Calls in any order, with ids that are stale, of another manager or made up, from
//! within callbacks too; nothing waits longer than no time.
//!
//! What is looked at is what must always be so: no two granted requests exclude
//! each other, an id that is none changes nothing, every callback comes once, and
//! nothing is left when all have ended.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use oarlock::{
    Acquire, Claim, Enqueued, Guard, LockId, LockState, Manager, Mode, Owner, Path, Pending,
    RequestInfo, StaleLock, write,
};
use oarlock_proof::paths;

use crate::bytes::Bytes;
use crate::choice;

/// The most calls of one run, and the most requests that are live.
const CALLS: usize = 100;
const LIVE: usize = 16;

/// What callbacks leave behind.
#[derive(Default)]
struct Told {
    /// Callbacks that were not called yet.
    expected: usize,
    /// Ids of what they were given and let go of.
    ids: Vec<LockId>,
    guards: Vec<Guard>,
}

type Shared = Arc<Mutex<Told>>;

fn lock(told: &Shared) -> MutexGuard<'_, Told> {
    told.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Wild {
    manager: Manager,
    /// Its ids are nobody's here.
    other: Manager,
    owners: Vec<Owner>,
    ids: Vec<LockId>,
    guards: Vec<Guard>,
    pending: Vec<Pending>,
    futures: Vec<Acquire>,
    told: Shared,
}

/// Does what the bytes say.
pub(crate) fn run(shards: usize, data: &[u8]) {
    let mut bytes = Bytes::new(data);
    let manager = Manager::builder().shards(shards).build();
    let mut wild = Wild {
        owners: (0..4).map(|_| manager.owner()).collect(),
        manager,
        other: Manager::builder().shards(shards).build(),
        ids: Vec::new(),
        guards: Vec::new(),
        pending: Vec::new(),
        futures: Vec::new(),
        told: Shared::default(),
    };
    for _ in 0..CALLS {
        if bytes.is_empty() {
            break;
        }
        wild.call(&mut bytes);
        wild.look();
    }
    wild.finish();
}

/// A request from bytes, not made yet.
fn request<'m>(
    manager: &'m Manager,
    owners: &[Owner],
    bytes: &mut Bytes<'_>,
) -> oarlock::Request<'m, Vec<Claim<'static>>> {
    let owner = choice::owner(bytes).and_then(|owner| owners.get(owner as usize - 1));
    let claims = choice::claims(bytes);
    let claim = |claim: oarlock_proof::words::Claim| {
        let mode = if claim.write { Mode::Write } else { Mode::Read };
        let plain = Claim::new(mode, paths::to_library(&claim.path));
        match claim.limit {
            Some(limit) => plain.limit(limit),
            None => plain,
        }
    };
    let request = manager.request(claims.into_iter().map(claim).collect());
    match owner {
        Some(owner) => request.owner(owner),
        None => request,
    }
}

impl Wild {
    fn call(&mut self, bytes: &mut Bytes<'_>) {
        let what = bytes.next();
        let few = self.manager.stats().held + self.manager.stats().waiting < LIVE as u64;
        match what {
            0..0x70 if few => self.arrive(bytes),
            0..0x90 => self.let_go(bytes),
            0x90..0xfe => self.by_id(bytes),
            _ => self.manager.close(),
        }
    }

    fn arrive(&mut self, bytes: &mut Bytes<'_>) {
        let way = bytes.below(8);
        let keep = bytes.below(2) == 0;
        let request = request(&self.manager, &self.owners, bytes);
        let guard = match way {
            0 => request.try_acquire().ok(),
            1 => request.acquire_timeout(Duration::ZERO).ok(),
            2 => request.acquire_until(Instant::now()).ok(),
            3 => {
                if let Ok(pending) = request.enqueue() {
                    self.ids.push(pending.id());
                    match keep {
                        true => self.pending.push(pending),
                        false => drop(pending.into_id()),
                    }
                }
                return;
            }
            4 => {
                let mut future = request.acquire_async();
                let mut context = Context::from_waker(Waker::noop());
                match std::pin::Pin::new(&mut future).poll(&mut context) {
                    std::task::Poll::Ready(outcome) => outcome.ok(),
                    std::task::Poll::Pending => {
                        self.futures.push(future);
                        return;
                    }
                }
            }
            5 => {
                let _ = request.would_grant();
                return;
            }
            _ => {
                let done = callback(&self.manager, &self.told, &self.ids, bytes);
                lock(&self.told).expected += 1;
                match request.enqueue_with(done) {
                    Ok(Enqueued::Waiting(id)) => {
                        self.ids.push(id);
                        return;
                    }
                    Ok(Enqueued::Granted(guard)) => {
                        lock(&self.told).expected -= 1;
                        Some(guard)
                    }
                    Err(_) => {
                        lock(&self.told).expected -= 1;
                        return;
                    }
                }
            }
        };
        if let Some(guard) = guard {
            assert!(guard.token() != 0, "a token is never 0");
            self.ids.push(guard.id());
            match keep {
                true => self.guards.push(guard),
                false => drop(guard.into_id()),
            }
        }
    }

    /// Something that is kept is dropped, waited for, or changed.
    fn let_go(&mut self, bytes: &mut Bytes<'_>) {
        let (which, how) = (bytes.below(3), bytes.next());
        let at = |len: usize| (len > 0).then(|| usize::from(how >> 3) % len);
        match which {
            0 => {
                let Some(at) = at(self.guards.len()) else { return };
                let guard = &mut self.guards[at];
                match how & 7 {
                    0 => drop(guard.try_upgrade()),
                    1 => drop(guard.upgrade_timeout(Duration::ZERO)),
                    2 => drop(guard.upgrade_until(Instant::now())),
                    3 => drop(guard.downgrade()),
                    4 => drop(guard.release_part(Path::from_segments(choice::path(bytes)))),
                    5 => drop(self.guards.swap_remove(at).release()),
                    _ => drop(self.guards.swap_remove(at)),
                }
            }
            1 => {
                let Some(at) = at(self.pending.len()) else { return };
                let pending = self.pending.swap_remove(at);
                match how & 3 {
                    0 => self.guards.extend(pending.cancel().err()),
                    1 => self.guards.extend(pending.wait_timeout(Duration::ZERO).ok()),
                    2 => drop(pending.into_id()),
                    _ => drop(pending),
                }
            }
            _ => {
                if let Some(at) = at(self.futures.len()) {
                    drop(self.futures.swap_remove(at));
                }
            }
        }
    }

    fn by_id(&mut self, bytes: &mut Bytes<'_>) {
        let (how, what) = (bytes.next(), bytes.below(14));
        let known = |ids: &[LockId]| ids.get(usize::from(how & 31) % ids.len().max(1)).copied();
        let one = known(&self.ids).or_else(|| known(&lock(&self.told).ids));
        let one = one.unwrap_or_else(|| LockId::from_u64(u64::from(how)));
        let id = match how >> 5 {
            // One that is nobody's, nearly always.
            0 => LockId::from_u64(one.to_u64() ^ (1 << (bytes.next() & 63))),
            1 => match self.other.enqueue(write("a")) {
                Ok(pending) => pending.into_id(),
                Err(_) => one,
            },
            _ => one,
        };
        let before = self.seen();
        let live = before.iter().any(|info| info.id == id);
        let path = Path::from_segments(choice::path(bytes));
        let m = &self.manager;
        let now = Some(Instant::now());
        // Whether the manager knows the id.
        let found = match what {
            0 | 1 => m.release(id).is_ok(),
            2 => m.cancel(id) != Err(oarlock::CancelError::Stale),
            3 => m.state(id).is_ok(),
            4 => !matches!(m.wait(id, now), Err(oarlock::WaitError::Stale)),
            5 => m.blockers(id).is_ok(),
            6 => !matches!(m.upgrade(id), Err(oarlock::UpgradeError::Stale)),
            7 => !matches!(m.try_upgrade(id), Err(oarlock::UpgradeError::Stale)),
            8 => m.upgrade_state(id).is_ok() || live,
            9 => !matches!(m.wait_upgrade(id, now), Err(oarlock::UpgradeError::Stale)) || live,
            10 => m.cancel_upgrade(id).is_ok() || live,
            11 => m.downgrade(id) != Err(oarlock::ChangeError::Stale),
            12 => m.release_part(id, path) != Err(oarlock::ChangeError::Stale),
            _ => match m.adopt(id) {
                Ok(guard) => {
                    self.guards.push(guard);
                    true
                }
                Err(StaleLock) => live,
            },
        };
        assert_eq!(found, live, "call {what} with the id {id:?}");
        if !live {
            let after = self.seen();
            assert_eq!(plain(&before), plain(&after), "call {what} with an id that is none");
        }
    }

    fn seen(&self) -> Vec<RequestInfo> {
        self.manager.inspect(Path::root()).unwrap_or_default()
    }

    /// What must always be so.
    fn look(&self) {
        let seen = self.seen();
        let held = |info: &&RequestInfo| info.state != LockState::Waiting;
        let stats = self.manager.stats();
        let granted = seen.iter().filter(held).count() as u64;
        assert_eq!((stats.held, stats.waiting), (granted, seen.len() as u64 - granted));
        for one in seen.iter().filter(held) {
            for other in seen.iter().filter(held).filter(|other| other.id != one.id) {
                let strangers = one.owner.is_none() || one.owner != other.owner;
                let conflict =
                    one.claims.iter().any(|a| other.claims.iter().any(|b| conflict(a, b)));
                assert!(!(strangers && conflict), "{one:?} and {other:?} are both granted");
            }
        }
        for info in &seen {
            let waits = info.state == LockState::Waiting || info.upgrading;
            let blockers = self.manager.blockers(info.id).unwrap_or_default();
            assert_eq!(waits, !blockers.is_empty(), "{info:?} waits for {blockers:?}");
        }
    }

    fn finish(&mut self) {
        self.pending.clear();
        self.futures.clear();
        self.guards.clear();
        // Callbacks may make new requests; those make no further ones.
        for _ in 0..3 {
            let guards = std::mem::take(&mut lock(&self.told).guards);
            drop(guards);
            for info in self.seen() {
                let _ = self.manager.release(info.id);
            }
        }
        assert!(self.seen().is_empty(), "{:?}", self.seen());
        let stats = self.manager.stats();
        assert_eq!((stats.held, stats.waiting), (0, 0));
        assert_eq!(lock(&self.told).expected, 0, "callbacks that never came");
        let all = self.manager.try_acquire(write(Path::root()));
        assert!(all.is_ok() || self.manager.is_closed(), "something is left behind");
    }
}

/// A callback that does one more thing with the manager.
fn callback(
    manager: &Manager,
    told: &Shared,
    ids: &[LockId],
    bytes: &mut Bytes<'_>,
) -> impl FnOnce(Result<Guard, oarlock::AcquireError>) + Send + use<> {
    let (what, other) = (bytes.below(8), bytes.next());
    let other = ids.get(usize::from(other) % ids.len().max(1)).copied();
    // A handle would keep the manager, and the manager this callback.
    let (manager, told) = (manager.clone(), Arc::clone(told));
    move |outcome| {
        lock(&told).expected -= 1;
        match outcome {
            Ok(guard) if what & 1 == 0 => lock(&told).guards.push(guard),
            Ok(guard) => {
                let id = guard.into_id();
                lock(&told).ids.push(id);
            }
            Err(_) => {}
        }
        let Some(other) = other else { return };
        match what >> 1 {
            0 => drop(manager.release(other)),
            1 => drop(manager.upgrade(other)),
            2 => drop(manager.cancel(other)),
            _ => {
                if let Ok(pending) = manager.enqueue(write("a")) {
                    let _ = pending.into_id();
                }
            }
        }
    }
}

fn conflict(one: &Claim<'_>, other: &Claim<'_>) -> bool {
    let (a, b) = (paths::from_library(one.path()), paths::from_library(other.path()));
    let on_one_line = a.starts_with(&b) || b.starts_with(&a);
    on_one_line && (one.mode() == Mode::Write || other.mode() == Mode::Write)
}

/// What must stay.
fn plain(seen: &[RequestInfo]) -> Vec<(u64, LockState, bool, String)> {
    let one = |info: &RequestInfo| {
        (info.id.to_u64(), info.state, info.upgrading, format!("{:?}", info.claims))
    };
    let mut all: Vec<_> = seen.iter().map(one).collect();
    all.sort_unstable_by_key(|one| one.0);
    all
}
