//! Who was put in front of whom: where a bypass has changed the order of two that
//! wait.
//!
//! Without a bypass the order follows from the numbers of arrival: upgrades stand in
//! front of requests, and each kind in the order in which they came. The exceptions
//! are kept as pairs, with the node where the two meet, on both sides. There are two
//! kinds. One is of waits, for modes, and ends with either wait. The other is of
//! requests, for permits, and ends with either request: a permit that is held keeps
//! the place which its request had while it waited.

use super::crowd::{Stage, WaitIndex};
use super::entry::Permit;
use super::tree::NodeIndex;
use super::{Attach, Engine};

/// Another request, by its slot, and the node where the two meet.
type Other = (NodeIndex, u32);

/// The exceptions that concern one request.
#[derive(Debug, Default)]
pub(super) struct Order {
    modes: Pairs,
    permits: Pairs,
}

#[derive(Debug, Default)]
struct Pairs {
    /// Those that were put in front of this one.
    in_front: Vec<Other>,
    /// Those that this one was put in front of.
    behind: Vec<Other>,
}

impl Pairs {
    fn has(&self, node: NodeIndex) -> bool {
        let mut all = self.in_front.iter().chain(&self.behind);
        all.any(|&(at, _)| at == node)
    }
}

impl Order {
    fn pairs(&self, stage: Stage) -> &Pairs {
        match stage {
            Stage::Mode(_) => &self.modes,
            Stage::Permit => &self.permits,
        }
    }

    fn pairs_mut(&mut self, stage: Stage) -> &mut Pairs {
        match stage {
            Stage::Mode(_) => &mut self.modes,
            Stage::Permit => &mut self.permits,
        }
    }

    /// Whether this one was put in front of that one.
    pub(super) fn is_before(&self, node: NodeIndex, stage: Stage, other: u32) -> bool {
        self.pairs(stage).behind.contains(&(node, other))
    }

    /// Whether that one was put in front of this one.
    pub(super) fn is_after(&self, node: NodeIndex, stage: Stage, other: u32) -> bool {
        self.pairs(stage).in_front.contains(&(node, other))
    }

    /// Those that were put in front of this one at a node.
    pub(super) fn in_front(&self, node: NodeIndex, stage: Stage) -> impl Iterator<Item = u32> {
        let all = self.pairs(stage).in_front.iter();
        all.filter(move |other| other.0 == node)
            .map(|&(_, slot)| slot)
    }

    /// Those that this one was put in front of at a node.
    pub(super) fn behind(&self, node: NodeIndex, stage: Stage) -> impl Iterator<Item = u32> {
        let all = self.pairs(stage).behind.iter();
        all.filter(move |other| other.0 == node)
            .map(|&(_, slot)| slot)
    }

    fn is_empty(&self) -> bool {
        [&self.modes, &self.permits]
            .iter()
            .all(|pairs| pairs.in_front.is_empty() && pairs.behind.is_empty())
    }
}

impl<T: Attach> Engine<T> {
    pub(super) fn order(&self, slot: u32) -> Option<&Order> {
        self.requests.record_ref(slot)?.order.as_deref()
    }

    fn order_mut(&mut self, slot: u32) -> Option<&mut Order> {
        let record = self.requests.record_at(slot)?;
        Some(record.order.get_or_insert_default())
    }

    /// Where both want a permit of the node, or have one: whether one stands in
    /// front of the other, or did while it waited.
    pub(super) fn is_permit_before(
        &self,
        node: NodeIndex,
        one: u32,
        arrival: (u64, u64),
        other: u32,
    ) -> bool {
        match self.order(one) {
            Some(order) if order.is_before(node, Stage::Permit, other) => true,
            Some(order) if order.is_after(node, Stage::Permit, other) => false,
            _ => arrival.0 < arrival.1,
        }
    }

