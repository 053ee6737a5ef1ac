//! The rules as a list of live requests. Nothing here is clever, on purpose: no
//! tree, no counts, no queues; every answer is derived from the list anew.

use crate::words::{Agent, Claim, Id, Outcome, Owner, Refused, Request, normal_form};

/// The rules, and what they make of the requests so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Oracle {
    /// The live requests in order of arrival, which is that of their ids.
    pub live: Vec<Request>,
    /// Grants, each with a new greatest token, and other ends of waiting, in order.
    pub events: Vec<(Id, Outcome)>,
    /// How many requests may wait.
    pub max_waiting: Option<usize>,
    /// Whether it takes no more requests.
    pub closed: bool,
}

impl Oracle {
    /// A request arrives and is granted, waits, or is refused.
    pub fn submit(&mut self, id: Id, owner: Option<Owner>, claims: &[Claim]) -> Outcome {
        let next = self.with(id, owner, claims)?;
        let waiting = next.live.iter().filter(|r| !r.granted).count();
        let full = next.waits(id) && self.max_waiting.is_some_and(|max| waiting > max);
        if full { Err(Refused::TooManyWaiting) } else { self.accept(next, id) }
    }

    /// A request arrives and is granted or refused.
    pub fn try_submit(&mut self, id: Id, owner: Option<Owner>, claims: &[Claim]) -> Outcome {
        let next = self.with(id, owner, claims)?;
        if next.waits(id) { Err(Refused::WouldBlock) } else { self.accept(next, id) }
    }

    /// What a try would answer.
    pub fn would_grant(&self, owner: Option<Owner>, claims: &[Claim]) -> Outcome {
        self.clone().try_submit(Id::MAX, owner, claims)
    }

    /// A request ends, granted or waiting.
    pub fn end(&mut self, id: Id) -> Outcome {
        self.find(id)?;
        self.live.retain(|r| r.id != id);
        self.step()
    }

    /// Reads become writes, at once or later.
    pub fn upgrade(&mut self, id: Id) -> Outcome {
        let mut next = self.clone();
        let request = next.held(id)?;
        request.upgrading = request.claims.iter().any(|c| !c.write);
        next.step()?;
        if self.closed { Err(Refused::Closed) } else { self.accept(next, id) }
    }

    /// The claims stay as they were.
    pub fn cancel_upgrade(&mut self, id: Id) -> Outcome {
        let waited = std::mem::take(&mut self.find(id)?.upgrading);
        if waited { self.step() } else { Err(Refused::Stale) }
    }

    /// Writes become reads.
    pub fn downgrade(&mut self, id: Id) -> Outcome {
        let request = self.held(id)?;
        request.claims = request.turned(false);
        self.step()
    }

    /// The claim on exactly this path ends.
    pub fn release_part(&mut self, id: Id, path: &[Vec<u8>]) -> Outcome {
        let claims = &mut self.held(id)?.claims;
        claims.remove(claims.iter().position(|c| c.path == path).ok_or(Refused::NotClaimed)?);
        self.live.retain(|r| !r.claims.is_empty());
        self.step()
    }

    /// Nobody waits any more, and nothing is granted.
    pub fn close(&mut self) {
        let waiting = self.live.iter().filter(|r| r.waits());
        self.events.extend(waiting.map(|r| (r.id, Err(Refused::Closed))));
        self.live.retain(|r| r.granted);
        self.live.iter_mut().for_each(|r| r.upgrading = false);
        self.closed = true;
    }

    /// Whether this request waits, or its upgrade.
    pub fn waits(&self, id: Id) -> bool {
        self.live.iter().any(|r| r.id == id && r.waits())
    }

    /// The requests that keep this one, or its upgrade, waiting.
    pub fn blockers(&self, this: &Request) -> Vec<&Request> {
        let others = self.live.iter().filter(|r| this.waits() && r.agent() != this.agent());
        others.filter(|other| self.blocks(other, this)).collect()
    }

