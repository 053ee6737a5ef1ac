//! The decision: who passes a node, and letting those pass who wait there.

use std::num::NonZeroU32;

use super::counts::Counts;
use super::crowd::{AHEAD, Stage, Wait, WaitIndex};
use super::entry::Permit;
use super::modes::{ALL, NodeMode};
use super::order::permit_wait;
use super::request::Record;
use super::tree::NodeIndex;
use super::{Attach, Engine, Grants};
use crate::owner::OwnerId;

/// Who asks to pass a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker {
    pub(super) owner: Option<OwnerId>,
    /// The request's number in the order of arrival, or [`AHEAD`].
    pub(super) arrival: u64,
    /// What its request holds at the node already.
    pub(super) held: Option<NodeMode>,
    /// Its slot, if a bypass may have changed its order to others.
    pub(super) slot: Option<u32>,
}

impl<T: Attach> Engine<T> {
    /// The admission rule, at one node: nothing of others that has passed it is
    /// incompatible with the mode, and nothing of others that waits there and
    /// arrived earlier.
    pub(super) fn may_pass(&self, node: NodeIndex, mode: NodeMode, asker: Asker) -> bool {
        let there = self.tree.node(node);
        let own = asker.owner.and_then(|owner| self.owned.get(node, owner));
        let own = own.map_or_else(|| Counts::of(asker.held), |own| own.counts);
        if there.counts.without(own).block(mode) {
            return false;
        }
        let in_front = |other: NodeMode| {
            !mode.compatible(other) && self.waits_before(node, Stage::Mode(other), asker)
        };
        there.crowd == 0 || !ALL.into_iter().any(in_front)
    }

    /// The rule for limits, at one node: fewer than the limit of others have a
    /// permit that counts, and no other that stands in front waits for one.
    pub(super) fn may_take_permit(&self, node: NodeIndex, limit: NonZeroU32, asker: Asker) -> bool {
        self.permits_ahead(node, asker) < limit.get()
            && !self.waits_before(node, Stage::Permit, asker)
    }

    /// How many permits others have taken that count against the asker.
    pub(super) fn permits_ahead(&self, node: NodeIndex, asker: Asker) -> u32 {
        let Some(crowd) = self.crowds.get(self.tree.node(node).crowd) else {
            return 0;
        };
        if !crowd.reordered {
            // First in, first out: all that are taken.
            let own = asker.owner.and_then(|owner| self.owned.get(node, owner));
            return crowd.permits.len() as u32 - own.map_or(0, |own| own.permits);
        }
        let permits = crowd.permits.iter();
        let ahead = permits.filter(|&&slot| self.permit_counts(node, slot, asker));
        ahead.count() as u32
    }

    /// Whether a permit that a request has taken counts against the asker.
    pub(super) fn permit_counts(&self, node: NodeIndex, slot: u32, asker: Asker) -> bool {
        let Some(record) = self.requests.record_ref(slot) else {
            unreachable!("only live requests have permits");
        };
        if asker.owner.is_some() && record.owner == asker.owner {
            return false;
        }
        self.permit_counts_itself(node, slot, asker)
            || self.permit_counts_by(node, slot, asker).next().is_some()
    }

    /// Whether it does by its own place.
    pub(super) fn permit_counts_itself(&self, node: NodeIndex, slot: u32, asker: Asker) -> bool {
        let record = self.requests.record_ref(slot);
        record.is_some_and(|record| {
            let arrivals = (record.arrival, asker.arrival);
            record.has_inherited_permit(node)
                || self.is_permit_before(node, slot, arrivals, asker.slot.unwrap_or(u32::MAX))
        })
    }

    /// Those that were put in front of the asker and count a permit that is held: so
    /// it counts against the asker, too, while they live.
    pub(super) fn permit_counts_by(
        &self,
        node: NodeIndex,
        slot: u32,
        asker: Asker,
    ) -> impl Iterator<Item = u32> {
        let record = self.requests.record_ref(slot).filter(|it| it.is_held());
        let record = record.filter(|_| !cfg!(oarlock_mutation = "uncounted_permit"));
        let order = asker.slot.and_then(|asker| self.order(asker));
        let front = order
            .into_iter()
            .flat_map(move |it| it.in_front(node, Stage::Permit));
        front.filter(move |&other| {
            let theirs = self.requests.record_ref(other);
            other != slot
                && record.zip(theirs).is_some_and(|(record, theirs)| {
                    !record.is_of_same_owner(theirs)
                        && theirs.has_permit(node)
                        && !theirs.has_inherited_permit(node)
                        && self.is_permit_before(
                            node,
                            slot,
                            (record.arrival, theirs.arrival),
                            other,
                        )
                })
        })
    }

