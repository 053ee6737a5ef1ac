//! Who waits for whom: the part of the waits-for graph round one agent.

use std::collections::BTreeMap;

use super::super::crowd::{AHEAD, Stage, Wait, WaitIndex};
use super::super::decide::Asker;
use super::super::entry::Permit;
use super::super::modes::{ALL, NodeMode};
use super::super::order::permit_wait;
use super::super::tree::NodeIndex;
use super::super::{Attach, Engine, RequestId};
use super::{Agent, At, ByAgent, OutOfReach, World};
use crate::owner::OwnerId;

/// An agent, and all it has.
pub(super) struct Member {
    pub(super) agent: Agent,
    pub(super) parts: Vec<At>,
}

/// Somebody waits for somebody, at one node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    /// Members of the graph.
    pub(super) waiter: usize,
    pub(super) blocker: usize,
    /// The request that waits, and that which it waits for; in one engine.
    pub(super) waits: At,
    pub(super) by: At,
    pub(super) kept: Kept,
}

/// One wait that a request keeps waiting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    pub(super) node: NodeIndex,
    pub(super) wait: WaitIndex,
    pub(super) stage: Stage,
    /// By what is held; else only by waiting in front.
    pub(super) hard: bool,
}

/// The agents that one waits for and that wait for it, and that one, which is the first
/// member; and all edges between them.
pub(super) struct Graph {
    pub(super) members: Vec<Member>,
    pub(super) by_agent: ByAgent,
    pub(super) edges: Vec<Edge>,
    /// Who else counts whom, of those that want permits: waiter and blocker.
    counts: Vec<(usize, usize)>,
}

impl Graph {
    /// Who stands on cycles through the agent of one request, and all edges between
    /// them; `None` if nobody does.
    ///
    /// First two quick looks, from the agent to those that wait for it and to those
    /// that it waits for: mostly one of the two soon comes to an end. Both take whole
    /// queues once, and so too many rather than too few; what is found by both is then
    /// looked at exactly.
    pub(super) fn walk<W: World>(
        world: &mut W,
        asks: At,
        steps: &mut u64,
    ) -> Result<Option<Self>, OutOfReach> {
        let behind = match reach(world, asks, Direction::Back, QUICK, steps)? {
            Some(behind) => behind,
            None => {
                let ahead = reach(world, asks, Direction::On, QUICK, steps)?;
                if ahead.is_some_and(|ahead| ahead.is_done()) {
                    return Ok(None);
                }
                let behind = reach(world, asks, Direction::Back, usize::MAX, steps)?;
                behind.unwrap_or_default()
            }
        };
        if behind.is_done() {
            return Ok(None);
        }
        let both = reach(world, asks, Direction::Within(&behind), usize::MAX, steps)?;
        let Some(both) = both.filter(|both| !both.is_done()) else {
            return Ok(None);
        };
        let mut graph = Self {
            members: both.members,
            by_agent: both.by_agent,
            edges: Vec::new(),
            counts: Vec::new(),
        };
        graph.add_edges(world, steps);
        graph.add_counts(world);
        Ok(Some(graph))
    }

    fn add_edges<W: World>(&mut self, world: &W, steps: &mut u64) {
        let mut kept = Vec::new();
        for (blocker, member) in self.members.iter().enumerate() {
            for &by in &member.parts {
                let engine = world.engine(by.0);
                engine.kept_waiting(by.1, &mut |it| kept.push(it));
                *steps += kept.len() as u64;
                for it in kept.drain(..) {
                    let waits = (by.0, engine.request_of(it.wait));
                    if let Some(&waiter) = self.by_agent.get(&world.agent(waits)) {
                        self.edges.push(Edge {
                            waiter,
                            blocker,
                            waits,
                            by,
                            kept: it,
                        });
                    }
                }
            }
        }
    }

    /// Each that wants a permit, ready or not, is linked to all that count against it,
    /// in its way or not: so that what lies between two of the component in a queue for
    /// permits is in it, too, and those queues stay in an order.
    fn add_counts<W: World>(&mut self, world: &W) {
        for (waiter, member) in self.members.iter().enumerate() {
            for &(index, id) in &member.parts {
                let engine = world.engine(index);
                engine.counted_permits(id, &mut |other| {
                    let agent = world.agent((index, other));
                    if let Some(&blocker) = self.by_agent.get(&agent) {
                        self.counts.push((waiter, blocker));
                    }
                });
            }
        }
    }

    pub(super) fn members(&self) -> usize {
        self.members.len()
    }

