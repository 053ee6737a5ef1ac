//! The rules as a list of live requests. Nothing here is clever, on purpose: no
//! tree, no counts, no queues; every answer is derived from the list anew.

use std::collections::BTreeSet;

use crate::words::{Agent, Claim, Id, Outcome, Owner, Refused, Request, normal_form};

/// Pairs of requests: the first was put in front of the second by a bypass. Where
/// that is what their arrival says anyway, there is no pair.
pub type Pairs = BTreeSet<(Id, Id)>;

/// The rules, and what they make of the requests so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Oracle {
    /// The live requests in order of arrival, which is that of their ids.
    pub live: Vec<Request>,
    /// Bypasses of requests and upgrades, as long as both wait.
    pub bypasses: Pairs,
    /// Bypasses of requests that waited to be granted, as long as both live: what
    /// permits go by, before and after the grant.
    pub places: Pairs,
    /// Grants, each with a new greatest token, and ends by a close, in order.
    pub events: Vec<(Id, Outcome)>,
    /// How many requests may wait.
    pub max_waiting: Option<usize>,
    /// Whether it takes no more requests.
    pub closed: bool,
}

impl Oracle {
    /// A request arrives and is granted, waits, or is refused.
    pub fn submit(&mut self, id: Id, owner: Option<Owner>, claims: &[Claim]) -> Outcome {
        let mut next = self.with(id, owner, claims)?;
        let taken_in = next.take_in(id);
        let waiting = self.live.iter().filter(|r| !r.granted).count();
        if next.waits(id) && self.max_waiting.is_some_and(|max| waiting >= max) {
            return Err(Refused::TooManyWaiting);
        }
        taken_in.map(|()| *self = next)
    }

    /// A request arrives and is granted or refused.
    pub fn try_submit(&mut self, id: Id, owner: Option<Owner>, claims: &[Claim]) -> Outcome {
        let mut next = self.with(id, owner, claims)?;
        let granted = next.take_in(id).is_ok() && !next.waits(id);
        *self = if granted { next } else { return Err(Refused::WouldBlock) };
        Ok(())
    }

    /// What a try would answer.
    pub fn would_grant(&self, owner: Option<Owner>, claims: &[Claim]) -> Outcome {
        self.clone().try_submit(Id::MAX, owner, claims)
    }

    /// A request ends, granted or waiting.
    pub fn end(&mut self, id: Id) -> Outcome {
        self.find(id)?;
        self.live.retain(|r| r.id != id);
        self.settle()
    }

    /// Reads become writes, at once or later.
    pub fn upgrade(&mut self, id: Id) -> Outcome {
        let mut next = self.clone();
        let request = next.held(id)?;
        request.upgrading = request.claims.iter().any(|c| !c.write);
        if self.closed { Err(Refused::Closed) } else { next.take_in(id).map(|()| *self = next) }
    }

    /// The claims stay as they were.
    pub fn cancel_upgrade(&mut self, id: Id) -> Outcome {
        let waited = std::mem::take(&mut self.find(id)?.upgrading);
        if waited { self.settle() } else { Err(Refused::Stale) }
    }

    /// Writes become reads.
    pub fn downgrade(&mut self, id: Id) -> Outcome {
        let request = self.held(id)?;
        request.claims = request.turned(false);
        self.settle()
    }

    /// The claim on exactly this path ends.
    pub fn release_part(&mut self, id: Id, path: &[Vec<u8>]) -> Outcome {
        let claims = &mut self.held(id)?.claims;
        claims.remove(claims.iter().position(|c| c.path == path).ok_or(Refused::NotClaimed)?);
        self.live.retain(|r| !r.claims.is_empty());
        self.settle()
    }

    /// Nobody waits any more, and nothing is granted.
    pub fn close(&mut self) {
        let waiting = self.live.iter().filter(|r| r.waits());
        self.events.extend(waiting.map(|r| (r.id, Err(Refused::Closed))));
        self.live.retain(|r| r.granted);
        self.live.iter_mut().for_each(|r| r.upgrading = false);
        self.closed = true;
        self.forget();
    }

