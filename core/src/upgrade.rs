//! Changing granted requests: upgrade, downgrade, release of a part.

use std::time::Instant;

use smallvec::SmallVec;

use crate::deadlock::Field;
use crate::delivery::{Deliveries, deliver};
use crate::ending::Own;
use crate::engine::{ChangeRefused, OutOfReach, RequestId, State, Tangle, Upgraded};
use crate::error::{ChangeError, UpgradeError};
use crate::id::LockId;
use crate::manager::Anchor;
use crate::path::Path;
use crate::prepared;
use crate::shard::{Located, Shard};
use crate::shared::Shared;
use crate::submit::Locked;
use crate::sync::Arc;
use crate::waiter::{Kind, Listener, Outcome, Waiter};

/// Where an upgrade stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpgradeState {
    /// The request writes all that it claims, and this is its token.
    Done(u64),
    /// It waits for other holders, and keeps what it holds.
    Waiting,
    /// No upgrade of it waits, and it does not write all that it claims: none was
    /// begun, or it ended without the grant.
    NotUpgraded,
}

/// An upgrade that has begun.
pub(crate) enum Upgrading {
    Done { token: u64 },
    Waiting(Arc<Waiter>),
}

impl Shared {
    /// Upgrades at once or begins to wait; without `queue` it never waits. The
    /// listener is lent: it is taken only if the upgrade waits, and else dropped by the
    /// caller when no lock is held any more.
    pub(crate) fn upgrade(
        &self,
        anchor: &Arc<Anchor>,
        id: LockId,
        queue: Option<&mut Listener>,
    ) -> Result<Upgrading, UpgradeError> {
        self.complete_upgrade(anchor, id);
        let mut deliveries = Deliveries::new();
        let mut located = Located::find(self, id).ok_or(UpgradeError::Stale)?;
        let free = would_upgrade(&mut located)?;
        // What it goes ahead of may be what others wait for whom its owner waits for.
        let alone = located.owner().is_none_or(|owner| !owner.waits());
        let done = if free && (alone || located.is_all_write()) {
            upgrade_all(&mut located, &mut deliveries)?
        } else {
            None
        };
        drop(located);
        let upgrading = match done {
            Some(token) => Ok(Upgrading::Done { token }),
            None if queue.is_none() && !free => Err(UpgradeError::WouldBlock),
            None => self.upgrade_or_wait(id, queue, &mut deliveries),
        };
        deliver(anchor, deliveries);
        upgrading
    }

    /// Upgrades, and waits for that until the deadline at most; then it is taken back.
    /// The token.
    pub(crate) fn upgrade_and_wait(
        &self,
        anchor: &Arc<Anchor>,
        id: LockId,
        deadline: Option<Instant>,
    ) -> Result<u64, UpgradeError> {
        match self.upgrade(anchor, id, Some(&mut Listener::None))? {
            Upgrading::Done { token } => Ok(token),
            Upgrading::Waiting(waiter) => self.await_upgrade(anchor, id, &waiter, deadline),
        }
    }

    /// Upgrades at once or begins to wait, if that leaves nobody stuck; without a
    /// listener never waits.
    fn upgrade_or_wait(
        &self,
        id: LockId,
        listener: Option<&mut Listener>,
        deliveries: &mut Deliveries,
    ) -> Result<Upgrading, UpgradeError> {
        let mut searched: SmallVec<[usize; 4]> = SmallVec::new();
        let mut listener = listener;
        loop {
            let (mut shards, parts) = self.lock_parts(id, &searched).ok_or(UpgradeError::Stale)?;
            let listener = listener.as_deref_mut();
            match self.upgrade_locked(&mut shards, &parts, listener, deliveries) {
                Ok(upgrading) => return Ok(upgrading),
                Err(NotUpgraded::Refused(error)) => return Err(error),
                // Once for each shard at most.
                Err(NotUpgraded::OutOfReach(shard)) => searched.push(shard),
            }
        }
    }

    /// Locks the shards of all parts of a request, and others that are wanted with
    /// them.
    fn lock_parts(&self, id: LockId, others: &[usize]) -> Option<(Locked<'_>, Vec<LockId>)> {
        // A request has the same parts as long as it lives.
        let parts = parts(&*self.shards.find(id.shard())?, id)?;
        let mut indices: SmallVec<[usize; 8]> = parts.iter().map(|it| it.shard()).collect();
        indices.extend_from_slice(others);
        indices.sort_unstable();
        indices.dedup();
        let lock = |index: usize| (index, self.shards.lock(index));
        let shards: Locked<'_> = indices.into_iter().map(lock).collect();
        shard_of(&shards, id)?.engine.state(id.request())?;
        Some((shards, parts))
    }

