//! Cycles, for people: the oracle itself only decides whether there is one.

use crate::ops::Op;
use crate::oracle::Oracle;
use crate::words::{Agent, Id, Outcome, Refused, Request};

/// The world in which an operation that is refused because of a deadlock would
/// have begun to wait.
///
/// # Errors
/// If the operation cannot be done at all.
pub fn world_with(before: &Oracle, op: &Op) -> Result<Oracle, Refused> {
    let mut world = before.clone();
    match op {
        Op::Submit(id, owner, claims) | Op::Try(id, owner, claims) => {
            return world.with(*id, *owner, claims);
        }
        _ => world.live.iter_mut().filter(|r| Some(r.id) == op.id()).for_each(|request| {
            request.upgrading = true;
        }),
    }
    Ok(world)
}

/// The agents that could never finish even if nobody waited for anything but held
/// claims.
#[must_use]
pub fn stuck(world: &Oracle) -> Vec<Agent> {
    let mut left: Vec<Agent> = world.live.iter().map(Request::agent).collect();
    loop {
        let kept = |r: &&Request| !world.holders(r, &left).is_empty();
        let kept: Vec<Agent> = world.live.iter().filter(kept).map(Request::agent).collect();
        let before = left.len();
        left.retain(|agent| kept.contains(agent));
        if left.len() == before {
            return left;
        }
    }
}

/// The shortest way from a request that waits, or if it does not stand in a cycle
/// from another one of its agent, through such as wait for something that the agent
/// of the next holds, back to its own agent; if there is none, the request alone.
#[must_use]
pub fn circle(world: &Oracle, id: Id) -> Vec<Id> {
    let stuck = stuck(world);
    let home = world.live.iter().find(|r| r.id == id).map(Request::agent);
    let own = world.live.iter().filter(|r| r.waits() && Some(r.agent()) == home && r.id != id);
    let begins = [id].into_iter().chain(own.map(|r| r.id));
    let found = begins.filter_map(|id| way_back(world, &stuck, id)).next();
    found.unwrap_or_else(|| vec![id])
}

fn way_back(world: &Oracle, stuck: &[Agent], id: Id) -> Option<Vec<Id>> {
    let find = |id: Id| world.live.iter().find(|r| r.id == id);
    let home = find(id)?.agent();
    let mut ways = vec![vec![id]];
    let mut at = 0;
    while let Some(way) = ways.get(at).cloned() {
        let last = find(*way.last()?)?;
        for by in world.holders(last, stuck) {
            if by.agent() == home {
                return Some(way);
            }
            let next = world.live.iter().filter(|r| r.agent() == by.agent() && r.waits());
            for next in next {
                if !ways.iter().any(|way| way.contains(&next.id)) {
                    ways.push([way.clone(), vec![next.id]].concat());
                }
            }
        }
        at += 1;
    }
    None
}

/// What the oracle says to an operation, and the cycle if it is a deadlock.
pub fn ask(oracle: &mut Oracle, op: &Op) -> (Outcome, Option<Vec<Id>>) {
    let before = oracle.clone();
    let outcome = op.apply(oracle);
    let id = op.id().filter(|_| outcome == Err(Refused::Deadlock));
    let circle = id.and_then(|id| Some(circle(&world_with(&before, op).ok()?, id)));
    (outcome, circle)
}
