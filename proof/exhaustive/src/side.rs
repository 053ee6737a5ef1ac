//! The engine's side: operations on a real engine, with what a caller of it does
//! about deadlocks.

use oarlock::engine::{ChangeRefused, ClaimSet, Engine, RequestId, State, Untangled, Upgraded};
use oarlock::{Limits, OwnerId, Path};
use oarlock_proof::words::{Claim, Id, Outcome, Owner, Refused};

use crate::op::Op;
use crate::state;
use crate::world::{self, World};

/// A live request on both sides.
#[derive(Clone, Copy, Debug)]
struct Live {
    id: RequestId,
    owner: Option<Owner>,
    /// What the rules call it.
    name: Id,
}

/// An engine and the requests that are live in it, in the order of arrival.
#[derive(Debug)]
pub struct Side {
    engine: Engine<()>,
    live: Vec<Live>,
    /// The name of the next to arrive.
    next: Id,
    /// The requests and upgrades that were granted in the last operation.
    pub events: Vec<(Id, Outcome)>,
}

/// The claims as the library wants them.
///
/// # Panics
///
/// If they are not valid; those of a world are.
#[must_use]
pub fn claim_set(claims: &[Claim]) -> ClaimSet<'static> {
    let claims = claims.iter().map(|claim| {
        let path = Path::from_segments(&claim.path);
        match (claim.write, claim.limit) {
            (true, _) => oarlock::write(path),
            (false, None) => oarlock::read(path),
            (false, Some(limit)) => oarlock::read(path).limit(limit),
        }
    });
    match ClaimSet::new(claims, &Limits::default()) {
        Ok(set) => set,
        Err(error) => panic!("a world's claims are valid: {error}"),
    }
}

/// The claim sets of a world's requests, and its owners.
#[derive(Debug)]
pub struct Sets(Vec<ClaimSet<'static>>);

impl Sets {
    /// Those of this world.
    #[must_use]
    pub fn new(world: &World) -> Self {
        let set = |request: &Vec<world::Small>| {
            let claims: Vec<Claim> =
                request.iter().map(|&small| world::claim(small, false)).collect();
            claim_set(&claims)
        };
        Self(world.requests.iter().map(set).collect())
    }

    /// Those of the request of this number.
    #[must_use]
    pub fn of(&self, request: u8) -> &ClaimSet<'static> {
        &self.0[request as usize]
    }
}

fn owner_id(owner: Option<Owner>) -> Option<OwnerId> {
    owner.and_then(|owner| OwnerId::from_u64(owner + 1))
}

fn refused(refused: &ChangeRefused) -> Refused {
    match refused {
        ChangeRefused::Stale | ChangeRefused::NotGranted => Refused::Stale,
        ChangeRefused::Upgrading => Refused::UpgradeWaits,
        ChangeRefused::NotClaimed => Refused::NotClaimed,
        _ => Refused::Invalid,
    }
}

impl Default for Side {
    fn default() -> Self {
        Self { engine: Engine::new(0x5eed), live: Vec::new(), next: 0, events: Vec::new() }
    }
}

impl Side {
    /// Does one operation. Waiting or granted is not told here, but by
    /// `state`.
    pub fn step(&mut self, sets: &Sets, op: Op) -> Outcome {
        match op {
            Op::Submit { request, owner } => self.submit(sets.of(request), state::owner_of(owner)),
            Op::End(at) => self.end(at as usize),
            Op::Upgrade(at) => self.upgrade(at as usize),
            Op::CancelUpgrade(at) => self.cancel_upgrade(at as usize),
            Op::Downgrade(at) => self.downgrade(at as usize),
            Op::ReleasePart(at, path) => self.release_part(at as usize, &world::segments(path)),
        }
    }

    /// A request arrives.
    pub fn submit(&mut self, claims: &ClaimSet<'_>, owner: Option<Owner>) -> Outcome {
        self.events.clear();
        let Ok(submitted) = self.engine.submit(claims, owner_id(owner)) else {
            return Err(Refused::Invalid);
        };
        let id = submitted.id;
        self.live.push(Live { id, owner, name: self.next });
        if submitted.state != State::Waiting {
            self.settle(&[id]);
        }
        if self.is_stuck(id) {
            self.events.clear();
            let mut granted = Vec::new();
            self.engine.end(id, &mut granted);
            assert!(granted.is_empty(), "a refused newcomer lets nobody pass");
            self.live.pop();
            return Err(Refused::Deadlock);
        }
        self.next += 1;
        Ok(())
    }

    /// What a try would answer.
    pub fn would_grant(&mut self, claims: &ClaimSet<'_>, owner: Option<Owner>) -> bool {
        self.engine.would_grant(claims, owner_id(owner)) == Ok(true)
    }

    /// Whether a new wait would leave its owner stuck; else nobody is stuck after it.
    fn is_stuck(&mut self, id: RequestId) -> bool {
        let mut granted = Vec::new();
        let untangled = self.engine.untangle(id, &mut granted);
        self.settle(&granted);
        match untangled {
            Untangled::Stuck(cycle) => {
                assert!(granted.is_empty(), "a refused wait lets nobody pass");
                assert!(!cycle.is_empty(), "there is a cycle");
                true
            }
            Untangled::Clear | Untangled::Opened => false,
        }
    }

    /// The live request at this place in the order of arrival is ended.
    pub fn end(&mut self, at: usize) -> Outcome {
        self.events.clear();
        let live = self.live.remove(at);
        let mut granted = Vec::new();
        let ended = self.engine.end(live.id, &mut granted);
        assert!(ended.is_some(), "a live request can be ended");
        self.stale(live.id);
        self.settle(&granted);
        Ok(())
    }

