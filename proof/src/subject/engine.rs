//! The pure engine. It never looks for deadlocks or bounds by itself; what the
//! manager does about them is done here, in the plainest way.

use std::collections::{BTreeMap, BTreeSet};

use oarlock::engine::{ChangeRefused, ClaimSet, Engine, RequestId, State, Upgraded};
use oarlock::{Limits, Mode, OwnerId, Path};

use super::{Seen, Subject};
use crate::ops::Op;
use crate::words::{Claim, Id, Outcome, Owner, Refused};

/// An engine alone, with its requests by the ids of the operations.
pub struct Pure {
    engine: Engine<()>,
    /// Every request that ever was: its id stays, and is stale then.
    ids: BTreeMap<Id, RequestId>,
    live: BTreeMap<Id, Live>,
    max_waiting: Option<usize>,
    news: Vec<(Id, Outcome)>,
    circle: Option<Vec<Id>>,
}

/// What the engine has told about a request.
#[derive(Clone, Copy, Debug)]
struct Live {
    owner: Option<Owner>,
    granted: bool,
    upgrading: bool,
}

impl Default for Pure {
    fn default() -> Self {
        Self::new()
    }
}

impl Pure {
    /// An empty engine.
    #[must_use]
    pub fn new() -> Self {
        Pure {
            engine: Engine::new(7),
            ids: BTreeMap::new(),
            live: BTreeMap::new(),
            max_waiting: None,
            news: Vec::new(),
            circle: None,
        }
    }

    fn submit(&mut self, id: Id, owner: Option<Owner>, claims: &[Claim]) -> Outcome {
        let set = set(claims)?;
        let submitted = self.engine.submit(&set, owner.and_then(OwnerId::from_u64));
        let submitted = submitted.map_err(|_| Refused::Invalid)?;
        let granted = submitted.state != State::Waiting;
        self.ids.insert(id, submitted.id);
        self.live.insert(id, Live { owner, granted: false, upgrading: false });
        if granted {
            self.granted(vec![submitted.id]);
            return Ok(());
        }
        let full = self.max_waiting.is_some_and(|max| self.engine.waiting_count() > max);
        let refused = match self.must_not_wait(id) {
            _ if full => Refused::TooManyWaiting,
            true => Refused::Deadlock,
            false => return Ok(()),
        };
        assert_eq!(self.end(id), [], "nobody waits for the last to arrive");
        Err(refused)
    }

    fn try_submit(&mut self, id: Id, owner: Option<Owner>, claims: &[Claim]) -> Outcome {
        self.would_grant(owner, claims)?;
        self.submit(id, owner, claims)
    }