    /// The strongly connected component of the first member, for each member whether
    /// it is in it; `None` if it is alone there.
    pub(super) fn component(&self) -> Option<Vec<bool>> {
        let on = self.reached(|(waiter, blocker)| (waiter, blocker));
        let back = self.reached(|(waiter, blocker)| (blocker, waiter));
        let inside: Vec<bool> = on.iter().zip(back).map(|(&on, back)| on && back).collect();
        (inside.iter().filter(|inside| **inside).count() > 1).then_some(inside)
    }

    /// Who is reached from the first member along the edges.
    fn reached(&self, ends: impl Fn((usize, usize)) -> (usize, usize)) -> Vec<bool> {
        let mut next: Vec<Vec<usize>> = vec![Vec::new(); self.members.len()];
        let edges = self.edges.iter().map(|edge| (edge.waiter, edge.blocker));
        for edge in edges.chain(self.counts.iter().copied()) {
            let (from, to) = ends(edge);
            next[from].push(to);
        }
        let mut found = vec![false; self.members.len()];
        found[0] = true;
        let mut todo = vec![0];
        while let Some(member) = todo.pop() {
            for &to in &next[member] {
                if !std::mem::replace(&mut found[to], true) {
                    todo.push(to);
                }
            }
        }
        found
    }
}

/// So many steps a quick look takes at most.
const QUICK: usize = 64;

/// Where a look goes from an agent.
#[derive(Clone, Copy)]
enum Direction<'r> {
    /// To those that wait for it.
    Back,
    /// To those that it waits for.
    On,
    /// The same, but only among these.
    Within(&'r Reach),
}

/// The agents that a look has come to, the first one being that which it began with.
#[derive(Default)]
struct Reach {
    members: Vec<Member>,
    by_agent: ByAgent,
    /// Whether it came to the first one again.
    returned: bool,
}

/// How far the queues have been taken already: by engine, node and list the place up to
/// which all have been, and one of those that were taken for their own sake: who comes
/// to that queue later comes to it, too.
type Taken = BTreeMap<(usize, NodeIndex, usize), (WaitIndex, Option<RequestId>)>;

/// All that is reached from the agent of one request; `None` if that takes too long.
fn reach<W: World>(
    world: &mut W,
    asks: At,
    direction: Direction<'_>,
    most: usize,
    steps: &mut u64,
) -> Result<Option<Reach>, OutOfReach> {
    let mut reach = Reach::default();
    let mut taken = Taken::new();
    let mut found: Vec<RequestId> = Vec::new();
    let first = world.agent(asks);
    reach.add(first, asks);
    let (mut next, mut spent) = (0, 0);
    while next < reach.members.len() {
        let Member { agent, ref parts } = reach.members[next];
        let parts = world.parts(agent, parts[0])?;
        for &(index, id) in &parts {
            let engine = world.engine(index);
            spent += engine.entries_of(id);
            match direction {
                Direction::Back => engine.waiters(id, index, &mut taken, &mut found),
                Direction::On | Direction::Within(_) => {
                    engine.waited_for(id, index, &mut taken, &mut found);
                }
            }
            spent += found.len();
            for other in found.drain(..) {
                let at = (index, other);
                let agent = world.agent(at);
                if agent == first {
                    reach.returned |= next > 0;
                } else if match direction {
                    Direction::Within(among) => among.by_agent.contains_key(&agent),
                    Direction::Back | Direction::On => true,
                } {
                    reach.add(agent, at);
                }
            }
            if spent > most {
                *steps += spent as u64;
                return Ok(None);
            }
        }
        reach.members[next].parts = parts;
        next += 1;
    }
    *steps += spent as u64;
    Ok(Some(reach))
}

impl Reach {
    /// Whether there is surely no cycle through the first one.
    fn is_done(&self) -> bool {
        self.members.len() < 2 || !self.returned
    }

    fn add(&mut self, agent: Agent, part: At) {
        self.by_agent.entry(agent).or_insert_with(|| {
            self.members.push(Member {
                agent,
                parts: vec![part],
            });
            self.members.len() - 1
        });
    }
}

impl<T: Attach> Engine<T> {
    /// At how many nodes a request has something.
    fn entries_of(&self, id: RequestId) -> usize {
        self.requests.record(id).map_or(0, |it| it.entries.len())
    }

