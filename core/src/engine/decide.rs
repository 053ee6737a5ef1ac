//! The decision: who passes a node, and letting those pass who wait there.

use std::num::NonZeroU32;

use super::counts::Counts;
use super::crowd::{AHEAD, CrowdIndex, Stage, Wait, WaitIndex};
use super::entry::Permit;
use super::modes::{ALL, NodeMode};
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
        let earlier = |other: NodeMode| {
            !mode.compatible(other) && self.waits_before(there.crowd, Stage::Mode(other), asker)
        };
        there.crowd == 0 || !ALL.into_iter().any(earlier)
    }

    /// The rule for limits, at one node: fewer than the limit of others have a
    /// permit, and no other that arrived earlier waits for one.
    pub(super) fn may_take_permit(&self, node: NodeIndex, limit: NonZeroU32, asker: Asker) -> bool {
        self.permits_ahead(node, asker) < limit.get()
            && !self.waits_before(self.tree.node(node).crowd, Stage::Permit, asker)
    }

    /// How many permits others have taken that arrived earlier, or went ahead.
    pub(super) fn permits_ahead(&self, node: NodeIndex, asker: Asker) -> u32 {
        let Some(crowd) = self.crowds.get(self.tree.node(node).crowd) else {
            return 0;
        };
        if !crowd.reordered {
            // First in, first out: all that are taken.
            let own = asker.owner.and_then(|owner| self.owned.get(node, owner));
            return crowd.permits - own.map_or(0, |own| own.permits);
        }
        let others = self
            .requests
            .records()
            .filter(|(_, record)| asker.owner.is_none() || record.owner != asker.owner);
        let ahead = others.filter(|(_, record)| record.has_permit_ahead(node, asker.arrival));
        ahead.count() as u32
    }

    /// Whether another waits in this list that arrived before the asker.
    fn waits_before(&self, crowd: CrowdIndex, stage: Stage, asker: Asker) -> bool {
        // In the order of arrival; the owner's own are passed over.
        self.crowds
            .list(crowd, stage)
            .find(|(_, wait)| asker.owner.is_none() || wait.owner != asker.owner)
            .is_some_and(|(_, wait)| wait.arrival < asker.arrival)
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
        while let Some(at) = self.next_to_pass(node) {
            self.pass(node, at, grants);
        }
        self.crowds
            .drop_if_empty(&mut self.tree.node_mut(node).crowd);
    }

    /// One that waits at the node and may pass. The heads of the lists are
    /// enough, but for owners that have something else here.
    fn next_to_pass(&self, node: NodeIndex) -> Option<WaitIndex> {
        let there = self.tree.node(node).crowd;
        let crowd = self.crowds.get(there)?;
        let heads = Stage::ALL
            .into_iter()
            .filter_map(|stage| self.crowds.first(there, stage));
        let special = crowd.special.iter().flat_map(|&owner| {
            let own = self.owned.get(node, owner);
            own.into_iter().flat_map(|own| own.waiting.iter().copied())
        });
        heads.chain(special).find(|&at| self.may_go(node, at))
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
        };
        match (wait.stage, entry.target.and_then(|target| target.limit)) {
            (Stage::Mode(mode), _) => {
                self.may_pass(node, mode, asker)
                    || (cfg!(oarlock_mutation = "grant_one_too_many")
                        && mode == NodeMode::Read
                        && self.tree.node(node).counts.total() == 1)
            }
            (Stage::Permit, Some(limit)) => self.may_take_permit(node, limit, asker),
            (Stage::Permit, None) => true,
        }
    }

    /// Lets one that waits pass; its request is granted with its last stage.
    fn pass(&mut self, node: NodeIndex, at: WaitIndex, grants: &mut Grants) {
        let Wait {
            slot, entry, stage, ..
        } = self.unlink(node, at);
        let Some(record) = self.requests.record_at(slot) else {
            unreachable!("only live requests stand in queues");
        };
        let owner = record.owner;
        record.blocked -= 1;
        let granted = record.blocked == 0;
        let entry = &mut record.entries[entry as usize];
        match stage {
            Stage::Permit => {
                entry.permit = Permit::Taken;
                self.take_permit(node, owner);
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
    }

    /// The last stage has passed.
    fn grant(&mut self, slot: u32, grants: &mut Grants) {
        let id = self.requests.id_at(slot);
        self.clock += 1;
        let Some(record) = self.requests.record_at(slot) else {
            unreachable!("the caller has just seen it");
        };
        if record.upgrading && record.upgrades_part {
            grants.push((AHEAD, id));
            return;
        }
        if record.upgrading {
            grants.push((AHEAD, id));
        } else {
            record.granted = true;
            grants.push((record.arrival, id));
            self.waiting -= 1;
        }
        let finish = record.upgrading;
        self.requests.set_granted(id, self.clock, self.now);
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

    pub(super) fn take_permit(&mut self, node: NodeIndex, owner: Option<OwnerId>) {
        let crowd = &mut self.tree.node_mut(node).crowd;
        let crowd = self.crowds.ensure(crowd);
        crowd.permits += 1;
        crowd.reordered |= crowd.is_awaited(Stage::Permit);
        if let Some(owner) = owner {
            self.owned.entry(node, owner).permits += 1;
        }
    }

    pub(super) fn return_permit(&mut self, node: NodeIndex, owner: Option<OwnerId>) {
        let crowd = &mut self.tree.node_mut(node).crowd;
        self.crowds.ensure(crowd).permits -= 1;
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
