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
//! (waiting or granted) conflicts with it.
//!
//! # How
//!
//! Multigranularity locking (Gray and others, 1976; the tables stand in
//! `modes.rs`) with first-in, first-out queues per node (`queue.rs`). Paths form
//! a tree (`tree.rs`). A claim has an entry at every node from the root to its
//! path: an intention on the way, itself at the end; entries of one request that
//! meet at a node become one, in the supremum of their modes. Two requests
//! conflict exactly if they have incompatible entries at some node: at the
//! shorter of the two paths that make them conflict.
//!
//! So the rule can be kept node by node: an entry passes a node when no earlier
//! live entry there is incompatible with it, and a request is granted when all
//! its entries have passed. `Queue::admits` and `Queue::may_pass` are the two
//! forms of that decision, and nothing else decides.
//!
//! # Cost
//!
//! `submit` and `end` take time in proportion to the request's entries (at most
//! the segments of its claims, and one for the root) and to the grants they
//! cause; never to the number of requests that hold or wait.

mod claim_set;
pub(crate) mod modes;
mod queue;
mod request;
mod tree;

use smallvec::SmallVec;

pub use claim_set::ClaimSet;
pub use request::RequestId;

use crate::claim::Claim;
use crate::error::InvalidRequest;
use modes::NodeMode;
use queue::Waits;
use request::{Entry, Request, Requests};
use tree::{NodeIndex, Tree};

/// How many nodes and waits an idle engine keeps room for.
const KEPT: usize = 4_096;

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
    pub payload: T,
}

/// The state machine. `T` is whatever the caller attaches to a request.
#[derive(Debug)]
pub struct Engine<T> {
    tree: Tree,
    waits: Waits,
    requests: Requests<T>,
    /// The number of the last arrival.
    arrivals: u64,
    /// A Lamport clock (Lamport, 1978): not less than any token given here or
    /// shown to [`observe`](Self::observe).
    clock: u64,
    /// How many requests wait.
    waiting: usize,
}