    /// Nothing finds a request that has ended.
    fn stale(&mut self, id: RequestId) {
        let mut granted = Vec::new();
        let engine = &mut self.engine;
        assert!(engine.state(id).is_none() && engine.end(id, &mut granted).is_none());
        assert!(!engine.cancel_upgrade(id, &mut granted));
        assert_eq!(engine.untangle(id, &mut granted), Untangled::Clear);
        assert_eq!(engine.upgrade(id), Err(ChangeRefused::Stale));
        assert_eq!(engine.downgrade(id, &mut granted), Err(ChangeRefused::Stale));
        let part = engine.release_part(id, &Path::root(), &mut granted);
        assert_eq!(part, Err(ChangeRefused::Stale));
        assert!(granted.is_empty(), "a stale id changes nothing");
    }

    /// Its reads become writes.
    pub fn upgrade(&mut self, at: usize) -> Outcome {
        self.events.clear();
        let live = self.live[at];
        let before = self.engine.state(live.id);
        match self.engine.upgrade(live.id) {
            Err(error) => Err(refused(&error)),
            Ok(Upgraded::Waiting) => {
                if self.is_stuck(live.id) {
                    let mut granted = Vec::new();
                    assert!(self.engine.cancel_upgrade(live.id, &mut granted), "it waits");
                    assert!(granted.is_empty(), "a refused upgrade lets nobody pass");
                    return Err(Refused::Deadlock);
                }
                Ok(())
            }
            Ok(Upgraded::Done { token }) => {
                assert_eq!(self.engine.state(live.id), Some(State::Granted { token }));
                if self.engine.state(live.id) != before {
                    self.settle(&[live.id]);
                }
                Ok(())
            }
        }
    }

    /// Its waiting upgrade is given up.
    pub fn cancel_upgrade(&mut self, at: usize) -> Outcome {
        self.events.clear();
        let mut granted = Vec::new();
        if !self.engine.cancel_upgrade(self.live[at].id, &mut granted) {
            return Err(Refused::Stale);
        }
        self.settle(&granted);
        Ok(())
    }

    /// Its writes become reads.
    pub fn downgrade(&mut self, at: usize) -> Outcome {
        self.events.clear();
        let mut granted = Vec::new();
        let done = self.engine.downgrade(self.live[at].id, &mut granted);
        done.map_err(|error| refused(&error))?;
        self.settle(&granted);
        Ok(())
    }

    /// Its claim on this path ends.
    pub fn release_part(&mut self, at: usize, path: &[Vec<u8>]) -> Outcome {
        self.events.clear();
        let mut granted = Vec::new();
        let id = self.live[at].id;
        let done = self.engine.release_part(id, &Path::from_segments(path), &mut granted);
        done.map_err(|error| refused(&error))?;
        if self.engine.state(id).is_none() {
            self.live.remove(at);
        }
        self.settle(&granted);
        Ok(())
    }

    /// Notes what was granted.
    fn settle(&mut self, granted: &[RequestId]) {
        for &id in granted {
            assert!(self.engine.state(id) != Some(State::Waiting), "granted and waiting");
            let live = self.live.iter().find(|live| live.id == id);
            let Some(live) = live else { panic!("what is granted is live") };
            self.events.push((live.name, Ok(())));
        }
    }

    /// Calls the live requests 0, 1, 2, ... in the order of their arrival.
    pub fn rename(&mut self) {
        for (at, live) in self.live.iter_mut().enumerate() {
            live.name = at as Id;
        }
        self.next = self.live.len() as Id;
    }

    /// How many requests are live.
    #[must_use]
    pub fn live(&self) -> usize {
        self.live.len()
    }

    /// The name and the token of a live request (0 while it waits), and whether an
    /// upgrade of it waits.
    #[must_use]
    pub fn at(&self, at: usize) -> (Id, u64, bool) {
        let live = self.live[at];
        let token = match self.engine.state(live.id) {
            Some(State::Granted { token }) => token,
            _ => 0,
        };
        (live.name, token, self.engine.is_upgrading(live.id))
    }

    /// The label of a live request's owner.
    #[must_use]
    pub fn owner(&self, at: usize) -> u8 {
        state::label(self.live[at].owner)
    }

    /// The claims of a live request as the engine shows them.
    #[must_use]
    pub fn claims(&self, at: usize) -> Vec<Claim> {
        let seen = self.engine.seen(self.live[at].id);
        let claim = |claim: &oarlock::Claim<'_>| Claim {
            path: claim.path().segments().map(<[u8]>::to_vec).collect(),
            write: claim.mode() == oarlock::Mode::Write,
            limit: claim.limit_value(),
            inherited: false,
        };
        seen.iter().flat_map(|seen| &seen.claims).map(claim).collect()
    }

    /// Whom a live request waits for, by name, in order.
    #[must_use]
    pub fn blockers(&self, at: usize) -> Vec<Id> {
        let blockers = self.engine.blockers(self.live[at].id);
        let named = self.live.iter().filter(|live| blockers.contains(&live.id));
        named.map(|live| live.name).collect()
    }

    /// How many are granted and how many wait, as the engine counts them.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.engine.granted_count(), self.engine.waiting_count())
    }

    /// Ends all that is live, from the first or from the last to arrive; whether
    /// nothing at all is left then.
    pub fn drain(&mut self, from_the_last: bool) -> bool {
        while !self.live.is_empty() {
            let at = if from_the_last { self.live.len() - 1 } else { 0 };
            let _ = self.end(at);
        }
        self.engine.is_idle() && self.counts() == (0, 0)
    }
}
