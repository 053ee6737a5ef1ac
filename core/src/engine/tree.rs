//! The tree of the paths in use: nodes, found by parent and name.
//!
//! A hash table with chains through the nodes themselves: one array of chain
//! heads, and the link in the node. A lookup touches one head and then the node
//! that it wants anyway; a general hash table would touch a line of its own
//! between the two, and need more memory for each of a million nodes.

use super::counts::Counts;
use super::free_list::{Free, FreeList, ROOM, SMALL};
use super::slab::Slab;
use crate::names::{NameHasher, Step};

/// A node's place in the tree. The root is always there.
pub(crate) type NodeIndex = u32;

pub(super) const ROOT: NodeIndex = 0;

/// No node: the end of a chain. The root is in no chain.
const NONE: NodeIndex = 0;

/// Names up to this many bytes stand in the node.
const INLINE: usize = 24;

/// The length that says that a name is too long to stand in the node.
const LONG: u16 = 31;

/// The length that says that the node has no name: it is its parent's own entry,
/// which so can never be the child of a name.
const ENTRY: u16 = 30;

/// The length that says that the node is free: it stands for no path.
const FREE: u16 = 29;

/// How many of the nodes that were emptied last are kept, since paths come back. Few
/// where mistakes are looked for, so that short histories reach the end of the list.
const KEPT_EMPTY: usize = if SMALL { 8 } else { 1_024 };

/// There is place for so many at first.
const FIRST_EMPTY: usize = 16;

/// The number of a node that does not stand among the empty ones.
const NOWHERE: u16 = 0;

/// 56 bytes.
#[derive(Debug)]
pub(super) struct Node {
    /// What has passed this node.
    pub(super) counts: Counts,
    /// The last segment of the path, filled up with zeros; for a long one, its
    /// place in `Tree::long`; in a free node, the free one before it.
    name: [u8; INLINE],
    /// Stays what it was while the node is free: a step that walks up may come upon one
    /// that it has just freed.
    parent: NodeIndex,
    /// The next in the chain, or the next free one.
    next: NodeIndex,
    /// The crowd here, counted from 1; 0 if there is none.
    pub(super) crowd: u32,
    /// The length of the name in the low 5 bits (or `LONG`, `ENTRY` or `FREE`), the
    /// rest of its hash.
    tag: u16,
    /// Under which number it stands among the empty ones, or `NOWHERE`; see
    /// `Tree::retire`.
    emptied: u16,
}

impl Free for Node {
    fn is_free(&self) -> bool {
        self.tag & 31 == FREE
    }

    fn before(&self) -> u32 {
        let [a, b, c, d, ..] = self.name;
        u32::from_ne_bytes([a, b, c, d])
    }

    fn after(&self) -> u32 {
        self.next
    }

    fn set_before(&mut self, at: u32) {
        self.name[..size_of::<u32>()].copy_from_slice(&at.to_ne_bytes());
    }

    fn set_after(&mut self, at: u32) {
        self.next = at;
    }
}

impl Node {
    fn new(parent: NodeIndex) -> Self {
        Self {
            counts: Counts::default(),
            name: [0; INLINE],
            parent,
            next: NONE,
            crowd: 0,
            tag: 0,
            emptied: 0,
        }
    }

    /// Nobody has passed and nobody waits. Then that is so for all nodes below.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.crowd == 0 && self.counts.is_zero()
    }
}

/// The nodes that live requests touch, some that they touched lately, and the root.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// Chain heads; as many as a power of two, at least as many as nodes.
    chains: Vec<NodeIndex>,
    /// The nodes that are free to be used for other paths.
    free: FreeList,
    /// How many nodes are in chains.
    chained: usize,
    /// The nodes that were emptied last, each with the number under which it was,
    /// at the place of that; another number than the node's means nothing. As many
    /// places as a power of two, more as they are needed.
    emptied: Vec<(NodeIndex, u16)>,
    /// Whether one may stand there.
    has_empty: bool,
    emptied_count: u16,
    long: Slab<Box<[u8]>>,
    /// Seeded, so that names cannot be chosen to pile up in one chain.
    hasher: NameHasher,
}

impl Tree {
    pub(super) fn new(hasher: NameHasher) -> Self {
        Self {
            nodes: vec![Node::new(ROOT)],
            chains: Vec::new(),
            free: FreeList::new(),
            chained: 0,
            emptied: Vec::new(),
            has_empty: false,
            emptied_count: 0,
            long: Slab::new(),
            hasher,
        }
    }

