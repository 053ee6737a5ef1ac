//! Looking without queueing: who holds and waits, and for whom.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use smallvec::SmallVec;

use crate::by_id::LockState;
use crate::claim::Claim;
use crate::engine::{Attach, Engine, RequestId, State};
use crate::error::{InvalidRequest, StaleLock};
use crate::id::LockId;
use crate::manager::Manager;
use crate::owner::OwnerId;
use crate::path::Path;
use crate::prepared;
use crate::shard::{Located, Part, Shard};
use crate::shared::Shared;
use crate::sync::{self, Arc};

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
    /// Granted ones come first, then the waiting ones, each by age.
    ///
    /// Looks at every live request, a few at a time, and lets others go on in between:
    /// nobody waits for it for longer than those few take. So each request is shown as it
    /// stood at one moment of its own. One that lived from the call to its return is
    /// there, once; one that came or went meanwhile may be.
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
        let mut seen = Vec::new();
        let at = |shard: &Shard, from, places| shard.engine.some_at(&steps, from, places);
        shared.look(at, |_| true, |it| seen.push(it));
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
        info(shared, id, &parts_of(&located), Moment::now(shared)).ok_or(StaleLock)
    }

    /// The requests that keep this one, or its upgrade, waiting now: those ahead
    /// of it that conflict, or that have the permits. Nothing if it does not
    /// wait. All of one moment: locks the shards that the request has claims in for as
    /// long as it takes to look at all that is live there.
    ///
    /// # Errors
    ///
    /// [`StaleLock`] if there is no such request (any more).
    pub fn blockers(&self, id: LockId) -> Result<Vec<LockId>, StaleLock> {
        Ok(self.blocked_by(id, Engine::blockers)?.collect())
    }

    /// Some of the requests that [`blockers`](Self::blockers) would tell, so many at
    /// most, and how many there are: for a message. The number is exact if it is no more
    /// than `most`, and else about right. Ends early: takes less time than `blockers`
    /// where very many are in the way.
    ///
    /// # Errors
    ///
    /// [`StaleLock`] if there is no such request (any more).
    pub fn some_blockers(
        &self,
        id: LockId,
        most: usize,
    ) -> Result<(Vec<LockId>, usize), StaleLock> {
        let (mut count, mut is_exact) = (0, true);
        let some = self.blocked_by(id, |engine, part| {
            let (some, many) = engine.some_blockers(part, most);
            count += many;
            is_exact &= many <= most;
            some
        });
        let some = some?;
        if is_exact {
            // The same one may be in the way in several shards.
            count = some.len();
        }
        Ok((some.take(most).collect(), count))
    }

    /// What engines say of the parts of a request, each request once.
    fn blocked_by(
        &self,
        id: LockId,
        mut of_part: impl FnMut(&Engine<Part>, RequestId) -> Vec<RequestId>,
    ) -> Result<std::vec::IntoIter<LockId>, StaleLock> {
        let located = Located::find(self.shared(), id).ok_or(StaleLock)?;
        let mut blockers: Vec<LockId> = Vec::new();
        for (shard, part) in &located.parts {
            let ids = of_part(&shard.engine, *part);
            blockers.extend(ids.into_iter().map(|it| shard.known_as(it)));
        }
        blockers.sort_unstable();
        blockers.dedup();
        Ok(blockers.into_iter())
    }
}

/// A request's parts, the first of them the one that its id names.
type Parts<'s> = SmallVec<[(&'s Shard, RequestId); 4]>;

fn parts_of<'s>(located: &'s Located<'_>) -> Parts<'s> {
    let parts = located.parts.iter();
    parts.map(|(shard, part)| (&**shard, *part)).collect()
}

/// One request, with the shards of its parts locked.
fn info(shared: &Shared, id: LockId, parts: &Parts<'_>, now: Moment) -> Option<RequestInfo> {
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
        Some(waiter) => now.exact.saturating_duration_since(waiter.queued),
        None => shared.clock.between(first.since, now.coarse),
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

impl Shared {
    /// Looks at live requests in portions: those that `some` finds at so many places of
    /// a shard from one on, and of those such as are wanted by their id and first part.
    pub(crate) fn look(
        &self,
        some: impl Fn(&Shard, usize, usize) -> (Vec<RequestId>, Option<usize>),
        wanted: impl Fn(&Look<'_>) -> bool,
        mut tell: impl FnMut(RequestInfo),
    ) {
        // One moment for all: ages that were read one after the other would not compare.
        let now = Moment::now(self);
        let look = |id, parts: &Parts<'_>| {
            let shard = parts[0].0;
            let look = Look { shard, id, now };
            wanted(&look).then(|| info(self, id, parts, now)).flatten()
        };
        // Those with parts in several shards, which may be found in each.
        let mut apart = BTreeSet::new();
        let look_here = |shard: &Shard, from, places| {
            let (ids, next) = some(shard, from, places);
            let mut seen = Vec::with_capacity(ids.len());
            for id in ids {
                let (known, part) = (shard.known_as(id), shard.engine.payload(id));
                if part.is_none_or(Attach::is_whole) {
                    seen.extend(look(known, &Parts::from_iter([(shard, id)])));
                } else {
                    apart.insert(known);
                }
            }
            (seen, next)
        };
        self.shards
            .in_portions(look_here, |seen| seen.into_iter().for_each(&mut tell));
        for id in apart {
            let located = Located::find(self, id);
            let seen = located.and_then(|located| look(id, &parts_of(&located)));
            seen.into_iter().for_each(&mut tell);
        }
    }
}

/// The moment of an inspection, on both clocks.
#[derive(Clone, Copy)]
pub(crate) struct Moment {
    exact: Instant,
    coarse: u32,
}

impl Moment {
    fn now(shared: &Shared) -> Self {
        Self {
            exact: sync::now(),
            coarse: shared.clock.now(),
        }
    }
}

/// A request that may be looked at, with its shard locked.
pub(crate) struct Look<'s> {
    shard: &'s Shard,
    /// By which it is known.
    pub(crate) id: LockId,
    now: Moment,
}

impl Look<'_> {
    /// Its age, and whether it waits, as far as its first part knows.
    pub(crate) fn age(&self, shared: &Shared) -> Option<(Duration, bool)> {
        let id = self.id.request();
        let waits = self.shard.engine.state(id)? == State::Waiting;
        let part = self.shard.engine.payload(id);
        let waiter = part.and_then(|part| part.waiter.as_ref());
        Some(
            match waiter.filter(|waiter| waits || !waiter.is_complete()) {
                Some(waiter) => (
                    self.now.exact.saturating_duration_since(waiter.queued),
                    true,
                ),
                None => {
                    let since = self.shard.engine.since(id)?;
                    (shared.clock.between(since, self.now.coarse), false)
                }
            },
        )
    }
}
