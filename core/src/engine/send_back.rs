//! Going ahead of those that wait.
//!
//! An upgrade, and a claim that its owner holds already, go ahead of all requests
//! that wait. These may have passed a node all the same, and wait at others only:
//! what they have passed in the way of the one that goes ahead is sent back into
//! the queue, to its old place there.

use super::counts::Counts;
use super::crowd::{AHEAD, Stage};
use super::entry::{Entry, Permit};
use super::modes::NodeMode;
use super::tree::NodeIndex;
use super::{Attach, Engine, RequestId};
use crate::owner::OwnerId;

impl<T: Attach> Engine<T> {
    /// Sends back what others that wait have passed: at these nodes what is
    /// incompatible with these modes, and at those every permit. The nodes of
    /// permits have to be looked at afterwards. Looks at those that wait, and have
    /// passed one of these nodes, where one is in the way.
    pub(super) fn send_back(
        &mut self,
        ahead: RequestId,
        own: Option<OwnerId>,
        wanted: &[Wanted],
        permits: &[NodeIndex],
    ) {
        let mut back: Vec<(u32, usize, Stage)> = Vec::new();
        for &Wanted { node, mode, held } in wanted {
            let own_here = own.and_then(|owner| self.owned.get(node, owner));
            let own_here = own_here.map_or_else(|| Counts::of(held), |own| own.counts);
            let others = self.tree.node(node).counts.without(own_here);
            self.steps += 1;
            if others.block(mode) {
                let passed: Vec<_> = self.passed_by_others(node, ahead, own).collect();
                self.steps += passed.len() as u64;
                let passed = passed.into_iter();
                back.extend(passed.filter_map(|(slot, index, entry)| {
                    let stage = entry.sent_back_stage(mode)?;
                    Some((slot, index, stage))
                }));
            }
        }
        for &node in permits {
            let crowd = self.crowds.get(self.tree.node(node).crowd);
            let taken = crowd.into_iter().flat_map(|crowd| &crowd.permits);
            for &slot in taken {
                if let Some(index) = self.sent_back_permit(node, slot, ahead, own) {
                    back.push((slot, index, Stage::Permit));
                }
            }
        }
        for (slot, index, stage) in back {
            self.send_entry_back(slot, index, stage);
        }
    }

    /// What the request, or its owner, has passed a node with.
    pub(super) fn own_counts(
        &self,
        node: NodeIndex,
        id: RequestId,
        own: Option<OwnerId>,
    ) -> Counts {
        if let Some(owner) = own {
            return self
                .owned
                .get(node, owner)
                .map_or(Counts::default(), |own| own.counts);
        }
        let record = self.requests.record(id);
        let entry = record.and_then(|it| it.entries.iter().find(|entry| entry.node == node));
        Counts::of(entry.and_then(|entry| entry.held))
    }

    /// What others have passed at a node while they, or their upgrades, wait: the
    /// slot, the place of the entry, and the entry.
    pub(super) fn passed_by_others(
        &self,
        node: NodeIndex,
        id: RequestId,
        own: Option<OwnerId>,
    ) -> impl Iterator<Item = (u32, usize, Passed)> {
        self.through.at(node).filter_map(move |(slot, index)| {
            let record = self.requests.record_ref(slot)?;
            if slot == id.slot() || (own.is_some() && record.owner == own) || !record.waits() {
                return None;
            }
            let entry = record.entries.get(index as usize)?;
            let passed = Passed {
                held: entry.held,
                kept: record.held(entry),
                asked: record.passed_with(entry),
            };
            Some((slot, index as usize, passed))
        })
    }

    /// Where a permit that is only kept ready stands among the entries of its
    /// request, if that is another's.
    fn sent_back_permit(
        &self,
        node: NodeIndex,
        slot: u32,
        ahead: RequestId,
        own: Option<OwnerId>,
    ) -> Option<usize> {
        let record = self.requests.record_ref(slot)?;
        if slot == ahead.slot() || (own.is_some() && record.owner == own) || record.is_held() {
            return None;
        }
        let inherited = |entry: &Entry| entry.target.is_some_and(|target| target.inherited);
        let mut entries = record.entries.iter();
        entries.position(|it| it.node == node && it.permit == Permit::Taken && !inherited(it))
    }

    /// Sends one entry of one that waits, or whose upgrade does, back into the queue.
    /// `false`: the wait was over in this moment, elsewhere.
    pub(super) fn send_entry_back(&mut self, slot: u32, index: usize, stage: Stage) -> bool {
        let id = self.requests.id_at(slot);
        let Some(record) = self.requests.record_at(slot) else {
            return false;
        };
        let payload = record.payload.as_ref();
        if record.upgrading {
            // Complete here, but not elsewhere; unless it just became so.
            if record.blocked == 0 && !payload.is_none_or(Attach::upgrade_waits_again) {
                return false;
            }
        } else if record.granted {
            if !payload.is_none_or(Attach::wait_again) {
                return false;
            }
            record.granted = false;
            self.waiting += 1;
            self.requests.set_waiting(id);
        }
        let Some(record) = self.requests.record_at(slot) else {
            return false;
        };
        record.blocked += 1;
        let (owner, upgrading) = (record.owner, record.upgrading);
        let arrival = if upgrading { AHEAD } else { record.arrival };
        let entry = &mut record.entries[index];
        let (node, held) = (entry.node, entry.held);
        let kept = entry.kept(upgrading);
        if let Some(at) = entry.through.take_if(|_| stage != Stage::Permit) {
            self.unlist_entry(node, at);
        }
        let wait = self.link(node, slot, index, owner, arrival, stage);
        match stage {
            Stage::Mode(_) => self.recount(node, owner, held, kept),
            Stage::Permit => self.return_permit(node, slot, owner),
        }
        let entries = self
            .requests
            .record_at(slot)
            .map(|record| &mut record.entries);
        if let Some(entry) = entries.and_then(|entries| entries.get_mut(index)) {
            match stage {
                Stage::Mode(_) => (entry.held, entry.wait) = (kept, Some(wait)),
                Stage::Permit => entry.permit = Permit::Waiting(wait),
            }
        }
        self.mark_waits(node, slot);
        true
    }
}

/// What goes ahead at a node, and what its request holds there so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) node: NodeIndex,
    pub(super) mode: NodeMode,
    pub(super) held: Option<NodeMode>,
}

/// An entry of one that waits, at a node that it has passed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passed {
    /// What the node counts of it.
    pub(super) held: Option<NodeMode>,
    /// What of that is held in any case.
    pub(super) kept: Option<NodeMode>,
    /// What it has been let in with, if with anything.
    asked: Option<NodeMode>,
}

impl Passed {
    /// The queue that it goes back to if another with this mode goes ahead.
    fn sent_back_stage(&self, mode: NodeMode) -> Option<Stage> {
        let asked = self.asked.filter(|asked| !asked.compatible(mode));
        asked.map(Stage::Mode)
    }
}