    pub(super) fn hasher(&self) -> &NameHasher {
        &self.hasher
    }

    #[inline]
    pub(super) fn node(&self, at: NodeIndex) -> &Node {
        &self.nodes[at as usize]
    }

    #[inline]
    pub(super) fn node_mut(&mut self, at: NodeIndex) -> &mut Node {
        &mut self.nodes[at as usize]
    }

    /// `None` for the root.
    #[inline]
    pub(super) fn parent(&self, at: NodeIndex) -> Option<NodeIndex> {
        (at != ROOT).then(|| self.nodes[at as usize].parent)
    }

    /// The last segment of a node's path, nothing for the root; `None` for an entry.
    pub(super) fn name(&self, at: NodeIndex) -> Option<&[u8]> {
        name_of(self.node(at), &self.long)
    }

    /// The child of this name, if it is there.
    #[inline(always)]
    pub(super) fn find(&self, parent: NodeIndex, step: &Step<'_>) -> Option<NodeIndex> {
        if self.chains.is_empty() {
            return None;
        }
        let hash = mix(parent, step.hash);
        let tag = tag(hash, step.name);
        let mut at = self.chains[self.chain(hash)];
        while at != NONE {
            let node = &self.nodes[at as usize];
            if node.tag == tag && node.parent == parent && self.is_named(node, step.name) {
                return Some(at);
            }
            at = node.next;
        }
        None
    }

    /// Whether the node has this name, whose length is known to be the node's or
    /// long, like the node's; or is an entry, like the node.
    #[inline]
    fn is_named(&self, node: &Node, name: Option<&[u8]>) -> bool {
        let Some(name) = name else {
            return true;
        };
        match node.name.get(..name.len()) {
            Some(inline) => is_same(inline, name),
            None => name_of(node, &self.long) == Some(name),
        }
    }

    /// The child of this name, made if it is not there. An empty node that the
    /// caller does not fill has to be retired.
    #[inline]
    pub(super) fn find_or_insert(&mut self, parent: NodeIndex, step: &Step<'_>) -> NodeIndex {
        match self.find(parent, step) {
            Some(at) => at,
            None => self.insert(parent, step),
        }
    }

    fn insert(&mut self, parent: NodeIndex, step: &Step<'_>) -> NodeIndex {
        if self.chained == self.chains.len() {
            self.grow();
        }
        if self.chained >= self.emptied.len() && self.emptied.len() < KEPT_EMPTY {
            // Here, since what empties a node may take no memory.
            self.keep_more_empty();
        }
        let hash = mix(parent, step.hash);
        let at = self.free.take(&self.nodes).unwrap_or_else(|| {
            // Not more than `NodeIndex` holds: memory ends long before.
            let at = u32::try_from(self.nodes.len()).unwrap_or_else(|_| unreachable!("2³² nodes"));
            self.nodes.push(Node::new(parent));
            at
        });
        let chain = self.chain(hash);
        let node = &mut self.nodes[at as usize];
        debug_assert!(node.is_empty(), "a free node is empty");
        debug_assert_eq!(node.emptied, NOWHERE, "it was taken from there");
        node.parent = parent;
        node.tag = tag(hash, step.name);
        node.name = [0; INLINE];
        let name = step.name.unwrap_or_default();
        match node.name.get_mut(..name.len()) {
            Some(place) => place.copy_from_slice(name),
            None => {
                let long = self.long.insert(name.into());
                node.name[..size_of::<usize>()].copy_from_slice(&long.to_ne_bytes());
            }
        }
        node.next = std::mem::replace(&mut self.chains[chain], at);
        self.chained += 1;
        at
    }

    #[inline]
    fn chain(&self, hash: u64) -> usize {
        (hash >> 32) as usize & (self.chains.len() - 1)
    }

    /// Twice as many chains.
    #[cold]
    fn grow(&mut self) {
        let more = (self.chains.len() * 2).max(16);
        let old = std::mem::replace(&mut self.chains, vec![NONE; more]);
        for mut at in old {
            while at != NONE {
                let next = self.nodes[at as usize].next;
                let chain = self.chain(self.hash(at));
                self.nodes[at as usize].next = std::mem::replace(&mut self.chains[chain], at);
                at = next;
            }
        }
    }