    /// The requests that wait for something that one has, or wants, at least. A queue
    /// is taken from its end.
    fn waiters(&self, id: RequestId, index: usize, taken: &mut Taken, found: &mut Vec<RequestId>) {
        let Some(record) = self.requests.record(id) else {
            return;
        };
        for entry in &record.entries {
            let node = entry.node;
            let there = self.tree.node(node).crowd;
            let wants_permit = entry.permit != Permit::Unneeded;
            if !wants_permit && !self.crowds.get(there).is_some_and(|it| it.has_waiting()) {
                continue;
            }
            let mine = entry.wait.map(|at| self.crowds.wait(at));
            for stage in Stage::ALL {
                let after = match stage {
                    Stage::Permit if entry.permit == Permit::Unneeded => continue,
                    Stage::Permit => 0,
                    Stage::Mode(mode) => {
                        let blocks = |other: NodeMode| !other.compatible(mode);
                        let asked = mine.filter(|mine| match mine.stage {
                            Stage::Mode(asked) => blocks(asked),
                            Stage::Permit => false,
                        });
                        match (entry.held.is_some_and(blocks), asked) {
                            (true, _) => 0,
                            (false, Some(mine)) => mine.arrival,
                            (false, None) => continue,
                        }
                    }
                };
                let key = (index, node, stage.list());
                let (place, mut own) = taken.get(&key).copied().unzip();
                found.extend(own.flatten());
                let rest = self.crowds.list_before(there, stage, place);
                for (at, wait) in rest.take_while(|(_, wait)| wait.arrival >= after) {
                    let other = self.requests.id_at(wait.slot);
                    if self.is_own(id, other) {
                        own = Some(Some(other));
                    } else {
                        found.push(other);
                    }
                    taken.insert(key, (at, own.flatten()));
                }
                if stage == Stage::Permit {
                    let ready = self
                        .crowds
                        .get(there)
                        .into_iter()
                        .flat_map(|it| &it.permits);
                    found.extend(ready.map(|&slot| self.requests.id_at(slot)));
                }
                if let Some(order) = &record.order {
                    let behind = order.behind(node, stage);
                    found.extend(behind.map(|slot| self.requests.id_at(slot)));
                }
            }
        }
    }

    /// Tells the requests of others whose permits, or wants of one, count against one
    /// that wants one itself.
    fn counted_permits(&self, id: RequestId, tell: &mut impl FnMut(RequestId)) {
        let Some(record) = self.requests.record(id).filter(|it| !it.is_held()) else {
            return;
        };
        for entry in &record.entries {
            let inherited = entry.target.is_some_and(|target| target.inherited);
            if entry.permit == Permit::Unneeded || inherited {
                continue;
            }
            let node = entry.node;
            let there = self.tree.node(node).crowd;
            let asker = Asker {
                owner: record.owner,
                arrival: record.arrival,
                held: None,
                slot: Some(id.slot()),
            };
            let taken = self
                .crowds
                .get(there)
                .into_iter()
                .flat_map(|it| &it.permits);
            for &slot in taken {
                if slot != id.slot() && self.permit_counts(node, slot, asker) {
                    tell(self.requests.id_at(slot));
                }
            }
            for (_, wait) in self.crowds.list(there, Stage::Permit) {
                let other = self.requests.id_at(wait.slot);
                let arrivals = (wait.arrival, record.arrival);
                if !self.is_own(id, other)
                    && self.is_permit_before(node, wait.slot, arrivals, id.slot())
                {
                    tell(other);
                }
            }
        }
    }