    /// Puts one in front of another that stands in front of it, at one node.
    pub(super) fn put_in_front(&mut self, node: NodeIndex, stage: Stage, one: u32, other: u32) {
        let was_put_behind = self
            .order(one)
            .is_some_and(|it| it.is_after(node, stage, other));
        if was_put_behind {
            // Back to the order in which they arrived.
            self.part(node, stage, other, one);
        } else {
            if let Some(order) = self.order_mut(one) {
                order.pairs_mut(stage).behind.push((node, other));
            }
            if let Some(order) = self.order_mut(other) {
                order.pairs_mut(stage).in_front.push((node, one));
            }
        }
        self.mark_waits(node, one);
        self.mark_waits(node, other);
    }

    /// Forgets a pair.
    fn part(&mut self, node: NodeIndex, stage: Stage, front: u32, back: u32) {
        if let Some(order) = self.order_mut(front) {
            order
                .pairs_mut(stage)
                .behind
                .retain(|&it| it != (node, back));
        }
        if let Some(order) = self.order_mut(back) {
            order
                .pairs_mut(stage)
                .in_front
                .retain(|&it| it != (node, front));
        }
    }

    /// Forgets the order of a wait that is over.
    pub(super) fn forget_order(&mut self, slot: u32) {
        if cfg!(oarlock_mutation = "keep_pairs") {
            return;
        }
        self.forget_pairs(slot, Stage::Mode(super::modes::NodeMode::Write));
    }

    /// Forgets all about the order of a request that is about to end.
    pub(super) fn forget_order_for_good(&mut self, slot: u32) {
        self.forget_order(slot);
        self.forget_pairs(slot, Stage::Permit);
    }

    fn forget_pairs(&mut self, slot: u32, stage: Stage) {
        let Some(order) = self
            .requests
            .record_at(slot)
            .and_then(|it| it.order.as_mut())
        else {
            return;
        };
        let pairs = std::mem::take(order.pairs_mut(stage));
        if order.is_empty()
            && let Some(record) = self.requests.record_at(slot)
        {
            record.order = None;
        }
        let front = pairs
            .in_front
            .into_iter()
            .map(|(node, front)| (node, front, slot));
        let behind = pairs
            .behind
            .into_iter()
            .map(|(node, back)| (node, slot, back));
        for (node, front, back) in front.chain(behind) {
            let other = if front == slot { back } else { front };
            self.part_one(node, stage, other, slot);
            self.mark_waits(node, other);
            self.mark_waits(node, slot);
        }
    }

    /// One side of [`part`](Self::part).
    fn part_one(&mut self, node: NodeIndex, stage: Stage, of: u32, slot: u32) {
        let Some(record) = self.requests.record_at(of) else {
            return;
        };
        if let Some(order) = &mut record.order {
            let pairs = order.pairs_mut(stage);
            pairs.in_front.retain(|&it| it != (node, slot));
            pairs.behind.retain(|&it| it != (node, slot));
            if order.is_empty() {
                record.order = None;
            }
        }
    }

    /// To be called when the pairs of a request at a node have changed, or its waits.
    pub(super) fn mark_waits(&mut self, node: NodeIndex, slot: u32) {
        let Some(record) = self.requests.record_ref(slot) else {
            return;
        };
        let order = record.order.as_deref();
        let entry = record.entries.iter().find(|entry| entry.node == node);
        let Some(entry) = entry else { return };
        let waits = [entry.wait, permit_wait(entry.permit)];
        let crowd = self.tree.node(node).crowd;
        for at in waits.into_iter().flatten() {
            let apart = order.is_some_and(|it| it.pairs(self.crowds.wait(at).stage).has(node));
            self.crowds.set_apart(crowd, at, apart);
        }
    }
}

/// Where an entry waits for its permit.
pub(super) fn permit_wait(permit: Permit) -> Option<WaitIndex> {
    match permit {
        Permit::Waiting(at) => Some(at),
        Permit::Unneeded | Permit::Taken => None,
    }
}
