//! The manager, through the calls that never block, and by ids. What becomes of a
//! wait is either told and asked for, or nobody asks: then an inspection has to show
//! it all the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use oarlock::{
    AcquireError, ChangeError, Circle, Enqueued, LockId, LockState, Manager, Path, Pending,
    RequestInfo, TryAcquireError, UpgradeError, UpgradeState, write,
};

use super::engine::{claim, claim_back};
use super::{Seen, Subject};
use crate::ops::Op;
use crate::paths;
use crate::words::{Claim, Id, Outcome, Owner, Refused};

/// A manager with so many shards.
pub struct Managed {
    shards: usize,
    /// Whether waits have callbacks, and upgrades that wait are asked for.
    asks: bool,
    manager: Manager,
    owners: BTreeMap<Owner, oarlock::Owner>,
    /// Every request that ever was: its id stays, and is stale then.
    ids: BTreeMap<Id, LockId>,
    /// What inspection shows, and the circle that was told last.
    seen: BTreeMap<LockId, RequestInfo>,
    circle: Option<Circle>,
    /// Those whose upgrade waits, with their tokens before.
    upgrading: BTreeMap<Id, u64>,
    /// What callbacks were told.
    told: Arc<Mutex<Vec<(Id, Outcome)>>>,
    news: Vec<(Id, Outcome)>,
    next_label: Option<String>,
}

impl Managed {
    /// An empty manager.
    #[must_use]
    pub fn new(shards: usize) -> Self {
        Managed {
            shards,
            asks: true,
            manager: Manager::builder().shards(shards).build(),
            owners: BTreeMap::new(),
            ids: BTreeMap::new(),
            seen: BTreeMap::new(),
            circle: None,
            upgrading: BTreeMap::new(),
            told: Arc::default(),
            news: Vec::new(),
            next_label: None,
        }
    }

    /// An empty manager of which nobody asks what became of a wait.
    #[must_use]
    pub fn unasked(shards: usize) -> Self {
        Managed { asks: false, ..Self::new(shards) }
    }

    fn request(
        &mut self,
        owner: Option<Owner>,
        claims: &[Claim],
    ) -> oarlock::Request<'_, Vec<oarlock::Claim<'static>>> {
        let manager = &self.manager;
        let owner = owner.map(|owner| self.owners.entry(owner).or_insert_with(|| manager.owner()));
        let request = manager.request(claims.iter().map(claim).collect());
        let request = match owner {
            Some(owner) => request.owner(owner),
            None => request,
        };
        match self.next_label.take() {
            Some(label) => request.label(label),
            None => request,
        }
    }

    fn submit(&mut self, id: Id, owner: Option<Owner>, claims: &[Claim]) -> Outcome {
        if !self.asks {
            let lock = self.request(owner, claims).enqueue().map(Pending::into_id);
            let lock = lock.map_err(|why| self.not_taken_in(why))?;
            self.ids.insert(id, lock);
            return Ok(());
        }
        let told = Arc::clone(&self.told);
        let done = move |outcome: Result<oarlock::Guard, AcquireError>| {
            let outcome = match outcome {
                Ok(guard) => {
                    let _ = guard.into_id();
                    Ok(())
                }
                Err(AcquireError::Closed) => Err(Refused::Closed),
                // Ended by its id.
                Err(AcquireError::Cancelled) => return,
                Err(other) => panic!("{other:?}"),
            };
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            told.push((id, outcome));
        };
        match self.request(owner, claims).enqueue_with(done) {
            Ok(Enqueued::Granted(guard)) => {
                self.ids.insert(id, guard.into_id());
                self.news.push((id, Ok(())));
                Ok(())
            }
            Ok(Enqueued::Waiting(lock)) => {
                self.ids.insert(id, lock);
                Ok(())
            }
            Err(why) => Err(self.not_taken_in(why)),
        }
    }

    fn not_taken_in(&mut self, why: AcquireError) -> Refused {
        match why {
            AcquireError::Invalid(_) => Refused::Invalid,
            AcquireError::Closed => Refused::Closed,
            AcquireError::TooManyWaiting { .. } => Refused::TooManyWaiting,
            AcquireError::Deadlock(circle) => {
                self.circle = Some(circle);
                Refused::Deadlock
            }
            other => panic!("{other:?}"),
        }
    }

