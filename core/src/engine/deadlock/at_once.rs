//! Whether a new request would be granted at once if a component were put into order:
//! the same decision as in `decide.rs`, in the order that would be.

use super::super::Engine;
use super::super::counts::Counts;
use super::super::crowd::{Stage, Wait, WaitIndex};
use super::super::entry::Entry;
use super::super::modes::{ALL, NodeMode};
use super::super::order::permit_wait;
use super::super::over::over;
use super::super::tree::NodeIndex;
use super::{At, Knot, World};

impl Knot {
    /// Whether a request that has just arrived, of which these are the parts, would be
    /// granted by the change of order.
    pub(crate) fn grants<W: World>(&self, world: &W, parts: &[At]) -> bool {
        parts.iter().all(|&(index, id)| {
            let engine = world.engine(index);
            let record = engine.requests.record(id);
            record.is_none_or(|record| {
                let would = Would {
                    knot: self,
                    world,
                    index,
                };
                let passes = |entry: &Entry| {
                    entry.wait.is_none_or(|at| would.pass(entry.node, at))
                        && permit_wait(entry.permit)
                            .is_none_or(|_| would.take_permit(entry.node, id.slot()))
                };
                record.entries.iter().all(passes)
            })
        })
    }
}

/// One engine as it would be.
struct Would<'k, W> {
    knot: &'k Knot,
    world: &'k W,
    index: usize,
}

