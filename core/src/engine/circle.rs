//! Deadlocks: whether somebody who waits could ever be granted.
//!
//! Whoever may wait for several things is an *agent*: an owner with all its
//! requests, or one request without an owner. An agent can finish if everything
//! that it waits for can be had once all agents that can finish have ended what
//! they hold. That is a monotone system of conditions, solved by counting down
//! (as in Dowling and Gallier, "Linear-time algorithms for testing the
//! satisfiability of propositional Horn formulae", 1984): each condition waits
//! for all of its inputs but so many, and is met when those are. Who is left
//! stands in a circle.
//!
//! Agents that wait for nothing can finish, and are not looked at. So the cost
//! follows the number of those that wait (with the square of those that wait for
//! permits at one node), not of those that hold.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use super::crowd::{Stage, Wait};
use super::entry::Permit;
use super::modes::{ALL, NodeMode};
use super::tree::NodeIndex;
use super::{Attach, Engine, RequestId};
use crate::owner::OwnerId;

/// Whoever may wait for several things at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Agent {
    /// All requests of this owner.
    Owner(OwnerId),
    /// One request without an owner, by a number that all its parts share.
    Request(u64),
}

/// An engine that parts of the agents' requests are in.
pub(crate) struct Part<'e, T> {
    pub(crate) engine: &'e Engine<T>,
    /// The number that all parts of a request share.
    pub(crate) key: &'e dyn Fn(RequestId) -> u64,
}

impl<T> Part<'_, T> {
    fn agent(&self, id: RequestId, owner: Option<OwnerId>) -> Agent {
        owner.map_or_else(|| Agent::Request((self.key)(id)), Agent::Owner)
    }
}

impl<T: Attach> Engine<T> {
    /// The circle in which this request stands, if it waits, or waits to be
    /// upgraded, and its owner can never get what it waits for: the waiting
    /// requests of it, from this one on, each waiting for the next and the last
    /// for the first. Without an owner a request is an owner of its own.
    ///
    /// The engine never breaks a circle by itself: that is done by ending a
    /// request, or taking back an upgrade.
    #[must_use]
    pub fn circle(&self, id: RequestId) -> Option<Vec<RequestId>> {
        let record = self.requests.record(id)?;
        let key = |id: RequestId| id.to_u64();
        let part = Part {
            engine: self,
            key: &key,
        };
        let agent = part.agent(id, record.owner);
        let circle = circle(&[part], agent, |_, waits| waits == id)?;
        let circle: Vec<_> = circle.into_iter().map(|(_, id)| id).collect();
        (circle.first() == Some(&id)).then_some(circle)
    }
}

