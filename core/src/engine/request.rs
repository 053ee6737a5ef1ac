//! The table of live requests: slots with generations.
//!
//! Most requests have one claim, no owner, and are granted when they arrive.
//! Those are a slot of 24 bytes: the node, the mode and the token; what they
//! count at the nodes above follows from the tree. Every other request has a
//! record besides, with an entry for each of its nodes.

use super::Attach;
use super::entry::{Entry, Permit, Target};
use super::free_list::{Free, FreeList};
use super::modes::NodeMode;
use super::order::Order;
use super::slab::Slab;
use super::tree::NodeIndex;
use crate::mode::Mode;
use crate::owner::OwnerId;

/// The id of a live request of one engine; stale once the request has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId {
    /// Below [`MAX_REQUESTS`].
    slot: u32,
    /// Never 0.
    generation: u32,
}

/// How many requests an engine can number at once: slots have 24 bits.
pub(crate) const MAX_REQUESTS: usize = 1 << 24;

impl RequestId {
    /// Slot in bits 32 to 55, generation in the low 32 bits. Never 0.
    #[must_use]
    pub fn to_u64(self) -> u64 {
        (u64::from(self.slot) << 32) | u64::from(self.generation)
    }

    /// The id that [`to_u64`](Self::to_u64) gave; any number may be passed.
    #[must_use]
    pub fn from_u64(bits: u64) -> Self {
        Self {
            slot: (bits >> 32) as u32,
            generation: bits as u32,
        }
    }

    pub(crate) fn slot(self) -> u32 {
        self.slot
    }
}

/// A live request that is more than a slot.
#[derive(Debug)]
pub(super) struct Record<T> {
    /// Its number in the order of arrival.
    pub(super) arrival: u64,
    pub(super) owner: Option<OwnerId>,
    /// How many stages it waits for: entries in a queue, and limits. For a
    /// granted request these are the stages of its upgrade.
    pub(super) blocked: u32,
    /// The request is granted (in this engine).
    pub(super) granted: bool,
    /// It is granted and waits to be upgraded.
    pub(super) upgrading: bool,
    /// The caller says when the upgrade is complete: it is a part of one that reaches
    /// into other engines, or is still to be looked at.
    pub(super) upgrades_part: bool,
    /// The slot that this record belongs to.
    pub(super) slot: u32,
    /// Its place among the requests of its owner.
    pub(super) owned: u32,
    /// Where a bypass has changed its order to others.
    pub(super) order: Option<Box<Order>>,
    /// One for each node that it touches, a node before the nodes below it; the
    /// first is at the root.
    pub(super) entries: Vec<Entry>,
    /// What the caller has attached.
    pub(super) payload: Option<T>,
}

impl<T: Attach> Record<T> {
    /// A request that waits for nothing, and has attached nothing. Its slot is set
    /// when it is inserted.
    pub(super) fn new(arrival: u64, owner: Option<OwnerId>, entries: Vec<Entry>) -> Self {
        Self {
            arrival,
            owner,
            blocked: 0,
            granted: true,
            upgrading: false,
            upgrades_part: false,
            slot: 0,
            owned: 0,
            order: None,
            entries,
            payload: None,
        }
    }

    /// What one of its entries claims now: while an upgrade waits, what it did
    /// before.
    pub(super) fn claimed(&self, entry: &Entry) -> Option<Target> {
        if self.upgrade_waits() {
            entry.before_target
        } else {
            entry.target
        }
    }

    /// The request is granted as a whole, as far as it may reach.
    pub(super) fn is_held(&self) -> bool {
        self.granted && self.payload.as_ref().is_none_or(Attach::is_held)
    }

    /// Its upgrade waits, as far as it may reach. This alone decides what it holds:
    /// an upgrade is in force from the step in which its last part passes.
    pub(super) fn upgrade_waits(&self) -> bool {
        self.upgrading && !self.payload.as_ref().is_some_and(Attach::is_upgraded)
    }

    /// Both have an owner, and the same.
    pub(super) fn is_of_same_owner(&self, other: &Self) -> bool {
        self.owner.is_some() && self.owner == other.owner
    }

    /// It waits, or its upgrade does.
    pub(super) fn waits(&self) -> bool {
        !self.is_held() || self.upgrade_waits()
    }

