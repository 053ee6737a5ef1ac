//! Looking without queueing: who holds and waits, and for whom.

use std::time::{Duration, Instant};

use smallvec::SmallVec;

use crate::by_id::LockState;
use crate::claim::Claim;
use crate::engine::{RequestId, State};
use crate::error::{InvalidRequest, StaleLock};
use crate::id::LockId;
use crate::manager::Manager;
use crate::owner::OwnerId;
use crate::path::Path;
use crate::prepared;
use crate::shard::{Located, Shard};
use crate::shared::Shared;
use crate::sync::{self, Arc, MutexGuard};

/// One live request, as it stood at the moment of the inspection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RequestInfo {
    /// Its id.
    pub id: LockId,
    /// Granted, with its token, or waiting.
    pub state: LockState,
    /// Its owner, if it has one.
    pub owner: Option<OwnerId>,
    /// Its label, if it has one.
    pub label: Option<Arc<str>>,
    /// How long it has been granted, exact to about 20 milliseconds, or how long
    /// it has waited.
    pub age: Duration,
    /// Its claims, without those that others of them cover, in the order of their
    /// paths.
    pub claims: Vec<Claim<'static>>,
    /// It is granted, and an upgrade of it waits.
    pub upgrading: bool,
}

impl Manager {
    /// The requests that hold or wait for something at this path, below it, or
    /// above it (a claim above covers what is below). From the root, all.
    ///
    /// Granted ones come first, then the waiting ones, each by age. Locks every
    /// shard for as long as it takes to look at every live request: for people
    /// and their tools, not for every second.
    ///
    /// ```
    /// # use oarlock::{Manager, read, write};
    /// let manager = Manager::new();
    /// let held = manager.request(write("a/b")).label("the writer").acquire()?;
    /// let waits = manager.enqueue(read("a"))?;
    /// let seen = manager.inspect("a")?;
    /// assert_eq!(seen[0].label.as_deref(), Some("the writer"));
    /// assert_eq!(manager.blockers(seen[1].id), Ok(vec![held.id()]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidRequest::EmptySegment`].
    pub fn inspect<'p>(
        &self,
        path: impl Into<Path<'p>>,
    ) -> Result<Vec<RequestInfo>, InvalidRequest> {
        let path = path.into();
        let shared = self.shared();
        let steps = prepared::steps(&path, &shared.hasher)?;
        let shards = shared.lock_all();
        let mut ids: Vec<LockId> = Vec::new();
        for (index, shard) in shards.iter().enumerate() {
            let seen = shard.engine.see(&steps);
            ids.extend(seen.iter().map(|it| shard.known_as(index, it.id)));
        }
        ids.sort_unstable();
        ids.dedup();
        // One moment for all: ages that were read one after the other would not
        // compare.
        let now = sync::now();
        let mut seen: Vec<_> = ids
            .iter()
            .filter_map(|&id| info(shared, id, &parts(&shards, id), now))
            .collect();
        drop(shards);
        seen.sort_by_key(|it| {
            let waits = it.state == LockState::Waiting;
            (waits, std::cmp::Reverse(it.age))
        });
        Ok(seen)
    }

    /// What [`inspect`](Self::inspect) tells, of one request. Locks the shards that
    /// it has claims in.
    ///
    /// # Errors
    ///
    /// [`StaleLock`] if there is no such request (any more).
    pub fn info(&self, id: LockId) -> Result<RequestInfo, StaleLock> {
        let shared = self.shared();
        let located = Located::find(shared, id).ok_or(StaleLock)?;
        let parts = located.parts.iter();
        let parts: Parts<'_> = parts.map(|(shard, part)| (&**shard, *part)).collect();
        info(shared, id, &parts, sync::now()).ok_or(StaleLock)
    }

    /// The requests that keep this one, or its upgrade, waiting now: those ahead
    /// of it that conflict, or that have the permits. Nothing if it does not
    /// wait. Takes as long as [`inspect`](Self::inspect).
    ///
    /// # Errors
    ///
    /// [`StaleLock`] if there is no such request (any more).
    pub fn blockers(&self, id: LockId) -> Result<Vec<LockId>, StaleLock> {
        let located = Located::find(self.shared(), id).ok_or(StaleLock)?;
        let mut blockers: Vec<LockId> = Vec::new();
        let first = located.parts.first();
        let others = first.and_then(|(shard, part)| {
            let part = shard.engine.payload(*part)?;
            Some(part.others.clone())
        });
        let indices = [id]
            .into_iter()
            .chain(others.unwrap_or_default())
            .map(LockId::shard);
        for (index, (shard, part)) in indices.zip(&located.parts) {
            let ids = shard.engine.blockers(*part);
            blockers.extend(ids.into_iter().map(|it| shard.known_as(index, it)));
        }
        blockers.sort_unstable();
        blockers.dedup();
        Ok(blockers)
    }
}

/// A request's parts, the first of them the one that its id names.
type Parts<'s> = SmallVec<[(&'s Shard, RequestId); 4]>;

/// The parts of a request, with all shards locked.
fn parts<'s>(shards: &'s [MutexGuard<'_, Shard>], id: LockId) -> Parts<'s> {
    let first = shards[id.shard()].engine.payload(id.request());
    let others = first.iter().flat_map(|part| part.others.iter().copied());
    std::iter::once(id)
        .chain(others)
        .map(|part| (&*shards[part.shard()], part.request()))
        .collect()
}

/// One request, with the shards of its parts locked.
fn info(shared: &Shared, id: LockId, parts: &Parts<'_>, now: Instant) -> Option<RequestInfo> {
    let (&(shard, first), others) = parts.split_first()?;
    let part = shard.engine.payload(first);
    let first = shard.engine.seen(first)?;
    let mut claims = first.claims;
    let (mut waits, mut token) = (false, 0);
    let mut add = |state| match state {
        State::Waiting => waits = true,
        State::Granted { token: part } => token = token.max(part),
    };
    add(first.state);
    for (shard, other) in others {
        let seen = shard.engine.seen(*other)?;
        add(seen.state);
        claims.extend(seen.claims);
    }
    let upgrade = part.and_then(|part| part.upgrade.as_ref());
    if let Some(upgraded) = upgrade.filter(|waiter| waiter.is_complete()) {
        // In force in all shards, though not told in each yet.
        token = token.max(upgraded.token());
    }
    claims.sort_by(|a, b| a.path().cmp(b.path()));
    claims.dedup();
    let waiter = part.and_then(|part| part.waiter.as_ref());
    let age = match waiter.filter(|_| waits) {
        Some(waiter) => now.saturating_duration_since(waiter.queued),
        None => shared.clock.since(first.since),
    };
    let about = part.map(|part| part.about.clone()).unwrap_or_default();
    Some(RequestInfo {
        id,
        state: if waits {
            LockState::Waiting
        } else {
            LockState::Granted(token)
        },
        owner: about.owner.map(|owner| owner.id),
        label: about.label,
        age,
        claims,
        upgrading: upgrade.is_some_and(|waiter| !waiter.is_complete()),
    })
}

/// Everybody who is live, for a watch.
pub(crate) fn all(shared: &Shared) -> Vec<RequestInfo> {
    let shards = shared.lock_all();
    let mut ids: Vec<LockId> = Vec::new();
    for (index, shard) in shards.iter().enumerate() {
        let known = |id: RequestId| shard.known_as(index, id);
        ids.extend(shard.engine.ids().map(known));
    }
    ids.sort_unstable();
    ids.dedup();
    let now = sync::now();
    ids.iter()
        .filter_map(|&id| info(shared, id, &parts(&shards, id), now))
        .collect()
}