    fn upgrade_locked<'m>(
        &'m self,
        shards: &mut Locked<'m>,
        parts: &[LockId],
        listener: Option<&mut Listener>,
        deliveries: &mut Deliveries,
    ) -> Result<Upgrading, NotUpgraded> {
        let id = parts[0];
        let mut before = 0;
        for part in parts {
            let Some(shard) = shard_of(shards, *part) else {
                return Err(UpgradeError::Stale.into());
            };
            if shard.closed {
                return Err(UpgradeError::Closed.into());
            }
            if let Some(State::Granted { token }) = shard.engine.state(part.request()) {
                before = before.max(token);
            }
        }
        // Perhaps another thread has upgraded it since it was looked at.
        let upgrade = shard_of(shards, id).and_then(|it| it.engine.payload(id.request()));
        if let Some(done) = upgrade.and_then(|part| part.upgrade.as_ref())
            && done.is_complete()
        {
            return Ok(Upgrading::Done {
                token: done.token(),
            });
        }
        let is_upgraded = |part: &LockId| {
            let shard = shard_of(shards, *part);
            shard.is_some_and(|it| {
                it.engine.is_all_write(part.request()) && !it.engine.is_upgrading(part.request())
            })
        };
        if parts.iter().all(is_upgraded) {
            return Ok(Upgrading::Done { token: before });
        }
        let mut token = 0;
        let mut owner = None;
        for part in parts {
            let Some(shard) = shard_of_mut(shards, *part) else {
                continue;
            };
            // The new token is to be greater than that of the whole.
            shard.engine.observe(before);
            // The first to refuse is the first of all: nothing has changed.
            let upgraded = shard.engine.upgrade_part(part.request(), false);
            if let Upgraded::Done { token: part } = upgraded.map_err(UpgradeError::from)? {
                token = token.max(part);
            }
            // Also where it writes all already: it is a wait of the whole.
            shard.engine.list_part(part.request());
            if shard.engine.payload(part.request()).is_none() {
                shard.attach(part.request(), crate::shard::Part::default());
            }
            let about = shard.engine.payload(part.request()).map(|it| &it.about);
            owner = owner.or(about.and_then(|about| about.owner.clone()));
        }
        if let Err(refused) = self.untangle_upgrade(shards, parts, listener.is_some(), deliveries) {
            cancel_parts(shards, parts, deliveries);
            if let NotUpgraded::Refused(UpgradeError::Deadlock(_)) = refused
                && let Some(shard) = shard_of_mut(shards, id)
            {
                shard.tally.deadlocks += 1;
            }
            return Err(refused);
        }
        let waits = |part: &&LockId| {
            let shard = shard_of(shards, **part);
            shard.is_some_and(|it| it.engine.is_upgrade_blocked(part.request()))
        };
        let blocked = parts.iter().filter(waits).count() as u32;
        if blocked == 0 {
            for part in parts {
                if let Some(shard) = shard_of_mut(shards, *part) {
                    token = token.max(shard.engine.clock());
                }
            }
            for part in parts {
                if let Some(shard) = shard_of_mut(shards, *part) {
                    complete_part(shard, part.request(), token, deliveries);
                    shard.tally.upgrades += u64::from(*part == id);
                }
            }
            return Ok(Upgrading::Done { token });
        }
        let Some(listener) = listener else {
            cancel_parts(shards, parts, deliveries);
            return Err(UpgradeError::WouldBlock.into());
        };
        let waiter = Waiter::new(
            id,
            Kind::Upgrade,
            blocked,
            token,
            owner,
            self.next_place(),
            std::mem::replace(listener, Listener::None),
        );
        for part in parts {
            let Some(shard) = shard_of_mut(shards, *part) else {
                continue;
            };
            if let Some(payload) = shard.engine.payload_mut(part.request()) {
                payload.upgrade = Some(Arc::clone(&waiter));
            }
            if parts.len() == 1 {
                let mut nobody: SmallVec<[RequestId; 1]> = SmallVec::new();
                shard.engine.release_upgrade(part.request(), &mut nobody);
                debug_assert!(nobody.is_empty(), "it waits");
            }
        }
        Ok(Upgrading::Waiting(waiter))
    }

    /// Keeps an upgrade that has begun from leaving its agent stuck.
    fn untangle_upgrade<'m>(
        &'m self,
        shards: &mut Locked<'m>,
        parts: &[LockId],
        may_wait: bool,
        deliveries: &mut Deliveries,
    ) -> Result<(), NotUpgraded> {
        let mut field = Field {
            shared: self,
            shards,
        };
        let knot = match field.tangle(parts[0]) {
            Err(OutOfReach { engine }) => return Err(NotUpgraded::OutOfReach(engine)),
            Ok(Tangle::Clear) => return Ok(()),
            Ok(Tangle::Stuck(_)) if !may_wait => return Err(UpgradeError::WouldBlock.into()),
            Ok(Tangle::Stuck(cycle)) => {
                return Err(UpgradeError::Deadlock(field.named(&cycle)).into());
            }
            Ok(Tangle::Knot(knot)) => knot,
        };
        if !may_wait && field.puts_behind(&knot, parts) {
            return Err(UpgradeError::WouldBlock.into());
        }
        self.open(shards, &knot, |shard, granted| {
            let is_it = |it: &RequestId| parts.iter().any(|part| shard.is_part(*part, *it));
            let granted: Vec<_> = granted.iter().copied().filter(|it| !is_it(it)).collect();
            shard.tell_granted(&granted, deliveries);
        });
        Ok(())
    }

    /// Takes back an upgrade that waits; with `only`, no other than that. Of this and
    /// the grant exactly one wins.
    pub(crate) fn cancel_upgrade(
        &self,
        anchor: &Arc<Anchor>,
        id: LockId,
        only: Option<&Waiter>,
        own: Own,
    ) -> Result<(), UpgradeError> {
        let mut deliveries = Deliveries::new();
        let located = Located::find(self, id).ok_or(UpgradeError::Stale)?;
        let waiting = located.upgrade().filter(|waiter| !waiter.is_complete());
        let waiting = waiting.filter(|waiter| only.is_none_or(|it| std::ptr::eq(&**waiter, it)));
        let Some(waiter) = waiting else {
            return Err(UpgradeError::Stale);
        };
        let mut located = located;
        own.count(&mut located);
        for (shard, part) in &mut located.parts {
            cancel_part(shard, *part, &mut deliveries);
        }
        drop(located);
        let mut abandoned = Listener::None;
        match own {
            // By its own future, which is its only listener. Threads that wait by the
            // id still have to hear of it.
            Own::Abandon => abandoned = waiter.settle(own.outcome()),
            Own::Tell | Own::TimedOut | Own::Expire => deliveries.push((waiter, own.outcome())),
        }
        deliver(anchor, deliveries);
        // Foreign, so dropped when the others have been told.
        drop(abandoned);
        Ok(())
    }

    /// The token of a granted request that writes all that it claims; of one whose
    /// upgrade is granted, too.
    pub(crate) fn token_if_upgraded(&self, anchor: &Arc<Anchor>, id: LockId) -> Option<u64> {
        let mut deliveries = Deliveries::new();
        let token = self.settled(id, &mut deliveries).and_then(|located| {
            // Under the same locks: a token that is told with an upgrade is the upgrade's.
            match located.state() {
                State::Granted { token } if located.is_all_write() => Some(token),
                _ => None,
            }
        });
        deliver(anchor, deliveries);
        token
    }

    /// Ends an upgrade whose last part is granted: what it has to give back is
    /// given back. The token.
    pub(crate) fn complete_upgrade(&self, anchor: &Arc<Anchor>, id: LockId) -> Option<u64> {
        let mut deliveries = Deliveries::new();
        let token = self.settle_upgrade(id, &mut deliveries);
        deliver(anchor, deliveries);
        token
    }

    /// The same, and who is let in by it is still to be told.
    pub(crate) fn settle_upgrade(&self, id: LockId, deliveries: &mut Deliveries) -> Option<u64> {
        match self.settled(id, deliveries)?.state() {
            State::Granted { token } => Some(token),
            State::Waiting => None,
        }
    }

    /// A request, with an upgrade of it that is granted told to all its parts.
    fn settled(&self, id: LockId, deliveries: &mut Deliveries) -> Option<Located<'_>> {
        let mut located = Located::find(self, id)?;
        if located.upgrade().is_some_and(|waiter| waiter.is_complete()) {
            complete(&mut located, deliveries);
        }
        Some(located)
    }

    pub(crate) fn downgrade(&self, anchor: &Arc<Anchor>, id: LockId) -> Result<(), ChangeError> {
        self.change(anchor, id, |located, deliveries| {
            for (shard, part) in &mut located.parts {
                let mut granted = Vec::new();
                shard.engine.downgrade(*part, &mut granted)?;
                shard.tell_granted(&granted, deliveries);
            }
            Ok(false)
        })
    }

    pub(crate) fn release_part(
        &self,
        anchor: &Arc<Anchor>,
        id: LockId,
        path: &Path<'_>,
    ) -> Result<(), ChangeError> {
        let steps = prepared::steps(path, &self.hasher).map_err(ChangeError::Invalid)?;
        self.change(anchor, id, |located, deliveries| {
            let (mut here, mut elsewhere) = (false, false);
            for (shard, part) in &located.parts {
                let (all, this) = shard.engine.claims_at(*part, &steps);
                here |= this > 0;
                elsewhere |= all > this;
            }
            if !here || !elsewhere {
                return here.then_some(true).ok_or(ChangeError::NotClaimed);
            }
            // A part that loses its last claim stays, empty.
            for (shard, part) in &mut located.parts {
                let mut granted = Vec::new();
                shard.engine.release_claim(*part, &steps, &mut granted)?;
                shard.tell_granted(&granted, deliveries);
            }
            Ok(false)
        })
    }

    /// Changes a granted request that is not being upgraded. The change says
    /// whether nothing is left of it.
    fn change(
        &self,
        anchor: &Arc<Anchor>,
        id: LockId,
        change: impl FnOnce(&mut Located<'_>, &mut Deliveries) -> Result<bool, ChangeError>,
    ) -> Result<(), ChangeError> {
        self.complete_upgrade(anchor, id);
        let mut deliveries = Deliveries::new();
        let mut located = Located::find(self, id).ok_or(ChangeError::Stale)?;
        match located.upgrade() {
            Some(waiter) if waiter.is_complete() => complete(&mut located, &mut deliveries),
            Some(_) => return Err(ChangeError::UpgradeWaiting),
            None => {}
        }
        let State::Granted { token } = located.state() else {
            return Err(ChangeError::NotGranted);
        };
        for (shard, _) in &mut located.parts {
            shard.engine.observe(token);
            shard.engine.set_now(self.clock.now());
        }
        let changed = change(&mut located, &mut deliveries);
        if let Ok(true) = changed {
            located.end(self, &mut deliveries);
        } else {
            drop(located);
        }
        deliver(anchor, deliveries);
        changed.map(|_| ())
    }

    /// What the one that waited for an upgrade gets, who completes it if it is granted.
    pub(crate) fn upgraded(
        &self,
        anchor: &Arc<Anchor>,
        id: LockId,
        outcome: Outcome,
    ) -> Result<u64, UpgradeError> {
        outcome.upgraded()?;
        self.complete_upgrade(anchor, id)
            .ok_or(UpgradeError::Cancelled)
    }

    /// Waits for an upgrade; at the deadline it is taken back.
    pub(crate) fn await_upgrade(
        &self,
        anchor: &Arc<Anchor>,
        id: LockId,
        waiter: &Waiter,
        deadline: Option<Instant>,
    ) -> Result<u64, UpgradeError> {
        let outcome = match waiter.wait(deadline) {
            Some(outcome) => outcome,
            None => match self.cancel_upgrade(anchor, id, Some(waiter), Own::TimedOut) {
                Ok(()) => return Err(UpgradeError::Timeout),
                // Whoever decided it is about to tell.
                Err(_) => waiter.wait(None).unwrap_or(Outcome::Cancelled),
            },
        };
        self.upgraded(anchor, id, outcome)
    }
}

