//! Who can finish: agents can once all their waits can be had, a wait once those
//! that keep it waiting have finished, a permit once all of them but so many have.
//!
//! That is a monotone system of conditions, solved by counting down (as in Dowling
//! and Gallier, "Linear-time algorithms for testing the satisfiability of
//! propositional Horn formulae", 1984): each condition waits for all of its inputs
//! but so many, and is met when those are. Whoever is outside the component can
//! finish in any case: it waits for nobody inside, or nobody inside for it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet, VecDeque};

use super::super::crowd::{Stage, WaitIndex};
use super::super::look::asker_of;
use super::super::order::permit_wait;
use super::super::tree::NodeIndex;
use super::graph::Graph;
use super::{At, World};

/// A condition's place. Those of the members, that they can finish, come first, each
/// at the place of its member.
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
    /// For a wait: the request.
    waits: Option<At>,
}

pub(super) struct System {
    conditions: Vec<Condition>,
    members: usize,
    /// The conditions of waits.
    waits: BTreeMap<(usize, WaitIndex), Index>,
    /// Of those that wait for permits, that of the permit.
    permits: BTreeMap<Index, Index>,
}

impl System {
    /// As all that wait keep each other waiting.
    pub(super) fn of_all<W: World>(world: &W, graph: &Graph, inside: &[bool]) -> Self {
        Self::new(world, graph, inside, false)
    }

    /// As if nobody waited for anything but what others hold.
    pub(super) fn of_held<W: World>(world: &W, graph: &Graph, inside: &[bool]) -> Self {
        Self::new(world, graph, inside, true)
    }

    fn new<W: World>(world: &W, graph: &Graph, inside: &[bool], held_only: bool) -> Self {
        let member = |_| Condition::default();
        let mut system = Self {
            conditions: inside.iter().map(member).collect(),
            members: inside.len(),
            waits: BTreeMap::new(),
            permits: BTreeMap::new(),
        };
        let mut permits = Vec::new();
        for (member, _) in inside.iter().enumerate().filter(|(_, inside)| **inside) {
            for &(engine, id) in &graph.members[member].parts {
                let record = world.engine(engine).requests.record(id);
                for entry in record.iter().flat_map(|record| &record.entries) {
                    if let Some(at) = entry.wait {
                        system.add_wait(member, (engine, id), at);
                    }
                    if let Some(at) = permit_wait(entry.permit) {
                        system.add_wait(member, (engine, id), at);
                        permits.push((engine, entry.node, at));
                    }
                }
            }
        }
        for edge in &graph.edges {
            if edge.kept.stage != Stage::Permit
                && inside[edge.waiter]
                && inside[edge.blocker]
                && (edge.kept.hard || !held_only)
                && let Some(&wait) = system.waits.get(&(edge.waits.0, edge.kept.wait))
            {
                system.conditions[wait].inputs.push(edge.blocker);
            }
        }
        for &permit in &permits {
            system.add_permit(world, graph, inside, permit, held_only);
        }
        for permit in permits.into_iter().filter(|_| !held_only) {
            system.add_permits_in_front(world, permit);
        }
        system.count();
        system
    }

    fn add(&mut self, condition: Condition) -> Index {
        self.conditions.push(condition);
        self.conditions.len() - 1
    }

    fn add_wait(&mut self, member: usize, (engine, id): At, at: WaitIndex) {
        let wait = self.add(Condition {
            waits: Some((engine, id)),
            ..Condition::default()
        });
        self.waits.insert((engine, at), wait);
        self.conditions[member].inputs.push(wait);
    }

    /// A permit is to be had when fewer than the limit of those that count are stuck.
    fn add_permit<W: World>(
        &mut self,
        world: &W,
        graph: &Graph,
        inside: &[bool],
        (index, node, at): (usize, NodeIndex, WaitIndex),
        held_only: bool,
    ) {
        let engine = world.engine(index);
        let Some(&wait) = self.waits.get(&(index, at)) else {
            return;
        };
        let member = |slot| {
            let id = engine.requests.id_at(slot);
            let member = graph.by_agent.get(&world.agent((index, id))).copied();
            member.filter(|&member| inside[member])
        };
        let asks = engine.crowds.wait(at);
        let there = engine.crowds.get(engine.tree.node(node).crowd);
        let taken = there.into_iter().flat_map(|there| there.permits.iter());
        let is_held = |slot: u32| {
            let record = engine.requests.record_ref(slot);
            record.is_some_and(|it| it.is_held() || it.has_inherited_permit(node))
        };
        let asker = asker_of(asks);
        let counted: Vec<u32> = taken
            .copied()
            .filter(|&slot| engine.permit_counts(node, slot, asker))
            .filter(|&slot| !held_only || is_held(slot))
            .collect();
        let mut inputs = Vec::new();
        for slot in counted {
            let Some(holder) = member(slot) else { continue };
            if engine.permit_counts_itself(node, slot, asker) {
                inputs.push(holder);
                continue;
            }
            // Until its holder has finished, or those for whose sake it counts have.
            let others: Vec<Index> = engine
                .permit_counts_by(node, slot, asker)
                .filter_map(member)
                .collect();
            let by_others = self.add(Condition {
                inputs: others,
                ..Condition::default()
            });
            inputs.push(self.add(Condition {
                inputs: vec![holder, by_others],
                allowance: 1,
                ..Condition::default()
            }));
        }
        if !held_only {
            let wanted = engine.permit_waits_before(node, asks);
            inputs.extend(wanted.filter_map(|other| member(other.slot)));
        }
        let permit = self.add(Condition {
            inputs,
            allowance: engine.limit_at(node, asks.slot).saturating_sub(1),
            ..Condition::default()
        });
        self.conditions[wait].inputs.push(permit);
        self.permits.insert(wait, permit);
    }

