//! Shards: the tree is divided by first segments, each division an engine under
//! a mutex of its own.
//!
//! A request has a part in every shard that one of its claims lies in; a claim
//! on the root lies in all. Every part is submitted while the locks of all those
//! shards are held, so any two requests arrive in the same order in every shard
//! they share, and the conjunction of the parts is the request: it is granted
//! when all its parts are.
//!
//! Lock order: shards by ascending index; then, with none of them held, a
//! waiter's own mutex. Nothing else is locked inside.

use smallvec::SmallVec;

use crate::engine::{Engine, RequestId, State};
use crate::id::LockId;
use crate::sync::{Arc, Mutex, MutexGuard};
use crate::waiter::{Outcome, Waiter};

use crate::delivery::Deliveries;

/// What the manager attaches to each part of a request.
#[derive(Default)]
pub(crate) struct Part {
    /// While this part waits, the waiter of the request.
    pub(crate) waiter: Option<Arc<Waiter>>,
    /// For the part in the lowest shard, by which the request is known: the
    /// other parts, in ascending order of shards. Mostly there are none.
    pub(crate) others: Option<Box<[LockId]>>,
}

/// One shard. Guarded by its mutex in `Shards`.
pub(crate) struct Shard {
    pub(crate) engine: Engine<Part>,
    /// No request is taken in any more.
    pub(crate) closed: bool,
}

impl Shard {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            engine: Engine::new(seed),
            closed: false,
        }
    }

    /// The waiter of a part, which has none after this.
    pub(crate) fn take_waiter(&mut self, id: RequestId) -> Option<Arc<Waiter>> {
        self.engine.payload_mut(id)?.waiter.take()
    }

    /// Ends one part and notes the requests whose last part is granted by it.
    pub(crate) fn end_part(&mut self, id: RequestId, deliveries: &mut Deliveries) -> Option<Part> {
        let mut granted: SmallVec<[RequestId; 4]> = SmallVec::new();
        let ended = self.engine.end(id, &mut granted)?;
        for id in granted {
            let Some(State::Granted { token }) = self.engine.state(id) else {
                unreachable!("the engine has just granted it");
            };
            // A part that no longer has a waiter is being closed.
            if let Some(waiter) = self.take_waiter(id)
                && let Some(token) = waiter.part_granted(token)
            {
                deliveries.push((waiter, Outcome::Granted { token }));
            }
        }
        Some(ended.payload)
    }
}

pub(crate) type Shards = Box<[Padded<Mutex<Shard>>]>;

/// Keeps neighbours off each other's cache lines: 128 bytes, because x86 fetches
/// lines in pairs.
#[repr(align(128))]
pub(crate) struct Padded<T>(pub(crate) T);

/// A live request's shards, locked, and its parts there.
pub(crate) struct Located<'m> {
    /// Ascending by shard; the first is the part that the id names.
    pub(crate) parts: SmallVec<[(MutexGuard<'m, Shard>, RequestId); 1]>,
}

impl<'m> Located<'m> {
    /// Locks every shard that the request is in. `None`: the id is stale.
    pub(crate) fn find(shards: &'m Shards, id: LockId) -> Option<Self> {
        let first = shards.get(id.shard())?.0.lock();
        let part = first.engine.payload(id.request())?;
        // Copied, since the shards' guards go into the list that follows.
        let others: Option<Box<[LockId]>> = part.others.clone();
        let mut parts = SmallVec::new();
        parts.push((first, id.request()));
        for other in others.iter().flatten() {
            // Ascending from the first, as the lock order wants.
            parts.push((shards[other.shard()].0.lock(), other.request()));
        }
        Some(Self { parts })
    }

    /// Where the request stands: granted if every part is, with the greatest of
    /// their tokens.
    pub(crate) fn state(&self) -> State {
        let mut greatest = 0;
        for (shard, id) in &self.parts {
            match shard.engine.state(*id) {
                Some(State::Granted { token }) => greatest = greatest.max(token),
                _ => return State::Waiting,
            }
        }
        State::Granted { token: greatest }
    }

    /// The waiter, while the request waits.
    pub(crate) fn waiter(&self) -> Option<Arc<Waiter>> {
        self.parts
            .iter()
            .find_map(|(shard, id)| shard.engine.payload(*id)?.waiter.clone())
    }

    /// Ends every part. Returns the waiter, if the request waited.
    pub(crate) fn end(mut self, deliveries: &mut Deliveries) -> Option<Arc<Waiter>> {
        let state = self.state();
        let mut waiter = None;
        for (shard, id) in &mut self.parts {
            if let State::Granted { token } = state {
                shard.engine.observe(token);
            }
            if let Some(part) = shard.end_part(*id, deliveries) {
                waiter = waiter.or(part.waiter);
            }
        }
        waiter
    }
}
