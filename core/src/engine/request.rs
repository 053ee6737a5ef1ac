//! The table of live requests: slots with generations.

use smallvec::SmallVec;

use super::modes::NodeMode;
use super::queue::WaitIndex;
use super::tree::NodeIndex;

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

    pub(super) fn slot(self) -> u32 {
        self.slot
    }
}

/// What a request does at one node.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) node: NodeIndex,
    pub(super) mode: NodeMode,
    /// Its place in the node's queue; `None` once it has passed the node.
    pub(super) waiting: Option<WaitIndex>,
}

/// A live request: waiting while any of its entries waits, granted after.
#[derive(Debug)]
pub(super) struct Request<T> {
    /// Its number in the order of arrival.
    pub(super) arrival: u64,
    /// How many of its entries wait. 0: granted.
    pub(super) blocked: u32,
    /// The fencing token, from the moment of the grant; 0 before.
    pub(super) token: u64,
    /// One for each node that it touches, a node before the nodes below it.
    pub(super) entries: SmallVec<[Entry; 4]>,
    pub(super) payload: T,
}

#[derive(Debug)]
struct Slot<T> {
    /// The generation of the request in the slot or, when it is empty, of the
    /// next one. Never 0.
    generation: u32,
    request: Option<Request<T>>,
}

/// Requests by id. Freed slots are used again, last freed first.
#[derive(Debug)]
pub(super) struct Requests<T> {
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
    seed: u64,
}

impl<T> Requests<T> {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            seed,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.len() >= MAX_REQUESTS
    }

    /// The caller has checked [`is_full`](Self::is_full).
    pub(super) fn insert(&mut self, request: Request<T>) -> RequestId {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                let slot = self.slots.len() as u32;
                self.slots.push(Slot {
                    generation: first_generation(self.seed, slot),
                    request: None,
                });
                slot
            }
        };
        let place = &mut self.slots[slot as usize];
        debug_assert!(place.request.is_none(), "a free slot is empty");
        place.request = Some(request);
        RequestId {
            slot,
            generation: place.generation,
        }
    }

    pub(super) fn get(&self, id: RequestId) -> Option<&Request<T>> {
        let place = self.slots.get(id.slot as usize)?;
        if place.generation == id.generation {
            place.request.as_ref()
        } else {
            None
        }
    }

    pub(super) fn get_mut(&mut self, id: RequestId) -> Option<&mut Request<T>> {
        let place = self.slots.get_mut(id.slot as usize)?;
        if place.generation == id.generation {
            place.request.as_mut()
        } else {
            None
        }
    }

    /// Takes the request out; its id is stale from here on.
    pub(super) fn remove(&mut self, id: RequestId) -> Option<Request<T>> {
        let place = self.slots.get_mut(id.slot as usize)?;
        if place.generation != id.generation {
            return None;
        }
        let request = place.request.take()?;
        place.generation = place.generation.wrapping_add(1).max(1);
        self.free.push(id.slot);
        Some(request)
    }

    /// The live request in a slot that a queue or an entry names.
    pub(super) fn at_slot(&mut self, slot: u32) -> Option<(RequestId, &mut Request<T>)> {
        let place = self.slots.get_mut(slot as usize)?;
        let generation = place.generation;
        let request = place.request.as_mut()?;
        Some((RequestId { slot, generation }, request))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (RequestId, &Request<T>)> {
        self.slots.iter().enumerate().filter_map(|(slot, place)| {
            let id = RequestId {
                slot: slot as u32,
                generation: place.generation,
            };
            place.request.as_ref().map(|request| (id, request))
        })
    }
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

    fn request(payload: u8) -> Request<u8> {
        Request {
            arrival: 0,
            blocked: 0,
            token: 0,
            entries: SmallVec::new(),
            payload,
        }
    }

    #[test]
    fn an_id_is_stale_once_its_request_is_removed() {
        let mut requests = Requests::new(7);
        let first = requests.insert(request(1));
        assert!(requests.remove(first).is_some());
        let second = requests.insert(request(2));
        assert_eq!(first.slot, second.slot);
        assert!(requests.get(first).is_none());
        assert!(requests.remove(first).is_none());
        assert_eq!(requests.get(second).map(|r| r.payload), Some(2));
        assert_eq!(requests.len(), 1);
    }

    #[test]
    fn a_generation_passes_over_zero() {
        let mut requests = Requests::new(7);
        let id = requests.insert(request(1));
        requests.slots[id.slot as usize].generation = u32::MAX;
        let last = RequestId {
            slot: id.slot,
            generation: u32::MAX,
        };
        assert!(requests.remove(last).is_some());
        assert_eq!(requests.insert(request(2)).generation, 1);
    }

    #[test]
    fn ids_of_two_engines_differ() {
        let (mut one, mut two) = (Requests::new(1), Requests::new(2));
        for _ in 0..100 {
            assert_ne!(one.insert(request(0)), two.insert(request(0)));
        }
    }

    #[test]
    fn numbers_that_are_no_ids_find_nothing() {
        let mut requests: Requests<u8> = Requests::new(7);
        let id = requests.insert(request(0));
        for bits in [0, 1, u64::MAX, id.to_u64() ^ 1, id.to_u64() | (1 << 60)] {
            assert!(requests.get(RequestId::from_u64(bits)).is_none(), "{bits}");
        }
        assert_eq!(RequestId::from_u64(id.to_u64()), id);
    }
}
