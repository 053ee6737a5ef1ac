//! The same operations on a subject and on the oracle, and everything that can
//! be seen compared after each.

use std::collections::{BTreeMap, BTreeSet};

use crate::circle::{stuck, world_with};
use crate::ops::Op;
use crate::oracle::Oracle;
use crate::subject::{Seen, Subject};
use crate::words::{Agent, Claim, Id, Outcome, Refused, Request};

/// A subject beside the oracle.
pub struct Comparison<'s> {
    /// What should be.
    pub oracle: Oracle,
    subject: &'s mut dyn Subject,
    /// Every grant so far.
    grants: Vec<Grant>,
    /// The tokens of what is granted now.
    tokens: BTreeMap<Id, u64>,
}

struct Grant {
    id: Id,
    agent: Agent,
    claims: Vec<Claim>,
    token: u64,
}

/// What was not as it should be.
pub type Difference = String;

macro_rules! same {
    ($got:expr, $expected:expr, $($what:tt)*) => {
        let (got, expected) = (&$got, &$expected);
        if got != expected {
            return Err(format!("{}: expected {expected:?}, got {got:?}", format!($($what)*)));
        }
    };
}

impl<'s> Comparison<'s> {
    /// Both begin anew.
    pub fn new(subject: &'s mut dyn Subject, max_waiting: Option<usize>) -> Self {
        subject.reset(max_waiting);
        let oracle = Oracle { max_waiting, ..Oracle::default() };
        Comparison { oracle, subject, grants: Vec::new(), tokens: BTreeMap::new() }
    }

    /// Does one operation on both and compares.
    ///
    /// # Errors
    /// The first difference.
    pub fn step(&mut self, op: &Op) -> Result<(), Difference> {
        let before = self.oracle.clone();
        let expected = op.apply(&mut self.oracle);
        let news = std::mem::take(&mut self.oracle.events);
        let got = self.subject.apply(op);
        let circle = self.subject.circle();
        same!(got, expected, "the answer");
        if expected == Err(Refused::Deadlock) {
            let mut circle = circle.unwrap_or_default();
            // Whose name is unknown is the one that has just been refused.
            circle
                .iter_mut()
                .filter(|id| **id == Id::MAX)
                .for_each(|id| *id = op.id().unwrap_or(*id));
            check_circle(&before, op, &circle)?;
        }
        let sorted = |mut news: Vec<(Id, Outcome)>| {
            news.sort_by_key(|(id, _)| *id);
            news
        };
        same!(sorted(self.subject.news()), sorted(news.clone()), "what happened");
        self.compare_requests(&before, op)?;
        self.compare_tokens(&news)
    }

    fn compare_requests(&self, before: &Oracle, op: &Op) -> Result<(), Difference> {
        let live = &self.oracle.live;
        for request in live {
            let id = request.id;
            let Some(seen) = self.subject.seen(id) else {
                return Err(format!("{id} is gone"));
            };
            same!(seen.token.is_some(), request.granted, "whether {id} is granted");
            same!(seen.upgrading, request.upgrading, "whether {id} waits for an upgrade");
            same!(plain(&seen), plain(&expected(request)), "the claims of {id}");
        }
        let known = before.live.iter().map(|r| r.id).chain(op.id());
        for id in known.filter(|id| !live.iter().any(|r| r.id == *id)) {
            same!(self.subject.seen(id), None, "what is left of {id}");
        }
        let granted = live.iter().filter(|r| r.granted).count();
        same!(self.subject.counts(), (granted, live.len() - granted), "how many hold and wait");
        for request in live {
            self.compare_blockers(request)?;
        }
        Ok(())
    }

    /// Of an owner's permits on one path it is not compared which ones they are:
    /// it has to end all of them anyway.
    fn compare_blockers(&self, request: &Request) -> Result<(), Difference> {
        let id = request.id;
        let expected: BTreeSet<Id> = self.oracle.blockers(request).iter().map(|r| r.id).collect();
        let got = self.subject.blockers(id);
        if request.claims.iter().all(|claim| claim.limit.is_none()) {
            same!(got, expected, "what keeps {id} waiting");
        }
        let agents = |ids: &BTreeSet<Id>| -> BTreeSet<Agent> {
            let of = |id: &Id| self.oracle.live.iter().find(|r| r.id == *id).map(Request::agent);
            ids.iter().map(|id| of(id).unwrap_or(Err(*id))).collect()
        };
        same!(agents(&got), agents(&expected), "who keeps {id} waiting");
        Ok(())
    }

