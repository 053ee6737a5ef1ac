//! Ending a request.

use super::crowd::Crowds;
use super::entry::{Entry, Permit};
use super::modes::NodeMode;
use super::owned::Owned;
use super::through::Through;
use super::tree::{NodeIndex, ROOT};
use super::{Attach, Ended, Engine, Grants, RequestId, State, in_order, state_of};
use crate::owner::OwnerId;

impl<T: Attach> Engine<T> {
    /// Ends a request, granted or waiting, and appends to `granted` the ids of
    /// those that are granted or upgraded by it, upgrades first, then in the
    /// order of their arrival.
    ///
    /// `None`: the id is stale; nothing has changed.
    #[inline]
    pub fn end(&mut self, id: RequestId, granted: &mut impl Extend<RequestId>) -> Option<Ended<T>> {
        let mut grants = Grants::new();
        let ended = match self.end_simple(id, &mut grants) {
            Some(token) => Ended {
                state: State::Granted { token },
                payload: None,
            },
            None => self.end_record(id, &mut grants)?,
        };
        if !grants.is_empty() {
            granted.extend(in_order(grants));
        }
        Some(ended)
    }

    /// Ends a granted request for which nobody waits, and about which nothing else
    /// is known; else nothing has changed.
    #[inline]
    pub(crate) fn end_alone(&mut self, id: RequestId) -> bool {
        let Some(simple) = self.requests.simple(id) else {
            return self.end_record_alone(id);
        };
        let mut at = Some(simple.node);
        while let Some(node) = at {
            if self.tree.node(node).crowd != 0 {
                return false;
            }
            at = self.tree.parent(node);
        }
        self.requests.remove_simple(id);
        let mut mode = NodeMode::target(simple.mode);
        let mut node = simple.node;
        while let Some(parent) = self.tree.parent(node) {
            let there = self.tree.node_mut(node);
            there.counts.remove(mode);
            let is_empty = there.counts.is_zero();
            if parent == ROOT {
                self.tops[self.tree.class(node)] -= 1;
            }
            if is_empty {
                self.tree.retire(node);
            }
            mode = NodeMode::intention(simple.mode);
            node = parent;
        }
        self.tree.node_mut(ROOT).counts.remove(mode);
        if self.is_sparse() {
            self.give_back();
        }
        true
    }

    /// The same for one with a record, but without an owner and a payload.
    fn end_record_alone(&mut self, id: RequestId) -> bool {
        let Some(record) = self.requests.record(id) else {
            return false;
        };
        let plain = record.granted && record.owner.is_none() && record.payload.is_none();
        let is_alone = |entry: &Entry| self.tree.node(entry.node).crowd == 0;
        if !plain || !record.entries.iter().all(is_alone) {
            return false;
        }
        let Some((_, record)) = self.requests.remove(id) else {
            return false;
        };
        for entry in record.entries.iter().rev() {
            if let Some(held) = entry.held {
                self.leave_alone(entry.node, held);
            }
        }
        self.keep_entries(record.entries);
        if self.is_sparse() {
            self.give_back();
        }
        true
    }

    #[inline]
    fn end_simple(&mut self, id: RequestId, grants: &mut Grants) -> Option<u64> {
        let simple = self.requests.remove_simple(id)?;
        let mut mode = NodeMode::target(simple.mode);
        let mut at = Some(simple.node);
        while let Some(node) = at {
            at = self.tree.parent(node);
            let there = self.tree.node_mut(node);
            there.counts.remove(mode);
            if there.crowd != 0 {
                self.pass_waiting(node, grants);
            }
            if at == Some(ROOT) {
                self.tops[self.tree.class(node)] -= 1;
            }
            self.retire_if_empty(node);
            mode = NodeMode::intention(simple.mode);
        }
        if self.is_sparse() {
            self.give_back();
        }
        Some(simple.token)
    }