    /// A permit is to be had when everybody else who waits in front can have one, too,
    /// and whoever waits in front of those, and so on.
    fn add_permits_in_front<W: World>(
        &mut self,
        world: &W,
        (index, node, at): (usize, NodeIndex, WaitIndex),
    ) {
        let engine = world.engine(index);
        let place_of = |slot: u32| {
            let record = engine.requests.record_ref(slot)?;
            let entry = record.entries.iter().find(|it| it.node == node)?;
            permit_wait(entry.permit)
        };
        let (mut seen, mut reached) = (HashSet::from([at]), vec![at]);
        while let Some(next) = reached.pop() {
            for other in engine.permit_waits_before(node, engine.crowds.wait(next)) {
                let place = place_of(other.slot);
                reached.extend(place.filter(|&place| seen.insert(place)));
            }
        }
        seen.remove(&at);
        let condition = |at: WaitIndex| self.permits.get(self.waits.get(&(index, at))?);
        let more: Vec<Index> = seen.into_iter().filter_map(condition).copied().collect();
        if let Some(&wait) = self.waits.get(&(index, at)) {
            self.conditions[wait].inputs.extend(more);
        }
    }

    /// What each condition still needs, and is needed for.
    fn count(&mut self) {
        for index in 0..self.conditions.len() {
            let condition = &mut self.conditions[index];
            condition.missing = condition.inputs.len().saturating_sub(condition.allowance);
            for input in self.conditions[index].inputs.clone() {
                self.conditions[input].outputs.push(index);
            }
        }
    }

    /// Whether a member can finish.
    pub(super) fn can_finish(&mut self, member: usize) -> bool {
        self.solve(|system, reached| system.meet(reached));
        self.conditions[member].met
    }

    /// The members that can finish, in an order in which they can: of those that could
    /// be next, first one with an upgrade that waits, then the one whose earliest
    /// waiting request arrived first. (Two agents of which upgrades alone wait never
    /// conflict, so their order changes nothing.)
    pub(super) fn finishing_order<W: World>(
        &mut self,
        world: &W,
        graph: &Graph,
        inside: &[bool],
    ) -> Vec<usize> {
        let mut ready = BinaryHeap::new();
        let mut order = Vec::new();
        let members = self.members;
        let queue = |ready: &mut BinaryHeap<_>, index: Index| {
            if index < members && inside[index] {
                ready.push(Reverse((earliest_wait(world, graph, index), index)));
                return true;
            }
            false
        };
        let mut met: VecDeque<Index> = self.ready();
        loop {
            while let Some(index) = met.pop_front() {
                if !queue(&mut ready, index) {
                    met.extend(self.meet(index));
                }
            }
            let Some(Reverse((_, member))) = ready.pop() else {
                return order;
            };
            order.push(member);
            met.extend(self.meet(member));
        }
    }

    /// The conditions that need nothing.
    fn ready(&self) -> VecDeque<Index> {
        let all = self.conditions.iter().enumerate();
        let ready = all.filter(|(_, condition)| condition.missing == 0);
        ready.map(|(index, _)| index).collect()
    }

    fn solve(&mut self, meet: impl Fn(&mut Self, Index) -> Vec<Index>) {
        let mut met = self.ready();
        while let Some(index) = met.pop_front() {
            met.extend(meet(self, index));
        }
    }

    /// Meets a condition. Those that can be met because of that.
    fn meet(&mut self, index: Index) -> Vec<Index> {
        self.conditions[index].met = true;
        let mut more = Vec::new();
        for output in std::mem::take(&mut self.conditions[index].outputs) {
            let condition = &mut self.conditions[output];
            if condition.missing > 0 {
                condition.missing -= 1;
                if condition.missing == 0 {
                    more.push(output);
                }
            }
        }
        more
    }

    /// The shortest way from a wait of the first member that is never over, of this
    /// request if it has one, back to that member through conditions that are not
    /// met; where there is none, on into others' cycle and once round it.
    pub(super) fn cycle(&self, asks: At) -> Vec<At> {
        let waits: Vec<Index> = self.unmet(0).collect();
        let of_it = |&&index: &&Index| self.conditions[index].waits == Some(asks);
        let Some(&first) = waits.iter().find(of_it).or(waits.first()) else {
            return vec![asks];
        };
        let way = self.way_back(first).unwrap_or_else(|| self.way_on(first));
        let waits = way.into_iter().map(|index| self.conditions[index].waits);
        waits.flatten().collect()
    }

    fn unmet(&self, index: Index) -> impl Iterator<Item = Index> {
        let inputs = self.conditions[index].inputs.iter().copied();
        inputs.filter(|&input| !self.conditions[input].met)
    }

    fn way_back(&self, first: Index) -> Option<Vec<Index>> {
        // By which condition each was reached; the first by none.
        let mut before = HashMap::from([(first, None)]);
        let mut reached = VecDeque::from([first]);
        while let Some(index) = reached.pop_front() {
            for input in self.unmet(index) {
                if input == 0 {
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

/// Which of several agents that could finish next does: the least.
fn earliest_wait<W: World>(world: &W, graph: &Graph, member: usize) -> (bool, u64) {
    let (mut no_upgrade, mut earliest) = (true, None);
    for &(engine, id) in &graph.members[member].parts {
        let Some(record) = world.engine(engine).requests.record(id) else {
            continue;
        };
        if !record.is_held() {
            let arrival = world.arrival((engine, id));
            earliest = Some(earliest.map_or(arrival, |it: u64| it.min(arrival)));
        } else if record.upgrade_waits() {
            no_upgrade = false;
        }
    }
    (no_upgrade, earliest.unwrap_or(0))
}