    /// A token is greater than those of all earlier grants that conflict, and
    /// does not change without a grant.
    fn compare_tokens(&mut self, news: &[(Id, Outcome)]) -> Result<(), Difference> {
        for request in self.oracle.live.iter().filter(|r| r.granted) {
            let id = request.id;
            let token = self.subject.seen(id).and_then(|seen| seen.token).unwrap_or_default();
            if !news.contains(&(id, Ok(()))) {
                same!(Some(token), self.tokens.get(&id).copied(), "the token of {id}");
                continue;
            }
            let conflict = |grant: &&Grant| {
                let mut claims = grant.claims.iter();
                grant.id == id
                    || grant.agent != request.agent()
                        && claims.any(|c| request.claims.iter().any(|d| c.conflicts(d)))
            };
            if let Some(before) = self.grants.iter().filter(conflict).find(|g| g.token >= token) {
                let (other, theirs) = (before.id, before.token);
                return Err(format!("{id} has the token {token}, {other} before it {theirs}"));
            }
            let (agent, claims) = (request.agent(), request.claims.clone());
            self.grants.push(Grant { id, agent, claims, token });
            self.tokens.insert(id, token);
        }
        Ok(())
    }

    /// Ends all that is left, and looks whether that leaves nothing behind.
    ///
    /// # Errors
    /// The first difference.
    pub fn finish(&mut self) -> Result<(), Difference> {
        while let Some(request) = self.oracle.live.first() {
            let op = Op::End(request.id);
            self.step(&op).map_err(|why| format!("at the end, {op}: {why}"))?;
        }
        same!(self.subject.is_idle(), true, "whether nothing is left");
        Ok(())
    }
}

fn expected(request: &Request) -> Seen {
    let claims = request.claims.clone();
    Seen { token: None, upgrading: request.upgrading, claims }
}

/// The claims without what cannot be seen from outside, in one order.
fn plain(seen: &Seen) -> Vec<(bool, Vec<Vec<u8>>, Option<u32>)> {
    let claims = seen.claims.iter();
    let mut claims: Vec<_> = claims.map(|c| (c.write, c.path.clone(), c.limit)).collect();
    claims.sort();
    claims
}

/// Whether this is a cycle that the operation would have closed: of requests that
/// wait, each for something that the agent of the next holds, the last for the first
/// or for one of those between. Nobody in it could ever have what it waits for.
fn check_circle(before: &Oracle, op: &Op, circle: &[Id]) -> Result<(), Difference> {
    let world = world_with(before, op).map_err(|why| format!("{why:?}"))?;
    let stuck = stuck(&world);
    let waiting = |id: &Id| world.live.iter().find(|r| r.id == *id && r.waits());
    let members: Option<Vec<&Request>> = circle.iter().map(waiting).collect();
    let members = members.ok_or_else(|| format!("not all in the cycle {circle:?} wait"))?;
    let waits_for = |this: &Request, agent: Agent| {
        world.holders(this, &stuck).iter().any(|holder| holder.agent() == agent)
    };
    let asked = op.id().and_then(|id| world.live.iter().find(|r| r.id == id));
    let (Some(asked), Some(first), Some(last)) = (asked, members.first(), members.last()) else {
        return Err("the cycle is empty".to_owned());
    };
    same!(first.agent(), asked.agent(), "who is first in the cycle {circle:?}");
    if !world.holders(asked, &stuck).is_empty() {
        // Else it could be had at once, and leaves another wait of its agent stuck.
        same!(first.id, asked.id, "which is first in the cycle {circle:?}");
    }
    let linked = members.windows(2).all(|pair| waits_for(pair[0], pair[1].agent()));
    let closed = members.iter().any(|member| waits_for(last, member.agent()));
    same!(linked, true, "whether each in the cycle {circle:?} waits for the next");
    same!(closed, true, "whether the cycle {circle:?} is closed");
    Ok(())
}