    /// The requests that one waits for, at least. Of those that hold something only
    /// such as may wait themselves. A queue is taken from its head.
    fn waited_for(
        &self,
        id: RequestId,
        index: usize,
        taken: &mut Taken,
        found: &mut Vec<RequestId>,
    ) {
        let Some(record) = self.requests.record(id) else {
            return;
        };
        for entry in &record.entries {
            let node = entry.node;
            let there = self.tree.node(node).crowd;
            if let Some(at) = entry.wait
                && let wait = self.crowds.wait(at)
                && let Stage::Mode(mode) = wait.stage
            {
                let holders = self
                    .owned
                    .at(node)
                    .filter(|(_, own)| own.counts.block(mode));
                let requests = holders.flat_map(|(owner, _)| self.owned.requests(owner).first());
                found.extend(requests.map(|&slot| self.requests.id_at(slot)));
                let passed = self.through.at(node).filter(|&(slot, index)| {
                    let other = self.requests.record_ref(slot);
                    let entry = other.and_then(|it| it.entries.get(index as usize));
                    let held = entry.and_then(|entry| entry.held);
                    slot != id.slot() && held.is_some_and(|held| !held.compatible(mode))
                });
                found.extend(passed.map(|(slot, _)| self.requests.id_at(slot)));
                for other in ALL.into_iter().filter(|other| !mode.compatible(*other)) {
                    let stage = Stage::Mode(other);
                    let key = (index, node, stage.list());
                    let (place, mut own) = taken.get(&key).copied().unzip();
                    found.extend(own.flatten());
                    let rest = self.crowds.list_after(there, stage, place);
                    let is_ahead = |it: &Wait| {
                        // Of two upgrades each may stand in front of the other.
                        it.arrival < wait.arrival || it.arrival == AHEAD
                    };
                    for (at, ahead) in rest.take_while(|(_, it)| is_ahead(it)) {
                        let other = self.requests.id_at(ahead.slot);
                        if self.is_own(id, other) {
                            own = Some(Some(other));
                        } else {
                            found.push(other);
                        }
                        taken.insert(key, (at, own.flatten()));
                    }
                }
                if let Some(order) = &record.order {
                    let in_front = order.in_front(node, wait.stage);
                    found.extend(in_front.map(|slot| self.requests.id_at(slot)));
                }
            }
            if entry.permit != Permit::Unneeded && !record.is_held() {
                let taken = self
                    .crowds
                    .get(there)
                    .into_iter()
                    .flat_map(|it| &it.permits);
                found.extend(taken.map(|&slot| self.requests.id_at(slot)));
                let list = self.crowds.list(there, Stage::Permit);
                found.extend(list.map(|(_, it)| self.requests.id_at(it.slot)));
            }
        }
    }

    /// The request that a wait belongs to.
    pub(super) fn request_of(&self, at: WaitIndex) -> RequestId {
        self.requests.id_at(self.crowds.wait(at).slot)
    }

    /// Tells the waits of others that a request keeps waiting.
    fn kept_waiting(&self, id: RequestId, tell: &mut impl FnMut(Kept)) {
        let Some(record) = self.requests.record(id) else {
            return;
        };
        let is_own = |owner: Option<OwnerId>, slot| {
            slot == id.slot() || (owner.is_some() && owner == record.owner)
        };
        for entry in &record.entries {
            let node = entry.node;
            let there = self.tree.node(node).crowd;
            if !self.crowds.get(there).is_some_and(|it| it.has_waiting()) {
                continue;
            }
            let held = record.held(entry);
            let mine = entry.wait.map(|at| self.crowds.wait(at));
            let order = record.order.as_deref();
            for mode in ALL {
                let stage = Stage::Mode(mode);
                let mut tell = |wait, hard| {
                    tell(Kept {
                        node,
                        wait,
                        stage,
                        hard,
                    });
                };
                if entry.held.is_some_and(|passed| !passed.compatible(mode)) {
                    let hard = held.is_some_and(|held| !held.compatible(mode));
                    for (at, wait) in self.crowds.list(there, stage) {
                        if !is_own(wait.owner, wait.slot) {
                            tell(at, hard);
                        }
                    }
                    continue;
                }
                let Some(mine) = mine else { continue };
                let Stage::Mode(asked) = mine.stage else {
                    continue;
                };
                if asked.compatible(mode) {
                    continue;
                }
                let behind = self.crowds.list_back(there, stage);
                for (at, wait) in behind.take_while(|(_, it)| it.arrival > mine.arrival) {
                    let put_in_front = order.is_some_and(|it| it.is_after(node, stage, wait.slot));
                    if !is_own(wait.owner, wait.slot) && !put_in_front {
                        tell(at, false);
                    }
                }
                for slot in order.into_iter().flat_map(|it| it.behind(node, stage)) {
                    let theirs = self.requests.record_ref(slot);
                    let theirs = theirs.and_then(|it| it.entries.iter().find(|it| it.node == node));
                    if let Some(at) = theirs.and_then(|it| it.wait)
                        && self.crowds.wait(at).stage == stage
                        && self.crowds.wait(at).arrival <= mine.arrival
                    {
                        tell(at, false);
                    }
                }
            }
            if entry.permit == Permit::Taken || permit_wait(entry.permit).is_some() {
                let inherited = record.has_inherited_permit(node);
                let hard = entry.permit == Permit::Taken && (record.is_held() || inherited);
                for (at, wait) in self.crowds.list(there, Stage::Permit) {
                    if !is_own(wait.owner, wait.slot)
                        && self.permit_keeps_waiting(node, id.slot(), wait)
                    {
                        tell(Kept {
                            node,
                            wait: at,
                            stage: Stage::Permit,
                            hard,
                        });
                    }
                }
            }
        }
    }
}
