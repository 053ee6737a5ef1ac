//! The engine: the rules, as a pure and deterministic state machine.
//!
//! No threads, no clock, no I/O, no globals: the same calls in the same order
//! give the same answers. The [`Manager`](crate::Manager) runs one engine per
//! shard under a mutex; a test, a model checker or a replica can run one alone.
//!
//! # The rules it keeps
//!
//! Two claims of different requests *conflict* when one path is a prefix of the
//! other, or equal to it, and at least one of the two writes. A request is
//! granted at the very moment when no earlier request that is still alive
//! (waiting or granted) conflicts with it. Requests of one owner never conflict.
//! Limits, upgrades and the owner's right to claim again what it holds are
//! refinements of that; docs/design.md has them word by word.
//!
//! # How
//!
//! Multigranularity locking (Gray and others, 1976; the tables stand in
//! `modes.rs`) with first-in, first-out queues per node (`crowd.rs`). Paths form
//! a tree (`tree.rs`). A claim has an *entry* at every node from the root to its
//! path: an intention on the way, itself at the end; entries of one request that
//! meet at a node become one, in the supremum of their modes (`entry.rs`). Two
//! requests conflict exactly if they have incompatible entries at some node: at
//! the shorter of the two paths that make them conflict.
//!
//! So the rule can be kept node by node: an entry passes a node when nothing
//! incompatible is ahead of it there, and a request is granted when all its
//! entries have passed. `Engine::may_pass` in `decide.rs` is that decision, and
//! `Engine::may_take_permit` beside it the one for limits; nothing else decides.
//!
//! # Where what is
//!
//! | file | what |
//! | --- | --- |
//! | `modes.rs`, `counts.rs` | the five modes, their tables, and counting them |
//! | `tree.rs` | nodes by parent and name |
//! | `crowd.rs` | who waits at a node |
//! | `owned.rs` | what an owner has at a node |
//! | `through.rs` | who has passed a node and waits elsewhere |
//! | `order.rs`, `over.rs` | where a bypass has changed the order of those that wait |
//! | `entry.rs` | what a request does at its nodes; normal form |
//! | `request.rs` | requests by id |
//! | `arrive.rs` | taking a request in |
//! | `decide.rs` | the decision, and letting pass those who wait |
//! | `leave.rs` | ending a request |
//! | `send_back.rs` | going ahead of those that wait |
//! | `change.rs` | upgrade, downgrade, release of a part |
//! | `deadlock/` | who would be stuck, and the bypass that keeps it from that |
//! | `look.rs` | who holds and waits, and for whom |
//!
//! # Cost
//!
//! `submit` and `end` take time in proportion to the request's entries (at most
//! the segments of its claims, and one for the root) and to the grants they
//! cause; never to the number of requests that hold or wait. `untangle` looks at
//! what the asker's agent, and those that wait for it or that it waits for, have at
//! nodes where somebody waits.

mod arrive;
mod change;
mod claim_set;
mod counts;
mod crowd;
mod deadlock;
mod decide;
mod entry;
mod free_list;
mod leave;
mod look;
pub(crate) mod modes;
mod order;
mod over;
mod owned;
mod request;
mod send_back;
mod slab;
mod through;
mod tree;

use smallvec::SmallVec;

pub use change::{ChangeRefused, Upgraded};
pub use claim_set::ClaimSet;
pub(crate) use claim_set::{Claims, collect};
pub use deadlock::Untangled;
pub(crate) use deadlock::{Agent, At, Knot, OutOfReach, Tangle, World, bypasses, tangle};
pub use look::Seen;
pub use request::RequestId;

use crate::error::InvalidRequest;
use crate::names::NameHasher;
use crate::owner::OwnerId;
use crate::prepared::Prepared;
use crowd::Crowds;
use entry::Entry;
use owned::Owned;
use request::Requests;
use through::Through;
use tree::Tree;
pub(crate) use tree::{CLASSES, class};

/// Where a live request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits for earlier requests to end.
    Waiting,
    /// It is granted.
    Granted {
        /// Its fencing token, never 0.
        token: u64,
    },
}

/// What [`Engine::submit`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// The id of the request, live until [`Engine::end`].
    pub id: RequestId,
    /// Granted at once, or queued.
    pub state: State,
}

/// What [`Engine::end`] took out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended<T> {
    /// Where the request stood.
    pub state: State,
    /// What the caller had attached to it.
    pub payload: Option<T>,
}

/// What a caller attaches to a request, so far as the engine has to know it: the
/// request may be a part of one that reaches into other engines.
pub trait Attach {
    /// Whether the whole request is granted, of which this engine has granted
    /// its part.
    fn is_held(&self) -> bool {
        true
    }

    /// The part, complete here, has to wait again, since somebody is upgraded
    /// ahead of it. `false` if the whole was granted in the meantime.
    fn wait_again(&self) -> bool {
        true
    }