    /// Whether another waits in this list that stands in front of the asker.
    fn waits_before(&self, node: NodeIndex, stage: Stage, asker: Asker) -> bool {
        let crowd = self.tree.node(node).crowd;
        let is_own = |owner| asker.owner.is_some() && owner == asker.owner;
        // In the order of arrival; the owner's own are passed over.
        let mut list = self.crowds.list(crowd, stage);
        let Some((asks, order)) = asker.slot.and_then(|slot| Some((slot, self.order(slot)?)))
        else {
            return list
                .find(|(_, wait)| !is_own(wait.owner))
                .is_some_and(|(_, wait)| wait.arrival < asker.arrival);
        };
        list.take_while(|(_, wait)| wait.arrival < asker.arrival)
            .any(|(_, wait)| !is_own(wait.owner) && !order.is_before(node, stage, wait.slot))
            || order
                .in_front(node, stage)
                .any(|slot| slot != asks && self.waits_at(node, slot, stage))
    }

    /// Whether a request waits at a node in this list.
    fn waits_at(&self, node: NodeIndex, slot: u32, stage: Stage) -> bool {
        let record = self.requests.record_ref(slot);
        let entry = record.and_then(|it| it.entries.iter().find(|entry| entry.node == node));
        let waits = entry.and_then(|entry| match stage {
            Stage::Mode(_) => entry.wait,
            Stage::Permit => permit_wait(entry.permit),
        });
        waits.is_some_and(|at| self.crowds.wait(at).stage == stage)
    }

    /// Lets pass at a node whoever may, and notes the requests granted by that.
    ///
    /// What keeps one from passing (what has passed, and earlier ones that wait)
    /// is not changed by another one passing, so the order in which they are
    /// looked at changes nothing.
    pub(super) fn pass_waiting(&mut self, node: NodeIndex, grants: &mut Grants) {
        if cfg!(oarlock_mutation = "skip_one_scan") && self.arrivals % 7 == 3 {
            return;
        }
        while !self.frozen
            && let Some(at) = self.next_to_pass(node)
        {
            self.pass(node, at, grants);
        }
        self.crowds
            .drop_if_empty(&mut self.tree.node_mut(node).crowd);
    }

    /// One that waits at the node and may pass. The heads of the lists are
    /// enough, but for owners that have something else here, and for those whose
    /// order here a bypass has changed.
    fn next_to_pass(&self, node: NodeIndex) -> Option<WaitIndex> {
        let there = self.tree.node(node).crowd;
        let crowd = self.crowds.get(there)?;
        if !crowd.has_waiting() {
            return None;
        }
        let heads = Stage::ALL.into_iter().filter_map(|stage| {
            if crowd.apart.is_empty() {
                self.crowds.first(there, stage)
            } else {
                self.crowds.first_in_order(there, stage)
            }
        });
        let special = crowd.special.iter().flat_map(|&owner| {
            let own = self.owned.get(node, owner);
            own.into_iter().flat_map(|own| own.waiting.iter().copied())
        });
        let apart = crowd.apart.iter().copied();
        heads
            .chain(apart)
            .chain(special)
            .find(|&at| self.may_go(node, at))
    }

    fn may_go(&self, node: NodeIndex, at: WaitIndex) -> bool {
        let wait = self.crowds.wait(at);
        let entry = self.requests.record_ref(wait.slot);
        let Some(entry) = entry.and_then(|record| record.entries.get(wait.entry as usize)) else {
            unreachable!("only live requests stand in queues");
        };
        let asker = Asker {
            owner: wait.owner,
            arrival: wait.arrival,
            held: entry.held,
            slot: Some(wait.slot),
        };
        match (wait.stage, entry.target.and_then(|target| target.limit)) {
            (Stage::Mode(mode), _) => {
                self.may_pass(node, mode, asker)
                    || (cfg!(oarlock_mutation = "grant_one_too_many")
                        && mode == NodeMode::Read
                        && self.tree.node(node).counts.total() == 1)
            }
            (Stage::Permit, Some(limit)) if self.is_apart(node) => {
                self.may_take_out_of_order(node, wait.slot, limit)
            }
            (Stage::Permit, Some(limit)) => self.may_take_permit(node, limit, asker),
            (Stage::Permit, None) => true,
        }
    }

    /// Whether the order of some that wait here has been changed.
    fn is_apart(&self, node: NodeIndex) -> bool {
        let crowd = self.crowds.get(self.tree.node(node).crowd);
        crowd.is_some_and(|crowd| !crowd.apart.is_empty())
    }