    fn try_submit(&mut self, id: Id, owner: Option<Owner>, claims: &[Claim]) -> Outcome {
        match self.request(owner, claims).try_acquire() {
            Ok(guard) => {
                self.ids.insert(id, guard.into_id());
                if self.asks {
                    self.news.push((id, Ok(())));
                }
                Ok(())
            }
            Err(TryAcquireError::Invalid(_)) => Err(Refused::Invalid),
            Err(TryAcquireError::WouldBlock) => Err(Refused::WouldBlock),
            Err(TryAcquireError::Closed) => Err(Refused::Closed),
            Err(other) => panic!("{other:?}"),
        }
    }

    fn would_grant(&mut self, owner: Option<Owner>, claims: &[Claim]) -> Outcome {
        match self.request(owner, claims).would_grant() {
            Ok(true) => Ok(()),
            Ok(false) => Err(Refused::WouldBlock),
            Err(AcquireError::Invalid(_)) => Err(Refused::Invalid),
            Err(AcquireError::Closed) => Err(Refused::Closed),
            Err(other) => panic!("{other:?}"),
        }
    }

    fn upgrade(&mut self, id: Id) -> Outcome {
        let lock = self.lock(id)?;
        let before = self.manager.state(lock);
        match self.manager.upgrade(lock) {
            Ok(UpgradeState::Done(_) | UpgradeState::Waiting) if !self.asks => Ok(()),
            Ok(UpgradeState::Done(token)) => {
                if before != Ok(LockState::Granted(token)) {
                    self.news.push((id, Ok(())));
                }
                Ok(())
            }
            Ok(UpgradeState::NotUpgraded) => panic!("{id} was to be upgraded"),
            Ok(UpgradeState::Waiting) => {
                let Ok(LockState::Granted(token)) = before else { panic!("{id} was granted") };
                self.upgrading.insert(id, token);
                Ok(())
            }
            Err(UpgradeError::Closed) => Err(Refused::Closed),
            Err(UpgradeError::AlreadyWaiting) => Err(Refused::UpgradeWaits),
            Err(UpgradeError::Stale | UpgradeError::NotGranted) => Err(Refused::Stale),
            Err(UpgradeError::Deadlock(circle)) => {
                self.circle = Some(circle);
                Err(Refused::Deadlock)
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    fn lock(&self, id: Id) -> Result<LockId, Refused> {
        self.ids.get(&id).copied().ok_or(Refused::Stale)
    }

    fn end(&mut self, id: Id) -> Outcome {
        let lock = self.lock(id)?;
        self.manager.release(lock).map_err(|_| Refused::Stale)?;
        self.upgrading.remove(&id);
        Ok(())
    }

    fn cancel_upgrade(&mut self, id: Id) -> Outcome {
        let lock = self.lock(id)?;
        self.manager.cancel_upgrade(lock).map_err(|_| Refused::Stale)?;
        self.upgrading.remove(&id);
        Ok(())
    }

    /// Finds out what has become of upgrades that waited.
    fn look_at_upgrades(&mut self) {
        for (id, before) in std::mem::take(&mut self.upgrading) {
            match self.manager.upgrade_state(self.ids[&id]) {
                Ok(UpgradeState::Waiting) => drop(self.upgrading.insert(id, before)),
                Ok(UpgradeState::NotUpgraded) => {
                    assert!(self.manager.is_closed(), "the upgrade of {id} was ended");
                    self.news.push((id, Err(Refused::Closed)));
                }
                Ok(UpgradeState::Done(token)) => {
                    assert!(token > before, "{id} has a new token");
                    self.news.push((id, Ok(())));
                }
                Err(_) => panic!("{id} has ended while it was upgraded"),
            }
        }
    }
}

/// What has become of a request from one inspection to the next, but for its end by
/// its own id.
fn became(
    before: Option<&RequestInfo>,
    now: Option<&RequestInfo>,
    closes: bool,
) -> Option<Outcome> {
    let token = |info: Option<&RequestInfo>| match info?.state {
        LockState::Waiting => None,
        LockState::Granted(token) => Some(token),
    };
    let waits = |info: &RequestInfo| info.state == LockState::Waiting || info.upgrading;
    if now.is_some() && token(before) != token(now) {
        assert!(token(before) < token(now), "it has a new token");
        return Some(Ok(()));
    }
    let ended = before.is_some_and(waits) && !now.is_some_and(waits);
    (ended && closes).then_some(Err(Refused::Closed))
}

fn refused(why: ChangeError) -> Refused {
    match why {
        ChangeError::Stale | ChangeError::NotGranted => Refused::Stale,
        ChangeError::UpgradeWaiting => Refused::UpgradeWaits,
        ChangeError::NotClaimed => Refused::NotClaimed,
        other => panic!("{other:?}"),
    }
}

impl Subject for Managed {
    fn reset(&mut self, max_waiting: Option<usize>) {
        *self = Managed { asks: self.asks, ..Managed::new(self.shards) };
        if let Some(max) = max_waiting {
            let builder = Manager::builder().shards(self.shards);
            self.manager = builder.max_waiting(max).build();
        }
    }

    fn apply(&mut self, op: &Op) -> Outcome {
        let outcome = match op {
            Op::Submit(id, owner, claims) => self.submit(*id, *owner, claims),
            Op::Try(id, owner, claims) => self.try_submit(*id, *owner, claims),
            Op::WouldGrant(owner, claims) => self.would_grant(*owner, claims),
            Op::Upgrade(id) => self.upgrade(*id),
            Op::End(id) => self.end(*id),
            Op::CancelUpgrade(id) => self.cancel_upgrade(*id),
            Op::Downgrade(id) => {
                self.lock(*id).and_then(|id| self.manager.downgrade(id).map_err(refused))
            }
            Op::ReleasePart(id, path) => self.lock(*id).and_then(|id| {
                self.manager.release_part(id, paths::to_library(path)).map_err(refused)
            }),
            Op::Close => {
                self.manager.close();
                Ok(())
            }
        };
        self.look_at_upgrades();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        self.news.append(&mut told);
        drop(told);
        let seen = self.manager.inspect(Path::root()).expect("the root is a path");
        let seen = seen.into_iter().map(|info| (info.id, info)).collect();
        let before = std::mem::replace(&mut self.seen, seen);
        if !self.asks {
            let closes = *op == Op::Close;
            let became = |lock| became(before.get(lock), self.seen.get(lock), closes);
            let news = self.ids.iter().filter_map(|(id, lock)| Some((*id, became(lock)?)));
            self.news.extend(news);
        }
        outcome
    }

    fn news(&mut self) -> Vec<(Id, Outcome)> {
        std::mem::take(&mut self.news)
    }

    fn circle(&mut self) -> Option<Vec<Id>> {
        let circle = self.circle.take()?;
        let known = |lock: LockId| self.ids.iter().find(|(_, known)| **known == lock);
        // The refused request has no name any more.
        let name = |lock| known(lock).map_or(Id::MAX, |(id, _)| *id);
        Some(circle.members().iter().map(|member| name(member.id)).collect())
    }

    fn seen(&self, id: Id) -> Option<Seen> {
        let lock = *self.ids.get(&id)?;
        let Some(info) = self.seen.get(&lock) else {
            assert!(self.manager.state(lock).is_err(), "an inspection does not show {id}");
            return None;
        };
        assert_eq!(self.manager.state(lock), Ok(info.state), "{id}");
        let token = match info.state {
            LockState::Waiting => None,
            LockState::Granted(token) => Some(token),
        };
        let claims = info.claims.iter().map(claim_back).collect();
        Some(Seen { token, upgrading: info.upgrading, claims })
    }

    fn blockers(&self, id: Id) -> BTreeSet<Id> {
        let blockers = self.manager.blockers(self.ids[&id]).expect("it is live");
        for most in 0..=2 {
            let some = self.manager.some_blockers(self.ids[&id], most);
            let (some, count) = some.expect("it is live");
            assert!(some.iter().all(|it| blockers.contains(it)), "{some:?} of {blockers:?}");
            assert_eq!(some.len(), most.min(blockers.len()));
            let is_right = if blockers.len() <= most {
                count == blockers.len()
            } else {
                count >= blockers.len()
            };
            assert!(is_right, "{count} said of {blockers:?}");
        }
        let known = |lock: &LockId| self.ids.iter().find(|(_, known)| *known == lock);
        let name = |lock| known(&lock).map_or(Id::MAX, |(id, _)| *id);
        blockers.into_iter().map(name).collect()
    }

    fn counts(&self) -> (usize, usize) {
        let stats = self.manager.stats();
        (stats.held as usize, stats.waiting as usize)
    }

    fn set_label(&mut self, label: &str) {
        self.next_label = Some(label.to_owned());
    }

    fn label(&self, id: Id) -> Option<String> {
        self.seen.get(self.ids.get(&id)?)?.label.as_deref().map(str::to_owned)
    }

    fn is_idle(&mut self) -> bool {
        let everything = self.manager.try_acquire(write(Path::root()));
        let free = matches!(everything, Ok(_) | Err(TryAcquireError::Closed));
        free && self.seen.is_empty()
    }
}