    /// The same of an upgrade whose part is complete here.
    fn upgrade_waits_again(&self) -> bool {
        true
    }

    /// Whether an upgrade of the whole has passed everywhere: it is in force then,
    /// though this engine has not been told of it.
    fn is_upgraded(&self) -> bool {
        false
    }

    /// Whether the request has no parts in other engines.
    fn is_whole(&self) -> bool {
        true
    }
}

impl Attach for () {}

/// Requests and upgrades granted by a step, with their numbers of arrival.
type Grants = SmallVec<[(u64, RequestId); 4]>;

/// The state machine. `T` is whatever the caller attaches to a request.
#[derive(Debug)]
pub struct Engine<T> {
    tree: Tree,
    crowds: Crowds,
    owned: Owned,
    through: Through,
    requests: Requests<T>,
    /// The number of the last arrival.
    arrivals: u64,
    /// A Lamport clock (Lamport, 1978): not less than any token given here or
    /// shown to [`observe`](Self::observe).
    clock: u64,
    /// How many requests wait.
    waiting: usize,
    /// What was looked at by those that go ahead and by searches for cycles.
    steps: u64,
    /// The caller's time, noted for requests that are granted.
    now: u32,
    /// For each node the entry that the request being taken in has there, if the
    /// first number is `round`.
    marks: Vec<(u32, u32)>,
    round: u32,
    /// Lists of entries for use again.
    spare: Vec<Vec<Entry>>,
    /// How many entries there are directly below the root, by class.
    tops: Box<[u32]>,
    /// Nobody who waits is granted any more.
    frozen: bool,
}