    fn would_grant(&mut self, owner: Option<Owner>, claims: &[Claim]) -> Outcome {
        let owner = owner.and_then(OwnerId::from_u64);
        match self.engine.would_grant(&set(claims)?, owner) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Refused::WouldBlock),
            Err(_) => Err(Refused::Invalid),
        }
    }

    fn upgrade(&mut self, id: Id) -> Outcome {
        let request = self.id(id)?;
        match self.engine.upgrade(request).map_err(refused)? {
            Upgraded::Done { token } => {
                assert_eq!(self.engine.state(request), Some(State::Granted { token }));
                let new = self.seen(id).and_then(|seen| seen.token);
                assert_eq!(new, Some(token));
            }
            Upgraded::Waiting => {
                self.change(id, |live| live.upgrading = true);
                if self.must_not_wait(id) {
                    let mut granted = Vec::new();
                    assert!(self.engine.cancel_upgrade(request, &mut granted));
                    assert_eq!(granted, [], "nobody waits for the last to upgrade");
                    self.change(id, |live| live.upgrading = false);
                    return Err(Refused::Deadlock);
                }
            }
        }
        Ok(())
    }

    fn id(&self, id: Id) -> Result<RequestId, Refused> {
        self.ids.get(&id).copied().ok_or(Refused::Stale)
    }

    fn name(&self, request: RequestId) -> Id {
        let found = self.live.keys().find(|id| self.ids[id] == request);
        *found.expect("the engine names live requests only")
    }

    fn change(&mut self, id: Id, change: impl FnOnce(&mut Live)) {
        change(self.live.get_mut(&id).expect("it is live"));
    }

    fn holds(&self, owner: Owner) -> usize {
        let own = self.live.values().filter(|live| live.owner == Some(owner));
        own.filter(|live| live.granted).count()
    }

    /// Whether an owner with this new wait could never finish: through it, or
    /// through another one that it keeps waiting.
    fn must_not_wait(&mut self, id: Id) -> bool {
        let owner = self.live[&id].owner;
        let waits = |live: &Live| !live.granted || live.upgrading;
        let others = self.live.iter().filter(|(_, live)| owner.is_some() && live.owner == owner);
        let others: Vec<Id> = others.filter(|(_, l)| waits(l)).map(|(id, _)| *id).collect();
        [id].into_iter().chain(others).any(|id| self.stands_in_circle(id))
    }

    /// Whether this request, or its upgrade, can never be had.
    fn stands_in_circle(&mut self, id: Id) -> bool {
        let live = self.live[&id];
        let holds = live.granted || live.owner.is_some_and(|owner| self.holds(owner) > 0);
        let circle = if holds { self.engine.circle(self.ids[&id]) } else { None };
        self.circle = circle.map(|circle| circle.iter().map(|&r| self.name(r)).collect());
        self.circle.is_some()
    }

    /// Ends a request and gives those granted by that.
    fn end(&mut self, id: Id) -> Vec<RequestId> {
        let mut granted = Vec::new();
        let ended = self.engine.end(self.ids[&id], &mut granted).expect("it is live");
        let told = self.live.remove(&id).expect("it is live");
        assert_eq!(ended.state != State::Waiting, told.granted, "{id}");
        granted
    }

    /// Takes note of grants. Who holds something now must not wait for ever for
    /// something else.
    fn granted(&mut self, requests: Vec<RequestId>) {
        let granted: Vec<Id> = requests.iter().map(|&request| self.name(request)).collect();
        for &id in &granted {
            let before = self.live[&id];
            assert!(!before.granted || before.upgrading, "{id} was granted twice");
            self.change(id, |live| (live.granted, live.upgrading) = (true, false));
            self.news.push((id, Ok(())));
        }
        for id in granted {
            // It may have been ended on the way, or not have an owner at all.
            if let Some(owner) = self.live.get(&id).and_then(|live| live.owner) {
                self.end_circles(owner);
            }
        }
    }

    fn end_circles(&mut self, owner: Owner) {
        let waits = |live: &Live| !live.granted || live.upgrading;
        loop {
            let own = self.live.iter().filter(|(_, live)| live.owner == Some(owner) && waits(live));
            let own: Vec<Id> = own.map(|(id, _)| *id).collect();
            let Some(id) = own.into_iter().find(|&id| self.stands_in_circle(id)) else { return };
            self.circle = None;
            self.news.push((id, Err(Refused::Deadlock)));
            let mut granted = Vec::new();
            if self.live[&id].granted {
                assert!(self.engine.cancel_upgrade(self.ids[&id], &mut granted));
                self.change(id, |live| live.upgrading = false);
            } else {
                granted = self.end(id);
            }
            self.granted(granted);
        }
    }
}

impl Subject for Pure {
    fn reset(&mut self, max_waiting: Option<usize>) {
        *self = Pure { max_waiting, ..Pure::new() };
    }