impl Located<'_> {
    /// Whether the request writes all that it claims.
    pub(crate) fn is_all_write(&self) -> bool {
        let mut parts = self.parts.iter();
        parts.all(|(shard, part)| shard.engine.is_all_write(*part))
    }
}

/// Whether all parts would be upgraded at once. Changes nothing.
fn would_upgrade(located: &mut Located<'_>) -> Result<bool, UpgradeError> {
    let State::Granted { .. } = located.state() else {
        return Err(UpgradeError::NotGranted);
    };
    let mut all = true;
    for (shard, part) in &mut located.parts {
        if shard.closed {
            return Err(UpgradeError::Closed);
        }
        all &= shard.engine.would_upgrade(*part)?;
    }
    Ok(all)
}

/// Upgrades all parts, each of which would be at once. The token; `None` if one of
/// them has to wait after all: what it would have sent back was granted elsewhere
/// in the meantime. Nothing has changed then.
fn upgrade_all(
    located: &mut Located<'_>,
    deliveries: &mut Deliveries,
) -> Result<Option<u64>, UpgradeError> {
    let (mut token, mut waits) = (0, false);
    let before = located.state();
    for (shard, part) in &mut located.parts {
        // The new token is to be greater than that of the whole.
        if let State::Granted { token } = before {
            shard.engine.observe(token);
        }
        match shard.engine.upgrade_part(*part, false)? {
            Upgraded::Done { token: part } => token = token.max(part),
            Upgraded::Waiting => waits = true,
        }
    }
    if waits {
        for (shard, part) in &mut located.parts {
            cancel_part(shard, *part, deliveries);
        }
        return Ok(None);
    }
    complete_all(located, token, deliveries);
    Ok(Some(token))
}

