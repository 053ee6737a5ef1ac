//! Deadlocks over several shards: the engines that a search walks through, locked one
//! after the other as it comes to them.

use crate::engine::{self, Agent, At, Engine, Knot, OutOfReach, RequestId, Tangle, World};
use crate::error::{Circle, CircleMember};
use crate::id::LockId;
use crate::shard::{Part, Shard};
use crate::shared::Shared;
use crate::submit::Locked;

/// The shards that a search has come to. It keeps the locks of all of them until its
/// outcome is in force: so of two waits that would close a cycle together, one finds
/// the other.
pub(crate) struct Field<'a, 'm> {
    pub(crate) shared: &'m Shared,
    /// Ascending.
    pub(crate) shards: &'a mut Locked<'m>,
}

impl<'m> Field<'_, 'm> {
    fn shard(&self, index: usize) -> &Shard {
        match find(self.shards, index) {
            Ok(at) => &self.shards[at].1,
            Err(_) => unreachable!("the search has locked it"),
        }
    }

    fn part(&self, (index, id): At) -> Option<&Part> {
        self.shard(index).engine.payload(id)
    }

    /// By which id the request is known whose part this is.
    fn known_as(&self, (index, id): At) -> LockId {
        self.shard(index).known_as(id)
    }

    /// Locks a shard. Others may be locked that come after it in the order of locking,
    /// so without waiting.
    fn reach(&mut self, index: usize) -> Result<(), OutOfReach> {
        let Err(at) = find(self.shards, index) else {
            return Ok(());
        };
        // Loom takes a try of what is locked for a wait, and would see a deadlock.
        if cfg!(loom) && at < self.shards.len() {
            return Err(OutOfReach { engine: index });
        }
        let shard = self.shared.shards.try_lock(index);
        let shard = shard.ok_or(OutOfReach { engine: index })?;
        self.shards.insert(at, (index, shard));
        Ok(())
    }

    /// Looks what the new wait of a request, or of its upgrade, has come to.
    pub(crate) fn tangle(&mut self, id: LockId) -> Result<Tangle, OutOfReach> {
        engine::tangle(self, (id.shard(), id.request()))
    }

    /// Whether a knot grants a request of these parts when it is opened.
    pub(crate) fn grants(&self, knot: &Knot, parts: &[LockId]) -> bool {
        let parts: Vec<At> = parts.iter().map(|it| (it.shard(), it.request())).collect();
        knot.grants(self, &parts)
    }

    /// Whether opening a knot puts anybody in front of a request of these parts.
    pub(crate) fn puts_behind(&self, knot: &Knot, parts: &[LockId]) -> bool {
        let changes = knot.changes(self);
        let behind = |part: &LockId| {
            let changes = changes.get(&part.shard());
            changes.is_some_and(|changes| engine::bypasses(changes, part.request()))
        };
        parts.iter().any(behind)
    }

    /// The cycle as it is told.
    pub(crate) fn named(&self, cycle: &[At]) -> Circle {
        let member = |&at: &At| {
            let about = self.part(at).map(|part| part.about.clone());
            let about = about.unwrap_or_default();
            CircleMember {
                id: self.known_as(at),
                owner: about.owner.map(|owner| owner.id),
                label: about.label,
            }
        };
        Circle::new(cycle.iter().map(member).collect())
    }
}

/// Where a shard stands among those that are locked, or would.
fn find(shards: &Locked<'_>, index: usize) -> Result<usize, usize> {
    shards.binary_search_by_key(&index, |(index, _)| *index)
}

impl World for Field<'_, '_> {
    type Payload = Part;

    fn engine(&self, index: usize) -> &Engine<Part> {
        &self.shard(index).engine
    }

    fn agent(&self, at: At) -> Agent {
        let owner = self.engine(at.0).owner(at.1);
        owner.map_or_else(|| Agent::Request(self.known_as(at).to_u64()), Agent::Owner)
    }

    fn parts(&mut self, agent: Agent, of: At) -> Result<Vec<At>, OutOfReach> {
        let owner = self.part(of).and_then(|part| part.about.owner.clone());
        if let (Agent::Owner(id), Some(owner)) = (agent, owner) {
            // It may come into shards that are not locked yet; what waits there then
            // makes a search of its own, which finds this one.
            let shards: Vec<usize> = owner.shards().collect();
            let mut parts = Vec::new();
            for index in shards {
                if cfg!(oarlock_mutation = "search_near") && find(self.shards, index).is_err() {
                    continue;
                }
                self.reach(index)?;
                let requests = self.engine(index).requests_of(id);
                parts.extend(requests.map(|request| (index, request)));
            }
            return Ok(parts);
        }
        let known = self.known_as(of);
        self.reach(known.shard())?;
        let mut parts = vec![(known.shard(), known.request())];
        let first = self.part(parts[0]);
        let others: Vec<LockId> = first.map_or(Vec::new(), |part| part.others.to_vec());
        for other in others {
            self.reach(other.shard())?;
            parts.push((other.shard(), other.request()));
        }
        Ok(parts)
    }

    fn arrival(&self, at: At) -> u64 {
        let waiter = self.part(at).and_then(|part| part.waiter.as_ref());
        waiter.map_or(0, |waiter| waiter.place)
    }
}

impl Shared {
    /// Puts those that wait in a knot into order. The requests and upgrades that are
    /// granted by that are for the caller to tell.
    pub(crate) fn open<'m>(
        &'m self,
        shards: &mut Locked<'m>,
        knot: &Knot,
        mut granted: impl FnMut(&mut Shard, &[RequestId]),
    ) {
        let changes = knot.changes(&Field {
            shared: self,
            shards,
        });
        let places = changes.into_iter().filter_map(|(index, changes)| {
            let at = find(shards, index).ok()?;
            Some((at, changes))
        });
        let places: Vec<_> = places.collect();
        let one_by_one = cfg!(oarlock_mutation = "reorder_one_by_one");
        for (at, changes) in places.iter().filter(|_| !one_by_one) {
            shards[*at].1.engine.reorder(changes);
        }
        for (at, changes) in &places {
            let shard = &mut *shards[*at].1;
            if one_by_one {
                shard.engine.reorder(changes);
            }
            let mut ids = Vec::new();
            shard.engine.pass_reordered(changes, &mut ids);
            granted(shard, &ids);
        }
    }
}