    /// The class of a node directly below the root.
    #[inline]
    pub(super) fn class(&self, at: NodeIndex) -> usize {
        usize::from(self.node(at).tag >> 8)
    }

    fn hash(&self, at: NodeIndex) -> u64 {
        let step = match self.name(at) {
            Some(name) => self.hasher.step(name),
            None => self.hasher.entry_step(),
        };
        mix(self.node(at).parent, step.hash)
    }

    /// Puts a node that is empty now among the empty ones, of which only the
    /// latest are kept. Children are to be retired before their parent.
    ///
    /// A node stands there under the number of its last retirement; one that was
    /// retired not long ago is left where it stands. Whenever a node is put there,
    /// its parent loses its place, and gets a later one when it is empty in its
    /// turn. So the children's turn to be freed comes first: no node's parent is
    /// ever freed before it.
    ///
    /// One retirement can free another node, and a step that empties several before
    /// it retires them can so be left with one that is free already. That one stays
    /// so. A step that goes on to fill nodes which are empty has to `keep` them; of one
    /// that it has retired it may ask nothing any more.
    #[inline]
    pub(super) fn retire(&mut self, at: NodeIndex) {
        debug_assert!(at == ROOT || self.node(at).is_empty());
        let stands = self.nodes[at as usize].emptied;
        let age = self.emptied_count.wrapping_sub(stands);
        if at == ROOT || (stands != NOWHERE && usize::from(age) < self.emptied.len() / 2) {
            return;
        }
        self.put_among_the_empty(at);
    }

    /// Takes a node from among the empty ones, so that it is not freed before it has
    /// been retired again.
    pub(super) fn keep(&mut self, at: NodeIndex) {
        self.nodes[at as usize].emptied = NOWHERE;
    }

    fn put_among_the_empty(&mut self, at: NodeIndex) {
        if self.nodes[at as usize].is_free() && !cfg!(oarlock_mutation = "retire_freed") {
            return;
        }
        if self.is_oversized() {
            self.free(at);
            return;
        }
        let mut number = self.emptied_count.wrapping_add(1);
        if number == NOWHERE {
            // On at the same place, so that places are left in their order.
            number = KEPT_EMPTY as u16;
        }
        self.emptied_count = number;
        let node = &mut self.nodes[at as usize];
        node.emptied = number;
        let parent = node.parent;
        self.nodes[parent as usize].emptied = NOWHERE;
        self.has_empty = true;
        let place = usize::from(number) & (self.emptied.len() - 1);
        let (oldest, its_number) = std::mem::replace(&mut self.emptied[place], (at, number));
        let node = &mut self.nodes[oldest as usize];
        if oldest != at && node.emptied == its_number && its_number != NOWHERE {
            node.emptied = NOWHERE;
            if node.is_empty() {
                self.free(oldest);
            }
        }
    }

    /// Twice as many places for empty nodes.
    #[cold]
    fn keep_more_empty(&mut self) {
        let more = (self.emptied.len() * 2).max(FIRST_EMPTY.min(KEPT_EMPTY));
        let old = std::mem::replace(&mut self.emptied, vec![(NONE, NOWHERE); more]);
        for (at, number) in old {
            if number != NOWHERE {
                self.emptied[usize::from(number) & (more - 1)] = (at, number);
            }
        }
    }

    fn free(&mut self, at: NodeIndex) {
        let chain = self.chain(self.hash(at));
        let after = self.nodes[at as usize].next;
        let mut before = self.chains[chain];
        if before == at {
            self.chains[chain] = after;
        } else {
            while self.nodes[before as usize].next != at {
                debug_assert_ne!(before, NONE, "a node that is freed is in its chain");
                before = self.nodes[before as usize].next;
            }
            self.nodes[before as usize].next = after;
        }
        self.chained -= 1;
        let node = &mut self.nodes[at as usize];
        if let Some(long) = long_place(node) {
            self.long.remove(long);
        }
        node.name = [0; INLINE];
        node.tag = FREE;
        // It may stand among the empty ones still.
        node.emptied = NOWHERE;
        self.free.add(&mut self.nodes, at);
    }

    /// Whether there is memory to be given back, after a crowd.
    #[inline]
    pub(super) fn is_sparse(&self) -> bool {
        self.nodes.len() > ROOM
            && (self.nodes.last().is_some_and(Node::is_free)
                || (self.is_oversized() && self.has_empty))
    }

