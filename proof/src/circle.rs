//! Circles, for people: the oracle itself only decides whether there is one.

use crate::ops::Op;
use crate::oracle::Oracle;
use crate::words::{Id, Outcome, Refused, Request};

/// The world in which an operation that is refused because of a deadlock would
/// have begun to wait.
///
/// # Errors
/// If the operation cannot be done at all.
pub fn world_with(before: &Oracle, op: &Op) -> Result<Oracle, Refused> {
    let mut world = before.clone();
    match op {
        Op::Submit(id, owner, claims) => return world.with(*id, *owner, claims),
        _ => world.live.iter_mut().filter(|r| Some(r.id) == op.id()).for_each(|request| {
            request.upgrading = true;
        }),
    }
    Ok(world)
}

/// The shortest way from a request that waits, through such as wait for the
/// agent of the next, back to the request's own agent; if there is none, the
/// request alone.
#[must_use]
pub fn circle(world: &Oracle, id: Id) -> Vec<Id> {
    let find = |id: Id| world.live.iter().find(|r| r.id == id);
    let Some(home) = find(id).map(Request::agent) else { return vec![id] };
    let mut ways = vec![vec![id]];
    let mut at = 0;
    while let Some(way) = ways.get(at).cloned() {
        let last = way.last().and_then(|last| find(*last));
        for by in last.map(|last| world.blockers(last)).unwrap_or_default() {
            if by.agent() == home {
                return way;
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
    vec![id]
}

/// What the oracle says to an operation, and the circle if it is a deadlock.
pub fn ask(oracle: &mut Oracle, op: &Op) -> (Outcome, Option<Vec<Id>>) {
    let before = oracle.clone();
    let outcome = op.apply(oracle);
    let id = op.id().filter(|_| outcome == Err(Refused::Deadlock));
    let circle = id.and_then(|id| Some(circle(&world_with(&before, op).ok()?, id)));
    (outcome, circle)
}
