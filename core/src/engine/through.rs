//! What those that wait have passed: for each node the entries of requests that wait
//! elsewhere, or whose upgrades do.
//!
//! Whoever goes ahead of all that wait has to find them, and so has the search for
//! a cycle. An entry that waits at its node stands in the crowd there instead.

use super::slab::Slab;
use super::tree::NodeIndex;
use super::{Attach, Engine};

/// The end of a list.
const NONE: u32 = u32::MAX;

/// One entry in the list of its node.
#[derive(Debug)]
struct Link {
    slot: u32,
    /// Which of the request's entries.
    entry: u32,
    before: u32,
    after: u32,
}

/// The lists of all nodes.
#[derive(Debug, Default)]
pub(super) struct Through {
    /// By node, the first of its list; nodes beyond the end have none.
    first: Vec<u32>,
    links: Slab<Link>,
}

impl Through {
    /// The slots of the requests that have an entry here, with the places of those
    /// entries. Of some the wait may be over.
    pub(super) fn at(&self, node: NodeIndex) -> impl Iterator<Item = (u32, u32)> {
        let first = self.first.get(node as usize).copied().unwrap_or(NONE);
        let links = std::iter::successors(self.links.get(first as usize), |link| {
            self.links.get(link.after as usize)
        });
        links.map(|link| (link.slot, link.entry))
    }

    fn link(&mut self, node: NodeIndex, slot: u32, entry: u32) -> u32 {
        let node = node as usize;
        if node >= self.first.len() {
            self.first.resize((node + 1).next_power_of_two(), NONE);
        }
        let after = self.first[node];
        let at = self.links.insert(Link {
            slot,
            entry,
            before: NONE,
            after,
        }) as u32;
        self.first[node] = at;
        if let Some(next) = self.links.get_mut(after as usize) {
            next.before = at;
        }
        at
    }

    fn unlink(&mut self, node: NodeIndex, at: u32) {
        let link = self.links.remove(at as usize);
        match self.links.get_mut(link.before as usize) {
            Some(before) => before.after = link.after,
            None => self.first[node as usize] = link.after,
        }
        if let Some(after) = self.links.get_mut(link.after as usize) {
            after.before = link.before;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    /// Gives memory back after a crowd: there are so many nodes now.
    pub(super) fn shrink(&mut self, nodes: usize) {
        self.first.truncate(nodes);
        self.first.shrink_to_fit();
    }
}

impl<T: Attach> Engine<T> {
    /// Lists what a request that waits, or whose upgrade does, has passed so far.
    pub(super) fn list_passed(&mut self, slot: u32) {
        let Some(record) = self.requests.record_at(slot) else {
            return;
        };
        for (index, entry) in record.entries.iter_mut().enumerate() {
            match (entry.wait, entry.through) {
                (None, None) => {
                    entry.through = Some(self.through.link(entry.node, slot, index as u32));
                }
                (Some(_), Some(at)) => {
                    self.through.unlink(entry.node, at);
                    entry.through = None;
                }
                _ => {}
            }
        }
    }

    /// Lists one entry that has passed, of a request that waits on.
    pub(super) fn list_entry(&mut self, slot: u32, index: u32) {
        let record = self.requests.record_at(slot);
        let entry = record.and_then(|record| record.entries.get_mut(index as usize));
        if let Some(entry) = entry
            && entry.through.is_none()
            && entry.wait.is_none()
        {
            entry.through = Some(self.through.link(entry.node, slot, index));
        }
    }

    /// Takes a request whose wait is over from the lists.
    pub(super) fn unlist_passed(&mut self, slot: u32) {
        let Some(record) = self.requests.record_at(slot) else {
            return;
        };
        for entry in &mut record.entries {
            if let Some(at) = entry.through.take() {
                self.through.unlink(entry.node, at);
            }
        }
    }

    /// Lists what a part has passed of a request that waits elsewhere.
    pub(crate) fn list_part(&mut self, id: super::RequestId) {
        self.list_passed(id.slot());
    }

    pub(super) fn unlist_entry(&mut self, node: NodeIndex, at: u32) {
        self.through.unlink(node, at);
    }
}