    /// Whether there are far more nodes than are in use. Then none is kept that is empty,
    /// perhaps at the end of the table.
    #[inline]
    fn is_oversized(&self) -> bool {
        self.nodes.len() > ROOM && self.chained < self.nodes.len() / 8
    }

    /// Gives memory back after a crowd. To be called between steps: indices of nodes at
    /// which nobody stands mean nothing afterwards. Takes time in proportion to what was
    /// in use since the last time.
    #[cold]
    pub(super) fn shrink(&mut self) {
        if self.is_oversized() {
            self.forget_empty();
            let chains = (self.chained * 2).next_power_of_two().max(16);
            if chains < self.chains.len() / 4 {
                self.join_chains(chains);
            }
        }
        self.free.cut(&mut self.nodes, |_, _| ());
    }

    /// Fewer chains, without memory for others: several become one.
    fn join_chains(&mut self, chains: usize) {
        for chain in chains..self.chains.len() {
            let mut at = std::mem::replace(&mut self.chains[chain], NONE);
            while at != NONE {
                let next = self.nodes[at as usize].next;
                let joined = &mut self.chains[chain & (chains - 1)];
                self.nodes[at as usize].next = std::mem::replace(joined, at);
                at = next;
            }
        }
        self.chains.truncate(chains);
        self.chains.shrink_to_fit();
    }

    /// Gives everything back. Nobody stands at any node, and nobody will.
    pub(super) fn forget(&mut self) {
        self.nodes.truncate(1);
        self.nodes.shrink_to_fit();
        self.chains = Vec::new();
        self.free = FreeList::new();
        self.chained = 0;
        self.emptied = Vec::new();
        self.has_empty = false;
        self.long = Slab::new();
    }

    /// Frees all nodes that are empty.
    fn forget_empty(&mut self) {
        self.has_empty = false;
        for place in 0..self.emptied.len() {
            let (at, number) = std::mem::replace(&mut self.emptied[place], (NONE, NOWHERE));
            let node = &mut self.nodes[at as usize];
            if number != NOWHERE && node.emptied == number {
                node.emptied = NOWHERE;
                if node.is_empty() {
                    self.free(at);
                }
            }
        }
    }

    /// How many nodes there are, free ones among them, and the root.
    pub(super) fn places(&self) -> usize {
        self.nodes.len()
    }

    /// How many nodes are in use or kept, beside the root.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.chained
    }

    /// Whether each node but the root stands either in its chain or in the list of free
    /// ones, and once.
    #[cfg(test)]
    pub(super) fn is_sound(&self) -> bool {
        let mut seen = vec![false; self.nodes.len()];
        seen[ROOT as usize] = true;
        for &first in &self.chains {
            let mut at = first;
            while at != NONE {
                if std::mem::replace(&mut seen[at as usize], true) || self.node(at).is_free() {
                    return false;
                }
                at = self.node(at).next;
            }
        }
        for at in self.free.iter(&self.nodes) {
            if std::mem::replace(&mut seen[at as usize], true) || !self.node(at).is_free() {
                return false;
            }
        }
        seen.into_iter().all(|seen| seen)
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.nodes.capacity()
    }

    /// Whether nobody stands at any node.
    pub(super) fn is_empty(&self) -> bool {
        self.nodes.iter().all(Node::is_empty)
    }
}

/// The place of a long name in `Tree::long`.
#[inline]
fn long_place(node: &Node) -> Option<usize> {
    if node.tag & 31 != LONG {
        return None;
    }
    let mut place = [0; size_of::<usize>()];
    place.copy_from_slice(&node.name[..size_of::<usize>()]);
    Some(usize::from_ne_bytes(place))
}

#[inline]
fn name_of<'t>(node: &'t Node, long: &'t Slab<Box<[u8]>>) -> Option<&'t [u8]> {
    match (long_place(node), node.tag & 31) {
        (Some(place), _) => Some(&long[place]),
        (None, ENTRY) => None,
        (None, length) => Some(&node.name[..usize::from(length)]),
    }
}

