//! Shards: the tree is divided, each division an engine under a mutex of its own.
//!
//! A request has a part in every shard that one of its claims lies in
//! (`route.rs`). Every part is submitted while the locks of all those shards are
//! held, so any two requests arrive in the same order in every shard they share,
//! and the conjunction of the parts is the request: it is granted when all its
//! parts are.
//!
//! Lock order: shards by ascending index (`shards.rs`); then, with none of them held, a
//! waiter's own mutex (but for a waiter that nobody else has seen). Nothing else is
//! locked inside.

use smallvec::SmallVec;

use crate::engine::{Attach, Engine, RequestId, State};
use crate::id::LockId;
use crate::names::NameHasher;
use crate::owner::OwnerState;
use crate::shards;
use crate::shared::Shared;
use crate::stats::Tally;
use crate::sync::Arc;
use crate::waiter::{Outcome, Waiter};

use crate::delivery::Deliveries;

/// What the manager attaches to the parts of a request that is more than one
/// plain claim granted at once.
#[derive(Default)]
pub(crate) struct Part {
    /// The waiter of a request that had to wait, in all its parts.
    pub(crate) waiter: Option<Arc<Waiter>>,
    /// The waiter of an upgrade, until that is complete, in all parts.
    pub(crate) upgrade: Option<Arc<Waiter>>,
    /// In the part in the lowest shard, by which the request is known: the other
    /// parts, in ascending order of shards. Mostly there are none.
    pub(crate) others: SmallVec<[LockId; 3]>,
    /// In the other parts: by which id the request is known.
    pub(crate) known_as: Option<LockId>,
    /// Whose the request is, and what the caller calls it.
    pub(crate) about: About,
}

/// What a caller says of a request besides its claims.
#[derive(Clone, Default)]
pub(crate) struct About {
    pub(crate) owner: Option<Arc<OwnerState>>,
    pub(crate) label: Option<Arc<str>>,
}

impl Part {
    /// Whether its request waits, or an upgrade of it, or did until just now.
    pub(crate) fn waits(&self) -> bool {
        let waiters = [&self.waiter, &self.upgrade];
        let mut waiters = waiters.into_iter().flatten();
        waiters.any(|waiter| !waiter.is_complete())
    }
}

impl About {
    pub(crate) fn is_nothing(&self) -> bool {
        self.owner.is_none() && self.label.is_none()
    }
}

impl Attach for Part {
    fn is_upgraded(&self) -> bool {
        let upgrade = self.upgrade.as_ref();
        upgrade.is_some_and(|waiter| waiter.is_complete())
    }

    fn is_whole(&self) -> bool {
        self.others.is_empty() && self.known_as.is_none()
    }

    fn upgrade_waits_again(&self) -> bool {
        self.upgrade
            .as_ref()
            .is_none_or(|waiter| waiter.part_waits_again())
    }

    fn is_held(&self) -> bool {
        self.waiter
            .as_ref()
            .is_none_or(|waiter| waiter.is_complete())
    }

    fn wait_again(&self) -> bool {
        self.waiter
            .as_ref()
            .is_none_or(|waiter| waiter.part_waits_again())
    }
}

/// One shard. Guarded by its mutex in [`Shards`].
pub(crate) struct Shard {
    index: usize,
    pub(crate) engine: Engine<Part>,
    /// No request is taken in any more.
    pub(crate) closed: bool,
    /// How often a thread had to wait for this mutex since a class was last
    /// considered for spreading.
    pub(crate) contended: u32,
    pub(crate) tally: Tally,
}

impl Shard {
    pub(crate) fn new(index: usize, seed: u64, hasher: NameHasher, timing: bool) -> Self {
        Self {
            index,
            engine: Engine::with_hasher(seed, hasher),
            closed: false,
            contended: 0,
            tally: Tally::new(timing),
        }
    }

