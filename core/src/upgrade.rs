//! Changing granted requests: upgrade, downgrade, release of a part.

use std::time::Instant;

use crate::delivery::{Deliveries, deliver, end_and_deliver};
use crate::ending::Own;
use crate::engine::{ChangeRefused, RequestId, State, Upgraded};
use crate::error::{ChangeError, UpgradeError};
use crate::id::LockId;
use crate::manager::Anchor;
use crate::path::Path;
use crate::prepared;
use crate::shard::{Located, Shard};
use crate::shared::Shared;
use crate::sync::{Arc, MutexGuard};
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
        let before = located.state();
        if would_upgrade(&mut located)?
            && let Some(token) = upgrade_all(&mut located, &mut deliveries)?
        {
            let changes = before != State::Granted { token };
            let owner = located.owner();
            drop(located);
            // What it holds now may be what others wait for whom it waits for.
            if let Some(owner) = owner.filter(|owner| changes && owner.waits()) {
                end_and_deliver(anchor, &owner, deliveries);
            } else {
                deliver(anchor, deliveries);
            }
            return Ok(Upgrading::Done { token });
        }
        drop(located);
        deliver(anchor, std::mem::take(&mut deliveries));
        let Some(listener) = queue else {
            return Err(UpgradeError::WouldBlock);
        };
        // It has to wait, or to be refused because of a circle, which may lie
        // anywhere.
        let upgrading = self.upgrade_or_wait(id, listener, &mut deliveries);
        if let Ok(Upgrading::Done { .. }) = upgrading
            && let Some(owner) = Located::find(self, id).and_then(|located| located.owner())
        {
            end_and_deliver(anchor, &owner, deliveries);
        } else {
            deliver(anchor, deliveries);
        }
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

    fn upgrade_or_wait(
        &self,
        id: LockId,
        listener: &mut Listener,
        deliveries: &mut Deliveries,
    ) -> Result<Upgrading, UpgradeError> {
        let mut shards = self.lock_all();
        let parts = parts(&shards, id).ok_or(UpgradeError::Stale)?;
        if shards[id.shard()].closed {
            return Err(UpgradeError::Closed);
        }
        let mut blocked = 0;
        let mut token = 0;
        let before = parts.iter().filter_map(|part| {
            match shards[part.shard()].engine.state(part.request())? {
                State::Granted { token } => Some(token),
                State::Waiting => None,
            }
        });
        let before = before.max().unwrap_or(0);
        for part in &parts {
            let engine = &mut shards[part.shard()].engine;
            // The new token is to be greater than that of the whole.
            engine.observe(before);
            // The first to refuse is the first of all: nothing has changed.
            match engine.upgrade_part(part.request(), false)? {
                Upgraded::Waiting => blocked += 1,
                Upgraded::Done { token: part } => token = token.max(part),
            }
        }
        if blocked == 0 {
            for part in &parts {
                let shard = &mut shards[part.shard()];
                complete_part(shard, part.request(), token, deliveries);
            }
            shards[id.shard()].tally.upgrades += 1;
            return Ok(Upgrading::Done { token });
        }
        let about = shards[id.shard()].engine.payload(id.request());
        let owner = about.and_then(|part| part.about.owner.clone());
        let order = about.map_or(0, |part| part.order);
        let waiter = Waiter::new(
            id,
            Kind::Upgrade,
            blocked,
            token,
            owner.clone().map(|owner| (owner, order)),
            std::mem::replace(listener, Listener::None),
        );
        // Before the search: what the request holds in any shard is held by one
        // that waits.
        for part in &parts {
            let engine = &mut shards[part.shard()].engine;
            if engine.payload(part.request()).is_none() {
                engine.attach(part.request(), crate::shard::Part::default());
            }
            if let Some(payload) = engine.payload_mut(part.request()) {
                payload.upgrade = Some(Arc::clone(&waiter));
            }
        }
        let circle = self.circle_of_upgrade(&shards, id, owner.as_deref());
        if let Some(circle) = circle {
            for part in &parts {
                cancel_part(&mut shards[part.shard()], part.request(), deliveries);
            }
            *listener = waiter.take_listener();
            shards[id.shard()].tally.deadlocks += 1;
            return Err(UpgradeError::Deadlock(circle));
        }
        Ok(Upgrading::Waiting(waiter))
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

    /// Takes back an upgrade, with all shards locked.
    pub(crate) fn cancel_upgrade_locked(
        &self,
        shards: &mut [MutexGuard<'_, Shard>],
        id: LockId,
        deliveries: &mut Deliveries,
    ) {
        for part in parts(shards, id).unwrap_or_default() {
            cancel_part(&mut shards[part.shard()], part.request(), deliveries);
        }
    }

    /// The token of a granted request that writes all that it claims; of one whose
    /// upgrade is granted, too.
    pub(crate) fn token_if_upgraded(&self, anchor: &Arc<Anchor>, id: LockId) -> Option<u64> {
        let token = self.complete_upgrade(anchor, id)?;
        Located::find(self, id)?.is_all_write().then_some(token)
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
        let mut located = Located::find(self, id)?;
        if located.upgrade().is_some_and(|waiter| waiter.is_complete()) {
            complete(&mut located, deliveries);
        }
        match located.state() {
            State::Granted { token } => Some(token),
            State::Waiting => None,
        }
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

fn cancel_part(shard: &mut Shard, part: RequestId, deliveries: &mut Deliveries) {
    if let Some(payload) = shard.engine.payload_mut(part) {
        payload.upgrade = None;
    }
    let mut granted = Vec::new();
    shard.engine.cancel_upgrade(part, &mut granted);
    shard.tell_granted(&granted, deliveries);
}

/// All parts of a request, with all shards locked.
fn parts(shards: &[MutexGuard<'_, Shard>], id: LockId) -> Option<Vec<LockId>> {
    let engine = &shards.get(id.shard())?.engine;
    engine.state(id.request())?;
    let mut parts = vec![id];
    if let Some(part) = engine.payload(id.request()) {
        if part.known_as.is_some() {
            return None;
        }
        parts.extend_from_slice(&part.others);
    }
    Some(parts)
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
