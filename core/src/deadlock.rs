//! Circles of owners, over all shards.

use crate::delivery::{Calls, Deliveries, tell};
use crate::engine::{self, Agent, RequestId};
use crate::error::{Circle, CircleMember};
use crate::id::LockId;
use crate::manager::Anchor;
use crate::owner::{OwnerId, OwnerState};
use crate::shard::Shard;
use crate::shared::Shared;
use crate::submit::Locked;
use crate::sync::{Arc, MutexGuard};
use crate::waiter::{Outcome, Waiter};

impl Shared {
    /// The circle in which this owner stands, if it holds something. All shards
    /// are locked.
    pub(crate) fn circle_of_owner(
        &self,
        shards: &Locked<'_>,
        owner: OwnerId,
        id: LockId,
    ) -> Option<Circle> {
        debug_assert_eq!(shards.len(), self.shards.len(), "a circle may lie anywhere");
        let shards: Vec<&Shard> = shards.iter().map(|(_, shard)| &**shard).collect();
        if !shards.iter().any(|shard| shard.engine.has_held(owner)) {
            return None;
        }
        Some(named(&shards, &circle(&shards, Agent::Owner(owner), id)?))
    }

    /// The circle in which a request that is being upgraded stands. All shards
    /// are locked.
    pub(crate) fn circle_of_upgrade(
        &self,
        shards: &[MutexGuard<'_, Shard>],
        id: LockId,
        owner: Option<&OwnerState>,
    ) -> Option<Circle> {
        let shards: Vec<&Shard> = shards.iter().map(|shard| &**shard).collect();
        let agent = owner.map_or(Agent::Request(id.to_u64()), |owner| Agent::Owner(owner.id));
        Some(named(&shards, &circle(&shards, agent, id)?))
    }

    /// Ends the waiting requests and upgrades of an owner that stand in circles:
    /// a grant has made it a holder while it waits for something else.
    pub(crate) fn end_circles(&self, anchor: &Arc<Anchor>, owner: &OwnerState, calls: &mut Calls) {
        // Each round ends a request or an upgrade.
        loop {
            let mut locked = self.lock_all();
            let shards: Vec<&Shard> = locked.iter().map(|shard| &**shard).collect();
            if !shards.iter().any(|shard| shard.engine.has_held(owner.id)) {
                return;
            }
            let agent = Agent::Owner(owner.id);
            let found = waiting_of(&shards, owner.id)
                .into_iter()
                .find_map(|waiter| {
                    let ids = circle(&shards, agent, waiter.id)?;
                    if ids.first() != Some(&waiter.id) {
                        return None;
                    }
                    Some((waiter, named(&shards, &ids)))
                });
            let Some((waiter, circle)) = found else {
                return;
            };
            let id = waiter.id;
            let part = shards[id.shard()].engine.payload(id.request());
            let is_upgrade = part.is_some_and(|part| part.upgrade.is_some());
            let mut deliveries = Deliveries::new();
            locked[id.shard()].tally.deadlocks += 1;
            if is_upgrade {
                self.cancel_upgrade_locked(&mut locked, id, &mut deliveries);
            } else {
                let others = self.end_locked(&mut locked, id, &mut deliveries);
                for other in others {
                    self.end_locked(&mut locked, other, &mut deliveries);
                }
                self.stops_waiting();
            }
            deliveries.push((waiter, Outcome::Deadlock(circle)));
            drop(locked);
            tell(anchor, deliveries, calls);
        }
    }
}

/// The requests of an agent's circle, by the ids by which they are known; a
/// request that waits in several shards may stand in it with any of its parts.
fn circle(shards: &[&Shard], agent: Agent, id: LockId) -> Option<Vec<LockId>> {
    let keys: Vec<_> = shards
        .iter()
        .enumerate()
        .map(|(index, shard)| move |id: RequestId| shard.known_as(index, id).to_u64())
        .collect();
    let parts: Vec<_> = shards
        .iter()
        .zip(&keys)
        .map(|(shard, key)| engine::Part {
            engine: &shard.engine,
            key,
        })
        .collect();
    let is_it = |index: usize, part| shards[index].known_as(index, part) == id;
    let circle = engine::circle(&parts, agent, is_it)?;
    let known = circle
        .into_iter()
        .map(|(index, id)| shards[index].known_as(index, id));
    Some(known.collect())
}

/// The waiters of an owner's requests and upgrades that wait, in the order in
/// which the requests arrived.
fn waiting_of(shards: &[&Shard], owner: OwnerId) -> Vec<Arc<Waiter>> {
    let mut waiters = Vec::new();
    for shard in shards {
        for id in shard.engine.ids_with_payload() {
            let Some(part) = shard.engine.payload(id) else {
                continue;
            };
            if part.about.owner.as_ref().is_none_or(|it| it.id != owner) {
                continue;
            }
            let waiting = [&part.waiter, &part.upgrade].into_iter().flatten();
            waiters.extend(waiting.filter(|it| !it.is_complete()).cloned());
        }
    }
    waiters.sort_by_key(|waiter| waiter.order);
    waiters
}

fn named(shards: &[&Shard], ids: &[LockId]) -> Circle {
    let member = |&id: &LockId| {
        let part = shards[id.shard()].engine.payload(id.request());
        let about = part.map(|part| part.about.clone()).unwrap_or_default();
        CircleMember {
            id,
            owner: about.owner.map(|owner| owner.id),
            label: about.label,
        }
    };
    Circle::new(ids.iter().map(member).collect())
}