    /// Whether this request waits, or its upgrade.
    pub fn waits(&self, id: Id) -> bool {
        self.live.iter().any(|r| r.id == id && r.waits())
    }

    /// The requests that keep this one, or its upgrade, waiting.
    pub fn blockers(&self, this: &Request) -> Vec<&Request> {
        self.keepers(this, true, &|_| true)
    }

    /// The requests of these agents that would, if nobody waited for anything but held
    /// claims.
    pub fn holders(&self, this: &Request, among: &[Agent]) -> Vec<&Request> {
        self.keepers(this, false, &|agent| among.contains(&agent))
    }

    /// Who of these agents keeps a request waiting: by what they hold and, if `soft`,
    /// by what they want in front of it.
    fn keepers(&self, this: &Request, soft: bool, among: &dyn Fn(Agent) -> bool) -> Vec<&Request> {
        let (wanted, mut keep) = (this.wanted(), BTreeSet::new());
        for claim in &wanted {
            for other in self.live.iter().filter(|r| r.agent() != this.agent()) {
                let front = soft && other.waits() && self.in_front(other, this);
                let conflict = other.held().any(|c| c.conflicts(claim))
                    || front && other.wanted().iter().any(|c| c.conflicts(claim));
                keep.extend(conflict.then_some(other.id));
            }
            let mut counted = self.counted(this, claim, soft, among);
            if claim.limit.is_some_and(|limit| counted.len() < limit as usize) {
                let over = self.over(&claim.path);
                counted.retain(|r| over.contains(&r.id));
            }
            keep.extend(counted.iter().map(|r| r.id));
        }
        self.live.iter().filter(|r| keep.contains(&r.id) && among(r.agent())).collect()
    }

    /// Of two that wait, whether the first stands in front of the second.
    fn in_front(&self, one: &Request, other: &Request) -> bool {
        let before = (!one.upgrading, one.id) < (!other.upgrading, other.id);
        put_in_front(&self.bypasses, one, other).unwrap_or(before)
    }

    /// Of two requests, whether the first one's place is in front of the other's
    /// among those that wait, or waited, to be granted.
    fn placed_in_front(&self, one: &Request, other: &Request) -> bool {
        put_in_front(&self.places, one, other).unwrap_or(one.id < other.id)
    }

    /// Those of these agents whose limited claims on exactly the path of this limited
    /// one count against it: held and, if `soft`, wanted ones.
    fn counted(
        &self,
        this: &Request,
        claim: &Claim,
        soft: bool,
        among: &dyn Fn(Agent) -> bool,
    ) -> Vec<&Request> {
        let live = || self.live.iter().filter(|r| among(r.agent()));
        let counts = |other: &&Request| match other.permit(&claim.path) {
            _ if claim.limit.is_none() || other.agent() == this.agent() => false,
            None => false,
            Some(theirs) if theirs.inherited => true,
            Some(_) if !other.granted => soft && self.in_front(other, this),
            // Those put in front of this one count the permit, so it does the same.
            Some(_) => live().any(|r| {
                let put = put_in_front(&self.places, r, this) == Some(true);
                let counts = r.permit(&claim.path).is_some_and(|c| !c.inherited)
                    && r.agent() != other.agent();
                (r.id == this.id || put && counts) && self.placed_in_front(other, r)
            }),
        };
        live().filter(counts).collect()
    }