impl<T: Attach> Engine<T> {
    /// An empty engine. The seed goes into the hashing of names and into the
    /// ids; nothing that can be observed but ids depends on it.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::with_hasher(seed, NameHasher::new(seed))
    }

    /// An engine that takes names hashed by others.
    pub(crate) fn with_hasher(seed: u64, hasher: NameHasher) -> Self {
        Self {
            tree: Tree::new(hasher),
            crowds: Crowds::default(),
            owned: Owned::default(),
            through: Through::default(),
            requests: Requests::new(seed),
            arrivals: 0,
            clock: 0,
            waiting: 0,
            steps: 0,
            now: 0,
            marks: Vec::new(),
            round: 0,
            spare: Vec::new(),
            tops: vec![0; CLASSES].into_boxed_slice(),
            frozen: false,
        }
    }

    /// From now on nobody who waits is granted, whoever ends; the caller takes nothing
    /// in any more, and what it keeps is given back when the last request has ended.
    pub(crate) fn freeze(&mut self) {
        self.frozen = true;
        if self.requests.len() == 0 {
            self.give_back();
        }
    }

    /// Whether no live request has a claim below a first segment of this class.
    pub(crate) fn is_class_idle(&self, class: usize) -> bool {
        self.tops[class] == 0
    }

    /// Takes a request in: it is granted at once if nothing that conflicts is
    /// ahead of it, else it waits until that is so. Whether it may wait is the
    /// caller's to ask, with [`untangle`](Self::untangle).
    ///
    /// # Errors
    ///
    /// Every [`InvalidRequest`] that speaks of claims and paths, and
    /// [`InvalidRequest::TooManyRequests`]; nothing has changed then.
    pub fn submit(
        &mut self,
        claims: &ClaimSet<'_>,
        owner: Option<OwnerId>,
    ) -> Result<Submitted, InvalidRequest> {
        let hasher = self.tree.hasher().clone();
        let mut prepared = Prepared::new();
        prepared.fill(claims.claims(), claims.limits(), &hasher)?;
        if self.is_full() {
            return Err(InvalidRequest::TooManyRequests);
        }
        if prepared.len() == 1
            && owner.is_none()
            && let Some(granted) = self.try_simple(&prepared.claim(0))
        {
            return Ok(granted);
        }
        let mut again: SmallVec<[RequestId; 1]> = SmallVec::new();
        let submitted = self.submit_record(prepared.iter(), owner, &mut again);
        debug_assert!(again.is_empty(), "every request is whole here");
        Ok(submitted)
    }

    /// Whether these claims would be granted if they were submitted now. Changes
    /// nothing that can be observed and queues nothing.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit).
    pub fn would_grant(
        &mut self,
        claims: &ClaimSet<'_>,
        owner: Option<OwnerId>,
    ) -> Result<bool, InvalidRequest> {
        let hasher = self.tree.hasher().clone();
        let mut prepared = Prepared::new();
        prepared.fill(claims.claims(), claims.limits(), &hasher)?;
        let free = self.would_pass(prepared.iter(), owner);
        let may_close_cycle = owner.is_some_and(|owner| match free {
            true => self.owner_waits(owner),
            false => self.has_owner(owner),
        });
        if !may_close_cycle || self.is_full() {
            return Ok(free);
        }
        // Only the order of those that wait may be in its way.
        let mut again: SmallVec<[RequestId; 1]> = SmallVec::new();
        let submitted = self.submit_record(prepared.iter(), owner, &mut again);
        let would = self.would_untangle(submitted.id, free);
        self.end(submitted.id, &mut again);
        debug_assert!(again.is_empty(), "whoever made way is where it was");
        Ok(would)
    }

    /// Where a request stands; `None` for a stale id. One that waits to be
    /// upgraded is granted.
    #[must_use]
    #[inline]
    pub fn state(&self, id: RequestId) -> Option<State> {
        self.requests.token(id).map(state_of)
    }

    /// What the caller attached to a live request.
    #[must_use]
    pub fn payload(&self, id: RequestId) -> Option<&T> {
        self.requests.record(id)?.payload.as_ref()
    }

    /// The same, to change it.
    pub fn payload_mut(&mut self, id: RequestId) -> Option<&mut T> {
        self.requests.record_mut(id)?.payload.as_mut()
    }

    /// Attaches something to a live request, in place of what was attached.
    /// `false` for a stale id.
    pub fn attach(&mut self, id: RequestId, payload: T) -> bool {
        self.give_record(id);
        match self.requests.record_mut(id) {
            Some(record) => {
                record.payload = Some(payload);
                true
            }
            None => false,
        }
    }

    /// How many requests wait. Upgrades are not counted.
    #[must_use]
    pub fn waiting_count(&self) -> usize {
        self.waiting
    }

    /// How many requests are granted.
    #[must_use]
    pub fn granted_count(&self) -> usize {
        self.requests.len() - self.waiting
    }

    /// How many entries and waits of requests were looked at so far to find out
    /// whether a wait closes a cycle, and who has to make way for an upgrade or for what
    /// an owner holds already: a measure of their cost that does not depend on a clock.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Whether nothing at all is left: no request, and nobody at any node. Takes
    /// time in proportion to the nodes; meant for tests.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.requests.len() == 0
            && self.tree.is_empty()
            && self.crowds.is_empty()
            && self.owned.is_empty()
            && self.through.is_empty()
    }

    /// Whether no further request can be numbered (2²⁴ are live).
    #[must_use]
    #[inline]
    pub fn is_full(&self) -> bool {
        self.requests.is_full()
    }

    /// Makes every later token greater than this one: for a token that was
    /// given elsewhere to a request that has a part here.
    #[inline]
    pub fn observe(&mut self, token: u64) {
        self.clock = self.clock.max(token);
    }

    /// The requests of an owner, in no particular order.
    pub(crate) fn requests_of(&self, owner: OwnerId) -> impl Iterator<Item = RequestId> {
        let slots = self.owned.requests(owner).iter();
        slots.map(|&slot| self.requests.id_at(slot))
    }

    /// Whether an owner has requests here.
    pub(crate) fn has_owner(&self, owner: OwnerId) -> bool {
        !self.owned.requests(owner).is_empty()
    }

    /// The live requests in the next so many places from one on, and where to go on
    /// after those; `None` at the end. A request keeps its place as long as it lives.
    pub(crate) fn some_ids(
        &self,
        from: usize,
        places: usize,
    ) -> (impl Iterator<Item = RequestId>, Option<usize>) {
        self.requests.some_ids(from, places)
    }

    /// Not less than any token given here.
    pub(crate) fn clock(&self) -> u64 {
        self.clock
    }

    /// The time, in the caller's units, that is noted for what is granted from
    /// now on.
    #[inline]
    pub fn set_now(&mut self, now: u32) {
        self.now = now;
    }

    /// When a request was granted (not upgraded), by [`set_now`](Self::set_now).
    #[must_use]
    pub fn since(&self, id: RequestId) -> Option<u32> {
        self.requests.since(id)
    }

    /// A list of entries for use again, or a new one.
    fn spare_entries(&mut self) -> Vec<Entry> {
        self.spare.pop().unwrap_or_else(|| {
            // Here, so that what gives it back need not.
            self.spare.reserve(SPARE);
            Vec::new()
        })
    }

    fn keep_entries(&mut self, mut entries: Vec<Entry>) {
        entries.clear();
        if self.spare.len() < SPARE && entries.capacity() <= 256 {
            self.spare.push(entries);
        }
    }
}

/// The most lists of entries that are kept for use again.
const SPARE: usize = 16;

#[inline]
fn state_of(token: u64) -> State {
    if token == 0 {
        State::Waiting
    } else {
        State::Granted { token }
    }
}

/// Grants in the order of arrival, as ids.
fn in_order(mut grants: Grants) -> impl Iterator<Item = RequestId> {
    grants.sort_unstable_by_key(|&(arrival, _)| arrival);
    grants.into_iter().map(|(_, id)| id)
}

#[cfg(test)]
mod tests;
