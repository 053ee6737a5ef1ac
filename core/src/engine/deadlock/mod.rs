//! Deadlocks: whether a new wait would leave its agent stuck, and the bypass that
//! keeps it from that.
//!
//! Whoever may wait for several things is an *agent*: an owner with all its
//! requests, or one request without an owner. One agent waits for another by a
//! *hard* edge if it is what the other holds that is in its way, and by a *soft*
//! edge if the other only waits in front of it. Nobody is stuck before the new wait,
//! so only its own agent can be after it, and only if it waits for somebody who
//! waits for it: if it stands on a cycle.
//!
//! | file | what |
//! | --- | --- |
//! | `graph.rs` | from the new wait back over those that wait for its agent, and on over those that it waits for: its strongly connected component |
//! | `finish.rs` | who of the component can finish, and in which order |
//! | `bypass.rs` | puts those that wait into that order |
//! | `at_once.rs` | whether that would grant the new request, for tries |
//!
//! The walk looks at nodes where the agent and those that wait for it have something,
//! and at nothing else; where nobody waits at any of them it ends at once. It is
//! written over a [`World`] of engines, since an agent's requests may lie in several.

mod at_once;
mod bypass;
mod finish;
mod graph;

use std::collections::BTreeMap;

use super::{Attach, Engine, RequestId};
use crate::owner::OwnerId;
pub(crate) use bypass::bypasses;
use finish::System;
use graph::Graph;

/// Whoever may wait for several things at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Agent {
    /// All requests of this owner.
    Owner(OwnerId),
    /// One request without an owner, by a number that all its parts share.
    Request(u64),
}

/// A request, or a part of one: the engine, and the id there.
pub(crate) type At = (usize, RequestId);

/// The search has come to an engine that is not at hand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutOfReach {
    pub(crate) engine: usize,
}

/// The engines that agents have requests in.
pub(crate) trait World {
    type Payload: Attach;

    /// An engine that is at hand.
    fn engine(&self, index: usize) -> &Engine<Self::Payload>;

    /// Whose part this is.
    fn agent(&self, at: At) -> Agent;

    /// All parts of all requests of the agent that one part belongs to.
    fn parts(&mut self, agent: Agent, of: At) -> Result<Vec<At>, OutOfReach>;

    /// A number that rises from one request that begins to wait to the next.
    fn arrival(&self, at: At) -> u64;
}

/// What a new wait has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Untangled {
    /// It may wait.
    Clear,
    /// Only the order of those that wait was in its way: that was changed.
    Opened,
    /// Its agent could never have what it waits for, and nothing has changed: the
    /// request has to be ended, or its upgrade taken back. These are the waiting
    /// requests of the cycle, from the one of this agent on: each waits for something
    /// that the agent of the next holds, the last for the first, or for one of those
    /// between.
    Stuck(Vec<RequestId>),
}

/// The same over several engines, before anything has changed.
pub(crate) enum Tangle {
    Clear,
    Knot(Knot),
    Stuck(Vec<At>),
}

/// A component whose order has to be changed.
pub(crate) struct Knot {
    graph: Graph,
    /// By member of the graph, its place in the order; `None` outside the component.
    rank: Vec<Option<usize>>,
}

/// Looks what the new wait of a request, or of its upgrade, has come to.
pub(crate) fn tangle<W: World>(world: &mut W, asks: At) -> Result<Tangle, OutOfReach> {
    tangle_counted(world, asks, &mut 0)
}

/// The same, and counts the steps.
fn tangle_counted<W: World>(
    world: &mut W,
    asks: At,
    steps: &mut u64,
) -> Result<Tangle, OutOfReach> {
    let Some(graph) = Graph::walk(world, asks, steps)? else {
        return Ok(Tangle::Clear);
    };
    let Some(inside) = graph.component() else {
        return Ok(Tangle::Clear);
    };
    if System::of_all(world, &graph, &inside).can_finish(0) {
        // Permits alone make such cycles: one of several is enough.
        return Ok(Tangle::Clear);
    }
    let mut system = System::of_held(world, &graph, &inside);
    let mut order = system.finishing_order(world, &graph, &inside);
    if cfg!(oarlock_mutation = "no_bypass") {
        return Ok(Tangle::Clear);
    }
    if cfg!(oarlock_mutation = "refuse_soft") {
        return Ok(Tangle::Stuck(vec![asks]));
    }
    if cfg!(oarlock_mutation = "asker_first") {
        order.sort_by_key(|&member| member != 0);
    }
    if !order.contains(&0) {
        return Ok(Tangle::Stuck(system.cycle(asks)));
    }
    let mut rank = vec![None; graph.members()];
    for (place, member) in order.into_iter().enumerate() {
        rank[member] = Some(place);
    }
    Ok(Tangle::Knot(Knot { graph, rank }))
}