    /// Those whose limited claim on this path waits and is over its limit.
    fn over(&self, path: &[Vec<u8>]) -> Vec<Id> {
        let mut over: Vec<Id> = vec![];
        let is_over = |r: &&Request, over: &[Id]| {
            let claim = r.permit(path).filter(|c| !r.granted && !c.inherited);
            claim.is_some_and(|claim| {
                let counted = self.counted(r, claim, true, &|_| true);
                let full = claim.limit.is_some_and(|limit| counted.len() >= limit as usize);
                full || counted.iter().any(|other| over.contains(&other.id))
            })
        };
        let next = |over: &[Id]| {
            let mut others = self.live.iter().filter(|r| !over.contains(&r.id));
            others.find(|r| is_over(r, over)).map(|r| r.id)
        };
        while let Some(id) = next(&over) {
            over.push(id);
        }
        over
    }

    /// Whether something of this agent waits even when all have ended of which
    /// nothing waits, again and again.
    fn is_stuck(&self, agent: Agent) -> bool {
        let mut rest = self.clone();
        for _ in 0..=self.live.len() {
            while rest.grant().is_some() {}
            let busy: Vec<_> = rest.live.iter().filter(|r| r.waits()).map(Request::agent).collect();
            rest.live.retain(|r| busy.contains(&r.agent()));
        }
        rest.live.iter().any(|r| r.agent() == agent)
    }

    /// Those that keep a request waiting and those that its limited claims count, in
    /// its way or not: so that a bypass leaves those that want permits of one path in
    /// one order.
    pub fn awaited(&self, this: &Request) -> Vec<&Request> {
        let mut awaited = self.blockers(this);
        for claim in &this.wanted() {
            awaited.extend(self.counted(this, claim, true, &|_| true));
        }
        awaited
    }

    /// This agent and those that it waits for, through others or not.
    fn waits_for(&self, agent: Agent) -> Vec<Agent> {
        let mut found = vec![agent];
        let mut at = 0;
        while let Some(&agent) = found.get(at) {
            let own = self.live.iter().filter(|r| r.agent() == agent);
            for other in own.flat_map(|r| self.awaited(r)).map(Request::agent) {
                if !found.contains(&other) {
                    found.push(other);
                }
            }
            at += 1;
        }
        found
    }

    /// The strongly connected component of this agent, in the order in which they can
    /// finish if nobody waits for anything but held claims; without those who cannot.
    fn finishing_order(&self, agent: Agent) -> Vec<Agent> {
        let mut left = self.waits_for(agent);
        left.retain(|other| self.waits_for(*other).contains(&agent));
        let mut order = vec![];
        loop {
            let waiting = |r: &&Request| r.waits() && left.contains(&r.agent());
            let kept = self.live.iter().filter(waiting);
            let kept: Vec<_> = kept.filter(|r| !self.holders(r, &left).is_empty()).collect();
            let can = |r: &&Request| !kept.iter().any(|k| k.agent() == r.agent());
            let free = self.live.iter().filter(waiting).filter(can).map(Request::agent);
            let Some(first) = free.min_by_key(|agent| self.turn(*agent)) else { return order };
            left.retain(|other| *other != first);
            order.push(first);
        }
    }

    /// What decides between agents that could finish next: one with an upgrade that
    /// waits comes first, then the one whose earliest waiting request arrived first.
    /// (Two of which upgrades alone wait never conflict.)
    fn turn(&self, agent: Agent) -> (bool, Option<Id>) {
        let own = self.live.iter().filter(|r| r.agent() == agent);
        let upgrades = own.clone().any(|r| r.upgrading);
        (!upgrades, own.filter(|r| !r.granted).map(|r| r.id).next())
    }

    /// Puts what waits of these agents in front of each other in their order.
    fn bypass(&mut self, order: &[Agent]) {
        let rank = |r: &Request| order.iter().position(|agent| *agent == r.agent());
        let waiting = self.live.iter().filter(|r| r.waits() && rank(r).is_some());
        let waiting: Vec<Request> = waiting.cloned().collect();
        for one in &waiting {
            for other in waiting.iter().filter(|other| rank(one) < rank(other)) {
                self.bypasses.remove(&(other.id, one.id));
                if !self.in_front(one, other) {
                    self.bypasses.insert((one.id, other.id));
                }
                if one.granted || other.granted {
                    continue; // Upgrades leave the places of permits alone.
                }
                self.places.remove(&(other.id, one.id));
                if !self.placed_in_front(one, other) {
                    self.places.insert((one.id, other.id));
                }
            }
        }
    }