fn complete_all(located: &mut Located<'_>, token: u64, deliveries: &mut Deliveries) {
    for (index, (shard, part)) in located.parts.iter_mut().enumerate() {
        complete_part(shard, *part, token, deliveries);
        shard.tally.upgrades += u64::from(index == 0);
    }
}

/// Completes an upgrade whose waiter has heard of its grant.
fn complete(located: &mut Located<'_>, deliveries: &mut Deliveries) {
    let token = located.upgrade().map_or(0, |waiter| waiter.token());
    for (shard, part) in &mut located.parts {
        if let Some(payload) = shard.engine.payload_mut(*part) {
            payload.upgrade = None;
        }
    }
    complete_all(located, token, deliveries);
}

fn complete_part(shard: &mut Shard, part: RequestId, token: u64, deliveries: &mut Deliveries) {
    let mut granted = Vec::new();
    shard.engine.complete_upgrade(part, token, &mut granted);
    shard.tell_granted(&granted, deliveries);
}

pub(crate) fn cancel_part(shard: &mut Shard, part: RequestId, deliveries: &mut Deliveries) {
    if let Some(payload) = shard.engine.payload_mut(part) {
        payload.upgrade = None;
    }
    let mut granted = Vec::new();
    shard.engine.cancel_upgrade(part, &mut granted);
    shard.tell_granted(&granted, deliveries);
}