/// Whether two names of one length, at most `INLINE`, are the same. Compared in
/// words that overlap, which costs less than a call for names so short.
#[inline]
fn is_same(one: &[u8], other: &[u8]) -> bool {
    match (one.first_chunk::<8>(), other.first_chunk::<8>()) {
        (Some(first), Some(second)) if first != second => return false,
        (Some(_), Some(_)) => {}
        _ => return one.iter().eq(other),
    }
    if one.len() > 16 && one.get(8..16) != other.get(8..16) {
        return false;
    }
    one.last_chunk::<8>() == other.last_chunk::<8>()
}

/// A hash of parent and name. The name's hash is secret, so that the product is.
#[inline]
fn mix(parent: NodeIndex, name: u64) -> u64 {
    (name ^ u64::from(parent).wrapping_mul(0x9E37_79B9_7F4A_7C15))
        .wrapping_mul(0xD6E8_FEB8_6659_FD93)
}

/// How many classes of first segments there are.
pub(crate) const CLASSES: usize = 256;

/// The class of a first segment, from its hash: requests are counted by it.
#[inline]
pub(crate) fn class(name: u64) -> usize {
    usize::from(tag(mix(ROOT, name), None) >> 8)
}

/// What is compared before anything else: the length, and bits of the hash that
/// choose no chain.
#[inline]
fn tag(hash: u64, name: Option<&[u8]>) -> u16 {
    let length = match name.map(<[u8]>::len) {
        Some(length @ 0..=INLINE) => length as u16,
        Some(_) => LONG,
        None => ENTRY,
    };
    ((hash >> 16) as u16 & !31) | length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> Tree {
        Tree::new(NameHasher::new(7))
    }

    fn child(tree: &mut Tree, parent: NodeIndex, name: &[u8]) -> NodeIndex {
        let step = tree.hasher.step(name);
        tree.find_or_insert(parent, &step)
    }

    #[test]
    fn a_node_is_small() {
        assert_eq!(size_of::<Node>(), 56);
    }

    #[test]
    fn names_of_any_length_are_found_again() {
        let mut tree = tree();
        for length in [0, 1, 23, 24, 25, 31, 32, 1_000] {
            let name = vec![b'x'; length];
            let at = child(&mut tree, ROOT, &name);
            assert_eq!(child(&mut tree, ROOT, &name), at);
            assert_eq!(tree.name(at), Some(&name[..]));
            assert_ne!(child(&mut tree, at, &name), at);
        }
    }

    #[test]
    fn names_that_differ_anywhere_are_different() {
        let mut tree = tree();
        for length in 1..=30 {
            let name = vec![b'x'; length];
            let at = child(&mut tree, ROOT, &name);
            for place in 0..length {
                let mut other = name.clone();
                other[place] = b'y';
                assert!(
                    !is_same(&name, &other) || length > INLINE,
                    "{length} {place}"
                );
                assert_ne!(child(&mut tree, ROOT, &other), at, "{length} {place}");
            }
            assert_eq!(child(&mut tree, ROOT, &name), at);
        }
    }

    #[test]
    fn names_that_differ_only_in_zeros_are_different() {
        let mut tree = tree();
        let one = child(&mut tree, ROOT, b"a");
        assert_ne!(child(&mut tree, ROOT, b"a\0"), one);
        assert_ne!(child(&mut tree, ROOT, b""), one);
    }

    #[test]
    fn an_entry_is_no_child_of_any_name() {
        let mut tree = tree();
        let step = tree.hasher.entry_step();
        let above = child(&mut tree, ROOT, b"a");
        for parent in [ROOT, above] {
            let entry = tree.find_or_insert(parent, &step);
            assert_eq!(tree.find_or_insert(parent, &step), entry);
            assert_eq!(tree.name(entry), None);
            for length in 0..=40 {
                for byte in [0, b'x', 255] {
                    assert_ne!(child(&mut tree, parent, &vec![byte; length]), entry);
                }
            }
            assert_eq!(tree.find(parent, &step), Some(entry), "after it has grown");
        }
        let entries = [ROOT, above].map(|parent| tree.find(parent, &step));
        assert_ne!(entries[0], entries[1]);
    }

    #[test]
    fn the_node_of_an_entry_is_used_again_for_a_name() {
        let mut tree = tree();
        let step = tree.hasher.entry_step();
        let entry = tree.find_or_insert(ROOT, &step);
        tree.free(entry);
        assert_eq!(tree.find(ROOT, &step), None);
        assert_eq!(child(&mut tree, ROOT, b"name"), entry);
        assert_eq!(tree.name(entry), Some(&b"name"[..]));
    }

    #[test]
    fn empty_nodes_are_kept_for_a_while_and_no_longer() {
        let mut tree = tree();
        let parent = child(&mut tree, ROOT, b"parent");
        for round in 0..10_000_u32 {
            let at = child(&mut tree, parent, &round.to_le_bytes());
            tree.retire(at);
            tree.retire(parent);
            assert_eq!(child(&mut tree, ROOT, b"parent"), parent);
            assert_eq!(child(&mut tree, parent, &round.to_le_bytes()), at);
            assert!(tree.len() <= KEPT_EMPTY + 1);
        }
        assert!(tree.nodes.len() <= KEPT_EMPTY + 3);
    }

    #[test]
    fn a_node_that_a_retirement_has_freed_stays_free() {
        for steps in KEPT_EMPTY as u32 - 2..KEPT_EMPTY as u32 + 2 {
            let mut tree = tree();
            let parent = child(&mut tree, ROOT, b"p");
            tree.retire(parent);
            for round in 0..steps {
                let other = child(&mut tree, ROOT, &round.to_be_bytes());
                tree.retire(other);
            }
            // One step finds all three and retires all three.
            let found = child(&mut tree, ROOT, b"p");
            let middle = child(&mut tree, found, b"m");
            let leaf = child(&mut tree, middle, b"l");
            for at in [leaf, middle, found] {
                tree.retire(at);
            }
            assert!(tree.is_sound(), "{steps}");
            for round in 0..3 * KEPT_EMPTY as u32 {
                let other = child(&mut tree, ROOT, &round.to_le_bytes());
                tree.retire(other);
            }
            assert!(tree.is_sound(), "{steps}");
            assert_eq!(tree.len(), KEPT_EMPTY, "{steps}");
        }
    }

    /// Round the numbers under which empty nodes stand, twice.
    #[test]
    fn numbers_come_round() {
        let mut tree = tree();
        let parent = child(&mut tree, ROOT, b"parent");
        for round in 0..200_000_u32 {
            let at = child(&mut tree, parent, &(round % 37).to_le_bytes());
            let other = child(&mut tree, ROOT, &(round % 5).to_be_bytes());
            tree.retire(at);
            tree.retire(parent);
            tree.retire(other);
            assert!(tree.len() <= KEPT_EMPTY + 3, "{round}");
            if round % 64 == 0 {
                assert!(tree.is_sound(), "{round}");
            }
            if tree.is_sparse() {
                tree.shrink();
            }
            assert_eq!(child(&mut tree, ROOT, b"parent"), parent);
        }
    }

    #[test]
    fn a_node_that_is_freed_stands_no_more_among_the_empty() {
        let mut tree = tree();
        let names: Vec<[u8; 4]> = (0..100_u32).map(u32::to_be_bytes).collect();
        let nodes: Vec<_> = names
            .iter()
            .map(|name| child(&mut tree, ROOT, name))
            .collect();
        for &at in &nodes {
            tree.retire(at);
        }
        // Far too many nodes by now: each that is still kept is freed when it is retired
        // again, though it has a place.
        assert!(tree.is_oversized());
        for name in &names {
            let step = tree.hasher.step(name);
            if let Some(at) = tree.find(ROOT, &step) {
                tree.retire(at);
            }
        }
        for round in 0..10 {
            for name in &names {
                let at = child(&mut tree, ROOT, name);
                assert!(tree.is_sound(), "{round}");
                tree.retire(at);
            }
            tree.shrink();
            assert!(tree.is_sound(), "{round}");
        }
    }

    #[test]
    fn a_parent_is_not_freed_before_its_children() {
        let mut tree = tree();
        let parent = child(&mut tree, ROOT, b"p");
        tree.retire(parent);
        let leaf = child(&mut tree, parent, b"leaf");
        tree.retire(leaf);
        tree.retire(parent);
        for round in 0..3 * KEPT_EMPTY as u32 {
            let other = child(&mut tree, ROOT, &round.to_be_bytes());
            tree.retire(other);
            // While the child is there, its parent is.
            if tree.nodes[leaf as usize].name[0] == b'l' {
                assert_eq!(tree.name(parent), Some(&b"p"[..]));
            }
            assert!(tree.is_sound());
        }
        assert!(tree.len() <= KEPT_EMPTY);
    }
}