    fn find(&mut self, id: Id) -> Result<&mut Request, Refused> {
        self.live.iter_mut().find(|r| r.id == id).ok_or(Refused::Stale)
    }

    /// A granted request whose claims may be changed.
    fn held(&mut self, id: Id) -> Result<&mut Request, Refused> {
        match self.find(id)? {
            request if !request.granted => Err(Refused::Stale),
            request if request.upgrading => Err(Refused::UpgradeWaits),
            request => Ok(request),
        }
    }

    /// The same with one more request, granted or not, even if that leaves it stuck.
    pub fn with(&self, id: Id, owner: Option<Owner>, claims: &[Claim]) -> Result<Oracle, Refused> {
        if claims.is_empty() || !claims.iter().all(Claim::is_valid) {
            return Err(Refused::Invalid);
        } else if self.closed {
            return Err(Refused::Closed);
        }
        let own = self.live.iter().filter(|r| owner.is_some() && r.owner == owner);
        let held: Vec<&Claim> = own.flat_map(Request::held).collect();
        let mut claims = normal_form(claims.to_vec());
        claims.iter_mut().for_each(|c| c.inherited = held.iter().any(|h| h.covers(c)));
        let mut next = self.clone();
        next.live.push(Request { id, owner, claims, granted: false, upgrading: false });
        next.settle().map(|()| next)
    }

    /// A new request, or a new upgrade, must leave nobody stuck: not even one that can
    /// be had at once.
    pub(crate) fn take_in(&mut self, id: Id) -> Outcome {
        let agent = self.find(id)?.agent();
        let stuck = self.is_stuck(agent);
        let order = if stuck { self.finishing_order(agent) } else { vec![] };
        let deadlock = stuck && !order.contains(&agent);
        self.bypass(if deadlock { &[] } else { &order });
        self.settle()?;
        if deadlock { Err(Refused::Deadlock) } else { Ok(()) }
    }

    /// Grants whatever nothing keeps waiting.
    pub(crate) fn settle(&mut self) -> Outcome {
        while let Some(id) = self.grant() {
            self.events.push((id, Ok(())));
        }
        self.forget();
        Ok(())
    }

    /// Grants the first that nothing keeps waiting.
    fn grant(&mut self) -> Option<Id> {
        let free = self.live.iter().filter(|r| r.waits() && self.blockers(r).is_empty());
        let mut free: Vec<&Request> = free.collect();
        free.sort_by_key(|r| !r.upgrading);
        // Where bypasses leave no first one, it is the one that was without them.
        let first = free.iter().find(|r| !free.iter().any(|other| self.in_front(other, r)));
        let first = (*first.or(free.first())?).clone();
        let claims = if first.upgrading { first.wanted() } else { first.claims };
        let granted = Request { claims, granted: true, upgrading: false, ..first };
        let id = granted.id;
        *self.find(id).ok()? = granted;
        Some(id)
    }

    /// A bypass is over when one of the two does not wait any more, a place when one
    /// of the two has ended.
    fn forget(&mut self) {
        let Oracle { live, bypasses, places, .. } = self;
        let waits = |id: Id| live.iter().any(|r| r.id == id && r.waits());
        bypasses.retain(|&(one, other)| waits(one) && waits(other));
        let lives = |id: Id| live.iter().any(|r| r.id == id);
        places.retain(|&(one, other)| lives(one) && lives(other));
    }
}

/// What these pairs say about two requests, if anything.
fn put_in_front(pairs: &Pairs, one: &Request, other: &Request) -> Option<bool> {
    let put = pairs.contains(&(one.id, other.id));
    (put || pairs.contains(&(other.id, one.id))).then_some(put)
}