    /// What one of its entries, which does not wait, has been let in with while the
    /// request waits, or its upgrade.
    pub(super) fn passed_with(&self, entry: &Entry) -> Option<NodeMode> {
        if self.upgrading {
            entry.goal.filter(|_| entry.held != entry.before)
        } else {
            entry.asked
        }
    }

    /// What one of its entries holds: what keeps others waiting even if nobody else
    /// waited.
    pub(super) fn held(&self, entry: &Entry) -> Option<NodeMode> {
        if self.waits() {
            entry.kept(self.upgrading)
        } else {
            entry.held
        }
    }
}

impl<T> Record<T> {
    /// Whether it has, or wants, a permit of this node.
    pub(super) fn has_permit(&self, node: NodeIndex) -> bool {
        let mut entries = self.entries.iter();
        entries.any(|entry| entry.node == node && entry.permit != Permit::Unneeded)
    }

    /// Whether it has a permit of this node that its owner held when it arrived.
    pub(super) fn has_inherited_permit(&self, node: NodeIndex) -> bool {
        let entry = self.entries.iter().find(|entry| entry.node == node);
        entry.is_some_and(|entry| {
            let mut targets = [entry.target, entry.before_target].into_iter().flatten();
            targets.any(|target| target.inherited)
        })
    }
}

/// A claim of a request that has no record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Simple {
    pub(super) node: NodeIndex,
    pub(super) mode: Mode,
    pub(super) token: u64,
}

/// 24 bytes.
#[derive(Debug)]
struct Slot {
    /// The fencing token, from the moment of the grant; 0 before.
    token: u64,
    /// The generation of the request in the slot or, when it is empty, of the
    /// next one. Never 0.
    generation: u32,
    /// Without a record, the node of the claim. In an empty slot, the next empty
    /// one.
    node: u32,
    /// When the request was granted, on the caller's clock. In an empty slot, the empty
    /// one before.
    since: u32,
    /// The record, counted from 1, or 0; above it `LIVE` and `WRITES`.
    word: u32,
}

impl Free for Slot {
    #[inline]
    fn is_free(&self) -> bool {
        self.word & LIVE == 0
    }

    fn before(&self) -> u32 {
        self.since
    }

    #[inline]
    fn after(&self) -> u32 {
        self.node
    }

    #[inline]
    fn set_before(&mut self, at: u32) {
        self.since = at;
    }

    #[inline]
    fn set_after(&mut self, at: u32) {
        self.node = at;
    }
}

/// The slot holds a request.
const LIVE: u32 = 1 << 31;
/// Without a record: the claim writes.
const WRITES: u32 = 1 << 30;
/// The record's place.
const RECORD: u32 = (1 << 26) - 1;

/// Requests by id. Freed slots are used again, last freed first.
#[derive(Debug)]
pub(super) struct Requests<T> {
    slots: Vec<Slot>,
    records: Slab<Record<T>>,
    free: FreeList,
    live: usize,
    seed: u64,
    /// What the generations of slots begin with, over what they began with first: more
    /// than a slot that was given back has had.
    later: u32,
}