    fn end_record(&mut self, id: RequestId, grants: &mut Grants) -> Option<Ended<T>> {
        let record = self.requests.record(id)?;
        if record.order.is_some() {
            self.forget_order_for_good(id.slot());
        }
        let (token, record) = self.requests.remove(id)?;
        if !record.granted {
            self.waiting -= 1;
        }
        if let Some(owner) = record.owner {
            self.remove_owned(owner, record.owned);
        }
        // From all nodes before any is looked at: an upgrade that is granted at one
        // looks at others itself.
        for entry in &record.entries {
            if record.owner.is_none()
                && entry.through.is_none()
                && self.tree.node(entry.node).crowd == 0
                && let Some(held) = entry.held
            {
                self.tree.node_mut(entry.node).counts.remove(held);
                self.leave_top(entry.node);
                continue;
            }
            self.leave(entry, id.slot(), record.owner);
        }
        // Children before their parents, as retiring wants it.
        for entry in record.entries.iter().rev() {
            self.look_at(entry.node, grants);
        }
        self.keep_entries(record.entries);
        if self.is_sparse() {
            self.give_back();
        }
        Some(Ended {
            state: state_of(token),
            payload: record.payload,
        })
    }

    fn remove_owned(&mut self, owner: OwnerId, place: u32) {
        if let Some(slot) = self.owned.remove_request(owner, place)
            && let Some(moved) = self.requests.record_at(slot)
        {
            moved.owned = place;
        }
    }

    /// Takes an entry from its node: out of the queue, and out of the counts.
    pub(super) fn leave(&mut self, entry: &Entry, slot: u32, owner: Option<OwnerId>) {
        let node = entry.node;
        if let Some(at) = entry.wait
            && !(cfg!(oarlock_mutation = "keep_cancelled_entry") && entry.held.is_none())
        {
            self.unlink(node, at);
        }
        if let Some(at) = entry.through {
            self.unlist_entry(node, at);
        }
        match entry.permit {
            Permit::Unneeded => {}
            Permit::Taken => self.return_permit(node, slot, owner),
            Permit::Waiting(at) => {
                self.unlink(node, at);
            }
        }
        self.recount(node, owner, entry.held, None);
        self.leave_top(node);
        if let Some(owner) = owner {
            let own = self.owned.entry(node, owner);
            own.targets.retain(|&mut other| other != slot);
            self.owned.leave(node, owner);
            self.look_whether_special(node, owner);
        }
    }

    /// What `leave` and `look_at` come to without an owner and where nobody waits.
    #[inline]
    fn leave_alone(&mut self, node: NodeIndex, held: NodeMode) {
        self.tree.node_mut(node).counts.remove(held);
        self.leave_top(node);
        self.retire_if_empty(node);
    }

    /// One entry fewer, if this is a node directly below the root.
    #[inline]
    fn leave_top(&mut self, node: NodeIndex) {
        if self.tree.parent(node) == Some(ROOT) {
            self.tops[self.tree.class(node)] -= 1;
        }
    }

    /// Something has left a node: whoever may pass now does.
    pub(super) fn look_at(&mut self, node: NodeIndex, grants: &mut Grants) {
        if self.tree.node(node).crowd != 0 {
            self.pass_waiting(node, grants);
        }
        self.retire_if_empty(node);
    }

    /// Gives all back, when nobody is left and nobody will come.
    fn forget(&mut self) {
        self.tree.forget();
        self.crowds = Crowds::default();
        self.owned = Owned::default();
        self.through = Through::default();
        self.requests.forget();
        self.marks = Vec::new();
        self.spare = Vec::new();
    }

    /// Whether there is memory to be given back.
    #[inline]
    fn is_sparse(&self) -> bool {
        self.tree.is_sparse() || (self.frozen && self.requests.len() == 0)
    }

    /// Gives memory back when few of a crowd are left. What has a table of places of
    /// its own does so by itself.
    #[cold]
    pub(super) fn give_back(&mut self) {
        if self.frozen && self.requests.len() == 0 {
            self.forget();
            return;
        }
        self.tree.shrink();
        let nodes = self.tree.places();
        self.through.shrink(nodes);
        self.marks.truncate(nodes);
        self.marks.shrink_to_fit();
        self.spare.clear();
    }
}
