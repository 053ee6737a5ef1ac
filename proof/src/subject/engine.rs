//! The pure engine. It looks for deadlocks when it is asked to, and knows no bounds;
//! what the manager does about them is done here, in the plainest way.

use std::collections::{BTreeMap, BTreeSet};

use oarlock::engine::{ChangeRefused, ClaimSet, Engine, RequestId, State, Untangled, Upgraded};
use oarlock::{Limits, Mode, OwnerId};

use super::{Seen, Subject};
use crate::ops::Op;
use crate::paths;
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
        let full = self.max_waiting.is_some_and(|max| self.engine.waiting_count() > max);
        if full && !granted {
            // It is in time all the same if only the order of those that wait is in
            // its way.
            assert_eq!(self.end(id), [], "nobody waits for the last to arrive");
            if self.would_grant(owner, claims).is_err() {
                return Err(Refused::TooManyWaiting);
            }
            let max_waiting = self.max_waiting.take();
            let outcome = self.submit(id, owner, claims);
            self.max_waiting = max_waiting;
            assert_eq!((outcome, self.live[&id].granted), (Ok(()), true), "{id}");
            return outcome;
        }
        if granted {
            self.granted(&[submitted.id]);
        }
        if !self.untangle(id) {
            return Ok(());
        }
        self.news.retain(|(it, _)| *it != id);
        assert_eq!(self.end(id), [], "nobody waits for the last to arrive");
        Err(Refused::Deadlock)
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
                if self.untangle(id) {
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

    /// Whether a new wait would leave its owner stuck; else nobody is stuck after it.
    fn untangle(&mut self, id: Id) -> bool {
        let mut granted = Vec::new();
        match self.engine.untangle(self.ids[&id], &mut granted) {
            Untangled::Stuck(cycle) => {
                self.circle = Some(cycle.iter().map(|&request| self.name(request)).collect());
                true
            }
            Untangled::Clear | Untangled::Opened => {
                self.granted(&granted);
                false
            }
        }
    }

    /// Ends a request and gives those granted by that.
    fn end(&mut self, id: Id) -> Vec<RequestId> {
        let mut granted = Vec::new();
        let ended = self.engine.end(self.ids[&id], &mut granted).expect("it is live");
        let told = self.live.remove(&id).expect("it is live");
        assert_eq!(ended.state != State::Waiting, told.granted, "{id}");
        granted
    }

    /// Takes note of grants.
    fn granted(&mut self, requests: &[RequestId]) {
        for &request in requests {
            let id = self.name(request);
            let before = self.live[&id];
            assert!(!before.granted || before.upgrading, "{id} was granted twice");
            self.change(id, |live| (live.granted, live.upgrading) = (true, false));
            self.news.push((id, Ok(())));
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
                if token != now && !self.news.contains(&(*id, Ok(()))) {
                    self.news.push((*id, Ok(())));
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
                let path = paths::to_library(path);
                self.engine.release_part(request, &path, &mut granted).map_err(refused)?;
                if self.engine.state(request).is_none() {
                    self.live.remove(id);
                }
            }
            Op::Close => unimplemented!("the engine has no close"),
        }
        self.granted(&granted);
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
    let plain = oarlock::Claim::new(mode, paths::to_library(&claim.path));
    match claim.limit {
        Some(limit) => plain.limit(limit),
        None => plain,
    }
}

pub(crate) fn claim_back(claim: &oarlock::Claim<'_>) -> Claim {
    Claim {
        write: claim.mode() == Mode::Write,
        path: paths::from_library(claim.path()),
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