impl<T> Engine<T> {
    /// An empty engine. The seed goes into the hashing of names and into the
    /// ids; nothing that can be observed but ids depends on it.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            tree: Tree::new(seed),
            waits: Waits::default(),
            requests: Requests::new(seed),
            arrivals: 0,
            clock: 0,
            waiting: 0,
        }
    }

    /// Takes a request in: it is granted at once if no live request conflicts
    /// with it, else it waits until those end.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest::TooManyRequests`]; nothing has changed then.
    pub fn submit(
        &mut self,
        claims: &ClaimSet<'_>,
        payload: T,
    ) -> Result<Submitted, InvalidRequest> {
        self.submit_claims(claims.claims().iter(), payload)
    }

    /// [`submit`](Self::submit) for some of the claims of a set, in its order:
    /// a shard gets those that lie in it.
    pub(crate) fn submit_claims<'c, 'a: 'c>(
        &mut self,
        claims: impl Iterator<Item = &'c Claim<'a>>,
        payload: T,
    ) -> Result<Submitted, InvalidRequest> {
        if self.is_full() {
            return Err(InvalidRequest::TooManyRequests);
        }
        let entries = self.enter(claims);
        self.arrivals += 1;
        let arrival = self.arrivals;
        let id = self.requests.insert(Request {
            arrival,
            blocked: 0,
            token: 0,
            entries,
            payload,
        });
        let state = self.arrive(id);
        Ok(Submitted { id, state })
    }

    /// Whether these claims would be granted if they were submitted now. Changes
    /// nothing that can be observed and queues nothing.
    #[must_use]
    pub fn would_grant(&mut self, claims: &ClaimSet<'_>) -> bool {
        let entries = self.enter(claims.claims().iter());
        let free = entries
            .iter()
            .all(|entry| self.tree.queue(entry.node).admits(entry.mode));
        self.exit(&entries);
        free
    }

    /// Ends a request, granted or waiting, and appends to `granted` the ids of
    /// those that are granted by it, in the order of their arrival.
    ///
    /// `None`: the id is stale; nothing has changed.
    pub fn end(&mut self, id: RequestId, granted: &mut impl Extend<RequestId>) -> Option<Ended<T>> {
        let mut request = self.requests.remove(id)?;
        let state = state_of(&request);
        match state {
            State::Waiting => self.waiting -= 1,
            // Raised by `observe` too, but a pure user need not call that.
            State::Granted { token } => self.clock = self.clock.max(token),
        }
        let mut newly: SmallVec<[(u64, RequestId); 4]> = SmallVec::new();
        for entry in &mut request.entries {
            let queue = &mut self.tree.node_mut(entry.node).queue;
            let look = match entry.waiting.take() {
                // What stood behind it may pass now.
                Some(wait) => {
                    queue.unlink(&mut self.waits, entry.mode, wait);
                    queue.has_waiting()
                }
                None => queue.leave(entry.mode),
            };
            if look {
                self.pass_waiting(entry.node, &mut newly);
            }
        }
        self.exit(&request.entries);
        self.tree.shrink_if_idle();
        self.waits.shrink_if_idle();
        if !newly.is_empty() {
            newly.sort_unstable_by_key(|&(arrival, _)| arrival);
            granted.extend(newly.into_iter().map(|(_, id)| id));
        }
        Some(Ended {
            state,
            payload: request.payload,
        })
    }

    /// Where a request stands; `None` for a stale id.
    #[must_use]
    pub fn state(&self, id: RequestId) -> Option<State> {
        self.requests.get(id).map(state_of)
    }

    /// What the caller attached to a live request.
    #[must_use]
    pub fn payload(&self, id: RequestId) -> Option<&T> {
        self.requests.get(id).map(|request| &request.payload)
    }

    /// The same, to change it.
    pub fn payload_mut(&mut self, id: RequestId) -> Option<&mut T> {
        self.requests
            .get_mut(id)
            .map(|request| &mut request.payload)
    }

    /// Every waiting request, in no particular order. Takes time in proportion
    /// to the most requests that were ever live at once.
    pub fn waiting(&self) -> impl Iterator<Item = RequestId> {
        self.requests
            .iter()
            .filter(|(_, request)| request.blocked > 0)
            .map(|(id, _)| id)
    }

    /// How many requests wait.
    #[must_use]
    pub fn waiting_count(&self) -> usize {
        self.waiting
    }

    /// How many requests are granted.
    #[must_use]
    pub fn granted_count(&self) -> usize {
        self.requests.len() - self.waiting
    }

    /// Whether nothing at all is left: no request and no node.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.requests.len() == 0 && self.tree.len() == 0
    }

    /// Whether no further request can be numbered (2²⁴ are live).
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.requests.is_full()
    }

    /// Makes every later token greater than this one: for a token that was
    /// given elsewhere to a request that has a part here.
    pub fn observe(&mut self, token: u64) {
        self.clock = self.clock.max(token);
    }

    /// One entry for every node on the way to the claims, each node entered.
    /// The claims come in the order of their paths, so what a claim shares with
    /// the ones before it is a prefix of the last one's way.
    fn enter<'c, 'a: 'c>(
        &mut self,
        claims: impl Iterator<Item = &'c Claim<'a>>,
    ) -> SmallVec<[Entry; 4]> {
        let mut entries: SmallVec<[Entry; 4]> = SmallVec::new();
        // The way of the last claim: for each of its nodes the entry's index.
        let mut way: SmallVec<[usize; 8]> = SmallVec::new();
        let mut last: Option<&Claim<'_>> = None;
        for claim in claims {
            let intention = NodeMode::intention(claim.mode());
            match last {
                None => {
                    way.push(0);
                    entries.push(Entry {
                        node: self.tree.enter_root(),
                        mode: intention,
                        waiting: None,
                    });
                }
                Some(last) => {
                    let shared = last
                        .path()
                        .segments()
                        .zip(claim.path().segments())
                        .take_while(|(one, other)| one == other)
                        .count();
                    way.truncate(shared + 1);
                    for &at in &way {
                        entries[at].mode = entries[at].mode.supremum(intention);
                    }
                }
            }
            let mut at = way[way.len() - 1];
            for segment in claim.path().segments().skip(way.len() - 1) {
                let node = self.tree.enter(entries[at].node, segment);
                at = entries.len();
                way.push(at);
                entries.push(Entry {
                    node,
                    mode: intention,
                    waiting: None,
                });
            }
            // The claim itself, where its way ends. In a normal form no two
            // claims end at one node, but the way of a later one may pass it.
            entries[at].mode = entries[at].mode.supremum(NodeMode::target(claim.mode()));
            last = Some(claim);
        }
        entries
    }

    /// Leaves the nodes that [`enter`](Self::enter) entered, children first.
    fn exit(&mut self, entries: &[Entry]) {
        for entry in entries.iter().rev() {
            self.tree.exit(entry.node);
        }
    }

    /// Each entry of a new request passes its node or joins its queue.
    fn arrive(&mut self, id: RequestId) -> State {
        let Some(request) = self.requests.get_mut(id) else {
            unreachable!("the request was inserted by the caller");
        };
        for (index, entry) in request.entries.iter_mut().enumerate() {
            let queue = &mut self.tree.node_mut(entry.node).queue;
            if queue.admits(entry.mode) {
                queue.pass(entry.mode);
            } else {
                entry.waiting = Some(queue.push(
                    &mut self.waits,
                    entry.mode,
                    id.slot(),
                    index as u32,
                    request.arrival,
                ));
                request.blocked += 1;
            }
        }
        if request.blocked > 0 {
            self.waiting += 1;
        } else {
            self.clock += 1;
            request.token = self.clock;
        }
        state_of(request)
    }

    /// Lets pass at a node whoever may; notes the requests granted by that.
    fn pass_waiting(&mut self, at: NodeIndex, granted: &mut SmallVec<[(u64, RequestId); 4]>) {
        let queue = &mut self.tree.node_mut(at).queue;
        while let Some(wait) = queue.pass_next(&mut self.waits) {
            let Some((id, request)) = self.requests.at_slot(wait.slot) else {
                unreachable!("only live requests stand in queues");
            };
            request.entries[wait.entry as usize].waiting = None;
            request.blocked -= 1;
            if request.blocked == 0 {
                self.waiting -= 1;
                self.clock += 1;
                request.token = self.clock;
                granted.push((request.arrival, id));
            }
        }
    }
}

fn state_of<T>(request: &Request<T>) -> State {
    if request.blocked > 0 {
        State::Waiting
    } else {
        State::Granted {
            token: request.token,
        }
    }
}

#[cfg(test)]
mod tests;