impl<T> Requests<T> {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            slots: Vec::new(),
            records: Slab::new(),
            free: FreeList::new(),
            live: 0,
            seed,
            later: 0,
        }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.live
    }

    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.live >= MAX_REQUESTS
    }

    /// A granted request of one claim. The caller has checked
    /// [`is_full`](Self::is_full).
    #[inline]
    pub(super) fn insert_simple(&mut self, simple: Simple, since: u32) -> RequestId {
        let writes = match simple.mode {
            Mode::Read => 0,
            Mode::Write => WRITES,
        };
        self.insert_slot(simple.node, simple.token, since, LIVE | writes)
    }

    /// The caller has checked [`is_full`](Self::is_full).
    pub(super) fn insert(&mut self, record: Record<T>) -> RequestId {
        // Not more records than requests, so the place fits.
        let place = self.records.insert(record);
        let id = self.insert_slot(0, 0, 0, LIVE | (place as u32 + 1));
        self.records[place].slot = id.slot;
        id
    }

    #[inline]
    fn insert_slot(&mut self, node: u32, token: u64, since: u32, word: u32) -> RequestId {
        self.live += 1;
        let Some(slot) = self.free.take(&self.slots) else {
            let slot = self.slots.len() as u32;
            let first = first_generation(self.seed, slot);
            let generation = first.wrapping_add(self.later).max(1);
            self.slots.push(Slot {
                token,
                generation,
                node,
                since,
                word,
            });
            return RequestId { slot, generation };
        };
        let place = &mut self.slots[slot as usize];
        debug_assert!(place.word & LIVE == 0, "a free slot is empty");
        place.token = token;
        place.node = node;
        place.since = since;
        place.word = word;
        RequestId {
            slot,
            generation: place.generation,
        }
    }

    #[inline]
    fn slot(&self, id: RequestId) -> Option<&Slot> {
        self.slots
            .get(id.slot as usize)
            .filter(|place| place.generation == id.generation && place.word & LIVE != 0)
    }

    #[inline]
    fn slot_mut(&mut self, id: RequestId) -> Option<&mut Slot> {
        self.slots
            .get_mut(id.slot as usize)
            .filter(|place| place.generation == id.generation && place.word & LIVE != 0)
    }

    #[cfg(test)]
    pub(super) fn contains(&self, id: RequestId) -> bool {
        self.slot(id).is_some()
    }

    /// The token, 0 while the request waits; `None` for a stale id.
    #[inline]
    pub(super) fn token(&self, id: RequestId) -> Option<u64> {
        self.slot(id).map(|place| place.token)
    }

    pub(super) fn since(&self, id: RequestId) -> Option<u32> {
        self.slot(id).map(|place| place.since)
    }

    pub(super) fn set_granted(&mut self, id: RequestId, token: u64, since: u32) {
        if let Some(place) = self.slot_mut(id) {
            if place.token == 0 {
                place.since = since;
            }
            place.token = token;
        }
    }

    pub(super) fn set_waiting(&mut self, id: RequestId) {
        if let Some(place) = self.slot_mut(id) {
            place.token = 0;
        }
    }

    /// The one claim of a request without a record.
    #[inline]
    pub(super) fn simple(&self, id: RequestId) -> Option<Simple> {
        self.slot(id).and_then(simple_of)
    }

    pub(super) fn record(&self, id: RequestId) -> Option<&Record<T>> {
        self.records.get(record_of(self.slot(id)?)?)
    }

    pub(super) fn record_mut(&mut self, id: RequestId) -> Option<&mut Record<T>> {
        let place = record_of(self.slot(id)?)?;
        self.records.get_mut(place)
    }

    /// Gives a request without a record one.
    pub(super) fn give_record(&mut self, id: RequestId, record: Record<T>) {
        let place = self.records.insert(record);
        self.records[place].slot = id.slot;
        if let Some(slot) = self.slot_mut(id) {
            debug_assert!(slot.word & RECORD == 0, "a request has one record");
            slot.word = LIVE | (place as u32 + 1);
        }
    }

    /// Takes a request without a record out; its id is stale from here on.
    #[inline]
    pub(super) fn remove_simple(&mut self, id: RequestId) -> Option<Simple> {
        let simple = self.simple(id)?;
        self.free_slot(id.slot);
        Some(simple)
    }

    /// Takes a request with a record out; its id is stale from here on.
    pub(super) fn remove(&mut self, id: RequestId) -> Option<(u64, Record<T>)> {
        let slot = self.slot(id)?;
        let (place, token) = (record_of(slot)?, slot.token);
        let record = self.records.try_remove(place)?;
        self.free_slot(id.slot);
        Some((token, record))
    }

    #[inline]
    fn free_slot(&mut self, slot: u32) {
        let place = &mut self.slots[slot as usize];
        place.word = 0;
        place.generation = place.generation.wrapping_add(1).max(1);
        self.live -= 1;
        let (seed, later) = (self.seed, &mut self.later);
        self.free.give(&mut self.slots, slot, |slot, gone: Slot| {
            // A slot that is made anew has later generations than this one had.
            let first = first_generation(seed, slot);
            *later = (*later).max(gone.generation.wrapping_sub(first));
        });
    }

    /// The id of the live request in a slot that a queue names.
    pub(super) fn id_at(&self, slot: u32) -> RequestId {
        RequestId {
            slot,
            generation: self.slots[slot as usize].generation,
        }
    }

    /// The record of the live request in a slot that a queue names.
    pub(super) fn record_at(&mut self, slot: u32) -> Option<&mut Record<T>> {
        let place = record_of(self.slots.get(slot as usize)?)?;
        self.records.get_mut(place)
    }

    pub(super) fn record_ref(&self, slot: u32) -> Option<&Record<T>> {
        let place = record_of(self.slots.get(slot as usize)?)?;
        self.records.get(place)
    }

    /// All live requests. Takes time in proportion to the most that were ever
    /// live at once.
    pub(super) fn ids(&self) -> impl Iterator<Item = RequestId> {
        self.slots
            .iter()
            .enumerate()
            .filter(|(_, place)| place.word & LIVE != 0)
            .map(|(slot, place)| RequestId {
                slot: slot as u32,
                generation: place.generation,
            })
    }

    /// Those in the next so many slots from one on, and the slot to go on with.
    pub(super) fn some_ids(
        &self,
        from: usize,
        slots: usize,
    ) -> (impl Iterator<Item = RequestId>, Option<usize>) {
        let end = self.slots.len().min(from.saturating_add(slots));
        let some = self.slots.get(from..end).unwrap_or_default();
        let live = (from..end).zip(some);
        let live = live.filter(|(_, place)| place.word & LIVE != 0);
        let ids = live.map(|(slot, place)| RequestId {
            slot: slot as u32,
            generation: place.generation,
        });
        (ids, (end < self.slots.len()).then_some(end))
    }

    /// Gives everything back; every id is stale from then on, and none may be taken
    /// in again.
    pub(super) fn forget(&mut self) {
        debug_assert_eq!(self.live, 0, "nobody is forgotten");
        self.slots = Vec::new();
        self.records = Slab::new();
        self.free = FreeList::new();
    }

    /// For how many there is room.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.slots.capacity()
    }
}

