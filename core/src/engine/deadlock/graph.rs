//! Who waits for whom: the part of the waits-for graph that leads to one agent.

use super::super::crowd::{Stage, WaitIndex};
use super::super::entry::Permit;
use super::super::modes::ALL;
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

/// The agents that wait for one, through others or not, and that one, which is the
/// first member; and all edges between them.
pub(super) struct Graph {
    pub(super) members: Vec<Member>,
    pub(super) by_agent: ByAgent,
    pub(super) edges: Vec<Edge>,
}

impl Graph {
    /// From the agent of one request back over those that wait for it.
    pub(super) fn walk<W: World>(
        world: &mut W,
        asks: At,
        steps: &mut u64,
    ) -> Result<Self, OutOfReach> {
        let mut graph = Self {
            members: Vec::new(),
            by_agent: ByAgent::new(),
            edges: Vec::new(),
        };
        graph.member(world.agent(asks), asks);
        let mut next = 0;
        let mut kept = Vec::new();
        while next < graph.members.len() {
            let Member { agent, ref parts } = graph.members[next];
            let parts = world.parts(agent, parts[0])?;
            for &by in &parts {
                let engine = world.engine(by.0);
                *steps += engine.entries_of(by.1) as u64;
                engine.kept_waiting(by.1, &mut |it| kept.push(it));
                *steps += kept.len() as u64;
                for it in kept.drain(..) {
                    let waits = (by.0, engine.request_of(it.wait));
                    let waiter = graph.member(world.agent(waits), waits);
                    graph.edges.push(Edge {
                        waiter,
                        blocker: next,
                        waits,
                        by,
                        kept: it,
                    });
                }
            }
            graph.members[next].parts = parts;
            next += 1;
        }
        Ok(graph)
    }

    fn member(&mut self, agent: Agent, part: At) -> usize {
        *self.by_agent.entry(agent).or_insert_with(|| {
            self.members.push(Member {
                agent,
                parts: vec![part],
            });
            self.members.len() - 1
        })
    }

    pub(super) fn members(&self) -> usize {
        self.members.len()
    }

    /// The strongly connected component of the first member, for each member whether
    /// it is in it; `None` if it is alone there. All members wait for the first, so it
    /// is those that the first waits for.
    pub(super) fn component(&self) -> Option<Vec<bool>> {
        let mut waits_for: Vec<Vec<usize>> = vec![Vec::new(); self.members.len()];
        for edge in &self.edges {
            waits_for[edge.waiter].push(edge.blocker);
        }
        if waits_for.first()?.is_empty() {
            return None;
        }
        let mut inside = vec![false; self.members.len()];
        inside[0] = true;
        let mut reached = vec![0];
        while let Some(member) = reached.pop() {
            for &blocker in &waits_for[member] {
                if !inside[blocker] {
                    inside[blocker] = true;
                    reached.push(blocker);
                }
            }
        }
        Some(inside)
    }
}

impl<T: Attach> Engine<T> {
    /// At how many nodes a request has something.
    fn entries_of(&self, id: RequestId) -> usize {
        self.requests.record(id).map_or(0, |it| it.entries.len())
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