    fn apply(&mut self, op: &Op) -> Outcome {
        let mut granted = Vec::new();
        match op {
            Op::Submit(id, owner, claims) => return self.submit(*id, *owner, claims),
            Op::Try(id, owner, claims) => return self.try_submit(*id, *owner, claims),
            Op::WouldGrant(owner, claims) => return self.would_grant(*owner, claims),
            Op::Upgrade(id) => {
                let token = self.seen(*id).and_then(|seen| seen.token);
                self.upgrade(*id)?;
                let now = self.seen(*id).and_then(|seen| seen.token);
                if token != now {
                    self.news.push((*id, Ok(())));
                    let owner = self.live.get(id).and_then(|live| live.owner);
                    owner.into_iter().for_each(|owner| self.end_circles(owner));
                }
            }
            Op::End(id) => {
                self.id(*id)?;
                if !self.live.contains_key(id) {
                    let ended = self.engine.end(self.ids[id], &mut granted);
                    assert_eq!((ended, granted), (None, vec![]), "the id is stale");
                    return Err(Refused::Stale);
                }
                granted = self.end(*id);
            }
            Op::CancelUpgrade(id) => {
                let request = self.id(*id)?;
                if !self.engine.cancel_upgrade(request, &mut granted) {
                    return Err(Refused::Stale);
                }
                self.change(*id, |live| live.upgrading = false);
            }
            Op::Downgrade(id) => {
                let request = self.id(*id)?;
                self.engine.downgrade(request, &mut granted).map_err(refused)?;
            }
            Op::ReleasePart(id, path) => {
                let request = self.id(*id)?;
                let path = Path::from_segments(path);
                self.engine.release_part(request, &path, &mut granted).map_err(refused)?;
                if self.engine.state(request).is_none() {
                    self.live.remove(id);
                }
            }
            Op::Close => unimplemented!("the engine has no close"),
        }
        self.granted(granted);
        Ok(())
    }

    fn news(&mut self) -> Vec<(Id, Outcome)> {
        std::mem::take(&mut self.news)
    }

    fn circle(&mut self) -> Option<Vec<Id>> {
        self.circle.take()
    }

    fn seen(&self, id: Id) -> Option<Seen> {
        let seen = self.engine.seen(*self.ids.get(&id)?)?;
        let live = self.live.get(&id).expect("a live request was not told");
        let token = match seen.state {
            State::Waiting => None,
            State::Granted { token } => Some(token),
        };
        assert_eq!((token.is_some(), seen.upgrading), (live.granted, live.upgrading), "{id}");
        assert_eq!(self.engine.state(seen.id), Some(seen.state), "{id}");
        assert_eq!(seen.owner.map(OwnerId::to_u64), live.owner, "{id}");
        let claims = seen.claims.iter().map(claim_back).collect();
        Some(Seen { token, upgrading: seen.upgrading, claims })
    }

    fn blockers(&self, id: Id) -> BTreeSet<Id> {
        let blockers = self.engine.blockers(self.ids[&id]);
        blockers.into_iter().map(|request| self.name(request)).collect()
    }

    fn counts(&self) -> (usize, usize) {
        (self.engine.granted_count(), self.engine.waiting_count())
    }

    fn is_idle(&mut self) -> bool {
        self.engine.is_idle()
    }
}

/// The claims as the library has them.
pub(crate) fn claim(claim: &Claim) -> oarlock::Claim<'static> {
    let mode = if claim.write { Mode::Write } else { Mode::Read };
    let plain = oarlock::Claim::new(mode, Path::from_segments(&claim.path));
    match claim.limit {
        Some(limit) => plain.limit(limit),
        None => plain,
    }
}

pub(crate) fn claim_back(claim: &oarlock::Claim<'_>) -> Claim {
    Claim {
        write: claim.mode() == Mode::Write,
        path: claim.path().segments().map(<[u8]>::to_vec).collect(),
        limit: claim.limit_value(),
        inherited: false,
    }
}

fn set(claims: &[Claim]) -> Result<ClaimSet<'static>, Refused> {
    let claims = claims.iter().map(claim);
    ClaimSet::new(claims, &Limits::default()).map_err(|_| Refused::Invalid)
}

fn refused(why: ChangeRefused) -> Refused {
    match why {
        ChangeRefused::Stale | ChangeRefused::NotGranted => Refused::Stale,
        ChangeRefused::Upgrading => Refused::UpgradeWaits,
        ChangeRefused::NotClaimed => Refused::NotClaimed,
        other => panic!("{other:?}"),
    }
}