#[inline]
fn simple_of(place: &Slot) -> Option<Simple> {
    let is_simple = place.word & RECORD == 0;
    is_simple.then_some(Simple {
        node: place.node,
        mode: if place.word & WRITES == 0 {
            Mode::Read
        } else {
            Mode::Write
        },
        token: place.token,
    })
}

#[inline]
fn record_of(place: &Slot) -> Option<usize> {
    ((place.word & RECORD) as usize).checked_sub(1)
}

/// Where a slot's generations begin: spread over all 32 bits by the seed, so
/// that an id of one engine is almost never a live id of another. The mixing is
/// the finaliser of SplitMix64 (Steele, Lea, Flood, 2014).
fn first_generation(seed: u64, slot: u32) -> u32 {
    let mut z = seed ^ u64::from(slot).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) as u32).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIMPLE: Simple = Simple {
        node: 5,
        mode: Mode::Write,
        token: 9,
    };

    #[test]
    fn a_slot_is_small() {
        assert_eq!(size_of::<Slot>(), 24);
    }

    #[test]
    fn an_id_is_stale_once_its_request_is_removed() {
        let mut requests: Requests<u8> = Requests::new(7);
        let first = requests.insert_simple(SIMPLE, 0);
        assert!(requests.remove(first).is_none(), "it has no record");
        assert!(requests.remove_simple(first).is_some());
        let second = requests.insert_simple(SIMPLE, 0);
        assert_eq!(first.slot, second.slot);
        assert!(!requests.contains(first));
        assert!(requests.remove_simple(first).is_none());
        assert_eq!(requests.token(second), Some(9));
        assert_eq!(requests.len(), 1);
    }

    #[test]
    fn a_generation_passes_over_zero() {
        let mut requests: Requests<u8> = Requests::new(7);
        let id = requests.insert_simple(SIMPLE, 0);
        requests.slots[id.slot as usize].generation = u32::MAX;
        let last = RequestId {
            slot: id.slot,
            generation: u32::MAX,
        };
        assert!(requests.remove_simple(last).is_some());
        assert_eq!(requests.insert_simple(SIMPLE, 0).generation, 1);
    }

    #[test]
    fn ids_of_two_engines_differ() {
        let (mut one, mut two) = (Requests::<u8>::new(1), Requests::<u8>::new(2));
        for _ in 0..100 {
            assert_ne!(one.insert_simple(SIMPLE, 0), two.insert_simple(SIMPLE, 0));
        }
    }

    #[test]
    fn numbers_that_are_no_ids_find_nothing() {
        let mut requests: Requests<u8> = Requests::new(7);
        let id = requests.insert_simple(SIMPLE, 0);
        for bits in [0, 1, u64::MAX, id.to_u64() ^ 1, id.to_u64() | (1 << 60)] {
            assert!(!requests.contains(RequestId::from_u64(bits)), "{bits}");
        }
        assert_eq!(RequestId::from_u64(id.to_u64()), id);
    }
}
