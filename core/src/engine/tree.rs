//! The tree of the paths that are in use: nodes, found by parent and name.

use ahash::RandomState;
use hashbrown::HashTable;
use smallvec::SmallVec;

use super::queue::Queue;

/// A node's place in the tree. The root is always there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct NodeIndex(u32);

pub(super) const ROOT: NodeIndex = NodeIndex(0);

#[derive(Debug)]
pub(super) struct Node {
    parent: NodeIndex,
    /// The last segment of the node's path; names up to 24 bytes stand inline.
    name: SmallVec<[u8; 24]>,
    hash: u64,
    /// How many entries of live requests name this node. A node below it has
    /// entries only of requests that have one here too, so at 0 nothing is
    /// below it either.
    entries: u32,
    pub(super) queue: Queue,
}

/// The nodes that live requests touch, and no others (but for the root).
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    free: Vec<NodeIndex>,
    /// Every node but the root, by the hash of parent and name.
    index: HashTable<NodeIndex>,
    /// Seeded, so that names cannot be chosen to pile up in one bucket.
    hasher: RandomState,
}

impl Tree {
    pub(super) fn new(seed: u64) -> Self {
        let root = Node {
            parent: ROOT,
            name: SmallVec::new(),
            hash: 0,
            entries: 0,
            queue: Queue::default(),
        };
        Self {
            nodes: vec![root],
            free: Vec::new(),
            index: HashTable::new(),
            // Four words of state from one seed, each its own odd multiple.
            hasher: RandomState::with_seeds(
                seed,
                seed.wrapping_mul(0x9E37_79B9_7F4A_7C15),
                seed.wrapping_mul(0xBF58_476D_1CE4_E5B9),
                seed.wrapping_mul(0x94D0_49BB_1331_11EB),
            ),
        }
    }

    pub(super) fn node_mut(&mut self, at: NodeIndex) -> &mut Node {
        &mut self.nodes[at.0 as usize]
    }

    pub(super) fn queue(&self, at: NodeIndex) -> &Queue {
        &self.nodes[at.0 as usize].queue
    }

    /// The root, counted once more.
    pub(super) fn enter_root(&mut self) -> NodeIndex {
        self.node_mut(ROOT).entries += 1;
        ROOT
    }

    /// The child of this name, made if it is not there, counted once more.
    pub(super) fn enter(&mut self, parent: NodeIndex, name: &[u8]) -> NodeIndex {
        let hash = self.hasher.hash_one((parent.0, name));
        let found = self.index.find(hash, |&at| {
            let node = &self.nodes[at.0 as usize];
            node.hash == hash && node.parent == parent && node.name.as_slice() == name
        });
        if let Some(&at) = found {
            self.node_mut(at).entries += 1;
            return at;
        }
        let node = Node {
            parent,
            name: SmallVec::from_slice(name),
            hash,
            entries: 1,
            queue: Queue::default(),
        };
        let at = match self.free.pop() {
            Some(at) => {
                self.nodes[at.0 as usize] = node;
                at
            }
            None => {
                let at = NodeIndex(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
                self.nodes.push(node);
                at
            }
        };
        let nodes = &self.nodes;
        self.index
            .insert_unique(hash, at, |at| nodes[at.0 as usize].hash);
        at
    }

    /// Takes back one entry; the node goes with its last.
    pub(super) fn exit(&mut self, at: NodeIndex) {
        let node = self.node_mut(at);
        debug_assert!(node.entries > 0, "every exit follows an enter");
        node.entries -= 1;
        if node.entries > 0 || at == ROOT {
            return;
        }
        debug_assert!(node.queue.is_idle(), "only entries stand in a queue");
        let hash = node.hash;
        // A long name's memory goes now; a short one has none.
        node.name = SmallVec::new();
        if let Ok(found) = self.index.find_entry(hash, |&other| other == at) {
            found.remove();
        } else {
            debug_assert!(false, "every node but the root is in the index");
        }
        self.free.push(at);
    }

    /// Gives memory back after a crowd: when nothing but the root is left of many
    /// nodes. A few are kept, since paths come back.
    pub(super) fn shrink_if_idle(&mut self) {
        if self.index.is_empty() && self.nodes.capacity() > super::KEPT {
            self.nodes.truncate(1);
            self.nodes.shrink_to(super::KEPT);
            self.free = Vec::new();
            self.index = HashTable::new();
        }
    }

    /// How many nodes there are beside the root.
    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.nodes.capacity()
    }
}