    /// Lets one that waits pass; its request is granted with its last stage.
    fn pass(&mut self, node: NodeIndex, at: WaitIndex, grants: &mut Grants) {
        let crowd = self.tree.node(node).crowd;
        let in_turn = self.crowds.first(crowd, Stage::Permit) == Some(at);
        let Wait {
            slot, entry, stage, ..
        } = self.unlink(node, at);
        let Some(record) = self.requests.record_at(slot) else {
            unreachable!("only live requests stand in queues");
        };
        let owner = record.owner;
        record.blocked -= 1;
        let granted = record.blocked == 0;
        let index = entry;
        let entry = &mut record.entries[index as usize];
        match stage {
            Stage::Permit => {
                entry.permit = Permit::Taken;
                self.take_permit(node, slot, owner, in_turn);
            }
            Stage::Mode(_) => {
                entry.wait = None;
                let (old, new) = (entry.held, entry.goal);
                entry.held = new;
                self.recount(node, owner, old, new);
            }
        }
        if granted {
            self.grant(slot, grants);
        }
        self.list_if_waiting(slot, index);
    }

    /// Lists an entry that has passed, unless the wait of its request is over.
    fn list_if_waiting(&mut self, slot: u32, index: u32) {
        let record = self.requests.record_ref(slot);
        let is_whole = |record: &Record<T>| record.payload.as_ref().is_none_or(Attach::is_whole);
        if record.is_some_and(|it| it.blocked > 0 || it.upgrades_part || !is_whole(it)) {
            self.list_entry(slot, index);
        }
    }

    /// The last stage has passed.
    fn grant(&mut self, slot: u32, grants: &mut Grants) {
        let id = self.requests.id_at(slot);
        self.clock += 1;
        let Some(record) = self.requests.record_at(slot) else {
            unreachable!("the caller has just seen it");
        };
        let is_whole = record.payload.as_ref().is_none_or(Attach::is_whole);
        if record.upgrading && record.upgrades_part {
            // A whole one is still to be looked at: `untangle` grants it.
            if !is_whole {
                grants.push((AHEAD, id));
            }
            return;
        }
        let finish = record.upgrading;
        if finish {
            grants.push((AHEAD, id));
        } else {
            record.granted = true;
            grants.push((record.arrival, id));
            self.waiting -= 1;
        }
        self.requests.set_granted(id, self.clock, self.now);
        if is_whole {
            self.unlist_passed(slot);
            self.forget_order(slot);
        }
        if finish {
            self.finish_upgrade(slot, grants);
        }
    }

    /// Changes what a node counts of an entry.
    pub(super) fn recount(
        &mut self,
        node: NodeIndex,
        owner: Option<OwnerId>,
        old: Option<NodeMode>,
        new: Option<NodeMode>,
    ) {
        let change = |counts: &mut Counts| {
            if let Some(old) = old {
                counts.remove(old);
            }
            if let Some(new) = new {
                counts.add(new);
            }
        };
        change(&mut self.tree.node_mut(node).counts);
        if let Some(owner) = owner {
            change(&mut self.owned.entry(node, owner).counts);
        }
    }

    /// Counts a permit that is taken: in its turn, or ahead of others.
    pub(super) fn take_permit(
        &mut self,
        node: NodeIndex,
        slot: u32,
        owner: Option<OwnerId>,
        in_turn: bool,
    ) {
        let crowd = &mut self.tree.node_mut(node).crowd;
        let crowd = self.crowds.ensure(crowd);
        crowd.permits.push(slot);
        crowd.reordered |= !in_turn && crowd.is_awaited(Stage::Permit);
        if let Some(owner) = owner {
            self.owned.entry(node, owner).permits += 1;
        }
    }

    pub(super) fn return_permit(&mut self, node: NodeIndex, slot: u32, owner: Option<OwnerId>) {
        let crowd = &mut self.tree.node_mut(node).crowd;
        let permits = &mut self.crowds.ensure(crowd).permits;
        if let Some(at) = permits.iter().position(|&taken| taken == slot) {
            permits.swap_remove(at);
        }
        if let Some(owner) = owner {
            self.owned.entry(node, owner).permits -= 1;
        }
    }

    /// Takes one out of its queue, wherever it stands there.
    pub(super) fn unlink(&mut self, node: NodeIndex, at: WaitIndex) -> Wait {
        let crowd = self.tree.node(node).crowd;
        let wait = self.crowds.unlink(crowd, at);
        if let Some(owner) = wait.owner {
            let own = self.owned.entry(node, owner);
            own.waiting.retain(|&mut other| other != at);
            self.look_whether_special(node, owner);
        }
        wait
    }

    /// To be called when the number of an owner's entries or waits at a node has
    /// changed.
    pub(super) fn look_whether_special(&mut self, node: NodeIndex, owner: OwnerId) {
        let special = self
            .owned
            .get(node, owner)
            .is_some_and(super::owned::Own::is_special);
        let crowd = self.tree.node(node).crowd;
        self.crowds.set_special(crowd, owner, special);
    }
}