impl<W: World> Would<'_, W> {
    fn engine(&self) -> &Engine<W::Payload> {
        self.world.engine(self.index)
    }

    fn member(&self, slot: u32) -> Option<usize> {
        let id = self.engine().requests.id_at(slot);
        let agent = self.world.agent((self.index, id));
        self.knot.graph.by_agent.get(&agent).copied()
    }

    /// Whether a request comes after the new one, whose agent is the first member.
    fn comes_after(&self, slot: u32) -> bool {
        let member = self.member(slot);
        member.is_some_and(|member| self.knot.comes_before(0, member))
    }

    fn is_own(&self, wait: &Wait, slot: u32, owner: Option<crate::owner::OwnerId>) -> bool {
        slot == wait.slot || (owner.is_some() && owner == wait.owner)
    }

    /// Whether the new one passes a node.
    fn pass(&self, node: NodeIndex, at: WaitIndex) -> bool {
        let engine = self.engine();
        let wait = engine.crowds.wait(at);
        let Stage::Mode(mode) = wait.stage else {
            return true;
        };
        !self.counts(node, wait).block(mode) && !self.waits_in_front(node, wait, mode)
    }

    /// What others would have passed the node with: without what is sent back.
    fn counts(&self, node: NodeIndex, wait: &Wait) -> Counts {
        let engine = self.engine();
        let id = engine.requests.id_at(wait.slot);
        let own = engine.own_counts(node, id, wait.owner);
        let mut counts = engine.tree.node(node).counts.without(own);
        for (slot, _, passed) in engine.passed_by_others(node, id, wait.owner) {
            if self.comes_after(slot) {
                counts = counts.without(Counts::of(passed.held));
                counts = counts.with(Counts::of(passed.kept));
            }
        }
        counts
    }

    fn waits_in_front(&self, node: NodeIndex, wait: &Wait, mode: NodeMode) -> bool {
        let engine = self.engine();
        let there = engine.tree.node(node).crowd;
        let blocking = ALL.into_iter().filter(|other| !mode.compatible(*other));
        let mut others = blocking.flat_map(|other| engine.crowds.list(there, Stage::Mode(other)));
        others.any(|(_, it)| {
            it.arrival < wait.arrival
                && !self.is_own(wait, it.slot, it.owner)
                && !self.comes_after(it.slot)
        })
    }

    /// Whether the new one has a permit.
    fn take_permit(&self, node: NodeIndex, slot: u32) -> bool {
        let engine = self.engine();
        let crowd = engine.tree.node(node).crowd;
        let taken: Vec<u32> = engine
            .crowds
            .get(crowd)
            .map_or(Vec::new(), |it| it.permits.to_vec());
        let list = engine.crowds.list(crowd, Stage::Permit);
        let mut wanting: Vec<u32> = list.map(|(_, it)| it.slot).collect();
        // What is only kept ready may have to go back.
        let is_ready = |slot: &u32| {
            let record = engine.requests.record_ref(*slot);
            record.is_some_and(|it| !it.is_held() && !it.has_inherited_permit(node))
        };
        let held: Vec<u32> = taken.iter().copied().filter(|it| !is_ready(it)).collect();
        wanting.extend(taken.into_iter().filter(is_ready));
        let is_full = |asks: u32| {
            let held = held.iter().filter(|&&it| self.counts_held(node, it, asks));
            let wanted = wanting.iter().filter(|&&it| self.is_before(node, it, asks));
            held.count() + wanted.count() >= engine.limit_at(node, asks)
        };
        let is_over = over(&wanting, is_full, |one, other| {
            self.is_before(node, one, other)
        });
        let own = wanting.iter().position(|&it| it == slot);
        own.is_some_and(|own| !is_over[own])
    }

    /// Whether a permit that is held counts against one that wants one.
    fn counts_held(&self, node: NodeIndex, slot: u32, asks: u32) -> bool {
        let engine = self.engine();
        let Some(record) = engine.requests.record_ref(slot) else {
            return false;
        };
        if self.same_agent(slot, asks) {
            return false;
        }
        let crowd = engine.tree.node(node).crowd;
        let taken = engine
            .crowds
            .get(crowd)
            .into_iter()
            .flat_map(|it| &it.permits);
        let list = engine.crowds.list(crowd, Stage::Permit);
        let mut others = taken.copied().chain(list.map(|(_, it)| it.slot));
        record.has_inherited_permit(node)
            || self.is_before(node, slot, asks)
            || others.any(|other| {
                !self.same_agent(other, slot)
                    && other != asks
                    && self.was_put_before(node, other, asks)
                    && self.is_before(node, slot, other)
            })
    }

    fn same_agent(&self, one: u32, other: u32) -> bool {
        let owner = |slot| {
            let record = self.engine().requests.record_ref(slot);
            record.and_then(|it| it.owner)
        };
        one == other || (owner(one).is_some() && owner(one) == owner(other))
    }

    /// By their ranks, where both wait to be granted and are in the component.
    fn by_rank(&self, one: u32, other: u32) -> Option<bool> {
        let waiting = |slot| {
            let record = self.engine().requests.record_ref(slot);
            record.is_some_and(|it| !it.is_held())
        };
        if !waiting(one) || !waiting(other) {
            return None;
        }
        let rank = |slot| self.knot.rank[self.member(slot)?];
        Some(rank(one)? < rank(other)?)
    }

    /// Whether one, of another agent, would stand in front of the other, or did.
    fn is_before(&self, node: NodeIndex, one: u32, other: u32) -> bool {
        if self.same_agent(one, other) {
            return false;
        }
        let engine = self.engine();
        let arrival = |slot| engine.requests.record_ref(slot).map_or(0, |it| it.arrival);
        self.by_rank(one, other).unwrap_or_else(|| {
            engine.is_permit_before(node, one, (arrival(one), arrival(other)), other)
        })
    }

    /// Whether one would have been put in front of the other: against the order in
    /// which they arrived.
    fn was_put_before(&self, node: NodeIndex, one: u32, other: u32) -> bool {
        let engine = self.engine();
        let arrival = |slot| engine.requests.record_ref(slot).map_or(0, |it| it.arrival);
        self.is_before(node, one, other)
            && arrival(one) > arrival(other)
            && engine
                .requests
                .record_ref(one)
                .is_some_and(|it| it.has_permit(node) && !it.has_inherited_permit(node))
    }
}