    fn blocks(&self, other: &Request, this: &Request) -> bool {
        // An upgrade waits for nothing but what is granted or inherited.
        let before = other.granted || !this.granted && other.id < this.id;
        let mut ahead = other.claims.clone();
        ahead.retain(|a| before || a.inherited);
        ahead.extend(other.turned(true).into_iter().filter(|_| other.upgrading));
        let wanted = if this.granted { this.turned(true) } else { this.claims.clone() };
        let conflict = |c: &Claim| ahead.iter().any(|a| a.conflicts(c));
        let mut wanted = wanted.iter().filter(|c| !c.inherited);
        wanted.any(|c| conflict(c) || self.over(this, c).contains(&other.id))
    }

    /// Those who keep a limited claim of this request over its limit.
    fn over(&self, this: &Request, claim: &Claim) -> Vec<Id> {
        let Some(limit) = claim.limit else { return vec![] };
        let (mut ahead, mut over) = (vec![], vec![]);
        for other in self.live.iter().filter(|r| r.agent() != this.agent()) {
            let theirs = other.claims.iter().find(|c| c.limit.is_some() && c.path == claim.path);
            if let Some(c) = theirs.filter(|c| other.id < this.id || c.inherited) {
                ahead.push(other.id);
                let waits = !other.granted && !c.inherited && !self.over(other, c).is_empty();
                over.extend(waits.then_some(other.id));
            }
        }
        if ahead.len() >= limit as usize { ahead } else { over }
    }

    /// If this agent holds something: its first request that waits, or whose upgrade
    /// does, even when all have ended that wait for nothing, again and again.
    fn stuck(&self, agent: Agent) -> Option<Id> {
        let mut rest = self.clone();
        for _ in &self.live {
            while rest.grant().is_some() {}
            let busy: Vec<_> = rest.live.iter().filter(|r| r.waits()).map(Request::agent).collect();
            rest.live.retain(|r| busy.contains(&r.agent()));
        }
        let holds = self.live.iter().any(|r| r.granted && r.agent() == agent);
        let stuck = rest.live.iter().find(|r| r.agent() == agent && r.waits());
        stuck.filter(|_| holds).map(|r| r.id)
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

    /// The same with one more request, even if it then waits for ever.
    pub fn with(&self, id: Id, owner: Option<Owner>, claims: &[Claim]) -> Result<Oracle, Refused> {
        if claims.is_empty() || !claims.iter().all(Claim::is_valid) {
            return Err(Refused::Invalid);
        } else if self.closed {
            return Err(Refused::Closed);
        }
        let own = |r: &&Request| r.granted && owner.is_some() && r.owner == owner;
        let held: Vec<&Claim> = self.live.iter().filter(own).flat_map(|r| &r.claims).collect();
        let mut claims = normal_form(claims.to_vec());
        claims.iter_mut().for_each(|c| c.inherited = held.iter().any(|h| h.covers(c)));
        let mut next = self.clone();
        next.live.push(Request { id, owner, claims, granted: false, upgrading: false });
        next.step().map(|()| next)
    }

    /// What has arrived stays, unless it must not wait.
    fn accept(&mut self, mut next: Oracle, id: Id) -> Outcome {
        let agent = next.find(id)?.agent();
        let deadlock = next.waits(id) && next.stuck(agent).is_some();
        *self = if deadlock { return Err(Refused::Deadlock) } else { next };
        Ok(())
    }

    /// Grants whatever nothing keeps waiting.
    fn step(&mut self) -> Outcome {
        let granted: Vec<Request> = std::iter::from_fn(|| self.grant()).collect();
        self.events.extend(granted.iter().map(|r| (r.id, Ok(()))));
        for agent in granted.iter().map(Request::agent) {
            // Who holds something now must not wait for ever for something else.
            while let Some(id) = self.stuck(agent) {
                self.live.retain(|r| r.id != id || r.granted);
                self.live.iter_mut().filter(|r| r.id == id).for_each(|r| r.upgrading = false);
                self.events.push((id, Err(Refused::Deadlock)));
                self.step()?;
            }
        }
        Ok(())
    }

    /// Grants the first that nothing keeps waiting, and tells how it was before.
    fn grant(&mut self) -> Option<Request> {
        let free = |r: &Request| r.waits() && self.blockers(r).is_empty();
        let at = self.live.iter().position(free)?;
        let before = self.live[at].clone();
        let claims = if before.upgrading { before.turned(true) } else { before.claims.clone() };
        self.live[at] = Request { claims, granted: true, upgrading: false, ..before.clone() };
        Some(before)
    }
}