    /// From now on it takes nothing in, and nobody who waits here is granted.
    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.engine.freeze();
    }

    /// By which id the request is known whose part this is.
    pub(crate) fn known_as(&self, id: RequestId) -> LockId {
        let part = self.engine.payload(id);
        part.and_then(|part| part.known_as)
            .unwrap_or_else(|| LockId::new(self.index, id))
    }

    /// Whether a request has this part here.
    pub(crate) fn is_part(&self, part: LockId, id: RequestId) -> bool {
        part.shard() == self.index && part.request() == id
    }

    /// Attaches what has to be known of a request to its part.
    pub(crate) fn attach(&mut self, id: RequestId, part: Part) {
        if let Some(owner) = &part.about.owner {
            owner.enter(self.index);
        }
        self.engine.attach(id, part);
    }

    /// Ends one part and notes the requests whose last part is granted by it.
    pub(crate) fn end_part(&mut self, id: RequestId, deliveries: &mut Deliveries) -> Option<Part> {
        let mut granted: SmallVec<[RequestId; 4]> = SmallVec::new();
        let ended = self.engine.end(id, &mut granted)?;
        let part = ended.payload.unwrap_or_default();
        if let Some(owner) = &part.about.owner
            && !self.engine.has_owner(owner.id)
        {
            owner.leave(self.index);
        }
        self.tell_granted(&granted, deliveries);
        Some(part)
    }

    /// Notes the requests and upgrades whose last part is granted here.
    pub(crate) fn tell_granted(&mut self, granted: &[RequestId], deliveries: &mut Deliveries) {
        self.tell_others(granted, None, deliveries);
    }

    /// The same, but for one waiter, which is being made and needs not be told.
    pub(crate) fn tell_others(
        &mut self,
        granted: &[RequestId],
        but: Option<&Arc<Waiter>>,
        deliveries: &mut Deliveries,
    ) {
        for &id in granted {
            let clock = self.engine.clock();
            let token = match self.engine.state(id) {
                Some(State::Granted { token }) => token,
                _ => unreachable!("the engine has just granted it"),
            };
            let Some(part) = self.engine.payload_mut(id) else {
                continue;
            };
            // One engine alone has completed the upgrade; of several, each has passed
            // its part, and the token is given when all have.
            let is_whole = part.is_whole();
            let upgrade = if is_whole {
                part.upgrade.take()
            } else {
                part.upgrade.clone()
            };
            if let Some(waiter) = upgrade {
                let token = if is_whole { token } else { clock };
                if let Some(token) = waiter.part_granted(token) {
                    self.tally.upgrades += u64::from(is_whole);
                    deliveries.push((waiter, Outcome::Granted { token }));
                }
                continue;
            }
            let Some(waiter) = part.waiter.clone() else {
                continue;
            };
            if let Some(token) = waiter.part_granted(token)
                && but.is_none_or(|but| !Arc::ptr_eq(but, &waiter))
            {
                self.tally.granted_after(id, waiter.queued);
                deliveries.push((waiter, Outcome::Granted { token }));
            }
        }
    }
}

pub(crate) type Shards = shards::Shards<Shard>;

/// A shard that this thread has locked.
pub(crate) type Held<'m> = shards::Held<'m, Shard>;

/// A live request's shards, locked, and its parts there.
pub(crate) struct Located<'m> {
    /// Ascending by shard; the first is the part that the id names.
    pub(crate) parts: SmallVec<[(Held<'m>, RequestId); 4]>,
}

impl<'m> Located<'m> {
    /// Locks every shard that the request is in. `None`: the id is stale, or
    /// names a part that the request is not known by.
    pub(crate) fn find(shared: &'m Shared, id: LockId) -> Option<Self> {
        Self::find_from(shared, shared.shards.find(id.shard())?, id)
    }

    /// [`find`](Self::find), with the shard that the id names locked already.
    pub(crate) fn find_from(shared: &'m Shared, first: Held<'m>, id: LockId) -> Option<Self> {
        first.engine.state(id.request())?;
        let mut others: SmallVec<[LockId; 3]> = SmallVec::new();
        if let Some(part) = first.engine.payload(id.request()) {
            if part.known_as.is_some() {
                return None;
            }
            // Copied, since the shards' guards go into the list that follows.
            others.extend_from_slice(&part.others);
        }
        let mut parts = SmallVec::new();
        parts.push((first, id.request()));
        for other in others {
            // Ascending from the first, as the lock order wants.
            parts.push((shared.shards.lock(other.shard()), other.request()));
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
        // An upgrade that is granted, though nobody has asked for it since.
        if let Some(upgrade) = self.upgrade().filter(|waiter| waiter.is_complete()) {
            greatest = greatest.max(upgrade.token());
        }
        State::Granted { token: greatest }
    }

    fn first(&self) -> Option<&Part> {
        let (shard, id) = self.parts.first()?;
        shard.engine.payload(*id)
    }

    /// The waiter of the request, if it had to wait.
    pub(crate) fn waiter(&self) -> Option<Arc<Waiter>> {
        self.first()?.waiter.clone()
    }

    /// The waiter of an upgrade.
    pub(crate) fn upgrade(&self) -> Option<Arc<Waiter>> {
        self.first()?.upgrade.clone()
    }

    pub(crate) fn owner(&self) -> Option<Arc<OwnerState>> {
        self.first()?.about.owner.clone()
    }

    /// Ends every part. Returns the waiters of the request, if it waited, and of
    /// its upgrade, if that waits.
    pub(crate) fn end(mut self, shared: &Shared, deliveries: &mut Deliveries) -> Waiters {
        let state = self.state();
        let mut waiters = Waiters::default();
        let waited = state == State::Waiting;
        for (index, (shard, id)) in self.parts.iter_mut().enumerate() {
            if let State::Granted { token } = state {
                shard.engine.observe(token);
            }
            if index == 0 {
                shard.tally.ended(*id, waited);
            }
            let Some(part) = shard.end_part(*id, deliveries) else {
                continue;
            };
            if waited {
                waiters.request = waiters.request.or(part.waiter);
            }
            waiters.upgrade = waiters
                .upgrade
                .or(part.upgrade.filter(|upgrade| !upgrade.is_complete()));
        }
        if waited {
            shared.stops_waiting();
        }
        waiters
    }
}

/// Who is to hear of the end of a request.
#[derive(Default)]
pub(crate) struct Waiters {
    pub(crate) request: Option<Arc<Waiter>>,
    pub(crate) upgrade: Option<Arc<Waiter>>,
}