/// All parts of a request, as its first one knows them; `None` for a stale id.
fn parts(first: &Shard, id: LockId) -> Option<Vec<LockId>> {
    first.engine.state(id.request())?;
    let mut parts = vec![id];
    if let Some(part) = first.engine.payload(id.request()) {
        if part.known_as.is_some() {
            return None;
        }
        parts.extend_from_slice(&part.others);
    }
    Some(parts)
}

fn cancel_parts(shards: &mut Locked<'_>, parts: &[LockId], deliveries: &mut Deliveries) {
    for part in parts {
        if let Some(shard) = shard_of_mut(shards, *part) {
            cancel_part(shard, part.request(), deliveries);
        }
    }
}

fn shard_of<'l>(shards: &'l Locked<'_>, part: LockId) -> Option<&'l Shard> {
    let found = shards.iter().find(|(index, _)| *index == part.shard());
    found.map(|(_, shard)| &**shard)
}

fn shard_of_mut<'l>(shards: &'l mut Locked<'_>, part: LockId) -> Option<&'l mut Shard> {
    let mut all = shards.iter_mut();
    let found = all.find(|(index, _)| *index == part.shard());
    found.map(|(_, shard)| &mut **shard)
}

/// Why an upgrade does not wait.
enum NotUpgraded {
    Refused(UpgradeError),
    /// A search needs a shard that others use: to be done again with that locked, too.
    /// Nothing has changed.
    OutOfReach(usize),
}

impl From<UpgradeError> for NotUpgraded {
    fn from(error: UpgradeError) -> Self {
        Self::Refused(error)
    }
}

impl From<ChangeRefused> for UpgradeError {
    fn from(refused: ChangeRefused) -> Self {
        match refused {
            ChangeRefused::NotGranted => Self::NotGranted,
            ChangeRefused::Upgrading => Self::AlreadyWaiting,
            _ => Self::Stale,
        }
    }
}
