//! Going ahead of those that wait.
//!
//! An upgrade, and a claim that its owner holds already, go ahead of all requests
//! that wait. These may have passed a node all the same, and wait at others only:
//! what they have passed in the way of the one that goes ahead is sent back into
//! the queue, to its old place there.

use super::crowd::{AHEAD, Stage};
use super::entry::{Entry, Permit};
use super::modes::NodeMode;
use super::tree::NodeIndex;
use super::{Attach, Engine, RequestId};
use crate::owner::OwnerId;

impl<T: Attach> Engine<T> {
    /// Sends back what others that wait have passed: at these nodes what is
    /// incompatible with these modes, and at those every permit. The nodes of
    /// permits have to be looked at afterwards. Looks at all that wait.
    pub(super) fn send_back(
        &mut self,
        ahead: RequestId,
        own: Option<OwnerId>,
        wanted: &[(NodeIndex, NodeMode)],
        permits: &[NodeIndex],
    ) {
        let ids: Vec<RequestId> = self.requests.records().map(|(id, _)| id).collect();
        for id in ids.into_iter().filter(|&id| id != ahead) {
            let Some(record) = self.requests.record_mut(id) else {
                continue;
            };
            if own.is_some() && record.owner == own {
                continue;
            }
            if record.upgrading {
                self.send_upgrade_back(id, wanted);
                continue;
            }
            if record.is_held() {
                continue;
            }
            let mut back: Vec<(usize, Stage)> = Vec::new();
            for (index, entry) in record.entries.iter().enumerate() {
                let asked = entry.asked.filter(|_| entry.wait.is_none());
                let wanted = wanted.iter().find(|(node, _)| *node == entry.node);
                if let (Some(asked), Some(&(_, wanted))) = (asked, wanted)
                    && !asked.compatible(wanted)
                {
                    back.push((index, Stage::Mode(asked)));
                }
                let inherited = entry.target.is_some_and(|target| target.inherited);
                if entry.permit == Permit::Taken && !inherited && permits.contains(&entry.node) {
                    back.push((index, Stage::Permit));
                }
            }
            if back.is_empty() {
                continue;
            }
            if record.granted {
                // Complete here, but not elsewhere; unless it just became so.
                if !record.payload.as_ref().is_none_or(Attach::wait_again) {
                    continue;
                }
                record.granted = false;
                self.waiting += 1;
                self.requests.set_waiting(id);
            }
            self.send_entries_back(id, &back);
        }
    }

    /// What an upgrade that waits has passed goes back, too. (Two upgrades are never
    /// in each other's way there alone: what one holds would be, and that is a
    /// circle.)
    fn send_upgrade_back(&mut self, id: RequestId, wanted: &[(NodeIndex, NodeMode)]) {
        let Some(record) = self.requests.record_mut(id) else {
            return;
        };
        let in_the_way = |entry: &Entry| {
            let passed = entry.goal.filter(|_| entry.held != entry.before)?;
            let &(_, wanted) = wanted.iter().find(|(node, _)| *node == entry.node)?;
            (!passed.compatible(wanted)).then_some(passed)
        };
        if !record.entries.iter().any(|it| in_the_way(it).is_some()) {
            return;
        }
        let complete = record.blocked == 0;
        let payload = record.payload.as_ref();
        if complete && !payload.is_none_or(Attach::upgrade_waits_again) {
            return;
        }
        let (owner, mut blocked) = (record.owner, record.blocked);
        let mut entries = std::mem::take(&mut record.entries);
        for (index, entry) in entries.iter_mut().enumerate() {
            let Some(goal) = in_the_way(entry) else {
                continue;
            };
            self.recount(entry.node, owner, entry.held, entry.before);
            entry.held = entry.before;
            let stage = Stage::Mode(goal);
            entry.wait = Some(self.link(entry.node, id.slot(), index, owner, AHEAD, stage));
            blocked += 1;
        }
        if let Some(record) = self.requests.record_mut(id) {
            record.entries = entries;
            record.blocked = blocked;
        }
    }

    fn send_entries_back(&mut self, id: RequestId, back: &[(usize, Stage)]) {
        let Some(record) = self.requests.record_mut(id) else {
            return;
        };
        let (owner, arrival) = (record.owner, record.arrival);
        record.blocked += back.len() as u32;
        let mut entries = std::mem::take(&mut record.entries);
        for &(index, stage) in back {
            let entry = &mut entries[index];
            let wait = self.link(entry.node, id.slot(), index, owner, arrival, stage);
            match stage {
                Stage::Mode(_) => {
                    self.recount(entry.node, owner, entry.held, entry.inherited);
                    entry.held = entry.inherited;
                    entry.wait = Some(wait);
                }
                Stage::Permit => {
                    self.return_permit(entry.node, owner);
                    entry.permit = Permit::Waiting(wait);
                }
            }
        }
        if let Some(record) = self.requests.record_mut(id) {
            record.entries = entries;
        }
    }
}
