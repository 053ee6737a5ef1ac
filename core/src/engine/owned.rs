//! What owners have at each node, for their exemption from their own claims.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::counts::Counts;
use super::crowd::WaitIndex;
use super::tree::NodeIndex;
use crate::owner::OwnerId;

/// One owner at one node: its requests there taken together.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// What has passed; a part of the node's counts.
    pub(super) counts: Counts,
    /// How many permits it has taken; a part of the crowd's.
    pub(super) permits: u32,
    /// How many entries it has here, passed or waiting.
    pub(super) entries: u32,
    /// The slots of the requests with a claim that ends here.
    pub(super) targets: SmallVec<[u32; 2]>,
    /// Its waits here.
    pub(super) waiting: SmallVec<[WaitIndex; 2]>,
}

impl Own {
    /// Whether its waits have to be looked at one by one: with something else of
    /// the owner's here, if only what the same entry has inherited, one of them may
    /// pass before the head of its list does.
    pub(super) fn is_special(&self) -> bool {
        (self.entries > 1 || !self.counts.is_zero()) && !self.waiting.is_empty()
    }
}

/// By node, then by owner. Only owners with entries are here; requests without
/// an owner never touch it.
#[derive(Debug, Default)]
pub(super) struct Owned {
    map: BTreeMap<(NodeIndex, OwnerId), Own>,
    /// The slots of each owner's requests, in no particular order.
    requests: BTreeMap<OwnerId, Vec<u32>>,
}

impl Owned {
    pub(super) fn get(&self, node: NodeIndex, owner: OwnerId) -> Option<&Own> {
        self.map.get(&(node, owner))
    }

    pub(super) fn entry(&mut self, node: NodeIndex, owner: OwnerId) -> &mut Own {
        self.map.entry((node, owner)).or_default()
    }

    /// Takes back one entry; with the last, what is kept of the owner here goes.
    pub(super) fn leave(&mut self, node: NodeIndex, owner: OwnerId) {
        if let Some(own) = self.map.get_mut(&(node, owner)) {
            own.entries -= 1;
            if own.entries == 0 {
                self.map.remove(&(node, owner));
            }
        }
    }

    /// The owners at a node.
    pub(super) fn at(&self, node: NodeIndex) -> impl Iterator<Item = (OwnerId, &Own)> {
        self.map
            .range((node, OwnerId::FIRST)..=(node, OwnerId::LAST))
            .map(|(&(_, owner), own)| (owner, own))
    }

    /// Notes a request of an owner. Its place among the owner's.
    pub(super) fn add_request(&mut self, owner: OwnerId, slot: u32) -> u32 {
        let slots = self.requests.entry(owner).or_default();
        slots.push(slot);
        slots.len() as u32 - 1
    }

    /// Forgets it. The slot of the request that has its place now, if one has.
    pub(super) fn remove_request(&mut self, owner: OwnerId, place: u32) -> Option<u32> {
        let slots = self.requests.get_mut(&owner)?;
        slots.swap_remove(place as usize);
        let moved = slots.get(place as usize).copied();
        if slots.is_empty() {
            self.requests.remove(&owner);
        }
        moved
    }

    /// The slots of the owner's requests.
    pub(super) fn requests(&self, owner: OwnerId) -> &[u32] {
        self.requests.get(&owner).map_or(&[], Vec::as_slice)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.map.is_empty() && self.requests.is_empty()
    }
}