/// One engine alone.
struct Alone<'e, T>(&'e Engine<T>);

impl<T: Attach> World for Alone<'_, T> {
    type Payload = T;

    fn engine(&self, _: usize) -> &Engine<T> {
        self.0
    }

    fn agent(&self, (_, id): At) -> Agent {
        let owner = self.0.owner(id);
        owner.map_or(Agent::Request(id.to_u64()), Agent::Owner)
    }

    fn parts(&mut self, agent: Agent, of: At) -> Result<Vec<At>, OutOfReach> {
        Ok(match agent {
            Agent::Owner(owner) => self.0.requests_of(owner).map(|id| (0, id)).collect(),
            Agent::Request(_) => vec![of],
        })
    }

    fn arrival(&self, (_, id): At) -> u64 {
        self.0
            .requests
            .record(id)
            .map_or(0, |record| record.arrival)
    }
}

impl<T: Attach> Engine<T> {
    /// To be called for each request, and each upgrade, that has begun to wait, and for
    /// each granted request with a limited claim of whose owner something waits: keeps
    /// it from leaving its agent stuck. `granted` gets those that are granted by that,
    /// perhaps this one. An upgrade of an owner of which something else waits is
    /// granted by this call at the earliest.
    ///
    /// Takes time in proportion to what this request's agent, and those that wait for
    /// it, have at nodes where somebody waits. For a stale id the answer is
    /// [`Untangled::Clear`].
    pub fn untangle(&mut self, id: RequestId, granted: &mut impl Extend<RequestId>) -> Untangled {
        let mut steps = 0;
        let tangle = tangle_counted(&mut Alone(self), (0, id), &mut steps);
        self.steps += steps;
        let outcome = match tangle {
            Ok(Tangle::Stuck(cycle)) => {
                return Untangled::Stuck(cycle.into_iter().map(|(_, id)| id).collect());
            }
            Ok(Tangle::Knot(knot)) => {
                let changes = knot.changes(&Alone(self));
                for (_, changes) in changes {
                    self.reorder(&changes);
                    self.pass_reordered(&changes, granted);
                }
                Untangled::Opened
            }
            Ok(Tangle::Clear) | Err(_) => Untangled::Clear,
        };
        self.release_upgrade(id, granted);
        outcome
    }

    /// Whether a request that waits would be granted at once by the change of order
    /// that [`untangle`](Self::untangle) would make.
    /// The same of one that is granted already and may have to be refused all the
    /// same.
    pub(super) fn would_untangle(&self, id: RequestId, granted: bool) -> bool {
        if granted && !self.has_inherited_permits(id) {
            return true;
        }
        match tangle(&mut Alone(self), (0, id)) {
            Ok(Tangle::Clear) => granted,
            Ok(Tangle::Knot(knot)) => granted || knot.grants(&Alone(self), &[(0, id)]),
            Ok(Tangle::Stuck(_)) | Err(_) => false,
        }
    }

    /// Whether a request has a permit that its owner held already. Such a permit
    /// counts against all others, perhaps against some that the owner's older one does
    /// not count against: the only grant at once that can leave its owner stuck, if
    /// something else of it waits.
    pub(crate) fn has_inherited_permits(&self, id: RequestId) -> bool {
        let entries = self.requests.record(id).map(|it| it.entries.iter());
        entries.into_iter().flatten().any(|entry| {
            let target = entry.target;
            target.is_some_and(|target| target.inherited && target.limit.is_some())
        })
    }
}

/// Members of a graph by agent.
type ByAgent = BTreeMap<Agent, usize>;