/// The circle in which an agent stands: for each agent in it the request that
/// waits, by engine. It begins with this request of the agent if that can never be
/// had; else with another one of it.
pub(crate) fn circle<T: Attach>(
    parts: &[Part<'_, T>],
    agent: Agent,
    is_it: impl Fn(usize, RequestId) -> bool,
) -> Option<Vec<(usize, RequestId)>> {
    let mut system = System::default();
    for (index, part) in parts.iter().enumerate() {
        system.add_waiting(index, part);
    }
    for (index, part) in parts.iter().enumerate() {
        system.add_conditions(index, part);
    }
    let start = *system.agents.get(&agent)?;
    system.solve();
    let inputs = system.conditions[start].inputs.iter().copied();
    let mut unmet = inputs.filter(|&index| !system.conditions[index].met);
    let of_it = |&index: &Index| {
        let waits = system.conditions[index].waits;
        waits.is_some_and(|(at, id)| is_it(at, id))
    };
    let first = unmet.clone().find(of_it).or_else(|| unmet.next())?;
    Some(system.circle(start, first))
}

/// A condition's place. An agent's condition is that it can finish.
type Index = usize;

#[derive(Debug, Default)]
struct Condition {
    inputs: Vec<Index>,
    /// So many of the inputs need not be met.
    allowance: usize,
    /// How many more inputs have to be met.
    missing: usize,
    /// Those that this one is an input of.
    outputs: Vec<Index>,
    met: bool,
    /// For a wait: the engine and the request.
    waits: Option<(usize, RequestId)>,
}

#[derive(Debug, Default)]
struct System {
    conditions: Vec<Condition>,
    /// Those that wait for something.
    agents: HashMap<Agent, Index>,
    /// What requests without an owner that wait have at the nodes all the same.
    held: HashMap<(usize, NodeIndex), Vec<(Index, NodeMode)>>,
    /// The permits that they have.
    permits: HashMap<(usize, NodeIndex), Vec<Index>>,
    /// The nodes where somebody waits.
    nodes: BTreeMap<(usize, NodeIndex), ()>,
}

impl System {
    fn add(&mut self, condition: Condition) -> Index {
        self.conditions.push(condition);
        self.conditions.len() - 1
    }

    fn add_all(&mut self, inputs: Vec<Index>) -> Index {
        self.add(Condition {
            inputs,
            ..Condition::default()
        })
    }

    /// Finds the agents that wait in an engine, and what they have there.
    fn add_waiting<T: Attach>(&mut self, index: usize, part: &Part<'_, T>) {
        for (id, record) in part.engine.requests.records() {
            // Of a request that waits elsewhere, what it has here counts too.
            let upgrade = record.payload.as_ref().is_some_and(Attach::upgrade_waits);
            if record.is_held() && !record.upgrading && !upgrade {
                continue;
            }
            let agent = part.agent(id, record.owner);
            let agent = match self.agents.get(&agent) {
                Some(&known) => known,
                None => {
                    let new = self.add(Condition::default());
                    self.agents.insert(agent, new);
                    new
                }
            };
            for entry in &record.entries {
                let at = (index, entry.node);
                if entry.wait.is_some() || matches!(entry.permit, Permit::Waiting(_)) {
                    self.nodes.insert(at, ());
                }
                // An owner's holdings are counted by node, with what it has of
                // requests that wait for nothing.
                if record.owner.is_none() {
                    if let Some(mode) = entry.held {
                        self.held.entry(at).or_default().push((agent, mode));
                    }
                    if entry.permit == Permit::Taken {
                        self.permits.entry(at).or_default().push(agent);
                    }
                }
            }
        }
    }

    /// The conditions of all that wait in an engine.
    fn add_conditions<T: Attach>(&mut self, index: usize, part: &Part<'_, T>) {
        let nodes: Vec<NodeIndex> = self
            .nodes
            .range((index, 0)..=(index, NodeIndex::MAX))
            .map(|(&(_, node), ())| node)
            .collect();
        for node in nodes {
            Place {
                system: self,
                part,
                index,
                node,
            }
            .add_conditions();
        }
    }

    /// Meets every condition that can be met.
    fn solve(&mut self) {
        let mut ready = VecDeque::new();
        for index in 0..self.conditions.len() {
            let condition = &mut self.conditions[index];
            condition.missing = condition.inputs.len().saturating_sub(condition.allowance);
            if condition.missing == 0 {
                condition.met = true;
                ready.push_back(index);
            }
            for input in self.conditions[index].inputs.clone() {
                self.conditions[input].outputs.push(index);
            }
        }
        while let Some(index) = ready.pop_front() {
            for output in std::mem::take(&mut self.conditions[index].outputs) {
                let condition = &mut self.conditions[output];
                if !condition.met {
                    condition.missing -= 1;
                    if condition.missing == 0 {
                        condition.met = true;
                        ready.push_back(output);
                    }
                }
            }
        }
    }

    /// The shortest way from a wait that is never over back to its agent, through
    /// conditions that are not met; where there is none, on into others' circle
    /// and once round it.
    fn circle(&self, start: Index, first: Index) -> Vec<(usize, RequestId)> {
        let way = self.way_back(start, first);
        let way = way.unwrap_or_else(|| self.way_on(first));
        let waits = way.into_iter().map(|index| self.conditions[index].waits);
        waits.flatten().collect()
    }

    fn unmet(&self, index: Index) -> impl Iterator<Item = Index> {
        let inputs = self.conditions[index].inputs.iter().copied();
        inputs.filter(|&input| !self.conditions[input].met)
    }

    fn way_back(&self, start: Index, first: Index) -> Option<Vec<Index>> {
        // By which condition each was reached; the first by none.
        let mut before = HashMap::from([(first, None)]);
        let mut reached = VecDeque::from([first]);
        while let Some(index) = reached.pop_front() {
            for input in self.unmet(index) {
                if input == start {
                    let step = |index: &Index| before.get(index).copied().flatten();
                    let mut way: Vec<_> = std::iter::successors(Some(index), step).collect();
                    way.reverse();
                    return Some(way);
                }
                before.entry(input).or_insert_with(|| {
                    reached.push_back(input);
                    Some(index)
                });
            }
        }
        None
    }

    fn way_on(&self, first: Index) -> Vec<Index> {
        let mut way = vec![first];
        let mut seen = HashSet::from([first]);
        while let Some(next) = self.unmet(way[way.len() - 1]).next()
            && seen.insert(next)
        {
            way.push(next);
        }
        way
    }
}

/// One node where somebody waits.
struct Place<'a, 'e, T> {
    system: &'a mut System,
    part: &'a Part<'e, T>,
    index: usize,
    node: NodeIndex,
}

/// Those that wait in one list, in its order: the agent, its number of arrival,
/// and the condition that it and all before it can finish.
type Line = Vec<(Index, u64, Index)>;

impl<T: Attach> Place<'_, '_, T> {
    fn add_conditions(&mut self) {
        let lines: Vec<Line> = ALL.iter().map(|&mode| self.line(mode)).collect();
        for mode in ALL {
            for wait in self.waits(Stage::Mode(mode)) {
                let agent = self.agent(&wait);
                let mut inputs = self.holders(mode, agent);
                for other in ALL.into_iter().filter(|&other| !mode.compatible(other)) {
                    self.add_earlier(&lines[other.index()], &wait, agent, &mut inputs);
                }
                self.add_wait(&wait, agent, inputs);
            }
        }
        self.add_permits();
    }

    fn waits(&self, stage: Stage) -> Vec<Wait> {
        let crowd = self.part.engine.tree.node(self.node).crowd;
        let list = self.part.engine.crowds.list(crowd, stage);
        list.map(|(_, wait)| *wait).collect()
    }

    fn agent(&self, wait: &Wait) -> Index {
        let id = self.part.engine.requests.id_at(wait.slot);
        self.system.agents[&self.part.agent(id, wait.owner)]
    }

    fn line(&mut self, mode: NodeMode) -> Line {
        let mut line = Line::new();
        for wait in self.waits(Stage::Mode(mode)) {
            let agent = self.agent(&wait);
            let mut inputs = vec![agent];
            inputs.extend(line.last().map(|&(_, _, all)| all));
            let all = self.system.add_all(inputs);
            line.push((agent, wait.arrival, all));
        }
        line
    }

    /// The agents whose holdings here keep the mode out.
    fn holders(&self, mode: NodeMode, agent: Index) -> Vec<Index> {
        let at = (self.index, self.node);
        let unowned = self.system.held.get(&at).into_iter().flatten();
        let unowned = unowned
            .filter(|(other, held)| *other != agent && !held.compatible(mode))
            .map(|&(other, _)| other);
        let owned = self.part.engine.owned.at(self.node);
        let owned = owned
            .filter(|(_, own)| own.counts.block(mode))
            .filter_map(|(owner, _)| self.system.agents.get(&Agent::Owner(owner)).copied())
            .filter(|&other| other != agent);
        unowned.chain(owned).collect()
    }

    /// All of a line that arrived earlier and are not the agent's own.
    fn add_earlier(&self, line: &Line, wait: &Wait, agent: Index, inputs: &mut Vec<Index>) {
        let earlier = line.partition_point(|&(_, arrival, _)| arrival < wait.arrival);
        let several = wait.owner.is_some_and(|owner| {
            let own = self.part.engine.owned.get(self.node, owner);
            own.is_some_and(|own| own.waiting.len() > 1)
        });
        if several {
            let others = line[..earlier].iter().map(|&(other, ..)| other);
            inputs.extend(others.filter(|&other| other != agent));
        } else if let Some(&(_, _, all)) = line[..earlier].last() {
            inputs.push(all);
        }
    }

    fn add_wait(&mut self, wait: &Wait, agent: Index, inputs: Vec<Index>) -> Index {
        let id = self.part.engine.requests.id_at(wait.slot);
        let index = self.system.add(Condition {
            inputs,
            waits: Some((self.index, id)),
            ..Condition::default()
        });
        self.system.conditions[agent].inputs.push(index);
        index
    }

    /// A permit is to be had when fewer than the limit of those ahead are stuck,
    /// and everybody else who waits ahead can have one.
    fn add_permits(&mut self) {
        let waits = self.waits(Stage::Permit);
        if waits.is_empty() {
            return;
        }
        let at = (self.index, self.node);
        let mut ahead: Vec<Index> = self.system.permits.get(&at).cloned().unwrap_or_default();
        for (owner, own) in self.part.engine.owned.at(self.node) {
            if let Some(&agent) = self.system.agents.get(&Agent::Owner(owner)) {
                ahead.extend(std::iter::repeat_n(agent, own.permits as usize));
            }
        }
        let mut before: Vec<(Index, Index)> = Vec::new();
        for wait in waits {
            let agent = self.agent(&wait);
            let limit = self.limit(&wait);
            let others = ahead.iter().copied().filter(|&other| other != agent);
            let permit = self.system.add(Condition {
                inputs: others.collect(),
                allowance: limit.saturating_sub(1),
                ..Condition::default()
            });
            let mut inputs = vec![permit];
            let others = before.iter().rev().find(|&&(other, _)| other != agent);
            inputs.extend(others.map(|&(_, wait)| wait));
            let index = self.add_wait(&wait, agent, inputs);
            before.push((agent, index));
            ahead.push(agent);
        }
    }

    fn limit(&self, wait: &Wait) -> usize {
        let record = self.part.engine.requests.record_ref(wait.slot);
        let entry = record.and_then(|record| record.entries.get(wait.entry as usize));
        let target = entry.and_then(|entry| entry.target);
        let limit = target.and_then(|target| target.limit);
        limit.map_or(usize::MAX, |limit| limit.get() as usize)
    }
}
