//! The way of a request into its shards.

use smallvec::SmallVec;

use crate::claim::Claim;
use crate::engine::{ClaimSet, RequestId, State};
use crate::error::{AcquireError, InvalidRequest};
use crate::id::LockId;
use crate::manager::Shared;
use crate::shard::Shard;
use crate::sync::{Arc, MutexGuard};
use crate::waiter::{Listener, Waiter};

/// What to do if the request cannot be granted at once.
///
/// It is lent to the submission, which takes the listener out only if the
/// request has to wait: what is left is foreign, and is dropped by the caller
/// when no lock is held any more.
pub(crate) enum Admission {
    /// Refuse it.
    Try,
    /// Queue it, and tell this listener in the end.
    Queue(Listener),
}

impl Admission {
    /// The listener of a request that has to wait; `None` after a try.
    fn take_listener(&mut self) -> Option<Listener> {
        match self {
            Self::Try => None,
            Self::Queue(listener) => Some(std::mem::replace(listener, Listener::None)),
        }
    }
}

/// What became of the request.
pub(crate) enum Submission {
    Granted {
        id: LockId,
        token: u64,
    },
    Waiting(Arc<Waiter>),
    /// Only after [`Admission::Try`].
    Refused,
}

/// Where one claim lies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Below this shard's first segments.
    Shard(usize),
    /// At the root, which every shard has.
    Everywhere,
}

impl Place {
    fn is_in(self, shard: usize) -> bool {
        self == Self::Everywhere || self == Self::Shard(shard)
    }
}

impl Shared {
    fn place(&self, claim: &Claim<'_>) -> Place {
        match claim.path().segments().next() {
            None => Place::Everywhere,
            Some(_) if self.shards.len() == 1 => Place::Shard(0),
            Some(first) => {
                Place::Shard((self.hasher.hash_one(first) % self.shards.len() as u64) as usize)
            }
        }
    }

    /// Submits a request to every shard that it lies in.
    pub(crate) fn submit(
        &self,
        claims: &ClaimSet<'_>,
        admission: &mut Admission,
    ) -> Result<Submission, AcquireError> {
        let claims = claims.claims();
        let first = self.place(&claims[0]);
        if let Place::Shard(only) = first
            && claims[1..].iter().all(|claim| self.place(claim) == first)
        {
            return self.submit_to_one(only, claims, admission);
        }
        let places: SmallVec<[Place; 8]> = claims.iter().map(|claim| self.place(claim)).collect();
        let indices: SmallVec<[usize; 8]> = if places.contains(&Place::Everywhere) {
            (0..self.shards.len()).collect()
        } else {
            let mut indices: SmallVec<[usize; 8]> = places
                .iter()
                .filter_map(|&place| match place {
                    Place::Shard(index) => Some(index),
                    Place::Everywhere => None,
                })
                .collect();
            indices.sort_unstable();
            indices.dedup();
            indices
        };
        self.submit_to_several(&indices, claims, &places, admission)
    }

    /// The common case: all claims in one shard.
    fn submit_to_one(
        &self,
        index: usize,
        claims: &[Claim<'_>],
        admission: &mut Admission,
    ) -> Result<Submission, AcquireError> {
        let mut shard = self.shards[index].0.lock();
        if shard.closed {
            return Err(AcquireError::Closed);
        }
        let submitted = shard
            .engine
            .submit_claims(claims.iter(), crate::shard::Part::default())?;
        let id = LockId::new(index, submitted.id);
        if let State::Granted { token } = submitted.state {
            return Ok(Submission::Granted { id, token });
        }
        let Some(listener) = admission.take_listener() else {
            take_back(&mut shard, submitted.id);
            return Ok(Submission::Refused);
        };
        let waiter = Waiter::new(id, 1, 0, listener);
        attach(&mut shard, submitted.id, &waiter);
        Ok(Submission::Waiting(waiter))
    }

    /// Claims in several shards, whose locks are all taken, in ascending order,
    /// before the first part is submitted.
    fn submit_to_several(
        &self,
        indices: &[usize],
        claims: &[Claim<'_>],
        places: &[Place],
        admission: &mut Admission,
    ) -> Result<Submission, AcquireError> {
        let mut shards: SmallVec<[(usize, MutexGuard<'_, Shard>); 8]> = indices
            .iter()
            .map(|&index| (index, self.shards[index].0.lock()))
            .collect();
        if shards.iter().any(|(_, shard)| shard.closed) {
            return Err(AcquireError::Closed);
        }
        if shards.iter().any(|(_, shard)| shard.engine.is_full()) {
            return Err(InvalidRequest::TooManyRequests.into());
        }
        let mut ids: SmallVec<[LockId; 8]> = SmallVec::new();
        let (mut blocked, mut token) = (0, 0);
        for (index, shard) in &mut shards {
            let here = claims
                .iter()
                .zip(places)
                .filter(|(_, place)| place.is_in(*index))
                .map(|(claim, _)| claim);
            // Cannot fail: no shard is full.
            let submitted = shard
                .engine
                .submit_claims(here, crate::shard::Part::default())?;
            ids.push(LockId::new(*index, submitted.id));
            match submitted.state {
                State::Waiting => blocked += 1,
                State::Granted { token: part } => token = token.max(part),
            }
        }
        let id = ids[0];
        if ids.len() > 1
            && let Some(part) = shards[0].1.engine.payload_mut(id.request())
        {
            part.others = Some(ids[1..].into());
        }
        if blocked == 0 {
            return Ok(Submission::Granted { id, token });
        }
        let Some(listener) = admission.take_listener() else {
            for ((_, shard), id) in shards.iter_mut().zip(&ids) {
                take_back(shard, id.request());
            }
            return Ok(Submission::Refused);
        };
        let waiter = Waiter::new(id, blocked, token, listener);
        for ((_, shard), id) in shards.iter_mut().zip(&ids) {
            if shard.engine.state(id.request()) == Some(State::Waiting) {
                attach(shard, id.request(), &waiter);
            }
        }
        Ok(Submission::Waiting(waiter))
    }
}

/// Takes back what was submitted last under this lock. Whoever waits arrived
/// earlier and so waits for somebody else: nobody is granted by it.
fn take_back(shard: &mut Shard, id: RequestId) {
    let mut granted: SmallVec<[RequestId; 1]> = SmallVec::new();
    shard.engine.end(id, &mut granted);
    debug_assert!(granted.is_empty(), "nobody waits for the last to arrive");
}

fn attach(shard: &mut Shard, id: RequestId, waiter: &Arc<Waiter>) {
    if let Some(part) = shard.engine.payload_mut(id) {
        part.waiter = Some(Arc::clone(waiter));
    }
}
